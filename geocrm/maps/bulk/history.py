"""What bulk actions did to one account, as its timeline and the history of its fields show it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.customers import history
from geocrm.customers.history import Change
from geocrm.customers.timeline import Event, Place
from geocrm.db import scoped_sql

# The thing each action changes, as the history names it.
_FIELD: Final = {"owner": "owner_id", "tag": "tags", "segment": "segment"}
KIND: Final = "change"


def changes(
    session: Session,
    account_id: int,
    field: str | None,
    before: tuple[datetime, str, int] | None,
    limit: int,
) -> list[Change]:
    """Changes by bulk actions and their undoing, newest first; one statement."""
    found = [
        change
        for change in _all(session, account_id)
        if field in (None, change.field) and (before is None or change[:3] < before)
    ]
    return sorted(found, key=lambda each: each[:3], reverse=True)[:limit]


SOURCES: Final = (*history.SOURCES, changes)


def part(
    session: Session, account_id: int, kinds: Sequence[str], before: Place | None, limit: int
) -> list[Event]:
    """The same as entries of the timeline of a visible account, from behind the place."""
    if KIND not in kinds:
        return []
    found = [_event(change) for change in _all(session, account_id)]
    later = [event for event in found if before is None or event.place < before]
    return sorted(later, key=lambda each: each.place, reverse=True)[:limit]


def count(session: Session, account_id: int) -> int:
    """How many entries that are."""
    return sum(1 for _ in _all(session, account_id))


def _event(change: Change) -> Event:
    field = {"field": change.field, "old": change.old, "new": change.new}
    details = {"source": change.source, "fields": [field]}
    return Event(change.at, KIND, change.id, "", None, change.by, details)


def _all(session: Session, account_id: int) -> Iterator[Change]:
    rows = scoped_sql(session, _RUNS, {"account_id": account_id, "actions": list(_FIELD)})
    return (change for row in rows.all() for change in _of(row))


def _of(row: Any) -> Iterator[Change]:
    name = _FIELD[row.action]
    old, new = _values(row)
    yield Change(row.at, f"bulk {row.id}", row.id, name, old, new, row.by)
    if row.undone_at is not None:
        yield Change(row.undone_at, f"bulk.undo {row.id}", row.id, name, new, old, row.by)


def _values(row: Any) -> tuple[str | None, str | None]:
    """How it was before the run and after it, in words."""
    if row.action == "owner":
        return row.old_owner, row.new_owner
    if row.action == "segment":
        return row.before.get("segment"), row.params.get("segment")
    had = row.before.get("tags") or []
    kept = [tag for tag in had if tag not in (row.params.get("remove") or [])]
    tags = kept + [tag for tag in row.params.get("add") or [] if tag not in had]
    return ", ".join(had) or None, ", ".join(tags) or None


# An account is in a handful of runs, and their images go after a month, so all are read at once.
_RUNS: Final = """
    SELECT r.id, r.action, r.params, b.before, b.at, u.name AS by,
        CASE WHEN b.outcome = 'undone' OR b.outcome = 'changed' AND b.account_id <= r.undo_after
             THEN coalesce(r.undone_at, b.at) END AS undone_at,
        before_owner.name AS old_owner, after_owner.name AS new_owner
    FROM bulk_before b
    JOIN bulk_runs r ON r.id = b.run_id
    JOIN account_scope s ON s.account_id = b.account_id
    LEFT JOIN users u ON u.id = r.user_id
    LEFT JOIN users before_owner ON before_owner.id = CAST(b.before ->> 'owner_id' AS int)
    LEFT JOIN users after_owner ON after_owner.id = CAST(r.params ->> 'owner_id' AS int)
    WHERE b.account_id = :account_id AND r.action = ANY(CAST(:actions AS text[])) AND {scope:s}
"""
