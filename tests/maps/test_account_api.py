"""Lists, counts and figures: every page once, one statement, and only what is yours."""

import json
from datetime import date

import pytest
from sqlalchemy import text

from geocrm.customers.models import Account, AccountScope, Contact, Email, Phone
from geocrm.maps import queries, search
from geocrm.maps.filters import compile_filter
from geocrm.security.disclosure import count_words, shown_amount, shown_count
from tests.maps.conftest import TODAY

EVERYBODY = compile_filter(None, today=TODAY)


def get(client, path, **query):
    answer = client.get(f"/api/v1/{path}", query_string=query)
    return answer.status_code, answer.json


def in_segment(*names):
    return json.dumps({"field": "segment", "op": "in", "value": list(names)})


# ------------------------------------------------------------------------------ lists


@pytest.mark.parametrize("sort", queries.SORTS)
@pytest.mark.parametrize("descending", [False, True])
def test_pages_bring_everybody_once_and_in_order(session, scatter, add_user, sort, descending):
    rows = scatter(50, [add_user()])
    for row in rows[:10]:
        row.revenue = 7.0
        row.last_order = None
    session.commit()
    seen, after = [], None
    while True:
        page = queries.accounts(
            session, EVERYBODY, sort=sort, descending=descending, after=after, limit=7
        )
        seen += page.rows
        after = page.next
        if after is None:
            break
    assert sorted(row.id for row in seen) == sorted(row.account_id for row in rows)
    values = [_sorted_by(sort, row) for row in seen]
    assert values == sorted(values, reverse=descending)


def _sorted_by(sort, row):
    if sort == "name":
        return row.name.lower()
    if sort.startswith("last_"):
        return getattr(row, sort) or date.min
    return getattr(row, sort)


def test_a_page_is_one_statement_however_long(session, scatter, add_user, statements):
    scatter(40, [add_user()])
    for limit in (1, 40):
        statements.clear()
        queries.accounts(session, EVERYBODY, limit=limit)
        assert len(statements) == 1


def test_a_list_shows_what_is_mine_in_the_box(client_of, add_account, rep, add_user):
    mine = add_account("Mine", owner=rep, at=(106.8, -6.2), segment="A", revenue=12.5)
    add_account("Far", owner=rep, at=(100.0, 0.0))
    add_account("Theirs", owner=add_user(), at=(106.8, -6.2))
    status, answer = get(client_of(rep), "accounts", bbox="106,-7,108,-6", sort="-revenue")
    assert (status, answer["next"]) == (200, None)
    (item,) = answer["items"]
    assert (item["id"], item["name"], item["revenue"]) == (mine.id, "Mine", 12.5)
    assert (item["lon"], item["lat"], item["grade"]) == (106.8, -6.2, "village")
    assert item["owner"] == {"id": rep.id, "name": rep.name}


def test_a_box_ends_where_it_ends_and_not_a_metre_further(session, add_account):
    inside = add_account(at=(106.8, -6.2))
    for beyond in ((106.8000005, -6.2), (106.8, -6.2000005)):
        add_account(at=beyond)
    box = queries.Box(106.7, -6.2, 106.8, -6.1)
    assert [row.id for row in queries.accounts(session, EVERYBODY, box=box).rows] == [inside.id]
    around = queries.Box(106.8000003, -6.3, 106.7, -6.1)
    assert queries.count(session, EVERYBODY, box=around, exact=True).customers == 1


def test_a_page_may_end_with_a_long_name_in_any_script(client_of, add_account, rep):
    for last in "ab":
        add_account("\U0001f33e" * 199 + last, owner=rep)
    _, page = get(client_of(rep), "accounts", limit=1)
    status, after = get(client_of(rep), "accounts", limit=1, cursor=page["next"])
    assert (status, len(after["items"]), after["next"]) == (200, 1, None)


def test_a_box_across_the_180th_meridian_finds_both_sides(session, add_account):
    ids = {add_account(at=(lon, -17)).id for lon in (179.5, -179.5)}
    add_account(at=(0, -17))
    page = queries.accounts(session, EVERYBODY, box=queries.Box(179, -18, -179, -16))
    assert {row.id for row in page.rows} == ids


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "shoe"},
        {"limit": 0},
        {"limit": 5000},
        {"limit": "many"},
        {"cursor": "@@@"},
        {"cursor": "WzEsMl0"},
        {"bbox": "1,2,3"},
        {"bbox": "nan,0,1,1"},
        {"bbox": "0,5,1,1"},
        {"filter": "{"},
    ],
)
def test_a_list_that_cannot_be_is_refused(client_of, administrator, query):
    answer = client_of(administrator).get("/api/v1/accounts", query_string=query)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"]


