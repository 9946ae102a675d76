"""Tables of bulk actions. A person sees their own runs; the rest is read through a run only."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base

# How long what was there before is kept for an undo, and a file for its download.
UNDO_DAYS: Final = 30
FILE_DAYS: Final = 7


class BulkRun(Base):
    """One bulk action: what was asked, how far it is, what came of it."""

    __tablename__ = "bulk_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    action: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    filter: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # Who was named one by one, until they are members: up to 100,000, so read only when wanted.
    ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger), deferred=True)
    fingerprint: Mapped[str | None]
    # When the members were written down; None while that is still to be done.
    frozen_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="preparing")
    message: Mapped[str] = mapped_column(default="")
    # The same as a sentence with its figures apart, to be said in the reader's language.
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    client_key: Mapped[str | None]
    request: Mapped[str | None]
    total: Mapped[int] = mapped_column(default=0)
    # Members whose change is committed; the run goes on behind them when it was killed.
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    undone: Mapped[int] = mapped_column(default=0)
    spared: Mapped[int] = mapped_column(default=0)
    # The account up to which the undo is committed.
    undo_after: Mapped[int] = mapped_column(BigInteger, default=0)
    # What an action keeps for itself: the audience it made, the file it wrote.
    result: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job_runs.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]

    @property
    def finished(self) -> bool:
        """Whether nothing is going on with it."""
        return self.state in ("done", "failed", "cancelled", "undone")

    @property
    def working_state(self) -> str:
        """The state it has while a worker does what it is for."""
        return "preparing" if self.frozen_at is None else "running"

    @property
    def undo_until(self) -> datetime:
        """When the images go."""
        return self.created_at + timedelta(days=UNDO_DAYS)

    @property
    def file_until(self) -> datetime:
        """When the file goes."""
        return self.created_at + timedelta(days=FILE_DAYS)


class BulkMember(Base):
    """An account that is meant, in its place."""

    __tablename__ = "bulk_members"

    run_id: Mapped[int] = mapped_column(primary_key=True)
    ord: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]


class BulkBefore(Base):
    """How an account was before the run changed it, and whether that was taken back."""

    __tablename__ = "bulk_before"

    run_id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Up to the account `undo_after` of its run, "changed" means taken back.
    outcome: Mapped[str] = mapped_column(default="changed")


class BulkError(Base):
    """An account that was left alone, by the run or by its undo, and why."""

    __tablename__ = "bulk_errors"

    run_id: Mapped[int] = mapped_column(primary_key=True)
    undo: Mapped[bool] = mapped_column(primary_key=True, default=False)
    account_id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
