"""Reads of bulk actions. Each function is one round trip."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import NotFound
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor

_LIST_LOCK = 0xB11C


class LeftAlone(NamedTuple):
    """An account a run or its undo left alone; the name is None when the reader may not see it."""

    account_id: int
    name: str | None
    undo: bool
    reason: str


def get(session: Session, actor: Actor, run_id: int) -> BulkRun:
    """The run, or NotFound, also when somebody else started it."""
    found = session.get(BulkRun, run_id, populate_existing=True)
    if found is None or not _sees(actor, found):
        raise NotFound(f"No bulk action {run_id}")
    return found


def get_locked(session: Session, run_id: int) -> BulkRun:
    """The run as it stands, held until the transaction ends."""
    return session.scalars(
        select(BulkRun).where(BulkRun.id == run_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()


def hold_list(session: Session, run_id: int) -> None:
    """Wait until nobody else writes down whom the run means, then keep others from it."""
    session.execute(text("SELECT pg_advisory_xact_lock(:what, :run_id)"),
                    {"what": _LIST_LOCK, "run_id": run_id})  # fmt: skip


def recent(
    session: Session, actor: Actor, limit: int = 20, before: int | None = None
) -> Sequence[BulkRun]:
    """The actor's newest runs; with `before` those older than that one."""
    asked = select(BulkRun).order_by(BulkRun.id.desc()).limit(limit)
    if actor.user_id is not None:
        asked = asked.where(BulkRun.user_id == actor.user_id)
    if before is not None:
        asked = asked.where(BulkRun.id < before)
    return session.scalars(asked).all()


def by_key(session: Session, actor: Actor, client_key: str) -> BulkRun | None:
    """The run the actor's browser or program began with this key."""
    return session.scalar(
        select(BulkRun).where(
            BulkRun.client_key == client_key,
            BulkRun.user_id.is_not_distinct_from(actor.user_id),
        )
    )


def left_alone(session: Session, run_id: int) -> Iterator[LeftAlone]:
    """The accounts a run or its undo left alone, in order; the caller may see the run."""
    rows = scoped_sql(session, _LEFT_ALONE, {"run_id": run_id})
    return (LeftAlone(*row) for row in rows)


def num_hidden_members(session: Session, run_id: int) -> int:
    """How many members of a run are gone, or the session's actor does not see any more."""
    hidden = scoped_sql(
        session,
        "SELECT count(*) FROM bulk_members m WHERE m.run_id = :run_id AND NOT EXISTS"
        " (SELECT FROM account_scope s WHERE s.account_id = m.account_id AND {scope:s})",
        {"run_id": run_id},
    )
    return int(hidden.scalar_one())


def num_changed(session: Session, run_id: int) -> int:
    """How many accounts an undo of the run is still to take back."""
    counted = session.execute(
        text("SELECT count(*) FROM bulk_before b JOIN bulk_runs r ON r.id = b.run_id"
             " WHERE b.run_id = :run_id AND b.outcome = 'changed' AND b.account_id > r.undo_after"),
        {"run_id": run_id},
    )  # fmt: skip
    return int(counted.scalar_one())


def _sees(actor: Actor, found: BulkRun) -> bool:
    return actor.sees_all or (found.user_id is not None and found.user_id == actor.user_id)


_LEFT_ALONE = """
    SELECT e.account_id, a.name, e.undo, e.reason
    FROM bulk_errors e
    LEFT JOIN account_scope s ON s.account_id = e.account_id AND {scope:s}
    LEFT JOIN accounts a ON a.id = s.account_id
    WHERE e.run_id = :run_id
    ORDER BY e.undo, e.account_id
"""
