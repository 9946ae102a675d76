"""Who could work in a territory that has nobody: the rep who lives nearest."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.security import Actor, Role
from geocrm.security.models import User
from geocrm.spatial.geodesy import great_circle_m
from geocrm.territories import queries
from geocrm.territories.service import answers_for_everyone


def suggest_reps(session: Session, actor: Actor, plan_id: int) -> dict[int, int]:
    """For territories without anybody, by number: the free rep who lives nearest, each once.

    Distances from the reps' homes to the middle of the territories add up to the least possible.
    Only reps the actor may send are considered.
    """
    actor.require("design", "territory")
    plan = queries.plan(session, actor, plan_id)
    taken = queries.members(session, [plan.id])
    staffed = {member.territory_id for member in taken}
    empty = [t.number for t in queries.territories(session, plan.id) if t.id not in staffed]
    asked = select(User).where(
        User.role == Role.FIELD_REP.value, User.active, User.home_lon.is_not(None)
    )
    if not answers_for_everyone(session, actor):
        asked = asked.where(User.id.in_(actor.owner_ids))
    busy = {member.user_id for member in taken}
    reps = [user for user in session.scalars(asked.order_by(User.id)) if user.id not in busy]
    centres = _centres(queries.placed_units(session, plan.id))
    numbers = [number for number in empty if number in centres]
    if not reps or not numbers:
        return {}
    homes = np.array([(user.home_lon, user.home_lat) for user in reps], dtype=np.float64)
    middles = np.array([centres[number] for number in numbers])
    apart = great_circle_m(homes[:, :1], homes[:, 1:], middles[:, 0], middles[:, 1])
    rep_rows, columns = linear_sum_assignment(apart)
    return {numbers[column]: reps[row].id for row, column in zip(rep_rows, columns, strict=True)}


def _centres(units: Sequence[queries.PlacedUnit]) -> dict[int, tuple[float, float]]:
    """The middle of each territory: the mean place of its people, or of its units."""
    middles = {}
    for number in {unit.territory for unit in units}:
        held = [unit for unit in units if unit.territory == number]
        weight = np.array([float(unit.population or 0) for unit in held])
        if not weight.sum():
            weight = np.ones(len(held))
        places = np.array([(unit.lon, unit.lat) for unit in held])
        lon, lat = np.average(places, axis=0, weights=weight)
        middles[number] = (float(lon), float(lat))
    return middles
