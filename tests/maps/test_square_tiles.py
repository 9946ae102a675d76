"""Tiles of zoom 7 to 9 from squares show what the customers themselves show, place included."""

import numpy as np
import pytest

from geocrm.db.scope import Everything
from geocrm.maps import layer_upkeep, square_tiles, tiles
from geocrm.maps.colouring import TERRITORY, colouring
from geocrm.maps.filters import compile_filter
from geocrm.maps.tiles import account_tile
from geocrm.security import Actor, Role
from tests.maps.conftest import TODAY, customers_in, decoded
from tests.maps.test_pyramid import change_at_random, occupied

FILTERS = {
    "everybody": None,
    "segments": {"field": "segment", "op": "in", "value": ["A", "C"]},
    "no segment": {"field": "segment", "op": "empty", "value": True},
    "territories": {"not": {"field": "territory", "op": "in", "value": [1, 3]}},
}


def shown(session, rows, chosen, by=TERRITORY):
    """The features of all tiles of zoom 7 to 9 that hold somebody."""
    found = []
    for z in (7, 8, 9):
        for tile in occupied(rows, z):
            for each in decoded(account_tile(session, tile, chosen, by).body):
                rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in each.items()}
                found.append((z, tile.x, tile.y, sorted(rounded.items(), key=str)))
    return sorted(found, key=str)


@pytest.fixture
def from_customers(monkeypatch):
    """What `shown` says when nothing is counted beforehand."""

    def read(*asked):
        with monkeypatch.context() as patched:
            patched.setattr(tiles, "_MANY_OWNERS", 10**6)
            patched.setattr(square_tiles, "MAX_ZOOM", -1)
            return shown(*asked)

    return read


@pytest.fixture
def many_reps(add_user):
    return [add_user() for _ in range(5)]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("colour", ["territory", "owner"])
def test_squares_show_what_customers_show(
    session, scatter, many_reps, from_customers, name, colour
):
    """To everybody, and to a manager of four reps who sees one territory of the fifth's."""
    chosen, by = compile_filter(FILTERS[name], today=TODAY), colouring(colour)
    assert square_tiles.answer(7, chosen, by)
    rows = scatter(250, many_reps, seed=len(name))
    layer_upkeep.fold(session)
    four = frozenset(int(rep.id) for rep in many_reps[:4])
    manager = Actor(1, Role.TERRITORY_MANAGER, owner_ids=four, territory_ids=frozenset({2}))
    for scope in (Everything(), manager):
        session.info["scope"] = scope
        asked = (session, rows, chosen, by)
        assert shown(*asked) == from_customers(*asked)


def test_changes_show_before_they_are_folded_and_after(session, scatter, many_reps, from_customers):
    chosen = compile_filter(None, today=TODAY)
    rows = scatter(200, many_reps)
    rng = np.random.default_rng(4)
    for step in range(8):
        change_at_random(session, rng, many_reps)
        if step == 5:
            layer_upkeep.fold(session)
        assert shown(session, rows, chosen) == from_customers(session, rows, chosen)


def test_whoever_sees_few_customers_has_them_read(session, scatter, many_reps, monkeypatch):
    """Their own are fewer than the squares of everybody."""
    rows = scatter(60, many_reps)
    read = []
    parts = square_tiles.parts
    monkeypatch.setattr(square_tiles, "parts", lambda *asked: read.append(1) or parts(*asked))
    for owners, squares in ((1, 0), (5, 1)):
        mine = frozenset(int(rep.id) for rep in many_reps[:owners])
        session.info["scope"] = Actor(1, Role.TERRITORY_MANAGER, owner_ids=mine)
        account_tile(session, occupied(rows, 8)[0], compile_filter(None, today=TODAY))
        assert len(read) == squares


@pytest.mark.parametrize(
    "tree",
    [
        {"field": "last_order", "op": "gte", "value": "2026-01-01"},
        {"field": "revenue", "op": "gte", "value": 5},
    ],
)
def test_what_squares_do_not_know_is_read_from_customers(session, scatter, many_reps, tree):
    chosen = compile_filter(tree, today=TODAY)
    assert not square_tiles.answer(8, chosen, TERRITORY)
    rows = scatter(80, many_reps)
    for z in (7, 9):
        features = [
            f for t in occupied(rows, z) for f in decoded(account_tile(session, t, chosen).body)
        ]
        column = "last_order" if tree["field"] == "last_order" else "revenue"
        values = [getattr(row, column) for row in rows if row.qk is not None]
        least = TODAY.replace(month=1, day=1) if column == "last_order" else 5
        assert customers_in(features) == sum(v is not None and v >= least for v in values)
