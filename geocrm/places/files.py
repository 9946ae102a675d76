"""The boundary files in `data/boundaries/`: layers, their units, and the neighbour graphs.

The files are the truth that can be edited and compared; the tables are loaded from them.
"""

import csv
import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from geocrm.errors import InvalidInput
from geocrm.spatial.neighbours import neighbour_edges

BOUNDARIES = Path(__file__).resolve().parents[2] / "data" / "boundaries"
PROPERTIES = ("code", "name", "name_id", "parent", "country", "population", "area_km2")
EDGE_HEADER = ("a", "b", "kind", "length_m")
KINDS = ("land", "ferry", "bridge")


class LayerRow(NamedTuple):
    """One line of layers.csv."""

    code: str
    name: str
    country: str | None
    level: int
    parent: str | None
    source: str
    vintage: str
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One feature of a layer's file."""

    code: str
    name: str
    name_id: str | None
    parent: str | None
    country: str | None
    population: int | None
    area_km2: float
    shape: Any


class EdgeRow(NamedTuple):
    """One line of a neighbour graph; a < b, length in metres."""

    a: str
    b: str
    kind: str
    length_m: int


def units_file(directory: Path, layer: str) -> Path:
    """Where the units of a layer are."""
    return directory / f"{layer}.geojson.gz"


def edges_file(directory: Path, layer: str) -> Path:
    """Where the neighbour graph of a layer is."""
    return directory / "neighbours" / f"{layer}.csv"


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def layers(directory: Path = BOUNDARIES) -> list[LayerRow]:
    """The layers there are, each after the layer it divides."""
    with (directory / "layers.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [
        LayerRow(
            **row
            | {"level": int(row["level"])}
            | {name: row[name] or None for name in ("country", "parent")}
        )
        for row in rows
    ]


def units(layer: str, directory: Path = BOUNDARIES) -> list[UnitRow]:
    """The units of a layer, by code."""
    path = units_file(directory, layer)
    features = json.loads(gzip.decompress(path.read_bytes()))["features"]
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return [
        UnitRow(**{name: feature["properties"][name] for name in PROPERTIES}, shape=shape)
        for feature, shape in zip(features, shapes, strict=True)
    ]


def edges(layer: str, directory: Path = BOUNDARIES) -> list[EdgeRow]:
    """The neighbour graph of a layer as the file has it, edited by hand or not."""
    path = edges_file(directory, layer)
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        if tuple(next(reader, ())) != EDGE_HEADER:
            raise InvalidInput(f"{path} must begin with the line {','.join(EDGE_HEADER)}")
        return [_edge(path, reader.line_num, row) for row in reader if row]


def _edge(path: Path, line: int, row: Sequence[str]) -> EdgeRow:
    where = f"{path}, line {line}"
    try:
        a, b, kind, length = (value.strip() for value in row)
        length_m = round(float(length))
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"{where}: expected a,b,kind,length_m but got {','.join(row)}"
        ) from error
    if kind not in KINDS:
        raise InvalidInput(f"{where}: kind is {kind}, but must be land, ferry or bridge")
    if a == b or length_m < 0:
        raise InvalidInput(f"{where}: an edge joins two units and its length is 0 or more")
    return EdgeRow(min(a, b), max(a, b), kind, length_m)


def derived_edges(of: Sequence[UnitRow]) -> list[EdgeRow]:
    """The neighbour graph that the shapes give: shared borders and the ferries that are missing."""
    shapes = np.array([unit.shape for unit in of], dtype=object)
    country = np.array([ground(unit) for unit in of], dtype=np.str_)
    found = neighbour_edges(shapes, country)
    codes = np.array([unit.code for unit in of], dtype=np.object_)
    rows = zip(codes[found.a], codes[found.b], found.kind, found.length_m, strict=True)
    return sorted(
        EdgeRow(min(a, b), max(a, b), str(kind), round(length_m)) for a, b, kind, length_m in rows
    )


def ground(unit: UnitRow) -> str:
    """What must be one graph: the country, or for a province of the world the unit above it."""
    if unit.parent is not None and unit.parent.startswith("wld-adm0:"):
        return unit.parent
    return unit.country or unit.code


def write_edges(layer: str, rows: Sequence[EdgeRow], directory: Path = BOUNDARIES) -> None:
    """Replace the neighbour graph of a layer."""
    path = edges_file(directory, layer)
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(EDGE_HEADER)
        writer.writerows(sorted(rows))
