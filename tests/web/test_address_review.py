"""The API and pages of reviewing addresses, as programs and people of each role meet them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from geocrm.customers import scope
from geocrm.customers.decision_models import AddressDecision
from geocrm.customers.models import Address

CANDIDATE = {
    "label": "Sukamaju, Cilodong, Kota Depok", "grade": "village",
    "lon": 106.85, "lat": -6.43, "radius_m": 1200,
}  # fmt: skip
API = "/api/v1/address-review"


@pytest.fixture
def add_open(session, add_account):
    """Add a customer whose address waits for a person."""

    def add(name="Toko", **fields: Any):
        account = add_account(name, grade="region", at=(107.0, -6.6), **fields)
        row = session.get_one(Address, account.id)
        row.typed, row.geocoded_at = "Sukamaju, Depok", datetime(2026, 1, 1, tzinfo=UTC)
        session.flush()
        row.review, row.ambiguous, row.provider, row.radius_m = "open", True, "gazetteer", 500.0
        row.label, row.attribution, row.licence = "Jawa Barat", "Places: us", "CC BY 4.0"
        row.candidates, row.p1000, row.p200 = [CANDIDATE], 0.93, 0.4
        row.notes = [{"code": "unknown", "given": "Xyz"}]
        session.commit()
        return account.id

    return add


@pytest.fixture
def mine(add_open, rep):
    """An open address of the rep."""
    return add_open("Mine", owner=rep)


@pytest.fixture
def program(client_of, rep):
    """The rep's program."""
    return client_of(rep)


def decide(program, account_id, **given):
    seen = program.get(f"{API}/{account_id}").json["seen"]
    return program.post(f"{API}/{account_id}", json={"seen": seen} | given)


def test_a_case_says_what_a_person_needs_to_decide(program, mine, rep):
    (case,) = program.get(API).json["items"]
    assert (case["name"], case["owner"], case["written"]) == ("Mine", rep.name, "Sukamaju, Depok")
    assert case["reasons"] == ["ambiguous", "coarse", "unknown"]
    assert case["notes"] == [{"code": "unknown", "given": "Xyz"}]
    now, other = case["candidates"]
    assert (now["number"], now["present"], now["attribution"]) == (1, True, "Places: us")
    assert now["likely"] == {"of_ten": 9, "within_m": 1000}
    assert (other["number"], other["present"], other["likely"]) == (2, False, None)
    assert [p["text"] for p in other["written"] if p["mark"] == "same"] == ["Sukamaju", "Depok"]
    assert [p["text"] for p in other["label_pieces"] if p["mark"] == "alone"] == ["Cilodong"]


def test_the_queue_is_counted_and_paged(program, add_open, rep):
    for number in range(3):
        add_open(f"Toko {number}", owner=rep, revenue=100.0 * number)
    assert program.get(f"{API}/count").json == {"count": 3, "exact": True}
    first = program.get(f"{API}?limit=2").json
    second = program.get(f"{API}?limit=2&cursor={first['next']}").json
    names = [case["name"] for page in (first, second) for case in page["items"]]
    assert names == ["Toko 2", "Toko 1", "Toko 0"]
    assert second["next"] is None
    assert program.get(f"{API}?cursor=nonsense").status_code == 422


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"action": "choose", "candidate": 2}, ("settled", 106.85)),
        ({"action": "choose", "candidate": 1}, ("settled", 107.0)),
        ({"action": "place", "lon": 106.9, "lat": -6.5}, ("settled", 106.9)),
        ({"action": "nowhere"}, ("nowhere", None)),
    ],
)
def test_a_decision_is_made_and_taken_back(session, program, mine, given, expected):
    made = decide(program, mine, **given)
    assert (made.status_code, made.json["changed"]) == (201, 1)
    session.expire_all()
    address = session.get_one(Address, mine)
    assert (address.review, address.lon) == expected
    assert [d["id"] for d in program.get("/api/v1/address-decisions").json["items"]] == [
        made.json["id"]
    ]
    undone = program.post(f"/api/v1/address-decisions/{made.json['id']}/undo")
    assert (undone.json["restored"], undone.json["spared"]) == (1, 0)
    assert undone.json["cases"][0]["account_id"] == mine
    session.expire_all()
    assert (address.review, address.lon) == ("open", 107.0)
    assert program.get("/api/v1/address-decisions").json["items"] == []


@pytest.mark.parametrize(
    "given",
    [
        {"action": "choose"},
        {"action": "choose", "candidate": 3},
        {"action": "place", "lon": 1.0},
        {"action": "place", "lon": 0, "lat": 0},
        {"action": "place", "lon": 200, "lat": 0},
        {"action": "guess"},
        {"action": "nowhere", "more": 1},
    ],
)
def test_a_decision_that_means_nothing_is_refused(session, program, mine, given):
    assert decide(program, mine, **given).status_code == 422
    session.expire_all()
    assert session.get_one(Address, mine).review == "open"
    assert session.scalars(select(AddressDecision.id)).all() == []


