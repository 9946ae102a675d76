"""What the live plan leaves uncovered: ground with potential, territories and accounts nobody has.

Everything is counted over what the actor sees; whoever does not see all customers is shown the
ground of their branch only, because elsewhere customers of others would look like white space.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers.models import Account, AccountScope, Address
from geocrm.db import scoped_sql
from geocrm.errors import NotFound
from geocrm.security import Actor, Role
from geocrm.security.models import User
from geocrm.spatial.geodesy import great_circle_m
from geocrm.territories import figures, queries

# Units are compared with those of like density: a quarter of them each.
CLASSES: Final = 4
MAX_UNITS: Final = 100
MAX_ACCOUNTS: Final = 100


class WhiteSpace(NamedTuple):
    """A unit with fewer customers than comparable ones; `expected` as many as they have a head."""

    code: str
    name: str
    territory: str
    population: int
    accounts: int
    expected: float
    revenue: float
    potential: float

    @property
    def missing(self) -> float:
        """Customers that comparable units would have more."""
        return self.expected - self.accounts


class Doubled(NamedTuple):
    """Somebody who works in several territories today."""

    name: str
    territories: tuple[str, ...]


class Stray(NamedTuple):
    """An account that lies in no territory, with the rep who lives nearest."""

    id: int
    name: str
    rep: str | None
    distance_m: float | None


class NearRep(NamedTuple):
    """A rep and how far their home is."""

    id: int
    name: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is not covered."""

    white_space: tuple[WhiteSpace, ...]
    unstaffed: tuple[str, ...]
    doubled: tuple[Doubled, ...]
    strays: tuple[Stray, ...]
    num_strays: int


def coverage(session: Session, actor: Actor) -> Coverage:
    """What the live sales plan leaves uncovered; NotFound when none is live."""
    plan = queries.live_plan(session)
    if plan is None:
        raise NotFound("No sales plan is live, so there is nothing to cover")
    mine = None if actor.sees_all else actor.territory_ids
    names = {
        territory.id: territory.name
        for territory in queries.territories(session, plan.id)
        if mine is None or territory.id in mine
    }
    members = queries.members(session, [plan.id], clock.business_day())
    at_work: dict[tuple[int, str], set[int]] = defaultdict(set)
    for member in members:
        if member.territory_id in names:
            at_work[member.user_id, member.name].add(member.territory_id)
    staffed = {member.territory_id for member in members}
    return Coverage(
        white_space=tuple(white_space(session, plan.id, list(names))),
        unstaffed=tuple(name for one, name in names.items() if one not in staffed),
        doubled=tuple(
            Doubled(name, tuple(sorted(names[one] for one in held)))
            for (_, name), held in sorted(at_work.items(), key=lambda item: item[0][1])
            if len(held) > 1
        ),
        strays=tuple(_strays(session, actor)),
        num_strays=scoped_sql(session, _NUM_STRAYS).scalar_one(),
    )


def white_space(session: Session, plan_id: int, territory_ids: Sequence[int]) -> list[WhiteSpace]:
    """Units of these territories with fewer customers than comparable ones, the most missed first.

    Potential is the population times the median revenue a head of units of like density.
    """
    values = {"plan": plan_id, "territories": list(territory_ids)}
    rows = session.execute(text(_UNITS), values).all()
    if not rows:
        return []
    counted = figures.by_unit(session, [row.code for row in rows])
    have = [counted.get(row.code, figures.UnitFigures()) for row in rows]
    people = np.array([row.population for row in rows], dtype=np.float64)
    density = people / np.array([row.area_km2 for row in rows], dtype=np.float64)
    like = density_classes(density)
    accounts = np.array([each.accounts for each in have], dtype=np.float64)
    revenue = np.array([float(each.revenue) for each in have])
    expected = people * _usual(accounts / people, like)
    potential = people * _usual(revenue / people, like)
    found = [
        WhiteSpace(
            *(row.code, row.name, row.territory, row.population, each.accounts),
            *(float(expected[at]), float(each.revenue), float(potential[at])),
        )
        for at, (row, each) in enumerate(zip(rows, have, strict=True))
        if expected[at] - each.accounts >= 1
    ]
    return sorted(found, key=lambda one: (-one.missing, one.code))[:MAX_UNITS]


