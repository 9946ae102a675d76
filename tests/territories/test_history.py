"""What was true on a past day, against a replay of everything that happened."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text, update

from geocrm import clock
from geocrm.customers.models import Account, AccountScope
from geocrm.errors import InvalidInput, NotFound
from geocrm.sales import crediting
from geocrm.sales.models import Order
from geocrm.security import OPERATOR
from geocrm.territories import activation, history, members, service
from geocrm.territories.life_models import AssignmentBatch, AssignmentChange
from geocrm.territories.models import Activation, MemberRole
from tests.territories.conftest import code

START = date(2026, 3, 1)
NOON = timedelta(hours=5)  # in UTC


@pytest.fixture
def on(session, monkeypatch):
    """Let what happens next happen at noon of a day of March 2026, in Jakarta."""
    noted: set[int] = set()

    def set_to(day: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, day, 5, tzinfo=UTC))

    def settle() -> None:
        """Date what was written since at the present moment."""
        session.flush()
        for kind in (AssignmentChange, AssignmentBatch):
            for change in session.scalars(select(kind).where(kind.id.not_in(noted))):
                change.changed_at = clock.now()
                noted.add(change.id)
        recent = Activation.activated_at > datetime(2026, 6, 1, tzinfo=UTC)
        session.execute(update(Activation).where(recent).values(activated_at=clock.now()))
        session.commit()

    set_to.settle = settle
    return set_to


def give(session, account, owner) -> None:
    session.execute(
        update(AccountScope).where(AccountScope.account_id == account.id).values(owner_id=owner.id)
    )


def born(session, day: int) -> None:
    session.execute(update(Account).values(created_at=datetime(2026, 3, day, tzinfo=UTC)))


def test_every_day_is_as_a_replay_says(session, actor, add_plan, add_account, add_user, on):
    """Owners change, plans go live and back, ground moves: on each day the same as noted then."""
    rng = random.Random(7)
    people = [add_user() for _ in range(4)]
    accounts = [add_account(unit=code(name), owner=people[0]) for name in ("a1", "b2", "c3", "d4")]
    on(1)
    born(session, 1)
    on.settle()
    plans = [add_plan(f"Plan {n}", count=2 + n) for n in range(3)]
    noted: dict[date, list[tuple]] = {}
    live: list[int] = []
    for day in range(1, 25):
        on(day)
        for _ in range(rng.randrange(3)):
            give(session, rng.choice(accounts), rng.choice(people))
        if day % 6 == 2 and plans:
            plan = plans.pop()
            activation.activate(session, actor, plan.id)
            live.append(plan.id)
        elif day % 6 == 5:
            copy = service.copy(session, actor, live[-1])
            service.move_units(
                *(session, actor, copy.id, None),
                [service.Move(code(rng.choice(["a1", "b2", "c3"])), 1)],
                splits_allowed=True,
            )
            activation.activate(session, actor, copy.id)
            live.append(copy.id)
        elif day == 16:
            activation.undo(session, actor, live.pop())
            session.execute(
                text("UPDATE territory_activations SET undone_at = :now WHERE undone_at IS NOT"
                     " NULL"), {"now": clock.now()}
            )  # fmt: skip
        on.settle()
        session.expire_all()
        noted[date(2026, 3, day)] = state_now(session)
    on(28)
    for day, then in noted.items():
        assert state_on(session, accounts, day) == then, day


def state_now(session) -> list[tuple]:
    names = {t.id: t.name for t in session.scalars(select(activation.queries.Territory))}
    rows = session.execute(select(AccountScope.account_id, AccountScope.territory_id,
                                  AccountScope.owner_id))  # fmt: skip
    people = dict(session.execute(select(activation.queries.User.id,
                                         activation.queries.User.name)).all())  # fmt: skip
    return sorted((a, names.get(t, ""), people[o]) for a, t, o in rows)


def state_on(session, accounts, day) -> list[tuple]:
    found = [history.account_on(session, account.id, day) for account in accounts]
    return sorted((one.id, one.territory.name, one.owner) for one in found)


def test_people_of_a_territory_are_those_of_the_day(
    session, actor, add_plan, add_account, add_user, on
):
    old, new = add_user(), add_user()
    account = add_account(unit=code("a1"))
    on(1)
    born(session, 1)
    plan = add_plan(count=1, people={1: [old]})
    activation.activate(session, actor, plan.id)
    on.settle()
    on(10)
    members.set_members(session, actor, plan.id, None, 1, {new.id: MemberRole.REP})
    on.settle()
    for day, person in [(9, old), (10, new)]:
        then = history.account_on(session, account.id, date(2026, 3, day))
        assert then.territory.people == (person.name,)
        assert history.unit_on(session, code("a1"), date(2026, 3, day)).people == (person.name,)
    on(12)
    assert history.unit_on(session, code("a1"), date(2026, 2, 27)).id is None


def test_revenue_is_credited_to_who_had_the_account_on_the_day(session, add_account, add_user, on):
    first, second = add_user(name="First"), add_user(name="Second")
    account = add_account(owner=first)
    on(1)
    born(session, 1)
    for day, amount in [(9, 10), (10, 200), (11, 3000)]:
        session.add(Order(account_id=account.id, ordered_on=date(2026, 3, day), amount=amount))
    on(10)
    give(session, account, second)
    on.settle()
    on(20)
    found = crediting.credited(session, START, date(2026, 3, 19))
    assert {(one.owner, one.orders, one.revenue) for one in found} == {
        ("First", 1, 10.0),
        ("Second", 2, 3200.0),
    }


def test_credit_of_many_orders_is_as_a_replay_says(session, add_account, add_user, on):
    rng = random.Random(3)
    people = [add_user(name=f"P{n}") for n in range(3)]
    accounts = [add_account(owner=people[0]) for _ in range(5)]
    on(1)
    born(session, 1)
    owner = {account.id: people[0].name for account in accounts}
    expected: dict[str, float] = {}
    for day in range(1, 21):
        on(day)
        for _ in range(rng.randrange(4)):
            account, person = rng.choice(accounts), rng.choice(people)
            give(session, account, person)
            owner[account.id] = person.name
            on.settle()
        for account in rng.sample(accounts, 3):
            amount = rng.randrange(1, 1000)
            session.add(Order(account_id=account.id, ordered_on=clock.business_day(),
                              amount=amount))  # fmt: skip
            if 5 <= day <= 15:
                expected[owner[account.id]] = expected.get(owner[account.id], 0) + amount
    on.settle()
    on(25)
    got: dict[str, float] = {}
    for one in crediting.credited(session, date(2026, 3, 5), date(2026, 3, 15)):
        got[one.owner] = got.get(one.owner, 0) + one.revenue
    assert got == expected


def test_how_things_stood_adds_up(session, actor, add_plan, add_account, add_user, on):
    rep = add_user(name="Rep")
    account = add_account(unit=code("a1"), owner=rep)
    on(1)
    born(session, 1)
    plan = add_plan("Spring", count=1, people={1: [rep]})
    activation.activate(session, actor, plan.id)
    session.add(Order(account_id=account.id, ordered_on=date(2026, 3, 1), amount=70))
    on.settle()
    on(5)
    found = crediting.standing(session, date(2026, 3, 3))
    (ground,) = found.territories
    assert (found.plan, ground.people, ground.accounts, ground.revenue) == (
        "Spring", ("Rep",), 1, 70.0,
    )  # fmt: skip
    assert [(one.name, one.accounts) for one in found.owners] == [("Rep", 1)]
    before = crediting.standing(session, date(2026, 2, 20))
    assert (before.plan, before.owners) == (None, ())


def test_a_rep_asks_only_about_accounts_they_see(session, add_account, add_user, actor_of, on):
    mine, other = add_user(), add_user()
    account = add_account(owner=other)
    on(1)
    born(session, 1)
    session.add(Order(account_id=account.id, ordered_on=START, amount=5))
    on.settle()
    on(3)
    session.info["scope"] = actor_of(mine)
    with pytest.raises(NotFound):
        history.account_on(session, account.id, START)
    assert crediting.credited(session, START, START) == []
    session.info["scope"] = OPERATOR
    assert len(crediting.credited(session, START, START)) == 1


def test_days_to_come_are_not_known(session, on):
    on(3)
    with pytest.raises(InvalidInput, match="still to come"):
        history.plan_on(session, date(2026, 3, 4))
    with pytest.raises(InvalidInput, match="after the last"):
        crediting.credited(session, date(2026, 3, 2), START)


def test_only_what_changes_is_written(session, add_account, add_user):
    account = add_account()

    def written() -> int:
        return len(session.scalars(select(AssignmentChange.id)).all())

    before = written()
    session.execute(update(AccountScope).values(revenue=5.0))
    give(
        session,
        account,
        session.get(activation.queries.User, session.get(AccountScope, account.id).owner_id),
    )
    assert written() == before
    give(session, account, add_user())
    assert written() == before + 1
    session.execute(delete(Account).where(Account.id == account.id))
    assert written() == 0
