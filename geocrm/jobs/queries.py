"""Reads of background jobs."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.jobs.models import JobRun
from geocrm.security import Actor


def get(session: Session, actor: Actor, job_id: int) -> JobRun:
    """The job, or NotFound, also when somebody else started it."""
    found = session.get(JobRun, job_id, populate_existing=True)
    if found is None or not (actor.sees_all or found.user_id == actor.user_id):
        raise NotFound(f"No job {job_id}")
    return found


def get_locked(session: Session, actor: Actor, job_id: int) -> JobRun:
    """The job as it stands, held until the transaction ends; NotFound as from `get`."""
    get(session, actor, job_id)
    return session.scalars(
        select(JobRun).where(JobRun.id == job_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()


def unfinished(session: Session, actor: Actor, kind: str) -> Sequence[JobRun]:
    """The actor's own jobs of a kind that go on, the newest first."""
    return session.scalars(
        select(JobRun)
        .where(JobRun.user_id == actor.user_id, JobRun.kind == kind)
        .where(JobRun.state.in_(("waiting", "running")))
        .order_by(JobRun.id.desc())
    ).all()


def recent(session: Session, actor: Actor, limit: int = 20) -> Sequence[JobRun]:
    """The actor's newest jobs."""
    return session.scalars(
        select(JobRun)
        .where(JobRun.user_id == actor.user_id)
        .order_by(JobRun.id.desc())
        .limit(limit)
    ).all()
