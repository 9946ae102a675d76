"""Keeping the figures that orders give an account up to date."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm.customers import scope
from geocrm.db import scoped_sql
from geocrm.sales.models import Order

YEAR = timedelta(days=365)
REFRESH_BLOCK = 50_000  # accounts a transaction
_ALL = "SELECT DISTINCT o.account_id FROM orders o"


def refresh(session: Session, today: date, accounts: str = _ALL) -> int:
    """Set revenue of the last 365 days and last order from the orders; how many changed.

    `accounts` is SQL of our own that yields the ids of the accounts to look at.
    """
    since = today - YEAR
    rows = scoped_sql(
        session,
        f"""
        SELECT i.account_id,
            coalesce(sum(o.amount) FILTER (WHERE o.ordered_on > :since), 0)::float8 AS revenue,
            max(o.ordered_on) AS last_day
        FROM ({accounts}) i(account_id)
        JOIN account_scope s ON s.account_id = i.account_id
        LEFT JOIN orders o ON o.account_id = i.account_id
        WHERE {{scope:s}}
        GROUP BY i.account_id
        """,
        {"since": since},
    )
    return scope.record_sales(session, _figures(rows.all()), since)


def refresh_all(
    transaction: Callable[[], AbstractContextManager[Session]],
    today: date,
    report: Callable[[int, int], None],
) -> int:
    """Refresh every account that has orders, a block a transaction; how many changed.

    For once a day: an order drops out of "the last 365 days" without anybody touching its account.
    """
    changed = 0
    with transaction() as session:
        span = select(func.min(Order.account_id), func.max(Order.account_id))
        first, top = session.execute(span).one()
    last = (first or 0) - 1
    while last < (top or -1):
        block = f"{_ALL} WHERE o.account_id > {last} AND o.account_id <= {last + REFRESH_BLOCK}"
        with transaction() as session:
            changed += refresh(session, today, block)
        last += REFRESH_BLOCK
        report(min(last, top), top)
    return changed


def _figures(rows: Iterable[Any]) -> Iterator[tuple[int, float, date | None]]:
    for row in rows:
        yield row.account_id, row.revenue, row.last_day
