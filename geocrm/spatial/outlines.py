"""Outlines that cross themselves: told from those nobody can have meant, and repaired.

A repair splits edges where they cross, and edges of n corners can cross n * n / 2 times: an outline
of a few hundred kilobytes would take gigabytes. So crossings are counted first, and only up to a
limit.
"""

from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

# A hand that scribbles crosses its own line a few dozen times. Repairing 1,000 crossings takes
# about a tenth of a second, and ten times as many takes a hundred times as long.
MAX_CROSSINGS: Final = 1_000
# Edges whose boxes touch, an edge and itself included; about 4 an edge on a coast. Where each lies
# over all others, asking whether an outline is valid takes seconds.
_NEAR_PER_EDGE: Final = 20
_NEAR_ANYWAY: Final = 50_000
_EDGES_AT_ONCE: Final = 32


def is_tangled(shape: BaseGeometry) -> bool:
    """Whether the edges of a polygonal shape cross, or lie over each other, too often to repair.

    Crossings of two different rings count as well. Takes time in proportion to the corners.
    """
    edges = _edges(shape)
    lines: Any = shapely.linestrings(edges)
    tree = shapely.STRtree(lines)
    room = _NEAR_ANYWAY + _NEAR_PER_EDGE * len(edges)
    crossings = 0
    for start in range(0, len(edges), _EDGES_AT_ONCE):
        some = edges[start : start + _EDGES_AT_ONCE]
        one, other = tree.query(lines[start : start + _EDGES_AT_ONCE])
        room -= len(one)
        # Each pair is found from both its ends.
        once = other > one + start
        crossings += int(_cross(some[one[once]], edges[other[once]]).sum())
        if room < 0 or crossings > MAX_CROSSINGS:
            return True
    return False


def repaired(shape: BaseGeometry) -> MultiPolygon:
    """The valid area of a shape that `is_tangled` does not refuse; empty when it encloses nothing.

    All that an outer ring goes around counts, also twice, and what holes take away is taken away.
    """
    valid = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(shapely.get_parts(valid))
    return MultiPolygon([each for each in parts if isinstance(each, Polygon) and each.area > 0])


def _edges(shape: BaseGeometry) -> NDArray[np.float64]:
    """Every edge of the rings, shape (n, 2, 2)."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    return np.stack([corners[:-1][same], corners[1:][same]], axis=1)


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether pairs of edges cross between their ends."""
    return (_sides(one, other) < 0) & (_sides(other, one) < 0)


def _sides(line: NDArray[np.float64], edge: NDArray[np.float64]) -> NDArray[np.float64]:
    """Negative where the ends of the edge lie on both sides of the line."""
    along = line[:, 1] - line[:, 0]
    first, last = (
        along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]
        for away in (edge[:, 0] - line[:, 0], edge[:, 1] - line[:, 0])
    )
    sides: NDArray[np.float64] = np.sign(first) * np.sign(last)
    return sides
