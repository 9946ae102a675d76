"""Reads for changing a plan: all units it could hold, the saved steps, who else has it open.

Each function is one round trip to the database. Whoever calls has looked whether the actor may see
the plan.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.security.models import User
from geocrm.territories.edit_models import PlanEdit, PlanEditUnit, PlanPresence
from geocrm.territories.models import Plan

# A page says every 10 s that it is there; one that missed two of them is gone.
PRESENT_FOR = timedelta(seconds=25)
PAGE_ROWS = 50


class PlanUnit(NamedTuple):
    """A unit that a plan could hold; territory 0 is none."""

    code: str
    name: str
    parent: str | None
    parent_name: str | None
    population: int | None
    lon: float
    lat: float
    territory: int


class Step(NamedTuple):
    """A saved step of a plan."""

    id: int
    version: int
    who: str | None
    at: datetime
    units: int
    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]


class Moved(NamedTuple):
    """A unit that a step moved, by numbers of territories; 0 is none."""

    unit: str
    before: int
    after: int


class Other(NamedTuple):
    """Somebody else who has the plan open, or another page of one's own."""

    user_id: int
    name: str
    unsaved: int


def plan_units(session: Session, plan: Plan) -> list[PlanUnit]:
    """The units of the plan's level and area by code, also those in no territory."""
    sql = _PLAN_UNITS.format(area=_WITHIN if plan.within else "TRUE")
    bound = {"plan": plan.id, "level": plan.level, "within": plan.within}
    return [PlanUnit._make(row) for row in session.execute(text(sql), bound)]


def steps(session: Session, plan_id: int, before_version: int | None = None) -> list[Step]:
    """Saved steps of a plan, the newest first; a page of them, from below a version on."""
    asked = _steps().where(PlanEdit.plan_id == plan_id)
    if before_version is not None:
        asked = asked.where(PlanEdit.version < before_version)
    rows = session.execute(asked.order_by(PlanEdit.version.desc()).limit(PAGE_ROWS))
    return [Step._make(row) for row in rows]


def steps_since(session: Session, plan_id: int, version: int) -> list[Step]:
    """The steps that came after a version, in their order."""
    rows = session.execute(
        _steps()
        .where(PlanEdit.plan_id == plan_id, PlanEdit.version > version)
        .order_by(PlanEdit.version)
    )
    return [Step._make(row) for row in rows]


def step(session: Session, plan_id: int, step_id: int) -> Step:
    """One step of this plan, or NotFound."""
    row = session.execute(
        _steps().where(PlanEdit.plan_id == plan_id, PlanEdit.id == step_id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no step {id} of this plan", id=str(step_id))
    return Step._make(row)


def moved(session: Session, step_ids: list[int]) -> dict[int, list[Moved]]:
    """The units that these steps moved, by step."""
    rows = session.execute(
        select(PlanEditUnit.edit_id, PlanEditUnit.unit, PlanEditUnit.before, PlanEditUnit.after)
        .where(PlanEditUnit.edit_id.in_(step_ids))
        .order_by(PlanEditUnit.edit_id, PlanEditUnit.unit)
    )
    found: dict[int, list[Moved]] = {step_id: [] for step_id in step_ids}
    for step_id, unit, before, after in rows.all():
        found[step_id].append(Moved(unit, before or 0, after or 0))
    return found


def others(
    session: Session, plan_id: int, but: tuple[int | None, str], now: datetime
) -> list[Other]:
    """Who has the plan open beside this page, by name."""
    rows = session.execute(
        select(User.id, User.name, PlanPresence.unsaved, PlanPresence.tab)
        .join(User, User.id == PlanPresence.user_id)
        .where(PlanPresence.plan_id == plan_id, PlanPresence.seen_at > now - PRESENT_FOR)
        .order_by(User.name, User.id, PlanPresence.tab)
    )
    return [
        Other(user_id, name, unsaved)
        for user_id, name, unsaved, tab in rows.all()
        if (user_id, tab) != but
    ]


def _steps() -> Any:
    return select(
        *(PlanEdit.id, PlanEdit.version, User.name, PlanEdit.at, PlanEdit.units),
        *(PlanEdit.added, PlanEdit.removed),
    ).outerjoin(User, User.id == PlanEdit.user_id)


_PLAN_UNITS = """
    WITH RECURSIVE below(code) AS (
        SELECT CAST(:within AS text)
        UNION ALL SELECT b.code FROM boundaries b JOIN below ON b.parent = below.code
    ), held AS MATERIALIZED (
        SELECT u.unit, t.number FROM territory_units u JOIN territories t ON t.id = u.territory_id
        WHERE u.plan_id = :plan
    )
    SELECT b.code, b.name, b.parent, p.name, b.population, ST_X(b.centre), ST_Y(b.centre),
           coalesce(held.number, 0)
    FROM boundaries b
    LEFT JOIN held ON held.unit = b.code
    LEFT JOIN boundaries p ON p.code = b.parent
    WHERE (b.layer = :level AND {area}) OR b.code IN (SELECT unit FROM held)
    ORDER BY b.code
"""
_WITHIN = "b.code IN (SELECT code FROM below)"
