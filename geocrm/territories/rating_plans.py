"""Saved plans on five axes and in fairness, one or two beside each other.

Everything is counted over what the actor sees, and over the units of the plan's level and area,
those in no territory included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.spatial.districting import on_earth
from geocrm.territories import balance, edit_queries, keeping, queries
from geocrm.territories.balance import Balance
from geocrm.territories.edit_queries import PlanUnit
from geocrm.territories.fairness import Shares, drive_km, shares
from geocrm.territories.ground import Ground, assemble
from geocrm.territories.models import Measure, Plan, Territory
from geocrm.territories.ratings import Divided, Rating, rate
from geocrm.territories.sources import cadence_today
from geocrm.territories.standing import hours


@dataclass(frozen=True, slots=True)
class RatedPlan:
    """A plan with its ratings, and how evenly work, potential and driving are shared out in it."""

    plan: Plan
    territories: int
    # The plan that changes are counted from; None when there is none.
    against: Plan | None
    ratings: tuple[Rating, ...]
    fairness: dict[str, Shares | None]

    def document(self) -> dict[str, Any]:
        """The plan's ratings as JSON."""
        return {
            "plan_id": self.plan.id,
            "name": self.plan.name,
            "territories": self.territories,
            "against": None if self.against is None else self.against.name,
            "axes": [rating.document() for rating in self.ratings],
            "fairness": {
                name: None if found is None else found.document()
                for name, found in self.fairness.items()
            },
        }


def rate_plans(
    session: Session, actor: Actor, plan_ids: Sequence[int], measure: Measure | None = None
) -> tuple[Balance, tuple[RatedPlan, ...]]:
    """One plan, or two by what the last of them balances, unless a measure is asked for.

    Changes are counted from the live plan of the plan's type where it divides any of the same
    units, else from the first of two. Travel of both is measured by as many circles as the first
    has territories.
    """
    actor.require("design", "territory")
    if not 1 <= len(plan_ids) <= 2:
        raise InvalidInput("One or two plans can be rated, not {number}", number=len(plan_ids))
    plans = [queries.plan(session, actor, plan_id) for plan_id in plan_ids]
    what = Balance.of_plan(plans[-1])
    if measure is not None:
        what = balance.asked(measure, {}, {}, what.cadence or cadence_today())
    yardstick = len(_sharing(session, plans[0], edit_queries.plan_units(session, plans[0]))[0])
    first = plans[0] if len(plans) > 1 else None
    return what, tuple(_rated(session, plan, what, yardstick, first) for plan in plans)


def _rated(
    session: Session, plan: Plan, what: Balance, yardstick: int, first: Plan | None
) -> RatedPlan:
    units = edit_queries.plan_units(session, plan)
    against, today = _before(session, plan, first, units)
    ground = assemble(session, plan.level, units, what=what)
    divided = _divided(session, plan, ground, what, units, today)
    revenue, accounts = ground.load(Measure.REVENUE), divided.accounts
    held = divided.district >= 0
    drive = drive_km(accounts[held], divided.place[held], divided.district[held], divided.count)
    return RatedPlan(
        plan=plan,
        territories=divided.count,
        against=against,
        ratings=rate(divided, yardstick),
        fairness={
            "workload": shares(divided.within(hours(session, ground, what))),
            "potential": shares(divided.within(revenue)),
            "drive": shares(drive) if accounts.sum() > 0 else None,
        },
    )


def _before(
    session: Session, plan: Plan, first: Plan | None, units: Sequence[PlanUnit]
) -> tuple[Plan | None, NDArray[np.intp] | None]:
    """The plan that changes are counted from, and the territory of each unit in it, or -1."""
    for other in (queries.live_plan(session, plan.type), first):
        if other is None:
            continue
        there = {one.code: one.territory for one in queries.placed_units(session, other.id)}
        if not any(unit.code in there for unit in units):
            continue
        row = {number: at for at, number in enumerate(sorted(set(there.values())))}
        return other, np.array(
            [row[there[unit.code]] if unit.code in there else -1 for unit in units], dtype=np.intp
        )
    return None, None


def _sharing(
    session: Session, plan: Plan, units: Sequence[PlanUnit]
) -> tuple[list[Territory], NDArray[np.intp]]:
    """The territories that share the load, and the row of each unit's territory, or -1."""
    territories = queries.territories(session, plan.id)
    row = {territory.number: at for at, territory in enumerate(territories)}
    district = np.array([row.get(unit.territory, -1) for unit in units], dtype=np.intp)
    return keeping.sharing(territories, district)


def _divided(
    session: Session,
    plan: Plan,
    ground: Ground,
    what: Balance,
    units: Sequence[PlanUnit],
    today: NDArray[np.intp] | None,
) -> Divided:
    territories, district = _sharing(session, plan, units)
    codes = [unit.code for unit in units]
    lonlat = ground.lonlat()
    now = clock.business_day()
    staffed = {
        member.territory_id
        for member in queries.members(session, [plan.id])
        if member.to_day is None or member.to_day >= now
    }
    return Divided(
        load=ground.load(what),
        accounts=ground.load(Measure.ACCOUNTS),
        area_km2=np.array([unit.area_km2 for unit in places.by_codes(session, codes)]),
        place=on_earth(lonlat[:, 0], lonlat[:, 1]),
        district=district,
        today=today,
        staffed=np.array([territory.id in staffed for territory in territories], dtype=np.bool_),
    )
