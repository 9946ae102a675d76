"""API that says why a unit lies where it does, and what moving it would change."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel

from geocrm.territories import explaining, queries
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_explain", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class Named(BaseModel):
    """A territory of the plan."""

    number: int
    name: str
    colour: int


class Alternative(BaseModel):
    """The unit in another territory; figures after the move."""

    territory: Named
    deviation: float
    load: float
    load_left: float
    value_change: float
    moved: float
    torn: bool
    empties: bool


class Origin(BaseModel):
    """How the plan came about; a version above 1 says that it was changed by hand since."""

    designed: bool
    seed: int
    tolerance: float
    version: int


class Explanation(BaseModel):
    """`reason`: only, whole, near, balance or other; `against`: what `moved` counts from."""

    code: str
    name: str
    territory: Named
    balance: str
    weight: float
    load: float
    deviation: float
    moved: float
    against: str
    reason: str
    # Whether `value_change` is of weight x minutes, by the travel times the plan was designed with.
    in_minutes: bool
    origin: Origin
    alternatives: list[Alternative]


@bp.get("/plans/<int:plan_id>/units/<code>/explain")
@bp.output(Explanation)
@bp.doc(
    summary="Why a unit lies where it does, and what moving it changes",
    description="Who does not design gets it for plans that balance population.",
    security="token",
)
@permit("read", "territory")
def explain(plan_id: int, code: str) -> Explanation:
    """The unit where it is, and in each territory beside it."""
    asked, found = explaining.of_plan(g.session, g.actor, plan_id, code)
    named = {
        one.number: Named(number=one.number, name=one.name, colour=one.colour)
        for one in queries.territories(g.session, plan_id)
    }
    names = [named[number] for number in asked.numbers]
    unit = next(unit for unit in asked.ground.units if unit.code == code)
    return Explanation(
        code=code,
        name=unit.name,
        territory=names[found.row],
        balance=asked.balance.key,
        weight=found.weight,
        load=found.load,
        deviation=found.deviation,
        moved=found.moved,
        against="live" if asked.against_live else "itself",
        reason=found.reason,
        in_minutes=found.in_minutes,
        origin=Origin.model_validate(explaining.origin(g.session, g.actor, plan_id)),
        alternatives=[
            Alternative(
                territory=names[one.row],
                deviation=one.deviation,
                load=one.load,
                load_left=one.load_left,
                value_change=one.value_change,
                moved=one.moved,
                torn=one.torn,
                empties=one.empties,
            )
            for one in found.alternatives
        ],
    )
