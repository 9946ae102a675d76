"""Running a bulk action and taking it back, batch by batch, from wherever it is."""

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import bulk_stage
from geocrm.db import persistently
from geocrm.errors import Conflict
from geocrm.jobs import Cancelled, Paused
from geocrm.maps.bulk import exporting, preparing, queries
from geocrm.maps.bulk.action import BATCH, Actions, Change, Running, named
from geocrm.maps.bulk.models import BulkRun


def run(actions: Actions, running: Running) -> None:
    """Do what is left of the run. Raises Paused or Cancelled when it is to stop before."""
    with running.open_batch() as session:
        found = queries.get(session, running.actor, running.run_id)
        action = named(actions, found.action)
        # The role may be another one than when the run was asked for.
        running.actor.require(*action.right)
    running.report(found.done, found.total)
    if found.frozen_at is None:
        preparing.freeze(action, running)
    if not isinstance(action, Change):
        exporting.write(running)
        return
    while True:
        at = persistently(lambda: _batch(action, running), f"Bulk action {running.run_id}")
        if at is None:
            return
        running.report(*at)


def undo(actions: Actions, running: Running) -> None:
    """Take back what is left to be taken back; killed, it goes on where it was."""
    with running.open_batch() as session:
        found = queries.get(session, running.actor, running.run_id)
        action = named(actions, found.action)
        running.actor.require(*action.right)
        if not isinstance(action, Change):
            raise Conflict(f"Bulk action {found.id} changed nothing that could be taken back")
        left = queries.num_changed(session, running.run_id) if action.images else 0
    done = 0
    running.report(0, left)
    while True:
        took = persistently(lambda: _batch_back(action, running), f"Bulk undo {running.run_id}")
        if took is None:
            return
        done += took
        running.report(done, left)


def _batch(action: Change, running: Running) -> tuple[int, int] | None:
    """One batch and the cursor behind it: how many of how many; None when the run is through."""
    with running.open_batch() as session:
        found = _held(session, running.run_id)
        span = {
            "run_id": found.id,
            "after": found.done,
            "last": found.done + (BATCH if action.most is None else action.most),
        }
        rows = bulk_stage.open_stage(session, _MEMBERS, span)
        if not rows:
            _finish(session, found)
            return None
        action.apply(session, running.actor, found)
        counts = bulk_stage.outcomes(session)
        found.changed += counts["changed"]
        found.unchanged += counts["unchanged"]
        found.failed += counts["refused"]
        found.done += rows
        _keep(session, found.id, images=action.images)
        return found.done, found.total


def _batch_back(action: Change, running: Running) -> int | None:
    with running.open_batch() as session:
        found = queries.get_locked(session, running.run_id)
        if found.state != "undoing":
            raise Conflict(f"The undo of bulk action {found.id} was stopped ({found.state})")
        limit = BATCH if action.images else 0
        span = {"run_id": found.id, "after": found.undo_after, "limit": limit}
        rows = bulk_stage.open_stage(session, _CHANGED, span)
        if rows or not action.images:
            action.undo(session, running.actor, found)
        if rows:
            counts = bulk_stage.outcomes(session)
            spared = rows - counts["undone"]
            found.undone += counts["undone"]
            found.spared += spared
            found.undo_after = _keep_back(session, found.id, spared=spared)
            return rows
        found.state, found.undone_at = "undone", clock.now()
        return None


def _held(session: Session, run_id: int) -> BulkRun:
    found = queries.get_locked(session, run_id)
    if found.state == "paused":
        raise Paused
    if found.state == "cancelled":
        raise Cancelled
    if found.state != "running":
        raise Conflict(f"Bulk action {run_id} does not run ({found.state})")
    return found


def _finish(session: Session, found: BulkRun) -> None:
    found.state, found.finished_at = "done", clock.now()
    forget_members(session, found.id)


def forget_members(session: Session, run_id: int) -> None:
    """Drop the list of whom a run meant, once nothing needs it any more."""
    session.execute(text("DELETE FROM bulk_members WHERE run_id = :run_id"), {"run_id": run_id})


def _keep(session: Session, run_id: int, *, images: bool) -> None:
    params: dict[str, Any] = {"run_id": run_id}
    if images:
        session.execute(text(_KEEP_IMAGES), params)
    session.execute(text(_KEEP_ERRORS), params | {"undo": False})


def _keep_back(session: Session, run_id: int, *, spared: int) -> int:
    """Keep what the undo came to; the last account of the batch."""
    if spared:
        session.execute(text(_KEEP_SPARED), {"run_id": run_id})
        session.execute(text(_KEEP_ERRORS), {"run_id": run_id, "undo": True})
    return int(session.execute(text("SELECT max(account_id) FROM bulk_stage")).scalar_one())


_MEMBERS: Final = """
    SELECT account_id, NULL FROM bulk_members
    WHERE run_id = :run_id AND ord > :after AND ord <= :last
"""
# Joined with nothing, an image is unpacked: it is read once a table.
_CHANGED: Final = """
    SELECT account_id, before || '{}' FROM bulk_before
    WHERE run_id = :run_id AND account_id > :after AND outcome = 'changed'
    ORDER BY account_id LIMIT :limit
"""
_KEEP_IMAGES: Final = """
    INSERT INTO bulk_before (run_id, account_id, before)
    SELECT :run_id, account_id, before FROM bulk_stage WHERE outcome = 'changed'
"""
_KEEP_ERRORS: Final = """
    INSERT INTO bulk_errors (run_id, account_id, undo, reason)
    SELECT :run_id, account_id, :undo, reason FROM bulk_stage
    WHERE outcome IN ('refused', 'spared')
"""
# What was taken back is not marked one by one, which took a tenth of the time: it is all that lies
# behind the cursor of the undo and was not spared.
_KEEP_SPARED: Final = """
    UPDATE bulk_before b SET outcome = 'spared'
    FROM bulk_stage g
    WHERE b.run_id = :run_id AND b.account_id = g.account_id AND g.outcome <> 'undone'
"""
