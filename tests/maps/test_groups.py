"""Groups of customers: they add up, their filters choose exactly them, and few people stay few."""

import json

import pytest
from sqlalchemy import text

from geocrm.errors import InvalidInput
from geocrm.maps import beforehand, groups, pyramid_upkeep, queries
from geocrm.maps.filters import compile_filter
from geocrm.maps.groups import part_of
from geocrm.security import Actor, Role
from tests.maps.conftest import TODAY
from tests.maps.test_pyramid import FILTERS

UNITS = """
    INSERT INTO boundary_layers (code, name, level, source, vintage, licence, attribution)
    VALUES ('t-adm1', '', 1, '', '', '', ''), ('t-adm2', '', 2, '', '', '', '');
    INSERT INTO boundaries (code, layer, name, parent, area_km2, geom, outline, centre)
    SELECT code, split_part(code, ':', 1), name, parent, 1, shape,
           ST_Transform(shape, 3857), ST_PointOnSurface(shape)
    FROM (VALUES ('t-adm1:1', 'West', NULL), ('t-adm2:1.1', 'Town', 't-adm1:1'))
         AS u(code, name, parent),
         LATERAL (SELECT ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)) AS shape) g
"""
EVERYBODY = compile_filter(None, today=TODAY)


def asked(client, **query):
    answer = client.get("/api/v1/accounts/groups", query_string=query)
    return answer.status_code, answer.json


@pytest.mark.parametrize(
    "by", ["segment", "territory", "owner", "grade", "recency", "visited", "month"]
)
def test_groups_add_up_and_their_filters_choose_exactly_them(session, scatter, add_user, by):
    rows = scatter(300, [add_user(), add_user()])
    found = groups.groups(session, EVERYBODY, by, today=TODAY)
    assert sum(one.customers for one in found) == len(rows)
    assert sum(one.revenue for one in found) == pytest.approx(sum(row.revenue for row in rows))
    for one in found:
        chosen = compile_filter(part_of(by, one.value), today=TODAY)
        summary = queries.summary(session, chosen)
        assert (summary.customers, summary.revenue) == (one.customers, pytest.approx(one.revenue))


@pytest.mark.parametrize("by", groups.NAMES[:-1])
@pytest.mark.parametrize("name", ["everybody", "both", "90 days", "visited on some days", "grades"])
def test_groups_counted_beforehand_are_those_of_the_customers(
    session, scatter, add_user, monkeypatch, by, name
):
    reps = [add_user(), add_user()]
    scatter(80, reps)
    pyramid_upkeep.fold(session)
    scatter(80, reps, seed=9)
    chosen = compile_filter(FILTERS[name], today=TODAY)

    def told():
        found = groups.groups(session, chosen, by, today=TODAY)
        return sorted((str(g.value), g.label, g.customers, round(g.revenue, 2)) for g in found)

    for scope in (
        session.info["scope"],
        Actor(1, Role.FIELD_REP, frozenset({int(reps[0].id)}), frozenset({2})),
    ):
        session.info["scope"] = scope
        with monkeypatch.context() as patched:
            patched.setattr(beforehand, "split", lambda *_: None)
            one_by_one = told()
        assert told() == one_by_one


def test_groups_of_everybody_read_no_customer(session, scatter, add_user, statements):
    scatter(20, [add_user()])
    statements.clear()
    for by in ("segment", "owner", "territory", "grade", "month"):
        groups.groups(session, compile_filter(None, today=TODAY), by, today=TODAY)
    assert len(statements) == 5
    assert not any("account_scope" in statement for statement in statements)


def test_groups_are_one_statement(session, scatter, add_user, statements):
    scatter(30, [add_user()])
    statements.clear()
    groups.groups(session, EVERYBODY, "segment", today=TODAY)
    assert len(statements) == 1


def test_a_unit_counts_all_that_lies_in_it(session, scatter, add_user):
    session.execute(text(UNITS))
    owner = add_user()
    scatter(3, [owner], unit="t-adm2:1.1")
    scatter(2, [owner], seed=8, unit=None)
    found = groups.groups(session, EVERYBODY, "unit:t-adm1", today=TODAY)
    assert [(one.value, one.label, one.customers) for one in found] == [
        ("t-adm1:1", "West", 3),
        (None, None, 2),
    ]


def test_only_what_is_mine_is_in_the_groups(client_of, rep, add_account, add_user):
    add_account("Mine", owner=rep, segment="A")
    add_account("Theirs", owner=add_user(), segment="B")
    status, answer = asked(client_of(rep), by="segment")
    assert status == 200
    assert [(one["value"], one["count"]) for one in answer["items"]] == [("A", 1)]


def test_a_filter_and_a_view_narrow_the_groups(client_of, administrator, add_account):
    add_account(at=(106.8, -6.2), segment="A")
    add_account(at=(140.0, -3.0), segment="A")
    add_account(at=(106.8, -6.2), segment="B")
    only_a = json.dumps({"field": "segment", "op": "in", "value": ["A"]})
    _, answer = asked(client_of(administrator), by="segment", filter=only_a, bbox="106,-7,108,-6")
    assert [(one["value"], one["count"]) for one in answer["items"]] == [("A", 1)]


def test_who_only_counts_gets_whole_tens_and_no_small_groups(client_of, marketer, add_account):
    for _each in range(23):
        add_account(segment="A")
    add_account(segment="B")
    status, answer = asked(client_of(marketer), by="segment")
    assert status == 200
    assert [(one["value"], one["count"]) for one in answer["items"]] == [("A", 20)]
    assert asked(client_of(marketer), by="owner")[0] == 403


def test_what_nothing_can_be_grouped_by_is_said(client_of, administrator, session):
    status, answer = asked(client_of(administrator), by="shoe size")
    assert status == 422
    assert "shoe size" in answer["detail"]
    with pytest.raises(InvalidInput):
        groups.groups(session, EVERYBODY, "unit:" + "x" * 100, today=TODAY)
