"""The table of orders; an order is seen by whoever sees its account."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, scoped


@scoped(of_visible_account)
class Order(Base):
    """Something an account bought on a day."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    external_id: Mapped[str | None]
    ordered_on: Mapped[date]
    amount: Mapped[float] = mapped_column(Numeric(18, 2, asdecimal=False))
    currency: Mapped[str] = mapped_column(default="IDR")
    import_id: Mapped[int | None]
    # Counts up with every change by an import; an undo spares what changed since.
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
