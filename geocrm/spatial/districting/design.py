"""Part units into contiguous, balanced districts: start, anneal, polish, keep the best.

See docs/territory-method.md for the method and what it was measured at.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial.districting.checks import check
from geocrm.spatial.districting.compiling import blocks_of
from geocrm.spatial.districting.few import HANDFUL, best_of_few
from geocrm.spatial.districting.floor import Floor, floor_of
from geocrm.spatial.districting.groups import linked
from geocrm.spatial.districting.plan import Plan, broken, evaluate
from geocrm.spatial.districting.problem import Indices, Terms, Units
from geocrm.spatial.districting.search import Search

DEFAULT_EFFORT = 6
# Plans that differ by less than this share are as good.
ROUNDED = 1e-6


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
    for name, number in ("seed", seed), ("effort", effort):
        if number < 0:
            raise InvalidInput(
                "The {name} must be 0 or more, not {number}", name=name, number=number
            )
    check(units, terms)
    try:
        district, stopped = _searched(units, terms, seed, effort, should_stop, progress)
        apart = bool(terms.together and broken(units.edges, district, terms.num_districts))
    except Infeasible:
        # What it takes to keep a group together is more, and what is named must be enough.
        if not terms.together:
            raise
        apart = True
    if apart:
        # A group that does not touch came out in pieces; what links it stays with it now.
        whole = linked(units, terms)
        check(units, whole)
        district, stopped = _searched(units, whole, seed, effort, should_stop, progress)
    if len(units) <= HANDFUL and effort > 0 and terms.budget is None and not terms.stability:
        district = _nearer(units, terms, district, best_of_few(units, terms))
    _require_apart(units, terms, district)
    return evaluate(units, terms, district, "stopped" if stopped else "finished")


def _nearer(units: Units, terms: Terms, district: Indices, other: Indices | None) -> Indices:
    """The other plan where it is the better one beyond rounding."""
    if other is None:
        return district
    clashes = any(district[a] == district[b] for a, b in terms.apart)
    one, two = evaluate(units, terms, district), evaluate(units, terms, other)
    if clashes or one.broken or two.within_limits > one.within_limits:
        return other
    if not one.within_limits:
        less = two.max_deviation.max() < one.max_deviation.max() - ROUNDED
        return other if less else district
    return other if two.value < one.value * (1 - ROUNDED) else district


def _searched(
    units: Units,
    terms: Terms,
    seed: int,
    effort: int,
    should_stop: Callable[[], bool],
    progress: Callable[[float, float], None] | None,
) -> tuple[Indices, bool]:
    """The best assignment one search finds, and whether it was ended early."""
    floor = _floor(units, terms)
    blocks = blocks_of(units, terms)
    nearer = _towards(terms, floor)
    if nearer is not terms and len(blocks) > terms.num_districts:
        blocks = blocks_of(units, nearer)
    if len(blocks) == terms.num_districts and not terms.keeps_labels:
        return blocks.block, False
    least = max(floor.deviation, float(terms.mean_deviations(1)[0]))
    search = Search(units, terms, blocks, least, should_stop, progress)
    found = search.run(seed, effort)
    return found[blocks.block].astype(np.intp), search.stopped


def _require_apart(units: Units, terms: Terms, district: Indices) -> None:
    for a, b in terms.apart:
        if district[a] == district[b]:
            raise Infeasible(
                "No plan was found in which {unit} and {other} are apart: lift that wish, or ask"
                " for more territories",
                unit=units.name(a),
                other=units.name(b),
            )


def _floor(units: Units, terms: Terms) -> Floor:
    load, ideal = units.balanced()[0][:, 0], terms.ideal_shares()
    return floor_of(load / load.sum(), units.edges, float(ideal.min()), float(ideal.max()))


def _towards(terms: Terms, floor: Floor) -> Terms:
    """Where the limits are out of reach, with the one step to the least deviation taken.

    What is too light alone is nearest to balance with the one unit beside it; a search that has to
    find that out has little left for everything else.
    """
    alone = floor.next_unit < 0 or 1 - floor.share <= floor.deviation + 1e-9
    limited = terms.minimum is not None or terms.maximum is not None
    if alone or limited or terms.keeps_labels or len(terms.apart):
        return terms
    if floor.deviation <= float(terms.tolerances(1)[0]):
        return terms
    pair = np.array([floor.unit, floor.next_unit], dtype=np.intp)
    return replace(terms, together=(*terms.together, pair))


def preview(units: Units, terms: Terms, *, seed: int = 1) -> Plan:
    """The first start as a plan: contiguous, in a moment, less balanced than `design`."""
    return design(units, terms, seed=seed, effort=0)
