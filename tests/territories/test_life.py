"""The life of a plan: who may take which step, in which state, and what happens by itself."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from geocrm import clock
from geocrm.customers.models import AccountScope
from geocrm.db import unit_of_work
from geocrm.errors import Conflict, Forbidden, InvalidInput
from geocrm.jobs import Work
from geocrm.jobs.models import JobRun
from geocrm.security import OPERATOR, Role
from geocrm.territories import (
    activation,
    activation_tasks,
    events,
    life,
    members,
    queries,
    service,
    types,
)
from geocrm.territories.models import PlanState
from tests.territories.conftest import code

TOMORROW = timedelta(days=1)


@pytest.fixture
def head(add_user, actor_of):
    """A head of sales: a manager who reports to nobody."""
    return actor_of(add_user(Role.TERRITORY_MANAGER))


@pytest.fixture
def other_head(add_user, actor_of):
    return actor_of(add_user(Role.TERRITORY_MANAGER))


@pytest.fixture
def lead(add_user, actor_of, head):
    """A manager of a team."""
    return actor_of(add_user(Role.TERRITORY_MANAGER, manager_id=head.user_id))


@pytest.fixture
def at(monkeypatch):
    """Let it be a moment, in UTC."""

    def set_to(*moment: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime(*moment, tzinfo=UTC))

    return set_to


def day_in(days: int):
    return clock.business_day() + timedelta(days=days)


def test_a_plan_walks_from_planning_to_a_date(session, add_plan, lead, head):
    plan = add_plan()
    life.take(session, lead, plan.id, "submit", comment="Please look")
    assert plan.state == PlanState.REVIEW
    life.take(session, head, plan.id, "approve")
    life.take(session, head, plan.id, "schedule", day=day_in(7))
    assert (plan.state, plan.effective_on) == (PlanState.SCHEDULED, day_in(7))
    life.take(session, head, plan.id, "unschedule")
    assert (plan.state, plan.effective_on) == (PlanState.APPROVED, None)
    session.flush()
    said = [(one.step, one.state, one.comment) for one in events.thread(session, plan.id)]
    assert said[0] == ("submit", "review", "Please look")
    assert [step for step, _state, _words in said] == [
        "submit", "approve", "schedule", "unschedule",
    ]  # fmt: skip


@pytest.mark.parametrize("step", ["approve", "schedule", "unschedule", "send_back"])
def test_a_step_out_of_turn_is_refused(session, add_plan, head, step):
    with pytest.raises(Conflict, match="is planning"):
        life.take(session, head, add_plan().id, step, comment="x", day=day_in(1))


def test_nobody_approves_what_they_submitted_unless_they_are_the_only_one(
    session, add_plan, add_user, head, other_head
):
    plan = add_plan()
    life.take(session, head, plan.id, "submit")
    with pytest.raises(Forbidden, match="somebody else approves"):
        life.take(session, head, plan.id, "approve")
    assert life.possible(session, head, plan) == ["send_back"]
    assert life.possible(session, other_head, plan) == ["approve", "send_back"]
    session.execute(text("UPDATE users SET active = false WHERE id <> :me"), {"me": head.user_id})
    life.take(session, head, plan.id, "approve")
    assert plan.state == PlanState.APPROVED


def test_a_team_s_manager_submits_and_withdraws_but_does_not_approve(session, add_plan, lead, head):
    plan = add_plan()
    life.take(session, lead, plan.id, "submit")
    with pytest.raises(Forbidden, match="head of sales"):
        life.take(session, lead, plan.id, "approve")
    life.take(session, lead, plan.id, "send_back", comment="I forgot the island")
    life.take(session, head, plan.id, "submit")
    with pytest.raises(Forbidden):
        life.take(session, lead, plan.id, "send_back", comment="Not mine to take back")


def test_back_to_planning_needs_a_reason(session, add_plan, lead, head):
    plan = add_plan()
    life.take(session, lead, plan.id, "submit")
    with pytest.raises(InvalidInput, match="Say why"):
        life.take(session, head, plan.id, "send_back", comment=" ")
    life.take(session, head, plan.id, "send_back", comment="The island is alone")
    assert plan.state == PlanState.PLANNING


def test_only_a_plan_in_planning_can_be_changed(session, actor, add_plan, lead):
    plan = add_plan()
    life.take(session, lead, plan.id, "submit")
    with pytest.raises(Conflict, match="send it back to planning"):
        service.move_units(session, actor, plan.id, None, [service.Move(code("a1"), 2)])
    with pytest.raises(Conflict, match="send it back to planning"):
        members.set_members(session, actor, plan.id, None, 1, {})


def test_of_two_people_at_once_the_second_is_told(session, add_plan, lead, head):
    plan = add_plan()
    seen = plan.version
    life.take(session, lead, plan.id, "submit", version=seen)
    with pytest.raises(Conflict, match="Somebody else changed"):
        life.take(session, head, plan.id, "approve", version=seen)


def test_one_plan_goes_live_on_a_day(session, add_plan, actor, head):
    plans = [add_plan("First"), add_plan("Second")]
    for plan in plans:
        life.take(session, actor, plan.id, "submit")
        life.take(session, head, plan.id, "approve")
    life.take(session, head, plans[0].id, "schedule", day=day_in(3))
    with pytest.raises(Conflict, match="'First' goes live on"):
        life.take(session, head, plans[1].id, "schedule", day=day_in(3))
    with pytest.raises(InvalidInput, match="not after today"):
        life.take(session, head, plans[1].id, "schedule", day=day_in(0))


@pytest.fixture
def scheduled(session, add_plan, actor, head):
    """A plan that goes live some days from now."""

    def add(days: int = 1, name: str = "Next"):
        plan = add_plan(name)
        life.take(session, actor, plan.id, "submit")
        life.take(session, head, plan.id, "approve")
        life.take(session, head, plan.id, "schedule", day=day_in(days))
        session.commit()
        return plan

    return add


def run(sessions, job_id: int) -> None:
    with sessions() as session:
        params = session.get(JobRun, job_id).params
        session.execute(text("UPDATE job_runs SET attempt = 1 WHERE id = :id"), {"id": job_id})
        session.commit()
    activation_tasks.run(Work(job_id, OPERATOR, sessions, params, 1))


def test_a_scheduled_plan_goes_live_at_midnight_of_the_organisation(
    session, sessions, scheduled, add_account, at
):
    at(2026, 3, 1, 12)
    account = add_account(unit=code("a1"))
    plan = scheduled()  # on 2 March, which begins in Jakarta at 17:00 UTC
    at(2026, 3, 1, 16, 59, 59)
    assert activation_tasks.start_due(session) == []
    at(2026, 3, 1, 17)
    (job,) = activation_tasks.start_due(session)
    assert activation_tasks.start_due(session) == [], "it is queued once"
    session.commit()
    run(sessions, job)
    session.expire_all()
    assert plan.state == PlanState.LIVE
    assert session.get(AccountScope, account.id).territory_id is not None
    assert events.thread(session, plan.id)[-1].step == "activate_on_day"


def test_a_day_without_a_worker_is_made_up_for_and_said(session, sessions, scheduled, at):
    at(2026, 3, 1, 12)
    plan = scheduled()
    at(2026, 3, 5, 12)
    (job,) = activation_tasks.start_due(session)
    session.commit()
    run(sessions, job)
    assert events.thread(session, plan.id)[-1].step == "activate_late"


def test_a_scheduled_plan_that_cannot_go_live_waits_for_people(session, sessions, scheduled, at):
    at(2026, 3, 1, 12)
    plan = scheduled()
    session.execute(text("DELETE FROM territory_units WHERE plan_id = :p"), {"p": plan.id})
    session.execute(text("DELETE FROM territories WHERE plan_id = :p"), {"p": plan.id})
    at(2026, 3, 2, 12)
    (job,) = activation_tasks.start_due(session)
    session.commit()
    with pytest.raises(InvalidInput, match="no territories"):
        run(sessions, job)
    session.expire_all()
    assert plan.state == PlanState.APPROVED
    last = events.thread(session, plan.id)[-1]
    assert (last.step, "no territories" in last.comment) == ("failed", True)
    assert activation_tasks.start_due(session) == []


def test_a_plan_under_review_does_not_go_live(session, actor, add_plan, head):
    plan = add_plan()
    life.take(session, head, plan.id, "submit")
    with pytest.raises(Conflict, match="is review"):
        activation.activate(session, actor, plan.id)


def test_a_service_plan_lives_beside_the_sales_plan_and_moves_no_account(
    session, actor, add_plan, go_live, add_account, add_user
):
    technician = add_user()
    account = add_account(unit=code("a1"))
    sales, care = add_plan("Sales"), add_plan("Care", count=1, people={1: [technician]})
    go_live(sales)
    before = session.get(AccountScope, account.id).territory_id
    types.set_type(session, actor, care.id, None, "service")
    assert go_live(care).accounts == 0
    session.expire_all()
    assert session.get(AccountScope, account.id).territory_id == before
    assert queries.live_plan(session).id == sales.id
    (served,) = types.serving(session, account.id)
    assert (served.type.code, served.people) == ("service", (technician.name,))
    assert queries.live_territory_ids(session, [technician.id]) == frozenset()
    activation.undo(session, actor, care.id)
    assert types.serving(session, account.id) == []
    assert sales.state == PlanState.LIVE


def test_administrators_add_types(session, actor, lead):
    with pytest.raises(Forbidden):
        types.add(session, lead, "audit", "Audit", "Audit")
    with pytest.raises(InvalidInput, match="small letter"):
        types.add(session, actor, "Audit!", "Audit", "Audit")
    found = types.add(session, actor, "audit", "Audit", "")
    assert (found.name("id"), found.priority) == ("Audit", 4)
    with pytest.raises(Conflict):
        types.add(session, actor, "audit", "Audit", "")


def test_a_plan_made_from_the_live_one_moves_only_what_changed(
    session, actor, add_plan, go_live, add_account
):
    add_account(unit=code("a1"))
    moved = add_account(unit=code("b4"))
    first = add_plan()
    go_live(first)
    names = {t.id: t.name for t in queries.territories(session, first.id)}
    copy = service.copy(session, actor, first.id)
    here = {u.code: u.territory for u in queries.placed_units(session, copy.id)}
    there = here[code("b4")] % 3 + 1
    service.move_units(
        *(session, actor, copy.id, None, [service.Move(code("b4"), there)]), splits_allowed=True
    )
    assert activation.size(session, copy) == 1
    assert go_live(copy).accounts == 1
    session.expire_all()
    assert {t.id: t.name for t in queries.territories(session, copy.id)} == names
    after = session.get(AccountScope, moved.id).territory_id
    assert names[after] == next(t.name for t in queries.territories(session, copy.id)
                                if t.number == there)  # fmt: skip
    units = {u.code: u.territory for u in queries.placed_units(session, first.id)}
    assert units[code("b4")] == here[code("b4")], "the archived plan keeps its ground"
    activation.undo(session, actor, copy.id)
    session.expire_all()
    assert {t.id: t.name for t in queries.territories(session, first.id)} == names
    assert {u.code: u.territory for u in queries.placed_units(session, copy.id)} == here | {
        code("b4"): there
    }


def test_two_approvers_at_once_on_two_connections(engine):
    """One has approved but not committed when the other tries: the second finds it approved."""
    from geocrm.db import make_sessions  # noqa: PLC0415 - real connections, only here
    from geocrm.territories.models import Plan, Territory  # noqa: PLC0415

    sessions = make_sessions(engine)
    with unit_of_work(sessions, OPERATOR) as setup:
        setup.execute(
            text(
                "INSERT INTO boundary_layers (code, name, level, source, vintage, licence,"
                " attribution) VALUES ('two-adm9', 'Two', 1, '', '', '', '')"
            )
        )
        plan = Plan(name="One", level="two-adm9", measure="accounts", tolerance=0.1)
        setup.add(plan)
        setup.flush()
        setup.add(Territory(plan_id=plan.id, number=1, name="One"))
        setup.flush()
        life.take(setup, OPERATOR, plan.id, "submit")
    answers: list[Exception | None] = []

    def second() -> None:
        try:
            with unit_of_work(sessions, OPERATOR) as session:
                life.take(session, OPERATOR, plan.id, "approve")
            answers.append(None)
        except Conflict as error:
            answers.append(error)

    try:
        with unit_of_work(sessions, OPERATOR) as session:
            life.take(session, OPERATOR, plan.id, "approve")
            other = threading.Thread(target=second)
            other.start()
            other.join(timeout=1)
        other.join(timeout=30)
        assert [type(one) for one in answers] == [Conflict]
    finally:
        with unit_of_work(sessions, OPERATOR) as session:
            session.execute(text("DELETE FROM territory_plans"))
            session.execute(text("DELETE FROM boundary_layers WHERE code = 'two-adm9'"))


def test_steps_of_a_deleted_plan_go_with_it(session, actor, add_plan, lead):
    plan = add_plan()
    life.say(session, actor, plan.id, "A thought")
    session.flush()
    service.discard(session, actor, plan.id)
    assert session.scalars(select(JobRun)).all() == []
    assert events.thread(session, plan.id) == []
