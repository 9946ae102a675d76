"""The filter language: finds whom it says, says what is wrong, and binds every value."""

import json
from datetime import UTC, date, datetime, timedelta
from math import cos, sin
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from geoalchemy2.shape import from_shape, to_shape
from geographiclib.geodesic import Geodesic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, shape
from sqlalchemy import text

from geocrm.customers.imports.models import Import
from geocrm.customers.models import Account, AccountScope, Address, Channel, Contact
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.geocoding.address import Grade
from geocrm.maps import catalogue
from geocrm.maps.filter_fields import FIELDS
from geocrm.maps.filter_places import boxes_around
from geocrm.maps.filter_values import NOBODY, Asker
from geocrm.maps.filters import MAX_DEPTH, MAX_LOOKUPS, MAX_NODES, compile_filter
from geocrm.maps.version import map_version
from tests.maps.conftest import TODAY

SQUARE = {"type": "Polygon", "coordinates": [[[106, -7], [107, -7], [107, -6], [106, -7]]]}
COARSE = {"region", "country", "none"}


JAKARTA = ZoneInfo("Asia/Jakarta")
OF_ADDRESS = ("village", "district", "city", "region", "postcode", "country", "provider")


def found(session, tree, asker=NOBODY):
    chosen = compile_filter(tree, today=TODAY, asker=asker)
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
    if field in ("ambiguous", "has_website", "has_contact"):
        have = {
            "ambiguous": account.address.ambiguous,
            "has_website": bool(account.website),
            "has_contact": account.has_contact,
        }
        return have[field] == value
    if field in (*OF_ADDRESS, "external_id"):
        holder = account if field == "external_id" else account.address
        return _words(op, getattr(holder, field), value)
    if field == "review":
        return _compare(op, account.address.review, value)
    if field in ("annual_revenue", "visits_per_year"):
        return _compare(op, getattr(account, field), value)
    if field in ("created", "updated"):
        return _compare(op, getattr(account, f"{field}_at").astimezone(JAKARTA).date(), value)
    if field == "import":
        return _compare(op, account.import_id, value)
    return _narrow(field, op, value, row)


def _words(op, have, value):
    if op == "empty":
        return (not have) == value
    if op == "not_in":
        return not _words("in", have, value)
    if have is None:
        return False
    if op == "starts":
        return have.lower().startswith(value.lower())
    return have.lower() in [each.lower() for each in value]


def _narrow(field, op, value, row):
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
        return _located(op.removeprefix("not_"), value, row) != op.startswith("not_")
    if field == "has_point":
        return (row.geom is not None) == value
    if field == "trustworthy":
        return (row.grade not in COARSE) == value
    if field == "name":
        name, typed = account.name.lower(), value.lower()
        return {
            "contains": typed in name,
            "not_contains": typed not in name,
            "starts": name.startswith(typed),
            "eq": name == typed,
        }[op]
    if op == "empty":
        return (not account.tags) == value
    hits = [tag in account.tags for tag in value]
    return {"in": any(hits), "all": all(hits), "not_in": not any(hits)}[op]


def _located(op, value, row):
    if row.geom is None:
        return False
    there = to_shape(row.geom)
    if op == "near":
        return metres(there.x, there.y, value["lon"], value["lat"]) <= value["radius_m"]
    if op == "in_area":
        return any(AREAS[each].covers(there) for each in value if each in AREAS)
    return shape(value).covers(there)


