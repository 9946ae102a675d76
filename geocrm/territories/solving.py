"""One run of the solver and what it says: the plan, what is proven of it, why it ended."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from geocrm.errors import Infeasible, InvalidInput, Phrase, Share
from geocrm.spatial import districting
from geocrm.spatial.districting import DEFAULT_EFFORT, Floor, Objective, Proof, Terms, Units, warm
from geocrm.territories import text_tables

# The search has so much of the time; the rest is for proving how good its plan is.
SEARCH_SHARE = 0.75
# A deviation that is beyond its limit by less is a rounding error, for the solver as well.
SLACK = 1e-9
# A bound that leaves more than this share open says nothing.
NEARLY_ALL = 0.995
_UNIT_OF = {
    Objective.INERTIA: "weight x km2",
    Objective.TRAVEL: "weight x km",
    Objective.CUT_EDGES: "edges",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a run is: the share done, in [0, 1], the best value so far and what is proven."""

    share: float
    best: float | None
    bound: float | None


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan with what is proven about it."""

    proof: Proof
    terms: Terms
    seed: int
    effort: int
    elapsed_s: float

    @property
    def plan(self) -> districting.Plan:
        """The plan."""
        return self.proof.plan

    def document(self) -> dict[str, Any]:
        """What is proven and what held the plan back, as JSON."""
        plan, bound = self.plan, self.proof.bound
        gap = self.proof.gap
        return {
            "objective": text_tables.figure(plan.value),
            "objective_kind": plan.objective.value,
            "objective_unit": _UNIT_OF[plan.objective],
            "bound": None if bound is None else text_tables.figure(bound.value),
            "gap": None if gap is None else round(gap, 6),
            "bound_kind": None if bound is None else bound.kind,
            "proven_optimal": self.proof.optimal,
            "stopped": plan.stopped if bound is None else _ended(plan.stopped, bound.stopped),
            "binding": list(plan.binding),
            "within_limits": plan.within_limits,
            "moved": None
            if plan.moved is None
            else {"share": round(plan.moved, 6), "units": plan.moved_units},
            "cut_edges": plan.cut_edges,
            "inertia": None if plan.inertia is None else text_tables.figure(plan.inertia),
            "rms_km": None if plan.rms_km is None else round(plan.rms_km, 4),
            "effort": self.effort,
            "seed": self.seed,
        }

    def words(self) -> str:
        """What is proven, in a sentence."""
        bound, gap = self.proof.bound, self.proof.gap
        if bound is None or gap is None or gap >= NEARLY_ALL:
            return "Nothing is proven about how much better a plan could be."
        if self.proof.optimal:
            return "Proven: no plan within these limits is better."
        # Up, and never 0: what is left open is not nothing.
        open_share = max(math.ceil(gap * 1e3 - 1e-6) / 1e3, 1e-3)
        if bound.kind == "global":
            return f"Proven: no plan within these limits is more than {open_share:.1%} better."
        return (
            "Proven only for these centres: no allocation to them is more than"
            f" {open_share:.1%} better; other centres may be."
        )


def _ended(search: str, proof: str) -> str:
    return "finished" if search == proof == "finished" else "stopped"


def solve(
    units: Units,
    terms: Terms,
    *,
    seed: int,
    time_s: float,
    effort: int = DEFAULT_EFFORT,
    proven: bool = True,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[Moment], None] = lambda _: None,
) -> Solved:
    """Search, then prove unless not `proven`; the clock only ends a run early, as the plan says."""
    if not time_s >= 0:
        raise InvalidInput("The time must be 0 seconds or more, not {time}", time=time_s)
    # What is compiled or loaded first is none of the time that was asked for.
    warm.ready(terms.objective)
    began = time.monotonic()
    best: list[float] = []

    def searched(share: float, value: float) -> None:
        best[:] = [value]
        progress(Moment(SEARCH_SHARE * share, value if value < float("inf") else None, None))

    plan = districting.design(
        units,
        terms,
        seed=seed,
        effort=effort,
        should_stop=lambda: time.monotonic() - began >= time_s * SEARCH_SHARE or cancelled(),
        progress=searched,
    )
    if not proven:
        return Solved(Proof(plan, None), terms, seed, effort, time.monotonic() - began)
    proof = districting.prove(
        units,
        terms,
        plan,
        seconds_left=lambda: 0.0 if cancelled() else time_s - (time.monotonic() - began),
        progress=lambda bound: progress(Moment(SEARCH_SHARE, plan.value, bound)),
    )
    return Solved(proof, terms, seed, effort, time.monotonic() - began)


def _least(floor: Floor, names: Sequence[str]) -> Phrase:
    """Why no plan can be nearer to balance than the map lets it."""
    if floor.share - 1 > floor.deviation + 1e-6:
        return Phrase(
            "with less than {deviation}, {count} units could only share the territory of {unit},"
            " {territories} territories in one",
            deviation=Share(floor.deviation),
            count=floor.forced,
            unit=names[floor.unit],
            territories=round(floor.share, 2),
        )
    if floor.next_unit < 0:
        return Phrase(
            "{heavy}, so {deviation} is the least",
            heavy=_heavy(floor, names),
            deviation=Share(floor.deviation),
        )
    return Phrase(
        "{heavy} and, with the lightest beside it ({unit}), {territories}, so {deviation} is the"
        " least",
        heavy=_heavy(floor, names),
        unit=names[floor.next_unit],
        territories=round(floor.next_share, 2),
        deviation=Share(floor.deviation),
    )


def _heavy(floor: Floor, names: Sequence[str]) -> Phrase:
    """How much of a territory a unit is, with those that have no other way."""
    unit, territories = names[floor.unit], round(floor.share, 2)
    if not floor.forced:
        return Phrase(
            "{unit} alone is {territories} territories", unit=unit, territories=territories
        )
    if floor.forced == 1:
        return Phrase(
            "{unit} with the unit that can only share its territory is {territories} territories",
            unit=unit,
            territories=territories,
        )
    return Phrase(
        "{unit} with the {count} units that can only share its territory is {territories}"
        " territories",
        unit=unit,
        count=floor.forced,
        territories=territories,
    )


def missed(solved: Solved, names: Sequence[str]) -> Infeasible:
    """Why the limits were not met, and the smallest relaxation that is known to work."""
    plan, terms = solved.plan, solved.terms
    first, asked = float(plan.max_deviation[0]), float(terms.tolerances(1)[0])
    reached, limits, instead = _reached(solved, first <= asked), _enough(solved), _instead(solved)
    if "unit" in plan.binding:
        return Infeasible(
            "+-{asked} is impossible: {why}; {reached}. Allow that ({limits}){instead}",
            asked=Share(asked),
            why=_least(plan.floor, names),
            reached=reached,
            limits=limits,
            instead=instead,
        )
    return Infeasible(
        "A tolerance of {asked} was not met in {time} s: {reached}. Allow that ({limits}){instead}",
        asked=Share(asked),
        time=round(solved.elapsed_s, 1),
        reached=reached,
        limits=limits,
        instead=instead,
    )


def _enough(solved: Solved) -> str:
    """The options that would let the plan that was reached pass, rounded to its side."""
    plan, terms = solved.plan, solved.terms
    first, load = float(plan.max_deviation[0]), plan.load[:, 0]
    found = []
    if first > float(terms.tolerances(1)[0]) + SLACK:
        found.append(f"--tolerance {math.ceil(first * 1e4 - 1e-6) / 1e4:.4f}")
    if terms.minimum is not None and load.min() < terms.minimum:
        found.append(f"--min {_digits(float(load.min()), ROUND_FLOOR)}")
    if terms.maximum is not None and load.max() > terms.maximum:
        found.append(f"--max {_digits(float(load.max()), ROUND_CEILING)}")
    return " ".join(found)


def _digits(value: float, rounding: str) -> str:
    """Six significant digits, down or up."""
    exact = Decimal(repr(value))
    return f"{Context(prec=6, rounding=rounding).plus(exact):f}" if value else "0"


def _instead(solved: Solved) -> Phrase:
    """What else might help: not more of a search that cannot find better, or that ran out."""
    plan = solved.plan
    if "unit" in plan.binding and plan.max_deviation[0] <= plan.floor.deviation + SLACK:
        return Phrase(", or ask for fewer territories")
    if plan.stopped != "finished":
        return Phrase(", give it more --time, or ask for fewer territories")
    return Phrase(
        ", search longer (--effort {effort}), or ask for fewer territories",
        effort=solved.effort * 4,
    )


def _reached(solved: Solved, balanced: bool) -> Phrase:
    """How near to the limits the search came; within the tolerance it is those of the load."""
    plan, budget = solved.plan, solved.terms.budget
    found = Phrase("the best reached is {deviation}", deviation=Share(plan.max_deviation[0], 2))
    if balanced:
        load = plan.load[:, 0]
        found = Phrase(
            "loads between {least} and {most} were reached",
            least=float(load.min()),
            most=float(load.max()),
        )
    if budget is None:
        return found
    return Phrase(
        "{reached}, with a disruption of at most {budget}", reached=found, budget=Share(budget)
    )
