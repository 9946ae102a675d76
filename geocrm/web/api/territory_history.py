"""API of what was true on a past day, and of past revenue by who had the accounts then."""

from datetime import date

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.sales import crediting
from geocrm.territories import history
from geocrm.territories.models import LEADING
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_history", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class Ground(BaseModel):
    """A territory as it was; no id is no territory."""

    id: int | None
    name: str
    people: list[str]


class Share(BaseModel):
    """What a territory or an owner had, and the revenue of the 365 days until then."""

    name: str
    people: list[str]
    accounts: int
    orders: int
    revenue: float


class Standing(BaseModel):
    """How things stood at the end of a day, over the accounts the asker sees now."""

    day: date
    plan: str | None
    territories: list[Share]
    owners: list[Share]


class Responsible(BaseModel):
    """Who was responsible for an account or a unit at the end of a day."""

    day: date
    territory: Ground
    owner: str | None = None


class Credit(BaseModel):
    """Revenue of orders, for whoever had the account on the day of the order."""

    territory_id: int | None
    territory: str
    owner: str
    orders: int
    revenue: float


class Credits(BaseModel):
    """Such revenue by territory and owner."""

    items: list[Credit]


class Day(BaseModel):
    """A day until today."""

    day: date


class UnitDay(Day):
    """A day, and the type of plan asked about."""

    type: str = Field(default=LEADING, max_length=100)


class Period(BaseModel):
    """Days from first to last, both included."""

    first: date
    last: date


@bp.get("/as-of")
@bp.input(Day, location="query", arg_name="asked")
@bp.output(Standing)
@bp.doc(summary="Accounts and revenue by territory and owner on a past day", security="token")
@permit("read", "order")
def as_of(asked: Day) -> Standing:
    """How things stood."""
    return Standing.model_validate(crediting.standing(g.session, asked.day), from_attributes=True)


@bp.get("/as-of/accounts/<int:account_id>")
@bp.input(Day, location="query", arg_name="asked")
@bp.output(Responsible)
@bp.doc(summary="Who was responsible for an account on a past day", security="token")
@permit("read", "order")
def account_as_of(account_id: int, asked: Day) -> Responsible:
    """One account then."""
    then = history.account_on(g.session, account_id, asked.day)
    return Responsible(day=asked.day, territory=_ground(then.territory), owner=then.owner)


@bp.get("/as-of/units/<path:unit>")
@bp.input(UnitDay, location="query", arg_name="asked")
@bp.output(Responsible)
@bp.doc(summary="Which territory a unit belonged to on a past day", security="token")
@permit("read", "order")
def unit_as_of(unit: str, asked: UnitDay) -> Responsible:
    """One unit then."""
    then = history.unit_on(g.session, unit, asked.day, asked.type)
    return Responsible(day=asked.day, territory=_ground(then))


@bp.get("/credit")
@bp.input(Period, location="query", arg_name="asked")
@bp.output(Credits)
@bp.doc(summary="Revenue by who had the accounts on the day of each order", security="token")
@permit("read", "order")
def credit(asked: Period) -> Credits:
    """Past revenue where it belongs."""
    return Credits(items=shown_credits(asked.first, asked.last))


def shown_credits(first: date, last: date) -> list[Credit]:
    """Credits with the names of territories, the largest first."""
    found = crediting.credited(g.session, first, last)
    names = history.names(g.session, {one.territory_id for one in found if one.territory_id})
    shown = [
        Credit(
            territory_id=one.territory_id,
            territory=names.get(one.territory_id or 0, ""),
            owner=one.owner,
            orders=one.orders,
            revenue=one.revenue,
        )
        for one in found
    ]
    return sorted(shown, key=lambda one: -one.revenue)


def _ground(ground: history.Ground) -> Ground:
    return Ground(id=ground.id, name=ground.name, people=list(ground.people))
