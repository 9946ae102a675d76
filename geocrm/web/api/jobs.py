"""API of background jobs: how far they are, and stopping them."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel

from geocrm.jobs import JobRun, queries, service
from geocrm.web.access import signed_in
from geocrm.web.words import job_message

bp = APIBlueprint("api_jobs", __name__, url_prefix="/api/v1/jobs", tag="Jobs")


class Job(BaseModel):
    """One piece of background work."""

    id: int
    kind: str
    state: str
    done: int
    total: int | None
    message: str
    result: dict[str, Any] | None


@bp.get("/<int:job_id>")
@bp.output(Job)
@bp.doc(summary="How far a job is", security="token")
@signed_in
def show(job_id: int) -> Job:
    """The job, when it is the asker's own."""
    return _shown(queries.get(g.session, g.actor, job_id))


@bp.post("/<int:job_id>/cancel")
@bp.output(Job)
@bp.doc(summary="Stop a job after the batch at hand", security="token")
@signed_in
def cancel(job_id: int) -> Job:
    """Ask the job to stop."""
    return _shown(service.cancel(g.session, g.actor, job_id))


def _shown(job: JobRun) -> Job:
    return Job(
        id=job.id,
        kind=job.kind,
        state=job.state,
        done=job.done,
        total=job.total,
        message=job_message(job),
        result=job.result if job.state == "done" else None,
    )
