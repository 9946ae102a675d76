"""Least cuts from single districts, held against every district and every plan that there is."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geocrm.spatial.districting.cuts import CutQuestion, least_cut
from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.lone import (
    NEVER,
    least_later,
    list_parts,
    loads_of,
    price_later,
)
from geocrm.spatial.districting.mosaic import Mosaic, Tiling, join_parts, mosaic_of
from geocrm.spatial.districting.separators import neighbour_lists
from geocrm.spatial.districting.sweep import Ground, Sweep, good_order


def mosaic(question: CutQuestion, order: np.ndarray | None = None) -> Mosaic:
    n = len(question)
    found = mosaic_of(
        question.weight, question.low, question.high, question.edges,
        question.length.astype(np.int64), question.num_districts,
        np.arange(n) if order is None else order, question.together, question.apart,
    )  # fmt: skip
    assert found is not None
    return found


def a_question(seed: int, n: int, k: int, tolerance: float, heaviest: int) -> CutQuestion:
    """Any graph, planar or not and now and then in two parts; two measures; edges and wishes."""
    rng = np.random.default_rng(seed)
    tree = [(i, int(rng.integers(0, i))) for i in range(1, n)][int(rng.random() < 0.1) :]
    more = rng.integers(0, n, (int(rng.integers(1, n)), 2)).tolist()
    weight = rng.integers(0, heaviest + 1, (n, 2))
    mean = weight.sum(axis=0) / k
    low, high = np.ceil(mean * (1 - tolerance)), np.floor(mean * (1 + tolerance))
    edges = np.array(tree + more)
    free = CutQuestion.of(weight, low, high, edges, k, rng.integers(1, 9, len(edges)))
    one, two, three, four = rng.permutation(n)[:4]
    if rng.random() < 0.6:
        return free
    return replace(free, together=(np.array([one, two]),), apart=np.array([[three, four]]))


def plans_of(question: CutQuestion) -> list[np.ndarray]:
    n, k = len(question), question.num_districts
    every = (np.array((0, *rest)) for rest in product(range(k), repeat=n - 1))
    return [one for one in every if question.is_plan(one)]


questions = st.builds(
    a_question,
    seed=st.integers(0, 10**6),
    n=st.integers(4, 7),
    k=st.integers(2, 3),
    tolerance=st.sampled_from([0.0, 0.1, 0.3, 0.8]),
    heaviest=st.sampled_from([2, 40, 10**6]),
)


@settings(max_examples=40, deadline=None)
@given(question=questions, known=st.integers(0, 10**6), shuffled=st.integers(0, 10**6))
def test_no_bound_is_beyond_the_best_of_all_plans_whatever_the_order(question, known, shuffled):
    plans = plans_of(question)
    best = min((question.cost(plan) for plan in plans), default=np.inf)
    start = plans[known % len(plans)] if plans and known % 2 else None
    order = np.random.default_rng(shuffled).permutation(len(question))
    cost = np.inf if start is None else question.cost(start)
    tiling = Tiling(mosaic(question, order), start, cost)
    for proven in tiling.rounds(1, lambda: False):
        assert proven <= min(best, tiling.cost)
    if tiling.plan is not None:
        assert question.is_plan(tiling.plan)
        assert question.cost(tiling.plan) == best


@pytest.mark.parametrize("seed", range(4))
def test_every_cheap_district_is_listed_and_no_other(seed):
    rng = np.random.default_rng(seed)
    question = a_question(seed, 10, 3, 0.5, 10**6)
    it = mosaic(question)
    gain = rng.integers(-200, 600, 10)
    table = np.empty((it.layers.start[-1], it.loads.most_steps + 1), dtype=np.int16)
    price_later(table, it.layers, it.loads.steps, gain, it.edge)
    bits, cost = np.zeros((1024, 2), dtype=np.uint64), np.zeros(1024, dtype=np.int64)
    most = int(table[0].min()) + 4 * it.edge
    number = list_parts(table, it.layers, it.loads, gain, it.edge, most, 10**6, bits, cost)
    listed = dict(zip(bits[:number, 0].tolist(), cost[:number].tolist(), strict=True))
    assert listed == _cheap_by_hand(question, gain, it.edge, most)


def _cheap_by_hand(question: CutQuestion, gain: np.ndarray, edge: int, most: int) -> dict[int, int]:
    found = {}
    for part in range(1, 1 << len(question)):
        inside = (part >> np.arange(len(question)) & 1).astype(bool)
        apart = inside[question.edges[:, 0]] != inside[question.edges[:, 1]]
        cost = int(edge * question.length[apart].sum() - gain[inside].sum())
        load = question.weight[inside, 0].sum()
        within = question.low[0] <= load <= question.high[0]
        units = np.flatnonzero(inside)
        pairs = np.searchsorted(units, question.edges[inside[question.edges].all(axis=1)])
        if cost <= most and within and is_contiguous(np.zeros(len(units)), pairs, 1):
            found[part] = cost
    return found


def test_more_units_than_a_word_has_bits_are_as_well_proven_as_by_sweeping():
    rng = np.random.default_rng(7)
    n, k = 90, 3
    at = np.arange(n).reshape(2, -1)
    edges = np.concatenate([at.T, np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1)])
    weight = rng.integers(1, 4, n)
    low, high = weight.sum() // k - 2, weight.sum() // k + 2
    question = CutQuestion.of(weight, low, high, edges, k, rng.integers(1, 30, len(edges)))
    order = good_order(neighbour_lists(n, question.edges))
    ground = Ground(weight, int(low), int(high), question.edges, question.length, k)
    swept = Sweep(ground, order, lambda: False).run(120, 400_000, np.zeros((n + 1, k + 1)))
    assert swept is not None
    assert np.isfinite(swept.least)
    tiling = Tiling(mosaic(question, order), None, np.inf)
    assert list(tiling.rounds(2, lambda: False))[-1] == swept.least
    assert tiling.plan is not None
    assert question.cost(tiling.plan) == swept.least


@pytest.mark.parametrize("seed", range(20))
def test_rounding_hides_no_units_that_would_just_fill_a_district(seed):
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 10**6, 40)
    full = int(weight.sum()) // 3
    loads = loads_of(weight, full, full)
    turn = int(rng.integers(0, 30))
    later = turn + np.flatnonzero(rng.random(40 - turn) < rng.choice([0.1, 0.9]))
    later = later[weight[later].cumsum() < full]
    row = np.full(loads.most_steps + 1, NEVER, dtype=np.int16)
    row[loads.steps[later].sum()] = 7
    assert least_later(row, loads, turn, full - int(weight[later].sum())) == 7


def test_parts_that_overlap_beyond_the_first_word_are_no_plan():
    def bits(*spans: tuple[int, int]) -> list[int]:
        whole = sum((1 << end) - (1 << start) for start, end in spans)
        return [whole & (1 << 64) - 1, whole >> 64]

    parts = [bits((0, 31), (69, 70)), bits((31, 70)), bits((31, 69))]
    begin = np.searchsorted([0, 31, 31], np.arange(71))
    chosen = np.zeros(2, dtype=np.int64)
    cost = np.array([1, 1, 2])
    assert join_parts(np.array(parts, dtype=np.uint64), cost, begin, 3, 1, 100, chosen) == 1
    assert chosen.tolist() == [0, 2]
    assert join_parts(np.array(parts, dtype=np.uint64), cost, begin, 2, 1, 100, chosen) == 0


def test_a_second_measure_counts_for_the_bound():
    # A row of six: the middle halves the first measure, only both ends the second.
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 0]])
    weight = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [1, 0], [1, 0]])
    length = np.array([9, 1, 1, 1, 1, 1])
    free = least_cut(CutQuestion.of(weight, [3, 0], [3, 2], edges, 2, length))
    held = least_cut(CutQuestion.of(weight, [3, 1], [3, 1], edges, 2, length))
    assert (free.cost, free.bound.proven) == (2, True)
    assert (held.cost, held.bound.proven) == (10, True)
