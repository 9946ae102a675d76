"""Small tables out of files: read whole, and refused with file, row, column, value and remedy."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from geocrm.customers.imports import source_csv
from geocrm.customers.imports.source import require_readable, text_of
from geocrm.errors import InvalidInput, Phrase

MAX_BYTES: Final = 200 * 2**20
MAX_ROWS: Final = 3_000_000
MAX_TEXT: Final = 200
# Squares of larger numbers, or of smaller loads, leave what can be reckoned.
MOST: Final = 1e30
# What a byte that does not fit the encoding is read as.
_BROKEN: Final = "\ufffd"
_NUL: Final = "\x00"
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,\d+")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class _NotANumber(ValueError):
    """Why a cell is no number, and what to write."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, each with the number that a person finds it by."""

    called: str
    # What a row is called: a row of a table, a feature of a map.
    word: str
    columns: tuple[str, ...]
    numbers: tuple[int, ...]
    cells: tuple[Sequence[Any], ...]
    decimal_comma: bool = False

    def __len__(self) -> int:
        return len(self.cells)

    def column(self, *names: str) -> int | None:
        """The first column that has one of these names, in any case; names in order of choice."""
        known = {plain(column): at for at, column in reversed(list(enumerate(self.columns)))}
        return next((known[plain(name)] for name in names if plain(name) in known), None)

    def row(self, row: int) -> Phrase:
        """A row as a person finds it."""
        number = str(self.numbers[row])
        if self.word == "feature":
            return Phrase("feature {number}", number=number)
        return Phrase("row {number}", number=number)

    def at(self, row: int, column: int | None = None) -> Phrase:
        """Where something stands, as the beginning of a sentence."""
        where = Phrase("{file}, {row}", file=self.called, row=self.row(row))
        if column is None:
            return where
        return Phrase("{place}, column {column!r}", place=where, column=self.columns[column])

    def text(self, row: int, column: int) -> str:
        """A cell as text, without spaces around it."""
        return cell_text(self.cells[row][column])

    def values(self, column: int, purpose: str, *, least: float = -math.inf) -> NDArray[np.float64]:
        """A column of numbers; InvalidInput names the first cell that holds none."""
        found = np.empty(len(self.cells))
        for row, cells in enumerate(self.cells):
            try:
                found[row] = number_in(cells[column], self.decimal_comma)
            except _NotANumber as error:
                raise InvalidInput(
                    "{place}: {purpose} {problem}",
                    place=self.at(row, column),
                    purpose=purpose,
                    problem=error.args[0],
                ) from error
            if found[row] < least:
                raise InvalidInput(
                    "{place}: {purpose} is {value}, which is below {least}: write {least} or more",
                    place=self.at(row, column),
                    purpose=purpose,
                    value=shown(cells[column]),
                    least=least,
                )
            if least == 0 and 0 < found[row] < 1 / MOST:
                raise InvalidInput(
                    "{place}: {purpose} is {value}, which is too small: choose a smaller unit",
                    place=self.at(row, column),
                    purpose=purpose,
                    value=shown(cells[column]),
                )
        return found


def read_table(path: Path) -> Table:
    """A CSV file with a header: any delimiter, any usual encoding.

    Raises InvalidInput for a file that is missing, empty, no text or too large, for a header that
    is missing or has a name twice, and for a row that cannot be read or has too many cells.
    """
    return next(tables(path, MAX_ROWS))


def tables(path: Path, most: int) -> Iterator[Table]:
    """The same file in parts of `most` rows, for one that is better not held as text at once."""
    delimiter, rows = read_rows(path)
    header = next(rows, None)
    if header is None:
        raise InvalidInput(
            "{file} holds no rows: put column names in the first row",
            file=path.name,
        )
    columns = _columns(path.name, header[1])
    empty = True
    while part := list(islice(rows, most)):
        empty = False
        numbers = tuple(number for number, _ in part)
        cells = tuple(_in_columns(path.name, columns, number, row) for number, row in part)
        yield Table(path.name, "row", columns, numbers, cells, delimiter != ",")
    if empty:
        raise InvalidInput(
            "{file} holds column names but no rows: add a row for each unit",
            file=path.name,
        )


def _in_columns(
    called: str, columns: Sequence[str], number: int, row: Sequence[str]
) -> Sequence[str]:
    if any(row[len(columns) :]):
        raise InvalidInput(
            "{file}, row {number} has {count} cells, but there are {columns} columns: put"
            " quotes around a text that holds the delimiter",
            file=called,
            number=str(number),
            count=len(row),
            columns=len(columns),
        )
    return [*row[: len(columns)], *[""] * (len(columns) - len(row))]


