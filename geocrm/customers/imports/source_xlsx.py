"""XLSX workbooks: checked for what they unpack to, then read in a process of their own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geocrm.customers.imports.source import (
    HEADER_SEARCH_ROWS,
    Row,
    Source,
    find_header,
    named_columns,
    text_of,
)
from geocrm.customers.imports.zip_check import require_workbook
from geocrm.errors import InvalidInput

_PROTECTED, _DAMAGED, _NO_SHEET = 3, 4, 5


def open_xlsx(path: Path, known: Callable[[str], bool], sheet: str | None = None) -> Source:
    """Understand a workbook; `known` says whether a word is a column name we recognise."""
    require_workbook(path)
    with _reading(path, sheet or "") as (about, rows):
        first = [row for row, _ in zip(rows, range(HEADER_SEARCH_ROWS), strict=False)]
    header = find_header(first, known)
    names = [text_of(cell) for cell in header.cells]
    while names and not names[-1]:
        names.pop()
    columns = named_columns(names)

    def below() -> Iterator[Row]:
        with _reading(path, about["sheet"]) as (_, every):
            for row in every:
                if row.number > header.number:
                    yield _checked(row, columns)

    notes: tuple[str, ...] = ()
    if len(about["sheets"]) > 1:
        notes = (
            f"Read the sheet {about['sheet']!r} of {', '.join(map(repr, about['sheets'][:10]))};"
            " name another with --sheet",
        )
    return Source("xlsx", columns, below, notes, {"sheet": about["sheet"]})


def _checked(row: Row, columns: tuple[str, ...]) -> Row:
    extra = [text_of(cell) for cell in row.cells[len(columns) :] if text_of(cell)]
    if extra:
        return row._replace(
            note=f"the cell {extra[0][:40]!r} right of the last column has no column name; not used"
        )
    return row


@contextmanager
def _reading(path: Path, sheet: str) -> Iterator[tuple[dict[str, Any], Iterator[Row]]]:
    """What the sheet is, and its rows; the reader ends with the block."""
    command = [
        sys.executable,
        "-m",
        "geocrm.customers.imports.xlsx_reader",
        str(path.resolve()),
        sheet,
    ]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as reader:
        assert reader.stdout is not None
        try:
            first = reader.stdout.readline()
            about = json.loads(first) if first else {}
            if "sheet" not in about:
                _refuse(reader.wait(), path, sheet, about)
            yield about, _rows(reader, path)
        finally:
            reader.stdout.close()
            reader.kill()


def _rows(reader: "subprocess.Popen[str]", path: Path) -> Iterator[Row]:
    assert reader.stdout is not None
    for line in reader.stdout:
        number, cells = json.loads(line)
        yield Row(number, cells)
    status = reader.wait()
    if status:
        _refuse(status, path, "", {})


def _refuse(status: int, path: Path, sheet: str, about: dict[str, Any]) -> None:
    if status == _PROTECTED:
        raise InvalidInput(
            f"{path.name!r} is protected with a password: remove it in your spreadsheet"
            f" program, save"
            " and try again"
        )
    if status == _NO_SHEET:
        names = ", ".join(map(repr, about.get("sheets", ())))
        raise InvalidInput(f"There is no sheet {sheet!r}; the workbook has {names}")
    if status == _DAMAGED or status > 0:
        raise InvalidInput(
            f"{path.name!r} is damaged and cannot be opened as XLSX: save it anew, or save it"
            f" as CSV"
        )
    raise InvalidInput(
        f"{path.name!r} takes more memory or time to open than a customer register should:"
        f" save it as"
        " CSV"
    )
