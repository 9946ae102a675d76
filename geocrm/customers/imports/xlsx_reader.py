"""Reads a sheet in a process of its own, so that a malicious workbook can only hurt that process.

    python -m geocrm.customers.imports.xlsx_reader FILE [SHEET]

Prints one JSON line about the sheet, then one for each row: [number, cells].
"""

import json
import resource
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

MAX_ADDRESS_SPACE = 3 * 2**29  # 1.5 GB; sheets within the limits of zip_check take less
MAX_CPU_S = 300


def main(path: str, sheet_name: str) -> int:
    """Print the rows; the status says what went wrong: 3 protected, 4 damaged, 5 no such sheet."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE, MAX_ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    try:
        workbook = CalamineWorkbook.from_path(path)
        names = workbook.sheet_names
        if sheet_name and sheet_name not in names:
            _print({"sheets": names})
            return 5
        sheet = workbook.get_sheet_by_name(sheet_name or _first_filled(workbook))
    except PasswordError:
        return 3
    except (CalamineError, WorksheetNotFound, OSError, ValueError):
        return 4
    top, left = sheet.start or (0, 0)
    _print({"sheet": sheet.name, "sheets": names})
    for number, cells in enumerate(sheet.iter_rows(), start=top + 1):
        if any(cell != "" for cell in cells):
            _print([number, [None] * left + [_plain(cell) for cell in cells]])
    return 0


def _first_filled(workbook: CalamineWorkbook) -> str:
    """The first sheet with a header and a row, else the first."""
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height > 1:
            return name
    return workbook.sheet_names[0]


def _plain(cell: object) -> object:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return None if cell == "" else cell


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    sys.stdout.write("\n")


def _arguments(given: Sequence[str]) -> tuple[str, str]:
    return given[0], given[1] if len(given) > 1 else ""


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogatepass")  # type: ignore[union-attr]
    sys.exit(main(*_arguments(sys.argv[1:])))
