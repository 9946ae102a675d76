"""The pages and the API around plans: steps, types, the next plan, challenges, the past."""

import json
import re

import pytest
from sqlalchemy import text

from geocrm.jobs import service as jobs
from geocrm.security import Role
from geocrm.territories import activation_tasks, life, next_plan, service
from geocrm.wiring import actor_of
from geocrm.wiring.handlers import JOB_HANDLERS
from tests.territories.conftest import code

API = "/api/v1/territories"


@pytest.fixture
def pages(app, signed_in_as):
    """A browser of somebody, whose forms need no token here."""
    app.config["WTF_CSRF_METHODS"] = set()
    return signed_in_as


@pytest.fixture
def coming(session, actor, add_plan, go_live, rep):
    """A live plan where the rep has territory 1, and one under review that takes b1 from it."""
    live = add_plan("Now", people={1: [rep]})
    go_live(live)
    plan = service.copy(session, actor, live.id, "Then")
    move = [service.Move(code("b1"), 2)]
    service.move_units(session, actor, plan.id, None, move, splits_allowed=True)
    life.take(session, actor, plan.id, "submit", comment="Look at the north")
    session.commit()
    return plan


def test_a_plan_is_decided_through_the_api(client_of, manager, add_user, add_plan):
    plan = add_plan()
    other = add_user(Role.ADMINISTRATOR)
    steps = f"{API}/plans/{plan.id}/steps"
    first, second = client_of(manager), client_of(other)
    assert first.post(steps, json={"step": "submit"}).json["state"] == "review"
    assert first.post(steps, json={"step": "approve"}).status_code == 403
    assert second.post(steps, json={"step": "approve"}).json["state"] == "approved"
    late = second.post(steps, json={"step": "schedule", "day": "2020-01-01"})
    assert late.status_code == 422
    found = second.post(steps, json={"step": "schedule", "day": "2999-01-01"}).json
    assert (found["state"], found["effective_on"]) == ("scheduled", "2999-01-01")
    assert first.post(f"{API}/plans/{plan.id}/comments", json={"comment": "Fine"}).json["events"][
        -1
    ]["comment"] == "Fine"  # fmt: skip
    assert first.post(steps, json={"step": "fly"}).status_code == 422


def test_the_page_of_a_plan_s_life_shows_what_was_said(pages, manager, coming):
    page = pages(manager).get(f"/territories/{coming.id}/life").text
    assert "Look at the north" in page
    assert 'value="approve"' in page
    taken = pages(manager).post(
        f"/territories/{coming.id}/life", data={"step": "send_back", "comment": "Too far"}
    )
    assert taken.status_code == 302
    assert "Too far" in pages(manager).get(f"/territories/{coming.id}/life").text


def test_a_rep_challenges_and_reads_the_answer(pages, manager, rep, coming):
    field, desk = pages(rep), pages(manager)
    page = field.get("/territories/next").text
    assert "Unit b1" in page
    asked = field.post(
        f"/territories/next/{coming.id}", data={"unit": code("b1"), "reason": "Ours since 1998"}
    )
    assert asked.status_code == 302
    page = desk.get(f"/territories/{coming.id}/life").text
    assert "Ours since 1998" in page
    number = re.search(rf"/territories/{coming.id}/challenges/(\d+)", page)[1]
    desk.post(
        f"/territories/{coming.id}/challenges/{number}",
        data={"accepted": "0", "words": "Balance first"},
    )
    assert "Balance first" in field.get(f"/territories/next?plan={coming.id}").text
    listed = field.get(f"{API}/next/{coming.id}/challenges").json["items"]
    assert [one["state"] for one in listed] == ["declined"]


def test_a_challenge_that_would_split_a_territory_is_refused_on_its_form(
    pages, manager, rep, coming
):
    asked = {"unit": code("a2"), "wanted": "3", "reason": "Not ours"}
    assert pages(rep).post(f"/territories/next/{coming.id}", data=asked).status_code == 302
    desk = pages(manager)
    page = desk.get(f"/territories/{coming.id}/life").text
    assert "now in Slice 1" in page
    number = re.search(rf"/territories/{coming.id}/challenges/(\d+)", page)[1]
    answer = {"accepted": "1", "words": "You are right there"}
    refused = desk.post(f"/territories/{coming.id}/challenges/{number}", data=answer)
    assert refused.status_code == 422
    assert "would fall into separate pieces" in refused.text
    assert "You are right there</textarea>" in refused.text
    done = desk.post(
        f"/territories/{coming.id}/challenges/{number}", data=answer | {"splits_allowed": "1"}
    )
    assert done.status_code == 302


