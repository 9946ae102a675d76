"""Bulk actions in the background: run, undone, forgotten after a while."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.errors import GeoCrmError
from geocrm.jobs import Cancelled, Handler, JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.maps.bulk import engine, queries, service
from geocrm.maps.bulk.action import Actions, Running
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor

RUN: Final = "bulk.run"
UNDO: Final = "bulk.undo"
FORGET: Final = "bulk.forget"


def start(session: Session, actor: Actor, kind: str, found: BulkRun, folder: Path) -> JobRun:
    """Queue the work on a run; when its job rests, let that go on."""
    if kind == RUN and found.job_id is not None and jobs.is_paused(session, actor, found.job_id):
        return jobs.resume(session, actor, found.job_id)
    job = jobs.start(session, actor, kind, {"run_id": found.id, "folder": str(folder)})
    found.job_id = job.id
    return job


def run_with(actions: Actions) -> Handler:
    """The handler that does one of these actions."""
    return _handler(actions, engine.run)


def undo_with(actions: Actions) -> Handler:
    """The handler that takes one of these actions back."""
    return _handler(actions, engine.undo)


def forget(work: Work) -> dict[str, Any]:
    """Delete files and images whose time is over."""
    with work.unit_of_work() as session:
        return {"forgotten": service.forget(session)}


def _handler(actions: Actions, do: Callable[[Actions, Running], None]) -> Handler:
    def handle(work: Work) -> dict[str, Any]:
        run_id = int(work.params["run_id"])
        running = Running(
            run_id,
            work.actor,
            work.unit_of_work,
            lambda done, total: work.report(done, total),
            Path(work.params["folder"]),
        )
        try:
            do(actions, running)
        except Cancelled:
            with work.unit_of_work() as session:
                service.stopped(session, run_id)
            raise
        except GeoCrmError as error:
            with work.unit_of_work() as session:
                service.fail(session, run_id, error)
            raise
        with work.unit_of_work() as session:
            found = queries.get(session, work.actor, run_id)
            return {"changed": found.changed, "failed": found.failed, "undone": found.undone}

    return handle
