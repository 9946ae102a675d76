"""Some territories of a plan are designed anew; everybody else's ground stays as it is."""

import pytest

from geocrm.errors import Conflict, Infeasible, InvalidInput
from geocrm.jobs import service as jobs
from geocrm.jobs.models import JobRun
from geocrm.territories import (
    designing,
    editing,
    members,
    plan_files,
    queries,
    scenarios,
    service,
)
from geocrm.territories.models import Measure, MemberRole, TerritoryUnit
from geocrm.territories.requests import Request
from geocrm.territories.wishes import Wishes
from geocrm.wiring import actor_of
from geocrm.wiring.handlers import JOB_HANDLERS
from tests.territories.conftest import code

API = "/api/v1/territories/designs"

# Slices by code, three units each: a1 a2 a3 | a4 b1 b2 | b3 b4 c1 | c2 c3 c4 | d1 d2 d3 | d4 i1 i2


@pytest.fixture
def today(add_plan):
    """Six territories of three equal units, some of them bent round a corner."""
    return add_plan("Today", 6)


@pytest.fixture
def redesign(session, actor):
    """Design some territories of a plan anew."""

    def run(plan, *focus, tolerance=0.2, **wished):
        wishes = Wishes(keep=str(plan.id), focus=focus, **wished)
        request = Request(
            "tst-adm2", len(focus), Measure.POPULATION, tolerance=tolerance, time_s=60, effort=2,
            wishes=wishes,
        )  # fmt: skip
        return designing.solve(designing.survey(session, actor, request), request)

    return run


@pytest.fixture
def held(session):
    """The number of the territory of each unit of a plan."""

    def of(plan):
        return {unit.code: unit.territory for unit in queries.placed_units(session, plan.id)}

    return of


@pytest.fixture
def leave_out(session, actor):
    """Take units out of their territory."""

    def take(plan, *names):
        step = editing.Step({0: tuple(code(name) for name in names)})
        editing.save(session, actor, plan.id, None, step)
        session.commit()

    return take


def test_only_the_focus_is_searched_and_all_others_keep_their_ground(today, redesign, held):
    found = redesign(today, 2, 3)
    before = held(today)
    assert sorted(found.searched) == [
        f"Unit {name}" for name in ["a4", "b1", "b2", "b3", "b4", "c1"]
    ]
    assert len(found.solved.plan.district) == 6
    after = {unit: found.numbers[at] for unit, at in found.assignment()}
    assert {u: n for u, n in after.items() if before[u] not in (2, 3)} == {
        u: n for u, n in before.items() if n not in (2, 3)
    }
    assert set(after) == set(before)
    assert {after[unit] for unit in before if before[unit] in (2, 3)} == {2, 3}
    # b3 b4 c1 and a4 b1 b2 are bent; any better pair is more compact.
    assert found.solved.plan.moved_units > 0


def test_people_names_and_colours_come_along(session, actor, today, redesign, rep):
    members.set_members(session, actor, today.id, None, 3, {rep.id: MemberRole.REP})
    service.describe(session, actor, today.id, None, 5, name="Far east", colour=40)
    session.commit()
    plan = service.save(session, actor, "Better", redesign(today, 2, 3))
    there = {one.number: one for one in queries.territories(session, plan.id)}
    assert (there[5].name, there[5].colour) == ("Far east", 40)
    people = queries.members(session, [plan.id])
    assert [(one.territory_id, one.user_id) for one in people] == [(there[3].id, rep.id)]
    assert plan.id != today.id
    assert plan.params["proof"]["focus"]["territories"] == [2, 3]


def test_the_ideal_is_that_of_the_whole_plan(session, actor, today, redesign):
    editing.save(session, actor, today.id, None, editing.Step({2: (code("a3"),), 3: (code("c2"),)}))
    session.commit()
    found = redesign(today, 2, 3, tolerance=0.2)
    # Eight units in two territories, where the plan's ideal is three.
    assert found.solved.plan.deviation[:, 0].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert found.focus_record()["mean"] == pytest.approx(1 / 3)
    assert not found.tolerance_met
    assert "mean" in found.solved.plan.binding
    assert redesign(today, 2, 3, tolerance=0.34).tolerance_met


def test_bound_and_gap_are_those_of_the_focus(today, redesign):
    found = redesign(today, 2, 3)
    one = designing.judge(today, found.ground, found.district, 6)
    assert found.solved.proof.bound.proven
    assert found.solved.proof.gap == pytest.approx(0, abs=1e-6)
    assert found.solved.plan.load.sum() < one.load.sum()


def test_a_limit_of_disruption_is_of_what_the_focus_holds(today, redesign):
    free = redesign(today, 4, 5, tolerance=0.5)
    assert free.solved.plan.moved > 1 / 6 + 1e-9
    tight = redesign(today, 4, 5, tolerance=0.5, disruption=0.17)
    assert 0 < tight.solved.plan.moved <= 0.17
    record = tight.focus_record()
    assert record["moved_of_plan"] == pytest.approx(tight.solved.plan.moved * 6 / 18, abs=1e-6)


