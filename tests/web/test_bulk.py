"""Bulk actions through the API and the page."""

import io
import re
from dataclasses import replace

import pytest

from geocrm import wiring
from geocrm.jobs import service as jobs
from geocrm.wiring.handlers import JOB_HANDLERS

TAG = {"action": "tag", "params": {"add": ["vip"]}, "filter": {}}


@pytest.fixture
def work(sessions):
    """Run the job of a bulk action, as the worker does."""
    return lambda run: jobs.run(sessions, JOB_HANDLERS, wiring.actor_of, run["job_id"])


def ask(client, path, body=None, status=200):
    path = f"/api/v1/bulk{path}"
    answer = client.get(path) if body is None else client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json


def test_tag_customers_look_at_progress_and_take_it_back(client_of, add_account, rep, work):
    add_account(owner=rep)
    add_account(owner=rep, tags=["vip"])
    client = client_of(rep)
    preview = ask(client, "/preview", TAG)
    assert (preview["total"], preview["changed"], preview["unchanged"]) == (2, 1, 1)
    body = TAG | {"fingerprint": preview["fingerprint"], "key": "once"}
    run = ask(client, "", body, 201)
    assert (run["state"], run["under_way"], run["total"]) == ("preparing", True, 2)
    assert ask(client, "", body, 201)["id"] == run["id"]
    work(run)
    run = ask(client, f"/{run['id']}")
    assert (run["state"], run["changed"], run["can_undo"], run["errors"]) == ("done", 1, True, None)
    back = ask(client, f"/{run['id']}/undo", {})
    assert back["state"] == "undoing"
    work(back)
    run = ask(client, f"/{run['id']}")
    assert (run["state"], run["undone"], run["can_undo"]) == ("undone", 1, False)
    assert ask(client, "")["items"][0]["id"] == run["id"]


def test_a_run_rests_goes_on_and_is_cancelled(client_of, add_account, rep, work):
    add_account(owner=rep)
    client = client_of(rep)
    run = ask(client, "", TAG, 201)
    assert not run["can_resume"]
    paused = ask(client, f"/{run['id']}/pause", {})
    assert (paused["state"], paused["can_resume"]) == ("paused", True)
    work(run)
    assert ask(client, f"/{run['id']}")["changed"] == 0
    assert ask(client, f"/{run['id']}/resume", {})["state"] == "preparing"
    cancelled = ask(client, f"/{run['id']}/cancel", {})
    assert (cancelled["state"], cancelled["can_resume"]) == ("cancelled", False)
    ask(client, f"/{run['id']}/resume", {}, 409)
    ask(client, f"/{run['id']}/undo", {}, 409)


def test_who_was_left_alone_is_a_file(client_of, add_account, rep, work):
    account = add_account("=Toko", owner=rep, tags=[f"t{n}" for n in range(50)])
    client = client_of(rep)
    run = ask(client, "", TAG, 201)
    work(run)
    answer = client.get(ask(client, f"/{run['id']}")["errors"])
    assert answer.mimetype == "text/csv"
    line = answer.get_data(as_text=True).splitlines()[1]
    assert line == f"{account.id},'=Toko,action,It would have more than 50 tags"


def test_an_export_is_downloaded_by_who_made_it(
    client_of, add_account, manager, rep, administrator, work, app, tmp_path
):
    app.config["GEOCRM_SETTINGS"] = replace(app.config["GEOCRM_SETTINGS"], var=tmp_path)
    add_account("Toko Satu", owner=rep)
    client = client_of(manager)
    params = {"format": "csv", "columns": ["external_id", "name"]}
    run = ask(client, "", {"action": "export", "params": params, "filter": {}}, 201)
    assert run["file"] is None
    assert client.get(f"/api/v1/bulk/{run['id']}/file").status_code == 404
    work(run)
    run = ask(client, f"/{run['id']}")
    answer = client.get(run["file"])
    assert io.StringIO(answer.get_data(as_text=True)).readlines()[1].strip() == ",Toko Satu"
    assert "attachment" in answer.headers["Content-Disposition"]
    answer.close()
    assert client_of(administrator).get(run["file"]).status_code == 404
    assert client_of(rep).get(run["file"]).status_code == 403


def test_somebody_elses_run_is_not_found_by_guessing(client_of, add_account, rep, add_user):
    add_account(owner=rep)
    run = ask(client_of(rep), "", TAG, 201)
    stranger = client_of(add_user())
    for path in ("", "/errors.csv"):
        assert stranger.get(f"/api/v1/bulk/{run['id']}{path}").status_code == 404
    for path in ("pause", "resume", "cancel", "undo"):
        ask(stranger, f"/{run['id']}/{path}", {}, 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "tag", "params": {"add": ["x"]}},
        {**TAG, "ids": [1]},
        {**TAG, "filter": None, "ids": []},
        {**TAG, "filter": None, "ids": [-1]},
        {**TAG, "filter": None, "ids": ["one"]},
        {**TAG, "filter": {"field": "shoe", "op": "eq", "value": 1}},
        {**TAG, "action": "dance"},
        {**TAG, "params": {"add": [1]}},
        {**TAG, "params": []},
    ],
)
def test_what_cannot_be_is_refused(client_of, administrator, body):
    answer = client_of(administrator).post("/api/v1/bulk/preview", json=body)
    assert answer.status_code == 422
    assert answer.json["detail"]


def test_a_selection_that_changed_is_a_conflict(client_of, add_account, rep):
    add_account(owner=rep)
    client = client_of(rep)
    preview = ask(client, "/preview", TAG)
    add_account(owner=rep)
    ask(client, "", TAG | {"fingerprint": preview["fingerprint"]}, 409)
    assert ask(client, "")["items"] == []


def test_choices_are_those_of_the_role(client_of, manager, rep, marketer, add_user):
    add_user()
    assert ask(client_of(rep), "/choices")["actions"] == ["owner", "tag", "segment", "visits"]
    found = ask(client_of(manager), "/choices")
    assert "delete" in found["actions"]
    assert {each["id"] for each in found["owners"]} == {manager.id, rep.id}
    ask(client_of(marketer), "/choices", status=403)


def test_the_page_lists_mine(signed_in_as, client_of, add_account, rep, work):
    add_account(owner=rep)
    browser = signed_in_as(rep)
    assert "Nothing was done in bulk yet" in browser.get("/bulk").text
    run = ask(client_of(rep), "", TAG, 201)
    assert "Preparing the list" in browser.get("/bulk").text
    work(run)
    page = browser.get("/bulk").text
    assert "+ vip" in page
    assert f"/bulk/{run['id']}/undo" in page


def test_a_form_opened_before_its_customer_was_handed_over_in_bulk_is_told(
    signed_in_as, client_of, add_account, add_user, manager, rep, work
):
    account = add_account("Toko Satu", owner=rep)
    other = add_user(manager_id=manager.id, name="Budi Baru")
    browser = signed_in_as(manager)
    page = browser.get(f"/accounts/{account.id}/edit").text
    form = {
        "csrf_token": re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1],
        "version": "1", "owner_id": str(rep.id), "name": "Toko Dua",
    }  # fmt: skip
    wanted = {"action": "owner", "params": {"owner_id": other.id}, "ids": [account.id]}
    work(ask(client_of(manager), "", wanted, 201))
    told = browser.post(f"/accounts/{account.id}/edit", data=form)
    assert told.status_code == 409
    assert "Saved now: Budi Baru" in told.text
