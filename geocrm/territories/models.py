"""Tables of territories.

A plan divides ground into territories: it maps the units of one boundary level (regencies,
counties) to them. Only while it is being planned can it be changed. Of each type one plan is live;
that of `LEADING` decides which territory an account lies in (`account_scope.territory_id`). What
was live before is archived. What happens to a plan and to accounts is in `life_models`.
"""

import enum
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class Measure(enum.StrEnum):
    """What a plan can share out evenly, beside numbers out of a file."""

    ACCOUNTS = "accounts"
    # Placed within the last 365 days.
    ORDERS = "orders"
    REVENUE = "revenue"
    POPULATION = "population"
    # Hours a year of visits and of the travel between them.
    WORKLOAD = "workload"


class PlanState(enum.StrEnum):
    """Where a plan is in its life."""

    PLANNING = "planning"
    REVIEW = "review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    LIVE = "live"
    ARCHIVED = "archived"


# The type whose live plan decides who sees an account; the others say who serves it besides.
LEADING: Final = "sales"


class MemberRole(enum.StrEnum):
    """What somebody does in a territory."""

    REP = "rep"
    MANAGER = "manager"


class PlanType(Base):
    """What a plan divides the ground for: sales, service, ..."""

    __tablename__ = "territory_types"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_id: Mapped[str]
    # 1 comes first and is sales.
    priority: Mapped[int]

    def name(self, locale: str) -> str:
        """What people call it in the language."""
        return self.name_id if locale == "id" else self.name_en


class Plan(Base):
    """A division of ground into territories."""

    __tablename__ = "territory_plans"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    type: Mapped[str] = mapped_column(ForeignKey("territory_types.code"), default=LEADING)
    # The boundary level of its units, and the unit they all lie in; None for the whole level.
    level: Mapped[str] = mapped_column(ForeignKey("boundary_layers.code"))
    within: Mapped[str | None]
    # A `Measure` or the name of numbers out of a file; of a mixture the one in whose scale it is
    # shown. The rest of what is balanced is in params["balance"]: see `balance.Balance.of_plan`.
    measure: Mapped[str]
    tolerance: Mapped[float]
    seed: Mapped[int] = mapped_column(default=1)
    # How the solver was asked and what it reached, for the record.
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    state: Mapped[str] = mapped_column(default=PlanState.PLANNING.value)
    # The day on which a scheduled plan goes live, or the live one was to.
    effective_on: Mapped[date | None]
    # Counts up with every change; tells who saved first.
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    live_from: Mapped[datetime | None]
    live_to: Mapped[datetime | None]


class Territory(Base):
    """A piece of ground and the people responsible for it; territories of a plan form a tree."""

    __tablename__ = "territories"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("territory_plans.id", ondelete="CASCADE"))
    # 1, 2, ... within the plan; what people and the command line call it by.
    number: Mapped[int]
    name: Mapped[str]
    # Index into the palette (static/js/lib/palette.js).
    colour: Mapped[int] = mapped_column(default=0)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("territories.id"))
    # The number that accounts carry for it: that of the territory it was made from, once live its
    # own. While the plan is live it is the id.
    lineage: Mapped[int | None]


class TerritoryMember(Base):
    """Somebody who works in a territory from a day to a day, itself included.

    On those days they see its accounts while its plan is live. No first day: from the day the plan
    goes live; no last day: until it ends.
    """

    __tablename__ = "territory_members"

    id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int] = mapped_column(ForeignKey("territories.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(default=MemberRole.REP.value)
    from_day: Mapped[date | None]
    to_day: Mapped[date | None]


class TerritoryUnit(Base):
    """A boundary unit and the territory it belongs to in a plan."""

    __tablename__ = "territory_units"

    plan_id: Mapped[int] = mapped_column(
        ForeignKey("territory_plans.id", ondelete="CASCADE"), primary_key=True
    )
    unit: Mapped[str] = mapped_column(
        ForeignKey("boundaries.code", ondelete="CASCADE"), primary_key=True
    )
    territory_id: Mapped[int] = mapped_column(ForeignKey("territories.id", ondelete="CASCADE"))


class Activation(Base):
    """One go-live of a plan, and whether it was taken back."""

    __tablename__ = "territory_activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("territory_plans.id"))
    previous_plan_id: Mapped[int | None] = mapped_column(ForeignKey("territory_plans.id"))
    # How many accounts changed hands.
    accounts: Mapped[int] = mapped_column(default=0)
    activated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    activated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    undone_at: Mapped[datetime | None]
