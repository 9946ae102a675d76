"""Areas that people draw or send, checked before the database sees them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import shapely
from shapely.affinity import translate
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geocrm.errors import InvalidInput

MAX_VERTICES: Final = 10_000
# Corners of one ring: three and the first again.
_SHORTEST_RING = 4
# A map that is panned around the globe goes on counting beyond 180; one turn either way is read.
_FARTHEST = 540.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """An area as it is used, and in sentences what was read otherwise than it was drawn."""

    shape: MultiPolygon
    corners: int
    notes: tuple[str, ...] = ()


def area(geojson: Any) -> MultiPolygon:
    """The area of a GeoJSON Polygon or MultiPolygon; see `read`."""
    return read(geojson).shape


def read(geojson: Any) -> Drawn:
    """The area of a GeoJSON Polygon or MultiPolygon, repaired where that has one meaning.

    Rings that cross themselves are repaired, and an area that goes on beyond the 180th meridian
    becomes two parts. Raises InvalidInput for anything else, for open rings, more than
    `MAX_VERTICES` corners, positions that are no numbers or not on the globe, edges that span more
    than half the globe, and for an area of nothing.
    """
    if not isinstance(geojson, dict) or geojson.get("type") not in ("Polygon", "MultiPolygon"):
        raise InvalidInput("An area must be a GeoJSON Polygon or MultiPolygon")
    coordinates = geojson.get("coordinates")
    polygons = [coordinates] if geojson["type"] == "Polygon" else coordinates
    rough = [[_items(ring) for ring in _items(polygon)] for polygon in _items(polygons)]
    if not rough or not all(rough):
        raise InvalidInput("The area has no rings")
    corners = sum(len(ring) for polygon in rough for ring in polygon)
    if corners > MAX_VERTICES:
        raise InvalidInput(
            "The area has {corners} corners; simplify it to at most {most}",
            corners=corners,
            most=MAX_VERTICES,
        )
    rings = [[_ring(ring) for ring in polygon] for polygon in rough]
    drawn = MultiPolygon([Polygon(outer, holes) for outer, *holes in rings])
    shape, notes = _valid(drawn), []
    if not drawn.is_valid:
        notes.append("The area crosses itself: all it encloses counts")
    west, _, east, _ = shape.bounds
    if west < -180 or east > 180:
        shape = _cut(shape)
        notes.append("The area crosses the 180th meridian: it was cut there")
    return Drawn(shape, corners, tuple(notes))


def _ring(positions: Sequence[Any]) -> list[tuple[float, float]]:
    ring = [_position(each) for each in positions]
    if len(ring) < _SHORTEST_RING:
        raise InvalidInput("A ring of the area has fewer than three corners")
    if ring[0] != ring[-1]:
        raise InvalidInput(
            "A ring of the area is not closed: it starts at {start} and ends at {end};"
            " repeat the first position at the end",
            start=str(list(ring[0])),
            end=str(list(ring[-1])),
        )
    for start, end in pairwise(ring):
        # From -180 to 180 is the whole globe and nothing else.
        if 180 < abs(end[0] - start[0]) < 360:
            raise InvalidInput(
                "The edge from {start} to {end} spans more than half the globe. If it crosses"
                " the 180th meridian, go on counting: 181 instead of -179; if it does not, put a"
                " corner in its middle",
                start=str(list(start)),
                end=str(list(end)),
            )
    return ring


def _position(pair: Any) -> tuple[float, float]:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or not 2 <= len(pair) <= 3:
        raise InvalidInput(
            "{position} is not a position: write [longitude, latitude]", position=_short(pair)
        )
    lon, lat = pair[0], pair[1]
    if not (_is_number(lon) and _is_number(lat)):
        raise InvalidInput(
            "{position} is not a position: both must be finite numbers", position=_short(pair)
        )
    if abs(lat) > 90 and abs(lon) <= 90 and abs(lat) <= 180:
        raise InvalidInput(
            "{position} looks swapped: longitude comes first, then latitude", position=_short(pair)
        )
    if abs(lon) > _FARTHEST or abs(lat) > 90:
        raise InvalidInput(
            "{position} lies outside the globe: longitude is -180 to 180, latitude -90 to 90",
            position=_short(pair),
        )
    return float(lon), float(lat)


def _cut(shape: MultiPolygon) -> MultiPolygon:
    """The area with what lies beyond the 180th meridian brought to its other side."""
    west, _, east, _ = shape.bounds
    if east - west > 360:
        raise InvalidInput("The area is wider than the globe: keep it within 360 degrees")
    parts: list[Polygon] = []
    for turn in (-360, 0, 360):
        strip = shapely.intersection(shape, shapely.box(turn - 180, -90, turn + 180, 90))
        parts += _polygons(translate(strip, -turn))
    return MultiPolygon(list(_polygons(shapely.unary_union(parts))))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _items(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidInput(
            "{value} stands where the area needs a list of positions", value=_short(value)
        )
    return value


def _valid(shape: MultiPolygon) -> MultiPolygon:
    if not shape.is_valid:
        try:
            repaired = shapely.make_valid(shape)
        except ShapelyError as error:
            raise InvalidInput("The area cannot be repaired: {why}", why=str(error)) from error
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
