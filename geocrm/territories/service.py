"""Changes to territory plans. Going live and back is in `activation`.

Each change names the version of the plan it was made on; of two people who change the same version
the second gets Conflict.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import copy_rows
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound, Phrase
from geocrm.security import Actor, Role, audit
from geocrm.security.models import User
from geocrm.territories import changelog, designing, keeping, queries
from geocrm.territories.designing import Design
from geocrm.territories.evaluation import Evaluation
from geocrm.territories.focusing import Focus
from geocrm.territories.models import (
    LEADING,
    Activation,
    Plan,
    PlanState,
    Territory,
    TerritoryMember,
    TerritoryUnit,
)
from geocrm.territories.rule_models import Rule
from geocrm.territories.state_words import plan_state

MAX_NAME = 120
_A_PLAN: Final = Phrase("A plan needs a name")
_A_TERRITORY: Final = Phrase("A territory needs a name")


class Move(NamedTuple):
    """A unit and the number of the territory it goes to."""

    unit: str
    territory: int


def save(session: Session, actor: Actor, name: str, design: Design) -> Plan:
    """Keep a design as a draft whose territories are named after their largest units.

    What was designed with territories in focus becomes a copy of their plan, as it was then.
    """
    actor.require("design", "territory")
    if design.focus is not None:
        return _put_back(session, actor, name, design, design.focus)
    request = design.request
    plan = Plan(
        name=_name(name, _A_PLAN),
        level=request.level,
        within=request.within,
        measure=design.balance.measure,
        tolerance=request.tolerance,
        seed=request.seed,
        params=design.record(),
        created_by=actor.user_id,
    )
    session.add(plan)
    session.flush()  # the territories name its id
    numbers = range(1, len(design.names) + 1)
    territories = _fill(session, plan, numbers, design.names, dict(design.assignment()))
    for territory, colour in zip(territories, design.colours(), strict=True):
        territory.colour = colour
    audit.record(session, actor, "create", f"territory_plan:{plan.id}", name=plan.name)
    return plan


def _put_back(session: Session, actor: Actor, name: str, design: Design, focus: Focus) -> Plan:
    units = {code: focus.numbers[district] for code, district in design.assignment()}
    plan = copy(session, actor, focus.plan_id, name, units=units)
    plan.measure = design.balance.measure
    plan.tolerance = design.request.tolerance
    plan.seed = design.request.seed
    plan.params = design.record()
    return plan


def _fill(
    session: Session,
    plan: Plan,
    numbers: Iterable[int],
    names: Sequence[str],
    district_of: Mapping[str, int],
) -> list[Territory]:
    territories = [
        Territory(plan_id=plan.id, number=number, name=name, colour=index)
        for index, (number, name) in enumerate(zip(numbers, names, strict=True))
    ]
    session.add_all(territories)
    session.flush()  # the units name their ids
    copy_rows(
        session,
        "territory_units",
        ("plan_id", "unit", "territory_id"),
        [(plan.id, unit, territories[d].id) for unit, d in district_of.items()],
    )
    return territories


def claim(
    session: Session,
    actor: Actor,
    plan_id: int,
    version: int | None,
    states: Collection[PlanState] = (PlanState.PLANNING,),
) -> Plan:
    """The plan, locked for a change and counted up; Conflict when it is no longer what was seen."""
    actor.require("design", "territory")
    plan = session.scalar(
        queries.visible_plans(actor)
        .where(Plan.id == plan_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if plan is None:
        raise NotFound("There is no territory plan {id}", id=str(plan_id))
    if plan.state not in states:
        raise _not_changeable(plan)
    if version is not None and plan.version != version:
        raise Conflict(
            "Somebody else changed {plan!r} meanwhile (it is now version {current}, you saw"
            " {seen}): load it again and repeat your change",
            plan=plan.name,
            current=str(plan.version),
            seen=str(version),
        )
    plan.version += 1
    plan.updated_at = clock.now()
    return plan


def _not_changeable(plan: Plan) -> Conflict:
    state = plan_state(plan.state)
    if plan.state in (PlanState.LIVE, PlanState.ARCHIVED):
        return Conflict(
            "{plan!r} {state}: make a copy and change that", plan=plan.name, state=state
        )
    return Conflict(
        "{plan!r} {state} and not in planning: send it back to planning, or make a copy and"
        " change that",
        plan=plan.name,
        state=state,
    )


def rename(session: Session, actor: Actor, plan_id: int, version: int | None, name: str) -> Plan:
    """Give the plan another name."""
    plan = claim(session, actor, plan_id, version, tuple(PlanState))
    plan.name = _name(name, _A_PLAN)
    return plan


def discard(session: Session, actor: Actor, plan_id: int) -> None:
    """Delete a draft that never went live."""
    plan = claim(session, actor, plan_id, None)
    if session.scalar(select(Activation.id).where(Activation.plan_id == plan.id).limit(1)):
        raise Conflict("{plan!r} has been live and is kept for the record", plan=plan.name)
    audit.record(session, actor, "delete", f"territory_plan:{plan.id}", name=plan.name)
    session.execute(delete(Plan).where(Plan.id == plan.id))


def copy(
    session: Session,
    actor: Actor,
    plan_id: int,
    name: str | None = None,
    *,
    units: Mapping[str, int] | None = None,
) -> Plan:
    """A draft with the same territories, people and units, to change without touching the other.

    With `units`, the number of the territory of each, it has those instead.
    """
    actor.require("design", "territory")
    source = queries.plan(session, actor, plan_id)
    before = queries.territories(session, source.id)
    plan = Plan(
        name=_name(name or f"{source.name} (copy)", _A_PLAN),
        type=source.type,
        level=source.level,
        within=source.within,
        measure=source.measure,
        tolerance=source.tolerance,
        seed=source.seed,
        params=source.params,
        created_by=actor.user_id,
    )
    session.add(plan)
    session.flush()  # the territories name its id
    index = {territory.number: at for at, territory in enumerate(before)}
    if units is None:
        units = {unit.code: unit.territory for unit in queries.placed_units(session, source.id)}
    gone = sorted(set(units.values()) - set(index))
    if gone:
        raise Conflict(
            "Territory {number} of {plan!r} was removed meanwhile: design again",
            number=str(gone[0]),
            plan=source.name,
        )
    held = {code: index[number] for code, number in units.items()}
    after = _fill(session, plan, index, [t.name for t in before], held)
    _copy_people(session, source, before, after)
    audit.record(session, actor, "copy", f"territory_plan:{plan.id}", source=source.id)
    return plan


def _copy_people(
    session: Session, source: Plan, before: Sequence[Territory], after: Sequence[Territory]
) -> None:
    twin = {old.id: new for old, new in zip(before, after, strict=True)}
    for old, new in zip(before, after, strict=True):
        new.colour = old.colour
        new.lineage = old.lineage
        new.parent_id = twin[old.parent_id].id if old.parent_id else None
    today = clock.business_day()
    session.add_all(
        TerritoryMember(
            territory_id=twin[m.territory_id].id,
            user_id=m.user_id,
            role=m.role,
            from_day=m.from_day if m.from_day and m.from_day > today else None,
            to_day=m.to_day,
        )
        for m in queries.members(session, [source.id])
        if m.to_day is None or m.to_day >= today
    )


# ------------------------------------------------------------------------------ one territory


def describe(
    session: Session,
    actor: Actor,
    plan_id: int,
    version: int | None,
    number: int,
    *,
    name: str | None = None,
    colour: int | None = None,
) -> Territory:
    """Change a territory's name or colour; None leaves it."""
    plan = claim(session, actor, plan_id, version, (PlanState.PLANNING, PlanState.LIVE))
    territory = numbered(session, plan, number)
    require_own(session, actor, plan, territory)
    if name is not None:
        before, territory.name = territory.name, _name(name, _A_TERRITORY)
        _rename_in_rules(session, plan, before, territory.name)
    if colour is not None:
        if not 0 <= colour < 1000:
            raise InvalidInput("There is no colour number {colour}", colour=str(colour))
        territory.colour = colour
    return territory


