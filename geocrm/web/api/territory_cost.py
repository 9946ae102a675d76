"""API of what serving a plan really takes: sampled weeks of visits, planned day by day."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import queries as territories
from geocrm.visits import (
    true_cost_queries,
    true_cost_report,
    true_cost_tasks,
    true_cost_terms,
    wishes,
)
from geocrm.visits.crossings import BOARDING_MIN, FERRY_KMH
from geocrm.visits.true_cost_figures import MAX_RATE, Rates
from geocrm.visits.true_cost_terms import Asked
from geocrm.web.access import permit
from geocrm.web.api.territory_documents import Started

bp = APIBlueprint(
    "api_territory_cost", __name__, url_prefix="/api/v1/territories", tag="Territories"
)

MAX_ID = 2**31 - 1


class Wanted(BaseModel):
    """How to measure; `against` is a second plan, measured on the same visits."""

    against: int | None = Field(default=None, ge=1, le=MAX_ID)
    weeks: int = true_cost_terms.DEFAULT_WEEKS
    seed: int = 1
    start: str = true_cost_terms.HOME
    days: int = true_cost_terms.DEFAULT_DAYS
    hours: str = Field(default=wishes.DEFAULT_HOURS, max_length=20)
    visit_min: float = wishes.DEFAULT_VISIT_MIN
    # Speed of a ferry under way, and waiting and boarding at each.
    ferry_kmh: float = FERRY_KMH
    boarding_min: float = BOARDING_MIN

    def asked(self) -> Asked:
        """The same, as the measurement wants it."""
        begin_s, end_s = wishes.hours(self.hours)
        visit_s = true_cost_terms.visit_seconds(self.visit_min)
        return Asked(
            self.weeks, self.seed, self.days, begin_s, end_s, visit_s, self.start,
            ferry_kmh=self.ferry_kmh, boarding_min=self.boarding_min,
        )  # fmt: skip


class Shown(BaseModel):
    """Which plans, and what a kilometre, an hour and a night away cost."""

    against: int | None = Field(default=None, ge=1, le=MAX_ID)
    cost_per_km: float | None = Field(default=None, ge=0, le=MAX_RATE)
    cost_per_hour: float | None = Field(default=None, ge=0, le=MAX_RATE)
    cost_per_night: float | None = Field(default=None, ge=0, le=MAX_RATE)


class Figure(BaseModel):
    """A figure a week, with its standard error over the sampled weeks (none with one week)."""

    value: float
    se: float | None


class Gap(Figure):
    """The second plan less the first; `clear` when chance alone would rarely show as much."""

    clear: bool | None


class TerritoryCost(BaseModel):
    """One territory; `start` is home, centre, or null where there is no place to start from."""

    number: int
    name: str
    colour: int
    customers: int
    staffed: bool
    reps: list[str]
    start: str | None
    figures: dict[str, Figure | None]


class PlanCost(BaseModel):
    """A plan: reps in full weeks, territories that start from homes, those where nobody works."""

    plan_id: int
    name: str
    customers: int
    working: float
    from_home: int
    unstaffed: int
    figures: dict[str, Figure | None]
    territories: list[TerritoryCost]


class Cost(BaseModel):
    """A measurement. `all_` counts every visit due, the others the week of those who work there."""

    measured_at: str
    elapsed_s: float
    asked: dict[str, int | float | str]
    weeks: list[int]
    travel_times: str
    detour: float
    speed_kmh: float
    plans: list[PlanCost]
    same_visits: bool
    difference: dict[str, Gap | None] | None
    # Names of plans that changed since.
    stale: list[str]


class MaybeCost(BaseModel):
    """The newest measurement by the asker, and the job that measures just now."""

    cost: Cost | None
    job_id: int | None


@bp.get("/plans/<int:plan_id>/true-cost")
@bp.input(Shown, location="query", arg_name="shown")
@bp.output(MaybeCost)
@bp.doc(
    summary="What serving the plan takes, as the asker measured it last",
    description="With `against`, both plans on the same visits, and the difference. Travel is"
    " estimated: the straight line times a detour, and ferries between land masses.",
    security="token",
)
@permit("design", "territory")
def show(plan_id: int, shown: Shown) -> dict[str, Any]:
    """The newest measurement, with money by the rates that are given."""
    plan_ids = [plan_id] if shown.against is None else [plan_id, shown.against]
    for one in plan_ids:
        territories.plan(g.session, g.actor, one)
    rates = Rates(shown.cost_per_km, shown.cost_per_hour, shown.cost_per_night)
    ask = (g.session, g.actor, plan_id, shown.against)
    done = true_cost_queries.newest(*ask, finished=True)
    working = true_cost_queries.newest(*ask, finished=False)
    return {
        "cost": _answer(done.result, plan_ids, rates) if done and done.result else None,
        "job_id": working.id if working else None,
    }


@bp.post("/plans/<int:plan_id>/true-cost")
@bp.input(Wanted, arg_name="wanted")
@bp.output(Started, status_code=202)
@bp.doc(summary="Measure what serving the plan takes, in the background", security="token")
@permit("design", "territory")
def start(plan_id: int, wanted: Wanted) -> Started:
    """Start measuring."""
    job = true_cost_tasks.start(g.session, g.actor, plan_id, wanted.against, wanted.asked())
    return Started(job_id=job.id)


def _answer(found: dict[str, Any], plan_ids: list[int], rates: Rates) -> dict[str, Any]:
    sides = [side for side in found["sides"] if side["plan_id"] in plan_ids]
    stale = true_cost_queries.moved_on(g.session, g.actor, sides)
    return true_cost_report.answer(found, plan_ids, rates) | {"stale": stale}
