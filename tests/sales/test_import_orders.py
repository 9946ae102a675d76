"""Bringing orders in, and what they do to revenue and last order."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from geocrm import clock
from geocrm.customers.models import AccountScope
from geocrm.sales import queries, service
from geocrm.sales.models import Order

TODAY = clock.now().date()
RECENT, OLD = TODAY - timedelta(days=30), TODAY - timedelta(days=500)


@pytest.fixture
def shop(add_account):
    """A customer with an ID and an annual revenue somebody entered."""
    return add_account("Toko Maju", external_id="K1", revenue=900.0)


def figures(session, account):
    session.expire_all()
    return session.execute(
        select(AccountScope.revenue, AccountScope.last_order).where(
            AccountScope.account_id == account.id
        )
    ).one()


def test_orders_make_revenue_and_last_order_real(session, bring_in, shop):
    done = bring_in(
        f"no faktur,tanggal,pelanggan,total\nF1,{RECENT},K1,1000\nF2,{OLD},Toko Maju,5000\n",
        kind="orders",
    )
    assert (done.created, done.failed) == (2, 0)
    assert figures(session, shop) == (1000.0, RECENT)
    assert queries.totals(session, shop.id, TODAY - service.YEAR)[:4] == (2, 6000.0, 1, 1000.0)
    assert [o.external_id for o in queries.orders_of(session, shop.id)] == ["F1", "F2"]


def test_only_old_orders_leave_the_entered_revenue(session, bring_in, shop):
    bring_in(f"id,date,account,amount\nF1,{OLD},K1,5000\n", kind="orders")
    assert figures(session, shop) == (900.0, OLD)


def test_the_same_orders_again_are_not_doubled_with_or_without_numbers(session, bring_in, shop):
    numbered = f"id,date,account,amount\nF1,{RECENT},K1,10\n"
    bare = f"date,account,amount\n{RECENT},K1,20\n{RECENT},K1,20\n"
    for content in (numbered, bare, numbered, bare):
        bring_in(content, kind="orders")
    assert session.scalar(select(func.count(Order.id))) == 3
    assert figures(session, shop).revenue == 50.0


def test_a_changed_order_moves_the_figures_and_undo_moves_them_back(
    session, bring_in, take_back, shop
):
    bring_in(f"id,date,account,amount\nF1,{RECENT},K1,10\n", kind="orders")
    second = bring_in(
        f"id,date,account,amount\nF1,{RECENT},K1,70\nF2,{TODAY},K1,5\n", kind="orders"
    )
    assert figures(session, shop) == (75.0, TODAY)
    assert take_back(second.id) == (2, 0)
    assert figures(session, shop) == (10.0, RECENT)


def test_orders_without_a_customer_or_for_a_name_two_have_fail(bring_in, shop, add_account):
    add_account("Toko Maju")
    done = bring_in(
        f"date,account,amount\n{RECENT},Toko Maju,1\n{RECENT},Nobody,1\n{RECENT},K1,1\n",
        kind="orders",
    )
    assert (done.created, done.failed) == (1, 2)
    assert "2 customers are called 'Toko Maju'" in done.messages[2]
    assert "no customer with the ID or name 'Nobody'" in done.messages[3]


@pytest.mark.parametrize(
    ("day", "amount", "said"),
    [
        ("31/31/2026", "1", "no day of the calendar"),
        ("soon", "1", "'soon' is not a date"),
        ("", "1", "an order needs a date"),
        ("1850-01-01", "1", "too long ago"),
        (str(RECENT), "much", "'much' is not a number"),
        (str(RECENT), "", "an order needs an amount"),
    ],
)
def test_a_bad_order_fails_alone(bring_in, shop, day, amount, said):
    done = bring_in(f"date,account,amount\n{RECENT},K1,1\n{day},K1,{amount}\n", kind="orders")
    assert (done.created, done.failed) == (1, 1)
    assert said in done.messages[3]


def test_days_before_months_or_the_other_way_round_is_read_off_the_column(session, bring_in, shop):
    bring_in("id,date,account,amount\nA,05/02/2026,K1,1\nB,28/02/2026,K1,1\n", kind="orders")
    bring_in("id,date,account,amount\nC,05/02/2026,K1,1\nD,02/28/2026,K1,1\n", kind="orders")
    days = session.execute(select(Order.external_id, Order.ordered_on).order_by(Order.external_id))
    assert [day for _, day in days] == [
        date(2026, 2, 5), date(2026, 2, 28), date(2026, 5, 2), date(2026, 2, 28),
    ]  # fmt: skip


def test_a_managers_orders_reach_only_customers_of_their_branch(
    session, bring_in, add_account, add_user, manager, rep, actor_of
):
    add_account("Mine", owner=rep, external_id="M")
    add_account("Theirs", owner=add_user(), external_id="T")
    done = bring_in(
        f"id,date,account,amount\n1,{RECENT},M,1\n2,{RECENT},T,1\n",
        kind="orders",
        actor=actor_of(manager),
    )
    assert (done.created, done.failed) == (1, 1)
    assert "no customer with the ID or name 'T'" in done.messages[3]
