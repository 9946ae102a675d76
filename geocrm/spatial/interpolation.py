"""Where a house number lies between two known ones, along the line of its street."""

import numpy as np
import shapely


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


def _joined(line: shapely.Geometry | None) -> shapely.Geometry | None:
    """The line as one piece, or None."""
    if line is None or shapely.is_empty(line):
        return None
    merged = shapely.line_merge(line)
    return merged if merged.geom_type == "LineString" else None
