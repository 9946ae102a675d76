"""Going live and back: who sees what, and that nothing is left behind."""

import threading

import pytest
from sqlalchemy import func, select, text

from geocrm.customers.models import Account, AccountScope
from geocrm.db import elevated, make_sessions, unit_of_work
from geocrm.errors import Conflict, Forbidden
from geocrm.security import OPERATOR, Role
from geocrm.security.models import AuditEntry
from geocrm.territories import activation, members, queries, service
from geocrm.territories.models import MemberRole, Plan
from tests.territories.conftest import code


def everything(session) -> list[tuple]:
    """Every row of the scope table as it stands."""
    with elevated(session):
        rows = session.execute(
            select(AccountScope.account_id, AccountScope.owner_id, AccountScope.territory_id)
        )
        return sorted(map(tuple, rows))


def territory_of(session, plan, unit: str) -> int:
    return session.execute(
        text("SELECT territory_id FROM territory_units WHERE plan_id = :p AND unit = :u"),
        {"p": plan.id, "u": code(unit)},
    ).scalar_one()


def number_of(session, plan, unit: str) -> int:
    return next(u.territory for u in queries.placed_units(session, plan.id) if u.code == code(unit))


def test_going_live_gives_accounts_the_territory_of_their_unit(
    session, add_plan, go_live, add_account
):
    plan = add_plan()
    north, south, outside = (
        add_account(unit=code("a1")),
        add_account(unit=code("d4")),
        add_account(),
    )
    assert go_live(plan).accounts == 2
    seen = {account: territory for account, _owner, territory in everything(session)}
    assert seen[north.id] == territory_of(session, plan, "a1")
    assert seen[south.id] == territory_of(session, plan, "d4")
    assert seen[outside.id] is None


def test_the_owner_stays(session, add_plan, go_live, add_account, rep):
    account = add_account(unit=code("a1"), owner=rep)
    go_live(add_plan())
    assert session.get(AccountScope, account.id).owner_id == rep.id


def test_a_rep_gains_their_territory_and_loses_it_after_undo(
    session, actor, add_plan, go_live, add_account, add_user, actor_of
):
    rep = add_user()
    account = add_account(unit=code("a1"))
    plan = add_plan()
    number = number_of(session, plan, "a1")
    members.set_members(session, actor, plan.id, None, number, {rep.id: MemberRole.REP})

    def seen() -> list[int]:
        session.info["scope"] = actor_of(rep)
        found = session.scalars(select(Account.id)).all()
        session.info["scope"] = OPERATOR
        return list(found)

    assert seen() == []
    go_live(plan)
    assert seen() == [account.id]
    activation.undo(session, actor, plan.id)
    assert seen() == []


def test_a_manager_sees_the_territories_of_everybody_below(
    session, add_plan, go_live, add_account, rep, manager, actor_of
):
    account = add_account(unit=code("a1"))
    go_live(add_plan(count=1, people={1: [rep]}))
    session.info["scope"] = actor_of(manager)
    assert session.scalars(select(Account.id)).all() == [account.id]


def test_whoever_has_a_territory_has_those_below_it(
    session, actor, add_plan, go_live, add_user, actor_of
):
    lead = add_user()
    plan = add_plan(people={1: [lead]})
    service.set_parent(session, actor, plan.id, None, 2, 1)
    service.set_parent(session, actor, plan.id, None, 3, 2)
    go_live(plan)
    assert len(actor_of(lead).territory_ids) == 3


def test_undo_restores_every_account_and_the_earlier_plan(
    session, actor, add_plan, go_live, add_account
):
    for name in ("a1", "b2", "c3", "d4", "i2"):
        add_account(unit=code(name))
    stray = add_account(territory_id=987654)  # somebody wrote a territory of no plan
    before = everything(session)
    first = add_plan("First")
    go_live(first)
    while_first = everything(session)
    assert {a: t for a, _o, t in while_first}[stray.id] is None
    second = add_plan("Second", count=5)
    go_live(second)
    assert everything(session) != while_first
    activation.undo(session, actor, second.id)
    assert everything(session) == while_first
    assert queries.live_plan(session).id == first.id
    activation.undo(session, actor, first.id)
    assert everything(session) == before
    assert queries.live_plan(session) is None
    with elevated(session):
        assert session.scalar(text("SELECT count(*) FROM live_units")) == 0


def test_an_account_that_came_meanwhile_falls_into_the_earlier_plan(
    session, actor, add_plan, go_live, add_account
):
    first, second = add_plan("First"), add_plan("Second", count=5)
    go_live(first)
    go_live(second)
    newcomer = add_account(unit=code("b3"), territory_id=territory_of(session, second, "b3"))
    activation.undo(session, actor, second.id)
    session.expire_all()
    assert session.get(AccountScope, newcomer.id).territory_id == territory_of(session, first, "b3")