def _rename_in_rules(session: Session, plan: Plan, before: str, name: str) -> None:
    """Rules find their territory in the live plan by name, and go on meaning the same one."""
    if (plan.state, plan.type) != (PlanState.LIVE, LEADING):
        return
    others = [t.name.lower() for t in queries.territories(session, plan.id)]
    # `others` may hold the new name already, or a second territory of the old one.
    if before.lower() != name.lower() and before.lower() not in others:
        session.execute(
            update(Rule)
            .where(func.lower(Rule.territory) == before.lower())
            .values(territory=name, version=Rule.version + 1)
        )


def set_parent(
    session: Session,
    actor: Actor,
    plan_id: int,
    version: int | None,
    number: int,
    parent: int | None,
) -> Territory:
    """Put a territory below another one of the plan, or on top; whoever has that sees this too."""
    plan = claim(session, actor, plan_id, version, (PlanState.PLANNING, PlanState.LIVE))
    territory = numbered(session, plan, number)
    require_own(session, actor, plan, territory)
    above = {t.id: t.parent_id for t in queries.territories(session, plan.id)}
    target = numbered(session, plan, parent) if parent is not None else None
    if target is not None:
        require_own(session, actor, plan, target)
    step = target.id if target else None
    while step is not None:
        if step == territory.id:
            raise InvalidInput(
                "{territory!r} cannot lie below itself",
                territory=territory.name,
            )
        step = above[step]
    territory.parent_id = target.id if target else None
    return territory


