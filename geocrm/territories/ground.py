"""The ground a plan divides: its units, which of them lie beside each other, what lies in each.

Neighbours are those of the layer, ferries included, as far as both lie in the chosen area. Where
that leaves the area in several pieces (the two ends of a province of islands), the shortest
crossings that join the pieces are added and named, by the rule that joins a country. A whole level
in several pieces is refused: nobody serves several continents from one car.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.errors import Infeasible, InvalidInput
from geocrm.places import queries as places
from geocrm.places.models import Boundary
from geocrm.places.queries import Edge, Unit
from geocrm.spatial.neighbours import FERRY, neighbour_edges
from geocrm.territories import figures
from geocrm.territories.balance import Balance, Numbers
from geocrm.territories.figures import UnitFigures
from geocrm.territories.models import Measure
from geocrm.territories.text_tables import listed

# As many as a commit is called by.
FINGERPRINT_DIGITS: Final = 12
_NOTHING = UnitFigures()


class GroundUnit(Protocol):
    """What is asked of a unit, be it chosen anew or read from a plan."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def population(self) -> int | None: ...
    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """Units in the order of their codes; edges between them; figures of each.

    `links` are those edges that no neighbour graph has and that only join the pieces of an area.
    """

    units: Sequence[GroundUnit]
    edges: Sequence[Edge]
    links: Sequence[Edge]
    figures: Sequence[UnitFigures]
    # Measures that only some plans balance, by name, shape (n,) each.
    further: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.units)

    def column(self, measure: str) -> NDArray[np.float64]:
        """What lies in each unit, shape (n,)."""
        if measure in self.further:
            return self.further[measure]
        if measure == Measure.POPULATION:
            found = [float(unit.population or 0) for unit in self.units]
        elif measure == Measure.ACCOUNTS:
            found = [float(each.accounts) for each in self.figures]
        else:
            assert measure == Measure.REVENUE, measure
            found = [each.revenue for each in self.figures]
        return np.array(found, dtype=np.float64)

    def load(self, what: Balance | str) -> NDArray[np.float64]:
        """What each unit adds to its territory, shape (n,)."""
        balance = Balance.of(what)
        if not balance.mixed:
            return self.column(balance.measure)
        mixed = np.zeros(len(self))
        for name in balance.names:
            mixed += balance.rate(name) * self.column(name)
        return mixed

    def rated(self, balance: Balance) -> Balance:
        """The balance with what each measure counts for on this ground."""
        return balance.rated({name: float(self.column(name).sum()) for name in balance.names})

    def fingerprint(self, what: Balance | str) -> str:
        """A checksum of what lies in each unit, of all that is mixed.

        Equal for the same customers, orders, people or numbers.
        """
        names = sorted(Balance.of(what).counted)
        columns = zip(*(self.column(name).tolist() for name in names), strict=True)
        lines = sorted(
            ",".join((unit.code, *map(repr, loads)))
            for unit, loads in zip(self.units, columns, strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:FINGERPRINT_DIGITS]

    def without(self, codes: Collection[str]) -> "Ground":
        """The ground without these units."""
        kept = [at for at, unit in enumerate(self.units) if unit.code not in codes]
        there = {self.units[at].code for at in kept}
        return replace(
            self,
            units=[self.units[at] for at in kept],
            edges=[edge for edge in self.edges if edge.a in there and edge.b in there],
            links=[edge for edge in self.links if edge.a in there and edge.b in there],
            figures=[self.figures[at] for at in kept],
            further={name: column[kept] for name, column in self.further.items()},
        )

    def pairs(self) -> NDArray[np.intp]:
        """Neighbouring units as indices, shape (m, 2), links included."""
        at = {unit.code: index for index, unit in enumerate(self.units)}
        rows = [(at[edge.a], at[edge.b]) for edge in (*self.edges, *self.links)]
        return np.array(rows, dtype=np.intp).reshape(-1, 2)

    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each unit, degrees, shape (n, 2)."""
        return np.array([(unit.lon, unit.lat) for unit in self.units]).reshape(-1, 2)


def survey(
    session: Session, level: str, within: str | None = None, what: Balance | str = Measure.ACCOUNTS
) -> Ground:
    """The units of a level, in an area or all, as one connected ground with the actor's figures.

    Raises InvalidInput for a level or area that does not exist, Infeasible for a whole level that
    is in pieces.
    """
    units = places.units(session, level, within)
    ground = assemble(session, level, units, what=what)
    pieces = parts(len(ground), ground.pairs())
    if len(pieces) == 1:
        return ground
    if within is None:
        raise Infeasible(
            "{level} is not one connected area but {count}: {pieces}. Choose a part of it with"
            " --within, for example a country",
            level=level,
            count=len(pieces),
            pieces=_listed(units, pieces),
        )
    return replace(ground, links=_joining(session, units, pieces))


def assemble(
    session: Session,
    level: str,
    units: Sequence[GroundUnit],
    links: Sequence[Edge] = (),
    what: Balance | str = Measure.ACCOUNTS,
) -> Ground:
    """The ground these units of a level make up, joined by known links where it is in pieces."""
    codes = [unit.code for unit in units]
    edges = places.edges(session, level, among=codes)
    return replace(counted(session, units, what), edges=edges, links=links)


def counted(session: Session, units: Sequence[GroundUnit], what: Balance | str) -> Ground:
    """The units with what lies in them, without their neighbours."""
    codes = [unit.code for unit in units]
    found = figures.by_unit(session, codes)
    further = figures.further(session, codes, Balance.of(what))
    return Ground(
        units=units,
        edges=(),
        links=(),
        figures=[found.get(code, _NOTHING) for code in codes],
        further={
            name: np.array([held.get(code, 0.0) for code in codes], dtype=np.float64)
            for name, held in further.items()
        },
    )


def require_numbers(numbers: Numbers, ground: Ground) -> None:
    """A number from 0 up for each unit of the ground; those of units elsewhere are no matter."""
    for name, held in numbers.items():
        missing = [unit.code for unit in ground.units if unit.code not in held]
        if missing:
            raise InvalidInput(
                "{name} has no number for {units}: give one for each unit, 0 where there is"
                " nothing",
                name=name,
                units=listed(missing),
            )
        wrong = [unit for unit, each in held.items() if not 0 <= each < np.inf]
        if wrong:
            raise InvalidInput(
                "{name} of {unit} is {number}: give a number from 0 up",
                name=name,
                unit=wrong[0],
                number=f"{held[wrong[0]]:g}",
            )


def require_load(ground: Ground, what: Balance | str, named: Callable[[], str]) -> None:
    """Refuse a ground with nothing to balance; InvalidInput says what to do.

    What the ground is called is only asked for when it is refused.
    """
    for measure in Balance.of(what).counted:
        if _is_unknown(ground, measure) or not ground.column(measure).sum() > 0:
            raise _nothing_of(ground, measure, named())


def _is_unknown(ground: Ground, measure: str) -> bool:
    return measure == Measure.POPULATION and any(unit.population is None for unit in ground.units)


def _nothing_of(ground: Ground, measure: str, area: str) -> InvalidInput:
    if _is_unknown(ground, measure):
        return InvalidInput(
            "The population of {area} is not known for every unit: balance accounts or revenue",
            area=area,
        )
    if measure == Measure.POPULATION:
        return InvalidInput("Nobody lives in {area}: balance accounts or revenue", area=area)
    if measure not in set(Measure):
        return InvalidInput(
            "{measure} is 0 in every unit of {area}: there is nothing to share out",
            measure=measure,
            area=area,
        )
    if any(found.accounts for found in ground.figures):
        return _accounts_have_none(measure, area)
    return InvalidInput(
        "There are no accounts in {area}: import some (geocrm import accounts FILE), choose a"
        " level their units belong to, or balance population",
        area=area,
    )


def _accounts_have_none(measure: str, area: str) -> InvalidInput:
    if measure == Measure.REVENUE:
        return InvalidInput(
            "The accounts in {area} have no revenue: import orders, or balance accounts", area=area
        )
    if measure == Measure.ORDERS:
        return InvalidInput(
            "The accounts in {area} have no orders in the last 365 days: import orders, or balance"
            " accounts",
            area=area,
        )
    return InvalidInput(
        "The accounts in {area} have no visits: their visits a year are 0; change that, or balance"
        " accounts",
        area=area,
    )


def parts(n: int, pairs: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The connected parts of a graph of n nodes, the largest first."""
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    found = [np.flatnonzero(label == part) for part in range(count)]
    return sorted(found, key=lambda part: (-len(part), int(part[0])))


def _listed(units: Sequence[Unit], pieces: Sequence[NDArray[np.intp]]) -> tuple[str, ...]:
    shown = [listed([units[unit].name for unit in piece], 1) for piece in pieces[:4]]
    return (*shown, *(["..."] if len(pieces) > len(shown) else []))


def _joining(
    session: Session, units: Sequence[Unit], pieces: Sequence[NDArray[np.intp]]
) -> list[Edge]:
    """The shortest crossings that join the pieces (Kruskal on the crossings between coasts)."""
    codes = [unit.code for unit in units]
    rows = session.execute(select(Boundary.code, Boundary.geom).where(Boundary.code.in_(codes)))
    shape = {code: shapely.from_wkb(bytes(geom.data)) for code, geom in rows.all()}
    shapes = np.array([shape[code] for code in codes], dtype=object)
    crossings = neighbour_edges(shapes, np.full(len(codes), "area"), max_ferry_m=0.0)
    part_of = np.empty(len(codes), dtype=np.intp)
    for number, piece in enumerate(pieces):
        part_of[piece] = number
    chosen = []
    for row in np.argsort(crossings.length_m, kind="stable"):
        one, other = part_of[crossings.a[row]], part_of[crossings.b[row]]
        if crossings.kind[row] == FERRY and one != other:
            part_of[part_of == other] = one
            a, b = codes[crossings.a[row]], codes[crossings.b[row]]
            chosen.append(Edge(min(a, b), max(a, b), FERRY, float(crossings.length_m[row])))
    return chosen
