"""The filter language: finds whom it says, says what is wrong, and binds every value."""

import json
from datetime import date, timedelta

import pytest
from geoalchemy2.shape import to_shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import shape
from sqlalchemy import text

from geocrm.customers.models import Account, Channel
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.geocoding.address import Grade
from geocrm.maps.filters import MAX_DEPTH, MAX_NODES, compile_filter
from tests.maps.conftest import TODAY

SQUARE = {"type": "Polygon", "coordinates": [[[106, -7], [107, -7], [107, -6], [106, -7]]]}
COARSE = {"region", "country", "none"}


def found(session, tree):
    chosen = compile_filter(tree, today=TODAY)
    sql = f"SELECT s.account_id FROM account_scope s WHERE {{scope:s}} AND {chosen.sql}"
    return set(scoped_sql(session, sql, chosen.params).scalars())


# ------------------------------------------------------------------ against an oracle


def holds(tree, row, account):
    """Whether the filter means this customer, decided in Python."""
    if "and" in tree:
        return all(holds(part, row, account) for part in tree["and"])
    if "or" in tree:
        return any(holds(part, row, account) for part in tree["or"])
    if "not" in tree:
        return not holds(tree["not"], row, account)
    return _leaf(tree["field"], tree["op"], tree["value"], row, account)


def _leaf(field, op, value, row, account):
    if field in ("location", "has_point", "trustworthy", "name", "tag"):
        return _special(field, op, value, row, account)
    if field in ("consent", "reach", "reachable"):
        bits = {"consent": row.consent, "reach": row.reach, "reachable": row.consent & row.reach}
        wanted = [Channel(v).bit for v in value]
        hits = [bool(bits[field] & bit) for bit in wanted]
        return {"in": any(hits), "all": all(hits), "not_in": not any(hits)}[op]
    column = {"id": "account_id", "owner": "owner_id", "territory": "territory_id"}.get(
        field, field
    )
    return _compare(op, getattr(row, column), value)


def _special(field, op, value, row, account):
    if field == "location":
        inside = row.geom is not None and shape(value).covers(to_shape(row.geom))
        return inside == (op == "within")
    if field == "has_point":
        return (row.geom is not None) == value
    if field == "trustworthy":
        return (row.grade not in COARSE) == value
    if field == "name":
        name, typed = account.name.lower(), value.lower()
        return {"contains": typed in name, "starts": name.startswith(typed), "eq": name == typed}[
            op
        ]
    hits = [tag in account.tags for tag in value]
    return {"in": any(hits), "all": all(hits), "not_in": not any(hits)}[op]


def _compare(op, have, value):
    if op == "empty":
        return (have is None) == value
    if op in ("not_in", "not_within_days"):
        return not _compare(op.removeprefix("not_"), have, value)
    if have is None:
        return False
    if op == "within_days":
        return have >= TODAY - timedelta(days=value)
    if op == "at_least":
        grades = [grade.value for grade in Grade]
        return grades.index(have) <= grades.index(value)
    if isinstance(have, date):
        value = (
            [date.fromisoformat(v) for v in value] if op == "between" else date.fromisoformat(value)
        )
    return {
        "in": lambda: have in value,
        "gte": lambda: have >= value,
        "gt": lambda: have > value,
        "lte": lambda: have <= value,
        "lt": lambda: have < value,
        "between": lambda: value[0] <= have <= value[1],
    }[op]()


def _of(field, op, value):
    return value.map(lambda v: {"field": field, "op": op, "value": v})


def _some(*values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


NASTY = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12
)
WORDS = st.one_of(
    st.sampled_from(["toko", "PT", "1", "'; DROP", "%", "_", "\\", ":f0", "{scope:s}"]), NASTY
)
DAYS = st.dates(date(2025, 1, 1), date(2026, 6, 30)).map(date.isoformat)
AMOUNTS = st.floats(-10, 1100) | st.integers(0, 1000)
LONS, LATS = st.floats(105.5, 108.5), st.floats(-7.5, -5.5)


