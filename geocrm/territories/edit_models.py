"""Tables of changes to plans: the saved steps, their units, and who has a plan open."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class PlanEdit(Base):
    """One saved step of a plan, and the version of the plan that it made."""

    __tablename__ = "territory_edits"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("territory_plans.id", ondelete="CASCADE"))
    version: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime]
    # How many units moved.
    units: Mapped[int]
    # Territories that came or went: [{"number", "name", "colour"}].
    added: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    removed: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)


class PlanEditUnit(Base):
    """A unit that a step moved, by the numbers of its territories; None is no territory."""

    __tablename__ = "territory_edit_units"

    edit_id: Mapped[int] = mapped_column(
        ForeignKey("territory_edits.id", ondelete="CASCADE"), primary_key=True
    )
    unit: Mapped[str] = mapped_column(primary_key=True)
    before: Mapped[int | None]
    after: Mapped[int | None]


class PlanPresence(Base):
    """A page on which somebody has a plan open."""

    __tablename__ = "territory_presence"

    plan_id: Mapped[int] = mapped_column(
        ForeignKey("territory_plans.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    tab: Mapped[str] = mapped_column(primary_key=True)
    unsaved: Mapped[int]
    seen_at: Mapped[datetime]
