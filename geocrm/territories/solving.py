"""One run of the solver and what it says: the plan, what is proven of it, why it ended."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from geocrm.errors import Infeasible, InvalidInput, Share
from geocrm.spatial import districting
from geocrm.spatial.districting import DEFAULT_EFFORT, Objective, Proof, Terms, Units, warm
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
