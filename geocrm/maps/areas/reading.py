"""Reads one uploaded file in a process of its own, and says what is in it as JSON.

GDAL is a million lines of parsers in C: here it may not use more memory, time or files than a real
file needs, cannot ask other hosts, and opens nothing but copies under names and endings of ours.
"""

import json
import resource
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from xml.sax import ContentHandler, SAXParseException

import defusedxml.sax
import pyogrio
import shapely
from defusedxml.common import DefusedXmlException
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import read as read_raw

from geocrm.errors import InvalidInput
from geocrm.maps.areas.geojson_file import read_geojson
from geocrm.maps.areas.package import Part, parts_of
from geocrm.maps.areas.shaping import Feature, Layer, shape_layers

CPU_S: Final = 20
MEMORY_BYTES: Final = 256 * 2**20  # of its own; code and files mapped into it do not count
FILE_BYTES: Final = 64 * 2**20
OPEN_FILES: Final = 64


def limit() -> None:
    """Take from this process what reading a file of areas does not need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


_MAX_FEATURES: Final = 20_000
_MAX_LAYERS: Final = 20
_MAX_XML_DEPTH: Final = 60
_DRIVERS: Final = {"kml": "KML", "gpkg": "GPKG", "shp": "ESRI Shapefile"}


def read_file(path: Path, name: str, folder: Path) -> dict[str, Any]:
    """The areas of the file with what is to be said about them."""
    layers: list[Layer] = []
    for part in parts_of(path, name, folder):
        layers += _READERS[part.kind](part)
    shaped = shape_layers(layers)
    return {
        "areas": [(called, shapely.to_wkb(shape, hex=True)) for called, shape in shaped.areas],
        "notes": shaped.notes,
        "left_out": shaped.left_out,
    }


def _geojson(part: Part) -> list[Layer]:
    return [read_geojson(part.path, part.called)]


def _kml(part: Part) -> list[Layer]:
    """A KML file, which may not declare entities: they are how a small file becomes a large one."""
    try:
        defusedxml.sax.parse(str(part.path), _Depth(part.called), forbid_dtd=True)
    except DefusedXmlException as error:
        raise InvalidInput(
            f"{part.called} declares entities or a document type, which no KML needs: export it"
            " anew from the map program"
        ) from error
    except (SAXParseException, ValueError) as error:
        raise InvalidInput(f"{part.called} is no KML: {error}") from error
    return _through_gdal(part)


class _Depth(ContentHandler):
    """Refuses elements inside elements inside elements without end."""

    def __init__(self, called: str) -> None:
        super().__init__()
        self._called = called
        self._depth = 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the protocol's name
        self._depth += 1
        if self._depth > _MAX_XML_DEPTH:
            raise InvalidInput(f"{self._called} is nested deeper than any KML: export it anew")
        if self._depth == 1 and name.rpartition(":")[2] != "kml":
            raise InvalidInput(f"{self._called} is XML but no KML: it begins with <{name[:40]}>")

    def endElement(self, name: str) -> None:  # noqa: N802
        self._depth -= 1


def _geopackage(part: Part) -> list[Layer]:
    """A GeoPackage whose layers are stored: a view is a program, which may go on without end."""
    try:
        with closing(sqlite3.connect(f"{part.path.as_uri()}?mode=ro", uri=True)) as file:
            views = file.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    except sqlite3.Error as error:
        raise InvalidInput(
            f"{part.called} is damaged and cannot be read: export it anew"
        ) from error
    if views:
        raise InvalidInput(
            f"{part.called} holds the view {str(views[0][0])[:60]!r}, which is computed and not"
            " stored: export what it shows as a layer of its own"
        )
    return _through_gdal(part)


def _through_gdal(part: Part) -> list[Layer]:
    try:
        names = [str(layer[0]) for layer in pyogrio.list_layers(part.path)]
        if not names:
            return [Layer(part.called, [], "OGC:CRS84", part.kind)]
        if len(names) > _MAX_LAYERS:
            raise InvalidInput(f"{part.called} has {len(names)} layers; at most {_MAX_LAYERS}")
        return [_layer(part, name) for name in names]
    except (DataSourceError, DataLayerError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{part.called} is damaged and cannot be read: export it anew ({str(error)[:120]})"
        ) from error


def _layer(part: Part, name: str) -> Layer:
    info = pyogrio.read_info(part.path, layer=name)
    if info["driver"] != _DRIVERS[part.kind]:
        raise InvalidInput(f"{part.called} is not what its ending says: export it anew")
    if info["features"] > _MAX_FEATURES:
        raise InvalidInput(
            f"{part.called} has {info['features']:,} features; at most {_MAX_FEATURES:,}"
        )
    meta, _ids, shapes, columns = read_raw(part.path, layer=name)
    geometries = [None] * len(columns[0] if columns else []) if shapes is None else shapes
    features = [
        Feature(
            number + 1,
            {field: values[number] for field, values in zip(meta["fields"], columns, strict=True)},
            None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore"),
            "it has no geometry, or one that cannot be read",
        )
        for number, wkb in enumerate(geometries)
    ]
    return Layer(part.called, features, info["crs"], part.kind)


_READERS: Final[dict[str, Callable[[Part], list[Layer]]]] = {
    "geojson": _geojson,
    "kml": _kml,
    "gpkg": _geopackage,
    "shp": _through_gdal,
}


def main(path: str, name: str, folder: str) -> None:
    """Write the answer: what was read, or the sentence why not."""
    limit()
    try:
        answer: dict[str, Any] = read_file(Path(path), name, Path(folder))
    except InvalidInput as error:
        answer = {"refused": str(error)}
    except (MemoryError, RecursionError):
        answer = {"refused": f"{name} needs more memory than a file of areas may: simplify it"}
    sys.stdout.write(json.dumps(answer))
