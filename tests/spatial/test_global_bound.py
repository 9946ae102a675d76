"""What is proven about the cost of whole plans, held against every plan that there is."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geocrm.spatial.districting.bounds import global_bound
from geocrm.spatial.districting.exact import Exact, solve_exact
from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.hess import Hess
from geocrm.spatial.districting.parts import best_of_parts


def grid_edges(rows: int, columns: int) -> np.ndarray:
    at = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1)
    return np.concatenate([across, np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1)])


def a_map(rows: int, columns: int, k: int, seed: int, tolerance: float, measures: int = 1) -> Hess:
    rng = np.random.default_rng(seed)
    n = rows * columns
    weight = rng.integers(0, 100, (n, measures))
    y, x = np.divmod(np.arange(n), columns)
    place = np.column_stack([x, y]) + rng.normal(0, 0.2, (n, 2))
    square = ((place[:, None] - place[None]) ** 2).sum(axis=2)
    mean = weight.sum(axis=0) / k
    low, high = np.ceil(mean * (1 - tolerance)), np.floor(mean * (1 + tolerance))
    return Hess.of(weight[:, :1] * square, weight, low, high, grid_edges(rows, columns), k)


@cache
def contiguous(rows: int, columns: int, k: int) -> list[np.ndarray]:
    """Every way to part a grid into k connected groups, each once."""
    found: list[list[int]] = [[0]]
    for _ in range(rows * columns - 1):
        found = [[*one, j] for one in found for j in range(min(max(one) + 2, k))]
    edges = grid_edges(rows, columns)
    return [np.array(one) for one in found if is_contiguous(one, edges, k)]


def plans_of(model: Hess, rows: int) -> list[np.ndarray]:
    k = model.num_districts
    every = contiguous(rows, len(model) // rows, k)
    load = [np.stack([model.weight[plan == j].sum(axis=0) for j in range(k)]) for plan in every]
    return [
        plan
        for plan, held in zip(every, load, strict=True)
        if (held >= model.low).all() and (held <= model.high).all()
    ]


def least_cost(model: Hess, plans: list[np.ndarray]) -> float:
    return min((model.centres(plan)[1] for plan in plans), default=np.inf)


maps = st.builds(
    a_map,
    rows=st.just(2),
    columns=st.integers(2, 4),
    k=st.integers(1, 3),
    seed=st.integers(0, 100_000),
    tolerance=st.sampled_from([0.1, 0.3, 0.6]),
    measures=st.integers(1, 2),
)


@settings(max_examples=15, deadline=None)
@given(model=maps, patience=st.integers(0, 30))
def test_no_plan_costs_less_than_the_bound_wherever_the_search_ends(model, patience):
    best = least_cost(model, plans_of(model, 2))
    asked = iter([False] * patience)
    ended = global_bound(model, should_stop=lambda: next(asked, True))
    finished = global_bound(model)
    assert ended.bound.value <= best * (1 + 1e-12)
    assert finished.bound.value <= best * (1 + 1e-12)
    assert ended.bound.kind == "global"


@settings(max_examples=15, deadline=None)
@given(model=maps, known=st.integers(0, 10**6))
def test_the_exact_plan_is_the_best_of_all(model, known):
    plans = plans_of(model, 2)
    found = solve_exact(model, incumbent=plans[known % len(plans)] if plans else None)
    assert found.bound.proven
    if plans:
        assert model.is_plan(found.district)
        assert found.cost == pytest.approx(least_cost(model, plans), rel=1e-5)
        assert found.bound.value <= least_cost(model, plans)
    else:
        assert found.district is None
        assert found.bound.value == np.inf


def a_town(n: int, seed: int) -> Hess:
    """Scattered units, each beside its nearest; four districts within 20 %."""
    rng = np.random.default_rng(seed)
    place, weight = rng.random((n, 2)), rng.integers(50, 150, n)
    square = ((place[:, None] - place[None]) ** 2).sum(axis=2)
    near = np.argsort(square, axis=1)[:, 1:6]
    edges = np.stack([np.repeat(np.arange(n), 5), near.ravel()], axis=1)
    mean = weight.sum() / 4
    return Hess.of(weight[:, None] * square, weight, mean * 0.8, mean * 1.2, edges, 4)


@cache
def town_solved() -> Exact:
    return solve_exact(a_town(14, seed=3), effort=50)


def test_a_town_is_solved_from_nothing_and_the_same_way_twice():
    model = a_town(14, seed=3)
    one, other = town_solved(), solve_exact(model, effort=50)
    assert one.bound.proven
    assert model.is_plan(one.district)
    assert one.bound == other.bound
    assert one.district.tolist() == other.district.tolist()


def test_no_plan_is_a_clear_answer():
    heavy = Hess.of(np.ones((3, 3)), [1, 1, 9], 4, 7, [[0, 1], [1, 2]], 2)
    apart = Hess.of(np.ones((4, 4)), [1, 1, 1, 1], 2, 2, [[0, 1], [1, 2]], 2)
    for model in (heavy, apart):
        found = solve_exact(model)
        assert found.district is None
        assert found.bound.value == np.inf
        assert found.bound.proven


def test_time_that_is_over_leaves_the_plan_and_a_bound_that_holds():
    model, best = a_town(14, seed=3), town_solved()
    ended = solve_exact(model, incumbent=best.district, seconds_left=lambda: 0.0)
    assert ended.bound.stopped == "stopped"
    assert ended.cost == best.cost
    assert 0 <= ended.bound.value <= best.cost


def test_a_plan_that_breaks_a_limit_proves_nothing():
    model = a_map(3, 3, 2, seed=1, tolerance=0.3)
    lopsided = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1])
    assert not model.is_plan(lopsided)
    assert global_bound(model, incumbent=lopsided).bound == global_bound(model).bound


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tolerance", [0.15, 0.5])
def test_the_best_plan_of_listed_parts_is_the_best_of_all(seed, tolerance):
    model = a_map(3, 3, 3, seed, tolerance)
    least = least_cost(model, plans_of(model, 3))
    value, district = best_of_parts(model, np.inf, 1e-9, lambda: 60.0)
    if district is None:
        assert value == least == np.inf
    else:
        assert model.is_plan(np.unique(district, return_inverse=True)[1])
        assert value == pytest.approx(least)
    assert best_of_parts(model, least * 0.9, 1e-9, lambda: 60.0)[0] <= least


def test_listing_the_parts_that_are_too_many_leaves_the_other_programme():
    model = a_map(6, 6, 6, 3, 0.05)
    assert best_of_parts(model, np.inf, 1e-9, lambda: 60.0) is None
