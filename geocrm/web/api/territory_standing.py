"""API of where a plan stands, and how fair it is to the people in it."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import standing, standing_tasks
from geocrm.territories.requests import MAX_SEED
from geocrm.web.access import permit
from geocrm.web.api.territory_documents import Started

bp = APIBlueprint(
    "api_territory_standing", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class Measuring(BaseModel):
    """How many other plans to meet, and the seed of the walk."""

    plans: int = Field(default=standing.DEFAULT_PLANS, ge=1, le=standing.MAX_PLANS)
    seed: int = Field(default=1, ge=0, le=MAX_SEED)


class Histogram(BaseModel):
    """How often values occur, in bars of equal width."""

    start: float = Field(validation_alias="from", serialization_alias="from")
    to: float
    counts: list[int]


class Axis(BaseModel):
    """The plan in one respect; smaller is better. `beats` is the share of plans that are worse."""

    value: float
    beats: float
    disagreement: float
    low: float
    median: float
    high: float
    histogram: Histogram


class CurvePoint(BaseModel):
    """The largest deviation that is left when at most `budget` moves."""

    budget: float
    moved: float
    deviation: float


class OwnPoint(BaseModel):
    """Where the plan itself lies."""

    moved: float | None
    deviation: float


class Tradeoff(BaseModel):
    """Disruption against balance."""

    points: list[CurvePoint]
    plan: OwnPoint


class Standing(BaseModel):
    """What was measured last; `against` says what disruption counts from: live plan, or itself."""

    measured_at: str
    stale: bool
    against: str
    seed: int
    plans: int
    tolerance: float
    thin: int
    burn_in: int
    acceptance: float
    axes: dict[str, Axis | None]
    tradeoff: Tradeoff
    elapsed_s: float


class MaybeStanding(BaseModel):
    """Null until it was measured."""

    standing: Standing | None


class FairAxis(BaseModel):
    """How evenly one thing is shared out, and the places of one's own territories."""

    gini: float
    interval: list[float] | None
    ratio: float | None
    spread: float
    own: dict[str, int]


class OwnTerritory(BaseModel):
    """A territory of the asker."""

    number: int
    name: str


class Fairness(BaseModel):
    """Indices of the whole plan; no territory's figures."""

    measured_at: str | None
    territories: int
    few: bool
    axes: dict[str, FairAxis | None]
    own: list[OwnTerritory]


@bp.get("/plans/<int:plan_id>/standing")
@bp.output(MaybeStanding)
@bp.doc(summary="Where the plan stands among others, as measured last", security="token")
@permit("design", "territory")
def show(plan_id: int) -> dict[str, Any]:
    """What is kept with the plan."""
    return {"standing": standing.kept(g.session, g.actor, plan_id)}


@bp.post("/plans/<int:plan_id>/standing")
@bp.input(Measuring, arg_name="wanted")
@bp.output(Started, status_code=202)
@bp.doc(summary="Measure where the plan stands, in the background", security="token")
@permit("design", "territory")
def start(plan_id: int, wanted: Measuring) -> Started:
    """Start measuring."""
    job = standing_tasks.start(g.session, g.actor, plan_id, wanted.plans, wanted.seed)
    return Started(job_id=job.id)


@bp.get("/plans/<int:plan_id>/fairness")
@bp.output(Fairness)
@bp.doc(
    summary="How fair the plan is",
    description="Those who do not design get the indices of the live plan as last measured, and the"
    " places of their own territories.",
    security="token",
)
@permit("read", "territory")
def fairness(plan_id: int) -> dict[str, Any]:
    """Gini, largest over smallest, spread."""
    return standing.fairness(g.session, g.actor, plan_id)
