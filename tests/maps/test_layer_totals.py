"""Figures from totals are those of the customers, whatever is asked, by whom, after any change."""

import json

import numpy as np
import pytest
from sqlalchemy import text

from geocrm.customers.models import SEGMENTS
from geocrm.db import scoped_sql
from geocrm.maps import beforehand, hexagons, layer_totals, layer_upkeep, pyramid_upkeep, regions
from geocrm.maps.filters import compile_filter
from geocrm.maps.hexagons import hexagons_around
from geocrm.maps.queries import Box
from geocrm.maps.tiles import Tile
from tests.maps.conftest import TODAY
from tests.maps.test_pyramid import change_at_random
from tests.maps.test_regions import country  # noqa: F401 - the fixture

JAVA = Box(105.5, -7.5, 108.5, -5.5)


def of_segments(*names):
    return {"field": "segment", "op": "in", "value": list(names)}


def a_tree(rng, reps):
    """A filter of a kind that people set: some known to the totals, some to the customers only."""
    day = str(TODAY.replace(month=int(rng.integers(1, 6)), day=int(rng.integers(1, 28))))
    kinds = [
        None,
        of_segments("A", "C"),
        {"field": "segment", "op": "empty", "value": True},
        {"field": "territory", "op": "in", "value": [1, 2]},
        {"field": "owner", "op": "in", "value": [reps[0].id]},
        {"not": {"field": "owner", "op": "in", "value": [reps[0].id]}},
        {"field": "has_point", "op": "eq", "value": bool(rng.integers(2))},
        {"field": "last_order", "op": "gte", "value": day},
        {"field": "last_order", "op": "gte", "value": day[:8] + "01"},
        {"field": "last_order", "op": "empty", "value": True},
        {"field": "revenue", "op": "gte", "value": int(rng.integers(0, 900))},
    ]
    picked = [kinds[i] for i in rng.integers(len(kinds), size=2)]
    if None in picked:
        return picked[0] or picked[1]
    return {str(rng.choice(["and", "or"])): picked}


def plainly(session, part, chosen, place="TRUE"):
    """Count, revenue and segments by any expression, by one GROUP BY over the customers."""
    sql = (
        f"SELECT {part} AS part, s.segment, count(*), sum(s.revenue) FROM account_scope s"
        f" WHERE {place} AND {{scope:s}} AND {chosen.sql} GROUP BY 1, 2"
    )
    found = {}
    for key, segment, number, revenue in scoped_sql(session, sql, chosen.params):
        count, total, of = found.get(key, (0, 0.0, {}))
        known = {segment: number} if segment in SEGMENTS else {}
        found[key] = (count + number, round(total + revenue, 2), of | known)
    return found


def as_told(found):
    return {each.code: (each.count, round(each.revenue, 2), each.segments) for each in found}


def hexagons_of(session, z, chosen):
    found = hexagons_around(session, z, JAVA, chosen)
    return {each.id: (each.count, round(each.revenue, 2), each.segments) for each in found}


@pytest.fixture
def crowd(session, country, scatter, add_user, manager):  # noqa: F811
    """Three hundred customers of three reps in the units of a small country, or in none."""
    reps = [add_user(manager_id=manager.id), add_user(), add_user()]
    scatter(300, reps)
    scoped_sql(
        session,
        "UPDATE account_scope s SET unit = (ARRAY['tst-adm2:1', 'tst-adm2:2', 'tst-adm2:3', NULL])"
        "[s.account_id % 4 + 1] WHERE {scope:s}",
    )
    return reps


@pytest.mark.parametrize("seed", range(6))
def test_every_figure_is_that_of_the_customers(
    session, crowd, actor_of, manager, monkeypatch, seed
):
    rng = np.random.default_rng(seed)
    viewers = [None, actor_of(manager), actor_of(crowd[1])]
    for _ in range(5):
        change_at_random(session, rng, crowd)
        if rng.random() < 0.4:
            pyramid_upkeep.fold(session)
        everything = session.info["scope"]
        session.info["scope"] = viewers[rng.integers(3)] or everything
        chosen = compile_filter(a_tree(rng, crowd), today=TODAY)
        assert as_told(regions.regions(session, "tst-adm2", chosen)) == plainly(
            session, "s.unit", chosen
        )
        assert as_told(regions.regions(session, "segments", chosen)) == plainly(
            session, "s.segment", chosen
        )
        assert as_told(regions.regions(session, "territories", chosen)) == plainly(
            session, "s.territory_id", chosen
        )
        zooms = (0, 4, 8)
        counted = [hexagons_of(session, z, chosen) for z in zooms]
        with monkeypatch.context() as patched:
            patched.setattr(beforehand, "split", lambda *_: None)
            assert [hexagons_of(session, z, chosen) for z in zooms] == counted
        on_java = plainly(session, "1", chosen, "s.qk IS NOT NULL")
        assert sum(each[0] for each in counted[0].values()) == sum(n for n, *_ in on_java.values())
        session.info["scope"] = everything


