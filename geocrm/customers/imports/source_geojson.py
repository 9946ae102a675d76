"""GeoJSON files: one feature a row, its properties the columns, its point the coordinates."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shapely.errors import GEOSException, ShapelyError
from shapely.geometry import shape

from geocrm.customers.imports import encoding as encodings
from geocrm.customers.imports.source import Cell, Row, Source, named_columns
from geocrm.errors import InvalidInput

LON, LAT = "longitude (geometry)", "latitude (geometry)"
_READ_CHARS = 2**18
_MAX_FEATURE = 8_000_000  # characters; more is no customer
_COLUMN_SAMPLE = 500  # features whose properties make the columns
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,\x1e]*")
_CRS = re.compile(r'"crs"\s*:\s*\{.{0,400}?"name"\s*:\s*"([^"]*)"', re.DOTALL)
_WGS84 = ("CRS84", "4326", "WGS84", "WGS 84")


def open_geojson(path: Path) -> Source:
    """Understand a FeatureCollection, or features one a line."""
    _require_wgs84(path)
    names: dict[str, None] = {}
    for _number, feature in zip(range(_COLUMN_SAMPLE), _features(path), strict=False):
        if isinstance(feature.get("properties"), dict):
            names |= dict.fromkeys(map(str, feature["properties"]))
    keys = list(names)
    columns = named_columns([*keys, LON, LAT])

    def rows() -> Iterator[Row]:
        for number, feature in enumerate(_features(path), start=1):
            yield _row(number, feature, keys)

    return Source("geojson", columns, rows, (), {"coordinates": "WGS84"})


def looks_like_geojson(head: bytes) -> bool:
    """Whether a file begins like JSON."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n\x1e").startswith(b"{")


def _require_wgs84(path: Path) -> None:
    with path.open("rb") as handle:
        found = _CRS.search(handle.read(20_000).decode("utf-8", "replace"))
    if found and not any(name in found[1] for name in _WGS84):
        raise InvalidInput(
            f"The GeoJSON file uses the coordinate system {found[1]!r}: save it in WGS84"
            f" (EPSG:4326)"
        )


def _features(path: Path) -> Iterator[dict[str, Any]]:
    """Features one after the other, without holding the file in memory."""
    decoder = json.JSONDecoder()
    number = 0
    for buffer in _Feed(path):
        while buffer.skip():
            try:
                feature, end = decoder.raw_decode(buffer.text, buffer.at)
            except json.JSONDecodeError as error:
                if buffer.more():
                    continue
                raise _unreadable(number + 1) from error
            except RecursionError as error:
                raise InvalidInput(
                    f"Feature {number + 1} is nested too deeply to be a customer"
                ) from error
            buffer.at = end
            number += 1
            if isinstance(feature, dict):
                yield from _inside(feature)


def _inside(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if found.get("type") == "Feature":
        yield found
    elif "coordinates" in found or "geometries" in found:
        raise InvalidInput("The file is a bare geometry; customers need features with properties")


def _unreadable(number: int) -> InvalidInput:
    return InvalidInput(
        f"The file is no complete GeoJSON: feature {number} cannot be read. Export it again as a"
        " FeatureCollection"
    )


class _Feed:
    """A window over the text of the file; iterated once, it stands behind `"features": [`."""

    def __init__(self, path: Path) -> None:
        name = encodings.guess(path)
        self._handle = path.open(
            encoding="utf-8-sig" if name == "utf-8" else name, errors="replace"
        )
        self.text, self.at = self._handle.read(_READ_CHARS), 0

    def __iter__(self) -> Iterator["_Feed"]:
        with self._handle:
            while True:
                found = _FEATURES.search(self.text)
                if found or _one_a_line(self.text):
                    break
                if not self.more():
                    raise InvalidInput(
                        "The JSON file holds no features: export customers as a GeoJSON"
                        " FeatureCollection"
                    )
            self.at = found.end() if found else 0
            yield self

    def skip(self) -> bool:
        """Move to the next feature; False at the end of the list."""
        while True:
            found = _BETWEEN.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text):
                return self.text[self.at] != "]"
            if not self.more():
                return False

    def more(self) -> bool:
        """Read on; False when the file is at its end."""
        if len(self.text) - self.at > _MAX_FEATURE:
            raise InvalidInput(
                f"A feature is longer than {_MAX_FEATURE:,} characters: customers are points, so"
                " simplify its shape or take another layer"
            )
        block = self._handle.read(max(_READ_CHARS, len(self.text) - self.at))
        self.text, self.at = self.text[self.at :] + block, 0
        return bool(block)


def _one_a_line(text: str) -> bool:
    return bool(re.match(r'[\s\x1e]*\{\s*"type"\s*:\s*"Feature"', text))


def _row(number: int, feature: dict[str, Any], keys: list[str]) -> Row:
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    cells: list[Cell] = [_cell(properties.get(key)) for key in keys]
    try:
        lon, lat, note = _point(feature.get("geometry"))
        return Row(number, [*cells, lon, lat], note=note)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        return Row(number, [*cells, None, None], f"its geometry cannot be read ({error})"[:200])
    except (ShapelyError, GEOSException) as error:
        return Row(number, [*cells, None, None], f"its shape is broken ({error})"[:200])


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return json.dumps(value, ensure_ascii=False)


def _point(geometry: Any) -> tuple[Cell, Cell, str]:
    """Its position; of a line or an area a point on it, because it cannot be in two places."""
    if geometry is None:
        return None, None, ""
    if geometry["type"] == "Point":
        lon, lat = geometry["coordinates"][:2]
        return float(lon), float(lat), ""
    inside = shape(geometry).representative_point()
    note = f"its shape is a {geometry['type']}; a point inside it was taken"
    return round(inside.x, 7), round(inside.y, 7), note
