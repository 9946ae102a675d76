"""The temporary table through which very many accounts are changed at once.

Whoever changes many accounts fills `bulk_stage` with their ids, lets a function of this room judge
and write, and reads there what became of each: `changed` with its image of before, `unchanged`, or
`refused` with a reason. Taking it back goes the same way: the images go in, `undone` and `spared`
come out.
"""

from collections import Counter
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import driver_connection, scoped_sql


def open_stage(session: Session, source: str, params: dict[str, Any]) -> int:
    """Make the table anew from SQL that yields `account_id` and `before`; how many rows it has."""
    session.execute(text("DROP TABLE IF EXISTS bulk_stage"))
    session.execute(
        text(
            "CREATE TEMP TABLE bulk_stage (account_id bigint PRIMARY KEY, before jsonb,"
            " outcome text NOT NULL DEFAULT 'refused', reason text DEFAULT 'gone')"
            # Packed, an image would be unpacked again for every table it is read for.
            " WITH (toast_tuple_target = 8160) ON COMMIT DROP;"
            " ALTER TABLE bulk_stage ALTER before SET STORAGE EXTERNAL"
        )
    )
    count = session.execute(
        text(f"INSERT INTO bulk_stage (account_id, before) {source} RETURNING account_id"), params
    )
    rows = len(count.all())
    session.execute(text("ANALYZE bulk_stage"))
    return rows


def begin_writing(session: Session) -> None:
    """Take the lock that a go-live of territories takes, before any row is held.

    A go-live would wait for the rows otherwise, and who holds them for the go-live.
    """
    session.flush()
    with driver_connection(session).cursor() as cursor:
        cursor.execute("LOCK TABLE account_scope IN ROW EXCLUSIVE MODE")


def hold(session: Session) -> None:
    """Hold the staged accounts until the transaction ends, in the order of their ids.

    Always in one order, so that two who change the same accounts wait for each other and neither
    for ever.
    """
    begin_writing(session)
    scoped_sql(session, _HOLD)


def outcomes(session: Session) -> Counter[str]:
    """How many of the staged accounts had each outcome."""
    rows = session.execute(text("SELECT outcome, count(*) FROM bulk_stage GROUP BY outcome"))
    return Counter({row.outcome: int(row.count) for row in rows})  # type: ignore[call-overload]


_HOLD = """
    SELECT a.id FROM accounts a JOIN account_scope s ON s.account_id = a.id
    WHERE {scope:s} AND a.id IN (SELECT account_id FROM bulk_stage)
    ORDER BY a.id FOR UPDATE OF a, s
"""
