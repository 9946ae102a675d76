"""Requests that no page of ours sends are refused with a sentence, never with a defect."""

import json
import re
import uuid

import pytest

from geocrm.customers.models import Account


def refused(answer):
    assert answer.status_code in (400, 404, 422), answer.status_code
    assert answer.mimetype == "application/problem+json"
    return answer.json["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a\\u0000b"}',
        b'{"name": "Toko", "annual_revenue": NaN}',
        b'{"name": "Toko", "annual_revenue": -Infinity}',
        b'{"name": ' + b"[" * 100_000,
        b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"\xff\xfe",
        b"",
    ],
    ids=["nul", "nan", "infinity", "bottomless", "deep", "no text", "nothing"],
)
def test_a_body_that_is_no_plain_json_is_refused_and_adds_nobody(
    client_of, administrator, session, body
):
    answer = client_of(administrator).post(
        "/api/v1/accounts", data=body, content_type="application/json"
    )
    assert refused(answer)
    assert session.query(Account).count() == 0


@pytest.mark.parametrize("address", ["visits/candidates?q=a%00b", "accounts?filter=%00"])
def test_nul_in_an_address_is_refused(client_of, rep, address):
    assert "NUL" in refused(client_of(rep).get(f"/api/v1/{address}"))


def test_nul_in_a_form_is_refused(client_of, administrator):
    answer = client_of(administrator).post(
        "/accounts/new",
        data={"name": "Toko", "segment": "A\x00"},
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.status_code == 422
    assert "NUL" in answer.get_data(as_text=True)


@pytest.mark.parametrize("number", [2**31, 2**63, 2**70, -(2**70)])
def test_numbers_that_no_id_has_are_refused(client_of, administrator, number):
    client = client_of(administrator)
    asked = client.get(f"/api/v1/territories/plans/1/changes/accounts?before={number}")
    assert asked.status_code == 422
    for address in (
        f"territories/plans/{abs(number)}",
        f"accounts/{abs(number)}",
        f"imports/{abs(number)}",
        f"jobs/{abs(number)}",
    ):
        refused(client.get(f"/api/v1/{address}"))


def test_an_entry_of_a_customer_one_does_not_see_is_refused_when_sent_again(
    client_of, administrator, rep, add_account
):
    entry = {"kind": "note", "text": "Met Ani", "client_id": str(uuid.uuid4())}
    theirs, mine = add_account(), add_account(owner=rep)
    path = "/api/v1/accounts/{}/activities"
    first = client_of(administrator).post(path.format(theirs.id), json=entry)
    again = client_of(rep).post(path.format(mine.id), json=entry)
    assert (first.status_code, again.status_code) == (201, 409)


def test_digits_that_are_no_number_are_refused(signed_in_as, administrator):
    visitor = signed_in_as(administrator)
    page = visitor.get("/accounts/new").text
    csrf = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    form = {"name": "Toko", "visits_per_year": "\N{SUPERSCRIPT TWO}", "csrf_token": csrf}
    assert visitor.post("/accounts/new", data=form).status_code == 422


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "evil"]
)
def test_changing_the_language_leads_to_our_own_pages_only(client_of, target):
    visitor = client_of(None)
    csrf = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', visitor.get("/login").text)[1]
    form = {"locale": "en", "next": target, "csrf_token": csrf}
    answer = visitor.post("/language", data=form)
    assert (answer.status_code, answer.location) == (302, "/")


def test_a_body_without_end_is_refused(client_of, administrator):
    answer = client_of(administrator).post(
        "/api/v1/accounts", data=b" " * 5_000_000 + b"{}", content_type="application/json"
    )
    assert answer.status_code == 413


def test_the_api_says_that_any_call_may_be_refused(client_of):
    described = client_of(None).get("/api/v1/openapi.json").json
    for operations in described["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            assert "application/problem+json" in json.dumps(answers["default"])


def test_every_part_of_the_description_of_the_api_is_there(client_of):
    """Else tools that read it, generators and fuzzers, refuse the whole."""
    described = client_of(None).get("/api/v1/openapi.json").json
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert named <= set(described["components"]["schemas"])


def ring(corners):
    line = [[106 + 0.5 * (i % 97) / 97, -6 - i / corners / 2] for i in range(corners)]
    return {"type": "Polygon", "coordinates": [[*line, line[0]]]}


def nested(levels):
    return '{"not":' * levels + '{"field":"segment","op":"eq","value":"A"}' + "}" * levels


@pytest.mark.parametrize(
    "filter_text",
    [
        nested(1_000),
        '{"and":' * 1_000,
        json.dumps({"field": "location", "op": "within", "value": ring(10_500)}),
        json.dumps({"field": "last_order", "op": "within_days", "value": 1e9}),
        json.dumps({"field": "last_order", "op": "between", "value": ["2026-02-30", "2026-03-01"]}),
        json.dumps({"field": "last_order", "op": "gte", "value": "0000-01-01"}),
    ],
    ids=["deep", "bottomless", "corners", "days", "no day", "no year"],
)
@pytest.mark.parametrize("z", [0, 12])
def test_a_tile_of_an_absurd_filter_is_refused_before_customers_are_read(
    client_of, administrator, statements, filter_text, z
):
    answer = client_of(administrator).get(
        f"/tiles/accounts/{z}/0/0.mvt", query_string={"filter": filter_text}
    )
    assert refused(answer)
    assert not [sent for sent in statements if "account_scope" in sent]


@pytest.mark.parametrize("days", ["0001-01-01", "9999-12-31", "9999-12-01", "9999-12-15"])
@pytest.mark.parametrize("op", ["gte", "lt", "gt", "lte", "eq"])
def test_the_first_and_the_last_day_there_is_make_a_tile(client_of, administrator, days, op):
    answer = client_of(administrator).get(
        "/tiles/accounts/0/0/0.mvt",
        query_string={"filter": json.dumps({"field": "last_order", "op": op, "value": days})},
    )
    assert answer.status_code == 200
