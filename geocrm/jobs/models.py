"""The table of background jobs as people see them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class JobRun(Base):
    """One piece of background work: who asked, how far it is, what came out."""

    __tablename__ = "job_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(default="waiting")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="")
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    # Renewed while a worker lives; an old one means that the worker died.
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # Counts up when a worker takes the job or a person lets it go on; an older one has no say.
    attempt: Mapped[int] = mapped_column(default=0)
    # Somebody has seen enough: it is to end now with what it has (`Work.ends_early`).
    ends_early: Mapped[bool] = mapped_column(default=False)

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to this job."""
        return self.state in ("done", "failed", "cancelled")
