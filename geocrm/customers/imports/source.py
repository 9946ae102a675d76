"""A file of rows, whatever its format."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from geocrm.errors import InvalidInput
from geocrm.takeaway import csv_safe

Cell = str | int | float | bool | date | datetime | time | timedelta | None
MAX_COLUMNS = 16_384  # as many as a spreadsheet program shows
MAX_CELL = 20_000  # characters; longer ones are mistakes
HEADER_SEARCH_ROWS = 20


class Row(NamedTuple):
    """One row of a file: its number as a spreadsheet program shows it, and its cells.

    `broken` says why the row could not be read; its cells are then what there was of it. `note`
    is something the person should know although the row is fine.
    """

    number: int
    cells: Sequence[Cell]
    broken: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was understood: its columns, and its rows below the header as often as wanted."""

    format: str
    columns: tuple[str, ...]
    open_rows: Callable[[], Iterator[Row]]
    notes: tuple[str, ...] = ()
    # Encoding, delimiter, sheet: how it was read, for the person to check.
    details: dict[str, str] = field(default_factory=dict)


def text_of(cell: Cell) -> str:
    """A cell as the text a person would have typed."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        # Our exports put an apostrophe before what a spreadsheet program would calculate.
        return csv_safe.plain(cell.strip())
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    return str(cell)


def clean_name(file_name: str) -> str:
    """A file's name as it may be shown and kept."""
    bare = "".join(c for c in file_name if c.isprintable())
    return bare.replace("\\", "/").rsplit("/", 1)[-1][:200] or "file"


def named_columns(header: Sequence[Cell]) -> tuple[str, ...]:
    """Names of all columns; those without one, or with one twice, get their letter added."""
    if len(header) > MAX_COLUMNS:
        raise InvalidInput(
            f"The file has {len(header):,} columns, more than {MAX_COLUMNS:,}: delete those you do"
            " not need, or check that the right delimiter is used"
        )
    seen: set[str] = set()
    names: list[str] = []
    for index, cell in enumerate(header):
        name = " ".join(text_of(cell).split())[:200] or f"Column {letter(index)}"
        if name.casefold() in seen:
            name = f"{name} ({letter(index)})"
        seen.add(name.casefold())
        names.append(name)
    return tuple(names)


def letter(index: int) -> str:
    """The letters a spreadsheet program shows above column number `index`, from 0."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def require_readable(path: Path) -> None:
    """Raise InvalidInput when there is no such file, or nothing in it."""
    if not path.is_file():
        raise InvalidInput(f"There is no file {str(path)!r}")
    try:
        with path.open("rb") as handle:
            empty = not handle.read(1)
    except OSError as error:
        raise InvalidInput(f"The file {str(path)!r} cannot be read ({error.strerror})") from error
    if empty:
        raise InvalidInput(f"The file {path.name!r} is empty: it has no header and no rows")


def find_header(rows: Iterable[Row], known: Callable[[str], bool]) -> Row:
    """The row with the column names: among the first ones the one with most names we know.

    Title lines above it are passed over. Raises InvalidInput when the file has no names.
    """
    candidates = [row for row in rows if any(text_of(cell) for cell in row.cells)]
    if not candidates:
        raise InvalidInput("The file holds no rows: put column names in the first row")
    # Distinct words: two thousand cells that hold an x are no two thousand column names.
    words = [{text_of(cell).casefold() for cell in row.cells} for row in candidates]
    scores = [sum(map(known, each)) for each in words]
    best = max(range(len(candidates)), key=lambda i: (scores[i], -i))
    if scores[best] == 0:
        best = _first_wide(candidates)
        _refuse_data(candidates[best])
    return candidates[best]


def _first_wide(candidates: Sequence[Row]) -> int:
    widest = max(len([c for c in row.cells if text_of(c)]) for row in candidates)
    return next(
        i for i, row in enumerate(candidates) if len([c for c in row.cells if text_of(c)]) == widest
    )


def _refuse_data(row: Row) -> None:
    """A row of values instead of names: the header is missing."""
    for index, cell in enumerate(row.cells):
        words = text_of(cell)
        if "@" in words or any(character.isdigit() for character in words):
            raise InvalidInput(
                f"The header is missing: row {row.number}, column {letter(index)} holds"
                f" {words[:40]!r},"
                " which is a value and no column name. Put a row with names such as name, address,"
                " city, phone above the data"
            )
