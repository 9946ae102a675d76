"""API of plans on five axes, and of the fairness of both beside each other."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import rating_plans
from geocrm.territories.models import Measure
from geocrm.territories.rating_plans import RatedPlan
from geocrm.web.access import permit
from geocrm.web.rating_words import SCALES, figure_words

bp = APIBlueprint(
    "api_territory_ratings", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class WhichPlans(BaseModel):
    """One plan by its number or two, and what they are judged by; else what the last balances."""

    a: int = Field(ge=1, lt=2**31)
    b: int | None = Field(default=None, ge=1, lt=2**31)
    by: Measure | None = None


class AxisRating(BaseModel):
    """A score from 0 to 100, null when it cannot be said; the figures behind it, also in words."""

    axis: str
    score: float | None
    figures: dict[str, float]
    words: str
    scale: str


class SharedOut(BaseModel):
    """How evenly one thing is shared out."""

    gini: float
    interval: list[float] | None
    ratio: float | None
    spread: float


class PlanRatings(BaseModel):
    """A plan on all axes; `against` is the plan that changes are counted from."""

    plan_id: int
    name: str
    territories: int
    against: str | None
    axes: list[AxisRating]
    fairness: dict[str, SharedOut | None]


class Ratings(BaseModel):
    """One plan or two, and what they are judged by."""

    by: str
    plans: list[PlanRatings]


@bp.get("/ratings")
@bp.input(WhichPlans, location="query", arg_name="which")
@bp.output(Ratings)
@bp.doc(
    summary="One plan or two on five axes, with the figures behind them",
    description="Balance, compactness, travel, stability, coverage, each from 0 to 100; and Gini,"
    " largest over smallest and spread of workload, potential and drive.",
    security="token",
)
@permit("design", "territory")
def ratings(which: WhichPlans) -> Ratings:
    """The ratings, counted over what the asker sees."""
    ids = [which.a] if which.b is None else [which.a, which.b]
    by, rated = rating_plans.rate_plans(g.session, g.actor, ids, which.by)
    return Ratings(
        by=by.words(), plans=[PlanRatings.model_validate(_document(one)) for one in rated]
    )


def _document(one: RatedPlan) -> dict[str, Any]:
    document = one.document()
    for shown, rating in zip(document["axes"], one.ratings, strict=True):
        shown |= {"words": figure_words(rating), "scale": str(SCALES[rating.axis])}
    return document
