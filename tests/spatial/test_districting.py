"""Territory design: always contiguous, nobody left out, as balanced as the map allows."""

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial.districting import (
    Terms,
    Units,
    bridges,
    can_move,
    components,
    design,
    evaluate,
    is_contiguous,
    on_earth,
    preview,
    reassign,
)
from geocrm.spatial.districting.compiling import blocks_of
from geocrm.spatial.districting.starts import first_assignment, tree_assignment


def grid(rows: int, columns: int, weight: np.ndarray | None = None) -> Units:
    """Units in rows and columns a tenth of a degree apart, each beside the four around it."""
    at = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1)
    down = np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1)
    y, x = np.divmod(np.arange(rows * columns), columns)
    load = np.ones(rows * columns) if weight is None else weight
    return at_places(load, 100 + x * 0.1, y * 0.1, np.concatenate([across, down]))


def at_places(load: np.ndarray, lon: np.ndarray, lat: np.ndarray, edges: np.ndarray) -> Units:
    """Units with one weight at points in degrees."""
    return Units(load[:, None].astype(float), on_earth(lon, lat), edges)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_every_unit_has_one_district_and_every_district_is_whole(rows, columns, share, seed):
    n = rows * columns
    k = 1 + int(share * (n - 1))
    units = grid(rows, columns, np.random.default_rng(seed).gamma(0.7, 10, n))
    plan = design(units, Terms(k), seed=seed, effort=1)
    assert plan.district.shape == (n,)
    assert plan.contiguous
    assert is_contiguous(plan.district, units.edges, k)
    assert plan.load.sum() == pytest.approx(units.weights.sum())
    assert plan.max_deviation[0] >= plan.floor.deviation - 1e-9


@settings(max_examples=25, deadline=None)
@given(k=st.integers(1, 30), seed=st.integers(0, 1000))
def test_a_tree_start_is_whole_however_many_districts(k, seed):
    units = grid(5, 6, np.random.default_rng(seed).gamma(0.3, 10, 30))
    assert is_contiguous(tree_assignment(blocks_of(units, Terms(k)).graph, k, seed), units.edges, k)


def test_an_even_grid_is_parted_evenly():
    assert design(grid(8, 8), Terms(8, 0.0), effort=1).max_deviation == 0.0


def test_the_same_seed_gives_the_same_plan():
    units = grid(10, 10, np.random.default_rng(3).gamma(0.7, 10, 100))
    assert design(units, Terms(7), seed=5, effort=1).district.tolist() == (
        design(units, Terms(7), seed=5, effort=1).district.tolist()
    )


def test_the_search_balances_better_than_its_start():
    units = grid(12, 12, np.random.default_rng(3).gamma(0.7, 10, 144))
    asked = Terms(9, 0.01)
    assert preview(units, asked).max_deviation > 0.01
    assert design(units, asked, effort=2).within_limits


def test_an_enclave_moves_with_its_host():
    # Unit 4 hangs on unit 1 alone; only {0} {1, 4} {2} {3} is balanced.
    edges = np.array([[0, 1], [1, 2], [2, 3], [1, 4]])
    units = at_places(np.array([4, 3, 4, 4, 1.0]), np.arange(5.0), np.zeros(5), edges)
    plan = design(units, Terms(4, 0.0), effort=1)
    assert plan.max_deviation == 0.0
    assert plan.district[1] == plan.district[4]


def test_a_tolerance_out_of_reach_gives_the_best_and_says_so():
    units = grid(1, 3, np.array([1, 1, 8.0]))
    plan = design(units, Terms(2), effort=1)
    assert not plan.within_limits
    assert plan.max_deviation == pytest.approx(0.6)
    assert plan.floor.deviation == pytest.approx(0.6)


def test_the_floor_knows_that_an_enclave_shares_its_host():
    # Unit 2 hangs on unit 1: together 14 against a mean of 8, alone 4 of 8.
    units = at_places(
        np.array([2, 10, 4.0]), np.arange(3.0), np.zeros(3), np.array([[0, 1], [1, 2]])
    )
    plan = design(units, Terms(2), effort=1)
    assert plan.floor.deviation == pytest.approx(0.5)
    assert plan.max_deviation == pytest.approx(0.5)


def test_weights_of_zero_balance_the_number_of_units():
    plan = design(grid(4, 4, np.zeros(16)), Terms(4), effort=1)
    assert plan.measures == ("count",)
    assert plan.load[:, 0].tolist() == [4, 4, 4, 4]


def test_the_search_can_be_stopped_and_says_so():
    plan = design(grid(6, 6), Terms(4), should_stop=lambda: True)
    assert plan.stopped == "stopped"
    assert plan.contiguous


def test_a_stopped_search_makes_no_further_starts(monkeypatch):
    made = []

    def counted(graph, k, seed):
        made.append(seed)
        return first_assignment(graph, k, seed)

    monkeypatch.setattr("geocrm.spatial.districting.search.first_assignment", counted)
    plan = design(grid(6, 6), Terms(4), effort=1_000, should_stop=lambda: len(made) > 5)
    assert plan.stopped == "stopped"
    assert len(made) < 12


