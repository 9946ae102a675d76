"""What is proven about the cost of whole plans, held against every plan that there is."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geocrm.spatial.districting.bounds import global_bound
from geocrm.spatial.districting.exact import solve_exact
from geocrm.spatial.districting.hess import Hess


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
def partitions(n: int, k: int) -> list[np.ndarray]:
    """Every way to part n units into k groups, each once."""
    found: list[list[int]] = [[0]]
    for _ in range(n - 1):
        found = [[*one, j] for one in found for j in range(min(max(one) + 2, k))]
    return [np.array(one) for one in found if max(one) == k - 1]


def least_cost(model: Hess) -> float:
    plans = partitions(len(model), model.num_districts)
    return min((model.centres(p)[1] for p in plans if model.is_plan(p)), default=np.inf)


maps = st.builds(
    a_map,
    rows=st.integers(2, 3),
    columns=st.integers(2, 3),
    k=st.integers(1, 3),
    seed=st.integers(0, 100_000),
    tolerance=st.sampled_from([0.1, 0.3, 0.6]),
    measures=st.integers(1, 2),
)


@settings(max_examples=25, deadline=None)
@given(model=maps, patience=st.integers(0, 30))
def test_no_plan_costs_less_than_the_bound_wherever_the_search_ends(model, patience):
    best = least_cost(model)
    asked = iter([False] * patience)
    ended = global_bound(model, should_stop=lambda: next(asked, True))
    finished = global_bound(model)
    assert ended.bound.value <= best * (1 + 1e-12)
    assert finished.bound.value <= best * (1 + 1e-12)
    assert ended.bound.kind == "global"


@settings(max_examples=25, deadline=None)
@given(model=maps, known=st.integers(0, 10**6))
def test_the_exact_plan_is_the_best_of_all(model, known):
    plans = [p for p in partitions(len(model), model.num_districts) if model.is_plan(p)]
    found = solve_exact(model, incumbent=plans[known % len(plans)] if plans else None)
    assert found.bound.proven
    if plans:
        assert model.is_plan(found.district)
        assert found.cost == pytest.approx(least_cost(model), rel=1e-5)
        assert found.bound.value <= least_cost(model)
    else:
        assert found.district is None
        assert found.bound.value == np.inf
