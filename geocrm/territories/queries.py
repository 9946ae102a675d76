"""Reads of territories. Each function is one round trip to the database unless it says otherwise.

Whoever may design sees every plan; everybody else sees the one that is live.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, true
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import NotFound, Phrase
from geocrm.places.models import Boundary
from geocrm.security import Actor
from geocrm.security.models import User
from geocrm.territories.made_models import MadeLevel
from geocrm.territories.models import (
    LEADING,
    Activation,
    Plan,
    PlanState,
    Territory,
    TerritoryMember,
    TerritoryUnit,
)


class PlanSummary(NamedTuple):
    """A plan in a list."""

    id: int
    name: str
    type: str
    state: str
    level: str
    within: str | None
    measure: str
    # Of a mixture the part of each measure.
    shares: dict[str, float] | None
    tolerance: float
    max_deviation: float | None
    territories: int
    version: int
    author: str | None
    created_at: datetime
    updated_at: datetime
    live_from: datetime | None
    live_to: datetime | None
    effective_on: date | None


class Member(NamedTuple):
    """Somebody in a territory, from a day to a day; None is as long as the plan lives."""

    territory_id: int
    user_id: int
    name: str
    email: str
    role: str
    from_day: date | None
    to_day: date | None


class PlacedUnit(NamedTuple):
    """A boundary unit with the number of its territory."""

    code: str
    name: str
    territory: int
    population: int | None
    lon: float
    lat: float


class LiveTerritory(NamedTuple):
    """A territory of the live plan, as a legend needs it."""

    id: int
    name: str
    colour: int


class Area(NamedTuple):
    """A unit of a higher level, and how many units of a level lie in it."""

    level: str
    code: str
    name: str
    units: int


def why_never_live(session: Session, plan: Plan) -> Phrase | None:
    """Why a plan cannot go live whatever its state, or None.

    Who lies in made units is known once they are kept.
    """
    made = session.get(MadeLevel, plan.level)
    if made is None or made.kept:
        return None
    return Phrase(
        "{plan!r} is built of units on trial: keep the units to make it live", plan=plan.name
    )


def visible_plans(actor: Actor) -> Select[Plan]:
    """The plans this actor may see.

    Made units tell where customers are: a plan of them is not for who only counts customers.
    """
    asked = select(Plan)
    if actor.may("design", "territory"):
        return asked
    asked = asked.where(Plan.state == PlanState.LIVE)
    if actor.may("read", "account"):
        return asked
    return asked.where(Plan.level.not_in(select(MadeLevel.code)))


def plans(session: Session, actor: Actor) -> list[PlanSummary]:
    """The plans, the live one first, then the newest."""
    seen = visible_plans(actor).subquery()
    number = select(func.count()).where(Territory.plan_id == seen.c.id).scalar_subquery()
    rows = session.execute(
        select(
            *(seen.c.id, seen.c.name, seen.c.type, seen.c.state, seen.c.level, seen.c.within),
            *(seen.c.measure, seen.c.params["balance"]["shares"]),
            *(seen.c.tolerance, seen.c.params["max_deviation"].as_float(), number),
            *(seen.c.version, User.name, seen.c.created_at, seen.c.updated_at),
            *(seen.c.live_from, seen.c.live_to, seen.c.effective_on),
        )
        .outerjoin(User, User.id == seen.c.created_by)
        .order_by((seen.c.state == PlanState.LIVE).desc(), seen.c.id.desc())
    )
    return [PlanSummary._make(row) for row in rows]


def plan(session: Session, actor: Actor, plan_id: int) -> Plan:
    """The plan, or NotFound, also when the actor may not see drafts."""
    found = session.scalar(visible_plans(actor).where(Plan.id == plan_id))
    if found is None:
        raise NotFound("There is no territory plan {id}", id=str(plan_id))
    return found


def plan_named(session: Session, actor: Actor, name: str) -> Plan:
    """The plan with this id or name, of several with one name the newest; or NotFound."""
    found = session.scalar(
        visible_plans(actor)
        .where(
            (Plan.name == name)
            | (Plan.id == (int(name) if name.isdecimal() and len(name) < 10 else None))
        )
        .order_by(Plan.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound(
            "There is no territory plan {name!r}; see: geocrm territories list",
            name=name,
        )
    return found


def live_plan(session: Session, kind: str = LEADING) -> Plan | None:
    """The plan of a type that is live, whoever asks."""
    return session.scalar(select(Plan).where(Plan.state == PlanState.LIVE, Plan.type == kind))


def territories(session: Session, plan_id: int) -> list[Territory]:
    """The territories of a plan by number."""
    return list(
        session.scalars(
            select(Territory).where(Territory.plan_id == plan_id).order_by(Territory.number)
        )
    )


def works_on(day: date) -> ColumnElement[bool]:
    """The condition that somebody works in a territory on a day."""
    return and_(
        or_(TerritoryMember.from_day.is_(None), TerritoryMember.from_day <= day),
        or_(TerritoryMember.to_day.is_(None), TerritoryMember.to_day >= day),
    )


def members(session: Session, plan_ids: Collection[int], day: date | None = None) -> list[Member]:
    """Who works in the territories of these plans, by name; with a day, only those who do then."""
    rows = session.execute(
        select(
            *(TerritoryMember.territory_id, User.id, User.name, User.email, TerritoryMember.role),
            *(TerritoryMember.from_day, TerritoryMember.to_day),
        )
        .join(User, User.id == TerritoryMember.user_id)
        .join(Territory, Territory.id == TerritoryMember.territory_id)
        .where(Territory.plan_id.in_(plan_ids), true() if day is None else works_on(day))
        .order_by(TerritoryMember.territory_id, User.name, User.id, TerritoryMember.from_day)
    )
    return [Member(*row) for row in rows]


def placed_units(session: Session, plan_id: int) -> list[PlacedUnit]:
    """The units of a plan by code."""
    centre = func.ST_X(Boundary.centre), func.ST_Y(Boundary.centre)
    rows = session.execute(
        select(
            *(Boundary.code, Boundary.name, Territory.number, Boundary.population),
            *centre,
        )
        .join(TerritoryUnit, TerritoryUnit.unit == Boundary.code)
        .join(Territory, Territory.id == TerritoryUnit.territory_id)
        .where(TerritoryUnit.plan_id == plan_id)
        .order_by(Boundary.code)
    )
    return [PlacedUnit(*row) for row in rows]


def newest_activation(session: Session, kind: str = LEADING) -> Activation | None:
    """The go-live that made the live plan of the type live."""
    return session.scalar(
        select(Activation)
        .join(Plan, Plan.id == Activation.plan_id)
        .where(Activation.undone_at.is_(None), Plan.type == kind)
        .order_by(Activation.id.desc())
        .limit(1)
    )


def live_territory_ids(session: Session, user_ids: Collection[int]) -> frozenset[int]:
    """Live territories in which any of these people works today, and all below them."""
    rows = session.execute(
        text(_LIVE_IDS), {"users": sorted(user_ids), "today": clock.business_day()}
    )
    return frozenset(rows.scalars())


def live_territories(session: Session) -> list[LiveTerritory]:
    """The territories of the live plan by number; none when no plan is live."""
    rows = session.execute(
        select(Territory.id, Territory.name, Territory.colour)
        .join(Plan, Plan.id == Territory.plan_id)
        .where(Plan.state == PlanState.LIVE, Plan.type == LEADING)
        .order_by(Territory.number)
    )
    return [LiveTerritory(*row) for row in rows]


def live_territory_named(session: Session, name: str) -> LiveTerritory:
    """The live territory with this name in any case, or NotFound naming some there are."""
    known = live_territories(session)
    for territory in known:
        if territory.name.casefold() == name.strip().casefold():
            return territory
    if not known:
        raise NotFound("There is no territory {name!r}: no territory plan is live", name=name)
    some = ", ".join(territory.name for territory in known[:5])
    raise NotFound(
        "There is no live territory {name!r}; there are {some}",
        name=name,
        some=some,
    )


def areas(session: Session) -> list[Area]:
    """Units that hold several units of a level below them: where a plan can be made, by name."""
    return [Area._make(row) for row in session.execute(text(_AREAS))]


def shapes(session: Session, plan_id: int, decimals: int = 5) -> dict[int, dict[str, Any]]:
    """The dissolved shape of each territory as GeoJSON geometry, by number."""
    rows = session.execute(text(_SHAPES), {"plan": plan_id, "decimals": decimals})
    return {number: shape for number, shape in rows.all() if shape is not None}


def outline(session: Session, territory_id: int) -> tuple[str, dict[str, Any] | None] | None:
    """The name of a territory and its coarse outline as GeoJSON, or None when there is none."""
    row = session.execute(text(_OUTLINE), {"id": territory_id}).one_or_none()
    return None if row is None else (row[0], row[1])


# Joins the account `s` with `m`, the unit that holds it where the plan :plan is on made units. It
# lies in HOME, which no made unit is where the plan is on administrative ones, and the reverse.
LIES: Final = """
    LEFT JOIN unit_accounts m ON m.account_id = s.account_id
        AND m.level = (SELECT p.level FROM territory_plans p WHERE p.id = :plan)
