"""Reps look at the next plan for their ground and challenge it; managers answer."""

import pytest

from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.security import OPERATOR, Role
from geocrm.territories import challenges, life, next_plan, queries, service
from tests.territories.conftest import code


@pytest.fixture
def coming(session, actor, add_plan, go_live, rep, add_user, add_account):
    """A live plan where the rep has territory 1, and one under review that takes b4 from it."""
    live = add_plan("Now", people={1: [rep], 2: [add_user()]})
    go_live(live)
    plan = service.copy(session, actor, live.id, "Then")
    move = [service.Move(code("b1"), 2)]
    service.move_units(session, actor, plan.id, None, move, splits_allowed=True)
    life.take(session, actor, plan.id, "submit")
    session.commit()
    return plan


def number_of(session, plan, unit: str) -> int:
    return next(u.territory for u in queries.placed_units(session, plan.id) if u.code == code(unit))


@pytest.fixture
def as_rep(session, rep, actor_of, coming):
    """The rep, whom the session reads for from now on."""
    session.info["scope"] = actor_of(rep)
    return session.info["scope"]


def test_a_rep_sees_what_leaves_their_ground(session, coming, add_account, as_rep):
    session.info["scope"] = OPERATOR
    going = add_account("Going", unit=code("b1"), territory_id=_live_id(session, "b1"))
    add_account("Staying", unit=code("a1"), territory_id=_live_id(session, "a1"))
    session.info["scope"] = as_rep
    found = next_plan.outlook(session, as_rep, coming)
    assert [unit.code for unit in found.units_that("going")] == [code("b1")]
    assert found.units_that("coming") == []
    assert [(one.id, one.coming) for one in found.accounts] == [(going.id, False)]


def _live_id(session, unit: str) -> int:
    plan = queries.live_plan(session)
    number = number_of(session, plan, unit)
    return next(t.id for t in queries.territories(session, plan.id) if t.number == number)


def test_what_comes_from_others_is_a_number(session, actor, coming, add_account, add_user, rep,
                                            actor_of):  # fmt: skip
    other = queries.members(session, [coming.id])
    second = next(m for m in other if m.user_id != rep.id)
    add_account("Not theirs yet", unit=code("b1"), territory_id=_live_id(session, "b1"))
    person = actor_of(session.get(queries.User, second.user_id))
    session.info["scope"] = person
    found = next_plan.outlook(session, person, coming)
    (unit,) = found.units_that("coming")
    assert (unit.code, unit.accounts) == (code("b1"), 1)
    assert found.accounts == ()


def test_plans_in_planning_are_nobody_s_business(session, actor, add_plan, as_rep):
    plan = add_plan("Secret")
    with pytest.raises(NotFound):
        next_plan.coming_plan(session, plan.id)


def test_an_accepted_challenge_moves_the_unit(session, coming, rep, manager, actor_of, as_rep):
    here = number_of(session, coming, "a1")
    found = challenges.raise_one(
        session, as_rep, coming.id, unit=code("b1"), wanted=here, reason="My oldest customers"
    )
    boss = actor_of(manager)
    session.info["scope"] = boss
    (row,) = challenges.open_to(session, coming.id)
    assert (row.by, row.unit, row.challenge.state) == (rep.name, "Unit b1", "open")
    assert challenges.answer(
        session, boss, found.id, accepted=True, words="True", splits_allowed=True
    )
    assert number_of(session, coming, "b1") == here
    session.info["scope"] = as_rep
    (own,) = challenges.own(session, as_rep, coming.id)
    assert (own.challenge.state, own.challenge.answer, own.answered_by) == (
        "accepted", "True", manager.name,
    )  # fmt: skip
    session.info["scope"] = boss
    with pytest.raises(Conflict, match="answered already"):
        challenges.answer(session, boss, found.id, accepted=False, words="No")


def test_an_approved_plan_is_answered_with_words_only(session, coming, manager, actor_of, as_rep):
    found = challenges.raise_one(
        session, as_rep, coming.id, unit=code("b1"), wanted=1, reason="Mine"
    )
    session.info["scope"] = OPERATOR
    life.take(session, OPERATOR, coming.id, "approve")
    before = number_of(session, coming, "b1")
    boss = actor_of(manager)
    session.info["scope"] = boss
    assert not challenges.answer(session, boss, found.id, accepted=True, words="Next year")
    assert number_of(session, coming, "b1") == before


