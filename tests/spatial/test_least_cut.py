"""The least cut between districts, held against every plan that there is."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geocrm.spatial.districting.cuts import CutQuestion, least_cut
from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.separators import neighbour_lists
from geocrm.spatial.districting.sweep import Ground, Sweep, good_order


def grid_edges(rows: int, columns: int) -> np.ndarray:
    at = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1)
    return np.concatenate([across, np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1)])


def a_map(
    rows: int, columns: int, k: int, seed: int = 0, tolerance: float = 0.4, longest: int = 1
) -> CutQuestion:
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 50, rows * columns) if seed else np.ones(rows * columns)
    mean = weight.sum() / k
    edges = grid_edges(rows, columns)
    # Single districts are priced where lengths are whole; halves go the other way.
    length = rng.integers(1, longest + 1, len(edges)) / min(longest, 2)
    low, high = np.ceil(mean * (1 - tolerance)), np.floor(mean * (1 + tolerance))
    return CutQuestion.of(weight, low, high, edges, k, length)


@cache
def partitions(n: int, k: int) -> list[np.ndarray]:
    """Every way to part n units into k groups, each once."""
    found: list[list[int]] = [[0]]
    for _ in range(n - 1):
        found = [[*one, j] for one in found for j in range(min(max(one) + 2, k))]
    return [np.array(one) for one in found if max(one) == k - 1]


@cache
def whole_partitions(n: int, k: int, edges: bytes) -> list[np.ndarray]:
    """Those of them whose groups are each in one piece; most are not."""
    pairs = np.frombuffer(edges, dtype=np.intp).reshape(-1, 2)
    return [one for one in partitions(n, k) if is_contiguous(one, pairs, k)]


maps = st.builds(
    a_map,
    rows=st.integers(2, 3),
    columns=st.integers(2, 3),
    k=st.integers(1, 4),
    seed=st.integers(0, 100_000),
    tolerance=st.sampled_from([0.1, 0.3, 0.6]),
    longest=st.sampled_from([1, 9]),
)


@settings(max_examples=30, deadline=None)
@given(question=maps, patience=st.integers(0, 60), known=st.integers(0, 10**6))
def test_the_least_cut_is_the_least_of_all_plans(question, patience, known):
    edges = np.asarray(question.edges, dtype=np.intp).tobytes()
    every = whole_partitions(len(question), question.num_districts, edges)
    plans = [plan for plan in every if question.is_plan(plan)]
    best = min((question.cost(plan) for plan in plans), default=np.inf)
    start = plans[known % len(plans)] if plans else None
    found = least_cut(question, incumbent=start)
    assert found.bound.proven
    assert found.cost == best
    assert found.bound.value == pytest.approx(best)
    asked = iter([False] * patience)
    assert least_cut(question, should_stop=lambda: next(asked, True)).bound.value <= best


def test_a_square_is_quartered_by_a_cross():
    found = least_cut(a_map(6, 6, 4, tolerance=0.0))
    assert found.bound.proven
    assert found.cost == 12


@pytest.mark.parametrize("capacity", [60, 150, 400])
def test_with_little_room_the_bound_is_lower_but_holds(capacity):
    question = a_map(5, 5, 3, seed=4, tolerance=0.1)
    best = least_cut(question).cost
    ground = Ground(
        question.weight[:, 0], int(question.low[0]), int(question.high[0]),
        question.edges, question.length, 3,
    )  # fmt: skip
    order = good_order(neighbour_lists(25, question.edges))
    nothing_ahead = np.zeros((26, 4))
    swept = Sweep(ground, order, lambda: False).run(best + 2, capacity, nothing_ahead)
    assert swept is None or swept.least <= best


def test_a_ferry_joins_an_island():
    # 0 - 1 - 2 on the mainland, 3 an island: only the ferry makes two and two possible.
    land = np.array([[0, 1], [1, 2]])
    ferry = np.array([[2, 3]])
    ones = np.ones(4)
    assert least_cut(CutQuestion.of(ones, 2, 2, np.concatenate([land, ferry]), 2)).cost == 1
    apart = least_cut(CutQuestion.of(ones, 2, 2, land, 2))
    assert apart.district is None
    assert apart.bound.proven
    assert apart.bound.value == np.inf


def test_a_stopped_search_says_so_and_keeps_the_plan_it_was_given():
    question = a_map(4, 4, 2, tolerance=0.0)
    plan = np.repeat([0, 1], 8)
    found = least_cut(question, incumbent=plan, should_stop=lambda: True)
    assert found.bound.stopped == "stopped"
    assert not found.bound.proven
    assert found.cost == 4
    assert found.district.tolist() == plan.tolist()


def test_the_same_question_has_the_same_answer():
    one, other = (least_cut(a_map(5, 5, 3, seed=8)) for _ in range(2))
    assert one.bound == other.bound
    assert one.district.tolist() == other.district.tolist()
