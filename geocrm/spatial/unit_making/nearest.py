"""Which customer lies nearest (Voronoi's diagram), told only by the cell of that customer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

from geocrm.spatial.unit_making.hexagons import drawn
from geocrm.spatial.unit_making.plane import Floats, Plane, Shapes

# A line this long bends less than a decimetre between plane and globe: two neighbours' houses.
_PIECE_KM = 2.0
# Lines go on this far beyond the customers' and the ground's own extent.
_BEYOND = 5.0


@dataclass(frozen=True, slots=True)
class Nearest:
    """Ground by the cell of the nearest customer.

    `km`, shape (n, 2), are places of the plane, all different; `cell`, shape (n,), their cells.
    """

    plane: Plane
    km: Floats
    cell: NDArray[np.intp]

    def lines(self, ground: Shapes) -> Shapes:
        """Lines halfway between customers of different cells, as far as the ground reaches."""
        box = shapely.total_bounds(shapely.transform(ground, self.plane.flat))
        corners = np.concatenate([self.km, box.reshape(2, 2)])
        middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
        reach = max(float(np.abs(corners - middle).max()), 1.0) * _BEYOND
        turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ring = middle + reach * np.column_stack([np.cos(turn), np.sin(turn)])
        diagram = Voronoi(np.concatenate([self.km, ring]))
        cell = np.append(self.cell, np.full(len(ring), -1))
        beside, ends = diagram.ridge_points, np.asarray(diagram.ridge_vertices)
        apart = (cell[beside[:, 0]] != cell[beside[:, 1]]) & (ends >= 0).all(axis=1)
        apart &= (beside < len(self.km)).all(axis=1)
        return drawn(_clipped(diagram.vertices[ends[apart]], box), self.plane, _PIECE_KM)

    def label(self, km: Floats) -> NDArray[np.int64]:
        """The cell of the customer nearest to each place of the plane, shape (n, 2)."""
        return self.cell[cKDTree(self.km).query(km)[1]].astype(np.int64)


def _clipped(segments: Floats, box: Floats) -> Floats:
    """Segments as far as they lie in the box, a little widened."""
    if not len(segments):
        return segments
    room = 1.0 + 0.01 * float((box[2:] - box[:2]).max())
    inside: Any = shapely.clip_by_rect(
        shapely.linestrings(segments), *(box[:2] - room), *(box[2:] + room)
    )
    inside = inside[~shapely.is_empty(inside)]
    kept = shapely.get_type_id(inside) == shapely.GeometryType.LINESTRING
    return shapely.get_coordinates(inside[kept]).reshape(-1, 2, 2)
