"""The true cost of saved plans: whose customers, from where, on the same visits, as a job."""

import json

import pytest
from sqlalchemy import update

from geocrm.cli import run
from geocrm.errors import Forbidden, InvalidInput
from geocrm.jobs import Work
from geocrm.jobs import service as jobs
from geocrm.places.models import BoundaryEdge
from geocrm.security import OPERATOR
from geocrm.territories.models import Territory
from geocrm.territories.rule_models import Rule
from geocrm.territories.service import Move, move_units
from geocrm.visits import true_cost_queries, true_cost_report, true_cost_tasks
from geocrm.visits.true_cost_figures import Rates
from geocrm.visits.true_cost_terms import CENTRE, Asked
from geocrm.wiring import actor_of as owner_of
from tests.territories.conftest import code

API = "/api/v1/territories/plans"
QUICK, FREE = Asked(weeks=2), Rates()
# a1 is the square from (0, 3) to (1, 4), in slice 1 of three; d4 from (3, 0) to (4, 1), in slice 3.
IN_A1, IN_D4 = (0.5, 3.5), (3.5, 0.5)


@pytest.fixture
def shops(add_account, country):
    """Three customers in a1 and one in d4, visited every week."""
    for step in range(3):
        place = (IN_A1[0] + step / 100, IN_A1[1])
        add_account(at=place, unit=code("a1"), visits_per_year=52)
    add_account(at=IN_D4, unit=code("d4"), visits_per_year=52)


@pytest.fixture
def cost(session, actor):
    """Measure plans and answer as the page does."""

    def measured(*plans, asked=QUICK, rates=FREE, who=actor):
        ids = [plan.id for plan in plans]
        against = ids[1] if len(ids) == 2 else None
        sides = true_cost_tasks.read(session, who, ids[0], against, asked)
        return true_cost_report.answer(true_cost_tasks.measure(sides, asked), ids, rates)

    return measured


def value(place, name):
    return place["figures"][name]["value"]


def test_every_customer_is_planned_in_their_territory_from_the_home_of_its_rep(
    shops, add_plan, add_user, cost
):
    near, far = add_user(home=(0.5, 3.4)), add_user(home=(3.5, 0.9))
    plan = add_plan(people={1: [near], 3: [far]})
    (found,) = cost(plan)["plans"]
    first, second, third = found["territories"]
    assert [value(each, "due") for each in (first, second, third)] == [3, 0, 1]
    assert [each["start"] for each in (first, second, third)] == ["home", None, "home"]
    assert value(third, "km") == pytest.approx(2 * 0.4 * 111.2 * 1.35, rel=0.01)
    assert (found["from_home"], found["unstaffed"]) == (2, 1)
    assert value(found, "due") == value(found, "planned") == 4


def test_without_a_rep_days_start_in_the_middle_and_one_rep_is_reckoned_with(shops, add_plan, cost):
    (found,) = cost(add_plan())["plans"]
    first = found["territories"][0]
    assert (first["start"], first["staffed"], first["reps"]) == ("centre", False, [])
    assert value(first, "km") == pytest.approx(4 * 1.112 * 1.35, rel=0.01)
    assert found["unstaffed"] == 3


def test_a_customer_on_the_island_costs_a_ferry_from_where_the_rep_lives(
    add_plan, add_account, add_user, cost
):
    add_account(at=(5.02, 0.0), unit=code("i1"), visits_per_year=52)

    def taken(name, home, boarding_min=0.0):
        plan = add_plan(name, people={3: [add_user(home=home)]})
        long_day = {"shift_start_s": 6 * 3600, "shift_end_s": 20 * 3600}
        (found,) = cost(plan, asked=Asked(weeks=2, boarding_min=boarding_min, **long_day))["plans"]
        return value(found, "crossings"), value(found, "nights")

    on_the_mainland, on_the_island, in_no_unit = (3.95, 0.05), (5.4, -0.2), (4.9, 0.1)
    assert taken("Mainland", on_the_mainland) == (2, 0)
    assert taken("Island", on_the_island) == (0, 0)
    assert taken("Nowhere", in_no_unit) == (0, 0)
    ferries, nights = taken("Slow", on_the_mainland, boarding_min=400.0)
    assert ferries == 2
    assert nights > 0


