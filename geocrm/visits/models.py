"""Tables of visit plans: a rep's day, its stops, and who was left out."""

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, RowCriterion, scoped


class Outcome(enum.StrEnum):
    """What came of a visit."""

    DONE = "done"
    NOBODY = "nobody"
    POSTPONED = "postponed"


class PlanState(enum.StrEnum):
    """Whether a plan is the one that holds for its day."""

    LIVE = "live"
    REPLACED = "replaced"


def _of_visible_rep(owner_ids: list[int], _territory_ids: list[int]) -> RowCriterion:
    return lambda cls: cls.user_id.in_(owner_ids)


@scoped(_of_visible_rep)
class VisitPlan(Base):
    """One rep's day; at most one live plan a rep and day. Times are seconds since midnight."""

    __tablename__ = "visit_plans"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    day: Mapped[date]
    state: Mapped[str] = mapped_column(default=PlanState.LIVE.value)
    timezone: Mapped[str]
    start_lon: Mapped[float]
    start_lat: Mapped[float]
    start_kind: Mapped[str]
    end_lon: Mapped[float]
    end_lat: Mapped[float]
    end_kind: Mapped[str]
    shift_start_s: Mapped[int]
    shift_end_s: Mapped[int]
    visit_s: Mapped[int]
    seed: Mapped[int]
    leave_s: Mapped[float]
    return_s: Mapped[float]
    drive_s: Mapped[float]
    distance_m: Mapped[float]
    travel_times: Mapped[str] = mapped_column(default="estimate")
    # How many more customers are due than were looked at for this day.
    due_beyond: Mapped[int] = mapped_column(default=0)
    # Counts up with every plan made anew for the same day.
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@scoped(of_visible_account)
class VisitStop(Base):
    """A visit of a plan, in its order, and what came of it."""

    __tablename__ = "visit_stops"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("visit_plans.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    position: Mapped[int]
    lon: Mapped[float]
    lat: Mapped[float]
    arrive_s: Mapped[float]
    depart_s: Mapped[float]
    wait_s: Mapped[float]
    drive_s: Mapped[float]
    distance_m: Mapped[float]
    # The customer's own window of this day, where one was given.
    open_s: Mapped[float | None]
    close_s: Mapped[float | None]
    # Why this customer, and why now: {"kind": "due", "days": 74, "every": 30}.
    why: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[str | None]
    outcome_at: Mapped[datetime | None]
    outcome_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    postponed_to: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    client_id: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    visited_before: Mapped[date | None]


@scoped(of_visible_account)
class VisitUnplanned(Base):
    """A customer who was wanted and left out, and why."""

    __tablename__ = "visit_unplanned"

    plan_id: Mapped[int] = mapped_column(
        ForeignKey("visit_plans.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int]
    reason: Mapped[str]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
