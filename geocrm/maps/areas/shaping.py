"""From the features of a file to areas: polygons in WGS84, valid, of a size that can be used."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely import MultiPolygon, Polygon
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from geocrm.errors import InvalidInput
from geocrm.spatial import outlines

MAX_AREAS: Final = 500
MAX_TOTAL_CORNERS: Final = 500_000
# As many as the filter language takes.
MAX_CORNERS: Final = 10_000
_NAME_FIELDS: Final = (
    "name", "nama", "label", "title", "judul", "nama_area", "area", "region", "wilayah", "id",
)  # fmt: skip
_LONGEST_NAME: Final = 120
_DEGREE_M: Final = 111_320
# Simplified by so much at first, in degrees: about a metre.
_FIRST_TOLERANCE: Final = 1e-5
_LAST_TOLERANCE: Final = 0.05


class Feature(NamedTuple):
    """A feature of a file; without a shape there is a reason."""

    number: int
    fields: Mapping[str, Any]
    shape: BaseGeometry | None
    reason: str = ""


class Layer(NamedTuple):
    """Features that share a coordinate system; None when the file does not say which."""

    called: str
    features: list[Feature]
    crs: str | None
    kind: str


class _LeftOut(Exception):
    """Why a feature is no area."""


@dataclass
class Shaped:
    """What became of a file."""

    areas: list[tuple[str, MultiPolygon]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def shape_layers(layers: list[Layer]) -> Shaped:
    """The areas of a file; InvalidInput when none is left, with the reasons."""
    result = Shaped()
    for layer in layers:
        _shape_layer(layer, result)
    if len(result.areas) > MAX_AREAS:
        raise InvalidInput(
            f"{layers[0].called} has {len(result.areas):,} areas; bring at most {MAX_AREAS}"
        )
    if not result.areas:
        reasons = "; ".join(result.left_out[:3]) or "it has no features"
        raise InvalidInput(f"{layers[0].called} holds no area: {reasons}")
    return result


def _shape_layer(layer: Layer, result: Shaped) -> None:
    shapes = [f.shape for f in layer.features if f.shape is not None]
    total = int(shapely.get_num_coordinates(np.array(shapes, dtype=object)).sum())
    if total > MAX_TOTAL_CORNERS:
        raise InvalidInput(
            f"{layer.called} has {total:,} corners; bring at most {MAX_TOTAL_CORNERS:,}: simplify"
            " the shapes"
        )
    transform = _to_wgs84(layer, shapes, result)
    for feature in layer.features:
        name = _name(feature, layer)
        where = f"{layer.called}, feature {feature.number} ({name})"
        try:
            area = _area(feature, transform, where, result)
        except _LeftOut as reason:
            result.left_out.append(f"{where}: {reason}")
        else:
            result.areas.append((name, area))


def _name(feature: Feature, layer: Layer) -> str:
    by_lower = {str(key).lower(): value for key, value in feature.fields.items()}
    for key in _NAME_FIELDS:
        value = by_lower.get(key)
        if isinstance(value, str | int) and str(value).strip():
            printable = "".join(letter for letter in str(value) if letter.isprintable())
            return printable.strip()[:_LONGEST_NAME] or f"Area {feature.number}"
    stem = layer.called.rpartition(".")[0] or layer.called
    return f"{stem[: _LONGEST_NAME - 8]} {feature.number}"


class _Transform:
    """From the file's system to WGS84."""

    def __init__(self, source: CRS | None) -> None:
        self._forward = (
            None if source is None else Transformer.from_crs(source, "OGC:CRS84", always_xy=True)
        )

    def __call__(self, shape: BaseGeometry) -> BaseGeometry:
        if self._forward is None:
            return shape
        forward = self._forward
        return shapely.transform(shape, lambda xy: np.column_stack(forward.transform(*xy.T)))


def _to_wgs84(layer: Layer, shapes: list[BaseGeometry], result: Shaped) -> _Transform:
    if layer.crs is None:
        bounds = shapely.total_bounds(np.array(shapes, dtype=object))
        if shapes and not bool(np.all(np.abs(bounds) <= 180)):
            raise InvalidInput(
                f"{layer.called} does not say its coordinate system, and its coordinates are no"
                " degrees: add the .prj file, or export it as WGS84 (EPSG:4326)"
            )
        result.notes.append(
            f"{layer.called} does not say its coordinate system (.prj); its coordinates look like"
            " degrees, so it was read as WGS84"
        )
        return _Transform(None)
    try:
        source = CRS.from_user_input(layer.crs)
        if source.is_geographic and source.to_epsg() in (4326, None) and "CRS84" in layer.crs:
            return _Transform(None)
        return _Transform(source)
    except ProjError as error:
        raise InvalidInput(
            f"The coordinate system of {layer.called} is not known: export it as WGS84 (EPSG:4326)"
        ) from error


