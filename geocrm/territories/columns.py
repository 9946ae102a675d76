"""A plan's units as columns: what a page needs to paint and weigh ten thousand of them.

Who gets which figures is the rule of `sheets`: designers all, counted over the accounts they see;
a rep those of the territories they work in; population is public.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.territories import edit_queries, queries
from geocrm.territories import ground as grounds
from geocrm.territories.balance import Balance
from geocrm.territories.edit_queries import PlanUnit
from geocrm.territories.ground import Ground
from geocrm.territories.models import Plan


@dataclass(frozen=True, slots=True)
class Columns:
    """Row i of every column is unit i; None is a figure that is hidden or not known."""

    plan: Plan
    # What all codes begin with; the codes are given without it.
    prefix: str
    code: list[str]
    name: list[str]
    # Index into `parents`, -1 for none.
    parent: list[int]
    parents: list[str]
    # Number of the territory, 0 for none.
    territory: list[int]
    accounts: list[int | None]
    revenue: list[float | None]
    population: list[int | None]
    # What else the plan balances, by measure; that of a mixture is under "mixture".
    further: dict[str, list[float | None]]
    lon: list[float]
    lat: list[float]
    # Neighbours, ferries included: unit a[i] lies beside unit b[i].
    a: list[int]
    b: list[int]


def columns(session: Session, actor: Actor, plan_id: int) -> Columns:
    """The units of a plan; NotFound when the actor may not see it."""
    plan = queries.plan(session, actor, plan_id)
    units = edit_queries.plan_units(session, plan)
    designer = actor.may("design", "territory")
    open_numbers = {0} if designer else set()
    for one in queries.territories(session, plan.id):
        if designer or one.id in actor.territory_ids:
            open_numbers.add(one.number)
    balance = Balance.of_plan(plan)
    ground = grounds.counted(session, [u for u in units if u.territory in open_numbers], balance)
    at = {unit.code: row for row, unit in enumerate(ground.units)}
    shown = [ground.figures[at[u.code]] if u.code in at else None for u in units]
    parents = sorted({(u.parent, u.parent_name or u.parent) for u in units if u.parent})
    parent_row = {code: row for row, (code, _name) in enumerate(parents)}
    a, b = _neighbours(session, plan, units) if designer else ([], [])
    prefix = _prefix(units)
    return Columns(
        plan=plan,
        prefix=prefix,
        code=[unit.code[len(prefix) :] for unit in units],
        name=[unit.name for unit in units],
        parent=[parent_row[unit.parent] if unit.parent else -1 for unit in units],
        parents=[str(name) for _code, name in parents],
        territory=[unit.territory for unit in units],
        accounts=[row.accounts if row else None for row in shown],
        revenue=[round(float(row.revenue), 2) if row else None for row in shown],
        population=[unit.population for unit in units],
        further={
            name: [round(load[at[u.code]], 4) if u.code in at else None for u in units]
            for name, load in _further(ground, balance).items()
        },
        lon=[round(unit.lon, 5) for unit in units],
        lat=[round(unit.lat, 5) for unit in units],
        a=a,
        b=b,
    )


def _further(ground: Ground, balance: Balance) -> dict[str, list[float]]:
    names = balance.further
    found = {name: ground.column(name).tolist() for name in names}
    return found | ({balance.key: ground.load(balance).tolist()} if balance.mixed else {})


def _prefix(units: Sequence[PlanUnit]) -> str:
    """The level that all codes begin with, as idn-adm2:."""
    prefix = units[0].code.split(":")[0] + ":" if units else ""
    return prefix if all(unit.code.startswith(prefix) for unit in units) else ""


def _neighbours(
    session: Session, plan: Plan, units: Sequence[PlanUnit]
) -> tuple[list[int], list[int]]:
    row = {unit.code: at for at, unit in enumerate(units)}
    among = list(row) if plan.within else None
    pairs = [(edge.a, edge.b) for edge in places.edges(session, plan.level, among)]
    pairs += [(link[0], link[1]) for link in plan.params.get("links", [])]
    inside = [(row[a], row[b]) for a, b in pairs if a in row and b in row]
    return [a for a, _ in inside], [b for _, b in inside]
