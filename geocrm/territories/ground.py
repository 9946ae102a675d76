"""The ground a plan divides: its units, which of them lie beside each other, what lies in each.

Neighbours are those of the layer, ferries included, as far as both lie in the chosen area. Where
that leaves the area in several pieces (the two ends of a province of islands), the shortest
crossings that join the pieces are added and named, by the rule that joins a country. A whole level
in several pieces is refused: nobody serves several continents from one car.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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
from geocrm.territories.figures import UnitFigures
from geocrm.territories.models import Measure

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

    def __len__(self) -> int:
        return len(self.units)

    def load(self, measure: Measure) -> NDArray[np.float64]:
        """What each unit adds to its territory, shape (n,)."""
        pairs = zip(self.units, self.figures, strict=True)
        return np.array([f.of(measure, unit.population) for unit, f in pairs], dtype=np.float64)

    def fingerprint(self, measure: Measure) -> str:
        """A checksum of what lies in each unit; equal for the same customers, orders or people."""
        lines = sorted(
            f"{unit.code},{load!r}"
            for unit, load in zip(self.units, self.load(measure).tolist(), strict=True)
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
        )

    def pairs(self) -> NDArray[np.intp]:
        """Neighbouring units as indices, shape (m, 2), links included."""
        at = {unit.code: index for index, unit in enumerate(self.units)}
        rows = [(at[edge.a], at[edge.b]) for edge in (*self.edges, *self.links)]
        return np.array(rows, dtype=np.intp).reshape(-1, 2)

    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each unit, degrees, shape (n, 2)."""
        return np.array([(unit.lon, unit.lat) for unit in self.units]).reshape(-1, 2)


def survey(session: Session, level: str, within: str | None = None) -> Ground:
    """The units of a level, in an area or all, as one connected ground with the actor's figures.

    Raises InvalidInput for a level or area that does not exist, Infeasible for a whole level that
    is in pieces.
    """
    units = places.units(session, level, within)
    ground = assemble(session, level, units)
    pieces = parts(len(ground), ground.pairs())
    if len(pieces) == 1:
        return ground
    if within is None:
        raise Infeasible(
            f"{level} is not one connected area but {len(pieces)}: {_listed(units, pieces)}."
            " Choose a part of it with --within, for example a country"
        )
    return replace(ground, links=_joining(session, units, pieces))


def assemble(
    session: Session,
    level: str,
    units: Sequence[GroundUnit],
    links: Sequence[Edge] = (),
) -> Ground:
    """The ground these units of a level make up, joined by known links where it is in pieces."""
    codes = [unit.code for unit in units]
    found = figures.by_unit(session, codes)
    return Ground(
        units=units,
        edges=places.edges(session, level, among=codes),
        links=links,
        figures=[found.get(code, _NOTHING) for code in codes],
    )


def require_load(ground: Ground, measure: Measure, area: str) -> None:
    """Refuse a ground with nothing to balance; InvalidInput says what to do."""
    if measure is Measure.POPULATION and any(unit.population is None for unit in ground.units):
        raise InvalidInput(
            f"The population of {area} is not known for every unit: balance accounts or revenue"
        )
    if ground.load(measure).sum() > 0:
        return
    if measure is Measure.POPULATION:
        raise InvalidInput(f"Nobody lives in {area}: balance accounts or revenue")
    if measure is Measure.REVENUE and any(found.accounts for found in ground.figures):
        raise InvalidInput(
            f"The accounts in {area} have no revenue: import orders, or balance accounts"
        )
    raise InvalidInput(
        f"There are no accounts in {area}: import some (geocrm import accounts FILE), choose a"
        " level their units belong to, or balance population"
    )


def parts(n: int, pairs: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The connected parts of a graph of n nodes, the largest first."""
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    found = [np.flatnonzero(label == part) for part in range(count)]
    return sorted(found, key=lambda part: (-len(part), int(part[0])))


def _listed(units: Sequence[Unit], pieces: Sequence[NDArray[np.intp]]) -> str:
    shown = [
        f"{units[piece[0]].name}" + (f" and {len(piece) - 1} more" if len(piece) > 1 else "")
        for piece in pieces[:4]
    ]
    return "; ".join(shown) + ("; ..." if len(pieces) > len(shown) else "")


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
