"""What measuring the true cost of a plan reads: its customers, who works where, earlier results.

Customers are those the actor sees, placed as a go-live of the plan would place them: by assignment
rule first (sales plans only), else by the ground.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.jobs import JobRun
from geocrm.security import Actor
from geocrm.security.models import User
from geocrm.territories import queries as territories
from geocrm.territories.models import LEADING, MemberRole, Plan, PlanState, Territory
from geocrm.territories.rule_queries import DECIDED
from geocrm.territories.standing import fingerprint
from geocrm.visits.crossing_queries import LandMasses, land_masses, masses_at
from geocrm.visits.crossings import UNKNOWN, Ferries
from geocrm.visits.planning import Place
from geocrm.visits.queries import NOT_VISITABLE
from geocrm.visits.true_cost import centre
from geocrm.visits.true_cost_terms import CENTRE, HOME, Accounts, Asked, Base, Ground
from geocrm.visits.urgency import VISITS_A_YEAR, VISITS_A_YEAR_OTHERWISE

KIND: Final = "visits.true_cost"
_CHUNK: Final = 50_000


@dataclass(frozen=True)
class Side:
    """A plan with all that is needed to measure it without the database."""

    plan_id: int
    name: str
    fingerprint: str
    territories: tuple[Ground, ...]
    accounts: Accounts
    ferries: Ferries


def side(session: Session, actor: Actor, plan_id: int, asked: Asked) -> Side:
    """The plan with the customers the actor sees in it; InvalidInput when there is nothing."""
    actor.require("design", "territory")
    plan = territories.plan(session, actor, plan_id)
    rows = territories.territories(session, plan.id)
    accounts, land = _accounts(session, plan, rows)
    if not len(accounts):
        raise InvalidInput(
            "You see no customers in {plan}: give its territories ground, or import accounts",
            plan=plan.name,
        )
    if not accounts.visits_a_year.any():
        raise InvalidInput(
            "No customer in {plan} is to be visited: set visits a year, or their segments",
            plan=plan.name,
        )
    divided = {row.parent_id for row in rows}
    homes = _homes(session, plan)
    working = _working(homes, asked.days)
    below = masses_at(session, land, [at for one in homes.values() for *_, at in one if at])
    kept = [
        at
        for at, row in enumerate(rows)
        if row.id not in divided or (accounts.district == at).any()
    ]
    return Side(
        plan_id=plan.id,
        name=plan.name,
        fingerprint=state(session, plan),
        territories=tuple(
            _ground(
                row, working.get(row.id, []), accounts.subset(accounts.district == at), asked, below
            )
            for at, row in ((at, rows[at]) for at in kept)
        ),
        accounts=replace(accounts, district=np.searchsorted(kept, accounts.district)),
        ferries=land.ferries,
    )


def refuse(session: Session, actor: Actor, plan_id: int, against: int | None) -> None:
    """Refuse at once what cannot be measured; InvalidInput says why."""
    actor.require("design", "territory")
    plans = [territories.plan(session, actor, one) for one in (plan_id, against) if one is not None]
    for plan in plans:
        if not territories.placed_units(session, plan.id):
            raise InvalidInput(
                "{plan} has no territories with ground: draw or design them first", plan=plan.name
            )
    if len({plan.id for plan in plans}) < len(plans):
        raise InvalidInput("A plan cannot be compared with itself: choose another one")
    if len({plan.type for plan in plans}) > 1:
        raise InvalidInput(
            "{one} and {other} are plans of different types: compare plans of one type",
            one=plans[0].name, other=plans[1].name,
        )  # fmt: skip


def state(session: Session, plan: Plan) -> str:
    """A checksum of what a measurement of the plan depends on: ground, people and their homes."""
    units = territories.placed_units(session, plan.id)
    people = [
        (f"{territory_id} {user_id} {place}", 0)
        for territory_id, found in sorted(_homes(session, plan).items())
        for user_id, _, place in found
    ]
    return fingerprint([*((unit.code, unit.territory) for unit in units), *people])


# ------------------------------------------------------------------------------ earlier results


def newest(
    session: Session, actor: Actor, plan_id: int, against: int | None, *, finished: bool
) -> JobRun | None:
    """The actor's own newest measurement of the plan (or of both plans, in either order).

    Nobody else's: it counts the customers that the one who measured sees.
    """
    asked = (JobRun.params["plan_id"].as_integer(), JobRun.params["against"].as_integer())
    if against is None:
        wanted = or_(*(column == plan_id for column in asked))
    else:
        wanted = or_(
            (asked[0] == plan_id) & (asked[1] == against),
            (asked[0] == against) & (asked[1] == plan_id),
        )
    states = ["done"] if finished else ["waiting", "running", "paused"]
    return session.scalar(
        select(JobRun)
        .where(JobRun.kind == KIND, JobRun.user_id == actor.user_id, JobRun.state.in_(states))
        .where(wanted)
        .order_by(JobRun.id.desc())
        .limit(1)
    )


def moved_on(session: Session, actor: Actor, sides: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of measured plans whose ground, people or homes have changed since."""
    plans = [territories.plan(session, actor, side["plan_id"]) for side in sides]
    return [
        plan.name
        for plan, side in zip(plans, sides, strict=True)
        if state(session, plan) != side["fingerprint"]
    ]


