"""Previewing, beginning, pausing, cancelling and undoing bulk actions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import Conflict, GeoCrmError, InvalidInput, NotFound
from geocrm.jobs import service as jobs
from geocrm.maps.bulk import engine, guard, meant, queries
from geocrm.maps.bulk.action import Action, Actions, Change, Forecast, named
from geocrm.maps.bulk.models import FILE_DAYS, UNDO_DAYS, BulkRun
from geocrm.security import Actor, audit

MAX_KEY: Final = 100


class Asked(NamedTuple):
    """What somebody wants done, and to whom: a filter, or ids."""

    action: str
    params: Mapping[str, Any]
    tree: Any = None
    ids: Sequence[int] | None = None


class Preview(NamedTuple):
    """What it would come to. `fingerprint` names exactly this action on exactly these accounts."""

    total: int
    forecast: Forecast
    fingerprint: str


def preview(session: Session, actor: Actor, actions: Actions, asked: Asked) -> Preview:
    """Count what the action would do, changing nothing."""
    action, params = _checked(session, actor, actions, asked)
    chosen = meant.read(actor, tree=asked.tree, ids=asked.ids)
    members = meant.members(session, chosen)
    forecast = action.forecast(session, actor, params, chosen)
    stops = guard.misfit(action, members) or forecast.stops
    fingerprint = guard.fingerprint(action, params, members)
    return Preview(members.total, replace(forecast, stops=stops), fingerprint)


def begin(
    session: Session,
    actor: Actor,
    actions: Actions,
    asked: Asked,
    *,
    fingerprint: str | None = None,
    client_key: str | None = None,
) -> tuple[BulkRun, bool]:
    """A run to be prepared, and whether it is a new one; its job writes down who is meant.

    Sent twice with one `client_key` it is one run. Conflict when the accounts are others than
    those of the preview with this `fingerprint`; the job looks again.
    """
    action, params = _checked(session, actor, actions, asked)
    chosen = meant.read(actor, tree=asked.tree, ids=asked.ids)
    request = guard.digest([action.name, params, chosen.key])
    run_id = _new(session, actor, action, params, chosen, request, client_key, fingerprint)
    if run_id is None:
        return _earlier(session, actor, client_key or "", request), False
    members = meant.members(session, chosen)
    guard.require_fit(action, params, members, fingerprint)
    # What changes accounts one by one always may begin; the rest may have a reason not to.
    stops = None if action.images else action.forecast(session, actor, params, chosen).stops
    if stops:
        raise stops
    found = queries.get_locked(session, run_id)
    found.total = members.total
    audit.record(
        session, actor, "bulk", f"bulk:{run_id}", kind=action.name, params=params,
        accounts=members.total,
    )  # fmt: skip
    return found, True


def pause(session: Session, actor: Actor, run_id: int) -> BulkRun:
    """Let a run rest after the batch at hand; nothing is lost."""
    found = _held(session, actor, run_id)
    if found.state not in ("preparing", "running"):
        raise Conflict("It does not run any more: there is nothing to pause")
    found.state = "paused"
    if found.job_id is not None and not jobs.has_ended(session, actor, found.job_id):
        jobs.pause(session, actor, found.job_id)
    return found


def resume(session: Session, actor: Actor, run_id: int) -> BulkRun:
    """Let a run that rests, failed or was cut short go on from where it is."""
    found = _held(session, actor, run_id)
    if found.state == "failed" and found.frozen_at is None:
        raise Conflict("It never began: begin it anew on the map")
    if not can_resume(session, actor, found):
        raise Conflict("It does not wait to go on: load the page again")
    found.state, found.message, found.finished_at = found.working_state, "", None
    found.problem = None
    return found


def cancel(session: Session, actor: Actor, run_id: int) -> BulkRun:
    """Stop a run after the batch at hand; what is done stays and can be undone."""
    found = _held(session, actor, run_id)
    if found.state == "undoing":
        raise Conflict("It is being undone: let that come to its end")
    if not found.finished:
        found.state, found.finished_at, found.ids = "cancelled", clock.now(), None
        engine.forget_members(session, run_id)
        if found.job_id is not None:
            jobs.cancel(session, actor, found.job_id)
    return found


def begin_undo(session: Session, actor: Actor, actions: Actions, run_id: int) -> BulkRun:
    """Let the undo of a run begin, or go on when it was cut short."""
    found = _held(session, actor, run_id)
    action = named(actions, found.action)
    actor.require(*action.right)
    if found.state == "undone":
        raise Conflict("It has been undone already")
    if found.state in ("preparing", "running", "paused"):
        raise Conflict("It is not through yet: cancel it first, then undo it")
    if found.state == "undoing" and is_under_way(session, actor, found):
        raise Conflict("It is being undone already")
    if not can_undo(action, found):
        if isinstance(action, Change) and found.changed:
            raise Conflict(
                "It cannot be undone any more: what was there before is kept for {days} days",
                days=UNDO_DAYS,
            )
        raise Conflict("It cannot be undone: it changed nothing")
    found.state, found.message, found.problem = "undoing", "", None
    audit.record(session, actor, "undo", f"bulk:{run_id}", kind=found.action)
    return found


def can_undo(action: Action, found: BulkRun) -> bool:
    """Whether there is something to take back and the images are still there."""
    kept = found.forgotten_at is None and clock.now() < found.undo_until
    return isinstance(action, Change) and found.changed > 0 and kept


def can_resume(session: Session, actor: Actor, found: BulkRun) -> bool:
    """Whether it waits to go on: not one that failed before its list was written, or at undoing."""
    if found.state == "failed":
        return found.frozen_at is not None and not found.undone and not found.spared
    if found.state in ("preparing", "running"):
        return not is_under_way(session, actor, found)
    return found.state == "paused"


def is_under_way(session: Session, actor: Actor, found: BulkRun) -> bool:
    """Whether a worker is at it, or will be; a command that runs one cannot be seen."""
    if found.state not in ("preparing", "running", "undoing") or found.job_id is None:
        return False
    return not jobs.has_ended(session, actor, found.job_id)


def fail(session: Session, run_id: int, why: GeoCrmError) -> None:
    """Note that a run cannot go on, and why."""
    found = queries.get_locked(session, run_id)
    if found.state in ("preparing", "running", "undoing"):
        found.state, found.message, found.finished_at = "failed", str(why), clock.now()
        found.problem = why.phrase.kept()


def stopped(session: Session, run_id: int) -> None:
    """Note that the job of a run was cancelled; an undo that was cut short can be begun again."""
    found = queries.get_locked(session, run_id)
    if not found.finished:
        found.state, found.finished_at = "cancelled", clock.now()


def file_of(session: Session, actor: Actor, run_id: int) -> tuple[Path, str]:
    """The file an export wrote and the name to save it by; checked again at every download."""
    actor.require("export", "account")
    found = queries.get(session, actor, run_id)
    # Also an administrator makes an export of their own: this one says who was looked at.
    if found.user_id != actor.user_id:
        raise NotFound(f"No bulk action {run_id}")
    if found.state != "done" or "path" not in found.result:
        raise NotFound(f"Bulk action {run_id} has no file")
    path = Path(found.result["path"])
    if clock.now() >= found.file_until or not path.is_file():
        raise NotFound(
            "The file is kept for {days} days and gone by now: export anew", days=FILE_DAYS
        )
    if queries.num_hidden_members(session, run_id):
        raise Conflict("Some customers of this file are gone or not yours any more: export anew")
    audit.record(session, actor, "download", f"bulk:{run_id}")
    return path, str(found.result["name"])


def forget(session: Session) -> int:
    """Delete files and images whose time is over; from how many runs."""
    old = session.scalars(
        text("SELECT id FROM bulk_runs WHERE forgotten_at IS NULL AND created_at < :since"),
        {"since": clock.now() - timedelta(days=UNDO_DAYS)},
    ).all()
    for table in ("bulk_before", "bulk_errors", "bulk_members"):
        session.execute(
            text(f"DELETE FROM {table} WHERE run_id = ANY(CAST(:old AS bigint[]))"),
            {"old": list(old)},
        )
    session.execute(
        text(
            "UPDATE bulk_runs SET forgotten_at = now(), ids = NULL"
            " WHERE id = ANY(CAST(:old AS bigint[]))"
        ),
        {"old": list(old)},
    )
    _forget_files(session)
    return len(old)


def _forget_files(session: Session) -> None:
    stale = session.scalars(
        text("SELECT result ->> 'path' FROM bulk_runs WHERE result ? 'path'"
             " AND created_at < :since AND created_at > :before"),
        {"since": clock.now() - timedelta(days=FILE_DAYS),
         "before": clock.now() - timedelta(days=2 * UNDO_DAYS)},
    )  # fmt: skip
    for path in stale:
        Path(path).unlink(missing_ok=True)
    files = session.scalars(text("SELECT result ->> 'path' FROM bulk_runs WHERE result ? 'path'"))
    for folder in {Path(path).parent for path in files}:
        # What a killed export left and nobody let go on.
        for draft in folder.glob("*.part.*"):
            if draft.stat().st_mtime < (clock.now() - timedelta(days=1)).timestamp():
                draft.unlink(missing_ok=True)


def _checked(
    session: Session, actor: Actor, actions: Actions, asked: Asked
) -> tuple[Action, dict[str, Any]]:
    actor.require("read", "account")
    action = named(actions, asked.action)
    actor.require(*action.right)
    return action, action.read(session, actor, asked.params)


def _new(
    session: Session,
    actor: Actor,
    action: Action,
    params: dict[str, Any],
    chosen: meant.Meant,
    request: str,
    client_key: str | None,
    fingerprint: str | None,
) -> int | None:
    """The id of a new run; None when one with this key is there."""
    if client_key is not None and not 0 < len(client_key) <= MAX_KEY:
        raise InvalidInput(f"The key of a request has 1 to {MAX_KEY} characters")
    values = {
        "user_id": actor.user_id,
        "action": action.name,
        "params": params,
        "filter": None if chosen.tree is None else dict(chosen.tree),
        "ids": chosen.ids,
        "fingerprint": fingerprint,
        "frozen_at": None,
        "client_key": client_key,
        "request": request,
    }
    return session.execute(
        insert(BulkRun).values(**values).on_conflict_do_nothing().returning(BulkRun.id)
    ).scalar()


def _earlier(session: Session, actor: Actor, client_key: str, request: str) -> BulkRun:
    found = queries.by_key(session, actor, client_key)
    if found is None or found.request != request:
        raise Conflict(f"The key {client_key!r} was used for another bulk action")
    return found


def _held(session: Session, actor: Actor, run_id: int) -> BulkRun:
    queries.get(session, actor, run_id)
    return queries.get_locked(session, run_id)
