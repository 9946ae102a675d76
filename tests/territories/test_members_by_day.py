"""People work in a territory from a day to a day, by the organisation's clock."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text

from geocrm import clock
from geocrm.customers.models import Account
from geocrm.errors import InvalidInput
from geocrm.security import OPERATOR
from geocrm.territories import members, queries, service
from geocrm.territories.members import Term
from geocrm.territories.models import MemberRole, TerritoryMember
from tests.territories.conftest import code

REP = MemberRole.REP


@pytest.fixture
def at(monkeypatch):
    """Let it be a moment, in UTC."""

    def set_to(*moment: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime(*moment, tzinfo=UTC))

    return set_to


@pytest.fixture
def seen_by(session, actor_of):
    """The accounts somebody sees right now."""

    def seen(user) -> list[int]:
        session.info["scope"] = actor_of(user)
        found = list(session.scalars(select(Account.id)))
        session.info["scope"] = OPERATOR
        return found

    return seen


def test_rights_begin_and_end_at_midnight_in_jakarta(
    session, actor, add_plan, go_live, add_account, add_user, seen_by, at
):
    at(2026, 3, 1, 12)
    rep = add_user()
    account = add_account(unit=code("a1"))
    plan = add_plan(count=1)
    go_live(plan)
    wanted = {rep.id: Term(REP, date(2026, 3, 10), date(2026, 3, 12))}
    members.set_members(session, actor, plan.id, None, 1, wanted)
    for moment, sees in [
        ((2026, 3, 9, 16, 59, 59), False),
        ((2026, 3, 9, 17, 0, 0), True),
        ((2026, 3, 12, 16, 59, 59), True),
        ((2026, 3, 12, 17, 0, 0), False),
    ]:
        at(*moment)
        assert (seen_by(rep) == [account.id]) == sees, moment
        assert bool(queries.live_territory_ids(session, [rep.id])) == sees, moment


def test_a_manager_loses_the_ground_of_a_rep_whose_days_are_over(
    session, actor, add_plan, go_live, add_account, manager, rep, seen_by, at
):
    at(2026, 3, 1, 12)
    account = add_account(unit=code("a1"))
    plan = add_plan(count=1)
    go_live(plan)
    members.set_members(
        session, actor, plan.id, None, 1, {rep.id: Term(REP, None, date(2026, 3, 2))}
    )
    assert seen_by(manager) == [account.id]
    at(2026, 3, 3, 12)
    assert seen_by(manager) == []


def test_whoever_leaves_a_live_territory_is_remembered(
    session, actor, add_plan, go_live, add_user, at
):
    at(2026, 3, 1, 12)
    old, new = add_user(), add_user()
    plan = add_plan(count=1, people={1: [old]})
    go_live(plan)
    at(2026, 3, 5, 12)
    members.set_members(session, actor, plan.id, None, 1, {new.id: REP})
    rows = session.execute(
        select(TerritoryMember.user_id, TerritoryMember.from_day, TerritoryMember.to_day).order_by(
            TerritoryMember.id
        )
    ).all()
    assert [tuple(row) for row in rows] == [
        (old.id, None, date(2026, 3, 4)),
        (new.id, date(2026, 3, 5), None),
    ]
    on = [m.user_id for m in queries.members(session, [plan.id], date(2026, 3, 4))]
    assert on == [old.id]


def test_whoever_comes_and_goes_on_one_day_was_never_there(
    session, actor, add_plan, go_live, add_user, at
):
    at(2026, 3, 1, 12)
    rep = add_user()
    plan = add_plan(count=1)
    go_live(plan)
    at(2026, 3, 5, 12)
    members.set_members(session, actor, plan.id, None, 1, {rep.id: REP})
    members.set_members(session, actor, plan.id, None, 1, {})
    assert session.scalar(text("SELECT count(*) FROM territory_members")) == 0


@pytest.mark.parametrize(
    ("term", "words"),
    [
        (Term(REP, date(2026, 3, 9), date(2026, 3, 8)), "before the first"),
        (Term(REP, date(2026, 3, 1), None), "is over"),
        (Term(REP, None, date(2026, 3, 1)), "is over"),
    ],
)
def test_days_that_cannot_be_are_refused(
    session, actor, add_plan, go_live, add_user, at, term, words
):
    at(2026, 2, 1, 12)
    rep = add_user()
    plan = add_plan(count=1)
    go_live(plan)
    at(2026, 3, 5, 12)
    with pytest.raises(InvalidInput, match=words):
        members.set_members(session, actor, plan.id, None, 1, {rep.id: term})


def test_a_copy_takes_over_who_works_there_from_now_on(
    session, actor, add_plan, go_live, add_user, at
):
    at(2026, 3, 1, 12)
    old, new, later = add_user(), add_user(), add_user()
    plan = add_plan(count=1, people={1: [old]})
    go_live(plan)
    at(2026, 3, 5, 12)
    people = {new.id: REP, later.id: Term(REP, date(2026, 4, 1), None)}
    members.set_members(session, actor, plan.id, None, 1, people)
    copy = service.copy(session, actor, plan.id)
    session.flush()
    found = {(m.user_id, m.from_day) for m in queries.members(session, [copy.id])}
    assert found == {(new.id, None), (later.id, date(2026, 4, 1))}
