"""What the widest tiles count beforehand stays what the customers are, through every change."""

from datetime import date

import numpy as np
import pytest
from sqlalchemy import text

from geocrm.customers.models import AccountScope
from geocrm.db import scoped_sql
from geocrm.maps import beforehand, pyramid_upkeep, tiles
from geocrm.maps.colouring import TERRITORY, colouring
from geocrm.maps.filters import compile_filter
from geocrm.maps.recency import span_days
from geocrm.maps.tiles import Tile, account_tile
from geocrm.security import Actor, Role
from geocrm.spatial.morton import deinterleave
from tests.maps.conftest import TODAY, customers_in, decoded


def sql(session, statement, **values):
    """Run SQL on customers; {scope:s} goes with it."""
    return scoped_sql(session, statement, values)


def change_at_random(session, rng, reps):
    """One statement of a kind that business makes."""
    some = "s.account_id % 7 = :some AND {scope:s}"
    kinds = [
        f"UPDATE account_scope s SET owner_id = :rep WHERE {some}",
        f"UPDATE account_scope s SET territory_id = nullif(:number, 0) WHERE {some}",
        f"UPDATE account_scope s SET segment = (ARRAY['A','B','Z',NULL])[:number + 1] WHERE {some}",
        f"UPDATE account_scope s SET revenue = revenue * 3 + 0.07 WHERE {some}",
        f"UPDATE account_scope s SET last_order = CAST(:day AS date) + account_id::int % 60"
        f" WHERE {some}",
        f"UPDATE account_scope s SET last_order = NULL WHERE {some}",
        f"UPDATE account_scope s SET last_visit = CAST(:day AS date) - account_id::int % 40"
        f" WHERE {some}",
        f"UPDATE account_scope s SET last_visit = NULL WHERE {some}",
        f"UPDATE account_scope s SET grade = 'rooftop' WHERE s.qk IS NOT NULL AND {some}",
        "UPDATE account_scope s SET geom = ST_SetSRID(ST_MakePoint(106 + random(), -7 + random()),"
        f" 4326), grade = 'street' WHERE {some}",
        f"UPDATE account_scope s SET geom = NULL, grade = 'none' WHERE {some}",
        "DELETE FROM account_scope s WHERE s.account_id % 41 = :some AND {scope:s}",
    ]
    kind = kinds[rng.integers(len(kinds))]
    values = {
        "some": int(rng.integers(7)),
        "rep": reps[rng.integers(len(reps))].id,
        "number": int(rng.integers(4)),
        "day": date(2026, 1, int(rng.integers(1, 28))),
    }
    used = {name: value for name, value in values.items() if f":{name}" in kind}
    sql(session, kind, **used)


def contents(session):
    """All cells with their sums, changes added."""
    rows = sql(
        session,
        "SELECT cell, owner_id, territory_id, segment, last_order, sum(n), sum(cents),"
        " sum(weak), sum(ids), sum(x), sum(y), sum(spread) FROM ("
        " SELECT cell, owner_id, territory_id, segment, last_order, n, cents, weak, ids, x, y,"
        "   spread FROM map_cells s WHERE level = 9 AND {scope:s}"
        " UNION ALL SELECT * FROM map_deltas s WHERE {scope:s}) every"
        " GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0",
    )
    return {tuple(row[:5]): tuple(float(v) for v in row[5:]) for row in rows} | facets(session)


def facets(session):
    """The same of the cells by week of order and visit, and by grade."""
    keys = "facet, cell, owner_id, territory_id, segment, week, grade"
    sums = "n, cents, weak, ids, x, y, spread"
    rows = sql(
        session,
        f"SELECT {keys}, {', '.join(f'sum({name})' for name in sums.split(', '))} FROM ("
        f" SELECT {keys}, {sums} FROM facet_cells s WHERE level = 9 AND {{scope:s}}"
        f" UNION ALL SELECT {keys}, {sums} FROM facet_deltas s WHERE {{scope:s}}) every"
        f" GROUP BY {keys} HAVING sum(n) <> 0",
    )
    return {tuple(row[:7]): tuple(float(v) for v in row[7:]) for row in rows}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_changes_the_cells_are_as_if_counted_anew(session, scatter, add_user, seed):
    rng = np.random.default_rng(seed)
    reps = [add_user() for _ in range(3)]
    scatter(120, reps, seed=seed)
    for _ in range(25):
        change_at_random(session, rng, reps)
        if rng.random() < 0.2:
            pyramid_upkeep.fold(session)
    followed = contents(session)
    assert pyramid_upkeep.compare(session).agree
    pyramid_upkeep.fold(session)
    assert contents(session) == followed
    assert pyramid_upkeep.compare(session).agree
    pyramid_upkeep.rebuild(session)
    assert contents(session) == followed