"""
HOME: Final = "coalesce(m.unit, s.unit)"
# The common table `ground`: territories of the live sales plan in which anybody of `branch` works
# on the day :today, and all below them.
GROUND: Final = f"""ground(id) AS (
    SELECT t.id FROM territory_members m
    JOIN territories t ON t.id = m.territory_id
    JOIN territory_plans p ON p.id = t.plan_id AND p.state = 'live' AND p.type = '{LEADING}'
    WHERE m.user_id IN (SELECT id FROM branch)
      AND (m.from_day IS NULL OR m.from_day <= CAST(:today AS date))
      AND (m.to_day IS NULL OR m.to_day >= CAST(:today AS date))
    UNION
    SELECT t.id FROM territories t JOIN ground g ON t.parent_id = g.id
)"""
_LIVE_IDS: Final = (
    "WITH RECURSIVE branch(id) AS (SELECT unnest(CAST(:users AS int[]))),"
    f" {GROUND} SELECT id FROM ground"
)
_AREAS = """
    WITH RECURSIVE up(layer, code, above) AS (
        SELECT layer, code, parent FROM boundaries WHERE parent IS NOT NULL
        UNION ALL
        SELECT up.layer, up.code, b.parent
        FROM up JOIN boundaries b ON b.code = up.above WHERE b.parent IS NOT NULL
    )
    SELECT up.layer, b.code, b.name, count(*) FROM up JOIN boundaries b ON b.code = up.above
    GROUP BY up.layer, b.code, b.name HAVING count(*) > 1 ORDER BY b.name, b.code
"""
# The units tile without gaps, so a union that only cancels shared edges is exact and fast.
_SHAPES = """
    SELECT t.number, ST_AsGeoJSON(ST_Multi(ST_Union(b.geom)), :decimals)::jsonb
    FROM territories t
    JOIN territory_units u ON u.territory_id = t.id
    JOIN boundaries b ON b.code = u.unit
    WHERE t.plan_id = :plan GROUP BY t.number
"""
# For a small map: the copies for drawing, which leave gaps no wider than a line.
_OUTLINE = """
    SELECT t.name, (
        SELECT ST_AsGeoJSON(ST_Transform(ST_SimplifyPreserveTopology(
            ST_Union(ST_Buffer(b.outline, 50)), 400), 4326), 4)::jsonb
        FROM territory_units u JOIN boundaries b ON b.code = u.unit
        WHERE u.territory_id = t.id)
    FROM territories t WHERE t.id = :id
"""