def metres(lon, lat, to_lon, to_lat):
    return Geodesic.WGS84.Inverse(lat, lon, to_lat, to_lon)["s12"]


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
        "eq": lambda: have == value,
        "ne": lambda: have != value,
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
BORN = st.dates(TODAY - timedelta(days=30), TODAY).map(date.isoformat)
PLACES = ("Kota Bandung", "KOTA bandung", "Bogor", "ko_a", "10%", "ID", "demo", "none")
CIRCLES = st.fixed_dictionaries(
    {"lon": st.floats(105, 109), "lat": st.floats(-8, -5), "radius_m": st.floats(1, 300_000)}
)
AREAS = {
    1: shape(
        {"type": "MultiPolygon", "coordinates": [[[[106, -7], [107, -7], [107, -6], [106, -7]]]]}
    ),
    2: shape(
        {
            "type": "MultiPolygon",
            "coordinates": [[[[106.5, -7], [108, -7], [108, -6], [106.5, -7]]]],
        }
    ),
    # Somebody else's, and not shared: it holds nobody.
}
HIDDEN = 3
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
    for field in ("annual_revenue", "visits_per_year"):
        parts += [_of(field, op, st.integers(0, 12)) for op in (*ordered, "eq")]
        parts += [_of(field, "empty", st.booleans())]
        parts += [_of(field, "between", st.tuples(*[st.integers(0, 12)] * 2).map(list))]
    for field in ("created", "updated"):
        parts += [_of(field, op, BORN) for op in (*ordered, "eq", "ne")]
        parts += [_of(field, op, st.integers(0, 30)) for op in ("within_days", "not_within_days")]
        parts += [_of(field, "between", st.tuples(BORN, BORN).map(list))]
    for field in (*OF_ADDRESS, "external_id"):
        parts += [_of(field, op, _some(*PLACES)) for op in ("in", "not_in")]
        parts += [_of(field, "starts", st.sampled_from(["k", "KOTA", "ko_", "1"]) | WORDS)]
        parts += [_of(field, "empty", st.booleans())]
    parts += [_of("review", op, _some("open", "settled", "nowhere")) for op in ("in", "not_in")]
    parts += [_of("import", op, _some(1, 2, 3)) for op in ("in", "not_in")]
    parts += [_of(field, "empty", st.booleans()) for field in ("review", "import", "tag")]
    for field in ("ambiguous", "has_website", "has_contact"):
        parts += [_of(field, "eq", st.booleans())]
    parts += [_of("location", op, CIRCLES) for op in ("near", "not_near")]
    parts += [_of("location", op, _some(1, 2, 3, 9)) for op in ("in_area", "not_in_area")]
    for field in ("last_order", "last_visit"):
        parts += [_of(field, op, DAYS) for op in (*ordered, "eq", "ne")]
        parts += [_of(field, op, st.integers(0, 400)) for op in ("within_days", "not_within_days")]
    parts += [_of("tag", op, _some("vip", "new", "none")) for op in ("in", "all", "not_in")]
    parts += [_of("name", op, WORDS) for op in ("contains", "not_contains", "starts", "eq")]
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


def describe(session, rows):
    """Fill in what the narrow table does not hold."""
    rng = np.random.default_rng(11)
    accounts = {account.id: account for account in session.query(Account)}
    for row in rows:
        account = accounts[row.account_id]
        account.annual_revenue = [None, float(rng.integers(0, 13))][rng.integers(2)]
        account.visits_per_year = [None, int(rng.integers(0, 13))][rng.integers(2)]
        account.website = [None, "", "https://example.test"][rng.integers(3)]
        account.external_id = [None, f"Ko{account.id}", f"1{account.id}"][rng.integers(3)]
        account.import_id = [None, 1, 2][rng.integers(3)]
        for field in ("created_at", "updated_at"):
            # Around midnight of Jakarta, where the day is decided.
            born = datetime(2026, 6, 15, 17, 0, tzinfo=UTC) - timedelta(
                days=int(rng.integers(0, 30)), seconds=int(rng.integers(-2, 3))
            )
            setattr(account, field, born)
        words = {name: [None, "", *PLACES][rng.integers(10)] for name in OF_ADDRESS}
        words["country"] = words["country"] or "ID"
        address = Address(
            account_id=row.account_id,
            ambiguous=bool(rng.integers(2)),
            review=[None, "open", "settled", "nowhere"][rng.integers(4)],
            **words,
        )
        session.add(address)
        account.address = address
        account.has_contact = bool(rng.integers(2))
        if account.has_contact:
            session.add(Contact(account_id=row.account_id, name="Ani"))
    session.commit()
    for account in accounts.values():
        session.refresh(account)
        session.refresh(account.address)
    return accounts


def add_area(session, number, owner, geometry, shared=False):
    session.execute(
        text(
            "INSERT INTO areas (id, name, owner_id, shared, geom)"
            " VALUES (:id, 'Area', :owner, :shared, ST_Multi(CAST(:geom AS geometry)))"
        ),
        {
            "id": number,
            "owner": owner.id,
            "shared": shared,
            "geom": from_shape(geometry, srid=4326, extended=True).desc,
        },
    )


