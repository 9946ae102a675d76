"""How far a plan can be from the best: the strongest proof that its size allows.

Up to about sixty units the best plan itself; up to some 1,500 a bound for all plans; beyond, only
what an allocation to this plan's centres could save. Of up to sixty units the best plan keeps to
locks, groups, pairs and a budget; else the bounds leave them out, and always shares: with those
they still hold, and are weaker.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from geocrm.spatial.districting.allocation import allocation_bound
from geocrm.spatial.districting.bound import Bound
from geocrm.spatial.districting.bounds import global_bound
from geocrm.spatial.districting.compiling import WHOLE, bands, price_of
from geocrm.spatial.districting.cuts import CutQuestion, least_cut
from geocrm.spatial.districting.exact import solve_exact
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.groups import groups_of, joined
from geocrm.spatial.districting.hess import Hess
from geocrm.spatial.districting.plan import Plan, evaluate, to_centres, ways
from geocrm.spatial.districting.problem import (
    NOWHERE,
    Floats,
    Indices,
    Objective,
    Terms,
    Units,
)
from geocrm.spatial.districting.today import Today

# The largest questions for which each proof is tried.
EXACT_UNITS, GLOBAL_UNITS, CUT_UNITS = 60, 1_500, 120
# What is proven is proven but for so much of the value: HiGHS takes a millionth for nothing.
ROUNDED = 4e-6


@dataclass(frozen=True)
class Proof:
    """A plan, maybe better than the one asked about, and what is proven of its value.

    `bound` is None where nothing is proven: cut edges on large maps, or limits that are not met.
    """

    plan: Plan
    bound: Bound | None

    @property
    def optimal(self) -> bool:
        """Whether no plan within the limits has less than this one, but for rounding.

        A bound that is reached by another plan, which breaks a lock or parts a group, proves
        nothing of this one.
        """
        bound = self.bound
        if bound is None or bound.kind != "global" or not bound.proven:
            return False
        return bound.gap(self.plan.value) <= ROUNDED

    @property
    def gap(self) -> float | None:
        """At most this share of the value could be saved, by the plans that `bound` speaks of."""
        return None if self.bound is None else self.bound.gap(self.plan.value)


def prove(
    units: Units,
    terms: Terms,
    plan: Plan,
    *,
    seconds_left: Callable[[], float] = lambda: math.inf,
    progress: Callable[[float], None] | None = None,
) -> Proof:
    """Bound the value of a plan, and better it where the best plan can be found.

    Parameters
    ----------
    seconds_left
        Asked between steps; at 0 the proof ends with a bound that holds.
    progress
        Called with the bound so far.
    """
    if not plan.within_limits:
        return Proof(plan, None)
    if terms.num_districts in (1, len(units)) and terms.centres is None:
        # There is no other plan, but for the numbers of its districts.
        return Proof(plan, Bound(plan.value, "global", True, 0, "finished"))
    if terms.objective is Objective.CUT_EDGES:
        return _cut_proof(units, terms, plan, seconds_left, progress)
    if terms.centres is not None:
        return Proof(plan, _allocation(units, terms, to_centres(units, terms), seconds_left))
    if len(units) > GLOBAL_UNITS:
        if plan.centre is None:
            raise ValueError("The plan has no centres")
        way = ways(units, terms.objective, np.arange(len(units)), plan.centre)
        return Proof(plan, _allocation(units, terms, way, seconds_left))
    return _global_proof(units, terms, plan, seconds_left, progress)


def _cut_proof(
    units: Units,
    terms: Terms,
    plan: Plan,
    seconds_left: Callable[[], float],
    progress: Callable[[float], None] | None,
) -> Proof:
    if len(units) > CUT_UNITS:
        return Proof(plan, None)
    weight, low, high = _whole(units, terms)
    block, first = _tied(units, terms)
    held = np.zeros((len(first), weight.shape[1]), dtype=weight.dtype)
    np.add.at(held, block, weight)
    together, apart = _ties(terms)
    question = replace(
        CutQuestion.of(held, low, high, block[units.edges], terms.num_districts),
        together=groups_of(len(first), [block[group] for group in together]),
        apart=block[apart],
    )
    found = least_cut(
        question,
        incumbent=plan.district[first],
        should_stop=lambda: seconds_left() <= 0,
        progress=progress,
    )
    district = None if found.district is None else found.district[block]
    return Proof(_better(units, terms, plan, district), found.bound)


def _tied(units: Units, terms: Terms) -> tuple[Indices, Indices]:
    """Units that are as good as one: the block of each, and the first unit of each block.

    That is so for what must share a district and is one piece by itself.
    """
    together, _ = _ties(terms)
    whole = []
    for group in groups_of(len(units), together):
        inside = np.isin(units.edges, group).all(axis=1)
        if len(np.unique(components(len(units), units.edges[inside])[group])) == 1:
            whole.append(group)
    _, first, block = np.unique(joined(len(units), whole), return_index=True, return_inverse=True)
    return np.asarray(block, dtype=np.intp), np.asarray(first, dtype=np.intp)


def _global_proof(
    units: Units,
    terms: Terms,
    plan: Plan,
    seconds_left: Callable[[], float],
    progress: Callable[[float], None] | None,
) -> Proof:
    weight, low, high = _whole(units, terms)
    everyone = np.arange(len(units))
    first = units.balanced()[0][:, 0]
    cost = ways(units, terms.objective, everyone, everyone) * first[:, None]
    model = Hess.of(cost, weight, low, high, units.edges, terms.num_districts)
    if len(units) <= EXACT_UNITS:
        together, apart = _ties(terms)
        today = today_of(units, terms)
        model = replace(
            model,
            together=groups_of(len(units), together),
            apart=apart,
            today=today if today.least > 0 else None,
        )
        found = solve_exact(
            model, incumbent=plan.district, seconds_left=seconds_left, progress=progress
        )
        return Proof(_better(units, terms, plan, found.district), found.bound)
    lower = global_bound(
        model,
        incumbent=plan.district,
        should_stop=lambda: seconds_left() <= 0,
        progress=progress,
    )
    return Proof(plan, lower.bound)


def _allocation(
    units: Units, terms: Terms, way: Floats, seconds_left: Callable[[], float]
) -> Bound:
    weights = units.balanced()[0]
    low, high = bands(terms, weights)
    total = weights.sum(axis=0)
    return allocation_bound(
        way * weights[:, :1],
        weights,
        low * total * (1 - 1e-9),
        high * total * (1 + 1e-9),
        should_stop=lambda: seconds_left() <= 0,
    ).bound


def _whole(units: Units, terms: Terms) -> tuple[Indices, Indices, Indices]:
    """Weights (n, m) and limits (m,) in whole numbers, as the search counts them."""
    weights = units.balanced()[0]
    low, high = bands(terms, weights)
    weight = np.round(weights / weights.sum(axis=0) * WHOLE).astype(np.int64)
    # Rounding of the weights may not shut out a plan that just fits.
    room = len(units)
    return (
        weight,
        np.maximum(np.ceil(low.min(axis=0) * WHOLE).astype(np.int64) - room, 0),
        np.floor(high.max(axis=0) * WHOLE).astype(np.int64) + room,
    )


def _ties(terms: Terms) -> tuple[list[Indices], Indices]:
    """Groups of one district, and pairs (p, 2) of two; a lock ties and parts units as well."""
    groups, pairs = list(terms.together), [tuple(pair) for pair in terms.apart]
    if terms.locked is not None:
        held = [np.flatnonzero(terms.locked == d) for d in range(terms.num_districts)]
        held = [group for group in held if len(group)]
        groups += held
        pairs += [(one[0], other[0]) for one, other in combinations(held, 2)]
    return groups, np.array(pairs, dtype=np.intp).reshape(-1, 2)


def today_of(units: Units, terms: Terms) -> Today:
    """What must stay of today's plan, and the numbers that locks give."""
    n, k = len(units), terms.num_districts
    stay, least = np.zeros((n, k)), 0.0
    if terms.current is not None:
        price = np.where(terms.current >= 0, price_of(units, terms), 0.0)
        at_home = np.flatnonzero((terms.current >= 0) & (terms.current < k))
        total = float(price.sum())
        stay[at_home, terms.current[at_home]] = price[at_home] / max(total, 1e-300)
        least = 0.0 if terms.budget is None or total <= 0 else 1.0 - terms.budget
    held = np.full(k, NOWHERE, dtype=np.intp)
    if terms.locked is not None:
        locked = np.flatnonzero(terms.locked >= 0)
        held[terms.locked[locked]] = locked
    return Today(stay, held, least)


def _respects(terms: Terms, district: Indices) -> bool:
    """Whether groups are together and pairs apart."""
    whole = all(len(np.unique(district[group])) == 1 for group in terms.together)
    held = terms.locked is None or (district == terms.locked)[terms.locked >= 0].all()
    return bool(whole and held and all(district[a] != district[b] for a, b in terms.apart))


def _better(units: Units, terms: Terms, plan: Plan, district: Indices | None) -> Plan:
    """The proven plan where it is allowed by all wishes and better, else the one there was."""
    settled = terms.shares is not None or terms.centres is not None or terms.stability > 0
    if district is None or settled:
        return plan
    named = today_of(units, terms).numbered(district)
    if not _respects(terms, named):
        return plan
    found = evaluate(units, terms, named, plan.stopped)
    if not (found.within_limits and affordable(terms, found)):
        return plan
    return found if found.value < plan.value or not affordable(terms, plan) else plan


def affordable(terms: Terms, plan: Plan) -> bool:
    """Whether a plan moves no more than the budget."""
    return terms.budget is None or (plan.moved or 0.0) <= terms.budget + 1e-12