def test_over_a_bridge_nobody_takes_a_ferry(session, add_plan, add_account, add_user, cost):
    add_account(at=(5.02, 0.0), unit=code("i1"), visits_per_year=52)
    over = update(BoundaryEdge).where(BoundaryEdge.kind == "ferry")
    session.execute(over.values(kind="bridge"))
    (found,) = cost(add_plan(people={3: [add_user(home=(3.95, 0.05))]}))["plans"]
    assert value(found, "crossings") == 0


def test_somebody_in_two_territories_shares_the_week_between_them(shops, add_plan, add_user, cost):
    rep = add_user(home=(0.5, 3.4))
    plan = add_plan(people={1: [rep], 2: [rep]})
    (found,) = cost(plan)["plans"]
    busy = found["territories"][0]
    hours = value(busy, "drive_h") + value(busy, "visit_h")
    assert value(busy, "utilisation") == pytest.approx(hours / (3 * 9), abs=1e-3)


def test_only_what_the_actor_sees_is_counted(
    session, shops, add_plan, add_account, manager, rep, actor_of, cost
):
    add_account(at=IN_A1, unit=code("a1"), visits_per_year=52, owner=rep)
    plan, who = add_plan(), actor_of(manager)
    session.commit()
    session.info["scope"] = who
    (found,) = cost(plan, who=who)["plans"]
    assert (found["customers"], value(found, "due")) == (1, 1)


def test_an_assignment_rule_decides_before_the_ground(session, shops, add_plan, cost):
    session.add(Rule(name="All B", priority=1, territory="Slice 2", segments=["B"]))
    session.commit()
    (found,) = cost(add_plan())["plans"]
    assert [value(each, "due") for each in found["territories"]] == [0, 4, 0]


def test_two_plans_are_compared_on_the_same_visits(session, actor, shops, add_plan, cost):
    before, after = add_plan("Before"), add_plan("After")
    move_units(session, actor, after.id, None, [Move(code("d4"), 1)], splits_allowed=True)
    session.commit()
    found = cost(before, after, rates=Rates(per_km=2))
    assert found["same_visits"]
    gap = found["difference"]
    assert gap["due"] == {"value": 0.0, "se": 0.0, "clear": False}
    # The customer in d4 is now served from a1, some 470 km away.
    assert gap["all_km"]["value"] > 900
    assert gap["all_km"]["clear"]
    assert gap["cost"]["value"] == pytest.approx(2 * gap["all_km"]["value"])
    back = cost(after, before)["difference"]
    assert back["all_km"]["value"] == pytest.approx(-gap["all_km"]["value"])


def test_without_a_place_a_visit_is_counted_and_not_planned(add_account, add_plan, cost):
    add_account(at=IN_A1, unit=code("a1"), visits_per_year=52)
    add_account(at=IN_A1, unit=code("a1"), visits_per_year=52, grade="regency")
    (found,) = cost(add_plan())["plans"]
    assert (value(found, "due"), value(found, "no_place")) == (1, 1)


def test_plans_that_hold_nothing_to_measure_are_refused(
    session, actor, add_plan, add_account, cost
):
    plan = add_plan()
    with pytest.raises(InvalidInput, match="see no customers in Plan"):
        cost(plan)
    add_account(at=IN_A1, unit=code("a1"), visits_per_year=0)
    with pytest.raises(InvalidInput, match="is to be visited"):
        cost(plan)
    with pytest.raises(InvalidInput, match="with itself"):
        cost(plan, plan)
    other = add_plan("Service")
    other.type = "service"
    session.flush()
    with pytest.raises(InvalidInput, match="different types"):
        cost(plan, other)
    session.execute(Territory.__table__.delete().where(Territory.plan_id == plan.id))
    with pytest.raises(InvalidInput, match="no territories with ground"):
        cost(plan)


def test_reps_may_not_measure(session, shops, add_plan, rep, actor_of, cost):
    plan = add_plan()
    with pytest.raises(Forbidden):
        cost(plan, who=actor_of(rep))


# ------------------------------------------------------------------------------ in the background


@pytest.fixture
def work_off(sessions):
    """Run a queued job as its owner."""

    def run_it(job_id, handler=true_cost_tasks.run):
        jobs.run(sessions, {true_cost_queries.KIND: handler}, owner_of, job_id)

    return run_it