def test_any_filter_finds_whom_python_finds(session, scatter, add_user):
    owners = [add_user(), add_user()]
    rows = scatter(120, owners)
    accounts = describe(session, rows)
    me = Asker(owners[0].id, "Asia/Jakarta")
    add_area(session, 1, owners[0], AREAS[1])
    add_area(session, 2, owners[1], AREAS[2], shared=True)
    add_area(session, HIDDEN, owners[1], AREAS[1])

    @settings(
        max_examples=300,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(trees([owner.id for owner in owners]))
    def check(tree):
        expected = {r.account_id for r in rows if holds(tree, r, accounts[r.account_id])}
        assert found(session, json.loads(json.dumps(tree)), me) == expected

    check()


def test_the_catalogue_names_every_field_and_what_its_operations_ask_for():
    assert sorted(info.name for info in catalogue.CATALOGUE) == sorted(FIELDS)
    for info in catalogue.CATALOGUE:
        assert all(info.value_of(op) for op in info.operations)


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


def test_who_a_lasso_went_around_twice_is_in_it(session, add_account):
    twice, once = add_account(at=(2, 2)), add_account(at=(0.5, 3.5))
    add_account(at=(5, 2))
    line = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0], [1, 1], [3, 1], [3, 3], [1, 3], [1, 1], [0, 0]]
    assert found(session, _within(_ring(line))) == {twice.id, once.id}


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


# ------------------------------------------------------------------ places


@pytest.mark.parametrize(
    ("lon", "lat", "radius_m"),
    [
        (179.9, -17.0, 60_000),
        (-179.9, 65.0, 400_000),
        (10.0, 89.5, 100_000),
        (120.0, -88.0, 200_000),
        (30.0, 80.0, 1_100_000),
        (0.0, 0.0, 5_000_000),
    ],
)
def test_a_circle_is_round_on_the_globe(session, add_user, lon, lat, radius_m):
    """Across the 180th meridian and around a pole, too; decided by the geodesic."""
    owner, rng = add_user(), np.random.default_rng(3)
    expected = set()
    for number in range(300):
        ring = radius_m * rng.choice([0.2, 0.999, 1.001, 1.4])
        end = Geodesic.WGS84.Direct(lat, lon, rng.uniform(0, 360), ring)
        account = Account(name=f"Toko {number}")
        session.add(account)
        session.flush()
        there = from_shape(Point(end["lon2"], end["lat2"]), srid=4326)
        session.add(
            AccountScope(account_id=account.id, owner_id=owner.id, geom=there, grade="village")
        )
        if ring <= radius_m:
            expected.add(account.id)
    session.flush()
    circle = {"lon": lon, "lat": lat, "radius_m": radius_m}
    assert found(session, {"field": "location", "op": "near", "value": circle}) == expected


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.floats(-180, 180), st.floats(-89.9, 89.9), st.floats(1, 5_000_000), st.floats(0, 360))
def test_the_boxes_hold_the_whole_circle(lon, lat, radius_m, bearing):
    end = Geodesic.WGS84.Direct(lat, lon, bearing, radius_m)
    assert any(
        west - 1e-9 <= end["lon2"] <= east + 1e-9 and south - 1e-9 <= end["lat2"] <= north + 1e-9
        for west, south, east, north in boxes_around(lon, lat, radius_m)
    )


def test_a_shape_beyond_the_180th_meridian_is_cut_there_and_it_is_said(session, add_account):
    ids = {add_account(at=(lon, -17)).id for lon in (179.5, -179.5)}
    add_account(at=(178, -17))
    for start in (179, -181):
        ring = [[start, -18], [start + 2, -18], [start + 2, -16], [start, -16], [start, -18]]
        chosen = compile_filter(_within(_ring(ring)), today=TODAY)
        assert found(session, _within(_ring(ring))) == ids
        assert chosen.notes == ("The area crosses the 180th meridian: it was cut there",)


def test_an_area_of_somebody_else_holds_nobody(session, add_account, rep, add_user):
    inside = add_account(at=(106.9, -6.8))
    add_area(session, 7, rep, AREAS[1])
    tree = {"field": "location", "op": "in_area", "value": [7]}
    assert found(session, tree, Asker(rep.id)) == {inside.id}
    assert found(session, tree, Asker(add_user().id)) == found(session, tree) == set()
    mine, theirs = (compile_filter(tree, today=TODAY, asker=Asker(i)).key for i in (1, 2))
    assert mine != theirs


