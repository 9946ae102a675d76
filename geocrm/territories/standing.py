"""Where a saved plan stands: among plans nobody chose, on the curve of disruption, and in fairness.

Reading and keeping need the database; measuring needs none and may take a while. What was measured
is kept with the plan, together with a fingerprint of its units: once one moves it is out of date.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import Actor
from geocrm.spatial.districting import Objective, Terms, Units
from geocrm.spatial.districting.ensemble import AXES, Ensemble, figures_of, sample
from geocrm.spatial.districting.tradeoff import tradeoff
from geocrm.territories import designing, keeping, kept_times, queries
from geocrm.territories.balance import Balance
from geocrm.territories.evaluation import units_of
from geocrm.territories.fairness import FEW, Shares, drive_km, shares
from geocrm.territories.ground import Ground
from geocrm.territories.matching import NONE, twins
from geocrm.territories.models import Measure, Plan
from geocrm.territories.sources import cadence_today
from geocrm.territories.travel_times import Travel
from geocrm.territories.workload import workload_by_unit

KEPT_AS = "standing"
DEFAULT_PLANS, MAX_PLANS = 2_000, 20_000
BARS = 24
# The walk and the curve, as parts of the whole.
_WALK_SHARE = 0.4
FAIRNESS = ("workload", "potential", "drive")

Stop = Callable[[], bool]


@dataclass(frozen=True)
class Question:
    """A saved plan with all that is needed to measure it without the database."""

    plan_id: int
    ground: Ground
    balance: Balance
    district: NDArray[np.intp]
    numbers: tuple[int, ...]
    tolerance: float
    # Today's territory of each unit in the numbering of the plan, NONE where it has none; the
    # plan itself where no plan is live on this ground.
    current: NDArray[np.intp]
    against_live: bool
    # Hours a year of each unit, shape (n,); None where nobody asks how fair the plan is.
    hours: NDArray[np.float64] | None = None
    # With which the plan was designed; None for straight lines.
    travel: Travel | None = None

    @property
    def count(self) -> int:
        """The number of territories."""
        return len(self.numbers)

    def units(self) -> Units:
        """The ground as the solver wants it."""
        return units_of(self.ground, self.balance)

    def terms(self) -> Terms:
        """What other plans must keep to, and what disruption is counted against."""
        return Terms(self.count, self.tolerance, current=self.current)

    def by_travel(self) -> tuple[Units, Terms]:
        """Units and terms for what makes the same small as the plan's design did."""
        if self.travel is None:
            return self.units(), self.terms()
        units = units_of(self.ground, self.balance, minutes=self.travel.minutes)
        return units, replace(self.terms(), objective=Objective.TRAVEL)


def read(session: Session, actor: Actor, plan_id: int, tolerance: float | None = None) -> Question:
    """The question about a plan and how fair it is, counted over what the actor sees."""
    asked = ask(session, actor, plan_id, tolerance)
    return replace(asked, hours=hours(session, asked.ground, asked.balance))


def hours(session: Session, ground: Ground, balance: Balance) -> NDArray[np.float64]:
    """Hours a year that each unit asks for, shape (n,)."""
    if Measure.WORKLOAD in balance.names:
        return ground.column(Measure.WORKLOAD)
    codes = [unit.code for unit in ground.units]
    found = workload_by_unit(session, codes, balance.cadence or cadence_today())
    return np.array([found.get(code, 0.0) for code in codes])


def by_travel(session: Session, actor: Actor, asked: Question) -> Question:
    """The question with the travel times that its plan was designed with, if these are kept."""
    plan = queries.plan(session, actor, asked.plan_id)
    return replace(asked, travel=kept_times.of_plan(session, plan, asked.ground))


def ask(session: Session, actor: Actor, plan_id: int, tolerance: float | None = None) -> Question:
    """The question about a plan, without the hours that only fairness needs."""
    actor.require("design", "territory")
    return question(session, queries.plan(session, actor, plan_id), tolerance)