def test_progress_runs_to_the_end():
    seen: list[float] = []
    design(grid(4, 4), Terms(3), effort=1, progress=lambda share, _: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_a_start_is_seen_to_get_better_while_it_is_under_way_and_that_changes_no_plan(monkeypatch):
    monkeypatch.setattr("geocrm.spatial.districting.annealing.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("geocrm.spatial.districting.annealing.LOOK_SHARE", 1e9)
    units = grid(12, 12, np.random.default_rng(2).gamma(2, 10, 144))
    seen: list[float] = []
    plan = design(units, Terms(6, 0.1), effort=1, progress=lambda _, value: seen.append(value))
    # One start gives two values at most: the one it begins with, and what it ends with.
    assert len(set(seen)) > 5
    assert seen[-1] == plan.value
    alone = design(units, Terms(6, 0.1), effort=1)
    assert np.array_equal(alone.district, plan.district)


def test_more_districts_than_units_are_refused():
    with pytest.raises(Infeasible, match="there are 4"):
        design(grid(2, 2), Terms(5))


def test_no_district_is_refused():
    with pytest.raises(InvalidInput, match="not 0"):
        design(grid(2, 2), Terms(0))


def test_islands_without_a_crossing_are_counted():
    units = at_places(np.ones(5), np.arange(5.0), np.zeros(5), np.array([[0, 1], [2, 3]]))
    with pytest.raises(Infeasible, match="3 groups"):
        design(units, Terms(2))


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_an_impossible_weight_is_refused(weight):
    with pytest.raises(InvalidInput, match="Unit 2"):
        grid(2, 2, np.array([1, 1, weight, 1]))


def test_bridges_join_what_is_apart_by_the_shortest_links():
    lon = np.array([0.0, 1, 5, 6, 20])
    added = bridges(lon, np.zeros(5), np.array([[0, 1], [2, 3]]))
    assert sorted(map(tuple, added.tolist())) == [(1, 2), (3, 4)]


def test_components_are_counted():
    assert len(set(components(5, np.array([[0, 1], [2, 3]])).tolist())) == 3


def test_a_unit_may_leave_unless_it_holds_its_district_together():
    district = np.array([0, 0, 0, 1])
    edges = grid(1, 4).edges
    assert [can_move(unit, district, edges) for unit in range(4)] == [True, False, True, False]


def test_reassigning_a_unit_by_hand():
    district, edges = np.array([0, 0, 0, 1]), grid(1, 4).edges
    assert reassign(district, 2, 1, edges).tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="in pieces"):
        reassign(district, 3, 0, edges)
    with pytest.raises(ValueError, match="no neighbour"):
        reassign(district, 0, 1, edges)


def test_a_plan_changed_by_hand_is_measured_anew():
    plan = evaluate(grid(1, 4), Terms(2), np.array([0, 1, 0, 1]))
    assert not plan.contiguous
    assert plan.deviation[:, 0].tolist() == [0.0, 0.0]


BOUNDARIES = Path(__file__).parents[2] / "data" / "boundaries"


def regencies() -> Units:
    """The 514 regencies of Indonesia, their people, and their borders and crossings."""
    with gzip.open(BOUNDARIES / "idn-adm2.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    row = {each["properties"]["code"]: at for at, each in enumerate(features)}
    with (BOUNDARIES / "neighbours" / "idn-adm2.csv").open(encoding="utf-8", newline="") as file:
        edges = [(row[edge["a"]], row[edge["b"]]) for edge in csv.DictReader(file)]
    people = np.array([each["properties"]["population"] for each in features], dtype=float)
    middle = np.array([_middle(each["geometry"]) for each in features])
    return at_places(people, middle[:, 0], middle[:, 1], np.array(edges))


def _middle(geometry: dict) -> np.ndarray:
    rings = geometry["coordinates"]
    outer = [ring[0] for ring in rings] if geometry["type"] == "MultiPolygon" else [rings[0]]
    return np.concatenate([np.array(ring)[:, :2] for ring in outer]).mean(axis=0)


def reached(start: int, beside: dict[int, set[int]], inside: set[int]) -> set[int]:
    """All that can be walked to inside; written anew, so that it trusts nothing of ours."""
    found, queue = {start}, [start]
    while queue:
        new = (beside[queue.pop()] & inside) - found
        found |= new
        queue.extend(new)
    return found


def test_thirty_territories_of_indonesia_are_whole_and_balanced():
    units = regencies()
    home = design(units, Terms(30, 0.05), seed=5, effort=1).district.tolist()
    beside: dict[int, set[int]] = defaultdict(set)
    for a, b in units.edges.tolist():
        beside[a].add(b)
        beside[b].add(a)
    held = [{unit for unit, d in enumerate(home) if d == number} for number in range(30)]
    assert sum(map(len, held)) == len(units) == 514
    assert all(group and reached(min(group), beside, group) == group for group in held)
    load = [sum(units.weights[unit, 0] for unit in group) for group in held]
    mean = sum(load) / 30
    assert max(abs(each / mean - 1) for each in load) <= 0.05 + 1e-9
