"""Tables of units of one's own making, and of who lies in which."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, scoped


class MadeLevel(Base):
    """A layer of boundaries that somebody made to build plans of."""

    __tablename__ = "made_levels"

    code: Mapped[str] = mapped_column(
        ForeignKey("boundary_layers.code", ondelete="CASCADE"), primary_key=True
    )
    # False while its maker looks at it and has not decided to keep it.
    kept: Mapped[bool] = mapped_column(default=False)
    # How it was asked for; see `making.Wish`.
    wish: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # That its maker saw on this ground.
    customers: Mapped[int]
    # Codes of the administrative units whose customers lie in its units.
    ground: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@scoped(of_visible_account)
class UnitAccount(Base):
    """The unit of a made level that holds an account; kept by triggers (migration 0030)."""

    __tablename__ = "unit_accounts"

    level: Mapped[str] = mapped_column(
        ForeignKey("made_levels.code", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    unit: Mapped[str] = mapped_column(ForeignKey("boundaries.code", ondelete="CASCADE"))