def read_rows(
    path: Path, encoding: str | None = None
) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """The delimiter, and the rows with their numbers; each cell is text without spaces around."""
    require_usable(path)
    delimiter, rows = source_csv.records(path, encoding)

    def checked() -> Iterator[tuple[int, list[str]]]:
        for count, row in enumerate(rows, 1):
            if row.broken:
                place = _row_of(path.name, row.number)
                raise InvalidInput("{place}: {problem}", place=place, problem=row.broken)
            if count > MAX_ROWS:
                raise InvalidInput(
                    "{file} has more than {most} rows: divide a part",
                    file=path.name,
                    most=MAX_ROWS,
                )
            cells = [text_of(str(cell)) for cell in row.cells]
            # One look at all of a row: tables of a million rows come by here.
            whole = "".join(cells)
            if _NUL in whole or _BROKEN in whole:
                _refuse(cells, _row_of(path.name, row.number))
            yield row.number, cells

    return delimiter, checked()


def require_usable(path: Path) -> None:
    """Refuse a file that is missing, empty or larger than we read."""
    require_readable(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InvalidInput(
            "{file} has {size} MB, more than {most}: leave out columns that are not needed,"
            " simplify outlines, or divide a part of the area",
            file=path.name,
            size=round(size / 2**20),
            most=MAX_BYTES // 2**20,
        )


def plain(name: str) -> str:
    """A column's name as names are compared: without case, spaces and signs."""
    return "".join(character for character in name.casefold() if character.isalnum())


def cell_text(cell: Any) -> str:
    """A cell as text: 7.0 out of a map's properties is 7."""
    if isinstance(cell, str | int | float) or cell is None:
        return text_of(cell)
    return str(cell)


def shown(cell: Any) -> str:
    """A value as a sentence repeats it."""
    text = cell_text(cell)
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def number_in(cell: Any, decimal_comma: bool) -> float:
    """The number in a cell; the error ends a sentence that begins with what the number is."""
    text = cell_text(cell)
    if not text:
        raise _NotANumber(Phrase("is missing: write a number, 0 where there is nothing"))
    if isinstance(cell, bool):
        raise _NotANumber(Phrase("is {text!r}, which is no number: write one", text=text))
    if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if text.casefold().lstrip("+-") in ("nan", "inf", "infinity", "na", "n/a", "null", "none"):
        raise _NotANumber(
            Phrase(
                "is {value}, which is no number: write one, 0 where nothing is", value=shown(cell)
            )
        )
    if not _NUMBER.fullmatch(text):
        raise _NotANumber(
            Phrase(
                "is {value}, which is no number: write digits with a point for decimals, such as"
                " 1234.5",
                value=shown(cell),
            )
        )
    value = float(text)
    if abs(value) > MOST:
        raise _NotANumber(
            Phrase("is {value}, which is too large: choose a larger unit", value=shown(cell))
        )
    return value


def figure(value: float) -> int | float:
    """A number as a document holds it: whole ones as such, others with twelve digits that count."""
    exact = float(f"{value:.12g}")
    return int(exact) if exact.is_integer() and abs(exact) < 2**53 else exact


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names as a sentence lists them: the first few, and how many more there are."""
    some = _joined(names[:most])
    if len(names) <= most:
        return some
    return Phrase("{some} and {more} more", some=some, more=len(names) - most)


def _joined(names: Sequence[str]) -> str:
    if not any(isinstance(name, Phrase) for name in names):
        return ", ".join(names)
    return reduce(lambda one, other: Phrase("{one}, {other}", one=one, other=other), names)


def positions(ids: Sequence[str]) -> Mapping[str, int]:
    """Where each unit stands."""
    return {name: at for at, name in enumerate(ids)}


def _columns(called: str, header: Sequence[str]) -> tuple[str, ...]:
    names = list(header)
    while names and not names[-1]:
        names.pop()
    seen: set[str] = set()
    for name in names:
        if name and plain(name) in seen:
            raise InvalidInput(
                "{file} has two columns called {name!r}: rename or delete one",
                file=called,
                name=name,
            )
        seen.add(plain(name))
    return tuple(names)


def _row_of(called: str, number: int) -> Phrase:
    return Phrase("{file}, row {number}", file=called, number=str(number))


def _refuse(cells: Sequence[str], place: Phrase) -> NoReturn:
    if _NUL in "".join(cells):
        raise InvalidInput(
            "{place} holds a NUL character: save the file anew as CSV (UTF-8)",
            place=place,
        )
    raise InvalidInput(
        "{place}: {text} holds letters in another encoding than the rest of the file; save the"
        " file as UTF-8",
        place=place,
        text=shown(next(cell for cell in cells if _BROKEN in cell)),
    )