def test_a_declined_challenge_leaves_the_plan(session, coming, manager, actor_of, as_rep):
    found = challenges.raise_one(
        session, as_rep, coming.id, unit=code("b1"), wanted=1, reason="Mine"
    )
    boss = actor_of(manager)
    session.info["scope"] = boss
    with pytest.raises(InvalidInput, match="words"):
        challenges.answer(session, boss, found.id, accepted=False, words=" ")
    challenges.answer(session, boss, found.id, accepted=False, words="Balance")
    assert number_of(session, coming, "b1") == 2


def test_one_challenge_at_a_time_and_only_of_one_s_own(session, coming, as_rep, add_account):
    challenges.raise_one(session, as_rep, coming.id, unit=code("b1"), reason="Mine")
    with pytest.raises(Conflict):
        challenges.raise_one(session, as_rep, coming.id, unit=code("b1"), reason="Mine!")
    with pytest.raises(NotFound):
        challenges.raise_one(session, as_rep, coming.id, unit=code("i2"), reason="Not mine")
    with pytest.raises(NotFound):
        challenges.raise_one(session, as_rep, coming.id, account_id=987654, reason="Not mine")
    with pytest.raises(InvalidInput, match="either"):
        challenges.raise_one(session, as_rep, coming.id, reason="What?")
    with pytest.raises(InvalidInput, match="no territory 99"):
        challenges.raise_one(session, as_rep, coming.id, unit=code("a1"), wanted=99, reason="There")


def test_a_challenge_for_where_the_unit_lies_already_is_refused(session, coming, as_rep):
    with pytest.raises(InvalidInput, match="Unit b1 lies in 'Slice 2' already in 'Then'"):
        challenges.raise_one(session, as_rep, coming.id, unit=code("b1"), wanted=2, reason="There")
    challenges.raise_one(session, as_rep, coming.id, unit=code("b1"), wanted=1, reason="Ours")
    (row,) = challenges.own(session, as_rep, coming.id)
    assert (row.present, row.wanted) == ("Slice 2", "Slice 1")


def test_an_account_is_challenged_by_who_sees_it(session, coming, add_account, rep, as_rep):
    session.info["scope"] = OPERATOR
    account = add_account("Toko", owner=rep)
    session.info["scope"] = as_rep
    challenges.raise_one(session, as_rep, coming.id, account_id=account.id, reason="Mine")
    (row,) = challenges.own(session, as_rep, coming.id)
    assert row.account == "Toko"


def test_challenges_are_seen_by_who_raised_them_and_those_above(
    session, coming, as_rep, add_user, actor_of
):
    challenges.raise_one(session, as_rep, coming.id, unit=code("b1"), reason="Mine")
    stranger = actor_of(add_user(Role.TERRITORY_MANAGER))
    session.info["scope"] = stranger
    assert challenges.open_to(session, coming.id) == []
    with pytest.raises(NotFound):
        challenges.answer(session, stranger, 1, accepted=True, words="x")
    with pytest.raises(Forbidden):
        challenges.answer(session, as_rep, 1, accepted=True, words="x")


def test_customers_that_come_or_go_are_paged_by_name_and_found(
    session, coming, add_account, as_rep, monkeypatch
):
    session.info["scope"] = OPERATOR
    for name in ("Cahaya", "Abadi 100%", "Berkah"):
        add_account(name, unit=code("b1"), territory_id=_live_id(session, "b1"))
    session.info["scope"] = as_rep
    monkeypatch.setattr(next_plan, "MAX_ACCOUNTS", 2)
    first = next_plan.outlook(session, as_rep, coming)
    assert [one.name for one in first.accounts] == ["Abadi 100%", "Berkah"]
    assert first.more
    last = first.accounts[-1]
    rest = next_plan.outlook(session, as_rep, coming, after=(last.name, last.id))
    assert [one.name for one in rest.accounts] == ["Cahaya"]
    assert not rest.more
    found = next_plan.outlook(session, as_rep, coming, named="100%")
    assert [one.name for one in found.accounts] == ["Abadi 100%"]
    assert next_plan.outlook(session, as_rep, coming, named="_").accounts == ()
