"""A plane for one stretch of ground, in kilometres, that keeps areas and has no seam.

Degrees of a plane run on beyond 180 where the ground does, so that both sides of the meridian lie
beside each other; `wrapped` brings them back.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj

from geocrm.spatial.geodesy import EARTH_RADIUS_M

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Plane:
    """Lambert's azimuthal equal-area projection about the middle of the ground, on the sphere."""

    lon: float
    lat: float

    @classmethod
    def of(cls, ground: Shapes) -> "Plane":
        """The plane for polygons in degrees; raises ValueError when there are none."""
        boxes = shapely.bounds(shapely.get_parts(ground))
        if not len(boxes):
            raise ValueError("There is no ground to lay a plane on")
        lat = (boxes[:, 1].min() + boxes[:, 3].max()) / 2
        return cls(_middle(boxes[:, [0, 2]]), float(lat))

    def unwrapped(self, shapes: Shapes) -> Shapes:
        """Shapes with longitudes within 180 degrees of the middle."""
        parts, owner = shapely.get_parts(shapes, return_index=True)
        boxes = shapely.bounds(parts)
        turns = np.round(((boxes[:, 0] + boxes[:, 2]) / 2 - self.lon) / 360)
        return _multi(_moved(parts, -360 * turns), owner, len(shapes))

    def wrapped(self, shapes: Shapes) -> Shapes:
        """Shapes with longitudes in [-180, 180]; no part may cross the meridian."""
        parts, owner = shapely.get_parts(shapes, return_index=True)
        boxes = shapely.bounds(parts)
        turns = np.round((boxes[:, 0] + boxes[:, 2]) / 2 / 360)
        return _multi(_moved(parts, -360 * turns), owner, len(shapes))

    def flat(self, lonlat: Floats) -> Floats:
        """Degrees, shape (n, 2), as kilometres east and north of the middle."""
        return np.column_stack(self._projection()(lonlat[:, 0], lonlat[:, 1])) / 1000

    def degrees(self, km: Floats) -> Floats:
        """Kilometres, shape (n, 2), as degrees that run on beyond 180."""
        lon, lat = self._projection()(km[:, 0] * 1000, km[:, 1] * 1000, inverse=True)
        turns = np.round((np.asarray(lon) - self.lon) / 360)
        return np.column_stack([lon - 360 * turns, lat])

    def area_km2(self, shapes: Shapes) -> Floats:
        """Areas of shapes in degrees."""
        found: Floats = shapely.area(shapely.transform(shapes, self.flat))
        return found

    def _projection(self) -> Proj:
        return Proj(proj="laea", lon_0=self.lon, lat_0=self.lat, R=EARTH_RADIUS_M)


def _middle(spans: Floats) -> float:
    """The longitude opposite the middle of the widest gap between spans (n, 2) of longitudes."""
    spans = spans[np.argsort(spans[:, 0])]
    reach = np.maximum.accumulate(spans[:, 1])
    gaps = np.append(spans[1:, 0] - reach[:-1], spans[0, 0] + 360 - reach[-1])
    widest = int(np.argmax(gaps))
    centre = reach[widest] + gaps[widest] / 2 - 180
    return float((centre + 180) % 360 - 180)


def _moved(parts: Shapes, by: Floats) -> Shapes:
    moved = parts.copy()
    for shift in np.unique(by[by != 0]).tolist():
        these = by == shift
        moved[these] = shapely.transform(parts[these], partial(np.add, [shift, 0.0]))
    return moved


def _multi(parts: Shapes, owner: NDArray[np.intp], n: int) -> Shapes:
    found = np.full(n, shapely.MultiPolygon(), dtype=object)
    there = np.unique(owner)
    found[there] = shapely.multipolygons(parts, indices=np.searchsorted(there, owner))
    return found