def _area(feature: Feature, transform: _Transform, where: str, result: Shaped) -> MultiPolygon:
    if feature.shape is None:
        raise _LeftOut(feature.reason)
    parts = list(_polygons(shapely.force_2d(feature.shape)))
    if not parts:
        raise _LeftOut(f"a {feature.shape.geom_type} is no area; only polygons are kept")
    if not all(bool(np.isfinite(shapely.get_coordinates(part)).all()) for part in parts):
        raise _LeftOut("a coordinate is no finite number")
    shape = transform(MultiPolygon(parts))
    if outlines.is_tangled(shape):
        raise _LeftOut(
            "its outline crosses itself, or lies over itself, too often: draw it simpler"
        )
    shape, swapped = _on_the_globe(shape)
    notes = ["longitude and latitude stood in the wrong order and were swapped"] if swapped else []
    shape, crosses = _split_at_180(shape)
    if crosses:
        notes.append("it crosses the 180th meridian and was split there")
    if not shape.is_valid:
        shape = outlines.repaired(shape)
        notes.append("its outline crossed itself and was repaired")
    if shape.is_empty or not shape.area > 0:
        raise _LeftOut("its corners lie on one line")
    shape = _simplified(shape, notes)
    result.notes.extend(f"{where}: {note}" for note in notes)
    return shape


def _polygons(shape: BaseGeometry) -> Iterator[Polygon]:
    if isinstance(shape, Polygon):
        if not shape.is_empty:
            yield shape
    else:
        for part in getattr(shape, "geoms", ()):
            yield from _polygons(part)


def _on_the_globe(shape: Any) -> tuple[MultiPolygon, bool]:
    west, south, east, north = shape.bounds
    if not all(map(math.isfinite, (west, south, east, north))):
        raise _LeftOut("its coordinates do not fit its coordinate system")
    swapped = False
    if max(-south, north) > 90 and max(-west, east) <= 90 and max(-south, north) <= 180:
        shape = shapely.transform(shape, lambda xy: xy[:, ::-1])
        west, south, east, north = shape.bounds
        swapped = True
    if south < -90 or north > 90 or west < -540 or east > 540:
        raise _LeftOut(
            f"({west:,.0f}, {south:,.0f}, {east:,.0f}, {north:,.0f}) lies off the globe: say the"
            " right coordinate system, or export it as WGS84 (EPSG:4326)"
        )
    return shape, swapped


def _split_at_180(shape: MultiPolygon) -> tuple[MultiPolygon, bool]:
    """The area with its parts beyond the 180th meridian on the other side of the map."""
    unwrapped = MultiPolygon([_unwrapped(part) for part in shape.geoms])
    west, _south, east, _north = unwrapped.bounds
    if west >= -180 and east <= 180:
        return shape, False
    valid = unwrapped if unwrapped.is_valid else outlines.repaired(unwrapped)
    parts: list[Polygon] = []
    for turn in (-360, 0, 360):
        inside = shapely.intersection(valid, shapely.box(-180 + turn, -90, 180 + turn, 90))
        parts.extend(_polygons(translate(inside, xoff=-turn)))
    return MultiPolygon(parts), True


def _unwrapped(polygon: Polygon) -> Polygon:
    outer, *holes = (_unwrapped_ring(shapely.get_coordinates(r)) for r in _rings(polygon))
    return Polygon(outer, holes)


def _rings(polygon: Polygon) -> list[Any]:
    return [polygon.exterior, *polygon.interiors]


def _unwrapped_ring(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ring without jumps over more than half the globe, which no edge of an area spans."""
    steps = np.diff(xy[:, 0])
    # A step around the whole globe is the edge of a map of the world.
    jumps = np.where((np.abs(steps) > 180) & (np.abs(steps) < 359.999), -np.sign(steps) * 360, 0)
    if not jumps.any():
        return xy
    if jumps.sum() != 0:
        raise _LeftOut("it goes around a pole, which a flat map cannot show: cut it in two")
    moved = xy.copy()
    moved[1:, 0] += np.cumsum(jumps)
    return moved


def _simplified(shape: MultiPolygon, notes: list[str]) -> MultiPolygon:
    corners = int(shapely.get_num_coordinates(shape))
    if corners <= MAX_CORNERS:
        return shape
    tolerance = _FIRST_TOLERANCE
    while tolerance < _LAST_TOLERANCE:
        simpler = MultiPolygon(list(_polygons(shapely.simplify(shape, tolerance))))
        if shapely.get_num_coordinates(simpler) <= MAX_CORNERS and simpler.is_valid:
            notes.append(
                f"its {corners:,} corners were simplified to"
                f" {shapely.get_num_coordinates(simpler):,}, by up to"
                f" {tolerance * _DEGREE_M:,.0f} m"
            )
            return simpler
        tolerance *= 3
    raise _LeftOut(f"it has {corners:,} corners; simplify it to at most {MAX_CORNERS:,}")
