"""What each share of disruption buys: the best balance that moving at most so much can reach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial.districting.design import design
from geocrm.spatial.districting.plan import Plan, evaluate
from geocrm.spatial.districting.problem import Terms, Units

BUDGETS = (0.0, 0.02, 0.05, 0.10, 0.20, 0.40, 1.0)
# Nearer to the ideal than this is not asked for: it would cost compactness and nobody could tell.
CLOSE = 0.005


@dataclass(frozen=True)
class Point:
    """The best plan found that moves at most `budget` of the price."""

    budget: float
    plan: Plan

    @property
    def deviation(self) -> float:
        """The largest distance from the ideal, in any measure."""
        return float(self.plan.max_deviation.max())


def tradeoff(
    units: Units,
    terms: Terms,
    *,
    budgets: Sequence[float] = BUDGETS,
    tolerance: float = CLOSE,
    seed: int = 1,
    effort: int = 1,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] | None = None,
) -> tuple[Point, ...]:
    """One point for each budget, smaller first; a larger budget is never worse balanced.

    A plan that a smaller budget allows is allowed by a larger one too, so the better one is carried
    on. A budget that is too small to make today's plan whole has no point.

    Parameters
    ----------
    terms
        With `current`, the plan that disruption is counted against.
    tolerance
        What counts as balanced; beyond, plans are made as balanced as possible.
    should_stop
        True ends with the points found so far.
    """
    if terms.current is None:
        raise InvalidInput("A trade-off needs the plan that would be disrupted")
    found: list[Point] = []
    for at, budget in enumerate(sorted(budgets)):
        if should_stop():
            break
        asked = replace(terms, tolerance=tolerance, budget=budget, stability=0.0)
        plan = _best(units, asked, seed, effort, should_stop)
        if plan is not None:
            carried = found[-1] if found else None
            if carried is not None and carried.deviation <= float(plan.max_deviation.max()):
                plan = carried.plan
            found.append(Point(budget, plan))
        if progress is not None:
            progress((at + 1) / len(budgets))
    return tuple(found)


def _best(
    units: Units, terms: Terms, seed: int, effort: int, should_stop: Callable[[], bool]
) -> Plan | None:
    """A design; with no budget at all there is nothing to search."""
    current = terms.current
    try:
        if terms.budget == 0 and current is not None and (current >= 0).all():
            plan = evaluate(units, terms, current)
            return plan if plan.contiguous else None
        return design(units, terms, seed=seed, effort=effort, should_stop=should_stop)
    except Infeasible:
        # Today's plan is in pieces, and making it whole moves more than this.
        return None


def least_for(points: Sequence[Point], deviation: float) -> float | None:
    """The least share that was moved to come within a deviation; None where none does."""
    reached = [point.plan.moved or 0.0 for point in points if point.deviation <= deviation + 1e-9]
    return float(np.min(reached)) if reached else None
