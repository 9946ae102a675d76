"""What may be asked of a plan: limits, locks, centres, today's plan, and what is made small."""

import ctypes
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial.districting import (
    NOWHERE,
    Objective,
    Terms,
    Units,
    compiling,
    design,
    evaluate,
    on_earth,
    on_plane,
    prove,
)
from geocrm.spatial.districting.compiling import blocks_of
from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.starts import metis_assignment


def grid(rows: int, columns: int, *weights: np.ndarray) -> Units:
    """Units in rows and columns a kilometre apart, with one measure or several."""
    at = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1)
    down = np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1)
    y, x = np.divmod(np.arange(rows * columns), columns)
    measures = weights or (np.ones(rows * columns),)
    return Units(
        np.column_stack(measures).astype(float),
        on_plane(x.astype(float), y.astype(float)),
        np.concatenate([across, down]),
        measures=tuple(f"measure {at}" for at in range(len(measures))),
    )


def uneven(rows: int, columns: int, seed: int = 4) -> Units:
    return grid(rows, columns, np.random.default_rng(seed).gamma(2, 10, rows * columns))


def halves(rows: int, columns: int) -> np.ndarray:
    """Today's plan: the left half, the right half."""
    return (np.arange(rows * columns) % columns >= columns // 2).astype(np.intp)


def test_two_measures_are_both_within_their_tolerances():
    rng = np.random.default_rng(1)
    units = grid(12, 12, rng.gamma(2, 10, 144), rng.gamma(2, 10, 144))
    plan = design(units, Terms(6, (0.03, 0.06)), effort=2)
    assert plan.max_deviation[0] <= 0.03
    assert plan.max_deviation[1] <= 0.06
    assert plan.contiguous


def test_a_measure_without_a_tolerance_keeps_to_its_limits_alone():
    rng = np.random.default_rng(1)
    units = grid(10, 10, rng.gamma(2, 10, 100), rng.gamma(1, 10, 100))
    free = design(units, Terms(5, 0.05), effort=0).load[:, 1]
    asked = Terms(5, (0.05, np.inf), minimum=(None, 165.0), maximum=(None, 190.0))
    plan = design(units, asked, effort=2)
    assert not ((free >= 165) & (free <= 190)).all()
    assert plan.within_limits
    assert plan.load[:, 1].min() >= 165
    assert plan.load[:, 1].max() <= 190
    assert plan.max_deviation[0] <= 0.05


def test_what_only_has_a_maximum_may_be_as_little_as_it_is():
    # All of the second measure lies in a corner: no territory can be near its mean.
    corner = (np.add(*np.divmod(np.arange(64), 8)) < 3).astype(float)
    units = grid(8, 8, np.ones(64), corner)
    plan = design(units, Terms(4, (0.0, np.inf), maximum=(None, 3.0)), effort=2)
    assert plan.within_limits
    assert plan.load[:, 1].max() == 3
    assert plan.load[:, 1].min() == 0
    assert "maximum:measure 1" in plan.binding


def test_the_best_plan_is_proven_also_within_the_limits_of_another_measure():
    """Every way to part 3 x 3 units in two is tried."""
    units = grid(3, 3, np.arange(9) % 4 + 1.0, np.arange(9)[::-1] % 5 + 0.0)
    square = ((units.place[:, None] - units.place) ** 2).sum(axis=2)
    best = np.inf
    for rest in itertools.product(range(2), repeat=8):
        home = np.array((0, *rest))
        first, second = (np.bincount(home, each, minlength=2) for each in units.weights.T)
        even = np.abs(first / first.mean() - 1).max() <= 0.3 and second.max() <= 9
        if even and is_contiguous(home, units.edges, 2):
            inside = [home == 0, home == 1]
            best = min(best, sum(
                (units.weights[at, :1] * square[np.ix_(at, at)]).sum(axis=0).min() for at in inside
            ))  # fmt: skip
    asked = Terms(2, (0.3, np.inf), maximum=(None, 9.0))
    proof = prove(units, asked, design(units, asked, effort=2))
    assert proof.plan.value == pytest.approx(best)
    assert proof.bound.proven
    assert proof.plan.value > prove(units, Terms(2, (0.3, 1.0)), proof.plan).plan.value


def test_half_a_share_gets_half_a_load():
    plan = design(grid(10, 10), Terms(3, 0.02, shares=np.array([1, 0.5, 1])), effort=2)
    assert plan.load[:, 0].tolist() == [40, 20, 40]


def test_minimum_and_maximum_are_hard():
    plan = design(uneven(10, 10), Terms(5, 0.5, minimum=380.0, maximum=420.0), effort=2)
    assert plan.within_limits
    assert plan.load.min() >= 380
    assert plan.load.max() <= 420


def test_locked_units_stay_where_they_are_locked_to():
    units = uneven(10, 10)
    locked = np.full(100, NOWHERE)
    locked[[0, 99, 55]] = 2
    locked[[9, 90]] = [0, 1]
    plan = design(units, Terms(4, 0.1, locked=locked), effort=2)
    assert plan.district[[0, 99, 55]].tolist() == [2, 2, 2]
    assert plan.district[[9, 90]].tolist() == [0, 1]
    assert is_contiguous(plan.district, units.edges, 4)


def test_a_lock_walled_in_by_others_is_refused_with_their_names():
    locked = np.full(5, NOWHERE)
    locked[[0, 4]], locked[2] = 0, 1
    with pytest.raises(Infeasible, match="Units 0 and 4 are locked to territory 1"):
        design(grid(1, 5), Terms(2, 0.5, locked=locked))
    with pytest.raises(Infeasible, match="Units 0 and 4 are locked to North, but"):
        design(grid(1, 5), Terms(2, 0.5, locked=locked, names=("North", "South")))


def test_groups_stay_together_and_pairs_apart():
    together = (np.array([0, 11, 22]), np.array([9, 18]))
    apart = np.array([[44, 45], [45, 55]])
    plan = design(uneven(10, 10), Terms(4, 0.1, together=together, apart=apart), effort=2)
    assert len(set(plan.district[together[0]].tolist())) == 1
    assert len(set(plan.district[together[1]].tolist())) == 1
    assert all(plan.district[a] != plan.district[b] for a, b in apart)
    assert plan.contiguous


def test_together_and_apart_at_once_is_refused():
    with pytest.raises(InvalidInput, match="1 and 2 shall be apart"):
        design(grid(2, 2), Terms(2, together=(np.array([1, 2]),), apart=np.array([[1, 2]])))


def test_each_given_centre_serves_its_own_side():
    centres = np.array([[9.0, 5, 0], [0, 5, 0]])
    plan = design(grid(10, 10), Terms(2, 0.0, centres=centres), effort=1)
    x = np.arange(100) % 10
    assert plan.district.tolist() == np.where(x >= 5, 0, 1).tolist()
    assert plan.value == pytest.approx(
        sum((9 - a) ** 2 + (5 - b) ** 2 for a in range(5, 10) for b in range(10)) * 2
    )


@pytest.mark.parametrize("budget", [0.0, 0.02, 0.1])
def test_the_budget_of_disruption_is_never_exceeded(budget):
    units, today = uneven(10, 10), halves(10, 10)
    plan = design(units, Terms(2, 0.001, current=today, budget=budget), effort=2)
    gone = units.weights[plan.district != today, 0].sum() / units.weights.sum()
    assert plan.moved == pytest.approx(gone)
    assert gone <= budget + 1e-12


def test_more_may_move_for_a_better_balance():
    units, today = uneven(10, 10, seed=9), halves(10, 10)
    off = [
        design(units, Terms(2, 0.001, current=today, budget=b), effort=2).max_deviation[0]
        for b in (0.0, 0.02, 0.05)
    ]
    assert off[0] > off[1] > off[2] or off[1] <= 0.001


def test_stability_keeps_today_where_balance_allows():
    units, today = grid(10, 10), halves(10, 10)
    assert design(units, Terms(2, 0.05, current=today, stability=1.0), effort=2).moved == 0.0


@pytest.mark.parametrize("objective", Objective)
@pytest.mark.parametrize("size", [3, 12])
def test_what_did_not_move_keeps_its_territory(size, objective):
    """No other numbering of the new territories would move less: none were merely exchanged."""
    units = uneven(size, size)
    today = design(units, Terms(3, 0.9), effort=0, seed=3).district
    plan = design(units, Terms(3, 0.2, objective=objective, current=today), effort=2)
    weight = units.weights[:, 0]
    others = [
        weight[np.array(order)[plan.district] != today].sum()
        for order in itertools.permutations(range(3))
    ]
    assert plan.moved == pytest.approx(min(others) / weight.sum())


@pytest.mark.parametrize("wish", ["lock", "group"])
def test_what_a_lock_or_a_group_moves_counts_and_what_is_said_to_be_enough_is(wish):
    units, today = grid(6, 6), halves(6, 6)
    asked = {"lock": {"locked": np.full(36, NOWHERE)}, "group": {"together": (np.array([0, 35]),)}}
    if wish == "lock":
        asked[wish]["locked"][0] = 1  # a corner of the left half
    with pytest.raises(Infeasible, match="allow") as refused:
        design(units, Terms(2, 0.9, current=today, budget=0.0, **asked[wish]), effort=1)
    need = float(refused.value.figures["need"])
    plan = design(units, Terms(2, 0.9, current=today, budget=need, **asked[wish]), effort=1)
    assert 0 < plan.moved <= need


def test_beside_a_unit_too_heavy_for_any_territory_the_others_are_evened_out():
    weight = np.ones(144)
    weight[0] = 40
    units = grid(12, 12, weight)
    today = (np.arange(144) // 24).astype(np.intp)
    for budget in (None, 0.25):
        plan = design(units, Terms(6, 0.05, current=today, budget=budget), effort=2)
        assert sorted(plan.load[:, 0])[0] >= 26
        assert plan.max_deviation[0] == pytest.approx(plan.floor.deviation)


def test_another_number_of_territories_than_today():
    units, today = uneven(10, 10), halves(10, 10)
    more = design(units, Terms(3, 0.1, current=today, budget=0.5), effort=2)
    fewer = design(units, Terms(1, 0.1, current=today, budget=0.6), effort=1)
    assert more.contiguous
    assert more.within_limits
    assert more.moved <= 0.5
    assert fewer.moved == pytest.approx(units.weights[today == 1].sum() / units.weights.sum())


@pytest.mark.parametrize(("budget", "reached"), [(0.05, 0.28), (0.1, 0.15)])
def test_a_budget_too_small_for_all_is_spent_on_the_worst(budget, reached):
    widths = [13, 7, 12, 6, 11, 5, 10, 8]
    today = np.tile(np.repeat(np.arange(8), widths), 6)
    plan = design(grid(6, 72), Terms(8, 0.01, current=today, budget=budget), effort=1)
    assert plan.moved <= budget
    assert plan.max_deviation[0] <= reached
    assert plan.contiguous


def test_a_torn_plan_that_cannot_be_mended_within_the_budget_says_what_it_takes():
    today = np.array([0, 1, 0, 1, 1])
    with pytest.raises(Infeasible, match=r"moves 20\.0%, more than the 5\.0%"):
        design(grid(1, 5), Terms(2, 0.5, current=today, budget=0.05))


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_what_it_takes_to_mend_a_torn_plan_is_not_overstated(seed):
    rng = np.random.default_rng(seed)
    units = grid(3, 3, rng.gamma(2, 10, 9))
    today = np.array([0, 1, *rng.integers(0, 2, 7)])[rng.permutation(9)]
    plans = (np.array(each) for each in itertools.product(range(2), repeat=9))
    whole = (plan for plan in plans if is_contiguous(plan, units.edges, 2))
    least = min(float(units.weights[plan != today].sum()) for plan in whole)
    enough = math.ceil(least / float(units.weights.sum()) * 1e3) / 1e3
    with pytest.raises(Infeasible, match=rf"allow {enough:.1%}"):
        design(units, Terms(2, 9.0, current=today, budget=enough / 2), effort=1)
    assert design(units, Terms(2, 9.0, current=today, budget=enough), effort=1).contiguous


def test_cut_edges_are_as_few_as_can_be():
    plan = design(grid(6, 6), Terms(4, 0.0, objective=Objective.CUT_EDGES), effort=2)
    assert plan.value == plan.cut_edges == 12


def test_without_places_cut_edges_can_still_be_made_few():
    units = grid(6, 6)
    nowhere = Units(units.weights, None, units.edges)
    plan = design(nowhere, Terms(2, 0.0, objective=Objective.CUT_EDGES), effort=2)
    assert plan.cut_edges == 6
    with pytest.raises(InvalidInput, match="choose cut-edges"):
        design(nowhere, Terms(2))


def test_travel_times_lead_round_a_mountain():
    # Two rows with a ridge between: along a row a minute a unit, across it an hour.
    units = grid(2, 8)
    row, column = np.divmod(np.arange(16), 8)
    minutes = np.abs(column[:, None] - column) + 60.0 * (row[:, None] != row)
    by_road = Units(units.weights, units.place, units.edges, minutes=minutes)
    plan = design(by_road, Terms(2, 0.0, objective=Objective.TRAVEL), effort=2)
    assert (plan.district[row == 0] == plan.district[0]).all()
    assert plan.value == 2 * (4 + 3 + 2 + 1 + 1 + 2 + 3)


def test_a_small_plan_is_the_best_there_is():
    """Every way to part 3 x 3 units in three is tried."""
    units = uneven(3, 3, seed=2)
    weight, place = units.weights[:, 0], units.place
    square = ((place[:, None] - place) ** 2).sum(axis=2)
    best = np.inf
    for rest in itertools.product(range(3), repeat=8):
        home = np.array((0, *rest))
        load = np.bincount(home, weights=weight, minlength=3)
        if np.abs(load / load.mean() - 1).max() > 0.3 or not is_contiguous(home, units.edges, 3):
            continue
        value = sum(
            (weight[home == d, None] * square[np.ix_(home == d, home == d)]).sum(axis=0).min()
            for d in range(3)
        )
        best = min(best, value)
    asked = Terms(3, 0.3)
    proof = prove(units, asked, design(units, asked, effort=2))
    assert proof.plan.value == pytest.approx(best)
    assert proof.bound.proven
    assert proof.gap == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (Terms(2, minimum=9.0), "at most 1 territories"),
        (Terms(2, maximum=4.0), "at least 4 territories"),
        (Terms(2, minimum=9.0, maximum=8.0), "is above the maximum"),
        (Terms(2, budget=0.1), "needs today's plan"),
        (Terms(2, budget=1.5, current=np.zeros(16, dtype=np.intp)), "between 0 and 1"),
        (Terms(2, minimum=float("nan")), "must be a number, not nan"),
        (Terms(2, float("inf")), "must be 0 or more, not inf"),
        (Terms(2, (0.1, 0.2)), "2 tolerances for 1 measures"),
        (Terms(2, centres=np.zeros((3, 3))), "3 centres for 2 territories"),
        (Terms(2, shares=np.array([1.0, 0.0])), "a share above 0"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(terms, words):
    with pytest.raises((Infeasible, InvalidInput), match=words):
        design(grid(4, 4), terms)


def test_a_part_of_a_larger_plan_keeps_the_ideal_of_the_whole():
    # 36 units that are 2 of 5 territories of 20: two of 18 are 10 % light, and nothing can be done.
    part = design(grid(6, 6), Terms(2, 0.05, ideal_total=40 / 36), effort=1)
    assert part.max_deviation[0] == pytest.approx(0.1)
    assert not part.within_limits
    assert "mean" in part.binding
    allowed = design(grid(6, 6), Terms(2, 0.11, ideal_total=40 / 36), effort=1)
    assert allowed.within_limits
    assert prove(grid(6, 6), Terms(2, 0.11, ideal_total=40 / 36), allowed).bound is not None
    with pytest.raises(InvalidInput, match="add up to more than 0"):
        design(grid(6, 6), Terms(2, ideal_total=0.0), effort=1)


def path(*weights: float, x: list[float] | None = None) -> Units:
    """Units in a row a kilometre apart."""
    n = len(weights)
    at = np.array(x if x is not None else range(n), dtype=float)
    edges = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    return Units(np.array(weights, dtype=float)[:, None], on_plane(at, at * 0), edges)


def group(*units: int) -> np.ndarray:
    return np.array(units, dtype=np.intp)


def test_units_kept_together_that_do_not_touch_get_a_territory_in_one_piece():
    plan = design(grid(5, 5), Terms(2, 0.9, together=(group(0, 24),)), effort=1)
    assert plan.contiguous
    assert plan.district[0] == plan.district[24]


def test_a_group_that_others_cut_in_two_is_refused():
    wishes = Terms(2, 0.9, together=(group(0, 4),), apart=np.array([[0, 2]]))
    with pytest.raises(Infeasible, match="what lies between them is kept away"):
        design(path(1, 1, 1, 1, 1), wishes, effort=1)


def test_more_territories_than_groups_leave_are_refused():
    with pytest.raises(Infeasible, match="there are 3"):
        design(path(1, 1, 1, 1), Terms(4, 0.5, together=(group(0, 1),)))


def test_groups_that_share_a_unit_are_one_when_wishes_contradict():
    chain = (group(0, 1), group(1, 2))
    with pytest.raises(InvalidInput, match="apart, and by another wish together"):
        design(path(1, 1, 1, 1), Terms(2, 0.5, together=chain, apart=np.array([[0, 2]])))
    locked = np.array([0, NOWHERE, 1, NOWHERE])
    with pytest.raises(InvalidInput, match="lift one of these wishes"):
        design(path(1, 1, 1, 1), Terms(2, 0.5, together=chain, locked=locked))


def test_pairs_that_cannot_all_be_apart_are_named():
    three = np.array([[0, 1], [1, 2], [0, 2]])
    with pytest.raises(Infeasible, match="lift that wish, or ask for more territories"):
        design(path(1, 1, 1, 1), Terms(2, 1.0, apart=three), effort=1)


def test_what_only_a_plan_that_breaks_a_wish_reaches_is_not_called_proven():
    units = grid(2, 4)
    # Two rows today, and nothing may be moved; two squares would cut half as much.
    rows = np.repeat([0, 1], 4)
    terms = Terms(2, 0.25, current=rows, budget=0.0, objective=Objective.CUT_EDGES)
    proof = prove(units, terms, design(units, terms, effort=1))
    assert proof.plan.value == 4
    assert not proof.optimal


def test_the_fewest_edges_with_a_group_that_does_not_touch_are_proven():
    units = grid(2, 4)
    terms = Terms(2, 0.25, together=(group(0, 7),), objective=Objective.CUT_EDGES)
    proof = prove(units, terms, design(units, terms, effort=1))
    assert proof.plan.value == 4
    assert proof.optimal


def test_the_fewest_edges_beside_a_pair_and_locks_are_proven():
    units = grid(3, 6)
    locked = np.full(18, NOWHERE)
    locked[[0, 17]] = 0, 1
    terms = Terms(2, 0.0, apart=np.array([[2, 8]]), locked=locked, objective=Objective.CUT_EDGES)
    proof = prove(units, terms, design(units, terms, effort=1))
    assert proof.optimal
    assert proof.plan.district[[0, 17]].tolist() == [0, 1]
    assert proof.plan.district[2] != proof.plan.district[8]


def test_of_few_edges_the_fewest_with_a_group_are_proven():
    terms = Terms(2, 0.25, together=(group(1, 2, 3, 7),), objective=Objective.CUT_EDGES)
    proof = prove(grid(2, 4), terms, design(grid(2, 4), terms, effort=1))
    assert proof.plan.value == 3
    assert proof.optimal


def test_a_group_that_leaves_nothing_for_others_is_refused():
    with pytest.raises(Infeasible, match="with what is kept together there are 1"):
        design(path(1, 1, 1, 1), Terms(2, 1.0, together=(group(0, 3),)), effort=1)


def test_the_only_plan_there_is_is_the_best():
    units = path(1, 2, 3)
    for count in (1, 3):
        terms = Terms(count, 1.0)
        proof = prove(units, terms, design(units, terms))
        assert proof.optimal
        assert proof.gap == 0


def cheapest(units: Units, terms: Terms) -> float:
    """The least inertia of all contiguous plans that keep to the tolerance and the wishes."""
    k, n = terms.num_districts, len(units)
    least = np.inf
    for each in itertools.product(range(k), repeat=n):
        home = np.array(each)
        held = terms.locked is None or (home == terms.locked)[terms.locked >= 0].all()
        tied = all(len(np.unique(home[group])) == 1 for group in terms.together)
        parted = all(home[a] != home[b] for a, b in terms.apart)
        if held and tied and parted and is_contiguous(home, units.edges, k):
            plan = evaluate(units, terms, home)
            paid = terms.budget is None or (plan.moved or 0.0) <= terms.budget
            least = min(least, plan.value) if plan.within_limits and paid else least
    return least


@pytest.mark.parametrize(
    "wishes",
    [
        {"together": (group(0, 8),)},
        {"together": (group(0, 2),), "apart": np.array([[4, 5]])},
        {"locked": np.array([1, -1, 0, -1, -1, -1, 1, -1, -1])},
    ],
)
def test_of_few_units_the_best_plan_with_wishes_is_found_and_proven(wishes):
    units = uneven(3, 3, seed=8)
    terms = Terms(2, 0.6, **wishes)
    proof = prove(units, terms, design(units, terms, effort=1))
    assert proof.plan.value == pytest.approx(cheapest(units, terms))
    assert proof.optimal
    if terms.locked is not None:
        assert (proof.plan.district == terms.locked)[terms.locked >= 0].all()


@pytest.mark.parametrize(
    ("budget", "locked"),
    [
        (0.1, None),
        (1.0, None),
        (0.2, np.array([1, -1, -1, -1, -1, -1, -1, 1, -1])),
        (0.3, np.array([-1, -1, 0, -1, 0, -1, -1, -1, -1])),
    ],
)
def test_the_best_plan_that_a_budget_buys_is_found_and_proven(budget, locked):
    units = uneven(3, 3, seed=8)
    today = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1], dtype=np.intp)
    terms = Terms(2, 0.6, current=today, budget=budget, locked=locked)
    proof = prove(units, terms, design(units, terms, effort=1))
    assert proof.plan.moved <= budget
    assert proof.plan.value == pytest.approx(cheapest(units, terms))
    assert proof.optimal


def bare(weights: list[float], edges: list[tuple[int, int]]) -> Units:
    """Units of which only the graph is known."""
    return Units(np.array(weights, dtype=float)[:, None], None, np.array(edges))


def test_a_pair_and_a_group_about_one_hub_get_the_plan_there_is():
    lon = [61.23, 10.59, -8.15, 77.43, 56.61, -44.94, 63.28, 141.15]
    lat = [-13.01, 32.25, 55.19, -38.83, -38.14, 80.0, -19.5, 52.14]
    star = Units(
        np.array([[7.991], [5.264], [6.891], [7.04], [9.52], [7.142], [0.499], [2.081]]),
        on_earth(np.array(lon), np.array(lat)),
        np.array([(0, leaf) for leaf in range(1, 8)]),
    )
    plan = design(star, Terms(2, 1.0, together=(group(6, 3, 2),), apart=np.array([[2, 7]])))
    assert plan.within_limits
    assert plan.contiguous
    assert plan.district[2] == plan.district[3] == plan.district[6] != plan.district[7]


def test_a_plan_that_just_meets_its_limit_is_found_beside_locks():
    everyone = bare([7] * 8, list(itertools.combinations(range(8), 2)))
    locked = np.array([-1, 0, -1, -1, -1, 1, 0, -1])
    terms = Terms(2, 0.5, objective=Objective.CUT_EDGES, locked=locked)
    plan = design(everyone, terms)
    assert plan.cut_edges == 12
    assert prove(everyone, terms, plan).optimal


def test_the_relaxation_of_few_units_is_the_least_that_does():
    tree = [(0, 5), (0, 10), (1, 4), (1, 7), (2, 8), (3, 6), (3, 10), (6, 8), (7, 9), (8, 9)]
    loads = [122.7, 103.7, 917.1, 133.6, 746.1, 502.1, 209.1, 607.1, 525.5, 488.8, 809.1]
    units = bare(loads, tree)
    terms = Terms(10, 0.2, objective=Objective.CUT_EDGES, apart=np.array([[1, 5]]))
    # Ten territories of eleven units: one edge of the tree is inside a territory.
    within = [np.unique(np.where(np.arange(11) == b, a, np.arange(11)), return_inverse=True)[1]
              for a, b in tree]  # fmt: skip
    least = min(evaluate(units, terms, home).max_deviation[0] for home in within)
    assert design(units, terms).max_deviation[0] == pytest.approx(least)


def test_each_measure_of_a_part_keeps_its_own_ideal_of_the_whole():
    units = grid(6, 6, np.ones(36), np.arange(36.0))
    part = design(units, Terms(2, (0.05, 0.3), ideal_total=(1.0, 1.25)), effort=1)
    assert part.max_deviation[0] <= 0.05
    assert part.deviation[:, 1].mean() == pytest.approx(-0.2)
    assert part.within_limits
    tight = design(units, Terms(2, (0.05, 0.1), ideal_total=(1.0, 1.25)), effort=1)
    assert not tight.within_limits
    assert "mean:measure 1" in tight.binding
    assert "mean" not in tight.binding


def test_what_metis_cannot_do_is_not_printed_into_an_answer(capfd):
    row = bare([50, 1, 1, 1, 1, 1, 1, 1, 1], [(at, at + 1) for at in range(8)])
    metis_assignment(blocks_of(row, Terms(8)).graph, 8, 1)
    # The C library keeps what it was given to print until then.
    ctypes.CDLL(None).fflush(None)
    assert capfd.readouterr().out == ""


def test_places_out_of_the_minutes_of_many_units_are_those_of_the_exact_way(monkeypatch):
    rng = np.random.default_rng(3)
    place = rng.uniform(0, 300, (80, 2))
    minutes = np.hypot(*(place[:, None] - place).transpose(2, 0, 1)) * rng.uniform(1, 1.3, (80, 80))
    units = replace(grid(8, 10), minutes=minutes)
    exact = blocks_of(units, Terms(2)).graph.mass
    monkeypatch.setattr(compiling, "_FEW_PLACES", 0)
    assert (blocks_of(units, Terms(2)).graph.mass == exact).all()