def test_the_cursor_of_another_list_is_refused(client_of, administrator, scatter, add_user):
    scatter(5, [add_user()])
    client = client_of(administrator)
    cursor = get(client, "accounts", limit=2)[1]["next"]
    assert get(client, "accounts", limit=2, cursor=cursor)[0] == 200
    assert get(client, "accounts", limit=2, cursor=cursor, sort="-revenue")[0] == 422


# ------------------------------------------------------------------------------ counts


def test_a_count_is_capped_unless_it_shall_be_exact(session, scatter, add_user, monkeypatch):
    rows = scatter(30, [add_user()])
    weak = sum(row.grade in ("none", "region", "country") for row in rows)
    monkeypatch.setattr(queries, "COUNT_CAP", 20)
    capped = queries.count(session, EVERYBODY)
    assert (capped.customers, capped.complete) == (20, False)
    assert queries.count(session, EVERYBODY, exact=True) == (30, weak, True)


def test_figures_come_in_one_statement_and_add_up(session, scatter, add_user, statements):
    owners = [add_user(), add_user()]
    rows = scatter(80, owners)
    statements.clear()
    found = queries.summary(session, EVERYBODY)
    assert len(statements) == 1
    assert found.customers == 80
    assert found.revenue == pytest.approx(sum(row.revenue for row in rows))
    assert found.unplaced == sum(row.qk is None for row in rows)
    for facets in (found.segments, found.territories, found.owners):
        assert sum(facet.customers for facet in facets) == 80
    assert {f.label for f in found.owners} == {owner.name for owner in owners}
    assert {f.value for f in found.segments} == {row.segment for row in rows}


def test_nobody_chosen_is_a_count_of_none(session):
    found = queries.summary(session, EVERYBODY)
    assert (found.customers, found.revenue, found.segments) == (0, 0.0, [])


def test_counts_are_of_what_one_may_see(client_of, scatter, add_user, rep):
    rows = scatter(60, [rep, add_user()])
    mine = [row for row in rows if row.owner_id == rep.id]
    client = client_of(rep)
    status, answer = get(client, "accounts/count", exact="true")
    assert (status, answer["count"], answer["label"]) == (200, len(mine), str(len(mine)))
    assert get(client, "accounts/summary")[1]["count"] == len(mine)
    segment_a = [row for row in mine if row.segment == "A"]
    assert get(client, "accounts/count", filter=in_segment("A"))[1]["count"] == len(segment_a)


def test_a_marketer_counts_everybody_in_tens_and_lists_nobody(
    client_of, scatter, add_user, marketer
):
    rows = scatter(120, [add_user()])
    client = client_of(marketer)
    assert get(client, "accounts")[0] == 403
    assert get(client, "accounts/at", stack=1)[0] == 403
    answer = get(client, "accounts/count", exact="true")[1]
    assert (answer["count"], answer["rounded"]) == (120, True)
    few = get(client, "accounts/count", bbox="100,0,101,1")[1]
    assert (few["count"], few["label"], few["without_point"]) == (None, "<10", None)
    figures = get(client, "accounts/summary")[1]
    assert figures["owners"] == []
    numbers = [share["count"] for share in figures["segments"] + figures["territories"]]
    assert all(number >= 10 and number % 10 == 0 for number in numbers)
    assert figures["revenue"] != pytest.approx(sum(row.revenue for row in rows), rel=1e-9)


def test_few_people_are_not_told_of():
    assert [shown_count(n) for n in (0, 1, 9, 10, 19, 20, 1234)] == [
        None,
        None,
        None,
        10,
        10,
        20,
        1230,
    ]
    assert (count_words(9), count_words(57)) == ("<10", "50")
    assert (shown_amount(500.0, 9), shown_amount(123_456.0, 10), shown_amount(0, 10)) == (
        None,
        120_000.0,
        0.0,
    )


# ------------------------------------------------------------------------------ stacks


def test_a_stack_opens_as_a_list(client_of, session, add_account, rep, add_user):
    names = ["Beta", "alpha", "Gamma"]
    ids = {name: add_account(name, owner=rep, at=(106.8, -6.2)).id for name in names}
    add_account("Theirs", owner=add_user(), at=(106.8, -6.2))
    add_account("Elsewhere", owner=rep, at=(106.9, -6.2))
    key = session.get(AccountScope, ids["Beta"]).qk
    client = client_of(rep)
    for query in ({"stack": key}, {"lon": 106.8, "lat": -6.2}):
        first = get(client, "accounts/at", limit=2, **query)[1]
        rest = get(client, "accounts/at", limit=2, cursor=first["next"], **query)[1]
        assert [item["name"] for item in first["items"] + rest["items"]] == [
            "alpha",
            "Beta",
            "Gamma",
        ]
    assert get(client, "accounts/at")[0] == 422
    assert get(client, "accounts/at", stack=-1)[0] == 422
    assert get(client, "accounts/at", lon=500, lat=0)[0] == 422


# ------------------------------------------------------------------------------ search


