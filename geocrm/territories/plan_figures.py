"""How good any plan is: balance, wholeness, shape, and what it moves; arrays only, no database."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geocrm.spatial.districting import compactness, components
from geocrm.spatial.geodesy import EARTH_RADIUS_M, unit_vectors
from geocrm.territories.matching import twins
from geocrm.territories.plan_files import Matched
from geocrm.territories.text_tables import figure
from geocrm.territories.unit_files import UnitFile

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moved:
    """What lies in another territory than in an earlier plan, also as shares of the whole."""

    units: int
    load: Floats
    share: Floats


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """Figures of a plan of k territories by m measures; None where the file does not know enough.

    `load`, `deviation` have shape (k, m); `area_km2`, `polsby_popper`, `reock` (k,). `inertia` (k,)
    is load of the first measure x squared distance from the territory's centre, km2 in degrees.
    """

    measures: tuple[str, ...]
    labels: tuple[str, ...]
    units: NDArray[np.intp]
    load: Floats
    deviation: Floats
    # None where no neighbours are known.
    pieces: NDArray[np.intp] | None
    inertia: Floats | None
    area_km2: Floats | None
    polsby_popper: Floats | None
    reock: Floats | None
    cut_edges: int
    cut_length: float | None
    moved: Moved | None

    @property
    def max_deviation(self) -> Floats:
        """The largest distance from the mean, by measure, shape (m,)."""
        found: Floats = np.abs(self.deviation).max(axis=0)
        return found

    @property
    def in_pieces(self) -> tuple[str, ...]:
        """The territories that are not one piece."""
        if self.pieces is None:
            return ()
        return tuple(self.labels[at] for at in np.flatnonzero(self.pieces != 1).tolist())

    def document(self) -> dict[str, Any]:
        """The figures as JSON."""
        by_measure = list(enumerate(self.measures))
        return {
            "units": int(self.units.sum()),
            "territories": [self._territory(row) for row in range(len(self.labels))],
            "measures": {
                name: {
                    "ideal": figure(self.load[:, at].mean()),
                    "max_deviation": round(float(self.max_deviation[at]), 6),
                }
                for at, name in by_measure
            },
            "max_deviation": round(float(self.max_deviation[0]), 6),
            "contiguous": None if self.pieces is None else not self.in_pieces,
            "in_pieces": list(self.in_pieces),
            "inertia": None if self.inertia is None else figure(float(self.inertia.sum())),
            "polsby_popper": _mean(self.polsby_popper),
            "reock": _mean(self.reock),
            "cut_edges": self.cut_edges,
            "cut_length": self.cut_length,
            "moved": self._moved_document(),
        }

    def _territory(self, row: int) -> dict[str, Any]:
        def one(values: Floats | None, decimals: int = 4) -> float | None:
            known = values is not None and np.isfinite(values[row])
            return round(float(values[row]), decimals) if values is not None and known else None

        return {
            "id": self.labels[row],
            "units": int(self.units[row]),
            "loads": {n: figure(self.load[row, at]) for at, n in enumerate(self.measures)},
            "deviations": {
                name: round(float(self.deviation[row, at]), 6)
                for at, name in enumerate(self.measures)
            },
            "pieces": None if self.pieces is None else int(self.pieces[row]),
            "area_km2": one(self.area_km2, 2),
            "polsby_popper": one(self.polsby_popper),
            "reock": one(self.reock),
            "inertia": None if self.inertia is None else figure(float(self.inertia[row])),
        }

    def _moved_document(self) -> dict[str, Any] | None:
        if self.moved is None:
            return None
        return {
            "units": self.moved.units,
            "loads": {n: figure(self.moved.load[at]) for at, n in enumerate(self.measures)},
            "shares": {
                name: round(float(self.moved.share[at]), 6) for at, name in enumerate(self.measures)
            },
        }


def judge(units: UnitFile, plan: Matched, keep: Matched | None = None) -> PlanFigures:
    """The figures of a plan; with `keep` also what it moves against that earlier plan.

    The territories of both plans are matched by what they share, so another name moves nothing.
    """
    k, home = len(plan.labels), plan.district
    load = np.zeros((k, units.weights.shape[1]))
    np.add.at(load, home, units.weights)
    ideal = load.mean(axis=0)
    deviation = np.divide(load, ideal, out=np.ones_like(load), where=ideal > 0) - 1
    ends = home[units.edges]
    cut = ends[:, 0] != ends[:, 1]
    area, popper, circle = _shape_scores(units, home, k)
    return PlanFigures(
        measures=units.measures,
        labels=plan.labels,
        units=np.bincount(home, minlength=k),
        load=load,
        deviation=deviation,
        pieces=_pieces(units, home, k),
        inertia=_inertia(units, home, k),
        area_km2=area,
        polsby_popper=popper,
        reock=circle,
        cut_edges=int(cut.sum()),
        cut_length=None if units.edge_length is None else float(units.edge_length[cut].sum()),
        moved=None if keep is None else _moved(units, plan, keep),
    )


def _pieces(units: UnitFile, home: NDArray[np.intp], k: int) -> NDArray[np.intp] | None:
    if len(units) > 1 and not len(units.edges):
        return None
    inside = units.edges[home[units.edges[:, 0]] == home[units.edges[:, 1]]]
    _, first = np.unique(components(len(home), inside), return_index=True)
    return np.bincount(home[first], minlength=k)


def _inertia(units: UnitFile, home: NDArray[np.intp], k: int) -> Floats | None:
    if units.lon is not None and units.lat is not None:
        place = unit_vectors(units.lon, units.lat) * (EARTH_RADIUS_M / 1000)
    elif units.x is not None and units.y is not None:
        place = np.column_stack([units.x, units.y])
    else:
        return None
    weight = units.weights[:, 0]
    mass = np.bincount(home, weights=weight, minlength=k)
    moment = np.zeros((k, place.shape[1]))
    np.add.at(moment, home, weight[:, None] * place)
    middle = np.divide(moment, mass[:, None], out=np.zeros_like(moment), where=mass[:, None] > 0)
    square = ((place - middle[home]) ** 2).sum(axis=1)
    return np.bincount(home, weights=weight * square, minlength=k).astype(np.float64)


def _shape_scores(
    units: UnitFile, home: NDArray[np.intp], k: int
) -> tuple[Floats | None, Floats | None, Floats | None]:
    if units.shapes is None:
        if units.area_km2 is None:
            return None, None, None
        return np.bincount(home, weights=units.area_km2, minlength=k).astype(float), None, None
    return compactness.scores(dissolved(units.shapes, home, k))


def dissolved(shapes: NDArray[np.object_], home: NDArray[np.intp], k: int) -> NDArray[np.object_]:
    """The outline of each territory, shape (k,); an empty one where it has no units."""
    return np.array([shapely.union_all(shapes[home == at]) for at in range(k)], dtype=object)


def _moved(units: UnitFile, plan: Matched, keep: Matched) -> Moved:
    before = twins(keep.district, plan.district, units.weights[:, 0])
    moved = before[plan.district] != keep.district
    load = units.weights[moved].sum(axis=0)
    total = units.weights.sum(axis=0)
    share = np.divide(load, total, out=np.zeros_like(load), where=total > 0)
    return Moved(int(moved.sum()), load, share)


def _mean(values: Floats | None) -> float | None:
    if values is None or not np.isfinite(values).any():
        return None
    return round(float(np.nanmean(values)), 4)
