"""Changing which unit belongs to which territory: a whole sitting in one step.

A step moves any number of units, also to no territory, and may add territories and remove empty
ones. It names the version of the plan it was made on; it is all or nothing, and it is recorded, so
that it can be shown and taken back. Territories that fall apart or stay empty are no reason to
refuse: the answer names them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.errors import Conflict, InvalidInput
from geocrm.security import Actor, audit
from geocrm.territories import changelog, designing, edit_queries, keeping, queries, service
from geocrm.territories import ground as grounds
from geocrm.territories.balance import Balance
from geocrm.territories.edit_queries import PlanUnit
from geocrm.territories.models import Plan, Territory, TerritoryUnit

# The number that stands for no territory.
NONE = 0
# What a browser can number in 16 bits, with room for "none".
MAX_NUMBER = 65_000
MAX_UNITS = 100_000


@dataclass(frozen=True, slots=True)
class NewTerritory:
    """A territory to add."""

    number: int
    name: str
    colour: int

    def __post_init__(self) -> None:
        """Refuse what no territory can be."""
        if not 1 <= self.number <= MAX_NUMBER:
            raise InvalidInput(
                "{number} is no number of a territory: 1 to {most}",
                number=str(self.number),
                most=str(MAX_NUMBER),
            )
        if not self.name.strip() or len(self.name) > service.MAX_NAME:
            raise InvalidInput(
                "Territory {number} needs a name of 1 to {most} characters",
                number=str(self.number),
                most=service.MAX_NAME,
            )
        if not 0 <= self.colour < 1000:
            raise InvalidInput("There is no colour number {colour}", colour=str(self.colour))


@dataclass(frozen=True, slots=True)
class Step:
    """What to change: units by the number of the territory they go to, 0 for none."""

    assign: Mapping[int, Sequence[str]]
    add: Sequence[NewTerritory] = ()
    remove: Sequence[int] = ()

    def __post_init__(self) -> None:
        """Refuse a step that is too large, or that sends a unit to two places."""
        units = [unit for held in self.assign.values() for unit in held]
        if len(units) > MAX_UNITS:
            raise InvalidInput(
                "{count} units are too many for one step: {most} at most",
                count=len(units),
                most=MAX_UNITS,
            )
        if len(set(units)) != len(units):
            twice, _times = Counter(units).most_common(1)[0]
            raise InvalidInput(
                "{unit} is sent to two territories: name each unit once",
                unit=twice,
            )
        if len({new.number for new in self.add}) != len(self.add):
            raise InvalidInput("Two new territories have one number: give each its own")


@dataclass(frozen=True, slots=True)
class Saved:
    """What a step did, and how good the plan is now."""

    plan: Plan
    units: int
    max_deviation: float
    compactness: float
    unassigned: int
    # Names of territories that lie in pieces, and of those without a unit.
    split: tuple[str, ...]
    empty: tuple[str, ...]


def save(session: Session, actor: Actor, plan_id: int, version: int | None, step: Step) -> Saved:
    """Change a draft by a step; Conflict when it is no longer the version that was seen."""
    plan = service.claim(session, actor, plan_id, version)
    return _apply(session, actor, plan, step)


def save_as_draft(
    session: Session, actor: Actor, plan_id: int, version: int | None, name: str, step: Step
) -> Saved:
    """Make a new draft that is the plan with the step applied; the plan stays as it is."""
    source = queries.plan(session, actor, plan_id)
    if version is not None and source.version != version:
        raise Conflict(
            "Somebody else changed {plan!r} meanwhile (it is now version {current}, you saw"
            " {seen}): load it again and repeat your change",
            plan=source.name,
            current=str(source.version),
            seen=str(version),
        )
    return _apply(session, actor, service.copy(session, actor, plan_id, name), step)


def _apply(session: Session, actor: Actor, plan: Plan, step: Step) -> Saved:
    known = {one.number: one for one in queries.territories(session, plan.id)}
    _refuse_unknown(plan, known, step)
    units = edit_queries.plan_units(session, plan)
    changes = _changes(plan, units, step)
    if not (changes or step.add or step.remove):
        raise InvalidInput("Nothing of {plan!r} would change", plan=plan.name)
    homes = {unit.code: unit.territory for unit in units}
    homes |= {code: after for code, (_before, after) in changes.items()}
    _refuse_held(plan, known, step, homes)
    added = _add(session, plan, step)
    known |= {one.number: one for one in added}
    _move(session, plan, known, changes)
    removed = [known.pop(number) for number in step.remove]
    _remove(session, removed)
    changelog.record(session, actor, plan, changes, added, removed)
    audit.record(session, actor, "edit", f"territory_plan:{plan.id}", units=len(changes))
    return _judged(session, plan, units, homes, changes)


def _refuse_unknown(plan: Plan, known: Mapping[int, Territory], step: Step) -> None:
    new = {one.number for one in step.add}
    for number in new & set(known):
        raise InvalidInput(
            "{plan!r} has a territory {number} already: give the new one another number",
            plan=plan.name,
            number=str(number),
        )
    for number in {*step.assign, *step.remove} - set(known) - new - {NONE}:
        raise InvalidInput(
            "{plan!r} has no territory {number}",
            plan=plan.name,
            number=str(number),
        )
    for number in set(step.remove) & (new | {NONE}):
        raise InvalidInput(
            "{plan!r} has no territory {number} to remove",
            plan=plan.name,
            number=str(number),
        )


def _changes(plan: Plan, units: Sequence[PlanUnit], step: Step) -> dict[str, tuple[int, int]]:
    """The numbers before and after, of units that are elsewhere afterwards."""
    home = {unit.code: unit.territory for unit in units}
    changes = {}
    for number, codes in step.assign.items():
        for code in codes:
            if code not in home:
                raise InvalidInput("{unit} is no unit of {plan!r}", unit=code, plan=plan.name)
            if home[code] != number:
                changes[code] = (home[code], number)
    return changes


def _refuse_held(
    plan: Plan, known: Mapping[int, Territory], step: Step, homes: Mapping[str, int]
) -> None:
    """What goes must be empty, and a plan is about some ground."""
    for number in step.remove:
        held = sum(1 for home in homes.values() if home == number)
        if held:
            raise InvalidInput(
                "{territory!r} still holds ground (units: {count}): give it to other territories"
                " before you remove it",
                territory=known[number].name,
                count=held,
            )
    if not any(homes.values()):
        raise InvalidInput(
            "{plan!r} would hold no unit at all: leave one in a territory, or delete the plan",
            plan=plan.name,
        )


def _add(session: Session, plan: Plan, step: Step) -> list[Territory]:
    added = [
        Territory(
            plan_id=plan.id,
            number=new.number,
            name=" ".join(new.name.replace("\x00", "").split()),
            colour=new.colour,
        )
        for new in step.add
    ]
    session.add_all(added)
    session.flush()  # the units name their ids
    return added


def _move(
    session: Session,
    plan: Plan,
    known: Mapping[int, Territory],
    changes: Mapping[str, tuple[int, int]],
) -> None:
    session.execute(
        delete(TerritoryUnit).where(
            TerritoryUnit.plan_id == plan.id, TerritoryUnit.unit.in_(list(changes))
        )
    )
    copy_rows(
        session,
        "territory_units",
        ("plan_id", "unit", "territory_id"),
        [(plan.id, code, known[after].id) for code, (_, after) in changes.items() if after],
    )


def _remove(session: Session, removed: Sequence[Territory]) -> None:
    """Remove territories; what lies below one in the tree comes up to where it was."""
    for territory in removed:
        session.execute(
            update(Territory)
            .where(Territory.parent_id == territory.id)
            .values(parent_id=territory.parent_id)
        )
        session.execute(delete(Territory).where(Territory.id == territory.id))


# ------------------------------------------------------------------------------ the result


def _judged(
    session: Session,
    plan: Plan,
    units: Sequence[PlanUnit],
    homes: Mapping[str, int],
    changes: Mapping[str, tuple[int, int]],
) -> Saved:
    """How good the plan is now; each territory should hold its share of everything there is.

    That counts units in no territory too: the mean of what is assigned would make a plan look even
    that leaves half of the country out.
    """
    session.flush()
    every = queries.territories(session, plan.id)
    ground, district = designing.of_plan(session, plan, every)
    territories, district = keeping.sharing(every, district)
    found = designing.judge(plan, ground, district, len(territories))
    left = [unit for unit in units if not homes[unit.code]]
    ideal = (float(found.load.sum()) + _load(session, plan, left)) / len(territories)
    deviation = float(np.abs(found.load / ideal - 1).max()) if ideal else 0.0
    plan.params = plan.params | designing.scores(found) | {"max_deviation": deviation}
    held = set(district.tolist())
    return Saved(
        plan=plan,
        units=len(changes),
        max_deviation=deviation,
        compactness=found.compactness,
        unassigned=len(left),
        split=tuple(territories[row].name for row in found.broken if row in held),
        empty=tuple(one.name for row, one in enumerate(territories) if row not in held),
    )


def _load(session: Session, plan: Plan, units: Sequence[PlanUnit]) -> float:
    if not units:
        return 0.0
    balance = Balance.of_plan(plan)
    return float(grounds.counted(session, units, balance).load(balance).sum())
