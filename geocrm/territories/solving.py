"""One run of the solver and what it says: the plan, what is proven of it, why it ended."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import Infeasible, InvalidInput, Phrase, Share
from geocrm.spatial import districting
from geocrm.spatial.districting import DEFAULT_EFFORT, Floor, Objective, Proof, Terms, Units, warm
from geocrm.spatial.districting.floor import grain
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
_LIMITS = {
    "tolerance": "the tolerance",
    "minimum": "the minimum",
    "maximum": "the maximum",
    "disruption": "how much may move",
    "unit": "a single large unit",
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
    # Whether travel is counted in minutes that were given, not along straight lines.
    timed: bool = False
    # What every load is a multiple of, where loads are whole numbers.
    grain: float = 0.0

    @property
    def plan(self) -> districting.Plan:
        """The plan."""
        return self.proof.plan

    @property
    def stopped_early(self) -> bool:
        """Whether the clock ended the search, or the proof that may have bettered its plan."""
        return bool(self.document()["stopped"] != "finished")

    @property
    def objective_unit(self) -> str:
        """What the value, the bound and the gap are counted in."""
        return "weight x minutes" if self.timed else _UNIT_OF[self.plan.objective]

    def document(self) -> dict[str, Any]:
        """What is proven and what held the plan back, as JSON."""
        plan, bound = self.plan, self.proof.bound
        gap = self.proof.gap
        return {
            "objective": text_tables.figure(plan.value),
            "objective_kind": plan.objective.value,
            "objective_unit": self.objective_unit,
            "bound": None if bound is None else text_tables.figure(bound.value),
            "gap": None if gap is None else round(gap, 6),
            "bound_kind": None if bound is None else bound.kind,
            "proven_optimal": self.proof.optimal,
            "stopped": plan.stopped if bound is None else _ended(plan.stopped, bound.stopped),
            "binding": list(plan.binding),
            "within_limits": plan.within_limits,
            "held": self.held(),
            "moved": None
            if plan.moved is None
            else {"share": round(plan.moved, 6), "units": plan.moved_units},
            "cut_edges": plan.cut_edges,
            "inertia": None if plan.inertia is None else text_tables.figure(plan.inertia),
            "rms_km": None if plan.rms_km is None else round(plan.rms_km, 4),
            "effort": self.effort,
            "seed": self.seed,
        }

    def held(self) -> dict[str, dict[str, Any]]:
        """What was asked of further measures, by name, and what came out."""
        plan, count = self.plan, len(self.plan.measures)
        tolerance = self.terms.tolerances(count).tolist()
        least, most = (each.tolist() for each in self.terms.limits(count))
        return {
            name: {
                "tolerance": _finite(tolerance[at]),
                "minimum": _finite(least[at]),
                "maximum": _finite(most[at]),
                "max_deviation": round(float(plan.max_deviation[at]), 6),
                "least": round(float(plan.load[:, at].min()), 6),
                "most": round(float(plan.load[:, at].max()), 6),
            }
            for at, name in enumerate(plan.measures)
            if at
        }

    def binding_words(self) -> str:
        """What held the plan back, in words; empty when nothing did."""
        return text_tables.listed([_bound_by(one) for one in self.plan.binding])

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


def _finite(limit: float) -> float | None:
    return limit if math.isfinite(limit) else None


def _bound_by(one: str) -> str:
    limit, _, measure = one.partition(":")
    return f"{_LIMITS[limit]} of {measure}" if measure else _LIMITS[limit]


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
    timed = terms.objective is Objective.TRAVEL and units.minutes is not None
    step = grain(units.balanced()[0][:, 0])

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
        _require_affordable(terms, plan)
        return Solved(Proof(plan, None), terms, seed, effort, time.monotonic() - began, timed, step)
    proof = districting.prove(
        units,
        terms,
        plan,
        seconds_left=lambda: 0.0 if cancelled() else time_s - (time.monotonic() - began),
        progress=lambda bound: progress(Moment(SEARCH_SHARE, plan.value, bound)),
    )
    _require_affordable(terms, proof.plan)
    if proof.bound is not None:
        # The proof may have bettered the plan, and found more than it said on the way.
        progress(Moment(SEARCH_SHARE, proof.plan.value, proof.bound.value))
    return Solved(proof, terms, seed, effort, time.monotonic() - began, timed, step)


def _require_affordable(terms: Terms, plan: districting.Plan) -> None:
    """Refuse a plan that locks took beyond the budget, which is hard."""
    # The search counts in whole parts of a billion.
    if terms.budget is None or (plan.moved or 0) <= terms.budget + SLACK:
        return
    raise Infeasible(
        "No plan was found that keeps the locks and moves at most {budget}; the nearest moves"
        " {moved}: allow that, or unlock some",
        budget=Share(terms.budget or 0),
        moved=Share(plan.moved or 0),
    )


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
    at = missed_measure(solved)
    found = _missed_other(solved, at) if at else _missed_first(solved, names)
    others = [
        Phrase("{measure} {deviation}", measure=name, deviation=Share(solved.plan.max_deviation[m]))
        for m, name in enumerate(solved.plan.measures)
        if m != at and _off(solved)[m] > SLACK
    ]
    if not others:
        return found
    return Infeasible(
        "{missed}. Off as well: {others}", missed=found.phrase, others=text_tables.listed(others)
    )


def _missed_first(solved: Solved, names: Sequence[str]) -> Infeasible:
    plan, terms = solved.plan, solved.terms
    first, asked = float(plan.max_deviation[0]), float(terms.tolerances(1)[0])
    if "mean" in plan.binding:
        return Infeasible(
            "+-{asked} is impossible: the territories in focus hold {share} of their part of the"
            " plan, so {least} is the least; {reached}. Allow that (--tolerance {tolerance}), or"
            " take others into focus",
            asked=Share(asked),
            share=Share(1 / float(terms.ideal_totals(1)[0])),
            least=Share(float(terms.mean_deviations(1)[0])),
            reached=_reached(solved, first <= asked),
            tolerance=_rounded_up(first),
        )
    reached, limits, instead = _reached(solved, first <= asked), _enough(solved), _instead(solved)
    why = _least(plan.floor, names) if "unit" in plan.binding else _uneven(solved)
    if why is not None and first > asked + SLACK:
        return Infeasible(
            "+-{asked} is impossible: {why}; {reached}. Allow that ({limits}){instead}",
            asked=_asked(asked),
            why=why,
            reached=reached,
            limits=limits,
            instead=instead,
        )
    if first <= asked + SLACK:
        return Infeasible(
            "The limits of the load were not met in {time} s: {reached}. Allow that ({limits})"
            "{instead}",
            time=round(solved.elapsed_s, 1),
            reached=reached,
            limits=limits,
            instead=instead,
        )
    return Infeasible(
        "A tolerance of {asked} was not met in {time} s: {reached}. Allow that ({limits}){instead}",
        asked=_asked(asked),
        time=round(solved.elapsed_s, 1),
        reached=reached,
        limits=limits,
        instead=instead,
    )


def _enough(solved: Solved) -> str:
    """The options that would let the plan that was reached pass, rounded to its side."""
    plan, terms = solved.plan, solved.terms
    first, load = float(plan.max_deviation[0]), plan.load[:, 0]
    least, most = _limits_of_load(solved)
    found = []
    if first > float(terms.tolerances(1)[0]) + SLACK:
        found.append(f"--tolerance {math.ceil(first * 1e4 - 1e-6) / 1e4:.4f}")
    if load.min() < least:
        found.append(f"--min {digits(float(load.min()), ROUND_FLOOR)}")
    if load.max() > most:
        found.append(f"--max {digits(float(load.max()), ROUND_CEILING)}")
    return " ".join(found)


def digits(value: float, rounding: str) -> str:
    """Six significant digits, down or up."""
    exact = Decimal(repr(value))
    return f"{Context(prec=6, rounding=rounding).plus(exact):f}" if value else "0"


def _instead(solved: Solved) -> Phrase:
    """What else might help: not more of a search that cannot find better, or that ran out."""
    plan = solved.plan
    number = _another_number(solved)
    if number is None:
        return Phrase(", or take finer units")
    if _is_least(solved):
        return Phrase(", or ask for {number}", number=number)
    if plan.stopped != "finished":
        return Phrase(", give it more --time, or ask for {number}", number=number)
    return Phrase(
        ", search longer (--effort {effort}), or ask for {number}",
        effort=solved.effort * 4,
        number=number,
    )


def _is_least(solved: Solved) -> bool:
    """Whether no plan is nearer to balance, and no limit of the load is in the way."""
    plan, uneven = solved.plan, _uneven_share(solved)
    load, (least, most) = plan.load[:, 0], _limits_of_load(solved)
    if load.min() < least or load.max() > most:
        return False
    floor = max(plan.floor.deviation if "unit" in plan.binding else 0.0, uneven)
    return bool(0 < plan.max_deviation[0] <= floor + SLACK)


def _another_number(solved: Solved) -> Phrase | None:
    """Which other number of territories might do; None where no number does."""
    load, (least, most) = solved.plan.load[:, 0], _limits_of_load(solved)
    floor = solved.plan.floor
    if not floor.forced and floor.share * float(load.mean()) > most * (1 + SLACK):
        return None
    if load.max() > most:
        if load.min() < least:
            return Phrase("another number of territories")
        return Phrase("more territories")
    return Phrase("fewer territories")


def _limits_of_load(solved: Solved) -> tuple[float, float]:
    least, most = (float(each[0]) for each in solved.terms.limits(len(solved.plan.measures)))
    return least, most


def _uneven_share(solved: Solved) -> float:
    """The least deviation of loads that are whole numbers; 0 where they can be even."""
    ideal, step = float(solved.plan.load[:, 0].mean()), solved.grain
    apart = solved.terms.shares is not None or float(solved.terms.mean_deviations(1)[0]) > 0
    if not step or apart or ideal <= 0:
        return 0.0
    up, down = math.ceil(ideal / step) * step, math.floor(ideal / step) * step
    return max(up - ideal, ideal - down) / ideal


def _uneven(solved: Solved) -> Phrase | None:
    """Why whole loads cannot be as even as was asked, where that is so."""
    share = _uneven_share(solved)
    if share <= float(solved.terms.tolerances(1)[0]) + SLACK:
        return None
    return Phrase(
        "every load is a multiple of {step} and the mean is {mean}, so {deviation} is the least",
        step=solved.grain,
        mean=float(solved.plan.load[:, 0].mean()),
        deviation=Share(share),
    )


def _asked(share: float) -> Share:
    """A tolerance as it was asked for, also a small one."""
    return Share(share, 1 if round(share, 3) == round(share, 6) else 2)


def missed_measure(solved: Solved) -> int:
    """The row of the further measure that misses its limits by most; 0 when that is the first."""
    off = _off(solved)
    if "unit" in solved.plan.binding and off[0] > SLACK:
        return 0
    worst = int(np.argmax(off))
    return worst if off[worst] > SLACK else 0


def farthest(solved: Solved) -> float:
    """How far the worst load is beyond its limits, as a share of the mean; 0 or less within."""
    return float(_off(solved).max())


def _off(solved: Solved) -> NDArray[np.float64]:
    """How far each measure is beyond its tolerance and limits, as a share of its mean."""
    plan, count = solved.plan, len(solved.plan.measures)
    least, most = solved.terms.limits(count)
    beyond = np.maximum(least - plan.load.min(axis=0), plan.load.max(axis=0) - most)
    tolerance = solved.terms.tolerances(count)
    off: NDArray[np.float64] = np.maximum(
        plan.max_deviation - tolerance, beyond / plan.load.mean(axis=0)
    )
    return off


def _missed_other(solved: Solved, at: int) -> Infeasible:
    plan = solved.plan
    name, load = plan.measures[at], plan.load[:, at]
    asked = float(solved.terms.tolerances(len(plan.measures))[at])
    deviation = float(plan.max_deviation[at])
    if deviation > asked + SLACK:
        return Infeasible(
            "A tolerance of {asked} of {measure} was not met in {time} s: the best reached is"
            " {deviation}. Allow that (--tolerance {option}), more --time, or fewer territories",
            asked=_asked(asked),
            measure=name,
            time=round(solved.elapsed_s, 1),
            deviation=Share(deviation, 2),
            option=f"{name}={_rounded_up(deviation)}",
        )
    least, most = (each[at] for each in solved.terms.limits(len(plan.measures)))
    options = [
        *([f"--min {name}={math.floor(load.min() * 100) / 100:.15g}"] if least > -np.inf else []),
        *([f"--max {name}={math.ceil(load.max() * 100) / 100:.15g}"] if most < np.inf else []),
    ]
    return Infeasible(
        "The limits of {measure} were not met in {time} s: territories between {least} and {most}"
        " were reached. Allow that ({options}), more --time, or another number of territories",
        measure=name,
        time=round(solved.elapsed_s, 1),
        least=float(load.min()),
        most=float(load.max()),
        options=text_tables.listed(options),
    )


def _rounded_up(share: float) -> str:
    """Four decimals that are enough to allow it."""
    return f"{math.ceil(share * 10_000 - 1e-6) / 10_000:.4f}"


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