def question(session: Session, plan: Plan, tolerance: float | None = None) -> Question:
    """The question about a plan that the caller may ask about."""
    every = queries.territories(session, plan.id)
    ground, district = designing.of_plan(session, plan, every)
    territories, district = keeping.sharing(every, district)
    if tolerance is not None and not 0 < tolerance <= 1:
        raise InvalidInput(
            "A tolerance of {tolerance} is not a share above 0 and up to 1",
            tolerance=tolerance,
        )
    balance = Balance.of_plan(plan)
    live = queries.live_plan(session)
    current = None
    if live is not None and live.id != plan.id:
        current = _today(session, live, ground, district, balance)
    return Question(
        plan_id=plan.id,
        ground=ground,
        balance=balance,
        district=district,
        numbers=tuple(territory.number for territory in territories),
        tolerance=plan.tolerance if tolerance is None else tolerance,
        current=district if current is None else current,
        against_live=current is not None,
    )


def _today(
    session: Session, live: Plan, ground: Ground, district: NDArray[np.intp], balance: Balance
) -> NDArray[np.intp] | None:
    """Today's division in the numbering of the plan; None when it is another ground or count."""
    territory = {unit.code: unit.territory for unit in queries.placed_units(session, live.id)}
    if any(unit.code not in territory for unit in ground.units):
        return None
    _, before = np.unique([territory[unit.code] for unit in ground.units], return_inverse=True)
    if before.max() != district.max():
        return None
    twin = twins(district, before.astype(np.intp), ground.load(balance))
    left = iter(sorted(set(range(int(district.max()) + 1)) - set(twin.tolist())))
    numbering = np.array([each if each != NONE else next(left) for each in twin], dtype=np.intp)
    return numbering[before]


