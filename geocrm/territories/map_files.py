"""Territories as files of map programs: GeoJSON, KML, GeoPackage, shapefile."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

_KML_OPACITY: Final = "99"
# Names of fields have ten characters at most in a shapefile; ours all fit.
_FIELDS: Final[tuple[tuple[str, Any], ...]] = (
    ("number", np.int64), ("name", object), ("rep", object), ("colour", object),
    ("units", np.int64), ("measure", object), ("load", np.float64), ("deviation", np.float64),
    ("accounts", np.float64), ("revenue", np.float64), ("population", np.float64),
)  # fmt: skip
_UNIT_FIELDS: Final[tuple[tuple[str, Any], ...]] = (
    ("code", object), ("name", object), ("number", np.int64), ("territory", object),
    ("load", np.float64),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """Something with an outline, and what is known of it; None where it is not."""

    values: Mapping[str, Any]
    shape: BaseGeometry


def geojson(name: str, territories: Sequence[Drawn], codes: Sequence[Sequence[str]]) -> bytes:
    """The territories with their figures and the codes of their units."""
    features = [
        {
            "type": "Feature",
            "id": one.values["number"],
            "properties": {**one.values, "units": list(held)},
            "geometry": mapping(one.shape),
        }
        for one, held in zip(territories, codes, strict=True)
    ]
    document = {"type": "FeatureCollection", "name": name, "features": features}
    return json.dumps(document, ensure_ascii=False).encode()


def kml(name: str, territories: Sequence[Drawn], words: Mapping[str, str]) -> bytes:
    """The territories for Google Earth; `words` are the headings of their figures."""
    marks = "".join(_placemark(one, words) for one in territories)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(_legal(name))}</name>\n{marks}</Document></kml>\n"
    ).encode()


def geopackage(territories: Sequence[Drawn], units: Sequence[Drawn]) -> bytes:
    """Two layers: territories and units."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "territories.gpkg"
        _write(path, "territories", territories, _FIELDS, "GPKG")
        _write(path, "units", units, _UNIT_FIELDS, "GPKG")
        return path.read_bytes()


def shapefile(territories: Sequence[Drawn], units: Sequence[Drawn]) -> bytes:
    """A zip of two shapefiles in UTF-8, which a .cpg beside each says."""
    with tempfile.TemporaryDirectory() as folder:
        for layer, drawn, fields in (
            ("territories", territories, _FIELDS),
            ("units", units, _UNIT_FIELDS),
        ):
            path = Path(folder) / f"{layer}.shp"
            _write(path, layer, drawn, fields, "ESRI Shapefile", encoding="UTF-8")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.write(path, path.name)
        return out.getvalue()


def _write(
    path: Path,
    layer: str,
    drawn: Sequence[Drawn],
    fields: Sequence[tuple[str, Any]],
    driver: str,
    **more: Any,
) -> None:
    data, masks = [], []
    for name, kind in fields:
        values = [one.values.get(name) for one in drawn]
        empty = np.array([value is None for value in values], dtype=bool)
        filled = ["" if kind is object else 0] * len(values)
        known = [filled[at] if value is None else value for at, value in enumerate(values)]
        data.append(np.array(known, dtype=kind))
        masks.append(None if kind is object else empty)
    shapes: NDArray[np.object_] = np.array(
        [shapely.multipolygons(shapely.get_parts(one.shape)) for one in drawn], dtype=object
    )
    # Only here: it brings geopandas and pandas along, a second of every start.
    from pyogrio import raw  # noqa: PLC0415

    raw.write(
        str(path), shapely.to_wkb(shapes), data, [name for name, _ in fields], field_mask=masks,
        layer=layer, driver=driver, geometry_type="MultiPolygon", crs="EPSG:4326", **more,
    )  # fmt: skip


def _placemark(one: Drawn, words: Mapping[str, str]) -> str:
    data = "".join(
        f"<Data name={quoteattr(key)}><displayName>{escape(words[key])}</displayName>"
        f"<value>{escape(_legal(str(value)))}</value></Data>"
        for key, value in one.values.items()
        if key in words and value not in (None, "")
    )
    colour = str(one.values["colour"]).lstrip("#")
    turned = colour[4:6] + colour[2:4] + colour[0:2]
    rings = "".join(_polygon(part) for part in shapely.get_parts(one.shape))
    return (
        f"<Placemark><name>{escape(_legal(str(one.values['name'])))}</name>"
        f"<Style><LineStyle><color>ff{turned}</color><width>1.5</width></LineStyle>"
        f"<PolyStyle><color>{_KML_OPACITY}{turned}</color></PolyStyle></Style>"
        f"<ExtendedData>{data}</ExtendedData>"
        f"<MultiGeometry>{rings}</MultiGeometry></Placemark>\n"
    )


def _polygon(part: Any) -> str:
    def ring(line: Any) -> str:
        corners = shapely.get_coordinates(line).round(5).tolist()
        text = " ".join(f"{lon},{lat}" for lon, lat in corners)
        return f"<LinearRing><coordinates>{text}</coordinates></LinearRing>"

    holes = "".join(f"<innerBoundaryIs>{ring(hole)}</innerBoundaryIs>" for hole in part.interiors)
    return f"<Polygon><outerBoundaryIs>{ring(part.exterior)}</outerBoundaryIs>{holes}</Polygon>"


def _legal(text: str) -> str:
    """The text without control characters, which XML cannot hold."""
    return "".join(character for character in text if character.isprintable())
