"""Address batches and the retention of points, in the background."""

from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.customers import retention
from geocrm.customers.address_batches import engine, queries, service
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.address_batches.online import Online
from geocrm.errors import GeoCrmError
from geocrm.jobs import Handler, JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import Actor

RUN: Final = "addresses.geocode"
FORGET: Final = "addresses.forget_points"


def start(session: Session, actor: Actor, found: AddressBatch) -> JobRun:
    """Queue the work on a batch; when its job rests, let that go on."""
    if found.job_id is not None and jobs.is_paused(session, actor, found.job_id):
        return jobs.resume(session, actor, found.job_id)
    job = jobs.start(session, actor, RUN, {"batch_id": found.id})
    found.job_id = job.id
    return job


def run_with(online: Online) -> Handler:
    """The handler of batches, which asks these services."""

    def run(work: Work) -> dict[str, Any]:
        batch_id = int(work.params["batch_id"])
        try:
            engine.run(
                work.unit_of_work,
                work.sessions,
                batch_id,
                online,
                lambda done, total: work.report(done, total),
            )
        except GeoCrmError as error:
            with work.unit_of_work() as session:
                service.fail(session, batch_id, str(error))
            raise
        with work.unit_of_work() as session:
            found = queries.get(session, work.actor, batch_id)
            return {"moved": found.moved, "spared": found.spared, "grades": found.grades}

    return run


def forget_points(work: Work) -> dict[str, Any]:
    """Take away the points that may not be kept any longer, and look those addresses up here."""
    return {"forgotten": retention.forget_points(work.unit_of_work, work.report)}
