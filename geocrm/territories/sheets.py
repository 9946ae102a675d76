"""A plan as people look at it: its territories, units and people, with the figures they may see.

Whoever may design gets figures for every territory, counted over the accounts they see. A rep gets
those of the territories they work in. Population is public and everybody gets it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.places.queries import Edge
from geocrm.security import Actor
from geocrm.territories import designing, figures, keeping, queries
from geocrm.territories.balance import Balance
from geocrm.territories.evaluation import Evaluation
from geocrm.territories.figures import Unplaced
from geocrm.territories.ground import Ground
from geocrm.territories.models import Plan, Territory
from geocrm.territories.queries import Member


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit; figures are None where the actor may not see them."""

    code: str
    name: str
    territory: int
    load: float | None
    accounts: int | None
    revenue: float | None
    population: int | None
    # What else the plan balances, by measure.
    further: Mapping[str, float | None]
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class TerritoryRow:
    """A territory; figures are None where the actor may not see them."""

    id: int
    number: int
    name: str
    colour: int
    # The number of the territory above it in the tree.
    parent: int | None
    people: tuple[Member, ...]
    units: int
    contiguous: bool
    mine: bool
    load: float | None
    deviation: float | None
    accounts: int | None
    revenue: float | None
    population: int | None
    further: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a page about one plan shows."""

    plan: Plan
    area: str
    territories: tuple[TerritoryRow, ...]
    units: tuple[UnitRow, ...]
    edges: tuple[Edge, ...]
    ideal: float | None
    max_deviation: float | None
    contiguous: bool
    compactness: float
    # Accounts no unit can be trusted to hold; None for those who get no figures of accounts.
    unplaced: Unplaced | None

    @property
    def balance(self) -> Balance:
        """What the plan shares out."""
        return Balance.of_plan(self.plan)


def sheet(session: Session, actor: Actor, plan_id: int) -> Sheet:
    """The plan with what the actor may see of it; NotFound when they may not see the plan.

    The number of statements does not depend on the size of the plan.
    """
    plan = queries.plan(session, actor, plan_id)
    territories = queries.territories(session, plan.id)
    today = clock.business_day()
    people = _by_territory(
        [m for m in queries.members(session, [plan.id]) if m.to_day is None or m.to_day >= today]
    )
    ground, district = designing.of_plan(session, plan, territories)
    shared, rows = keeping.sharing(territories, district)
    found = designing.judge(plan, ground, rows, len(shared))
    row_of = {territory.id: row for row, territory in enumerate(shared)}
    designer = actor.may("design", "territory")
    open_rows = {
        row for row, t in enumerate(territories) if designer or t.id in actor.territory_ids
    }
    public = designer or Balance.of_plan(plan).public
    units = _units(plan, territories, ground, district.tolist(), open_rows)
    mean = float(found.load.mean()) if len(found.load) else 0.0
    return Sheet(
        plan=plan,
        area=designing.area_name(session, plan),
        territories=tuple(
            _territory(one, row_of.get(one.id), territories, people, units, found, actor, public)
            for one in territories
        ),
        units=units,
        edges=(*ground.edges, *ground.links) if designer else (),
        ideal=mean if public else None,
        max_deviation=found.max_deviation if public and len(found.load) else None,
        contiguous=found.contiguous,
        compactness=found.compactness,
        unplaced=figures.unplaced(session) if designer else None,
    )


def _by_territory(members: Sequence[Member]) -> dict[int, tuple[Member, ...]]:
    people: dict[int, tuple[Member, ...]] = {}
    for member in members:
        people[member.territory_id] = (*people.get(member.territory_id, ()), member)
    return people


def _units(
    plan: Plan,
    territories: Sequence[Territory],
    ground: Ground,
    district: Sequence[int],
    open_rows: set[int],
) -> tuple[UnitRow, ...]:
    balance = Balance.of_plan(plan)
    loads = ground.load(balance).tolist()
    columns = {name: ground.column(name).tolist() for name in balance.further}
    rows = []
    for at, (unit, row) in enumerate(zip(ground.units, district, strict=True)):
        shown, seen = row in open_rows, ground.figures[at]
        rows.append(
            UnitRow(
                code=unit.code,
                name=unit.name,
                territory=territories[row].number,
                load=loads[at] if shown or balance.public else None,
                accounts=seen.accounts if shown else None,
                revenue=seen.revenue if shown else None,
                population=unit.population,
                further={n: column[at] if shown else None for n, column in columns.items()},
                lon=unit.lon,
                lat=unit.lat,
            )
        )
    return tuple(rows)


def _territory(
    territory: Territory,
    row: int | None,
    territories: Sequence[Territory],
    people: Mapping[int, tuple[Member, ...]],
    units: Sequence[UnitRow],
    found: Evaluation,
    actor: Actor,
    public: bool,
) -> TerritoryRow:
    """`row` among the territories that share the load; None when it only gathers others."""
    held = [unit for unit in units if unit.territory == territory.number]
    number_of = {other.id: other.number for other in territories}
    mine = territory.id in actor.territory_ids
    further = units[0].further if units else ()
    return TerritoryRow(
        id=territory.id,
        number=territory.number,
        name=territory.name,
        colour=territory.colour,
        parent=number_of[territory.parent_id] if territory.parent_id else None,
        people=people.get(territory.id, ()),
        units=len(held),
        contiguous=row is None or row not in found.broken,
        mine=mine,
        load=(0.0 if row is None else float(found.load[row])) if public or mine else None,
        deviation=float(found.deviation[row]) if public and row is not None else None,
        accounts=_sum(unit.accounts for unit in held),
        revenue=_sum(unit.revenue for unit in held),
        population=_sum(unit.population for unit in held),
        further={n: _sum(unit.further[n] for unit in held) for n in further},
    )


def _sum(values: Any) -> Any:
    """The sum, or None when a part of it is hidden or unknown."""
    known = list(values)
    return None if any(value is None for value in known) else sum(known)
