"""Files about an import: the rows that failed with the reasons, and the outcome of every row."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from geocrm.customers.imports import queries
from geocrm.customers.imports.models import Import
from geocrm.takeaway import csv_safe


def error_lines(session: Session, found: Import) -> Iterator[str]:
    """The rows that failed, as CSV: the file's own columns, the row's number and the reason."""
    yield _line([*found.columns, "row", "reason"])
    width = len(found.columns)
    for row in queries.failed_rows(session, found.id):
        cells = list(row["cells"] or [])
        cells += [""] * (width - len(cells))
        yield _line([*cells[:width], row["row_no"], row["message"]])


def outcome_lines(session: Session, found: Import) -> Iterator[str]:
    """Every row as CSV: its number, what became of it, and what there is to know about it."""
    yield _line(["row", "outcome", "id", "message"])
    for row in queries.all_rows(session, found.id):
        yield _line([row["row_no"], row["outcome"], row["target_id"], row["message"]])


def _line(cells: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([neutral(cell) for cell in cells])
    return buffer.getvalue()


def neutral(cell: Any) -> Any:
    """The cell, with an apostrophe before what a spreadsheet program would calculate.

    Reading such a file takes the apostrophe off again (`source.text_of`).
    """
    if not isinstance(cell, str):
        return "" if cell is None else cell
    return cell if _is_number(cell) else csv_safe.neutral(cell)


def _is_number(words: str) -> bool:
    try:
        float(words.replace(" ", ""))
    except ValueError:
        return False
    return True
