"""GeoJSON read by ourselves: depth, size and numbers are checked before a shape is made."""

import json
import math
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError

from geocrm.errors import InvalidInput
from geocrm.maps.areas.shaping import MAX_TOTAL_CORNERS, Feature, Layer

_GEOMETRIES: Final = frozenset({
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection",
})  # fmt: skip


def read_geojson(path: Path, called: str) -> Layer:
    """The features of a file."""
    content = path.read_bytes()
    # Every position opens a bracket, and counting them costs nothing beside reading them.
    if content.count(b"[") > MAX_TOTAL_CORNERS * 1.1:
        raise InvalidInput(
            f"{called} has more than {MAX_TOTAL_CORNERS:,} corners: simplify the shapes"
        )
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except RecursionError as error:
        raise InvalidInput(f"{called} is nested deeper than any GeoJSON: export it anew") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{called} is not UTF-8 text: export it as UTF-8") from error
    except ValueError as error:
        raise InvalidInput(f"{called} is not GeoJSON: {error}") from error
    return Layer(called, _features(document, called), _crs(document), "GeoJSON")


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _crs(document: dict[str, Any]) -> str:
    """Its system; WGS84 unless the member of the older standard says otherwise."""
    named = document.get("crs")
    name = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    return name if isinstance(name, str) and len(name) < 100 else "OGC:CRS84"


def _features(document: Any, called: str) -> list[Feature]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise InvalidInput(f"{called} is a FeatureCollection without a list of features")
    elif kind == "Feature" or kind in _GEOMETRIES:
        features = [document]
    else:
        raise InvalidInput(f"{called} is JSON but no GeoJSON: it has no type of a feature")
    return [_feature(each, number) for number, each in enumerate(features, 1)]


def _feature(given: Any, number: int) -> Feature:
    bare = isinstance(given, dict) and given.get("type") in _GEOMETRIES
    geometry = given if bare else given.get("geometry") if isinstance(given, dict) else None
    properties = given.get("properties") if isinstance(given, dict) else None
    fields = properties if isinstance(properties, dict) else {}
    if not isinstance(geometry, dict):
        return Feature(number, fields, None, "it has no geometry")
    try:
        _require_finite(geometry.get("coordinates", []))
        return Feature(number, fields, shapely.from_geojson(json.dumps(geometry)))
    except (ShapelyError, ValueError, TypeError) as error:
        return Feature(number, fields, None, f"its geometry cannot be read: {error}")


def _require_finite(coordinates: Any) -> None:
    """Numbers that are too large for a number become infinite; a list holds what it holds."""
    waiting = [coordinates]
    while waiting:
        for each in waiting.pop():
            if isinstance(each, list):
                waiting.append(each)
            elif isinstance(each, float) and not math.isfinite(each):
                raise ValueError("a coordinate is infinite")
