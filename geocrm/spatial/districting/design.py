"""Part units into contiguous, balanced districts: start, anneal, polish, keep the best.

See docs/territory-method.md for the method and what it was measured at.
"""

from collections.abc import Callable

import numpy as np

from geocrm.spatial.districting.checks import check
from geocrm.spatial.districting.compiling import blocks_of
from geocrm.spatial.districting.plan import Plan, evaluate
from geocrm.spatial.districting.problem import Terms, Units
from geocrm.spatial.districting.search import Search

DEFAULT_EFFORT = 6


def design(
    units: Units,
    terms: Terms,
    *,
    seed: int = 1,
    effort: int = DEFAULT_EFFORT,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float, float], None] | None = None,
) -> Plan:
    """A contiguous plan within the limits and of least objective; the same seed, the same plan.

    When the limits are out of reach the plan nearest to them comes back, with `within_limits`
    false. Locks, kept groups and the budget of disruption are never broken.

    Parameters
    ----------
    effort
        Number of searches from different starts (fewer, down to one, beyond 1,000 units), >= 0;
        with 0 the first start itself is the plan.
    should_stop
        Asked between rounds (some milliseconds); true ends the search with the best so far.
    progress
        Called between rounds with the share done, in [0, 1], and the best value so far.

    Raises
    ------
    InvalidInput
        A number is out of range, or two wishes contradict each other.
    Infeasible
        No plan can satisfy what is asked; the sentence says why and what would do.
    """
    check(units, terms)
    blocks = blocks_of(units, terms)
    search = Search(units, terms, blocks, should_stop, progress)
    found = search.run(seed, effort)
    district = found[blocks.block].astype(np.intp)
    return evaluate(units, terms, district, "stopped" if search.stopped else "finished")


def preview(units: Units, terms: Terms, *, seed: int = 1) -> Plan:
    """The first start as a plan: contiguous, in a moment, less balanced than `design`."""
    return design(units, terms, seed=seed, effort=0)