# ------------------------------------------------------------------------------ customers


def _accounts(session: Session, plan: Plan, rows: list[Territory]) -> tuple[Accounts, LandMasses]:
    found = scoped_sql(
        session,
        _ACCOUNTS,
        {
            "plan": plan.id if plan.type == LEADING else 0,
            "ground_plan": plan.id,
            "segments": list(VISITS_A_YEAR),
            "visits": [float(each) for each in VISITS_A_YEAR.values()],
            "otherwise": float(VISITS_A_YEAR_OTHERWISE),
            "nowhere": sorted(NOT_VISITABLE),
        },
    )
    row_of = {territory.id: at for at, territory in enumerate(rows)}
    units: list[str] = []
    parts = [_arrays(part, row_of, units) for part in found.partitions(_CHUNK)]
    if not parts:
        return _arrays([], row_of, units), LandMasses()
    land = land_masses(session, units)
    mass = np.array([land.of(unit) for unit in units], dtype=np.intp)
    names = ("account_id", "lon", "lat", "visits_a_year", "segment", "district")
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    return Accounts(*columns, *[mass]), land


def _arrays(rows: Sequence[Any], row_of: Mapping[int, int], units: list[str]) -> Accounts:
    """The rows as columns; their units are added to `units`."""
    ids, segments, homes, lons, lats, visits, where = zip(*rows, strict=True) if rows else [()] * 7
    units += where
    return Accounts(
        account_id=np.array(ids, dtype=np.int64),
        lon=np.array(lons, dtype=np.float64),
        lat=np.array(lats, dtype=np.float64),
        visits_a_year=np.array(visits, dtype=np.float64),
        segment=np.array(segments, dtype=np.object_),
        district=np.array([row_of[home] for home in homes], dtype=np.intp),
        mass=np.full(len(ids), UNKNOWN, dtype=np.intp),
    )


# ------------------------------------------------------------------------------ people

_Home = tuple[int, str, Place | None]


def _homes(session: Session, plan: Plan) -> dict[int, list[_Home]]:
    """By territory the reps who work in it, and where they live."""
    members = [
        member
        for member in territories.members(session, [plan.id], _day(plan))
        if member.role == MemberRole.REP
    ]
    ids = {member.user_id for member in members}
    users = {user.id: user for user in session.scalars(select(User).where(User.id.in_(ids)))}
    found: dict[int, list[_Home]] = {}
    for member in members:
        user = users[member.user_id]
        home = None
        if user.home_lon is not None and user.home_lat is not None:
            home = (user.home_lon, user.home_lat)
        found.setdefault(member.territory_id, []).append((user.id, user.name, home))
    return found


