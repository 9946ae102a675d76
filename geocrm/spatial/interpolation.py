"""Where a house number lies between two known ones, along the line of its street."""

import numpy as np
import shapely

from geocrm.spatial.geodesy import METRES_PER_DEGREE


def between(
    line: shapely.Geometry | None,
    low: tuple[float, float],
    high: tuple[float, float],
    fraction: float,
) -> tuple[float, float]:
    """The point at `fraction` (0 to 1) of the way from `low` to `high`, each (lon, lat) in degrees.

    The way follows `line` (a line or several that join into one; degrees), at the two points' own
    distance from it, so that houses stay on their side of the street. Without a line, or where it
    does not join into one, the way is straight. Good over a few kilometres.
    """
    ends = np.array([low, high])
    straight = ends[0] + (ends[1] - ends[0]) * fraction
    curve = _joined(line)
    if curve is None:
        return float(straight[0]), float(straight[1])
    scale = np.array([np.cos(np.radians(ends[:, 1].mean())), 1.0])
    flat = shapely.LineString(shapely.get_coordinates(curve) * scale)
    points = shapely.points(ends * scale)
    at = shapely.line_locate_point(flat, points)
    feet = shapely.get_coordinates(shapely.line_interpolate_point(flat, at))
    offsets = ends * scale - feet
    foot = shapely.get_coordinates(
        shapely.line_interpolate_point(flat, at[0] + (at[1] - at[0]) * fraction)
    )[0]
    found = (foot + offsets[0] + (offsets[1] - offsets[0]) * fraction) / scale
    return float(found[0]), float(found[1])


def beyond(
    line: shapely.Geometry | None,
    behind: tuple[float, float],
    last: tuple[float, float],
    ahead_m: float,
) -> tuple[float, float]:
    """The point `ahead_m` metres after `last` on the way from `behind`, each (lon, lat) in degrees.

    The way follows `line` as in `between`, at the last point's own distance from it, and ends where
    the line does; without a line it goes straight on.
    """
    ends = np.array([behind, last])
    scale = np.array([np.cos(np.radians(ends[:, 1].mean())), 1.0])
    flat_ends, ahead = ends * scale, ahead_m / METRES_PER_DEGREE
    curve = _joined(line)
    if curve is None:
        step = flat_ends[1] - flat_ends[0]
        length = float(np.hypot(*step))
        found = flat_ends[1] + (step / length * ahead if length else 0.0)
    else:
        flat = shapely.LineString(shapely.get_coordinates(curve) * scale)
        at = shapely.line_locate_point(flat, shapely.points(flat_ends))
        onward = at[1] + (ahead if at[1] >= at[0] else -ahead)
        onward = min(max(onward, 0.0), shapely.length(flat))
        feet = shapely.get_coordinates(shapely.line_interpolate_point(flat, [at[1], onward]))
        found = feet[1] + flat_ends[1] - feet[0]
    lon, lat = found / scale
    return float(lon), float(lat)


def _joined(line: shapely.Geometry | None) -> shapely.Geometry | None:
    """The line as one piece, or None."""
    if line is None or shapely.is_empty(line):
        return None
    merged = shapely.line_merge(line)
    return merged if merged.geom_type == "LineString" else None
