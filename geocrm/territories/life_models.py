"""Tables of what happens to plans and accounts over time: steps, words, challenges, history."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, func, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, RowCriterion, scoped


class PlanEvent(Base):
    """A step in the life of a plan, or something said about it. Written once, never changed."""

    __tablename__ = "territory_plan_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("territory_plans.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # None is the operator, or the clock.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    step: Mapped[str]
    # Of the plan after the step.
    state: Mapped[str]
    comment: Mapped[str] = mapped_column(default="")


@scoped(of_visible_account)
class AssignmentChange(Base):
    """An account got another territory or owner; written by a trigger, never changed."""

    __tablename__ = "assignment_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    # The account it speaks of: another one in rows that a merge brought along.
    written_for: Mapped[int]
    changed_at: Mapped[datetime]
    # As `Territory.lineage`.
    territory_before: Mapped[int | None]
    territory_after: Mapped[int | None]
    owner_before: Mapped[int]
    owner_after: Mapped[int]
    # The go-live that caused it, for taking it back.
    activation_id: Mapped[int | None]


def _nobodys(_owner_ids: list[int], _territory_ids: list[int]) -> RowCriterion:
    return lambda _cls: literal(False)


@scoped(_nobodys)
class AssignmentBatch(Base):
    """Accounts of an owner that changed territory together; written by a trigger, never changed.

    With the rows of `AssignmentChange` these are the whole history, in the order of their ids;
    `history.CHANGES` reads both, account by account. For itself a person sees no batch.
    """

    __tablename__ = "assignment_batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    activation_id: Mapped[int | None]
    changed_at: Mapped[datetime]
    territory_before: Mapped[int | None]
    territory_after: Mapped[int | None]
    owner_id: Mapped[int]
    account_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class ChallengeState(enum.StrEnum):
    """What became of a challenge."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


def _from_ones_people(owner_ids: list[int], _territory_ids: list[int]) -> RowCriterion:
    return lambda cls: cls.user_id.in_(owner_ids)


@scoped(_from_ones_people)
class Challenge(Base):
    """Somebody would have a unit or an account elsewhere than the next plan puts it, and says why.

    Seen by them and by everybody they report to.
    """

    __tablename__ = "territory_challenges"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("territory_plans.id", ondelete="CASCADE"))
    unit: Mapped[str | None] = mapped_column(ForeignKey("boundaries.code", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    # The number of the territory in which they would have it.
    wanted: Mapped[int | None]
    reason: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(default=ChallengeState.OPEN.value)
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    answered_at: Mapped[datetime | None]