def test_the_api_measures_in_the_background_and_shows_what_came_out(
    session, actor, client_of, administrator, manager, shops, add_plan, work_off
):
    plan, client = add_plan(), client_of(administrator)
    path = f"{API}/{plan.id}/true-cost"
    assert client.get(path).json == {"cost": None, "job_id": None}
    started = client.post(path, json={"weeks": 2})
    assert started.status_code == 202
    job_id = started.json["job_id"]
    assert client.get(path).json == {"cost": None, "job_id": job_id}
    work_off(job_id)
    shown = client.get(path, query_string={"cost_per_hour": 10}).json
    assert shown["job_id"] is None
    (found,) = shown["cost"]["plans"]
    assert value(found, "due") == 4
    assert value(found, "cost") == pytest.approx(10 * value(found, "all_hours"), rel=1e-3)
    assert (shown["cost"]["stale"], shown["cost"]["travel_times"]) == ([], "estimate")
    # It counts what the administrator sees, so it is nobody else's.
    assert client_of(manager).get(path).json["cost"] is None
    move_units(session, actor, plan.id, None, [Move(code("a1"), 2)], splits_allowed=True)
    session.commit()
    assert client.get(path).json["cost"]["stale"] == ["Plan"]


def test_a_measurement_that_is_cancelled_leaves_nothing(
    session, client_of, administrator, shops, add_plan, work_off
):
    plan, client = add_plan(), client_of(administrator)
    path = f"{API}/{plan.id}/true-cost"
    job_id = client.post(path, json={"weeks": 52}).json["job_id"]

    def cancelled_midway(work):
        # The first report says that it begins, the second comes when days are planned.
        reports = iter((False, True))

        class Watched(Work):
            def report(self, done, total=None, message=""):
                if next(reports, False):
                    jobs.cancel(session, OPERATOR, job_id)
                    session.commit()
                super().report(done, total, message)

        return true_cost_tasks.run(
            Watched(work.job_id, work.actor, work.sessions, work.params, work.attempt)
        )

    work_off(job_id, cancelled_midway)
    assert client.get(f"/api/v1/jobs/{job_id}").json["state"] == "cancelled"
    assert client.get(path).json == {"cost": None, "job_id": None}


@pytest.mark.parametrize(
    "wanted",
    [
        {"weeks": 0},
        {"weeks": 53},
        {"hours": "nine to five"},
        {"start": "moon"},
        {"days": 8},
        {"visit_min": 1e300},
    ],
)
def test_the_api_refuses_what_cannot_be_asked(client_of, administrator, shops, add_plan, wanted):
    plan = add_plan()
    answer = client_of(administrator).post(f"{API}/{plan.id}/true-cost", json=wanted)
    assert answer.status_code == 422
    assert answer.json["detail"]


def test_marketers_and_reps_may_not_ask(client_of, marketer, rep, administrator, shops, add_plan):
    plan = add_plan()
    for who in (marketer, rep):
        assert client_of(who).get(f"{API}/{plan.id}/true-cost").status_code == 403
        assert client_of(who).post(f"{API}/{plan.id}/true-cost", json={}).status_code == 403
    assert client_of(administrator).get(f"{API}/999999/true-cost").status_code == 404
    missing = client_of(administrator).get(f"{API}/{plan.id}/true-cost?against=999999")
    assert missing.status_code == 404


# ------------------------------------------------------------------------------ at the command line


@pytest.mark.usefixtures("on_the_test_sessions")
def test_the_command_compares_two_plans(shops, add_plan, capsys):
    add_plan("Before")
    add_plan("After", count=2)
    ask = ["territories", "true-cost", "Before", "--against", "After", "--weeks", "2"]
    assert run([*ask, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [plan["name"] for plan in found["plans"]] == ["Before", "After"]
    assert set(found["difference"]) == set(found["plans"][0]["figures"])
    assert run([*ask, "--start", CENTRE, "--cost-per-km", "2"]) == 0
    out = capsys.readouterr().out
    assert "straight line x 1.35" in out
    assert "difference" in out
    assert run(["territories", "true-cost", "Before", "--weeks", "0"]) == 2
    assert "1 to 52" in capsys.readouterr().err
