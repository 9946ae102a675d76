"""CSV that a spreadsheet opens as text: no cell of somebody's data becomes a formula."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

# The wide signs of East Asia are taken for the narrow ones there.
_STARTS: Final = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
# Byte order mark: without it Excel reads UTF-8 as the local code page.
BOM: Final = "\ufeff"


def neutral(value: Any) -> Any:
    """The cell with an apostrophe in front when a spreadsheet might take it for a formula.

    Spaces and invisible characters before the sign are looked through, as spreadsheets do. Numbers
    stay numbers. Reading a file back, an apostrophe before such a sign is dropped (`plain`); one
    that was there already is therefore written twice.
    """
    if not isinstance(value, str):
        return value
    if value.startswith("'") and neutral(value[1:]) != value[1:]:
        return f"'{value}"
    for character in value:
        if character in _STARTS:
            return f"'{value}"
        if not (character.isspace() or unicodedata.category(character) in ("Cf", "Cc")):
            return value
    return value


def plain(text: str) -> str:
    """What `neutral` was given, from a cell that it wrote."""
    return text[1:] if text.startswith("'") and neutral(text[1:]) != text[1:] else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A CSV document line by line, safe to open in a spreadsheet."""
    yield BOM + _line(header)
    for row in rows:
        yield _line([neutral("" if value is None else value) for value in row])


def _line(cells: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def write_csv(path: Path, lines: Iterable[str]) -> int:
    """Write the document; the file appears whole or not at all. How many rows it has."""
    draft = path.with_name(f".{path.name}.part")
    count = -1  # the header is no row
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            for line in lines:
                file.write(line)
                count += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count
