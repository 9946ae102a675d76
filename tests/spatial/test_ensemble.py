"""Where a plan stands: other valid plans, met by a walk that prefers nothing; what moving buys."""

import numpy as np
import pytest

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial.districting import Terms, design, evaluate, is_contiguous
from geocrm.spatial.districting.compiling import blocks_of
from geocrm.spatial.districting.ensemble import AXES, figures_of, sample
from geocrm.spatial.districting.neutral import members, uniform_tree
from geocrm.spatial.districting.state import scratch
from geocrm.spatial.districting.tradeoff import least_for, tradeoff
from tests.spatial.test_districting import grid

UNITS = grid(8, 8, np.random.default_rng(3).gamma(2.0, 10, 64))
TERMS = Terms(6, 0.15)


@pytest.fixture(scope="module")
def plan():
    return design(UNITS, TERMS, effort=1)


def test_every_plan_met_is_whole_and_within_the_tolerance(plan):
    found = sample(UNITS, TERMS, plan.district, num_plans=301, keep=True)
    assert len(found) == len(found.districts) == 301
    ideal = UNITS.weights.sum() / 6
    for district, values in zip(found.districts, found.values, strict=True):
        assert is_contiguous(district, UNITS.edges, 6)
        load = np.bincount(district, weights=UNITS.weights[:, 0], minlength=6)
        assert np.abs(load / ideal - 1).max() <= 0.15 + 1e-9
        assert values[0] == pytest.approx(np.abs(load / ideal - 1).max())
    assert len(np.unique(found.districts, axis=0)) > 250


def test_figures_are_those_of_an_evaluation(plan):
    today = np.roll(plan.district, 1)
    terms = Terms(6, 0.15, current=today)
    found = figures_of(UNITS, terms, plan.district)
    judged = evaluate(UNITS, terms, plan.district)
    assert found["balance"] == pytest.approx(judged.max_deviation[0])
    assert found["travel"] == pytest.approx(judged.rms_km)
    assert found["cut_edges"] == judged.cut_edges
    assert 0 < found["disruption"] <= judged.moved + 1e-12


def test_other_numbers_for_the_same_territories_are_no_disruption(plan):
    terms = Terms(6, 0.15, current=(plan.district + 1) % 6)
    assert figures_of(UNITS, terms, plan.district)["disruption"] == pytest.approx(0)


def test_the_same_seed_meets_the_same_plans_and_another_others(plan):
    one, same, other = (
        sample(UNITS, TERMS, plan.district, num_plans=60, seed=seed, keep=True).districts
        for seed in (5, 5, 6)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_trees_are_drawn_with_equal_chances():
    # A square of four has four spanning trees.
    square = grid(2, 2)
    graph = blocks_of(square, Terms(2, 1.0)).graph
    district, space = np.array([0, 0, 1, 1], dtype=np.int32), scratch(graph, 1)
    often = {}
    for _ in range(4_000):
        size = members(district, 0, 1, space)
        uniform_tree(graph, district, 0, size, 0, 1, space)
        tree = tuple(sorted(tuple(sorted((u, int(space.parent[u])))) for u in space.queue[1:4]))
        often[tree] = often.get(tree, 0) + 1
    assert len(often) == 4
    assert all(900 < count < 1_100 for count in often.values())


def test_a_designed_plan_is_more_compact_than_those_nobody_chose(plan):
    found = sample(UNITS, TERMS, plan.district, num_plans=400)
    own = figures_of(UNITS, TERMS, plan.district)
    assert found.beaten("travel", own["travel"]) > 0.9
    assert found.beaten("travel", found.values[:, AXES.index("travel")].max() + 1) == 0
    assert found.disagreement("travel", own["travel"]) < 0.2


def test_a_torn_plan_is_compared_with_whole_ones():
    torn = np.arange(64) % 6
    found = sample(UNITS, TERMS, torn, num_plans=20, keep=True)
    assert all(is_contiguous(district, UNITS.edges, 6) for district in found.districts)


def test_a_walk_can_be_ended_early(plan):
    answers = iter([False, True])
    found = sample(UNITS, TERMS, plan.district, num_plans=2_000, should_stop=answers.__next__)
    assert found.stopped
    assert 0 < len(found) < 2_000


def test_what_cannot_be_compared_is_refused_in_a_sentence(plan):
    with pytest.raises(Infeasible, match="one way only"):
        sample(UNITS, Terms(1), np.zeros(64, dtype=int))
    with pytest.raises(InvalidInput, match="not 0"):
        sample(UNITS, TERMS, plan.district, num_plans=0)
    with pytest.raises(Infeasible, match="compare within"):
        sample(UNITS, Terms(6, 1e-7), plan.district, num_plans=1)


def test_more_disruption_never_costs_balance_and_is_never_exceeded(plan):
    stripes = np.arange(64) * 6 // 64
    points = tradeoff(UNITS, Terms(6, current=stripes))
    assert [point.budget for point in points] == [0, 0.02, 0.05, 0.1, 0.2, 0.4, 1]
    off = [point.deviation for point in points]
    assert off == sorted(off, reverse=True)
    assert off[-1] < 0.05 < off[0]
    for point in points:
        assert point.plan.moved <= point.budget + 1e-9
        assert point.plan.contiguous
    assert points[0].plan.moved == 0
    assert least_for(points, off[0]) == 0
    assert least_for(points, -1.0) is None
