"""The page and the API of address batches."""

import pytest

from geocrm.customers.address_batches import tasks
from geocrm.customers.address_batches.online import NoServices
from geocrm.jobs import service as jobs
from geocrm.security import OPERATOR


@pytest.fixture
def boss(client_of, administrator):
    """An administrator's programme."""
    return client_of(administrator)


def test_a_batch_is_estimated_begun_followed_and_read_through_the_api(
    sessions, boss, administrator, actor_of, add
):
    add()
    add(typed="Jl. Kaliurang 7")
    forecast = boss.get("/api/v1/address-batches/estimate?choice=pending").json
    assert (forecast["addresses"], forecast["lookups"], forecast["services"]) == (2, 2, 0)
    begun = boss.post("/api/v1/address-batches", json={"choice": "pending"})
    assert begun.status_code == 201
    batch = begun.json
    assert (batch["state"], batch["stage"], batch["under_way"]) == ("running", "list", True)
    assert boss.post("/api/v1/address-batches", json={}).status_code == 409
    path = f"/api/v1/address-batches/{batch['id']}"
    assert boss.post(f"{path}/pause").json["state"] == "paused"
    assert boss.post(f"{path}/pause").status_code == 409
    assert boss.post(f"{path}/resume").json["state"] == "running"
    job_id = boss.get("/api/v1/jobs/999999999")
    assert job_id.status_code == 404
    asked_for_it = actor_of(administrator)
    jobs.run(
        sessions, {tasks.RUN: tasks.run_with(NoServices())}, lambda *_: asked_for_it,
        newest_job(sessions),
    )  # fmt: skip
    done = boss.get(path).json
    assert (done["state"], done["moved"], done["done"], done["total"]) == ("done", 2, 2, 2)
    assert done["grades"] == {"village": 2}
    assert [one["id"] for one in boss.get("/api/v1/address-batches").json] == [batch["id"]]


def newest_job(sessions):
    with sessions() as session:
        session.info["scope"] = OPERATOR
        return max(job.id for job in session.query(jobs.JobRun).all())


def test_the_page_offers_a_batch_then_shows_it_then_its_result(
    signed_in_as, app, administrator, add
):
    app.config["WTF_CSRF_METHODS"] = set()
    add()
    browser = signed_in_as(administrator)
    assert 'id="batch-form"' in browser.get("/addresses").text
    assert browser.post("/addresses", data={"choice": "pending"}).status_code == 302
    page = browser.get("/addresses").text
    assert 'id="batch-form"' not in page
    number = page.partition('data-batch="')[2].partition('"')[0]
    assert browser.post(f"/addresses/batches/{number}/pause").status_code == 302
    assert "Paused" in browser.get("/addresses").text
    assert browser.post(f"/addresses/batches/{number}/resume").status_code == 302
    assert browser.post(f"/addresses/batches/{number}/cancel").status_code == 302
    page = browser.get("/addresses").text
    assert 'id="batch-form"' in page
    assert "Cancelled" in page


def test_a_batch_of_somebody_else_looks_missing(client_of, rep, boss, add):
    add()
    number = boss.post("/api/v1/address-batches", json={}).json["id"]
    stranger = client_of(rep)
    for method, path in (("get", ""), ("post", "/pause"), ("post", "/resume"), ("post", "/cancel")):
        answer = getattr(stranger, method)(f"/api/v1/address-batches/{number}{path}")
        assert answer.status_code == 404


def test_a_choice_there_is_not_is_refused(boss):
    assert boss.post("/api/v1/address-batches", json={"choice": "some"}).status_code == 422
    assert boss.get("/api/v1/address-batches/estimate?choice=some").status_code == 422


def test_the_customers_page_says_who_pinned_it_and_where_it_was(
    boss, signed_in_as, administrator, add_account, session
):
    account = add_account()
    path = f"/api/v1/accounts/{account.id}/pin"
    for lon in (107.1, 107.2):
        assert boss.put(path, json={"lon": lon, "lat": -6.9}).status_code < 300
    page = signed_in_as(administrator).get(f"/accounts/{account.id}").text
    assert f"Placed by hand by {administrator.name}" in page
    assert "Where it was before" in page
    point = boss.get(f"/api/v1/accounts/{account.id}").json["point"]
    assert (point["placed_by"], point["lon"]) == (administrator.name, 107.2)