def density_classes(density: NDArray[np.float64]) -> NDArray[np.intp]:
    """The quarter of units, by people per km2, that each unit is in; shape (n,), in [0, 4)."""
    edges = np.quantile(density, np.arange(1, CLASSES) / CLASSES)
    return np.searchsorted(edges, density, side="right")


def nearest_reps(session: Session, actor: Actor, account_id: int, limit: int = 3) -> list[NearRep]:
    """Reps the actor leads whose homes are nearest to a visible account; NotFound else."""
    place = session.execute(
        select(Address.lon, Address.lat).where(Address.account_id == account_id)
    ).one_or_none()
    if place is None:
        raise NotFound("No customer {id}", id=str(account_id))
    if place.lon is None:
        return []
    reps = _reps(session, actor)
    apart = _distances([(place.lon, place.lat)], reps)[0]
    return [
        NearRep(reps[at].id, reps[at].name, float(apart[at])) for at in np.argsort(apart)[:limit]
    ]


def _usual(rate: NDArray[np.float64], like: NDArray[np.intp]) -> NDArray[np.float64]:
    medians = np.array([
        np.median(rate[like == each]) if (like == each).any() else 0.0 for each in range(CLASSES)
    ])  # fmt: skip
    return medians[like]


def _strays(session: Session, actor: Actor) -> list[Stray]:
    rows = session.execute(
        select(Account.id, Account.name, Address.lon, Address.lat)
        .join(AccountScope, AccountScope.account_id == Account.id)
        .outerjoin(Address, Address.account_id == Account.id)
        .where(AccountScope.territory_id.is_(None))
        .order_by(AccountScope.revenue.desc(), Account.id)
        .limit(MAX_ACCOUNTS)
    ).all()
    reps = _reps(session, actor)
    placed = [(row.lon, row.lat) for row in rows if row.lon is not None]
    apart = iter(_distances(placed, reps))
    found = []
    for row in rows:
        distances = next(apart) if row.lon is not None else np.empty(0)
        at = int(np.argmin(distances)) if distances.size else None
        found.append(
            Stray(row.id, row.name, None, None)
            if at is None
            else Stray(row.id, row.name, reps[at].name, float(distances[at]))
        )
    return found


def _reps(session: Session, actor: Actor) -> list[User]:
    asked = select(User).where(
        User.role == Role.FIELD_REP.value, User.active, User.home_lon.is_not(None)
    )
    if not actor.sees_all:
        asked = asked.where(User.id.in_(actor.owner_ids))
    return list(session.scalars(asked.order_by(User.id)))


def _distances(places: Sequence[tuple[float, float]], reps: Sequence[User]) -> NDArray[np.float64]:
    """Metres from each place (row) to each rep's home (column)."""
    at = np.array(places, dtype=np.float64).reshape(-1, 2)
    homes = np.array([(user.home_lon, user.home_lat) for user in reps], dtype=np.float64)
    homes = homes.reshape(-1, 2)
    return great_circle_m(at[:, :1], at[:, 1:], homes[:, 0], homes[:, 1])


_UNITS: Final = """
    SELECT b.code, b.name, t.name AS territory, b.population, b.area_km2
    FROM territory_units u JOIN boundaries b ON b.code = u.unit
    JOIN territories t ON t.id = u.territory_id
    WHERE u.plan_id = :plan AND t.id = ANY(:territories) AND b.population > 0 AND b.area_km2 > 0
    ORDER BY b.code
"""
_NUM_STRAYS: Final = """
    SELECT count(*) FROM account_scope s WHERE s.territory_id IS NULL AND {scope:s}
"""
