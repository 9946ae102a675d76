"""Figures beside the map: the same whether counted beforehand or customer by customer."""

import re
from datetime import date

import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import text

from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.db import scoped_sql
from geocrm.maps import beforehand, lasso, pages, pyramid_upkeep, queries
from geocrm.maps.filters import compile_filter
from geocrm.security import Actor, Role
from geocrm.spatial.morton import encode
from tests.maps.conftest import TODAY
from tests.maps.test_pyramid import FILTERS


@pytest.fixture
def crowd(session, scatter, add_user):
    """Two hundred customers of three reps, half of them folded into the cells."""
    reps = [add_user(), add_user(), add_user()]
    scatter(100, reps)
    pyramid_upkeep.fold(session)
    scatter(100, reps, seed=9)
    return reps


def scopes(session, reps):
    yield session.info["scope"]
    yield Actor(1, Role.FIELD_REP, frozenset({int(reps[0].id)}), frozenset({2}))
    yield Actor(1, Role.FIELD_REP, frozenset(), frozenset({999}))


@pytest.mark.parametrize("name", FILTERS)
def test_figures_counted_beforehand_are_those_of_the_customers(session, crowd, monkeypatch, name):
    chosen = compile_filter(FILTERS[name], today=TODAY)
    for scope in scopes(session, crowd):
        session.info["scope"] = scope
        counted = queries.summary(session, chosen), queries.count(session, chosen, exact=True)
        with monkeypatch.context() as patched:
            patched.setattr(beforehand, "split", lambda *_: None)
            one_by_one = (
                queries.summary(session, chosen),
                queries.count(session, chosen, exact=True),
            )
        assert counted[0]._replace(revenue=0) == one_by_one[0]._replace(revenue=0)
        assert counted[0].revenue == pytest.approx(one_by_one[0].revenue)
        assert counted[1] == one_by_one[1]
        capped = queries.count(session, chosen)
        assert (capped.customers, capped.complete) == (counted[1].customers, True)


def test_the_database_calls_the_same_grades_untrustworthy(session, crowd):
    weak = scoped_sql(
        session,
        "SELECT count(*) FROM account_scope s WHERE grade = ANY(:coarse) AND {scope:s}",
        {"coarse": list(UNTRUSTWORTHY)},
    ).scalar_one()
    assert weak > 0
    assert queries.summary(session, compile_filter(None, today=TODAY)).without_point == weak


def test_the_extent_is_the_box_around_all_one_may_see(session, crowd):
    for scope in scopes(session, crowd):
        session.info["scope"] = scope
        row = scoped_sql(
            session,
            "SELECT min(ST_X(geom)), min(ST_Y(geom)), max(ST_X(geom)), max(ST_Y(geom))"
            " FROM account_scope s WHERE {scope:s}",
        ).one()
        found = queries.extent(session)
        told = (None,) * 4 if found is None else (found.west, found.south, found.east, found.north)
        assert told == pytest.approx(tuple(row))


def test_figures_of_everybody_read_no_customer(session, crowd, statements):
    queries.summary(session, compile_filter(FILTERS["segments"], today=TODAY))
    queries.count(session, compile_filter(FILTERS["segments"], today=TODAY), exact=True)
    assert len(statements) == 2
    assert not any("account_scope" in statement for statement in statements)


# --------------------------------------------------------------------------------- pages

FIRST_THEN_GATHER = ((3, 6), (3, 6))
WALK_ON = ((12, 10_000), (12, 10_000))


def read_all(session, chosen, sort, descending):
    """All pages of five one after the other."""
    rows, after = [], None
    while True:
        page = queries.accounts(
            session, chosen, sort=sort, descending=descending, after=after, limit=5
        )
        rows, after = rows + page.rows, page.next
        if after is None:
            return rows


def sort_key(row, sort):
    value = {"name": row.name.lower()}.get(sort) or getattr(row, sort)
    return (value or date.min, row.id) if sort.startswith("last") else (value, row.id)


@pytest.mark.parametrize("steps", [None, FIRST_THEN_GATHER, WALK_ON])
@pytest.mark.parametrize("sort", queries.SORTS)
def test_pages_hold_everybody_in_order_whichever_way_they_are_found(
    session, crowd, monkeypatch, sort, steps
):
    if steps:
        monkeypatch.setattr(pages, "_STEPS_IF_INDEXED", steps[0])
        monkeypatch.setattr(pages, "_STEPS_ELSE", steps[1])
    for name in ("everybody", "both", "90 days", "grades"):
        chosen = compile_filter(FILTERS[name], today=TODAY)
        for scope in scopes(session, crowd):
            session.info["scope"] = scope
            wanted = scoped_sql(
                session,
                f"SELECT account_id FROM account_scope s WHERE {{scope:s}} AND {chosen.sql}",
                chosen.params,
            ).scalars()
            wanted = set(wanted)
            for descending in (False, True):
                rows = read_all(session, chosen, sort, descending)
                keys = [sort_key(row, sort) for row in rows]
                assert keys == sorted(keys, reverse=descending)
                assert len(rows) == len(wanted)
                assert {row.id for row in rows} == wanted


