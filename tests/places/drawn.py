"""A small country in boundary files: two provinces of two regencies, and an island of one."""

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from geocrm.places import files

LAYERS = (
    ("wld-adm0", "Countries", None, 0, None),
    ("idn-adm1", "Provinces", "ID", 1, "wld-adm0"),
    ("idn-adm2", "Regencies", "ID", 2, "idn-adm1"),
)
# West to east; the sea lies between 4 and 4.5 degrees.
REGENCIES = {
    "idn-adm2:11.01": shapely.box(0, 0, 1, 1),
    "idn-adm2:11.02": shapely.box(1, 0, 2, 1),
    "idn-adm2:12.01": shapely.box(2, 0, 3, 1),
    "idn-adm2:12.02": shapely.box(3, 0, 4, 1),
    "idn-adm2:13.01": shapely.box(4.5, 0, 5, 1),
}
EDGES = (
    ("idn-adm2:11.01", "idn-adm2:11.02", "land", 111_000),
    ("idn-adm2:11.02", "idn-adm2:12.01", "land", 111_000),
    ("idn-adm2:12.01", "idn-adm2:12.02", "land", 111_000),
    ("idn-adm2:12.02", "idn-adm2:13.01", "ferry", 55_000),
)


def unit(code: str, shape: Any, **given: Any) -> files.UnitRow:
    """A unit with defaults; its parent is the province of its code."""
    parents = {"idn-adm1": "wld-adm0:IDN", "idn-adm2": f"idn-adm1:{code[9:11]}"}
    about: dict[str, Any] = {
        "code": code,
        "name": f"Unit {code}",
        "name_id": None,
        "parent": parents.get(code.partition(":")[0]),
        "country": "ID",
        "population": 1000,
        "area_km2": 12_000.0,
    }
    return files.UnitRow(**about | given, shape=shape)


def country() -> dict[str, list[files.UnitRow]]:
    """The units of each layer."""
    regencies = [unit(code, shape) for code, shape in REGENCIES.items()]
    whole = shapely.union_all(list(REGENCIES.values()))
    provinces = [
        unit(f"idn-adm1:{n}", shapely.union_all([r.shape for r in regencies if r.code[9:11] == n]))
        for n in ("11", "12", "13")
    ]
    return {
        "wld-adm0": [unit("wld-adm0:IDN", whole, name="Indonesia")],
        "idn-adm1": provinces,
        "idn-adm2": regencies,
    }


def write_units(directory: Path, layer: str, units: Sequence[files.UnitRow]) -> None:
    """The file of a layer."""
    features = [
        {
            "type": "Feature",
            "properties": {name: getattr(each, name) for name in files.PROPERTIES},
            "geometry": json.loads(shapely.to_geojson(each.shape)),
        }
        for each in units
    ]
    collection = json.dumps({"type": "FeatureCollection", "features": features})
    files.units_file(directory, layer).write_bytes(gzip.compress(collection.encode(), mtime=0))


def write_country(directory: Path) -> Path:
    """All files of the small country."""
    with (directory / "layers.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(files.LayerRow._fields)
        writer.writerows((*layer, "us", "2025", "none", "Drawn by us") for layer in LAYERS)
    for layer, units in country().items():
        write_units(directory, layer, units)
        files.write_edges(layer, [], directory)
    files.write_edges("idn-adm2", [files.EdgeRow(*edge) for edge in EDGES], directory)
    return directory