def test_saved_areas_and_circles_are_found_by_the_index(session, scatter, add_user):
    owner = add_user()
    scatter(100, [owner])
    add_area(session, 1, owner, AREAS[1])
    session.execute(text("SET LOCAL enable_seqscan = off"))
    circle = {"lon": 107, "lat": -6.5, "radius_m": 5000}
    for op, value in (("in_area", [1]), ("near", circle)):
        tree = {"field": "location", "op": op, "value": value}
        chosen = compile_filter(tree, today=TODAY, asker=Asker(owner.id))
        sql = f"EXPLAIN SELECT 1 FROM account_scope s WHERE {{scope:s}} AND {chosen.sql}"
        assert "account_scope_geom" in str(scoped_sql(session, sql, chosen.params).all()), op


def test_a_change_of_what_is_filtered_by_is_news_for_the_map(session, scatter, add_user):
    """Browsers keep tiles under the version, so a filtered tile must not outlive the change."""
    (row,) = scatter(1, [add_user()])
    describe(session, [row])
    for change in (
        "UPDATE addresses SET city = 'Bogor'",
        "UPDATE accounts SET annual_revenue = 5",
        "DELETE FROM contacts",
    ):
        before = map_version(session)
        session.connection().exec_driver_sql(change)
        assert map_version(session) > before, change


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
        ('{"field":"revenue","op":"gte","value":1' + "0" * 400 + "}", "is not a number between"),
        ('{"field":"location","op":"near","value":{"lon":1,"lat":2}}', "near: write"),
        ('{"field":"location","op":"near","value":{"lon":-6,"lat":106,"radius_m":5}}', "swapped"),
        ('{"field":"location","op":"near","value":{"lon":1,"lat":2,"radius_m":1e9}}', "at most"),
        ('{"field":"location","op":"in_area","value":["mine"]}', "is not an id"),
        ('{"field":"review","op":"in","value":["maybe"]}', "there is no 'maybe'"),
        ('{"field":"created","op":"gte","value":"yesterday"}', "is not a date"),
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
        (_ring([[179, 0], [-179, 0], [-179, 1], [179, 0]]), "more than half the globe"),
        (_ring([[0, 0], [541, 0], [541, 1], [0, 0]]), "outside the globe"),
        (_ring([[-300, 0], [-130, 0], [40, 0], [200, 1], [30, 1], [-140, 1], [-300, 0]]), "wider"),
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


@pytest.mark.parametrize("name", [["revenue"], {"revenue": 1}, 7, None, True])
def test_a_field_whose_name_is_no_text_is_refused_for_everybody(client_of, manager, marketer, name):
    sent = {"filter": {"field": name, "op": "gte", "value": 1}}
    for who in (manager, marketer):
        answer = client_of(who).post("/api/v1/accounts/count", json=sent)
        assert (answer.status_code, answer.json["detail"][:17]) == (422, "There is no field")


def test_looking_up_too_much_is_refused():
    named = {"field": "name", "op": "contains", "value": "a"}
    areas = {"field": "location", "op": "in_area", "value": list(range(1, MAX_LOOKUPS + 1))}
    compile_filter({"and": [named] * MAX_LOOKUPS}, today=TODAY)
    compile_filter(areas, today=TODAY)
    around = {"field": "location", "op": "near", "value": {"lon": 0, "lat": 0, "radius_m": 5e6}}
    for parts in ([named] * (MAX_LOOKUPS + 1), [areas, named], [around] * (MAX_LOOKUPS + 1)):
        with pytest.raises(InvalidInput, match="looked up by itself"):
            compile_filter({"or": parts}, today=TODAY)


def test_a_hostile_filter_is_refused_before_customers_are_read(
    client_of, manager, marketer, statements, monkeypatch
):
    deep = '{"not":' * 900 + '{"field":"has_point","op":"eq","value":true}' + "}" * 900
    vast = {"type": "Polygon", "coordinates": [[[0.5, 0.5]] * 400_000]}
    endless = json.dumps({"field": "revenue", "op": "gte", "value": 1})[:-2] + "9" * 400 + "}"
    # Its repair would split 10,000 edges at 40 million crossings, in 14 GB.
    tangle = _ring([[20 * cos(i * 2.8), 10 * sin(i * 2.8)] for i in range(9_990)] + [[20, 0]])
    monkeypatch.delattr("geocrm.spatial.outlines.repaired")  # so whoever tries it fails
    for who in (manager, marketer):
        client = client_of(who)
        for address, sent in (
            ("count", {"filter": json.loads(deep)}),
            ("count", {"filter": _within(vast)}),
            ("count", {"filter": _within(tangle)}),
            ("summary", {"filter": json.loads(endless)}),
        ):
            answer = client.post(f"/api/v1/accounts/{address}", json=sent)
            assert answer.status_code in (413, 422), answer.json
            assert answer.json["detail"]
        answer = client.get("/api/v1/accounts/count", query_string={"filter": deep})
        assert answer.status_code == 422
    assert not [sent for sent in statements if "account_scope" in sent]