def test_locks_groups_and_centres_hold_in_focus(today, redesign):
    found = redesign(
        today, 2, 3, tolerance=0.5, lock=(code("a4"), code("b1") + "=2", code("d1")),
        together=((code("b2"), code("b3")), (code("i1"), code("i2"))),
        apart=((code("a4"), code("c1")), (code("b1"), code("d1"))),
        centres=((1, 2), (2, 2)),
    )  # fmt: skip
    after = {unit: found.numbers[at] for unit, at in found.assignment()}
    assert (after[code("a4")], after[code("b1")], after[code("c1")]) == (2, 2, 3)
    assert after[code("b2")] == after[code("b3")]


@pytest.mark.parametrize(
    ("wished", "says"),
    [
        ({"lock": (code("a4") + "=5",)}, "locked to Slice 5, which is not"),
        ({"lock": (code("d1") + "=2",)}, "only units in focus can move"),
        ({"together": ((code("a4"), code("d1")),)}, "tst-adm2:d1 is not in focus"),
        ({"together": ((code("d1"), code("i1")),)}, "cannot be put together"),
        ({"apart": ((code("d1"), code("d2")),)}, "cannot be put apart"),
        ({"lock": ("tst-adm2:zz",)}, "tst-adm2:zz"),
    ],
)
def test_a_wish_that_reaches_outside_the_focus_is_refused(today, redesign, wished, says):
    with pytest.raises(InvalidInput, match=says):
        redesign(today, 2, 3, **wished)


def test_what_cannot_be_a_focus_is_refused_in_words(session, actor, today, redesign):
    with pytest.raises(InvalidInput, match="alone in focus nothing can change"):
        redesign(today, 2)
    with pytest.raises(InvalidInput, match="no territory 9"):
        redesign(today, 2, 9)
    with pytest.raises(Infeasible, match="2 groups that do not touch"):
        redesign(today, 1, 6)
    with pytest.raises(InvalidInput, match="keeps their number"):
        Request("tst-adm2", 3, "population", wishes=Wishes(keep="1", focus=(1, 2)))
    elsewhere = Request(
        "tst-adm2", 2, "population", within="tst-adm1:w", wishes=Wishes(keep="Today", focus=(2, 3))
    )
    with pytest.raises(InvalidInput, match="on the ground of its plan"):
        designing.survey(session, actor, elsewhere)


def test_units_in_no_territory_are_given_out_only_when_asked(
    session, actor, today, redesign, leave_out, held
):
    leave_out(today, "c1", "i2")
    kept = service.save(session, actor, "Kept", redesign(today, 2, 3, tolerance=0.5))
    assert {code("c1"), code("i2")}.isdisjoint(held(kept))
    given = redesign(today, 2, 3, tolerance=0.5, give=True)
    after = {unit: given.numbers[at] for unit, at in given.assignment()}
    assert after[code("c1")] in (2, 3)
    # The island's other end does not lie beside the focus.
    assert code("i2") not in after


def test_what_was_changed_meanwhile_is_not_taken_over(session, actor, today, redesign, held):
    found = redesign(today, 2, 3)
    before = held(today)
    editing.save(session, actor, today.id, None, editing.Step({5: (code("c4"), code("b4"))}))
    saved = held(service.save(session, actor, "Then", found))
    assert saved[code("c4")] == before[code("c4")] == 4
    editing.save(
        session, actor, today.id, None,
        editing.Step({5: tuple(u for u, n in held(today).items() if n == 6)}, remove=(6,)),
    )  # fmt: skip
    with pytest.raises(Conflict, match="removed meanwhile"):
        service.save(session, actor, "Gone", found)


def test_the_page_asks_for_a_focus_and_hears_of_it(session, sessions, client_of, manager, today):
    asked = {
        "level": "tst-adm2", "count": 2, "balance": "population", "name": "Better", "time": 5,
        "tolerance": 0.5, "keep": today.id, "focus": [2, 3], "disruption": 0.5,
    }  # fmt: skip
    started = client_of(manager).post(API, json=asked)
    assert started.status_code == 202, started.text
    jobs.run(sessions, JOB_HANDLERS, actor_of, started.json["job_id"])
    session.expire_all()
    job = session.get(JobRun, started.json["job_id"])
    assert job.state == "done", job.message
    assert job.result["focus"]["territories"] == [2, 3]
    assert job.result["focus"]["moved_of_plan"] < job.result["moved"]["share"]
    assert session.query(TerritoryUnit).filter_by(plan_id=job.result["plan_id"]).count() == 18
    wrong = client_of(manager).post(API, json=asked | {"keep": None, "disruption": None})
    assert wrong.status_code == 422


def test_a_scenario_of_a_focus_gives_the_same_plan_again(session, actor, today, redesign, tmp_path):
    plan = service.save(session, actor, "Better", redesign(today, 2, 3))
    (tmp_path / "plan.csv").write_bytes(scenarios.write(session, actor, plan.id))
    file = plan_files.read_plan(tmp_path / "plan.csv")
    request = scenarios.request_of(file)
    assert request.wishes.focus == (2, 3)
    again = designing.solve(designing.survey(session, actor, request), request)
    assert scenarios.replayed(file, again, scenarios.boundaries(session, "tst-adm2")).same
