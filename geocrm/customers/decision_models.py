"""Tables of what people decided about addresses. A person undoes their own decisions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, scoped


class AddressDecision(Base):
    """One decision about one address, or about many at once."""

    __tablename__ = "address_decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    action: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    changed: Mapped[int] = mapped_column(default=0)
    undone_at: Mapped[datetime | None]
    # What became of it when it was undone: restored, or left because it changed meanwhile.
    restored: Mapped[int] = mapped_column(default=0)
    spared: Mapped[int] = mapped_column(default=0)


@scoped(of_visible_account)
class AddressDecisionRow(Base):
    """An address as it was before a decision; it goes when the decision is undone."""

    __tablename__ = "address_decision_rows"

    decision_id: Mapped[int] = mapped_column(
        ForeignKey("address_decisions.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # md5 of the row of `addresses` after the decision.
    after: Mapped[str]