def test_a_count_that_went_wrong_is_seen_and_mended(session, scatter, add_user):
    scatter(30, [add_user()])
    pyramid_upkeep.rebuild(session)
    sql(session, "UPDATE map_cells s SET n = n + 1 WHERE level = 5 AND {scope:s}")
    found = pyramid_upkeep.compare(session)
    assert found.wrong_levels == [5]
    pyramid_upkeep.rebuild(session)
    assert pyramid_upkeep.compare(session).agree


@pytest.mark.parametrize(
    ("column", "value", "facet"),
    [
        ("week", "week + 7", "last_visit"),
        ("grade", "grade || '?'", "grade"),
        ("n", "n + 1", "last_order"),
    ],
)
def test_a_facet_that_went_wrong_is_seen_and_mended(
    session, scatter, add_user, column, value, facet
):
    scatter(30, [add_user()])
    pyramid_upkeep.rebuild(session)
    assert pyramid_upkeep.compare(session).agree
    sql(
        session,
        f"UPDATE facet_cells s SET {column} = {value}"
        " WHERE level = 5 AND facet = :facet AND {scope:s}",
        facet=facet,
    )
    found = pyramid_upkeep.compare(session)
    assert (found.wrong_levels, found.wrong_layers) == ([], [f"{facet} of level 5"])
    pyramid_upkeep.rebuild(session)
    assert pyramid_upkeep.compare(session).agree


def test_a_change_that_no_tile_shows_leaves_nothing_to_count(session, scatter, add_user):
    scatter(30, [add_user()])
    pyramid_upkeep.fold(session)
    sql(session, "UPDATE account_scope s SET reach = 3, unit = 'x' WHERE {scope:s}")
    for table in ("map_deltas", "facet_deltas"):
        assert sql(session, f"SELECT count(*) FROM {table} s WHERE {{scope:s}}").scalar() == 0


def test_writers_of_one_cell_do_not_wait_for_each_other(engine, sessions):
    """Two open transactions add to the cell of the same key; a third folds what is committed."""
    with engine.connect() as one, engine.connect() as two, engine.connect() as folding:
        for connection in (one, two):
            connection.execute(text("SET lock_timeout = '2s'"))
            connection.execute(
                text("INSERT INTO map_deltas SELECT 1, 1, 1, 'A', NULL, 1, 1, 0, 1, 1, 1, 2")
            )
        folding.execute(text("SET lock_timeout = '2s'"))
        folding.execute(text("SELECT fold_map_deltas()"))
        for connection in (one, two, folding):
            connection.rollback()


# --------------------------------------------------------------------- the same from every tier

FILTERS = {
    "everybody": None,
    "segments": {"field": "segment", "op": "in", "value": ["A", "X"]},
    "not a segment": {"not": {"field": "segment", "op": "eq", "value": "A"}},
    "no segment": {"field": "segment", "op": "empty", "value": True},
    "territory": {"field": "territory", "op": "in", "value": [1, 2]},
    "no territory": {"field": "territory", "op": "empty", "value": True},
    "placed": {"field": "has_point", "op": "eq", "value": True},
    "from a first": {"field": "last_order", "op": "gte", "value": "2026-03-01"},
    "to a last": {"field": "last_order", "op": "lte", "value": "2026-03-31"},
    "whole months": {"field": "last_order", "op": "between", "value": ["2026-02-01", "2026-04-30"]},
    "never": {"field": "last_order", "op": "empty", "value": True},
    "90 days": {"field": "last_order", "op": "within_days", "value": 90},
    "not 90 days": {"field": "last_order", "op": "not_within_days", "value": 90},
    "a day": {"field": "last_order", "op": "eq", "value": "2026-05-20"},
    "from within to within": {
        "field": "last_order",
        "op": "between",
        "value": ["2026-02-11", "2026-05-20"],
    },
    "visited within 90 days": {"field": "last_visit", "op": "within_days", "value": 90},
    "not visited within 90 days": {"field": "last_visit", "op": "not_within_days", "value": 90},
    "never visited": {"field": "last_visit", "op": "empty", "value": True},
    "visited from a Monday": {"field": "last_visit", "op": "gte", "value": "2026-05-04"},
    "visited to a Sunday": {"field": "last_visit", "op": "lte", "value": "2026-05-10"},
    "visited on some days": {
        "or": [
            {"field": "last_visit", "op": "eq", "value": "2026-05-20"},
            {"field": "last_visit", "op": "between", "value": ["2026-02-11", "2026-03-11"]},
        ]
    },
    "grades": {"field": "grade", "op": "in", "value": ["rooftop", "region", "none"]},
    "at least a village": {"field": "grade", "op": "at_least", "value": "village"},
    "both": {
        "or": [
            {"field": "segment", "op": "in", "value": ["A"]},
            {
                "and": [
                    {"field": "last_order", "op": "gt", "value": "2026-04-10"},
                    {"not": {"field": "territory", "op": "eq", "value": 3}},
                ]
            },
        ]
    },
}