def test_the_second_of_two_people_gets_the_address_as_it_is_now(client_of, program, mine, manager):
    seen = program.get(f"{API}/{mine}").json["seen"]
    assert decide(client_of(manager), mine, action="nowhere").status_code == 201
    late = program.post(f"{API}/{mine}", json={"seen": seen, "action": "choose", "candidate": 1})
    assert late.status_code == 409
    assert manager.name in late.json["detail"]
    assert (late.json["now"]["review"], late.json["now"]["reviewed_by"]) == (
        "nowhere", manager.name,
    )  # fmt: skip
    assert late.json["now"]["seen"] != seen


def test_others_addresses_are_not_there(client_of, add_user, mine):
    other = client_of(add_user())
    assert other.get(API).json["items"] == []
    assert other.get(f"{API}/{mine}").status_code == 404
    assert other.get(f"/api/v1/accounts/{mine}/points").status_code == 404
    given = {"seen": "x", "action": "nowhere"}
    assert other.post(f"{API}/{mine}", json=given).status_code == 404


def test_nobody_undoes_what_somebody_else_decided(client_of, program, mine, manager):
    made = decide(program, mine, action="nowhere").json["id"]
    undo = f"/api/v1/address-decisions/{made}/undo"
    assert client_of(manager).post(undo).status_code == 404
    assert program.post(undo).status_code == 200
    assert program.post(undo).status_code == 409


def test_a_marketer_sees_neither_queue_nor_quality(client_of, marketer, mine):
    visitor = client_of(marketer)
    for path in (
        API, f"{API}/{mine}", "/api/v1/address-quality", "/api/v1/address-quality/units",
        "/api/v1/address-contradictions", "/api/v1/address-decisions",
    ):  # fmt: skip
        assert visitor.get(path).status_code == 403, path


def test_alike_is_said_before_and_done_after(session, program, mine, add_open, rep):
    other = add_open("Other", owner=rep)
    assert program.get(f"{API}/{mine}").json["alike"] == 1
    assert decide(program, mine, action="choose", candidate=2, alike=True).json["changed"] == 2
    session.expire_all()
    assert session.get_one(Address, other).review == "settled"


def test_where_a_customer_was_before_is_told(program, mine):
    decide(program, mine, action="place", lon=106.9, lat=-6.5)
    (point,) = program.get(f"/api/v1/accounts/{mine}/points").json["items"]
    assert (point["lon"], point["label"], point["address"]) == (
        107.0, "Jawa Barat", "Sukamaju, Depok, ID",
    )  # fmt: skip


# ------------------------------------------------------------------------------ pages


def test_the_page_of_the_queue_knows_what_undo_takes_back(signed_in_as, program, mine, rep):
    made = decide(program, mine, action="nowhere").json
    page = signed_in_as(rep).get("/addresses/review").text
    setup = page.split('id="setup">')[1].split("</script>")[0]
    assert json.loads(setup) == {"latest": {"id": made["id"], "changed": 1}}


def test_a_record_says_how_sure_its_point_is_and_who_settled_it(signed_in_as, program, mine, rep):
    visitor = signed_in_as(rep)
    page = visitor.get(f"/accounts/{mine}").text
    for words in ("9 of 10 such addresses lie within 1 km", "Waits for review", "Places: us",
                  "CC BY 4.0"):  # fmt: skip
        assert words in page, words
    decide(program, mine, action="choose", candidate=2)
    page = visitor.get(f"/accounts/{mine}").text
    assert f"Confirmed: {rep.name}" in page
    assert "Where it was before (1)" in page
    decide_page = visitor.get("/addresses/quality")
    assert decide_page.status_code == 200


# ------------------------------------------------------------------------------ quality


def test_quality_counts_grades_and_units(session, client_of, administrator, add_account, add_open):
    add_account(grade="rooftop")
    add_account(grade="village")
    add_account(at=None)
    add_open()
    visitor = client_of(administrator)
    found = visitor.get("/api/v1/address-quality").json
    assert {each["grade"]: each["customers"] for each in found["grades"]} == {
        "rooftop": 1, "village": 1, "region": 1, "none": 1,
    }  # fmt: skip
    assert (found["customers"], found["open"]) == (4, 1)
    assert visitor.get("/api/v1/address-quality/units?layer=nothing").status_code == 422


def test_contradictions_are_listed_and_put_right(session, client_of, administrator, add_account):
    account = add_account(at=(0.0, 5.0), grade="rooftop")
    scope.place(session, account.id)
    session.get_one(Address, account.id).provider = "file"
    session.commit()
    visitor = client_of(administrator)
    (kind,) = visitor.get("/api/v1/address-contradictions").json["items"]
    assert (kind["kind"], kind["customers"], kind["proposals"]) == ("zero", 1, ["address"])
    (row,) = visitor.get("/api/v1/address-contradictions/zero").json["items"]
    assert (row["account_id"], row["lon"], row["lat"]) == (account.id, 0.0, 5.0)
    settle = "/api/v1/address-contradictions/zero/settle"
    assert visitor.post(settle, json={"proposal": "move"}).status_code == 422
    done = visitor.post(settle, json={"proposal": "address"}).json
    assert (done["changed"], done["skipped"], done["job"]) == (1, 0, None)
    assert visitor.get("/api/v1/address-contradictions").json["items"] == []
    undone = visitor.post(f"/api/v1/address-decisions/{done['decision']}/undo").json
    assert undone["restored"] == 1
    assert visitor.get("/api/v1/address-contradictions/nothing").status_code == 422