def test_a_page_is_one_statement(session, crowd, statements):
    queries.accounts(session, compile_filter(FILTERS["both"], today=TODAY), sort="updated")
    assert len(statements) == 1


def plan_of_page(session, sort, name, **how):
    order = pages.SORTS[sort]
    chosen = compile_filter(FILTERS[name], today=TODAY)
    sql, values = pages.page(order, True, chosen.sql, begun=False, indexed=True)
    sql = f"EXPLAIN ({', '.join(how) or 'COSTS off'}) WITH {sql} SELECT * FROM page"
    values |= {**chosen.params, "wanted": 11}
    return "\n".join(scoped_sql(session, sql, values).scalars())


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("updated", "accounts_updated_at_id_idx"),
        ("name", "accounts_lower_name_id"),
        ("revenue", "account_scope_revenue"),
        ("last_order", "account_scope_last_order"),
        ("last_visit", "account_scope_last_visit"),
    ],
)
def test_a_page_walks_the_index_of_its_order(session, crowd, sort, index):
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_sort = off"))
    assert plan_of_page(session, sort, "segments").count(index) >= 2


@pytest.mark.parametrize(
    ("name", "gathers"), [("everybody", False), ("whole months", False), ("never", True)]
)
def test_all_are_gathered_only_when_walking_meets_too_few(
    session, crowd, monkeypatch, name, gathers
):
    """The newest orders first: of those who never ordered, none is met soon."""
    monkeypatch.setattr(pages, "_STEPS_IF_INDEXED", (50, 100))
    plan = plan_of_page(session, "last_order", name, ANALYZE=True)
    gathering = plan[plan.index("CTE mine") : plan.index("CTE page")]
    assert ("never executed" in gathering) != gathers


# ------------------------------------------------------------------------- who lies in a lasso


def lasso_around(lon, lat, radius, rng, corners=200):
    """A wobbly line by hand, closed."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    far = radius * (1 + 0.2 * np.sin(5 * turn + rng.uniform(0, 6)) + 0.05 * rng.random(corners))
    line = np.column_stack([lon + far * np.cos(turn), lat + far * np.sin(turn)]).tolist()
    return {"type": "Polygon", "coordinates": [[*line, line[0]]]}


@pytest.mark.parametrize("seed", range(6))
def test_a_lasso_counts_whom_it_holds(session, crowd, seed):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform((106, -7), (108, -6))
    drawn = {"field": "location", "op": "within", "value": lasso_around(lon, lat, 0.5, rng)}
    in_segment = {"field": "segment", "op": "in", "value": ["A", "B"]}
    tagged = {"field": "tag", "op": "in", "value": ["vip"]}
    for tree in (drawn, {"and": [in_segment, {"and": [drawn]}]}, {"and": [drawn, tagged]}):
        chosen = compile_filter(tree, today=TODAY)
        assert (lasso.within(chosen) is None) == (tree["and"][1] is tagged if "and" in tree else 0)
        for scope in scopes(session, crowd):
            session.info["scope"] = scope
            row = scoped_sql(
                session,
                "SELECT count(*), count(*) FILTER (WHERE grade = ANY(:coarse)) FROM account_scope s"
                f" WHERE {{scope:s}} AND {chosen.sql}",
                {**chosen.params, "coarse": list(UNTRUSTWORTHY)},
            ).one()
            found = queries.count(session, chosen, exact=True)
            assert (found.customers, found.without_point) == tuple(row)
        session.info["scope"] = next(iter(scopes(session, crowd)))


def test_the_cells_of_an_area_hold_it_and_the_inner_ones_nothing_else():
    rng = np.random.default_rng(4)
    for radius in (0.001, 0.4, 30.0):
        area = shape(lasso_around(20.0, 40.0, radius, rng))
        inside, edge = lasso.cover(area)
        assert edge.shape[1] <= lasso.MAX_EDGE_CELLS
        lon, lat = rng.uniform((20 - radius, 40 - radius), (20 + radius, 40 + radius), (4000, 2)).T
        keys = encode(lon, lat)
        held = shapely.contains_xy(area, lon, lat)
        in_cells = [
            np.any((keys[:, None] >= low) & (keys[:, None] < high), axis=1)
            for low, high in (inside, edge)
        ]
        assert held[in_cells[0]].all()
        assert (in_cells[0] | in_cells[1])[held].all()


def test_inside_a_lasso_no_point_is_read(session, crowd):
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_bitmapscan = off"))
    drawn = lasso_around(107, -6.5, 0.4, np.random.default_rng(1))
    chosen = compile_filter({"field": "location", "op": "within", "value": drawn}, today=TODAY)
    counting = lasso.within(chosen)
    values = counting.params | {"coarse": list(UNTRUSTWORTHY)}
    plan = "\n".join(scoped_sql(session, "EXPLAIN " + counting.sql, values).scalars())
    assert re.search(r"Index Only Scan using account_scope_(\w+_)?qk", plan), plan
