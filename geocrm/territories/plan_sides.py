"""Saved plans and plan files as the two sides of a comparison."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.territories import ground as grounds
from geocrm.territories import queries
from geocrm.territories.balance import ALWAYS, Balance
from geocrm.territories.models import Measure, Plan
from geocrm.territories.plan_diff import Division, PlanDiff, compare
from geocrm.territories.plan_files import PlanFile, finder, label_order
from geocrm.territories.text_tables import listed


def of_plan(session: Session, plan: Plan) -> Division:
    """A saved plan; three statements."""
    territories = queries.territories(session, plan.id)
    row = {territory.number: at for at, territory in enumerate(territories)}
    at_id = {territory.id: at for at, territory in enumerate(territories)}
    units = queries.placed_units(session, plan.id)
    people: dict[int, tuple[str, ...]] = {}
    for member in queries.members(session, [plan.id]):
        at = at_id[member.territory_id]
        people[at] = (*people.get(at, ()), member.name)
    return Division(
        called=plan.name,
        ids=tuple(unit.code for unit in units),
        district=np.array([row[unit.territory] for unit in units], dtype=np.intp),
        labels=tuple(str(territory.number) for territory in territories),
        names=tuple(territory.name for territory in territories),
        people=people,
        balance=Balance.of_plan(plan),
    )


def of_file(file: PlanFile, known: Sequence[str] | None = None) -> Division:
    """A plan file; with `known` its codes become those, and one that means none is refused."""
    ids = file.units
    if known is not None:
        find = finder(known)
        found = [find(unit) for unit in ids]
        unknown = [unit for unit, code in zip(ids, found, strict=True) if code is None]
        if unknown:
            raise InvalidInput(
                "{file} assigns units that are not known ({count}): {units}. Correct their codes,"
                " or name their level (--level)",
                file=file.called,
                count=len(unknown),
                units=listed(unknown),
            )
        ids = tuple(code for code in found if code is not None)
    labels = label_order(file.labels)
    at = {label: row for row, label in enumerate(labels)}
    said = file.head.get("territories")
    names = said if isinstance(said, dict) else {}
    return Division(
        called=str(file.head.get("name", file.called)),
        ids=ids,
        district=np.array([at[label] for label in file.labels], dtype=np.intp),
        labels=labels,
        names=tuple(str(_name(names.get(label), label)) for label in labels),
        people={},
    )


def diff(session: Session, actor: Actor, before: Division, after: Division) -> PlanDiff:
    """The difference, in units, and in what the actor sees in them.

    Two statements, four for plans on different levels, and those of what the plans balance beside
    customers, revenue and population.
    """
    actor.require("design", "territory")
    if set(before.ids).isdisjoint(after.ids):
        before, after = _cut(session, before, after.ids), _cut(session, after, before.ids)
    balances = [each for each in (before.balance, after.balance) if each is not None]
    return compare(before, after, loads(session, {*before.ids, *after.ids}, balances))


def loads(
    session: Session, codes: Collection[str], balances: Sequence[Balance] = ()
) -> dict[str, dict[str, float]]:
    """What lies in units, by measure: customers, revenue, people where they are known.

    Then what else is balanced; of a measure that both sides have, as the last of them counts it.
    """
    units = places.by_codes(session, sorted(codes))
    found: dict[str, dict[str, float]] = {}
    for balance in balances or [Balance(Measure.ACCOUNTS)]:
        if found and not balance.further:
            continue
        ground = grounds.counted(session, units, balance)
        for name in (*ALWAYS, *balance.further):
            column = ground.column(name).tolist()
            found[str(name)] = {u.code: load for u, load in zip(units, column, strict=True)}
    return found


def _cut(session: Session, side: Division, finer: Sequence[str]) -> Division:
    """The plan on the finer units that lie in its own, a made one for the most part.

    Units of its own in which none lies stay.
    """
    lies_in = places.lying_in(session, finer, side.ids)
    home = {unit: unit for unit in set(side.ids) - set(lies_in.values())} | lies_in
    at = dict(zip(side.ids, side.district.tolist(), strict=True))
    ids = tuple(sorted(home))
    return replace(
        side, ids=ids, district=np.array([at[home[unit]] for unit in ids], dtype=np.intp)
    )


def _name(said: object, label: str) -> object:
    return said.get("name", label) if isinstance(said, dict) else label
