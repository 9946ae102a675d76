"""The process that runs background jobs."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from geocrm.jobs import queue, service
from geocrm.jobs.work import Handler
from geocrm.security import Actor

REAP_EVERY_S = 20
log = logging.getLogger(__name__)


def run_forever(
    conninfo: str,
    sessions: sessionmaker[Session],
    handlers: Mapping[str, Handler],
    actor_of: Callable[[Session, int | None], Actor],
    *,
    wait: bool = True,
    concurrency: int = 2,
    daily: Collection[str] = (),
    upkeep: Callable[[Session], object] = lambda _session: None,
) -> None:
    """Work until told to stop; with `wait=False` until the queue is empty.

    `concurrency` jobs run at once; `conninfo` is a libpq connection string of the database that
    `sessions` use; `daily` names kinds of jobs that are started once in 24 hours; `upkeep` is done
    every few seconds, in a transaction of its own.
    """
    stop = threading.Event()
    reaper = threading.Thread(target=_reap_until, args=(stop, sessions, daily, upkeep), daemon=True)
    reaper.start()
    app = queue.worker_app(
        conninfo, lambda job_id: service.run(sessions, handlers, actor_of, job_id)
    )
    try:
        app.run_worker(wait=wait, concurrency=concurrency, delete_jobs="successful", name="geocrm")
    finally:
        stop.set()


def _reap_until(
    stop: threading.Event,
    sessions: sessionmaker[Session],
    daily: Collection[str],
    upkeep: Callable[[Session], object],
) -> None:
    while True:
        try:
            with sessions.begin() as session:
                rescued = service.reap(session)
                service.start_daily(session, daily)
            if rescued:
                log.warning("Took up again jobs whose worker died: %s", rescued)
            with sessions.begin() as session:
                upkeep(session)
        except OperationalError:
            log.warning("The database does not answer; trying again in %s s", REAP_EVERY_S)
        if stop.wait(REAP_EVERY_S):
            return