@st.composite
def boxes(draw):
    west, east = sorted((draw(LONS), draw(LONS)))
    south, north = sorted((draw(LATS), draw(LATS)))
    corners = [
        [west, south],
        [east + 0.01, south],
        [east + 0.01, north + 0.01],
        [west, north + 0.01],
    ]
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def leaves(owner_ids):
    ordered = ["gte", "gt", "lte", "lt"]
    channels = _some(*(channel.value for channel in Channel))
    parts = [_of("segment", op, _some("A", "B", "X", "Q")) for op in ("in", "not_in")]
    parts += [_of("owner", op, _some(*owner_ids, 999)) for op in ("in", "not_in")]
    parts += [_of("id", op, _some(*range(1, 100))) for op in ("in", "not_in")]
    parts += [_of("territory", op, _some(1, 2, 9)) for op in ("in", "not_in")]
    parts += [_of("grade", op, _some("rooftop", "village", "none")) for op in ("in", "not_in")]
    parts += [_of("grade", "at_least", st.sampled_from(["street", "village", "region"]))]
    parts += [
        _of(field, "empty", st.booleans()) for field in ("segment", "territory", "last_order")
    ]
    parts += [_of("revenue", op, AMOUNTS) for op in ordered]
    parts += [_of("revenue", "between", st.tuples(AMOUNTS, AMOUNTS).map(list))]
    for field in ("last_order", "last_visit"):
        parts += [_of(field, op, DAYS) for op in ordered]
        parts += [_of(field, op, st.integers(0, 400)) for op in ("within_days", "not_within_days")]
    parts += [_of("tag", op, _some("vip", "new", "none")) for op in ("in", "all", "not_in")]
    parts += [_of("name", op, WORDS) for op in ("contains", "starts", "eq")]
    parts += [_of("location", op, boxes()) for op in ("within", "not_within")]
    parts += [_of(field, "eq", st.booleans()) for field in ("has_point", "trustworthy")]
    for field in ("consent", "reach", "reachable"):
        parts += [_of(field, op, channels) for op in ("in", "all", "not_in")]
    return st.one_of(parts)


def trees(owner_ids):
    return st.recursive(
        leaves(owner_ids),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: {"and": parts}),
            st.lists(inner, max_size=3).map(lambda parts: {"or": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=8,
    )


def test_any_filter_finds_whom_python_finds(session, scatter, add_user):
    owners = [add_user(), add_user()]
    rows = scatter(120, owners)
    accounts = {account.id: account for account in session.query(Account)}

    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(trees([owner.id for owner in owners]))
    def check(tree):
        expected = {r.account_id for r in rows if holds(tree, r, accounts[r.account_id])}
        assert found(session, json.loads(json.dumps(tree))) == expected

    check()


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(["name", "segment", "tag", "owner", "unit", "territory"]), NASTY)
def test_what_people_type_never_becomes_sql(field, typed):
    marked = f"zq{typed}"
    op, value = ("contains", marked) if field == "name" else ("in", [marked])
    chosen = compile_filter({"field": field, "op": op, "value": value}, today=TODAY)
    assert "zq" not in chosen.sql
    assert "zq" in str(chosen.params)


# ------------------------------------------------------------------ what it finds


def test_a_unit_stands_for_all_that_lies_in_it(session, add_account):
    _layers(session)
    inside = add_account(unit="t-adm2:1.1")
    add_account(unit="t-adm2:2.1")
    for code in ("t-adm2:1.1", "t-adm1:1"):
        assert found(session, {"field": "unit", "op": "in", "value": [code]}) == {inside.id}


def _layers(session):
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, level, source, vintage, licence, attribution)"
            " VALUES ('t-adm1', '', 1, '', '', '', ''), ('t-adm2', '', 2, '', '', '', '');"
            "INSERT INTO boundaries (code, layer, name, parent, area_km2, geom, outline, centre)"
            " SELECT code, split_part(code, ':', 1), code, parent, 1, shape,"
            "  ST_Transform(shape, 3857), ST_PointOnSurface(shape)"
            " FROM (VALUES ('t-adm1:1', NULL), ('t-adm1:2', NULL), ('t-adm2:1.1', 't-adm1:1'),"
            "  ('t-adm2:2.1', 't-adm1:2')) AS u(code, parent),"
            " LATERAL (SELECT ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)) AS shape) g"
        )
    )


def test_an_owner_may_be_named_by_e_mail_in_any_case(session, add_account, rep):
    mine = add_account(owner=rep)
    add_account("Other")
    tree = {"field": "owner", "op": "in", "value": [rep.email.upper()]}
    assert found(session, tree) == {mine.id}


def test_a_self_crossing_area_is_repaired(session, add_account):
    inside = add_account(at=(0.25, 0.5))
    add_account(at=(0.5, 0.9))
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    assert found(session, {"field": "location", "op": "within", "value": bow}) == {inside.id}


def test_nothing_asked_for_means_everybody(session, add_account):
    account = add_account()
    for source in (None, "", "  ", '{"and": []}'):
        assert found(session, source) == {account.id}
    assert found(session, {"or": []}) == set()


def test_equal_filters_have_equal_keys_and_others_do_not():
    def key(value):
        return compile_filter({"field": "segment", "op": "in", "value": value}, today=TODAY).key

    assert key(["A", "B"]) == key(["B", "A", "A"]) != key(["A"])


