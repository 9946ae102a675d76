"""What somebody who asks for a design looks up first: the ground, the reps, units by name."""

from typing import NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from geocrm.customers.models import AccountScope
from geocrm.errors import NotFound
from geocrm.places import queries as places
from geocrm.places.models import Boundary
from geocrm.security import Actor, Role
from geocrm.security.models import User
from geocrm.territories import ground as grounds
from geocrm.territories.balance import asked as balanced
from geocrm.territories.models import Measure
from geocrm.territories.service import answers_for_everyone
from geocrm.territories.sources import cadence_today

# A list below a field.
_MOST_SUGGESTED = 8


class Total(NamedTuple):
    """All of a measure on a ground, and the unit that holds most of it."""

    whole: float
    largest: str
    load: float


class Rep(NamedTuple):
    """Somebody who can be given a territory; without a home, no place."""

    id: int
    name: str
    lon: float | None
    lat: float | None


class Found(NamedTuple):
    """A unit of a level by name."""

    code: str
    name: str
    parent: str | None


class Prepared(NamedTuple):
    """What there is to share out, and who could work on it."""

    units: int
    # West, south, east, north of the units' middles.
    box: tuple[float, float, float, float]
    totals: dict[Measure, Total]
    reps: list[Rep]


def prepare(session: Session, actor: Actor, level: str, within: str | None) -> Prepared:
    """The ground of a level, or of an area of it; InvalidInput or Infeasible where there is none.

    A measure that is unknown for some units, or 0 everywhere, is left out.
    """
    actor.require("design", "territory")
    every = balanced("", dict.fromkeys(Measure, 1.0), {}, cadence_today())
    ground = grounds.survey(session, level, within, every)
    totals = {}
    for measure in Measure:
        load = ground.load(measure)
        unknown = measure is Measure.POPULATION and any(u.population is None for u in ground.units)
        if load.sum() > 0 and not unknown:
            at = int(np.argmax(load))
            totals[measure] = Total(float(load.sum()), ground.units[at].name, float(load[at]))
    lonlat = ground.lonlat()
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    box = (float(west), float(south), float(east), float(north))
    return Prepared(len(ground), box, totals, reps(session, actor, within))


def reps(session: Session, actor: Actor, within: str | None = None) -> list[Rep]:
    """Active field reps the actor may send, by name; in an area, those who live there."""
    asked = select(User).where(User.role == Role.FIELD_REP.value, User.active)
    if not answers_for_everyone(session, actor):
        asked = asked.where(User.id.in_(actor.owner_ids))
    if within is not None:
        asked = asked.where(_lives_in(within))
    found = session.scalars(asked.order_by(User.name, User.id))
    return [Rep(user.id, user.name, user.home_lon, user.home_lat) for user in found]


def _lives_in(code: str) -> ColumnElement[bool]:
    home = func.ST_SetSRID(func.ST_MakePoint(User.home_lon, User.home_lat), 4326)
    area = select(Boundary.geom).where(Boundary.code == code).scalar_subquery()
    return func.ST_Covers(area, home)


def units_named(
    session: Session, actor: Actor, level: str, within: str | None, typed: str
) -> list[Found]:
    """Units of a level whose name or code holds what was typed, those it begins first."""
    actor.require("design", "territory")
    places.layer(session, level)
    above = aliased(Boundary)
    words = typed.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    asked = (
        select(Boundary.code, Boundary.name, above.name)
        .outerjoin(above, above.code == Boundary.parent)
        .where(Boundary.layer == level)
        .where(or_(Boundary.name.ilike(f"%{words}%"), Boundary.code == typed.strip()))
        .order_by(Boundary.name.ilike(f"{words}%").desc(), Boundary.name, Boundary.code)
        .limit(_MOST_SUGGESTED)
    )
    if within is not None:
        asked = asked.where(Boundary.code.in_(places.below(within)))
    return [Found._make(row) for row in session.execute(asked)]


def unit_of_account(session: Session, actor: Actor, level: str, account_id: int) -> Found:
    """The unit of a level that a visible account lies in; NotFound says when there is none."""
    actor.require("design", "territory")
    lies = session.execute(
        select(AccountScope.unit).where(AccountScope.account_id == account_id)
    ).one_or_none()
    if lies is None:
        raise NotFound("There is no account {number}", number=str(account_id))
    above = aliased(Boundary)
    row = session.execute(
        select(Boundary.code, Boundary.name, above.name)
        .outerjoin(above, above.code == Boundary.parent)
        .where(Boundary.layer == level, Boundary.code.in_(places.above(lies[0] or "")))
    ).one_or_none()
    if row is None:
        raise NotFound(
            "This customer lies in no unit of this level: give it a point, or choose its unit"
        )
    return Found._make(row)
