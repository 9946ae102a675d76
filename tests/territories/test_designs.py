"""Around a design: what is looked up before, stopping it with its plan, finding it again."""

import json
import re

import pytest

from geocrm.errors import Conflict
from geocrm.jobs import service as jobs
from geocrm.security import Role
from geocrm.territories import designing, tasks
from geocrm.territories.models import Plan, TerritoryUnit
from tests.territories.conftest import code

API = "/api/v1/territories/designs"
ASKED = {"level": "tst-adm2", "count": 3, "balance": "population", "name": "Fresh", "time": 5}


@pytest.mark.parametrize("path", ["", "/ground?level=tst-adm2", "/units?level=tst-adm2&q=a"])
def test_only_designers_look_things_up(client_of, rep, marketer, country, path):
    for person in (rep, marketer):
        assert client_of(person).get(API + path).status_code == 403


def test_the_ground_says_what_there_is_to_share_out(client_of, manager, rep, country, add_account):
    add_account(unit=code("b2"), owner=rep, revenue=5.0)
    found = client_of(manager).get(f"{API}/ground?level=tst-adm2").json
    assert found["units"] == 18
    assert found["totals"]["accounts"] == {"whole": 1.0, "largest": "Unit b2", "load": 1.0}
    assert found["totals"]["population"]["whole"] == 1800.0
    west = client_of(manager).get(f"{API}/ground?level=tst-adm2&within=tst-adm1:w").json
    assert (west["units"], west["box"][0]) == (10, 0.5)


def test_a_measure_that_is_nothing_here_is_not_offered(client_of, manager, country):
    found = client_of(manager).get(f"{API}/ground?level=tst-adm2").json
    assert "accounts" not in found["totals"]
    assert "revenue" not in found["totals"]


def test_an_area_has_the_reps_who_live_there(client_of, manager, country, add_user):
    add_user(home=(0.5, 0.5), name="West")
    add_user(home=(3.5, 0.5), name="East")
    add_user(name="Nowhere")
    path = f"{API}/ground?level=tst-adm2"
    names = [rep["name"] for rep in client_of(manager).get(path).json["reps"]]
    assert {"West", "East", "Nowhere"} <= set(names)
    inside = client_of(manager).get(f"{path}&within=tst-adm1:w").json["reps"]
    assert [rep["name"] for rep in inside] == ["West"]


def test_a_team_manager_counts_their_own_reps(client_of, manager, country, add_user):
    lead = add_user(Role.TERRITORY_MANAGER, manager_id=manager.id)
    add_user(name="Own", manager_id=lead.id)
    add_user(name="Other")
    reps = client_of(lead).get(f"{API}/ground?level=tst-adm2").json["reps"]
    assert [rep["name"] for rep in reps] == ["Own"]


def test_units_are_found_by_what_their_name_holds(client_of, manager, country):
    def found(q):
        answer = client_of(manager).get(f"{API}/units", query_string={"level": "tst-adm2", "q": q})
        return [unit["code"] for unit in answer.json["items"]]

    assert found("t a1") == [code("a1")]
    assert found(code("c3")) == [code("c3")]
    assert found("%") == []


def test_a_customer_names_the_unit_of_the_level_it_lies_in(
    client_of, manager, rep, country, add_account
):
    account = add_account(unit=code("i2"), owner=rep)
    client = client_of(manager)
    assert client.get(f"{API}/unit?level=tst-adm2&account={account.id}").json == {
        "code": code("i2"),
        "name": "Unit i2",
        "parent": "Unit w",
    }
    above = client.get(f"{API}/unit?level=tst-adm1&account={account.id}").json
    assert above["code"] == "tst-adm1:w"
    nowhere = add_account(unit=None, owner=rep)
    assert client.get(f"{API}/unit?level=tst-adm2&account={nowhere.id}").status_code == 404


def test_a_hidden_customer_has_no_unit(client_of, manager, rep, country, add_user, add_account):
    lead = add_user(Role.TERRITORY_MANAGER, manager_id=manager.id)
    theirs = add_account(unit=code("a1"), owner=rep)
    path = f"{API}/unit?level=tst-adm2&account={theirs.id}"
    assert client_of(lead).get(path).status_code == 404
    assert client_of(manager).get(path).status_code == 200


def test_locks_centres_and_groups_reach_the_plan(session, client_of, manager, add_plan, run_job):
    kept = add_plan()
    asked = ASKED | {
        "tolerance": 0.5,
        "keep": kept.id,
        "lock": [code("a1"), code("d4")],
        "centres": [[0.5, 2], [2, 2], [4, 2]],
        "together": [[code("c1"), code("d1")]],
        "apart": [[code("a4"), code("d2")]],
    }
    started = client_of(manager).post(API, json=asked)
    assert started.status_code == 202, started.text
    job = run_job(started.json["job_id"])
    assert job.state == "done", job.message
    held = dict(
        session.query(TerritoryUnit.unit, TerritoryUnit.territory_id).filter_by(
            plan_id=job.result["plan_id"]
        )
    )
    first, third = sorted(set(held.values()))[::2]
    assert (held[code("a1")], held[code("d4")]) == (first, third)
    assert held[code("c1")] == held[code("d1")]
    assert held[code("a4")] != held[code("d2")]
    assert job.result["moved"]["share"] >= 0


def test_what_cannot_be_is_said_with_names(client_of, manager, add_plan, run_job):
    kept = add_plan()
    client = client_of(manager)
    many = client.post(API, json=ASKED | {"count": 18, "within": "tst-adm1:w"})
    assert "18 territories are more than the 10 units of Unit w:" in many.text
    every = client.post(API, json=ASKED | {"count": 19})
    assert "19 territories are more than the 18 units of Regencies:" in every.text
    apart = ASKED | {
        "keep": kept.id,
        "lock": [code("a1"), code("d4")],
        "together": [[code("a1"), code("d4")]],
    }
    job = run_job(client.post(API, json=apart).json["job_id"])
    assert "locked to Slice 1 and Slice 3" in job.message