def measure(
    question: Question,
    *,
    num_plans: int = DEFAULT_PLANS,
    seed: int = 1,
    should_stop: Stop = lambda: False,
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """Where the plan stands, as the JSON that is kept and shown."""
    if not 1 <= num_plans <= MAX_PLANS:
        raise InvalidInput(
            "Ask for 1 to {most} plans, not {asked}",
            most=MAX_PLANS,
            asked=num_plans,
        )
    started, units, terms = time.monotonic(), question.units(), question.terms()
    found = sample(
        units, terms, question.district, num_plans=num_plans, seed=seed,
        should_stop=should_stop, progress=lambda share: progress(share * _WALK_SHARE),
    )  # fmt: skip
    curve = tradeoff(
        *question.by_travel(), seed=seed, should_stop=should_stop,
        progress=lambda share: progress(_WALK_SHARE + share * (1 - _WALK_SHARE)),
    )  # fmt: skip
    own = figures_of(units, terms, question.district)
    return {
        "fingerprint": fingerprint(
            (unit.code, question.numbers[at])
            for unit, at in zip(question.ground.units, question.district.tolist(), strict=True)
        ),
        "measured_at": clock.now().isoformat(timespec="seconds"),
        "against": "live" if question.against_live else "itself",
        "seed": seed,
        "plans": len(found),
        "tolerance": question.tolerance,
        "thin": found.thin,
        "burn_in": found.burn_in,
        "acceptance": round(found.acceptance, 3),
        "axes": {axis: _axis(found, axis, own[axis]) for axis in AXES},
        "tradeoff": {
            "points": [
                {
                    "budget": point.budget,
                    "moved": round(point.plan.moved or 0.0, 6),
                    "deviation": round(point.deviation, 6),
                }
                for point in curve
            ],
            "plan": {
                "moved": round(own["disruption"], 6) if np.isfinite(own["disruption"]) else None,
                "deviation": round(own["balance"], 6),
            },
        },
        "fairness": _fairness_record(question),
        "elapsed_s": round(time.monotonic() - started, 2),
    }


def _axis(found: Ensemble, axis: str, own: float) -> dict[str, Any] | None:
    """The plan's value, what share of the others are worse, and their histogram."""
    values = found.values[:, AXES.index(axis)]
    if not len(values) or not np.isfinite(values).all() or not np.isfinite(own):
        return None
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    counts, edges = np.histogram(values, bins=BARS)
    return {
        "value": round(own, 6),
        "beats": round(found.beaten(axis, own), 4),
        "disagreement": round(found.disagreement(axis, own), 4),
        "low": round(float(low), 6),
        "median": round(float(middle), 6),
        "high": round(float(high), 6),
        "histogram": {
            "from": round(float(edges[0]), 6),
            "to": round(float(edges[-1]), 6),
            "counts": counts.tolist(),
        },
    }


# ------------------------------------------------------------------------------ fairness


def fair(question: Question) -> dict[str, Shares | None]:
    """How evenly hours of visits and travel, revenue, and the way to the middle are shared out."""
    k, district = question.count, question.district
    accounts, hours = question.ground.load(Measure.ACCOUNTS), question.hours
    place = question.units().place
    return {
        "workload": None if hours is None else shares(_by_territory(hours, district, k)),
        "potential": shares(_by_territory(question.ground.load(Measure.REVENUE), district, k)),
        "drive": None if place is None else shares(drive_km(accounts, place, district, k)),
    }


def _by_territory(
    load: NDArray[np.float64], district: NDArray[np.intp], k: int
) -> NDArray[np.float64]:
    return np.bincount(district, weights=load, minlength=k).astype(np.float64)


def _fairness_record(question: Question) -> dict[str, Any]:
    """The indices, and of each territory only the place it has."""
    return {
        axis: None
        if found is None
        else found.document()
        | {"rank": dict(zip(map(str, question.numbers), found.rank, strict=True))}
        for axis, found in fair(question).items()
    }


# ------------------------------------------------------------------------------ keeping


def fingerprint(rows: Iterable[tuple[str, int]]) -> str:
    """Says which unit lies in which territory (number), whatever they are called."""
    text = "\n".join(f"{code},{number}" for code, number in rows)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep(session: Session, actor: Actor, plan_id: int, found: dict[str, Any]) -> None:
    """Keep with the plan what was measured; that is no change of the plan."""
    actor.require("design", "territory")
    plan = session.scalar(
        select(Plan)
        .where(Plan.id == plan_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if plan is None:
        raise NotFound(
            "There is no territory plan {id}: it was deleted meanwhile",
            id=str(plan_id),
        )
    plan.params = plan.params | {KEPT_AS: found}


def kept(session: Session, actor: Actor, plan_id: int) -> dict[str, Any] | None:
    """What was measured last, with `stale` when units have moved since; None before the first."""
    actor.require("design", "territory")
    plan = queries.plan(session, actor, plan_id)
    found: dict[str, Any] | None = plan.params.get(KEPT_AS)
    if found is None:
        return None
    units = queries.placed_units(session, plan.id)
    stale = fingerprint((unit.code, unit.territory) for unit in units) != found["fingerprint"]
    return {**found, "stale": stale}


def fairness(session: Session, actor: Actor, plan_id: int) -> dict[str, Any]:
    """How fair the plan is to those in it, and which place the asker's own territories have.

    Whoever designs gets it counted now, over the accounts they see. Everybody else gets the indices
    of the live plan as they were last measured, and no territory's place but their own: a rep does
    not see the accounts of others, so nothing can be counted for them.
    """
    actor.require("read", "territory")
    plan = queries.plan(session, actor, plan_id)
    territories = queries.territories(session, plan.id)
    if actor.may("design", "territory"):
        axes, measured_at = _fairness_record(read(session, actor, plan.id)), None
    else:
        record = plan.params.get(KEPT_AS) or {}
        axes, measured_at = record.get("fairness") or {}, record.get("measured_at")
    own = [t for t in territories if t.id in actor.territory_ids]
    return {
        "measured_at": measured_at,
        "territories": len(territories),
        "few": len(territories) < FEW,
        "axes": {
            axis: None if axes.get(axis) is None else _shown(axes[axis], [t.number for t in own])
            for axis in FAIRNESS
        },
        "own": [{"number": t.number, "name": t.name} for t in own],
    }


def _shown(record: dict[str, Any], own: Sequence[int]) -> dict[str, Any]:
    """The indices with the places of one's own territories only."""
    places = record["rank"]
    return {name: value for name, value in record.items() if name != "rank"} | {
        "own": {str(number): places[str(number)] for number in own if str(number) in places}
    }
