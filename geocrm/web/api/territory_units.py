"""API of units of one's own making: make, look, keep, list, delete."""

from datetime import datetime
from typing import Literal

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.errors import InvalidInput
from geocrm.territories import made_levels, making, making_tasks
from geocrm.territories.making import Cutting, Wish
from geocrm.web.access import permit
from geocrm.web.api.territory_documents import Started

bp = APIBlueprint(
    "api_territory_units", __name__, url_prefix="/api/v1/territories/units", tag="Territories"
)

MAX_SPLITS = 100


class UnitsWish(BaseModel):
    """Units to make: all of an area `within`, or with `split` only these units of a `level`.

    `amount` is the width of hexagons in km, the most customers of a cell, or the number of cells.
    """

    name: str = Field(min_length=1, max_length=making.MAX_NAME)
    kind: Literal["hexagons", "customers", "cells"]
    amount: float = Field(gt=0, le=10_000_000)
    within: str | None = Field(default=None, max_length=100)
    level: str | None = Field(default=None, max_length=100)
    split: list[str] = Field(default_factory=list, max_length=MAX_SPLITS)


class MadeUnits(BaseModel):
    """A level that somebody made; `plans` are built of it."""

    code: str
    name: str
    units: int
    population: int | None
    customers: int | None
    author: str | None
    created_at: datetime
    plans: list[str]
    own: bool


class MadeUnitsList(BaseModel):
    """The levels that were made and kept, the newest first."""

    items: list[MadeUnits]


class Kept(BaseModel):
    """The level to design with."""

    level: str


@bp.get("")
@bp.output(MadeUnitsList)
@bp.doc(summary="Units that were made", security="token")
@permit("design", "territory")
def levels() -> MadeUnitsList:
    """What plans can be built of besides administrative levels."""
    found = made_levels.levels(g.session, g.actor)
    return MadeUnitsList(items=[MadeUnits(**level._asdict()) for level in found])


@bp.post("")
@bp.input(UnitsWish, arg_name="wanted")
@bp.output(Started, status_code=202)
@bp.doc(
    summary="Make units in the background",
    description="The job's result names the level, to look at: its tiles are those of a boundary"
    " layer. It is kept with POST .../{code}/keep; the next one that is made takes its place.",
    security="token",
)
@permit("design", "territory")
def make(wanted: UnitsWish) -> Started:
    """Refuse at once what cannot be made, else start."""
    cutting = Cutting(wanted.kind, wanted.amount)
    if wanted.split and cutting.kind == "cells":
        raise InvalidInput("Split units by hexagons or by customers")
    wish = Wish(
        wanted.name.strip(),
        wanted.level or None,
        wanted.within or None,
        None if wanted.split else cutting,
        dict.fromkeys(wanted.split, cutting),
    )
    return Started(job_id=making_tasks.start(g.session, g.actor, wish).id)


@bp.post("/<code>/keep")
@bp.output(Kept)
@bp.doc(summary="Keep units that were made", security="token")
@permit("design", "territory")
def keep(code: str) -> Kept:
    """From now on plans can be built of them."""
    return Kept(level=made_levels.keep(g.session, g.actor, code).code)


@bp.delete("/<code>")
@bp.output({}, status_code=204)
@bp.doc(summary="Delete units that were made", security="token")
@permit("design", "territory")
def discard(code: str) -> str:
    """Delete one's own units that no plan is built of."""
    made_levels.discard(g.session, g.actor, code)
    return ""
