"""Units out of GeoJSON: their properties as a table, their outlines repaired and made to meet."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from geocrm.errors import InvalidInput, Phrase, Share
from geocrm.spatial import outlines
from geocrm.spatial.geodesy import EARTH_RADIUS_M
from geocrm.spatial.neighbours import FERRY, neighbour_edges
from geocrm.territories import text_tables
from geocrm.territories.text_tables import Table, listed

# Neighbours that overlap by more than this share of the smaller one are a mistake; what is less is
# the rounding of coordinates, and is cleaned away.
OVERLAP_SHARE: Final = 0.001
MAX_CORNERS: Final = 5_000_000
# Names of the unit's id among its properties, where the feature has none of its own.
_ID_COLUMN: Final = "id"
_POLYGONS: Final = ("Polygon", "MultiPolygon")

# The stubs of shapely are a version behind.
_COVERAGE_CLEAN: Final[Any] = vars(shapely)["coverage_clean"]

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Outlines:
    """Where units lie: a point in each, and where they have outlines all that follows from them."""

    lon: Floats
    lat: Floats
    shapes: Shapes | None = None
    area_km2: Floats | None = None
    edges: NDArray[np.intp] | None = None
    edge_length_m: Floats | None = None
    notes: tuple[str, ...] = ()


def read_features(path: Path) -> tuple[Table, Shapes]:
    """The properties of the features as a table, and their geometries in degrees.

    The id of a unit is that of its feature, or the property id, code, GEOID or name. Raises
    InvalidInput for what is no GeoJSON, and for a feature without a geometry, by its number.
    """
    document = _document(path)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise InvalidInput(
            "{file} is no GeoJSON with units: export it as a FeatureCollection",
            file=path.name,
        )
    if not features:
        raise InvalidInput("{file} holds no features: add one for each unit", file=path.name)
    table = _table(path.name, features)
    shapes = np.array(
        [_shape(feature, table, row) for row, feature in enumerate(features)], dtype=object
    )
    return table, _in_degrees(shapes, document, table)


def placed(shapes: Shapes, ids: Sequence[str], table: Table, *, with_neighbours: bool) -> Outlines:
    """Where the units lie, and which of them share a border or face each other across water.

    Raises InvalidInput naming the units whose outlines overlap, enclose nothing, or cross
    themselves too often to be repaired.
    """
    kinds = {shape.geom_type for shape in shapes}
    if kinds <= {"Point"}:
        return Outlines(shapely.get_x(shapes), shapely.get_y(shapes))
    if not kinds <= set(_POLYGONS):
        row = next(at for at, shape in enumerate(shapes) if shape.geom_type not in _POLYGONS)
        raise InvalidInput(
            "{place}: {unit!r} is a {kind}: units are polygons, or all of them points",
            place=table.at(row),
            unit=ids[row],
            kind=shapes[row].geom_type,
        )
    whole, mended = _repaired(shapes, ids, table)
    clean, notes = _meeting(whole, ids, table.called)
    inside = shapely.point_on_surface(clean)
    found = Outlines(
        lon=shapely.get_x(inside),
        lat=shapely.get_y(inside),
        shapes=clean,
        area_km2=areas_km2(clean),
        notes=(*mended, *notes),
    )
    return _with_neighbours(found, ids, table.called) if with_neighbours else found


def areas_km2(shapes: Shapes) -> Floats:
    """The area of shapes in degrees, on the sphere (Lambert's cylinder keeps areas)."""

    def flat(lonlat: Floats) -> Floats:
        x, y = np.radians(lonlat[:, 0]), np.sin(np.radians(lonlat[:, 1]))
        return np.column_stack([x, y]) * EARTH_RADIUS_M

    found: Floats = shapely.area(shapely.transform(shapes, flat)) / 1e6
    return found


# ------------------------------------------------------------------------------ reading


def _document(path: Path) -> Any:
    text_tables.require_usable(path)
    content = path.read_bytes()
    # Every position opens a bracket, and counting them costs nothing beside reading them.
    if content.count(b"[") > MAX_CORNERS * 1.1:
        raise InvalidInput(
            "{file} has more than {most} corners: simplify the outlines",
            file=path.name,
            most=MAX_CORNERS,
        )
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except RecursionError as error:
        raise InvalidInput(
            "{file} is nested deeper than GeoJSON: export it anew",
            file=path.name,
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "{file} is not UTF-8 text: export it as UTF-8", file=path.name
        ) from error
    except ValueError as error:
        raise InvalidInput(
            "{file} is not GeoJSON ({why}): export it anew", file=path.name, why=error
        ) from error


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _table(called: str, features: Sequence[Any]) -> Table:
    rows = []
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise InvalidInput(
                "{file}, feature {number} is no GeoJSON feature: export it anew",
                file=called,
                number=str(number),
            )
        properties = feature.get("properties")
        row = dict(properties) if isinstance(properties, dict) else {}
        if feature.get("id") is not None:
            row = {name: value for name, value in row.items() if name.casefold() != _ID_COLUMN}
            row = {_ID_COLUMN: feature["id"], **row}
        rows.append(row)
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = tuple([row.get(name) for name in columns] for row in rows)
    return Table(called, "feature", columns, tuple(range(1, len(rows) + 1)), cells)


def _shape(feature: dict[str, Any], table: Table, row: int) -> Any:
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        raise InvalidInput(
            "{place} has no geometry: draw its outline, or delete it",
            place=table.at(row),
        )
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (ShapelyError, ValueError, TypeError) as error:
        raise InvalidInput(
            "{place}: its geometry cannot be read ({why}): export it anew",
            place=table.at(row),
            why=error,
        ) from error
    if shape is None or shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
        raise InvalidInput(
            "{place} has an empty geometry: draw its outline, or delete it",
            place=table.at(row),
        )
    return shapely.force_2d(shape)


def _in_degrees(shapes: Shapes, document: dict[str, Any], table: Table) -> Shapes:
    named = document.get("crs")
    properties = named.get("properties") if isinstance(named, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if isinstance(name, str) and not name.endswith(("CRS84", ":4326")):
        return _transformed(shapes, name, table)
    bounds = shapely.bounds(shapes)
    wrong = (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(
        axis=1
    )
    if not wrong.any():
        return shapes
    row = int(np.flatnonzero(wrong)[0])
    west, south, east, north = bounds[row]
    x = west if abs(west) > 180 else east
    y = south if abs(south) > 90 else north
    where = Phrase(
        "{place} reaches to ({x}, {y}), which is no place in degrees", place=table.at(row), x=x, y=y
    )
    if (np.abs(bounds[:, [1, 3]]) <= 180).all() and (np.abs(bounds[:, [0, 2]]) <= 90).all():
        raise InvalidInput(
            "{place}: lon and lat look swapped; longitude comes first in GeoJSON",
            place=where,
        )
    raise InvalidInput("{place}: export it in WGS84 (EPSG:4326)", place=where)


def _transformed(shapes: Shapes, name: str, table: Table) -> Shapes:
    try:
        system = CRS.from_user_input(name[:100])
        turned = Transformer.from_crs(system, 4326, always_xy=True)
        found = shapely.transform(shapes, lambda xy: np.column_stack(turned.transform(*xy.T)))
    except ProjError as error:
        raise InvalidInput(
            "{file} is in the coordinate system {system!r}, which is not known: export it in WGS84"
            " (EPSG:4326)",
            file=table.called,
            system=name[:60],
        ) from error
    if not np.isfinite(shapely.get_coordinates(found)).all():
        raise InvalidInput(
            "{file} has places outside its coordinate system {system!r}: export it in WGS84"
            " (EPSG:4326)",
            file=table.called,
            system=name[:60],
        )
    return np.asarray(found, dtype=object)


# ------------------------------------------------------------------------------ outlines


def _repaired(shapes: Shapes, ids: Sequence[str], table: Table) -> tuple[Shapes, tuple[str, ...]]:
    valid = shapely.is_valid(shapes)
    whole = shapes.copy()
    for row in np.flatnonzero(~valid).tolist():
        if outlines.is_tangled(shapes[row]):
            raise InvalidInput(
                "{place}: the outline of {unit!r} crosses itself more than {most} times: draw it"
                " anew",
                place=table.at(row),
                unit=ids[row],
                most=outlines.MAX_CROSSINGS,
            )
        whole[row] = outlines.repaired(shapes[row])
    for row in np.flatnonzero(shapely.is_empty(whole) | (shapely.area(whole) <= 0)).tolist():
        raise InvalidInput(
            "{place}: the outline of {unit!r} encloses no area: draw it anew",
            place=table.at(row),
            unit=ids[row],
        )
    mended = [ids[row] for row in np.flatnonzero(~valid).tolist()]
    if not mended:
        return whole, ()
    return whole, (f"Outlines that crossed themselves and were repaired ({len(mended):,}):"
                   f" {listed(mended)}",)  # fmt: skip


def _meeting(shapes: Shapes, ids: Sequence[str], called: str) -> tuple[Shapes, tuple[str, ...]]:
    """Outlines whose neighbours share their corners, which is how shared borders are found."""
    _refuse_overlaps(shapes, ids, called)
    if shapely.coverage_is_valid(shapes):
        return shapes, ()
    clean: Shapes = _COVERAGE_CLEAN(shapes)
    lost = np.flatnonzero(shapely.is_empty(clean))
    if len(lost):
        raise InvalidInput(
            "{file}: nothing is left of {unit!r} where outlines are made to meet: it lies within"
            " others; cut it out of them",
            file=called,
            unit=ids[int(lost[0])],
        )
    return clean, ("Outlines that did not quite meet were made to meet",)


def _refuse_overlaps(shapes: Shapes, ids: Sequence[str], called: str) -> None:
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    common = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    area = shapely.area(shapes)
    share = common / np.minimum(area[one], area[other])
    bad = np.flatnonzero(share > OVERLAP_SHARE)
    if not len(bad):
        return
    bad = bad[np.argsort(-share[bad], kind="stable")]
    pairs = [
        Phrase(
            "{unit!r} and {other!r} ({share} of the smaller)",
            unit=ids[one[at]],
            other=ids[other[at]],
            share=Share(share[at], digits=0),
        )
        for at in bad[:3]
    ]
    if len(bad) > 3:
        pairs.append(Phrase("and {count} more", count=len(bad) - 3))
    raise InvalidInput(
        "{file}: units overlap: {pairs}. Ground belongs to one unit: cut it out of the other",
        file=called,
        pairs=tuple(pairs),
    )


def _with_neighbours(found: Outlines, ids: Sequence[str], called: str) -> Outlines:
    assert found.shapes is not None
    edges = neighbour_edges(found.shapes, np.full(len(ids), called))
    crossings = int((edges.kind == FERRY).sum())
    notes = (
        (f"Pairs of units across water that count as neighbours: {crossings:,}",)
        if crossings
        else ()
    )
    return Outlines(
        lon=found.lon,
        lat=found.lat,
        shapes=found.shapes,
        area_km2=found.area_km2,
        edges=edges.pairs(),
        edge_length_m=edges.length_m,
        notes=(*found.notes, *notes),
    )
