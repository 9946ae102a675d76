"""The tables an extract is read into; they vanish with the transaction.

Many tables fill at once from one reading, so rows are kept back and copied a block at a time.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows

BLOCK_ROWS = 5_000
LIST_SEPARATOR = "\x1f"
_COLUMNS = {
    "new_addresses": (
        "osm_ref bigint, number text, value int, range_end int, street text, city text,"
        " parts text, postcode text, country text, shape geometry"
    ),
    "new_ways": "osm_ref bigint, name text, other_names text, shape geometry",
    "new_places": (
        "osm_ref bigint, kind text, name text, other_names text, population bigint, shape geometry"
    ),
    "new_areas": (
        "osm_ref bigint, level int, country text, name text, other_names text, postcode text,"
        " shape geometry"
    ),
    "new_members": "osm_ref bigint, street text",
    "new_interpolations": (
        "osm_ref bigint, rule text, street text, city text, parts text, postcode text,"
        " country text, nodes text, shape geometry"
    ),
    "new_pois": "osm_ref bigint, name text, category text, shape geometry",
}


class Staging:
    """Empty tables in the session's transaction, and rows on their way into them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, list[Sequence[Any]]] = {table: [] for table in _COLUMNS}
        self.counts: Counter[str] = Counter()
        for table, columns in _COLUMNS.items():
            session.execute(
                text(
                    f"CREATE TEMP TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY,"
                    f" {columns}) ON COMMIT DROP"
                )
            )

    def add(self, table: str, *row: Any) -> None:
        """Keep a row for the table, without its id."""
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= BLOCK_ROWS:
            self._flush(table)

    def finish(self) -> None:
        """Write what is still kept and let the planner see how much there is."""
        for table in _COLUMNS:
            self._flush(table)
            self._session.execute(
                text(f"UPDATE {table} SET shape = ST_SetSRID(shape, 4326)")
                if "shape" in _COLUMNS[table]
                else text("SELECT 1")
            )
            self._session.execute(text(f"ANALYZE {table}"))

    def _flush(self, table: str) -> None:
        columns = [part.split()[0] for part in _COLUMNS[table].split(", ")]
        self.counts[table] += copy_rows(self._session, table, columns, self._rows[table])
        self._rows[table].clear()


def listed(values: Sequence[str]) -> str:
    """Several texts in one column."""
    return LIST_SEPARATOR.join(values)
