"""The record of what each saved step changed in a plan."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import copy_rows
from geocrm.security import Actor
from geocrm.territories.edit_models import PlanEdit
from geocrm.territories.models import Plan, Territory


def record(
    session: Session,
    actor: Actor,
    plan: Plan,
    changes: Mapping[str, tuple[int, int]],
    added: Sequence[Territory] = (),
    removed: Sequence[Territory] = (),
) -> PlanEdit:
    """Note a step: of each unit the numbers of the territories before and after, 0 for none."""
    edit = PlanEdit(
        plan_id=plan.id,
        version=plan.version,
        user_id=actor.user_id,
        at=clock.now(),
        units=len(changes),
        added=[_described(one) for one in added],
        removed=[_described(one) for one in removed],
    )
    session.add(edit)
    session.flush()  # its units name its id
    copy_rows(
        session,
        "territory_edit_units",
        ("edit_id", "unit", "before", "after"),
        [(edit.id, unit, a or None, b or None) for unit, (a, b) in changes.items()],
    )
    return edit


def _described(territory: Territory) -> dict[str, Any]:
    return {"number": territory.number, "name": territory.name, "colour": territory.colour}
