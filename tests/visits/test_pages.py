"""A rep's day over HTTP: the API, the page, the sheet, and whose day it is."""

import json
import re
import uuid

import pytest

from geocrm.security import Role
from tests.visits.conftest import TOMORROW

DAY = TOMORROW.isoformat()
API = "/api/v1/visits"


@pytest.fixture
def told():
    """An outcome as the telephone sends it."""
    return lambda account, **more: (
        {
            "account": account.id,
            "outcome": "done",
            "client_id": str(uuid.uuid4()),
        }
        | more
    )


def test_a_rep_plans_their_own_day_and_says_what_came_of_it(client_of, bandung, around, told):
    shop = around("Shop", external_id="K-1")
    me = client_of(bandung)
    assert me.get(f"{API}/plan?date={DAY}").status_code == 404
    made = me.post(f"{API}/plan", json={"date": DAY})
    assert made.status_code == 201
    day = made.json
    assert (day["travel_times"], day["rep"]["id"]) == ("estimate", bandung.id)
    assert {"stops", "drive_s", "distance_m", "unplanned", "return"} <= set(day)
    assert day["stops"][0]["arrive"].endswith("+07:00")
    body = told(shop)
    for _ in range(2):
        answer = me.post(f"{API}/plans/{day['plan_id']}/outcomes", json=body)
        assert (answer.status_code, answer.json["outcome"]) == (200, "done")
    late = me.post(f"{API}/plans/{day['plan_id']}/outcomes", json=told(shop, outcome="nobody"))
    assert late.status_code == 409
    assert me.get(f"{API}/plan?date={DAY}").json["stops"][0]["outcome"] == "done"


def test_a_manager_plans_for_their_reps_and_nobody_plans_for_a_stranger(
    client_of, bandung, manager, add_user, around, told
):
    shop = around("Secret shop")
    body = {"rep": bandung.id, "date": DAY}
    made = client_of(manager).post(f"{API}/plan", json=body)
    assert made.status_code == 201
    stranger = client_of(add_user())
    path = f"{API}/plans/{made.json['plan_id']}/outcomes"
    for answer in (
        stranger.post(f"{API}/plan", json=body),
        stranger.get(f"{API}/plan?rep={bandung.id}&date={DAY}"),
        stranger.get(f"{API}/candidates?rep={bandung.id}"),
        stranger.post(path, json=told(shop)),
        stranger.get(f"/visits/sheet?rep={bandung.id}&date={DAY}"),
    ):
        assert answer.status_code in (404, 302, 401)
        assert "Secret" not in answer.text


def test_a_marketer_has_no_business_here(client_of, marketer, bandung):
    assert client_of(marketer).get(f"{API}/plan?rep={bandung.id}").status_code == 403


def test_another_reps_customer_cannot_be_ticked(client_of, bandung, around, add_account):
    around("Mine")
    theirs = add_account("Theirs")
    body = {"date": DAY, "accounts": [{"account": theirs.id}]}
    answer = client_of(bandung).post(f"{API}/plan", json=body)
    assert answer.status_code == 422
    assert "Theirs" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"hours": "17:00-08:00"},
        {"hours": "whenever"},
        {"date": "2020-01-01"},
        {"date": "soon"},
        {"start": {"lon": 500, "lat": 0}},
        {"accounts": []},
        {"visit_min": 0},
        {"accounts": [{"account": 1, "opens": "99:00"}]},
    ],
)
def test_what_cannot_be_planned_is_422_with_a_sentence(client_of, bandung, around, body):
    around("Shop")
    answer = client_of(bandung).post(f"{API}/plan", json={"date": DAY} | body)
    assert answer.status_code == 422
    assert len(answer.json["detail"]) > 10


def test_candidates_come_by_how_long_they_are_due_and_by_name(client_of, bandung, around):
    around("Toko Baru", segment="D")
    around("Toko Utama", segment="A")
    around("Nowhere", at=None, segment="A")
    me = client_of(bandung)
    found = me.get(f"{API}/candidates?date={DAY}").json
    assert [one["name"] for one in found["items"]] == ["Toko Utama", "Nowhere", "Toko Baru"]
    assert [one["placed"] for one in found["items"]] == [True, False, True]
    assert (found["due"], found["total"]) == (3, 3)
    assert [one["name"] for one in me.get(f"{API}/candidates?q=baru").json["items"]] == [
        "Toko Baru"
    ]
    assert me.get(f"{API}/candidates?q=%25").json["items"] == []


def test_the_page_carries_the_day(signed_in_as, client_of, bandung, around):
    around("Toko </script><b>")
    client_of(bandung).post(f"{API}/plan", json={"date": DAY})
    page = signed_in_as(bandung).get(f"/visits?date={DAY}").text
    setup = json.loads(re.search(r'id="setup">(.*?)</script>', page, re.DOTALL)[1])
    assert setup["plan"]["stops"][0]["name"] == "Toko </script><b>"
    assert 'id="rep"' not in page


def test_a_manager_chooses_a_rep(signed_in_as, manager, add_user, bandung):
    page = signed_in_as(manager).get("/visits").text
    assert f'<option value="{bandung.id}"' in page
    alone = signed_in_as(add_user(Role.TERRITORY_MANAGER)).get("/visits")
    assert alone.status_code == 200
    assert "No field rep" in alone.text


def test_the_sheet_comes_as_a_file(signed_in_as, client_of, bandung, around):
    around("Shop")
    client_of(bandung).post(f"{API}/plan", json={"date": DAY})
    answer = signed_in_as(bandung).get(f"/visits/sheet?date={DAY}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "Shop" in answer.text
