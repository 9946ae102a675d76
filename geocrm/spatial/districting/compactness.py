"""How compact shapes are: Polsby-Popper and Reock, on a map that keeps areas."""

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geocrm.spatial.geodesy import EARTH_RADIUS_M

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

# A hair less than the 180th meridian, for corners that were rounded.
_SEAM = 180 - 1e-6


def polsby_popper(area: ArrayLike, perimeter: ArrayLike) -> Floats:
    """4 pi area / perimeter squared: 1 for a circle, towards 0 for a thread; nan without perimeter.

    Parameters
    ----------
    area, perimeter
        Same shape, >= 0, in one unit of length and its square.

    Notes
    -----
    D. Polsby and R. Popper (1991), The third criterion, Yale Law and Policy Review 9(2).
    """
    ground, around = np.asarray(area, dtype=np.float64), np.asarray(perimeter, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        score: Floats = np.where(around > 0, 4 * np.pi * ground / around**2, np.nan)
    return score


def reock(area: ArrayLike, radius: ArrayLike) -> Floats:
    """The share of its smallest surrounding circle that a shape fills: 1 for a circle.

    Parameters
    ----------
    area, radius
        Same shape, >= 0: of the shape, and of the smallest circle around it.

    Notes
    -----
    E. C. Reock (1961), Measuring compactness, Midwest Journal of Political Science 5(1).
    """
    ground, reach = np.asarray(area, dtype=np.float64), np.asarray(radius, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        score: Floats = np.where(reach > 0, ground / (np.pi * reach**2), np.nan)
    return score


def on_equal_area(shapes: Shapes) -> Shapes:
    """Shapes in degrees WGS84, each on a map of its own in metres, which keeps its area.

    Lambert's azimuthal equal-area projection of the sphere about the middle of each shape: within
    1,000 km of it lengths are off by less than 0.4 %. Sides are straight on the map, so long ones
    should carry corners between.
    """
    middle = _middles(shapes)
    corners, owner = shapely.get_coordinates(shapes, return_index=True)
    lon0, lat0 = np.radians(middle[owner]).T
    lon, lat = np.radians(corners).T
    cosine = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(lon - lon0)
    # The far end of the globe has no place on the map; nothing that is a territory reaches it.
    scale = EARTH_RADIUS_M * np.sqrt(2 / np.maximum(1 + cosine, 1e-9))
    x = scale * np.cos(lat) * np.sin(lon - lon0)
    y = scale * (np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(lon - lon0))
    flat = np.asarray(shapes, dtype=object).copy()
    return np.asarray(shapely.set_coordinates(flat, np.column_stack([x, y])), dtype=object)


def scores(shapes: Shapes) -> tuple[Floats, Floats, Floats]:
    """Area in km2, Polsby-Popper and Reock of (multi)polygons in degrees, each shape (n,)."""
    flat = on_equal_area(_seamless(shapes))
    area = shapely.area(flat)
    around = shapely.minimum_bounding_radius(flat)
    return area / 1e6, polsby_popper(area, shapely.length(flat)), reock(area, around)


def _seamless(shapes: Shapes) -> Shapes:
    """Shapes that were cut in two at the 180th meridian as one: the cut is no border of theirs."""
    west, _, east, _ = shapely.bounds(shapes).T
    found = np.asarray(shapes, dtype=object).copy()
    for at in np.flatnonzero((west <= -_SEAM) & (east >= _SEAM)).tolist():
        found[at] = _joined_at_seam(found[at])
    return found


def _joined_at_seam(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    west, _, east, _ = shapely.bounds(parts).T
    # What goes all the way round (a pole's cap) cannot be laid out so.
    if ((west <= -_SEAM) & (east >= _SEAM)).any():
        return shape
    corners, owner = shapely.get_coordinates(parts, return_index=True)
    corners[:, 0] += np.where(east[owner] <= 0, 360.0, 0.0)
    return shapely.union_all(shapely.set_coordinates(parts.copy(), corners))


def _middles(shapes: Shapes) -> Floats:
    """The middle of each shape's corners on the globe, degrees; no seam at 180."""
    corners, owner = shapely.get_coordinates(shapes, return_index=True)
    lon, lat = np.radians(corners).T
    sums = [
        np.bincount(owner, weights=part, minlength=len(shapes))
        for part in (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    ]
    x, y, z = sums
    found: Floats = np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))]))
    return found