def test_a_long_filter_may_be_posted(client_of, add_account, rep):
    mine = add_account(owner=rep, at=(106.9, -6.8))
    add_account(owner=rep, at=(100, 0))
    corners = [[106.5 + i / 10_000, -7.0] for i in range(9_000)]
    ring = [*corners, [107.4, -6.0], [106.5, -6.0], corners[0]]
    body = {"filter": _within(_ring(ring))}
    client = client_of(rep)
    assert client.post("/api/v1/accounts/count", json=body).json["count"] == 1
    assert client.post("/api/v1/accounts/summary", json=body).json["count"] == 1
    (item,) = client.post("/api/v1/accounts/query", json=body).json["items"]
    assert item["id"] == mine.id


def test_a_marketer_may_not_ask_for_what_tells_individuals_apart(client_of, marketer):
    client = client_of(marketer)
    for field, value in (("postcode", ["14460"]), ("external_id", ["K1"]), ("name", "Toko")):
        op = "contains" if field == "name" else "in"
        tree = json.dumps({"field": field, "op": op, "value": value})
        answer = client.get("/api/v1/accounts/count", query_string={"filter": tree})
        assert answer.status_code == 403, field
    offered = {each["name"] for each in client.get("/api/v1/filters/fields").json["items"]}
    assert "city" in offered
    assert not offered & {"postcode", "external_id", "name", "id", "updated", "owner"}


def test_values_to_choose_from_are_those_of_ones_own_customers(
    client_of, add_account, rep, marketer, add_user
):
    add_account(owner=rep, tags=["vip"])
    add_account(owner=rep, tags=["vip", "new"])
    add_account(owner=add_user(), tags=["secret"])
    ask = "/api/v1/filters/fields/tag/choices"
    shown = client_of(rep).get(ask).json["items"]
    assert [(each["value"], each["count"]) for each in shown] == [("vip", 2), ("new", 1)]
    (only,) = client_of(rep).get(ask, query_string={"q": "NE"}).json["items"]
    assert only["value"] == "new"
    # Too few share any of them to be told.
    assert client_of(marketer).get(ask).json["items"] == []
    assert client_of(marketer).get("/api/v1/filters/fields/owner/choices").status_code == 404


def test_files_to_choose_from_are_ones_own(session, client_of, rep, administrator, add_user):
    for who, called in ((rep, "mine.csv"), (add_user(), "secret bidders.csv")):
        session.add(Import(kind="accounts", user_id=who.id, file_name=called, file_sha256="0"))
    session.commit()
    ask = "/api/v1/filters/fields/import/choices"
    assert [each["label"] for each in client_of(rep).get(ask).json["items"]] == ["mine.csv"]
    assert len(client_of(administrator).get(ask).json["items"]) == 2


def test_the_document_of_the_api_describes_the_language(client_of):
    spec = client_of(None).get("/api/v1/openapi.json").json
    described = spec["components"]["schemas"]["Filter"]["oneOf"]
    assert set(FIELDS) <= {each.get("title") for each in described}
    posted = spec["components"]["schemas"]["PostedCount"]["properties"]["filter"]
    assert {"$ref": "#/components/schemas/Filter"} in posted["anyOf"]


def test_an_area_in_a_filter_is_found_by_its_index(session, scatter, add_user):
    scatter(100, [add_user()])
    session.execute(text("SET LOCAL enable_seqscan = off"))
    chosen = compile_filter(_within(SQUARE), today=TODAY)
    sql = f"EXPLAIN SELECT 1 FROM account_scope s WHERE {{scope:s}} AND {chosen.sql}"
    assert "account_scope_geom" in str(scoped_sql(session, sql, chosen.params).all())
