"""Areas that people draw or send, checked before the database sees them."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geocrm.errors import InvalidInput

MAX_VERTICES: Final = 10_000
# Corners of one ring: three and the first again.
_SHORTEST_RING = 4


def area(geojson: Any) -> MultiPolygon:
    """The area of a GeoJSON Polygon or MultiPolygon, repaired where its rings cross themselves.

    Raises InvalidInput for anything else, for open rings, more than `MAX_VERTICES` corners,
    positions that are no numbers or not on the globe, and for an area of nothing.
    """
    if not isinstance(geojson, dict) or geojson.get("type") not in ("Polygon", "MultiPolygon"):
        raise InvalidInput("An area must be a GeoJSON Polygon or MultiPolygon")
    coordinates = geojson.get("coordinates")
    polygons = [coordinates] if geojson["type"] == "Polygon" else coordinates
    rings = [[_ring(ring) for ring in _items(polygon)] for polygon in _items(polygons)]
    if not rings or not all(rings):
        raise InvalidInput("The area has no rings")
    corners = sum(len(ring) for polygon in rings for ring in polygon)
    if corners > MAX_VERTICES:
        raise InvalidInput(
            f"The area has {corners:,} corners; simplify it to at most {MAX_VERTICES:,}"
        )
    return _valid(MultiPolygon([Polygon(outer, holes) for outer, *holes in rings]))


def _ring(positions: Any) -> list[tuple[float, float]]:
    ring = [_position(each) for each in _items(positions)]
    if len(ring) < _SHORTEST_RING:
        raise InvalidInput("A ring of the area has fewer than three corners")
    if ring[0] != ring[-1]:
        raise InvalidInput(
            f"A ring of the area is not closed: it starts at {list(ring[0])} and ends at"
            f" {list(ring[-1])}; repeat the first position at the end"
        )
    return ring


def _position(pair: Any) -> tuple[float, float]:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or not 2 <= len(pair) <= 3:
        raise InvalidInput(f"{_short(pair)} is not a position: write [longitude, latitude]")
    lon, lat = pair[0], pair[1]
    if not (_is_number(lon) and _is_number(lat)):
        raise InvalidInput(f"{_short(pair)} is not a position: both must be finite numbers")
    if abs(lat) > 90 and abs(lon) <= 90 and abs(lat) <= 180:
        raise InvalidInput(f"{_short(pair)} looks swapped: longitude comes first, then latitude")
    if abs(lon) > 180 or abs(lat) > 90:
        raise InvalidInput(
            f"{_short(pair)} lies outside the globe: longitude is -180 to 180, latitude -90 to 90;"
            " an area across the 180th meridian is a MultiPolygon of two parts"
        )
    return float(lon), float(lat)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _items(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidInput(f"{_short(value)} stands where the area needs a list of positions")
    return value


def _valid(shape: MultiPolygon) -> MultiPolygon:
    if not shape.is_valid:
        try:
            repaired = shapely.make_valid(shape)
        except ShapelyError as error:
            raise InvalidInput(f"The area cannot be repaired: {error}") from error
        shape = MultiPolygon(list(_polygons(repaired)))
    if shape.is_empty or not shape.area > 0:
        raise InvalidInput("The area is empty: its corners lie on one line")
    return shape


def _polygons(shape: BaseGeometry) -> Iterator[Polygon]:
    """The parts that have an area; lines and points left by a repair go."""
    if isinstance(shape, Polygon):
        if shape.area > 0:
            yield shape
    else:
        for part in getattr(shape, "geoms", ()):
            yield from _polygons(part)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
