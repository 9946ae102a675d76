"""Revenue of the last 365 days moves on with the calendar."""

from datetime import date, timedelta

from sqlalchemy import select

from geocrm.customers.models import AccountScope
from geocrm.db import unit_of_work
from geocrm.sales import service
from geocrm.sales.models import Order
from geocrm.security import OPERATOR

TODAY = date(2026, 6, 1)


def test_an_order_drops_out_of_revenue_when_its_year_is_over(
    session, sessions, add_account, monkeypatch
):
    monkeypatch.setattr(service, "REFRESH_BLOCK", 1)
    buyers = [add_account(revenue=0.0) for _ in range(3)]
    for number, buyer in enumerate(buyers):
        day = TODAY - timedelta(days=100 * number)
        session.add(Order(account_id=buyer.id, ordered_on=day, amount=50))
    session.commit()

    def revenue(today):
        service.refresh_all(lambda: unit_of_work(sessions, OPERATOR), today, lambda *_: None)
        session.expire_all()
        rows = dict(session.execute(select(AccountScope.account_id, AccountScope.revenue)).all())
        return [rows[buyer.id] for buyer in buyers]

    assert revenue(TODAY) == [50, 50, 50]
    assert revenue(TODAY + timedelta(days=200)) == [50, 50, 0]