def as_told(features):
    """Features without their place, in an order of their own."""
    plain = [
        {k: round(v, 3) if isinstance(v, float) else v for k, v in f.items() if k != "at"}
        for f in features
    ]
    return sorted(plain, key=lambda f: sorted(map(str, f.items())))


def of_both_tiers(session, monkeypatch, tile, chosen, by=TERRITORY):
    def told():
        return decoded(account_tile(session, tile, chosen, by, today=TODAY).body)

    with monkeypatch.context() as patched:
        patched.setattr(tiles.pyramid, "MAX_ZOOM", -1)
        by_keys = told()
    return told(), by_keys


def occupied(rows, z):
    keys = np.array([row.qk for row in rows if row.qk is not None])
    columns, lines = deinterleave(np.unique(keys >> 2 * (24 - z)))
    return [Tile(z, int(x), int(y)) for x, y in zip(columns, lines, strict=True)]


@pytest.mark.parametrize("name", FILTERS)
def test_the_pyramid_tells_what_the_keys_tell(session, scatter, add_user, monkeypatch, name):
    reps = [add_user(), add_user(), add_user()]
    rows = scatter(120, reps, seed=len(name))
    chosen = compile_filter(FILTERS[name], today=TODAY)
    assert beforehand.answer(chosen) is not None
    scope = Actor(1, Role.FIELD_REP, frozenset({int(reps[0].id)}), frozenset({2}))
    for scope_of in (session.info["scope"], scope):
        session.info["scope"] = scope_of
        for z in (0, 6):
            for tile in occupied(rows, z):
                counted, by_keys = of_both_tiers(session, monkeypatch, tile, chosen)
                assert as_told(counted) == as_told(by_keys)


# What is coloured by, and filters that the same sums answer.
COLOURED = {
    "recency": ("everybody", "segments", "90 days", "a day"),
    "visited": ("everybody", "territory", "visited within 90 days", "visited on some days"),
    "grade": ("everybody", "placed", "at least a village"),
    "owner": ("90 days", "grades", "not visited within 90 days"),
}


@pytest.mark.parametrize(("colour", "name"), [(c, n) for c in COLOURED for n in COLOURED[c]])
def test_a_coloured_wide_tile_tells_what_the_keys_tell(
    session, scatter, add_user, monkeypatch, colour, name
):
    reps = [add_user(), add_user(), add_user()]
    rows = scatter(100, reps)
    pyramid_upkeep.fold(session)
    rows += scatter(100, reps, seed=8)
    chosen, by = compile_filter(FILTERS[name], today=TODAY), colouring(colour)
    assert beforehand.answer(chosen, by, TODAY) is not None
    for scope in (
        session.info["scope"],
        Actor(1, Role.FIELD_REP, frozenset({int(reps[0].id)}), frozenset({2})),
    ):
        session.info["scope"] = scope
        for z in (0, 6):
            for tile in occupied(rows, z):
                counted, by_keys = of_both_tiers(session, monkeypatch, tile, chosen, by)
                assert as_told(counted) == as_told(by_keys)


def test_what_one_facet_does_not_know_of_another_is_left_to_the_keys():
    def answered(tree, colour):
        return beforehand.answer(compile_filter(tree, today=TODAY), colouring(colour), TODAY)

    assert answered(FILTERS["90 days"], "visited") is None
    assert answered(FILTERS["grades"], "recency") is None
    assert answered({"and": [FILTERS["90 days"], FILTERS["grades"]]}, "segment") is None
    assert beforehand.answer(compile_filter(None, today=TODAY), colouring("visited")) is None


def leave_only(session, index):
    """Let plans of a table too small for its indexes use this one, or show that they cannot."""
    # Not "indexscan": PostgreSQL 15 would count that against the scans of an index alone, too.
    for way in ("seqscan", "bitmapscan"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))
    others = session.scalars(
        text(
            "SELECT indexname FROM pg_indexes WHERE tablename = :table"
            " AND indexname NOT IN (:index, :key)"
        ),
        {"table": "account_scope", "index": index, "key": "account_scope_pkey"},
    ).all()
    session.connection().exec_driver_sql(f"DROP INDEX {', '.join(others)}")


