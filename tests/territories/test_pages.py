"""Pages and API of territories: who may do what, and what each of them gets to see."""

import json

import pytest

from geocrm.jobs import service as jobs
from geocrm.jobs.models import JobRun
from geocrm.security import Role
from geocrm.security.models import User
from geocrm.territories import members, service, suggesting
from geocrm.territories.models import Measure, MemberRole, Plan
from geocrm.wiring import actor_of
from geocrm.wiring.handlers import JOB_HANDLERS
from tests.territories.conftest import code

API = "/api/v1/territories/plans"


@pytest.fixture
def people(administrator, manager, rep, marketer):
    """One person of each role."""
    return {"administrator": administrator, "manager": manager, "rep": rep, "marketer": marketer}


@pytest.fixture
def browser_of(client_of, signed_in_as):
    """Somebody at a page or at the API; only the API takes tokens."""
    return lambda path, user: (client_of if path.startswith("/api") else signed_in_as)(user)


READING = ["/territories", "/territories/{plan}", API, API + "/{plan}"]
DESIGNING = [
    ("GET", "/territories/new"),
    ("GET", API + "/{plan}/changes"),
    ("GET", API + "/{plan}/changes/accounts"),
    ("GET", API + "/{plan}/suggestions"),
    ("GET", API + "/{plan}/export.csv"),
    ("POST", "/api/v1/territories/designs"),
    ("POST", API + "/{plan}/copy"),
    ("POST", API + "/{plan}/moves"),
    ("POST", API + "/{plan}/activate"),
    ("POST", API + "/{plan}/undo"),
    ("PATCH", API + "/{plan}"),
    ("PATCH", API + "/{plan}/territories/1"),
    ("DELETE", API + "/{plan}"),
]


@pytest.mark.parametrize("path", READING)
def test_everybody_reads_the_live_plan(browser_of, people, add_plan, go_live, path):
    plan = add_plan()
    go_live(plan)
    for person in people.values():
        assert browser_of(path, person).get(path.format(plan=plan.id)).status_code == 200


def test_a_designer_gets_the_form_also_with_an_earlier_plans_wishes(
    signed_in_as, manager, add_plan
):
    plan = add_plan("Slices")
    browser = signed_in_as(manager)
    assert "tst-adm2" in browser.get("/territories/new").text
    again = browser.get(f"/territories/new?like={plan.id}").text
    # Two plans of one name could not be told apart.
    assert 'value="Slices 2"' in again
    assert 'value="50.0"' in again


@pytest.mark.parametrize(("method", "path"), DESIGNING)
def test_reps_and_marketers_change_nothing(client_of, browser_of, people, add_plan, method, path):
    path = path.format(plan=add_plan().id)
    for role in ("rep", "marketer"):
        answer = browser_of(path, people[role]).open(path, method=method, json={})
        assert answer.status_code == 403, role
    assert client_of(None).open(path, method=method, json={}).status_code in (302, 400, 401)


def test_a_draft_is_not_there_for_reps_and_marketers(client_of, people, add_plan):
    plan = add_plan()
    for role in ("rep", "marketer"):
        client = client_of(people[role])
        assert client.get(f"{API}/{plan.id}").status_code == 404
        assert client.get(API).json["items"] == []


def test_a_rep_gets_figures_of_their_own_territory_only(
    session, client_of, signed_in_as, rep, add_plan, go_live, add_account
):
    add_account(unit=code("a1"), revenue=11.0)
    add_account(unit=code("d4"), revenue=77777.0)
    plan = add_plan(measure=Measure.REVENUE, people={1: [rep]})
    go_live(plan)
    answer = client_of(rep).get(f"{API}/{plan.id}")
    own, *others = answer.json["territories"]
    assert (own["accounts"], own["revenue"], own["mine"]) == (1, 11.0, True)
    for other in others:
        assert (other["accounts"], other["revenue"], other["load"]) == (None, None, None)
        assert other["deviation"] is None
    assert answer.json["ideal"] is None
    assert answer.json["edges"] == []
    page = signed_in_as(rep).get(f"/territories/{plan.id}").text
    assert own["name"] in page
    assert "77777" not in page
    assert "77777" not in answer.text


