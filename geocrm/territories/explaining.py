"""Why a unit lies where it does, and what moving it to each territory beside it would change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.security import Actor
from geocrm.spatial import districting
from geocrm.spatial.districting import Terms, Units
from geocrm.territories import queries, standing
from geocrm.territories.balance import Balance
from geocrm.territories.standing import Question


@dataclass(frozen=True, slots=True)
class Alternative:
    """The unit in another territory that it touches; `row` counts territories from 0.

    `deviation` is the largest in the plan, `load` that of the territory, both after the move;
    `moved` the share of the load that would lie elsewhere than today.
    """

    row: int
    deviation: float
    load: float
    load_left: float
    value_change: float
    moved: float
    torn: bool
    empties: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The unit where it is, and elsewhere.

    `reason` is the first that holds: "only" (the unit touches no other territory), "whole" (its
    territory would fall apart or be empty without it), "near" (anywhere else the plan would be less
    compact), "balance" (elsewhere it would be more compact, but less balanced), "other" (neither
    speaks for it: it may well move). `value_change` of an alternative is relative:
    0.01 means that the moment of inertia about the middles of the territories grows by 1 %; with
    `in_minutes` that weight x minutes to their centres does, and compact means near in minutes.
    """

    row: int
    weight: float
    load: float
    deviation: float
    moved: float
    reason: str
    alternatives: tuple[Alternative, ...]
    in_minutes: bool


def explain(units: Units, terms: Terms, district: NDArray[np.intp], unit: int) -> Explanation:
    """Judge the plan as it is and with the unit in each territory beside it.

    Parameters: district, shape (n,), the territory of each unit, in [0, k); `terms.current` is
    today's plan, in the numbering of this one; `unit` in [0, n).
    """
    own = int(district[unit])
    in_minutes = units.minutes is not None
    now = districting.evaluate(units, terms, district)
    ends = units.edges
    beside = np.concatenate([ends[ends[:, 0] == unit, 1], ends[ends[:, 1] == unit, 0]])
    stays = districting.can_move(unit, district, ends)
    alone = int((district == own).sum()) == 1
    others = []
    for row in sorted(set(district[beside].tolist()) - {own}):
        there = district.copy()
        there[unit] = row
        then = districting.evaluate(units, terms, there)
        others.append(
            Alternative(
                row=row,
                deviation=float(then.max_deviation.max()),
                load=float(then.load[row, 0]),
                load_left=float(then.load[own, 0]),
                value_change=_grows(then.value, now.value)
                if in_minutes
                else _grows(then.inertia, now.inertia),
                moved=then.moved or 0.0,
                torn=not stays and not alone,
                empties=alone,
            )
        )
    return Explanation(
        row=own,
        weight=float(units.weights[unit, 0]),
        load=float(now.load[own, 0]),
        deviation=float(now.max_deviation.max()),
        moved=now.moved or 0.0,
        reason=_reason(now, tuple(others), stays),
        alternatives=tuple(others),
        in_minutes=in_minutes,
    )


def _grows(then: float | None, now: float | None) -> float:
    return (then or 0.0) / now - 1 if now else 0.0


def _reason(now: districting.Plan, others: tuple[Alternative, ...], may_leave: bool) -> str:
    if not others:
        return "only"
    if not may_leave:
        return "whole"
    nearer = [one for one in others if one.value_change < 0]
    if not nearer:
        return "near"
    hair = 1e-9
    if all(one.deviation > float(now.max_deviation.max()) + hair for one in nearer):
        return "balance"
    return "other"


def of_plan(
    session: Session, actor: Actor, plan_id: int, code: str
) -> tuple[Question, Explanation]:
    """The explanation of a unit of a saved plan, counted over what the actor sees.

    Who does not design gets it where the plan balances population, which everybody may know: of
    customers and revenue it would tell what territories of others hold.
    """
    actor.require("read", "territory")
    plan = queries.plan(session, actor, plan_id)
    if not Balance.of_plan(plan).public:
        actor.require("design", "territory")
    asked = standing.question(session, plan)
    at = next((i for i, unit in enumerate(asked.ground.units) if unit.code == code), None)
    if at is None:
        raise NotFound("{unit} is no unit of this plan", unit=code)
    asked = standing.by_travel(session, actor, asked)
    return asked, explain(*asked.by_travel(), asked.district, at)


def origin(session: Session, actor: Actor, plan_id: int) -> dict[str, object]:
    """How the plan came about: its seed and tolerance, when it was made, how often it changed."""
    plan = queries.plan(session, actor, plan_id)
    return {
        "designed": "time_s" in plan.params,
        "seed": plan.seed,
        "tolerance": plan.tolerance,
        "version": plan.version,
    }
