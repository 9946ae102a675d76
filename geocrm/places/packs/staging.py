"""The tables an extract is read into, and what is made from them; they go with the transaction.

Many tables fill at once from one reading, so rows are kept back and copied a block at a time.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows

BLOCK_ROWS = 5_000
LIST_SEPARATOR = "\x1f"
_ADDRESS = "street text, city text, parts text, postcode text, country text"
_COLUMNS = {
    "new_addresses": (
        f"osm_ref bigint, number text, value int, range_end int, {_ADDRESS}, gap_m real,"
        " shape geometry"
    ),
    "new_interpolations": f"osm_ref bigint, rule text, {_ADDRESS}, nodes text, shape geometry",
    "new_ways": "osm_ref bigint, name text, other_names text, shape geometry",
    "new_places": (
        "osm_ref bigint, kind text, name text, other_names text, population bigint, shape geometry"
    ),
    "new_areas": (
        "osm_ref bigint, level int, country text, name text, other_names text, postcode text,"
        " shape geometry"
    ),
    "new_members": "osm_ref bigint, street text",
    "new_pois": "osm_ref bigint, name text, category text, shape geometry",
}
COLUMNS = {
    table: tuple(column.split()[0] for column in columns.split(", "))
    for table, columns in _COLUMNS.items()
}


class Staging:
    """Empty tables in the session's transaction, and rows on their way into them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, list[Sequence[Any]]] = {table: [] for table in _COLUMNS}
        discard(session)
        for table, columns in _COLUMNS.items():
            session.execute(
                text(
                    f"CREATE TEMP TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY,"
                    f" {columns}) ON COMMIT DROP"
                )
            )

    def add(self, table: str, *row: Any) -> None:
        """Keep a row for the table, in the order of COLUMNS."""
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= BLOCK_ROWS:
            self._flush(table)

    def finish(self) -> None:
        """Write what is still kept, and let the planner see how much there is."""
        for table in _COLUMNS:
            self._flush(table)
            self._session.execute(text(f"ANALYZE {table}"))

    def _flush(self, table: str) -> None:
        copy_rows(self._session, table, COLUMNS[table], self._rows[table])
        self._rows[table].clear()


def discard(session: Session) -> None:
    """Drop the tables before the transaction ends, which may load another pack."""
    names = session.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()"
            " AND relkind = 'r' AND relname LIKE 'new\\_%'"
        )
    ).all()
    if names:
        session.execute(text(f"DROP TABLE {', '.join(names)}"))


def listed(values: Sequence[str]) -> str:
    """Several texts in one column."""
    return LIST_SEPARATOR.join(values)


def unlisted(value: str | None) -> tuple[str, ...]:
    """The texts of such a column."""
    return tuple(value.split(LIST_SEPARATOR)) if value else ()