def test_a_step_that_is_refused_is_there_to_be_done_otherwise(pages, manager, coming):
    desk = pages(manager)
    path = f"/territories/{coming.id}/life"
    refused = desk.post(path, data={"step": "send_back", "comment": " "})
    assert refused.status_code == 422
    assert "Say why the plan goes back to planning" in refused.text
    assert 'value="send_back"' in refused.text
    late = desk.post(path, data={"step": "approve", "version": "1", "comment": "A fine plan"})
    assert late.status_code == 409
    assert "A fine plan</textarea>" in late.text
    assert desk.post(path, data={"step": "comment", "comment": ""}).status_code == 422
    assert "In review" in desk.get("/territories").text


def test_a_unit_is_challenged_from_the_map_too(pages, rep, coming):
    page = pages(rep).get(f"/territories/next?plan={coming.id}").text
    shapes = json.loads(re.search(r'id="next-shapes">(.*?)</script>', page)[1])
    [going] = [one["properties"] for one in shapes if one["properties"]["kind"] == "going"]
    assert going["code"] == code("b1")
    assert f'data-plan="{coming.id}"' in page


def test_what_is_challenged_already_is_not_offered_again(pages, rep, coming):
    field = pages(rep)
    form = {"unit": code("b1"), "reason": "Mine"}
    path = f"/territories/next/{coming.id}"
    page = field.get(f"/territories/next?plan={coming.id}").text
    assert f"unit={code('b1').replace(':', '%3A')}" in page
    assert field.post(path, data=form).status_code == 302
    page = field.get(f"/territories/next?plan={coming.id}").text
    assert f"unit={code('b1').replace(':', '%3A')}" not in page
    assert "Challenged" in page
    again = field.post(path, data=form, follow_redirects=True)
    assert again.status_code == 200
    assert "You challenged that already" in again.text


def test_who_has_no_ground_in_a_coming_plan_is_led_to_it(pages, add_user, coming):
    page = pages(add_user(Role.ADMINISTRATOR)).get(f"/territories/next?plan={coming.id}").text
    assert "does not touch your ground" in page
    assert f'href="/territories/{coming.id}"' in page


def test_who_submitted_a_plan_reads_who_decides_it(pages, manager, add_user, add_plan):
    add_user(Role.ADMINISTRATOR)
    desk, plan = pages(manager), add_plan()
    desk.post(f"/territories/{plan.id}/life", data={"step": "submit"})
    page = desk.get(f"/territories/{plan.id}/life").text
    assert 'value="send_back"' in page
    assert 'value="approve"' not in page
    assert "Somebody else decides" in page


def test_a_rep_is_not_offered_what_the_plan_does_already(pages, rep, coming):
    page = pages(rep).get(f"/territories/next?plan={coming.id}&unit={code('b1')}").text
    form = page[page.index('name="wanted"') :]
    offered = re.findall(r'<option value="(\d+)"', form[: form.index("</select>")])
    assert offered
    assert "2" not in offered


def test_a_list_of_plans_has_no_column_that_its_reader_may_not_see(pages, manager, rep, coming):
    assert "Largest deviation" in pages(manager).get("/territories").text
    assert "Largest deviation" not in pages(rep).get("/territories").text


def test_a_rep_looks_at_no_other_plan(pages, rep, add_plan, coming):
    plan = add_plan("Secret")
    field = pages(rep)
    assert field.get(f"{API}/next/{plan.id}").status_code == 404
    assert field.get(f"{API}/next/{coming.id}").json["plan"]["name"] == "Then"
    assert field.get(f"/territories/{coming.id}/life").status_code == 403