def contents(session):
    """All totals, changes added."""
    keys = "owner_id, territory_id, segment"
    squares = (
        f"SELECT cell, {keys}, sum(n), sum(cents) FROM ("
        f" SELECT cell, {keys}, n, cents FROM square_totals s WHERE level = 15 AND {{scope:s}}"
        f" UNION ALL SELECT cell, {keys}, n, cents FROM layer_deltas s"
        " WHERE cell >= 0 AND {scope:s}) each GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0"
    )
    units = (
        f"SELECT unit, placed, last_order, {keys}, sum(n), sum(cents) FROM ("
        f" SELECT unit, placed, last_order, {keys}, n, cents FROM region_totals s WHERE {{scope:s}}"
        f" UNION ALL SELECT unit, cell >= 0, last_order, {keys}, n, cents FROM layer_deltas s"
        " WHERE {scope:s}) each GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0"
    )
    return [set(scoped_sql(session, sql).all()) for sql in (squares, units)]


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_changes_the_totals_are_as_if_counted_anew(session, crowd, seed):
    rng = np.random.default_rng(seed)
    for _ in range(25):
        change_at_random(session, rng, crowd)
        if rng.random() < 0.2:
            layer_upkeep.fold(session)
    followed = contents(session)
    for move in (layer_upkeep.fold, layer_upkeep.rebuild):
        assert layer_upkeep.wrong(session) == []
        move(session)
        assert contents(session) == followed


def test_totals_that_went_wrong_are_named_and_mended(session, crowd):
    pyramid_upkeep.rebuild(session)
    scoped_sql(session, "UPDATE square_totals s SET n = n + 1 WHERE level = 9 AND {scope:s}")
    scoped_sql(session, "UPDATE region_totals s SET cents = cents + 1 WHERE {scope:s}")
    found = pyramid_upkeep.compare(session)
    assert (found.agree, found.wrong_layers) == (False, ["regions", "squares of zoom 9"])
    pyramid_upkeep.rebuild(session)
    assert pyramid_upkeep.compare(session).agree


@pytest.mark.parametrize(
    "tree", [None, of_segments("A"), {"field": "owner", "op": "in", "value": [1]}]
)
@pytest.mark.parametrize("layer", ["tst-adm1", "territories", "segments"])
def test_figures_of_regions_read_no_customer(session, crowd, layer, tree):
    sql, values = regions.statement(layer, compile_filter(tree, today=TODAY))
    assert "account_scope" not in explained(session, sql, values)


def test_wide_hexagons_read_no_customer_and_squares_from_their_index(session, crowd):
    pyramid_upkeep.fold(session)
    in_a = compile_filter(of_segments("A"), today=TODAY)
    # So few squares fit into a page or two, which is cheaper than any index.
    for way in ("seqscan", "bitmapscan"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))
    for z in (0, 8):
        plan = explained(session, *hexagons.statement(Tile(z, 0, 0), in_a))
        assert "account_scope" not in plan
        assert "Index Only Scan" in plan
        assert "square_totals_key" in plan


def explained(session, sql, values):
    return json.dumps(scoped_sql(session, "EXPLAIN (FORMAT JSON) " + sql, values).scalar())


def test_what_the_squares_do_not_know_is_read_from_the_customers():
    recent = {"field": "last_order", "op": "gte", "value": "2026-05-01"}
    rich = {"field": "revenue", "op": "gte", "value": 5}
    everybody, *others = (compile_filter(tree, today=TODAY) for tree in (None, recent, rich))
    assert layer_totals.squares_answer(everybody, 15)
    assert not layer_totals.squares_answer(everybody, 16)
    assert not any(layer_totals.squares_answer(each, 9) for each in others)