def test_a_limit_out_of_reach_is_told_with_what_would_do(client_of, manager, country, run_job):
    # 18 equal units in 4 territories: one has 4 and one 5, 11.1 % off the mean.
    asked = ASKED | {"count": 4, "tolerance": 0.05}
    client = client_of(manager)
    first = run_job(client.post(API, json=asked).json["job_id"])
    missed = first.result["missed"]
    assert missed["asked"] == 0.05
    assert missed["reached"] == pytest.approx(0.112)
    again = run_job(client.post(API, json=asked | {"tolerance": missed["reached"]}).json["job_id"])
    assert again.result["tolerance_met"]
    assert again.result["missed"] is None


def test_measures_are_held_by_themselves_and_the_one_that_is_missed_is_named(
    client_of, signed_in_as, manager, rep, country, add_account, run_job
):
    # Two customers for three territories: one has none, whatever is drawn.
    for unit in ("a1", "d4"):
        add_account(unit=code(unit), owner=rep)
    client = client_of(manager)
    asked = ASKED | {"tolerance": {"population": 0.3, "accounts": 1.0}, "maximum": {"accounts": 1}}
    started = client.post(API, json=asked)
    assert started.status_code == 202, started.text
    done = run_job(started.json["job_id"])
    assert done.result["missed"] is None
    assert done.result["held"]["accounts"]["most"] == 1
    off = run_job(
        client.post(API, json=asked | {"tolerance": {"population": 0.3, "accounts": 0.9}}).json[
            "job_id"
        ]
    )
    assert off.result["missed"]["measure"] == "accounts"
    assert (off.result["missed"]["asked"], off.result["missed"]["reached"]) == (0.9, 1.0)
    browser = signed_in_as(manager)
    page = browser.get(f"/territories/{done.result['plan_id']}").text
    assert "Held back by" in page
    assert "Customers, at most" in page
    again = browser.get(f"/territories/new?like={done.result['plan_id']}").text
    field = re.search(r'<input[^>]+data-limit="maximum"[^>]+aria-label="Customers:[^>]+>', again)[0]
    assert 'value="1.0"' in field


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tolerance": {"population": 0.3, "accounts": 2}}, "A tolerance of 2 for accounts"),
        ({"maximum": {"shops": 2}}, "There is no measure shops"),
        ({"minimum": {"accounts": -1}}, "A limit of -1 for accounts"),
    ],
)
def test_limits_of_measures_that_cannot_be_are_refused_at_once(
    client_of, manager, country, wrong, says
):
    answer = client_of(manager).post(API, json=ASKED | wrong)
    assert answer.status_code == 422
    assert says in answer.text


def test_the_curve_falls_and_its_bound_stays_below(client_of, manager, country, run_job):
    job = run_job(client_of(manager).post(API, json=ASKED).json["job_id"])
    told = json.loads(job.message)
    bests = [best for _, best, _ in told["curve"]]
    assert told["curve"][0][0] <= told["curve"][-1][0]
    assert bests[-1] <= bests[0]
    assert all(bound <= best + 1e-6 for _, best, bound in told["curve"] if bound is not None)
    # The last point is the plan that is kept, with the bound that the page speaks of.
    assert 1 - told["curve"][-1][2] / bests[-1] == pytest.approx(job.result["gap"], abs=1e-5)


def test_a_design_that_goes_on_is_found_by_who_began_it(client_of, manager, add_user, country):
    client = client_of(manager)
    job = client.post(API, json=ASKED).json["job_id"]
    assert [(one["id"], one["name"]) for one in client.get(API).json["items"]] == [(job, "Fresh")]
    other = client_of(add_user(Role.TERRITORY_MANAGER))
    assert other.get(API).json["items"] == []
    assert other.post(f"{API}/{job}/stop").status_code == 404
    client.post(f"/api/v1/jobs/{job}/cancel")
    assert client.get(API).json["items"] == []


def test_what_has_not_begun_has_nothing_to_keep(client_of, manager, country):
    client = client_of(manager)
    job = client.post(API, json=ASKED).json["job_id"]
    answer = client.post(f"{API}/{job}/stop")
    assert (answer.status_code, "nothing to keep" in answer.json["detail"]) == (409, True)


def test_only_a_design_can_be_stopped_like_that(session, actor, country):
    job = jobs.start(session, actor, "imports.run", {})
    with pytest.raises(Conflict, match="designs nothing"):
        tasks.stop(session, actor, job.id)


def test_a_design_that_is_stopped_keeps_a_valid_plan(
    session, client_of, manager, country, run_job, monkeypatch
):
    client = client_of(manager)
    # Ten minutes of search, so that only the person can end it.
    long = ASKED | {"time": 600, "effort": 1000, "tolerance": 0.2}
    job_id = client.post(API, json=long).json["job_id"]
    begun = designing.solve

    def solve(*args, **more):
        # The person presses the button while the worker is at it.
        assert client.post(f"{API}/{job_id}/stop").status_code == 200
        return begun(*args, **more)

    monkeypatch.setattr(designing, "solve", solve)
    job = run_job(job_id)
    assert (job.state, job.result["stopped"]) == ("done", "person"), job.message
    plan = session.get(Plan, job.result["plan_id"])
    assert plan.params["contiguous"] is True
    assert plan.params["elapsed_s"] < 60
    assert session.query(TerritoryUnit).filter_by(plan_id=plan.id).count() == 18
