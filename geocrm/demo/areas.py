"""Which rep of the demo works where: the demo's own territory plan, made by the product itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from geocrm.demo import names, people
from geocrm.demo.people import DemoPeople
from geocrm.demo.villages import Villages
from geocrm.security import OPERATOR
from geocrm.security.models import User
from geocrm.territories import activation, designing, members, queries, service
from geocrm.territories.models import Activation, Measure, MemberRole, Plan
from geocrm.territories.requests import Request

PLAN_NAME = "Indonesia, 20 reps"
_DESIGN_TIME_S = 20.0


@dataclass(frozen=True, slots=True)
class Staff:
    """For each regency, shape (r,): the user id of its rep, and its live territory or None."""

    rep_of_regency: NDArray[np.intp]
    territory_of_regency: list[int | None]


def ensure_staff(session: Session, places: Villages, seed: int) -> Staff:
    """The demo's people and their plan, made when missing; the plan goes live if none is."""
    rng = np.random.default_rng([seed, 0xF1E1D])
    staff = people.ensure(session, OPERATOR, list(names.people(rng, people.NUM_REPS)))
    plan = session.scalar(select(Plan).where(Plan.created_by == staff.manager.id))
    if plan is None:
        plan = _made_plan(session, places, staff, seed)
    return _read(session, plan, places)


def _made_plan(session: Session, places: Villages, staff: DemoPeople, seed: int) -> Plan:
    request = Request(
        "idn-adm2", people.NUM_REPS, Measure.POPULATION, seed=seed, time_s=_DESIGN_TIME_S
    )
    design = designing.solve(designing.survey(session, OPERATOR, request), request)
    plan = service.save(session, OPERATOR, PLAN_NAME, design)
    plan.created_by = staff.manager.id  # so that it is known as the demo's, and goes with it
    session.flush()
    for territory, rep in zip(queries.territories(session, plan.id), staff.reps, strict=True):
        members.set_members(
            session, OPERATOR, plan.id, plan.version, territory.number, {rep.id: MemberRole.REP}
        )
    _settle(session, plan, places, staff)
    if queries.live_plan(session) is None:
        activation.activate(session, OPERATOR, plan.id)
    session.flush()
    return plan


def _settle(session: Session, plan: Plan, places: Villages, staff: DemoPeople) -> None:
    """Each rep lives in the most populous regency of their territory."""
    index = {code: number for number, code in enumerate(places.codes)}
    home: dict[int, int] = {}
    for unit in queries.placed_units(session, plan.id):
        here = index[unit.code]
        best = home.get(unit.territory)
        if best is None or places.population[here] > places.population[best]:
            home[unit.territory] = here
    for number, rep in enumerate(staff.reps, start=1):
        in_home = np.flatnonzero(places.regency == home[number])
        if in_home.size:
            at = in_home[np.argmax(places.weight[in_home])]
            rep.home_lon = round(float(places.lon[at]), 6)
            rep.home_lat = round(float(places.lat[at]), 6)


def _read(session: Session, plan: Plan, places: Villages) -> Staff:
    live = plan.state == "live"
    rep_of = {m.territory_id: m.user_id for m in queries.members(session, [plan.id])}
    territories = {t.number: t.id for t in queries.territories(session, plan.id)}
    of_code = {u.code: territories[u.territory] for u in queries.placed_units(session, plan.id)}
    return Staff(
        rep_of_regency=np.array([rep_of[of_code[code]] for code in places.codes], dtype=np.intp),
        territory_of_regency=[of_code[code] if live else None for code in places.codes],
    )


def remove_plans(session: Session) -> None:
    """Delete the plans the demo's people made; where one is live, no plan is live afterwards."""
    theirs = select(Plan.id).where(Plan.created_by.in_(select(User.id).where(User.demo)))
    for plan in session.scalars(select(Plan).where(Plan.id.in_(theirs), Plan.state == "live")):
        activation.undo(session, OPERATOR, plan.id)
    session.execute(delete(Activation).where(Activation.plan_id.in_(theirs)))
    session.execute(delete(Plan).where(Plan.id.in_(theirs)))