def test_the_customers_a_plan_moves_are_paged_and_searched_through_the_api(
    pages, rep, coming, add_account, session, monkeypatch
):
    held = session.scalar(
        text(
            "SELECT u.territory_id FROM territory_units u"
            " JOIN territory_plans p ON p.id = u.plan_id"
            " WHERE p.state = 'live' AND u.unit = :unit"
        ),
        {"unit": code("b1")},
    )
    for name in ("Cahaya", "Abadi", "Berkah"):
        add_account(name, unit=code("b1"), territory_id=held)
    session.commit()
    monkeypatch.setattr(next_plan, "MAX_ACCOUNTS", 2)
    field, path = pages(rep), f"{API}/next/{coming.id}"
    first = field.get(path).json
    assert [one["name"] for one in first["accounts"]] == ["Abadi", "Berkah"]
    assert first["more"]
    last = first["accounts"][-1]
    rest = field.get(path, query_string={"after": last["name"], "after_id": last["id"]}).json
    assert ([one["name"] for one in rest["accounts"]], rest["more"]) == (["Cahaya"], False)
    assert len(field.get(f"{path}?named=aba").json["accounts"]) == 1
    assert field.get(f"{path}?after_id=x").status_code == 422


def test_the_past_is_asked_on_a_page_and_through_the_api(pages, manager, rep, coming,
                                                         add_account):  # fmt: skip
    account = add_account(unit=code("a1"), owner=rep)
    desk = pages(manager)
    page = desk.get("/territories/history")
    assert page.status_code == 200
    assert rep.name in page.text
    today = re.search(r'name="last" value="([\d-]+)"', page.text)[1]
    found = desk.get(f"{API}/as-of?day={today}").json
    assert [one["accounts"] for one in found["owners"]] == [1]
    then = desk.get(f"{API}/as-of/accounts/{account.id}?day={today}").json
    assert then["owner"] == rep.name
    assert desk.get(f"{API}/as-of/units/{code('a1')}?day={today}").json["territory"]["name"]
    assert desk.get(f"{API}/credit?first=2020-01-01&last={today}").json == {"items": []}
    assert desk.get(f"{API}/as-of?day=2999-01-01").status_code == 422
    assert desk.get("/territories/history?day=nonsense").status_code == 422
    swapped = desk.get("/territories/history?first=2026-02-01&last=2026-01-01")
    assert swapped.status_code == 200
    assert 'name="first" value="2026-01-01"' in swapped.text


def test_types_are_listed_in_both_languages_and_added(pages, administrator, manager):
    added = pages(administrator).post(
        "/territories/types", data={"code": "audit", "name_en": "Audit", "name_id": "Pemeriksaan"}
    )
    assert added.status_code == 302
    assert [one["code"] for one in pages(manager).get(f"{API}/types").json["items"]] == [
        "sales", "service", "delivery", "audit",
    ]  # fmt: skip
    refused = pages(manager).post("/territories/types", data={"code": "x", "name_en": "X"})
    assert refused.status_code == 403


def test_days_of_people_come_and_go_through_the_api(client_of, manager, rep, add_plan):
    plan = add_plan(count=1)
    desk = client_of(manager)
    path = f"{API}/plans/{plan.id}/territories/1"
    term = {"user_id": rep.id, "from_day": "2027-01-01", "to_day": "2027-06-30"}
    assert desk.patch(path, json={"people": [term]}).status_code == 200
    (person,) = desk.get(f"{API}/plans/{plan.id}").json["territories"][0]["people"]
    assert (person["from_day"], person["to_day"]) == ("2027-01-01", "2027-06-30")
    wrong = {**term, "to_day": "2026-06-30"}
    assert desk.patch(path, json={"people": [wrong]}).status_code == 422


def test_a_go_live_of_many_accounts_is_a_job(
    sessions, client_of, manager, add_plan, add_account, monkeypatch
):
    monkeypatch.setattr(activation_tasks, "MAX_AT_ONCE", 1)
    plan = add_plan()
    for _ in range(2):
        add_account(unit=code("a1"))
    desk = client_of(manager)
    started = desk.post(f"{API}/plans/{plan.id}/activate", json={"instead_of": 0}).json
    assert started["accounts"] is None
    jobs.run(sessions, JOB_HANDLERS, actor_of, started["job_id"])
    job = desk.get(f"/api/v1/jobs/{started['job_id']}").json
    assert (job["state"], job["result"]["accounts"]) == ("done", 2)


def test_types_have_the_name_of_the_readers_language(pages, manager, add_user, add_plan):
    plan = add_plan()
    assert "Delivery" in pages(manager).get("/territories/types").text
    other = pages(add_user(Role.ADMINISTRATOR, locale="id"))
    for path in ("/territories/types", f"/territories/{plan.id}/life"):
        page = other.get(path).text
        assert "Pengiriman" in page
        assert ">Delivery" not in page
