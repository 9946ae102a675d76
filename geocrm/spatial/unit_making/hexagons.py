"""Hexagons of one area over a plane, pointed at the top, on a lattice through its middle."""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import shapely
from numpy.typing import NDArray

from geocrm.spatial.unit_making.plane import Floats, Plane, Shapes

# An edge is drawn in pieces this long: on the globe a straight line of the plane is curved.
_PIECE_KM = 10.0
# Corners around a middle, in half widths and half radii, in order.
_CORNERS = np.array([(0, 2), (1, 1), (1, -1), (0, -2), (-1, -1), (-1, 1)])


def hexagon_area_km2(width_km: float) -> float:
    """The area of a hexagon that is so wide from side to side."""
    return sqrt(3) / 2 * width_km**2


@dataclass(frozen=True, slots=True)
class Hexagons:
    """A lattice of hexagons; each is `width_km` wide, which is how far middles lie apart."""

    plane: Plane
    width_km: float

    def __post_init__(self) -> None:
        """Refuse a width that is none."""
        if not (np.isfinite(self.width_km) and self.width_km > 0):
            raise ValueError(f"A hexagon cannot be {self.width_km} km wide")

    def over(self, ground: Shapes) -> NDArray[np.intp]:
        """Columns and rows, shape (n, 2), of the hexagons whose box touches the ground's boxes.

        The ground is in degrees of the plane.
        """
        parts = shapely.transform(shapely.get_parts(ground), self.plane.flat)
        boxes = shapely.bounds(parts)
        tree = shapely.STRtree(parts)
        found = []
        low, high = boxes[:, 1].min(), boxes[:, 3].max()
        for row in range(ceil(low / self._row_km) - 1, int(high // self._row_km) + 2):
            first = int(np.floor(boxes[:, 0].min() / self.width_km)) - 1
            last = int(np.ceil(boxes[:, 2].max() / self.width_km)) + 1
            cols = np.arange(first, last + 1)
            places = np.column_stack([cols, np.full(len(cols), row)])
            middles = self._middles(places)
            half = [self.width_km / 2, self._radius_km]
            squares = shapely.box(*(middles - half).T, *(middles + half).T)
            found.append(places[np.unique(tree.query(squares, predicate="intersects")[0])])
        return np.concatenate(found) if found else np.empty((0, 2), dtype=np.intp)

    def lines(self, places: NDArray[np.intp]) -> Shapes:
        """The edges of these hexagons, each once, as lines in degrees of the plane."""
        middle = np.column_stack([2 * places[:, 0] + (places[:, 1] & 1), 3 * places[:, 1]])
        corners = (middle[:, None, :] + _CORNERS).reshape(-1, 2)
        corner, which = np.unique(corners, axis=0, return_inverse=True)
        ring = which.reshape(-1, 6)
        edges = np.stack([ring, np.roll(ring, -1, axis=1)], axis=2).reshape(-1, 2)
        edges = np.unique(np.sort(edges, axis=1), axis=0)
        km = corner * [self.width_km / 2, self._radius_km / 2]
        return drawn(km[edges], self.plane, _PIECE_KM)

    def label(self, km: Floats) -> NDArray[np.int64]:
        """A number for the hexagon that holds each place of the plane, shape (n, 2)."""
        below = np.floor(km[:, 1] / self._row_km).astype(np.int64)
        rows = np.stack([below, below + 1], axis=1)
        odd = rows & 1
        cols = np.round(km[:, :1] / self.width_km - odd / 2).astype(np.int64)
        away = (km[:, :1] - (cols + odd / 2) * self.width_km) ** 2
        away += (km[:, 1:] - rows * self._row_km) ** 2
        nearer = np.argmin(away, axis=1)[:, None]
        row = np.take_along_axis(rows, nearer, axis=1)[:, 0]
        col = np.take_along_axis(cols, nearer, axis=1)[:, 0]
        # Rows from the north, and in them from the west, so that numbers read like a page.
        return -row * (1 << 31) + col

    def _middles(self, places: NDArray[np.intp]) -> Floats:
        x = (places[:, 0] + (places[:, 1] & 1) / 2) * self.width_km
        return np.column_stack([x, places[:, 1] * self._row_km])

    @property
    def _radius_km(self) -> float:
        return self.width_km / sqrt(3)

    @property
    def _row_km(self) -> float:
        return 1.5 * self._radius_km


def drawn(km: Floats, plane: Plane, piece_km: float) -> Shapes:
    """Segments of the plane, shape (m, 2, 2), as lines in degrees, in pieces of that length."""
    if not len(km):
        return np.empty(0, dtype=object)
    lines = shapely.segmentize(shapely.linestrings(km), piece_km)
    return np.asarray(shapely.transform(lines, plane.degrees), dtype=object)
