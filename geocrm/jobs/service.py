"""Starting, running, pausing, cancelling and rescuing background jobs."""

import logging
import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from geocrm import clock
from geocrm.errors import Conflict, GeoCrmError
from geocrm.jobs import queries, queue
from geocrm.jobs.models import JobRun
from geocrm.jobs.work import Cancelled, Handler, Later, Paused, Superseded, Work
from geocrm.security import OPERATOR, Actor

BEAT_S = 10
_DAILY_LOCK = 0x0DA1
STALLED_S = 60  # six missed beats: the worker is dead, not slow
log = logging.getLogger(__name__)


def start(session: Session, actor: Actor, kind: str, params: Mapping[str, Any]) -> JobRun:
    """Queue a job in the session's transaction; a worker picks it up once that commits."""
    job = JobRun(kind=kind, user_id=actor.user_id, params=dict(params))
    session.add(job)
    session.flush()  # the queue entry names the id
    queue.enqueue(session.connection(), job.id)
    return job


def start_daily(session: Session, kinds: Collection[str]) -> list[int]:
    """Queue each kind that was not started in the last 24 hours; the ids of what was queued.

    Several workers may ask at once: one of them starts it.
    """
    free = session.execute(text(f"SELECT pg_try_advisory_xact_lock({_DAILY_LOCK})")).scalar_one()
    started = []
    for kind in kinds if free else ():
        since = text("now() - interval '24 hours'")
        recent = select(JobRun.id).where(JobRun.kind == kind, JobRun.created_at > since).limit(1)
        if session.scalar(recent) is None:
            started.append(start(session, OPERATOR, kind, {}).id)
    return started


def cancel(session: Session, actor: Actor, job_id: int) -> JobRun:
    """Ask a job to stop; it does so after the batch at hand."""
    job = queries.get_locked(session, actor, job_id)
    if not job.finished:
        if job.state != "running":
            job.finished_at = clock.now()
        job.state = "cancelled"
    return job


def end_early(session: Session, actor: Actor, job_id: int) -> JobRun:
    """Ask a running job to end now and keep what it has; its handler decides what that is."""
    job = queries.get_locked(session, actor, job_id)
    if job.state != "running":
        raise Conflict(
            "There is nothing to keep: job {number} is not running ({state})",
            number=str(job_id),
            state=job.state,
        )
    job.ends_early = True
    return job


def pause(session: Session, actor: Actor, job_id: int) -> JobRun:
    """Ask a job to rest after the batch at hand, until somebody resumes it."""
    job = queries.get_locked(session, actor, job_id)
    if job.finished:
        raise Conflict(
            "Job {number} has ended already ({state})", number=str(job_id), state=job.state
        )
    job.state = "paused"
    return job


def is_paused(session: Session, actor: Actor, job_id: int) -> bool:
    """Whether the job rests until somebody resumes it."""
    return queries.get(session, actor, job_id).state == "paused"


def has_ended(session: Session, actor: Actor, job_id: int) -> bool:
    """Whether nothing more will happen to the job."""
    return queries.get(session, actor, job_id).finished


def resume(session: Session, actor: Actor, job_id: int) -> JobRun:
    """Queue a paused job again; a worker that is still about to rest has no say any more."""
    job = queries.get_locked(session, actor, job_id)
    if job.state != "paused":
        raise Conflict("Job {number} is not paused ({state})", number=str(job_id), state=job.state)
    job.state, job.beat_at = "waiting", None
    job.attempt += 1
    session.flush()
    queue.enqueue(session.connection(), job.id)
    return job


def run(
    sessions: sessionmaker[Session],
    handlers: Mapping[str, Handler],
    actor_of: Callable[[Session, int | None], Actor],
    job_id: int,
) -> None:
    """Run one queued job to its end and write down what came of it.

    Nothing happens when another worker has the job or it is finished already, so that a queue which
    delivers twice does no harm.
    """
    with sessions.begin() as session:
        claimed = session.execute(_CLAIM, {"id": job_id, "stalled": STALLED_S}).one_or_none()
        if claimed is None:
            return
        actor = actor_of(session, claimed.user_id)
    work = Work(job_id, actor, sessions, claimed.params, claimed.attempt)
    with _beating(sessions, job_id):
        outcome = _outcome(handlers[claimed.kind], work)
    with sessions.begin() as session:
        job = session.scalars(
            select(JobRun).where(JobRun.id == job_id).with_for_update()
        ).one_or_none()
        if job is not None and job.attempt == work.attempt:
            _write_down(session, job, outcome)


class _Outcome(NamedTuple):
    state: str
    message: str = ""
    result: dict[str, Any] | None = None
    again_in_s: float = 0.0


def _write_down(session: Session, job: JobRun, outcome: _Outcome) -> None:
    job.message = outcome.message or job.message
    if outcome.state in ("paused", "waiting"):
        # A person may have cancelled or paused it meanwhile; that stands.
        if outcome.state == "waiting" and job.state == "running":
            job.state, job.beat_at = "waiting", None
            queue.enqueue(session.connection(), job.id, math.ceil(outcome.again_in_s))
        if job.state != "cancelled":
            return
        outcome = _Outcome("cancelled")
    job.state, job.result = outcome.state, outcome.result
    job.finished_at = session.execute(text("SELECT now()")).scalar_one()


def _outcome(handler: Handler, work: Work) -> _Outcome:
    try:
        return _Outcome("done", result=handler(work))
    except Cancelled:
        return _Outcome("cancelled")
    except (Paused, Superseded):
        return _Outcome("paused")
    except Later as wish:
        return _Outcome("waiting", wish.message, again_in_s=wish.seconds)
    except GeoCrmError as error:
        return _Outcome("failed", str(error), {"problem": error.phrase.kept()})
    except Exception:  # whatever broke, the person who waits must learn that it did
        log.exception("Job %s failed", work.job_id)
        return _Outcome(
            "failed", "Something went wrong on our side; the log of the worker says what"
        )


@contextmanager
def _beating(sessions: sessionmaker[Session], job_id: int) -> Iterator[None]:
    finished = threading.Event()

    def beat() -> None:
        while not finished.wait(BEAT_S):
            with sessions.begin() as session:
                session.execute(
                    text("UPDATE job_runs SET beat_at = now() WHERE id = :id"), {"id": job_id}
                )

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def reap(session: Session) -> list[int]:
    """Queue again every job whose worker died; the ids of those rescued."""
    rescued = list(session.execute(_STALLED, {"stalled": STALLED_S}).scalars())
    for job_id in rescued:
        queue.enqueue(session.connection(), job_id)
    return rescued


_CLAIM = text(
    "UPDATE job_runs SET state = 'running', started_at = coalesce(started_at, now()),"
    " beat_at = now(), attempt = attempt + 1"
    " WHERE id = :id AND (state = 'waiting' OR (state = 'running'"
    " AND beat_at < now() - make_interval(secs => :stalled)))"
    " RETURNING kind, user_id, params, attempt"
)

# Running without a beat, or waiting although the queue has forgotten it; never one that is paused.
_STALLED = text(
    "UPDATE job_runs r SET state = 'waiting', beat_at = NULL"
    " WHERE (r.state = 'running' AND r.beat_at < now() - make_interval(secs => :stalled))"
    " OR (r.state = 'waiting' AND r.created_at < now() - make_interval(secs => :stalled)"
    "     AND NOT EXISTS (SELECT FROM procrastinate_jobs q WHERE q.status = 'todo'"
    "                     AND (q.args->>'job_id')::bigint = r.id))"
    " RETURNING r.id"
)
