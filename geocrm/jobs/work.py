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


@dataclass(frozen=True, slots=True)
class Work:
    """A job in progress: its parameters, its actor, and the ways to write and to report."""

    job_id: int
    actor: Actor
    sessions: sessionmaker[Session]
    params: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """One batch: committed as a whole or not at all, narrowed to the job's actor."""
        with unit_of_work(self.sessions, self.actor) as session:
            yield session

    def report(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the job is; raises Cancelled when the person has cancelled it."""
        with unit_of_work(self.sessions, self.actor) as session:
            state = session.execute(
                text(
                    "UPDATE job_runs SET done = :done, total = coalesce(:total, total),"
                    " message = :message, beat_at = now() WHERE id = :id RETURNING state"
                ),
                {"done": done, "total": total, "message": message, "id": self.job_id},
            ).scalar_one()
        if state == "cancelled":
            raise Cancelled


Handler = Callable[[Work], dict[str, Any]]