def require_own(session: Session, actor: Actor, plan: Plan, territory: Territory) -> None:
    """In the live plan, which decides who sees what, a team's manager changes only theirs."""
    if plan.state != PlanState.LIVE or territory.id in actor.territory_ids:
        return
    if not answers_for_everyone(session, actor):
        raise Forbidden(
            "{territory!r} is live and outside your branch: ask your manager or an administrator"
            " to change it",
            territory=territory.name,
        )


def answers_for_everyone(session: Session, actor: Actor) -> bool:
    """Whether plans may reach beyond the actor's branch: administrators, and heads of sales.

    A head of sales is a manager who reports to nobody.
    """
    if actor.sees_all:
        return True
    if actor.role is not Role.TERRITORY_MANAGER:
        return False
    return session.scalar(select(User.manager_id).where(User.id == actor.user_id)) is None


# ------------------------------------------------------------------------------ units


def move_units(
    session: Session,
    actor: Actor,
    plan_id: int,
    version: int | None,
    moves: Sequence[Move],
    *,
    splits_allowed: bool = False,
    states: Collection[PlanState] = (PlanState.PLANNING,),
) -> Evaluation:
    """Give units of a plan to other territories and judge the result.

    Raises InvalidInput for a unit or territory the plan does not have, when a territory would lose
    its last unit, and, unless splits are allowed, when one would fall into pieces.
    """
    plan = claim(session, actor, plan_id, version, states)
    territories = queries.territories(session, plan.id)
    ground, district = designing.of_plan(session, plan, territories)
    shared, rows = keeping.sharing(territories, district)
    before = designing.judge(plan, ground, rows, len(shared))
    torn = {shared[row].id for row in before.broken}
    was = [territories[row].number for row in district.tolist()]
    index = {unit.code: at for at, unit in enumerate(ground.units)}
    at = {territory.number: row for row, territory in enumerate(territories)}
    for move in moves:
        if move.unit not in index:
            raise InvalidInput("{unit} is no unit of {plan!r}", unit=move.unit, plan=plan.name)
        if move.territory not in at:
            raise InvalidInput(
                "{plan!r} has no territory {number}",
                plan=plan.name,
                number=str(move.territory),
            )
        district[index[move.unit]] = at[move.territory]
    shared, rows = keeping.sharing(territories, district)
    after = designing.judge(plan, ground, rows, len(shared))
    held = set(rows.tolist())
    for row, territory in enumerate(shared):
        if row not in held:
            raise InvalidInput(
                "{territory!r} would lose its last unit: design with fewer territories",
                territory=territory.name,
            )
        if row in after.broken and territory.id not in torn and not splits_allowed:
            raise InvalidInput(
                "{territory!r} would fall into separate pieces: move the units between them too,"
                " or allow it",
                territory=territory.name,
            )
    for move in moves:
        session.execute(
            update(TerritoryUnit)
            .where(TerritoryUnit.plan_id == plan.id, TerritoryUnit.unit == move.unit)
            .values(territory_id=territories[at[move.territory]].id)
        )
    plan.params = plan.params | designing.scores(after)
    changelog.record(
        *(session, actor, plan),
        {move.unit: (was[index[move.unit]], move.territory) for move in moves},
    )
    return after


def numbered(session: Session, plan: Plan, number: int) -> Territory:
    """The territory of this number; NotFound when the plan has none."""
    found = session.scalar(
        select(Territory).where(Territory.plan_id == plan.id, Territory.number == number)
    )
    if found is None:
        raise NotFound("{plan!r} has no territory {number}", plan=plan.name, number=str(number))
    return found


def _name(text: str, nameless: Phrase) -> str:
    name = " ".join(text.replace("\x00", "").split())
    if not name:
        raise InvalidInput(nameless)
    if len(name) > MAX_NAME:
        raise InvalidInput(
            "The name {name!r}... has {count} characters; {most} are the most",
            name=name[:20],
            count=len(name),
            most=MAX_NAME,
        )
    return name