def _day(plan: Plan) -> date:
    """The day whose people count: of an archived plan its last, else today or when it begins."""
    if plan.state == PlanState.ARCHIVED and plan.live_to is not None:
        return clock.day_of(plan.live_to)
    return max(clock.business_day(), plan.effective_on or date.min)


class _Worker(NamedTuple):
    """A rep in one territory, and on how many days a week."""

    name: str
    home: Place | None
    days: int


def _working(homes: Mapping[int, list[_Home]], days: int) -> dict[int, list[_Worker]]:
    """By territory who works there; somebody in several shares their days out among them."""
    of_rep: dict[int, list[int]] = {}
    for territory_id in sorted(homes):
        for user_id, _, _ in homes[territory_id]:
            of_rep.setdefault(user_id, []).append(territory_id)
    found: dict[int, list[_Worker]] = {}
    for territory_id, reps in homes.items():
        for user_id, name, home in reps:
            whole, over = divmod(days, len(of_rep[user_id]))
            more = of_rep[user_id].index(territory_id) < over
            found.setdefault(territory_id, []).append(_Worker(name, home, whole + more))
    return found


def _ground(
    territory: Territory,
    working: Sequence[_Worker],
    accounts: Accounts,
    asked: Asked,
    below: Mapping[Place, int],
) -> Ground:
    """The territory, with one rep where nobody is named yet.

    `below` is the land mass below each home.
    """
    middle = centre(accounts)
    bases = []
    for worker in working or [_Worker("", None, asked.days)]:
        place = worker.home if asked.start == HOME and worker.home is not None else None
        kind = HOME if place is not None else CENTRE
        place = place or middle or worker.home
        if place is not None:
            mass = below.get(place, UNKNOWN) if place == worker.home else _mass(accounts, place)
            bases.append(Base(place, kind, worker.days, worker.name or None, mass))
    return Ground(
        number=territory.number,
        name=territory.name,
        colour=territory.colour,
        bases=tuple(bases),
        staffed=bool(working),
    )


def _mass(accounts: Accounts, place: Place) -> int:
    """The land mass of the customer at a place."""
    here = (accounts.lon == place[0]) & (accounts.lat == place[1])
    return int(accounts.mass[np.argmax(here)])


_ACCOUNTS: Final = f"""
    {DECIDED}, ground(unit, territory_id) AS (
        SELECT unit, territory_id FROM territory_units WHERE plan_id = :ground_plan
        UNION ALL
        SELECT b.code, ground.territory_id FROM ground JOIN boundaries b ON b.parent = ground.unit
    )
    SELECT s.account_id, s.segment, coalesce(w.territory_id, g.territory_id) AS territory_id,
        CASE WHEN s.grade <> ALL(:nowhere) THEN ST_X(s.geom) END AS lon,
        CASE WHEN s.grade <> ALL(:nowhere) THEN ST_Y(s.geom) END AS lat,
        CAST(coalesce(a.visits_per_year, k.visits, :otherwise) AS float8) AS visits,
        coalesce(s.unit, '') AS unit
    FROM account_scope s JOIN accounts a ON a.id = s.account_id
    LEFT JOIN unit_accounts m ON m.account_id = s.account_id
        AND m.level = (SELECT level FROM territory_plans WHERE id = :ground_plan)
    LEFT JOIN ground g ON g.unit = coalesce(m.unit, s.unit)
    LEFT JOIN ruled w ON w.account_id = s.account_id
    LEFT JOIN unnest(CAST(:segments AS text[]), CAST(:visits AS float8[])) k(segment, visits)
        ON k.segment = s.segment
    WHERE {{scope:s}} AND coalesce(w.territory_id, g.territory_id) IS NOT NULL
    ORDER BY s.account_id
"""
