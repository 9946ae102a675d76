"""What a handler of a job is given."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from geocrm.db import unit_of_work
from geocrm.security import Actor


class Cancelled(Exception):
    """The person cancelled the job; what was committed stays."""


class Paused(Exception):
    """The person paused the job; it goes on from here when they say so."""


class Superseded(Exception):
    """Another worker has taken the job over, so this one leaves it alone."""


class Later(Exception):
    """The job cannot go on now: a worker is to take it up again after `seconds`."""

    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.message = message


@dataclass(frozen=True, slots=True)
class Work:
    """A job in progress: its parameters, its actor, and the ways to write and to report."""

    job_id: int
    actor: Actor
    sessions: sessionmaker[Session]
    params: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 0

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """One batch: committed as a whole or not at all, narrowed to the job's actor."""
        with unit_of_work(self.sessions, self.actor) as session:
            yield session

    def report(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the job is.

        Raises Cancelled or Paused when the person wants that, Superseded when it is no longer ours.
        """
        with unit_of_work(self.sessions, self.actor) as session:
            state, attempt = session.execute(
                text(
                    "UPDATE job_runs SET done = :done, total = coalesce(:total, total),"
                    " message = :message, beat_at = now() WHERE id = :id RETURNING state, attempt"
                ),
                {"done": done, "total": total, "message": message, "id": self.job_id},
            ).one()
        if attempt != self.attempt:
            raise Superseded
        if state in _STOPS:
            raise _STOPS[state]

    def ends_early(self) -> bool:
        """Whether the person wants it to end now and keep what it has."""
        with unit_of_work(self.sessions, self.actor) as session:
            asked = text("SELECT ends_early FROM job_runs WHERE id = :id")
            return bool(session.execute(asked, {"id": self.job_id}).scalar_one())


_STOPS: Mapping[str, type[Exception]] = {"cancelled": Cancelled, "paused": Paused}
Handler = Callable[[Work], dict[str, Any]]