def test_a_wide_tile_by_visit_reads_the_customers_of_the_weeks_that_spans_end_in(
    session, scatter, add_user
):
    scatter(20, [add_user()])
    leave_only(session, "account_scope_visit_qk")
    by = colouring("visited")
    statement, values = tiles.statement(
        Tile(0, 0, 0), compile_filter(None, today=TODAY), by, today=TODAY
    )
    days = values["split_days"]
    assert len(days) == 4 * 7
    assert all(span_days(TODAY)[f"day{span}"] in days for span in (30, 90, 180, 365))
    plan = scoped_sql(session, "EXPLAIN " + statement, values | span_days(TODAY)).scalars()
    assert "Index Only Scan using account_scope_visit_qk" in "\n".join(plan)


@pytest.mark.parametrize("colour", ["grade", "owner"])
def test_a_wide_tile_without_dates_reads_no_customer(session, scatter, add_user, colour):
    scatter(20, [add_user()])
    statement, values = tiles.statement(
        Tile(0, 0, 0), compile_filter(None, today=TODAY), colouring(colour)
    )
    plan = "\n".join(scoped_sql(session, "EXPLAIN " + statement, values).scalars())
    assert "account_scope" not in plan


def test_half_of_the_customers_folded_half_not(session, scatter, add_user, monkeypatch):
    rows = scatter(100, [add_user()])
    pyramid_upkeep.fold(session)
    rows += scatter(100, [add_user()], seed=8)
    chosen = compile_filter(FILTERS["both"], today=TODAY)
    for z in (0, 6):
        for tile in occupied(rows, z):
            counted, by_keys = of_both_tiers(session, monkeypatch, tile, chosen)
            assert as_told(counted) == as_told(by_keys)
            spots = [sorted(f["at"] for f in features) for features in (counted, by_keys)]
            assert np.abs(np.array(spots[0]) - np.array(spots[1])).max() <= 64


def test_a_stack_is_one_from_the_widest_tile_on(session, add_account):
    for _ in range(3):
        add_account(at=(106.8, -6.2), segment="A", revenue=5, last_order=date(2026, 5, 3))
    add_account(at=(106.8, -6.2), segment="B", revenue=5, last_order=date(2026, 6, 3))
    key = session.query(AccountScope.qk).first()[0]
    recent = compile_filter({"field": "last_order", "op": "gt", "value": "2026-05-02"}, today=TODAY)
    for chosen in (compile_filter(None, today=TODAY), recent):
        (feature,) = decoded(account_tile(session, Tile(0, 0, 0), chosen).body)
        assert (feature["stack"], feature["point_count"], feature["revenue"]) == (key, 4, 20.0)


def test_what_the_cells_do_not_know_is_left_to_the_keys():
    for tree in (
        {"field": "revenue", "op": "gte", "value": 5},
        {"field": "tag", "op": "in", "value": ["vip"]},
        {
            "or": [
                {"field": "segment", "op": "eq", "value": "A"},
                {"field": "name", "op": "contains", "value": "x"},
            ]
        },
    ):
        assert beforehand.answer(compile_filter(tree, today=TODAY)) is None


@pytest.mark.parametrize("name", ["segments", "from a first"])
def test_a_wide_tile_reads_no_customer(session, scatter, add_user, name):
    scatter(20, [add_user()])
    chosen = compile_filter(FILTERS[name], today=TODAY)
    statement, values = tiles.statement(Tile(0, 0, 0), chosen)
    plan = "\n".join(scoped_sql(session, "EXPLAIN " + statement, values).scalars())
    assert "account_scope" not in plan
    assert "map_cells" in plan


def test_a_date_within_a_month_reads_the_customers_of_that_month_only(session, scatter, add_user):
    scatter(20, [add_user()])
    leave_only(session, "account_scope_day_qk")
    chosen = compile_filter(FILTERS["90 days"], today=TODAY)
    statement, values = tiles.statement(Tile(0, 0, 0), chosen)
    plan = "\n".join(scoped_sql(session, "EXPLAIN " + statement, values).scalars())
    assert "Index Only Scan using account_scope_day_qk" in plan


def test_everybody_is_counted_whatever_moves(session, scatter, add_user):
    rows = scatter(60, [add_user()])
    sql(
        session,
        "UPDATE account_scope s SET geom = ST_SetSRID(ST_MakePoint(-179.999, 84), 4326),"
        " grade = 'street' WHERE s.account_id % 2 = 0 AND s.qk IS NOT NULL AND {scope:s}",
    )
    chosen = compile_filter(None, today=TODAY)
    placed = sum(row.qk is not None for row in rows)
    assert customers_in(decoded(account_tile(session, Tile(0, 0, 0), chosen).body)) == placed
