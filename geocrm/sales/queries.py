"""Reads of orders. Each function is one round trip; an order is seen with its account."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm.sales.models import Order


class Totals(NamedTuple):
    """What an account bought: in all and since a day."""

    orders: int
    amount: float
    recent_orders: int
    recent_amount: float
    first_on: date | None
    last_on: date | None


def orders_of(session: Session, account_id: int, limit: int = 50) -> Sequence[Order]:
    """The account's newest orders; none when the account is not visible."""
    return session.scalars(
        select(Order)
        .where(Order.account_id == account_id)
        .order_by(Order.ordered_on.desc(), Order.id.desc())
        .limit(limit)
    ).all()


def totals(session: Session, account_id: int, since: date) -> Totals:
    """What the account bought in all, and since the day (inclusive)."""
    recent = Order.ordered_on >= since
    row = session.execute(
        select(
            func.count(Order.id),
            func.coalesce(func.sum(Order.amount), 0),
            func.count(Order.id).filter(recent),
            func.coalesce(func.sum(Order.amount).filter(recent), 0),
            func.min(Order.ordered_on),
            func.max(Order.ordered_on),
        ).where(Order.account_id == account_id)
    ).one()
    return Totals(int(row[0]), float(row[1]), int(row[2]), float(row[3]), row[4], row[5])
