"""Tables of address batches."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm import clock
from geocrm.db import Base


class AddressBatch(Base):
    """One batch: what was chosen, how far it is, what came of it."""

    __tablename__ = "address_batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    choice: Mapped[str]
    # Whether services in the network are asked about what the local steps leave coarse.
    online: Mapped[bool] = mapped_column(default=False)
    # The country of addresses that name none.
    country: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")
    message: Mapped[str] = mapped_column(default="")
    stage: Mapped[str] = mapped_column(default="list")
    # When the stage began or went on, and how many look-ups it had done then.
    stage_at: Mapped[datetime] = mapped_column(server_default=func.now())
    stage_from: Mapped[int] = mapped_column(default=0)
    addresses: Mapped[int] = mapped_column(default=0)
    lookups: Mapped[int] = mapped_column(default=0)
    # Items whose local answer is committed; the batch goes on behind them.
    local_done: Mapped[int] = mapped_column(default=0)
    online_total: Mapped[int] = mapped_column(default=0)
    online_done: Mapped[int] = mapped_column(default=0)
    # Addresses that got a new point; that were edited, pinned, given away or deleted meanwhile;
    # that a person is asked about.
    moved: Mapped[int] = mapped_column(default=0)
    spared: Mapped[int] = mapped_column(default=0)
    reviews: Mapped[int] = mapped_column(default=0)
    # Look-ups by the grade of their answer.
    grades: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    # When services that are limited or broken can be asked again.
    resume_at: Mapped[datetime | None]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job_runs.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to this batch."""
        return self.state in ("done", "cancelled")

    @property
    def done(self) -> int:
        """Look-ups made, local and online."""
        return self.local_done + self.online_done

    @property
    def total(self) -> int:
        """Look-ups to make; those online are known once the local ones are made."""
        return self.lookups + self.online_total

    def lookups_per_s(self, now: datetime) -> float | None:
        """How fast the stage at hand goes, once there is something to tell it by."""
        passed_s = (now - self.stage_at).total_seconds()
        made = (self.online_done if self.stage == "online" else self.local_done) - self.stage_from
        return made / passed_s if self.state == "running" and made > 0 and passed_s > 0 else None

    def seconds_left(self, now: datetime) -> float | None:
        """How long the stage at hand will take from here, at the rate it has gone so far."""
        rate = self.lookups_per_s(now)
        if rate is None:
            return None
        left = (
            self.online_total - self.online_done
            if self.stage == "online"
            else self.lookups - self.local_done
        )
        return left / rate

    def begin_stage(self, stage: str) -> None:
        """Go over to a stage, or go on with it: the rate counts from here."""
        self.stage, self.stage_at = stage, clock.now()
        self.stage_from = self.online_done if stage == "online" else self.local_done


class AddressBatchItem(Base):
    """One address of a batch, as it was when the batch began, with all accounts that have it."""

    __tablename__ = "address_batch_items"

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("address_batches.id", ondelete="CASCADE"), primary_key=True
    )
    item: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    account_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    state: Mapped[str] = mapped_column(default="waiting")
    # Of the local answer: its grade, how many addresses it moved, how many a person is asked about.
    grade: Mapped[str | None]
    moved: Mapped[int] = mapped_column(default=0)
    reviews: Mapped[int] = mapped_column(default=0)
