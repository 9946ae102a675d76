"""Points that the terms of their provider let us keep for a while only."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from geocrm.customers.answers import PARTS, query_of, row_of
from geocrm.customers.placing_many import place
from geocrm.db import scoped_sql
from geocrm.geocoding import service as geocoder

BLOCK: Final = 1_000


def forget_points(
    open_batch: Callable[[], AbstractContextManager[Session]], report: Callable[[int], None]
) -> int:
    """Take away every point whose time is over, block by block; how many there were.

    Each address is looked up in the local steps in the same transaction, so that its customer does
    not vanish from the map where we know better than nothing.
    """
    gone = 0
    while True:
        with open_batch() as session:
            rows = scoped_sql(session, _FORGET, {"limit": BLOCK}).mappings().all()
            if rows:
                scoped_sql(session, _UNPLACE, {"ids": [row["account_id"] for row in rows]})
                _look_up(session, rows)
        if not rows:
            return gone
        gone += len(rows)
        report(gone)


def _look_up(session: Session, rows: Sequence[RowMapping]) -> None:
    asked = [query_of(dict(row)) for row in rows]
    found = geocoder.geocode_many(session, asked, rows[0]["country"])
    answers = (
        (row["account_id"], row["fingerprint"], row_of(answer))
        for row, answer in zip(rows, found, strict=True)
    )
    place(session, answers, _THEMSELVES, {})


_THEMSELVES: Final = "SELECT no, no AS account_id FROM new_points"
_FORGET = f"""
    UPDATE addresses d SET lon = NULL, lat = NULL, grade = 'none', radius_m = NULL, provider = NULL,
        label = NULL, p50 = NULL, p200 = NULL, p1000 = NULL, p5000 = NULL, ambiguous = false,
        candidates = '[]', notes = '[]', licence = NULL, attribution = NULL, retain_until = NULL,
        review = NULL, geocoded_at = NULL
    FROM (SELECT o.account_id FROM addresses o JOIN account_scope s ON s.account_id = o.account_id
          WHERE {{scope:s}} AND o.retain_until <= now()
          ORDER BY o.account_id LIMIT :limit FOR UPDATE OF o SKIP LOCKED) w
    WHERE d.account_id = w.account_id
    RETURNING d.account_id, d.fingerprint, {", ".join(f"d.{part}" for part in PARTS)}, d.country
"""
_UNPLACE = """
    UPDATE account_scope s SET geom = NULL, grade = 'none', radius_m = NULL, unit = NULL,
        territory_id = NULL
    WHERE s.account_id = ANY(CAST(:ids AS bigint[])) AND {scope:s}
"""