def test_a_marketer_gets_no_figures_of_accounts(
    client_of, marketer, add_plan, go_live, add_account
):
    add_account(unit=code("a1"), revenue=11.0)
    plan = add_plan(measure=Measure.ACCOUNTS)
    go_live(plan)
    sheet = client_of(marketer).get(f"{API}/{plan.id}").json
    assert {t["accounts"] for t in sheet["territories"]} == {None}
    assert {unit["load"] for unit in sheet["units"]} == {None}


def test_a_design_runs_as_a_job_and_ends_as_a_draft(session, sessions, client_of, manager, country):
    asked = {"level": "tst-adm2", "count": 3, "balance": "population", "name": "Fresh", "time": 5}
    started = client_of(manager).post("/api/v1/territories/designs", json=asked)
    assert started.status_code == 202
    jobs.run(sessions, JOB_HANDLERS, actor_of, started.json["job_id"])
    session.expire_all()
    job = session.get(JobRun, started.json["job_id"])
    assert job.state == "done", job.message
    plan = session.get(Plan, job.result["plan_id"])
    assert (plan.name, plan.state, plan.created_by) == ("Fresh", "planning", manager.id)


def test_a_mixture_is_designed_and_shown_as_one(
    session, sessions, client_of, signed_in_as, manager, country, add_account
):
    for name in ("a1", "d4", "i2"):
        add_account(unit=code(name), segment="A", owner=manager)
    asked = {
        "level": "tst-adm2", "count": 2, "tolerance": 0.9, "name": "Mixed", "time": 5,
        "weights": {"workload": 30, "accounts": 70},
    }  # fmt: skip
    job_id = client_of(manager).post("/api/v1/territories/designs", json=asked).json["job_id"]
    jobs.run(sessions, JOB_HANDLERS, actor_of, job_id)
    session.expire_all()
    plan_id = session.get(JobRun, job_id).result["plan_id"]
    sheet = client_of(manager).get(f"{API}/{plan_id}").json
    assert (sheet["balance"], sheet["weights"]) == ("accounts", {"accounts": 0.7, "workload": 0.3})
    assert sum(territory["load"] for territory in sheet["territories"]) == pytest.approx(3)
    for page in ("/territories", f"/territories/{plan_id}"):
        assert "70% customers + 30% workload" in signed_in_as(manager).get(page).text
    page = signed_in_as(manager).get(f"/territories/{plan_id}").text
    assert "load in the scale of customers" in page
    assert 'data-measure="mixture"' in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weights": {"size": 1}}, "no measure size"),
        ({"weights": {"accounts": 0}}, "not all 0"),
        ({"weights": {"accounts": -1}}, "0 or more"),
        ({"balance": "size"}, "no measure size"),
        ({}, "Say what is to be shared out"),
        ({"balance": "shops", "numbers": {"shops": {"tst-adm2:a1": 1}}}, "shops has no number for"),
    ],
)
def test_a_balance_that_makes_no_sense_is_refused(client_of, manager, country, wrong, says):
    asked = {"level": "tst-adm2", "count": 3, "name": "Fresh"} | wrong
    answer = client_of(manager).post("/api/v1/territories/designs", json=asked)
    assert answer.status_code == 422
    assert says in answer.json["detail"]


def test_what_cannot_be_designed_is_refused_before_a_job_starts(client_of, manager, country):
    asked = {"level": "tst-adm2", "count": 99, "balance": "population", "name": "Fresh"}
    answer = client_of(manager).post("/api/v1/territories/designs", json=asked)
    assert answer.status_code == 422
    assert "more than the 18 units" in answer.json["detail"]


def test_a_cancelled_design_saves_nothing(session, sessions, client_of, manager, country):
    asked = {"level": "tst-adm2", "count": 3, "balance": "population", "name": "Fresh", "time": 5}
    client = client_of(manager)
    job_id = client.post("/api/v1/territories/designs", json=asked).json["job_id"]
    client.post(f"/api/v1/jobs/{job_id}/cancel")
    jobs.run(sessions, JOB_HANDLERS, actor_of, job_id)
    assert session.query(Plan).count() == 0


