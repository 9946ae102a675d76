"""Tables of imports. A person sees their own; `import_rows` is read through its import only."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class Import(Base):
    """A file that is or was brought in, how far it is and what came of it."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    # The random name of the copy under var/uploads; None when it came from the command line.
    stored_as: Mapped[str | None]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    columns: Mapped[list[str]] = mapped_column(JSONB, default=list)
    state: Mapped[str] = mapped_column(default="draft")
    message: Mapped[str] = mapped_column(default="")
    notes: Mapped[list[str]] = mapped_column(JSONB, default=list)
    total: Mapped[int | None]
    # Rows whose outcome is committed; the import goes on behind them when it was killed.
    done: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    # Rows that went in, with something the person should know.
    warned: Mapped[int] = mapped_column(default=0)
    undone: Mapped[int] = mapped_column(default=0)
    spared: Mapped[int] = mapped_column(default=0)
    job_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    @property
    def figures(self) -> dict[str, int]:
        """What came of the rows so far, as the command line prints it."""
        return {
            "read": self.done,
            "created": self.created,
            "updated": self.updated,
            "skipped": self.skipped,
            "failed": self.failed,
        }

    @property
    def finished(self) -> bool:
        """Whether nothing is going on with it."""
        return self.state in ("done", "failed", "cancelled", "undone")


class ImportRow(Base):
    """What became of one row."""

    __tablename__ = "import_rows"

    import_id: Mapped[int] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    row_no: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    # The account or order it made or changed, and that record's version afterwards.
    target_id: Mapped[int | None]
    version: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="")
    # Of a row that failed: its cells as they were.
    cells: Mapped[list[Any] | None] = mapped_column(JSONB)
    # Of a record that was changed: how it was before.
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
