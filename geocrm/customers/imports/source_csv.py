"""CSV files: any delimiter, any usual encoding, line breaks inside quotes."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from geocrm.customers.imports import encoding as encodings
from geocrm.customers.imports.source import (
    HEADER_SEARCH_ROWS,
    Row,
    Source,
    find_header,
    named_columns,
)
from geocrm.errors import InvalidInput

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MAX_LINE = 1_000_000  # characters without a line break: no spreadsheet writes more
_MAX_FIELD = 131_072
_SAMPLE_LINES = 60
# What a byte that does not fit the encoding is read as, so that only its row fails.
_BROKEN = "�"


def open_csv(path: Path, known: Callable[[str], bool], encoding: str | None = None) -> Source:
    """Understand a CSV file; `known` says whether a word is a column name we recognise."""
    encoding = encodings.require(encoding) if encoding else encodings.guess(path)
    skip, delimiter = _dialect(path, encoding)
    header = find_header(_first_rows(path, encoding, delimiter, skip), known)
    columns = named_columns(_trimmed(header.cells))

    def rows() -> Iterator[Row]:
        for row in _read(path, encoding, delimiter, skip):
            if row.number > header.number and (row.broken or any(row.cells)):
                yield _checked(row, columns)

    details = {"encoding": encoding, "delimiter": DELIMITERS[delimiter]}
    return Source("csv", columns, rows, (), details)


def records(path: Path, encoding: str | None = None) -> tuple[str, Iterator[Row]]:
    """The delimiter of a file, and all its rows that hold something, a header if there is one too.

    For tables whose columns have no names that a person could choose among.
    """
    encoding = encodings.require(encoding) if encoding else encodings.guess(path)
    skip, delimiter = _dialect(path, encoding)
    rows = _read(path, encoding, delimiter, skip)
    return delimiter, (row for row in rows if row.broken or any(map(str.strip, _words(row))))


def _words(row: Row) -> Iterator[str]:
    return (str(cell) for cell in row.cells)


def _trimmed(cells: Sequence[object]) -> list[str]:
    names = [str(cell) for cell in cells]
    while names and not names[-1].strip():
        names.pop()
    return names


def _first_rows(path: Path, encoding: str, delimiter: str, skip: int) -> list[Row]:
    rows = _read(path, encoding, delimiter, skip)
    return [row for row, _ in zip(rows, range(HEADER_SEARCH_ROWS), strict=False)]


def _checked(row: Row, columns: Sequence[str]) -> Row:
    if row.broken:
        return row
    extra = row.cells[len(columns) :]
    if any(extra):
        return row._replace(
            broken=f"the row has {len(row.cells)} cells but there are {len(columns)} columns: put"
            " quotes around a text that holds the delimiter"
        )
    if any(_BROKEN in str(cell) for cell in row.cells):
        index = next(i for i, cell in enumerate(row.cells) if _BROKEN in str(cell))
        return row._replace(
            broken=f"column {columns[index]!r}: {str(row.cells[index])[:60]!r} holds letters in"
            " another encoding than the rest of the file; save the file as UTF-8"
        )
    return row


def _dialect(path: Path, encoding: str) -> tuple[int, str]:
    """Lines to pass over ("sep=;"), and the delimiter that cuts the first lines most evenly."""
    with _open(path, encoding) as handle:
        lines = [line for line, _ in zip(_lines(handle), range(_SAMPLE_LINES), strict=False)]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return 1, lines[0].strip()[4]
    return 0, max(DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    csv.field_size_limit(_MAX_FIELD)
    try:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells]
    except csv.Error:
        return (0.0, 0)
    if not widths:
        return (0.0, 0)
    width, times = Counter(widths).most_common(1)[0]
    # A column count above one that most rows share beats a larger one that few do.
    return (times / len(widths) if width > 1 else 0.0, width)


def _read(path: Path, encoding: str, delimiter: str, skip: int) -> Iterator[Row]:
    """Every record of the file with its number; one that cannot be cut is a broken row."""
    csv.field_size_limit(_MAX_FIELD)
    with _open(path, encoding) as handle:
        lines = _lines(handle)
        for _ in range(skip):
            next(lines, None)
        record = _Record(lines)
        reader = csv.reader(record, delimiter=delimiter)
        number = skip
        while True:
            number += 1
            record.lines.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number, (), _explained(error))
                continue
            except UnicodeError as error:
                raise InvalidInput(
                    f"Row {number} cannot be read as {encoding}: save the file as UTF-8, or"
                    f" name its"
                    " encoding with --encoding"
                ) from error
            if not record.ended:
                yield Row(number, cells)
                continue
            # The file ended inside this record: its first line is to blame, the others are rows.
            yield Row(number, (), "a quotation mark is opened and never closed: close or delete it")
            record = _Record(iter(record.lines[1:]))
            reader = csv.reader(record, delimiter=delimiter)


class _Record:
    """Lines on their way to the reader: those of the record at hand, and whether all are read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.lines: list[str] = []
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.lines.append(line)
        return line


def _explained(error: csv.Error) -> str:
    if "field larger" in str(error):
        return (
            f"a cell is longer than {_MAX_FIELD:,} characters: most likely a quotation mark is"
            " opened and never closed"
        )
    if "line contains NUL" in str(error):
        return "the row holds a NUL character: save the file anew as CSV (UTF-8)"
    return f"the row is no CSV ({error})"


def _open(path: Path, encoding: str) -> io.TextIOWrapper:
    return path.open(encoding=encoding, errors="replace", newline="")


def _lines(handle: io.TextIOWrapper) -> Iterator[str]:
    """Lines of bounded length, so that a file without line breaks cannot fill the memory."""
    while line := handle.readline(_MAX_LINE):
        if len(line) == _MAX_LINE and not line.endswith(("\n", "\r")):
            raise InvalidInput(
                f"The file has a line of more than {_MAX_LINE:,} characters: it is no CSV file with"
                " one row a line"
            )
        yield line