def test_a_unit_moves_and_the_second_of_two_people_is_told(client_of, manager, add_plan):
    plan = add_plan()
    client = client_of(manager)
    seen = client.get(f"{API}/{plan.id}").json
    homes = {unit["code"]: unit["territory"] for unit in seen["units"]}
    # b2 is the last of the first slice and lies beside b3 of the second.
    assert (homes[code("b2")], homes[code("b3")]) == (1, 2)
    move = {"version": seen["version"], "moves": [{"unit": code("b2"), "territory": 2}]}
    first = client.post(f"{API}/{plan.id}/moves", json=move)
    assert first.status_code == 200
    assert first.json["max_deviation"] == pytest.approx(1 / 6)
    second = client.post(f"{API}/{plan.id}/moves", json=move)
    assert second.status_code == 409
    assert "Somebody else changed" in second.json["detail"]


def test_a_territory_may_not_fall_apart_unless_allowed(client_of, manager, add_plan):
    plan = add_plan()
    client = client_of(manager)
    # Without d4 the island has no crossing to the rest of the third slice.
    move = {"moves": [{"unit": code("d4"), "territory": 2}]}
    refused = client.post(f"{API}/{plan.id}/moves", json=move)
    assert refused.status_code == 422
    assert "separate pieces" in refused.json["detail"]
    allowed = client.post(f"{API}/{plan.id}/moves", json=move | {"splits_allowed": True})
    assert allowed.json["contiguous"] is False


def test_the_last_unit_of_a_territory_stays(client_of, manager, add_plan):
    plan = add_plan(count=18)
    move = {"moves": [{"unit": code("a1"), "territory": 2}]}
    answer = client_of(manager).post(f"{API}/{plan.id}/moves", json=move)
    assert "lose its last unit" in answer.json["detail"]


def test_a_territory_is_named_and_given_to_a_rep(session, client_of, manager, rep, add_plan):
    plan = add_plan()
    client = client_of(manager)
    change = {"name": " North  coast ", "colour": 7, "people": [{"user_id": rep.id}]}
    assert client.patch(f"{API}/{plan.id}/territories/1", json=change).status_code == 200
    first = client.get(f"{API}/{plan.id}").json["territories"][0]
    assert (first["name"], first["colour"]) == ("North coast", 7)
    assert [(p["user_id"], p["role"]) for p in first["people"]] == [(rep.id, "rep")]


@pytest.mark.parametrize("who", ["marketer", "nobody"])
def test_only_people_of_the_field_get_a_territory(client_of, manager, people, add_plan, who):
    plan = add_plan()
    user_id = people[who].id if who in people else 987654
    answer = client_of(manager).patch(
        f"{API}/{plan.id}/territories/1", json={"people": [{"user_id": user_id}]}
    )
    assert answer.status_code == (422 if who == "marketer" else 404)


def test_a_team_manager_sends_only_their_own_people(client_of, manager, add_user, add_plan):
    lead = add_user(Role.TERRITORY_MANAGER, manager_id=manager.id)
    outsider = add_user()
    plan = add_plan()
    change = {"people": [{"user_id": outsider.id}]}
    path = f"{API}/{plan.id}/territories/1"
    assert client_of(lead).patch(path, json=change).status_code == 404
    assert client_of(manager).patch(path, json=change).status_code == 200


def test_reps_are_suggested_by_where_they_live(session, actor, add_plan, add_user):
    east = add_user(home=(3.5, 3.5))
    west = add_user(home=(0.5, 3.5))
    add_user()  # no home on record
    plan = add_plan(count=2)
    assert suggesting.suggest_reps(session, actor, plan.id) == {1: west.id, 2: east.id}
    members.set_members(session, actor, plan.id, None, 2, {east.id: MemberRole.REP})
    assert suggesting.suggest_reps(session, actor, plan.id) == {1: west.id}