def test_only_the_live_plan_can_be_undone(session, actor, add_plan, go_live):
    first, second = add_plan("First"), add_plan("Second")
    go_live(first)
    go_live(second)
    with pytest.raises(Conflict, match="'Second' is live now, undo that first"):
        activation.undo(session, actor, first.id)


def test_an_undone_plan_is_a_draft_and_can_go_live_again(session, actor, add_plan, go_live):
    plan = add_plan()
    go_live(plan)
    activation.undo(session, actor, plan.id)
    assert plan.state == "planning"
    assert go_live(plan).plan_id == plan.id


def test_somebody_who_compared_with_another_live_plan_is_told(session, actor, add_plan, go_live):
    first, second = add_plan("First"), add_plan("Second")
    go_live(first)
    with pytest.raises(Conflict, match="'First' has gone live meanwhile"):
        activation.activate(session, actor, second.id, instead_of=0)
    activation.activate(session, actor, second.id, instead_of=first.id)


def test_a_manager_hands_over_only_what_they_see(
    session, add_plan, add_account, add_user, manager, actor_of
):
    lead = add_user(Role.TERRITORY_MANAGER, manager_id=manager.id)
    mine = add_user(manager_id=lead.id)
    add_account(unit=code("a1"), owner=mine)
    plan = add_plan()
    actor = actor_of(lead)
    session.info["scope"] = actor
    activation.activate(session, actor, plan.id)
    activation.undo(session, actor, plan.id)
    add_account(unit=code("d4"))
    with pytest.raises(Forbidden, match="outside your branch"):
        activation.activate(session, actor, plan.id)
    session.rollback()
    head = actor_of(manager)
    session.info["scope"] = head
    assert activation.activate(session, head, plan.id).accounts == 2


def test_what_would_change_is_counted_within_the_scope(
    session, add_plan, go_live, add_account, rep, actor_of
):
    add_account(unit=code("a1"), owner=rep, revenue=10.0)
    add_account(unit=code("a1"), revenue=99.0)
    plan = add_plan()
    session.info["scope"] = actor_of(rep)
    found = activation.changes(session, plan)
    assert [(c.before, c.accounts, c.revenue) for c in found] == [(None, 1, 10.0)]
    listed = activation.moving_accounts(session, plan, (None, found[0].after), 0, 10)
    assert len(listed) == 1


def test_going_live_is_on_the_record(session, add_plan, go_live, add_account):
    add_account(unit=code("a1"))
    go_live(add_plan())
    entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "activate"))
    assert entry.details["accounts"] == 1


def test_going_live_is_not_ended_by_what_ends_long_questions(session, add_plan, go_live):
    session.execute(text("SET LOCAL statement_timeout = '60s'"))
    go_live(add_plan())
    assert session.scalar(text("SHOW statement_timeout")) == "0"


def test_going_live_takes_the_same_statements_for_any_number_of_accounts(
    session, actor, add_plan, add_account, statements
):
    plans = [add_plan("First"), add_plan("Second"), add_plan("Third")]
    counts = []
    for plan in plans:
        for _ in range(5):
            add_account(unit=code("c2"))
        statements.clear()
        activation.activate(session, actor, plan.id)
        session.flush()
        counts.append(len(statements))
    assert counts[1] == counts[2]


def test_of_two_people_at_once_the_second_is_told(engine):
    """On two real connections: one has gone live but not committed when the other tries."""
    sessions = make_sessions(engine)
    with unit_of_work(sessions, OPERATOR) as setup:
        setup.execute(
            text(
                "INSERT INTO boundary_layers (code, name, level, source, vintage, licence,"
                " attribution) VALUES ('two-adm1', 'Two', 1, '', '', '', '')"
            )
        )
        plans = [
            Plan(name=name, level="two-adm1", measure="accounts", tolerance=0.1)
            for name in ("One", "Other")
        ]
        setup.add_all(plans)
        setup.flush()
        setup.add_all(
            queries.Territory(plan_id=plan.id, number=1, name=plan.name) for plan in plans
        )
    answers: list[Exception | None] = []

    def second() -> None:
        try:
            with unit_of_work(sessions, OPERATOR) as session:
                activation.activate(session, OPERATOR, plans[1].id)
            answers.append(None)
        except Conflict as error:
            answers.append(error)

    try:
        with unit_of_work(sessions, OPERATOR) as session:
            activation.activate(session, OPERATOR, plans[0].id)
            other = threading.Thread(target=second)
            other.start()
            other.join(timeout=30)
        assert len(answers) == 1
        assert isinstance(answers[0], Conflict)
        with unit_of_work(sessions, OPERATOR) as session:
            assert queries.live_plan(session).name == "One"
    finally:
        with unit_of_work(sessions, OPERATOR) as session:
            for table in ("territory_activations", "territory_plans", "live_units"):
                session.execute(text(f"DELETE FROM {table}"))
            session.execute(text("DELETE FROM boundary_layers WHERE code = 'two-adm1'"))
            assert session.scalar(select(func.count()).select_from(Plan)) == 0
