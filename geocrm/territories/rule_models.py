"""Tables of the rules that give accounts a territory where the ground does not decide."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, scoped


class Rule(Base):
    """Accounts for which all conditions given hold go to a territory, wherever they lie.

    Of two rules that hold, the one with the lower priority number wins.
    """

    __tablename__ = "territory_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    priority: Mapped[int]
    # The territory's name, so that the rule outlives the plan that is live.
    territory: Mapped[str]
    # Only accounts in `RuleAccount`.
    named: Mapped[bool] = mapped_column(default=False)
    segments: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    # Any of these; industries and channels are kept as tags.
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    # Of the annual revenue somebody entered.
    min_revenue: Mapped[float | None]
    # Only accounts that lie in it.
    unit: Mapped[str | None] = mapped_column(ForeignKey("boundaries.code", ondelete="CASCADE"))
    active: Mapped[bool] = mapped_column(default=True)
    # Counts up with every change; tells who saved first.
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


@scoped(of_visible_account)
class RuleAccount(Base):
    """An account that a rule names."""

    __tablename__ = "territory_rule_accounts"

    rule_id: Mapped[int] = mapped_column(
        ForeignKey("territory_rules.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