def test_going_live_and_back_through_the_api(client_of, manager, add_plan, add_account, rep):
    add_account(unit=code("a1"), owner=rep, revenue=5.0)
    plan = add_plan(people={1: [rep]})
    client = client_of(manager)
    before = client.get(f"{API}/{plan.id}/changes").json
    assert (before["live_plan_id"], before["changing_hands"]) == (None, 1)
    assert before["people"][0] | {"name": ""} == {
        "name": "",
        "gained": 1,
        "lost": 0,
        "revenue_gained": 5.0,
        "revenue_lost": 0.0,
    }
    to = before["transfers"][0]["after"]["id"]
    listed = client.get(f"{API}/{plan.id}/changes/accounts?before=0&after={to}").json
    assert [account["revenue"] for account in listed["items"]] == [5.0]
    live = client.post(f"{API}/{plan.id}/activate", json={"instead_of": 0})
    assert live.json["accounts"] == 1
    assert client.patch(f"{API}/{plan.id}/territories/1", json={"name": "New"}).status_code == 200
    locked = client.post(
        f"{API}/{plan.id}/moves", json={"moves": [{"unit": code("b2"), "territory": 2}]}
    )
    assert locked.status_code == 409
    assert client.post(f"{API}/{plan.id}/undo").status_code == 200


def test_a_copy_of_the_live_plan_hands_nothing_over(
    client_of, manager, add_plan, go_live, add_account, rep
):
    add_account(unit=code("a1"), owner=rep)
    plan = add_plan(people={1: [rep]})
    go_live(plan)
    client = client_of(manager)
    made = client.post(f"{API}/{plan.id}/copy")
    assert made.status_code == 201
    found = client.get(f"{API}/{made.json['plan_id']}/changes").json
    assert (found["accounts"], found["changing_hands"]) == (0, 0)


def test_a_draft_can_be_deleted_and_a_plan_of_record_not(client_of, manager, add_plan, go_live):
    draft, live = add_plan("Draft"), add_plan("Live")
    go_live(live)
    client = client_of(manager)
    assert client.delete(f"{API}/{draft.id}").status_code == 204
    assert client.delete(f"{API}/{live.id}").status_code == 409


def test_the_sheet_takes_the_same_statements_for_any_plan(
    session, client_of, manager, add_plan, statements
):
    counts = []
    for count in (2, 9):
        plan = add_plan(count=count)
        client = client_of(manager)
        statements.clear()
        client.get(f"{API}/{plan.id}")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 15


def test_exports_hold_the_plan_and_no_formula(session, actor, client_of, manager, rep, add_plan):
    plan = add_plan(people={1: [rep]})
    service.describe(session, actor, plan.id, None, 1, name='=HYPERLINK("http://x")')
    session.get(User, rep.id).name = "+Ani"
    session.commit()
    client = client_of(manager)
    table = client.get(f"{API}/{plan.id}/export.csv").data.decode("utf-8-sig").splitlines()
    assert table[0] == "unit,unit_name,territory,rep,load"
    assert len(table) == 19
    assert table[1].startswith(f"{code('a1')},Unit a1,\"'=HYPERLINK")
    assert table[1].endswith(",'+Ani,100")
    shapes = json.loads(client.get(f"{API}/{plan.id}/export.geojson").data)
    first = shapes["features"][0]
    assert (first["properties"]["load"], first["geometry"]["type"]) == (600.0, "MultiPolygon")
    assert len(first["properties"]["units"]) == 6


def test_the_report_opens_without_a_network(client_of, manager, add_plan):
    answer = client_of(manager).get(f"{API}/{add_plan().id}/export.html")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    assert 'src="http' not in answer.text
    assert "Slice 1" in answer.text


def test_an_unknown_format_is_refused(client_of, manager, add_plan):
    answer = client_of(manager).get(f"{API}/{add_plan().id}/export.exe")
    assert (answer.status_code, "geojson" in answer.json["detail"]) == (422, True)


def test_copies_of_a_plan_are_told_apart(client_of, manager, add_plan):
    client = client_of(manager)
    long = "Long " * 24
    for name in ("West", long[:120].strip()):
        plan = add_plan(name)
        copies = [client.post(f"{API}/{plan.id}/copy").json["plan_id"] for _ in range(3)]
        names = [client.get(f"{API}/{copy}").json["name"] for copy in copies]
        assert len({name, *names}) == 4
        assert all("(copy)" in one for one in names)