@pytest.fixture
def shop(session, add_account, rep):
    """A shop with a contact, a telephone and an e-mail address."""
    account = add_account("Warung Bu Tini", owner=rep, external_id="K-77")
    session.add_all(
        [
            Contact(account_id=account.id, name="Tini Suryani"),
            Phone(account_id=account.id, e164="+6281234567890", typed="0812-3456-7890"),
            Email(account_id=account.id, address="Tini@warung.test"),
        ]
    )
    session.commit()
    return account


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("warung b", "accounts"),
        ("bu tini", "accounts"),
        ("Warung Bu Tinny", "accounts"),
        ("K-77", "accounts"),
        ("suryani", "contacts"),
        ("0812 3456", "phones"),
        ("+62 812-3456", "phones"),
        ("62812345678", "phones"),
        ("(0812) 3456 7890", "phones"),
        ("tini@WARUNG", "emails"),
    ],
)
def test_a_customer_is_found_by_what_one_remembers(client_of, shop, rep, typed, kind):
    groups = {g["kind"]: g["items"] for g in get(client_of(rep), "search", q=typed)[1]["groups"]}
    assert [(item["id"], item["label"]) for item in groups[kind]] == [(shop.id, shop.name)]
    assert groups[kind][0]["url"] == f"/accounts/{shop.id}"
    assert groups[kind][0]["lon"] == 106.8


@pytest.mark.parametrize("typed", ["warung", "suryani", "0812345678", "tini@warung", "K-77"])
def test_nobody_finds_customers_of_others(client_of, shop, add_user, marketer, typed):
    for user in (add_user(), marketer):
        groups = get(client_of(user), "search", q=typed)[1]["groups"]
        assert {group["kind"] for group in groups} <= {"places"}


@pytest.mark.parametrize("typed", ["", "x", "%%", "\\", "'; --", "😀😀😀", "0" * 30, "@@"])
def test_odd_words_find_nothing_and_break_nothing(client_of, shop, administrator, typed):
    status, answer = get(client_of(administrator), "search", q=typed)
    assert (status, [g["kind"] for g in answer["groups"]]) == (200, [])


def test_names_that_begin_so_come_first(session, add_account):
    add_account("Toko Maju Warung")
    first = add_account("Warung Maju")
    assert (
        search.by_name(session, search.understand(session, "warung"), 5)[0].account_id == first.id
    )


# --------------------------------------------------------------------------- the rest


def test_layers_can_be_asked_for(client_of, rep):
    status, answer = get(client_of(rep), "boundaries/layers")
    assert status == 200
    assert answer["items"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/map",
        "/tiles/accounts/0/0/0.mvt",
        "/api/v1/accounts",
        "/api/v1/accounts/count",
        "/api/v1/accounts/summary",
        "/api/v1/accounts/at?stack=1",
        "/api/v1/search?q=toko",
        "/api/v1/boundaries/layers",
    ],
)
def test_nobody_reads_without_signing_in(client_of, path):
    assert client_of(None).get(path).status_code in (302, 401)


def test_the_api_describes_itself(client_of):
    paths = client_of(None).get("/api/v1/openapi.json").json["paths"]
    for path in ("", "/count", "/summary", "/at"):
        assert "get" in paths[f"/api/v1/accounts{path}"]
    assert "get" in paths["/api/v1/search"]


def test_an_account_without_a_scope_row_is_nobodys(session):
    session.add(Account(name="Orphan"))
    session.commit()
    assert queries.count(session, EVERYBODY).customers == 0


def test_the_map_opens_around_what_one_sees(
    signed_in_as, add_account, rep, add_user, session, actor_of
):
    add_account("Theirs", owner=add_user(), at=(140, -8))
    assert queries.extent(session) == queries.Box(140, -8, 140, -8)
    session.info["scope"] = actor_of(rep)
    assert queries.extent(session) is None
    add_account("Mine", owner=rep, at=(106.8, -6.2))
    add_account("Mine too", owner=rep, at=(107.0, -6.0))
    assert queries.extent(session) == queries.Box(106.8, -6.2, 107.0, -6.0)
    assert "[106.8, -6.2, 107.0, -6.0]" in signed_in_as(rep).get("/map").text


def test_the_map_of_a_marketer_counts_and_lists_nobody(signed_in_as, add_account, marketer):
    add_account()
    page = signed_in_as(marketer).get("/map").text
    assert '"individuals": false' in page
    assert 'id="table"' not in page
    assert '"box": null' in page


def test_a_question_that_takes_too_long_is_ended_and_said_so(
    session, client_of, administrator, scatter, add_user
):
    scatter(300, [add_user()])
    client = client_of(administrator)
    part = {"field": "name", "op": "contains", "value": "zz"}
    session.execute(text("SET statement_timeout = 1"))
    body = {"filter": {"or": [part] * 50}, "exact": True}
    answer = client.post("/api/v1/accounts/count", json=body)
    assert answer.status_code == 422
    assert "too long" in answer.json["detail"]