def test_days_ago_are_counted_from_the_day_given():
    tree = {"field": "last_order", "op": "within_days", "value": 30}
    keys = {compile_filter(tree, today=day).key for day in (TODAY, TODAY + timedelta(days=1))}
    assert len(keys) == 2


# ------------------------------------------------------------------ what it refuses


def _ring(corners):
    return {"type": "Polygon", "coordinates": [corners]}


def _within(area):
    return {"field": "location", "op": "within", "value": area}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('{"field":"shoe","op":"in","value":[1]}', "There is no field 'shoe'"),
        ('{"field":"segment","op":"near","value":[1]}', "has no operation 'near'"),
        ('{"field":"segment","op":"in","value":[]}', "a list of values is needed"),
        ('{"field":"segment","op":"in","value":["\\u0000"]}', "a character that no name has"),
        ('{"field":"segment","op":"in","value":["\\ud800"]}', "a character that no name has"),
        ('{"field":"revenue","op":"gte","value":NaN}', "NaN is not a number"),
        ('{"field":"revenue","op":"gte","value":1e400}', "is not a number between"),
        ('{"field":"revenue","op":"gte","value":true}', "is not a number between"),
        ('{"field":"owner","op":"in","value":[99999999999]}', "is not an id"),
        ('{"field":"last_order","op":"gte","value":"31.12.2026"}', "is not a date"),
        ('{"field":"last_order","op":"within_days","value":1e12}', "is not a number of days"),
        ('{"field":"consent","op":"in","value":["fax"]}', "there is no 'fax'"),
        ('{"field":["segment"],"op":"in","value":["A"]}', "There is no field"),
        ('{"and":{}}', "and takes a list"),
        ('{"and":[],"or":[]}', "has either and, or, not"),
        ("[]", "A filter is an object"),
        ("{", "is not JSON"),
        ("[" * 100_000, "nested deeper"),
    ],
)
def test_what_is_wrong_with_a_filter_is_said(source, reason):
    with pytest.raises(InvalidInput, match=reason):
        compile_filter(source, today=TODAY)


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "must be a GeoJSON Polygon"),
        (_ring([[0, 0], [1, 0], [1, 1], [0, 1]]), "is not closed"),
        (_ring([[0, 0], [1, 0], [0, 0]]), "fewer than three corners"),
        (_ring([[0, 0], [1, 1], [2, 2], [0, 0]]), "The area is empty"),
        (_ring([[-6, 106], [-7, 106], [-7, 107], [-6, 106]]), "looks swapped"),
        (_ring([[179, 0], [181, 0], [181, 1], [179, 0]]), "180th meridian"),
        (_ring([[0, float("inf")], [1, 0], [1, 1], [0, float("inf")]]), "finite numbers"),
        (_ring([["0", 0], [1, 0], [1, 1], ["0", 0]]), "finite numbers"),
        (_ring([[0]] * 4), "is not a position"),
        ({"type": "Polygon", "coordinates": []}, "has no rings"),
        ({"type": "Polygon", "coordinates": 7}, "needs a list"),
        (_ring([[i / 1e4, (i * i) % 7] for i in range(10_000)] + [[0, 0]]), "10,001 corners"),
    ],
)
def test_what_is_wrong_with_an_area_is_said(area, reason):
    with pytest.raises(InvalidInput, match=reason):
        compile_filter(_within(area), today=TODAY)


def test_a_filter_may_be_neither_too_deep_nor_too_wide():
    leaf = {"field": "has_point", "op": "eq", "value": True}
    deep = leaf
    for _ in range(MAX_DEPTH - 1):
        deep = {"and": [deep]}
    compile_filter(deep, today=TODAY)
    with pytest.raises(InvalidInput, match="nested deeper"):
        compile_filter({"and": [deep]}, today=TODAY)
    compile_filter({"and": [leaf] * (MAX_NODES - 1)}, today=TODAY)
    with pytest.raises(InvalidInput, match="more than 200 parts"):
        compile_filter({"and": [leaf] * MAX_NODES}, today=TODAY)


def test_an_area_in_a_filter_is_found_by_its_index(session, scatter, add_user):
    scatter(100, [add_user()])
    session.execute(text("SET LOCAL enable_seqscan = off"))
    chosen = compile_filter(_within(SQUARE), today=TODAY)
    sql = f"EXPLAIN SELECT 1 FROM account_scope s WHERE {{scope:s}} AND {chosen.sql}"
    assert "account_scope_geom" in str(scoped_sql(session, sql, chosen.params).all())
