"""The bound for fixed centres: never above what an allocation can cost, and close below it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from geocrm.errors import Infeasible
from geocrm.spatial.districting.allocation import allocation_bound


def a_map(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Costs of n scattered units at k of them, and their weights."""
    rng = np.random.default_rng(seed)
    place = rng.random((n, 2))
    weight = rng.integers(0, 1000, n)
    centre = place[rng.choice(n, k, replace=False)]
    return weight[:, None] * ((place[:, None] - centre[None]) ** 2).sum(axis=2), weight


def limits(weight: np.ndarray, k: int, tolerance: float) -> tuple[float, float]:
    mean = weight.sum() / k
    return mean * (1 - tolerance), mean * (1 + tolerance)


def best_with_split_units(cost: np.ndarray, weight: np.ndarray, low: float, high: float) -> float:
    n, k = cost.shape
    whole = sparse.kron(sparse.eye(n), np.ones((1, k)))
    load = sparse.kron(weight[None, :], sparse.eye(k))
    found = linprog(
        cost.ravel(),
        A_ub=sparse.vstack([load, -load]),
        b_ub=np.concatenate([np.full(k, high), np.full(k, -low)]),
        A_eq=whole,
        b_eq=np.ones(n),
    )
    return float(found.fun)


@pytest.mark.parametrize(("n", "k"), [(60, 3), (300, 8), (400, 40)])
def test_the_bound_is_within_a_thousandth_of_the_best_with_split_units(n, k):
    cost, weight = a_map(n, k, seed=n)
    low, high = limits(weight, k, 0.02)
    best = best_with_split_units(cost, weight, low, high)
    assert best * 0.999 <= allocation_bound(cost, weight, low, high).bound.value <= best


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 3), price=st.floats(-1e4, 1e4))
def test_the_bound_holds_for_every_allocation_wherever_the_search_ends(seed, k, price):
    cost, weight = a_map(7, k, seed)
    low, high = limits(weight, k, 0.4)
    start = np.linspace(0, price, k)
    ended = allocation_bound(cost, weight, low, high, prices=start, should_stop=lambda: True)
    finished = allocation_bound(cost, weight, low, high)
    assert ended.bound.stopped == ("stopped" if k > 1 else "finished")
    for homes in product(range(k), repeat=7):
        load = np.bincount(homes, weights=weight, minlength=k)
        if (load >= low).all() and (load <= high).all():
            paid = cost[np.arange(7), homes].sum()
            assert ended.bound.value <= paid
            assert finished.bound.value <= paid


def test_several_measures_bind_together():
    cost, weight = a_map(200, 4, seed=5)
    both = np.column_stack([weight, np.random.default_rng(6).integers(1, 50, 200)])
    low, high = both.sum(axis=0) / 4 * 0.98, both.sum(axis=0) / 4 * 1.02
    one = allocation_bound(cost, weight, low[0], high[0])
    two = allocation_bound(cost, both, low, high)
    assert two.prices.shape == (4, 2)
    assert two.bound.value >= one.bound.value * 0.999
    load = np.stack([both[two.district == j].sum(axis=0) for j in range(4)])
    assert np.abs(load / both.sum(axis=0) * 4 - 1).max() < 0.1


def test_units_at_these_prices_are_nearly_balanced():
    cost, weight = a_map(2000, 10, seed=2)
    found = allocation_bound(cost, weight, *limits(weight, 10, 0.01))
    load = np.bincount(found.district, weights=weight, minlength=10)
    assert np.abs(load / load.mean() - 1).max() < 0.04


def test_prices_of_yesterday_are_as_good_a_start():
    cost, weight = a_map(500, 6, seed=3)
    low, high = limits(weight, 6, 0.02)
    first = allocation_bound(cost, weight, low, high)
    again = allocation_bound(cost, weight, low, high, prices=first.prices)
    assert again.bound.value >= first.bound.value


def test_loads_that_cannot_add_up_are_refused():
    cost, weight = a_map(20, 3, seed=4)
    with pytest.raises(Infeasible, match="3 districts must hold between"):
        allocation_bound(cost, weight, weight.sum(), weight.sum())


def test_the_same_question_has_the_same_answer():
    cost, weight = a_map(300, 30, seed=9)
    low, high = limits(weight, 30, 0.05)
    one, other = (allocation_bound(cost, weight, low, high) for _ in range(2))
    assert one.bound == other.bound
    assert (one.prices == other.prices).all()
    assert (one.district == other.district).all()
