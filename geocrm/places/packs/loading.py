"""From an extract to the rows and files of a pack, step by step, in the session's transaction."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import InvalidInput
from geocrm.places.packs import (
    ground,
    homes,
    interpolation,
    pois,
    postcodes,
    reading,
    settlements,
    spelling,
    staging,
    streets,
)
from geocrm.places.packs.models import RegionPack
from geocrm.places.packs.sieve import Sieve

LICENCE = "ODbL 1.0"
ATTRIBUTION = "© OpenStreetMap contributors"
# Files made from the extract beside the rows: file name -> how to make it (source, target).
ByProducts = Mapping[str, Callable[[Path, Path], None]]
# Sorts and joins of an extract of 100 MB are that large.
_WORK_MEMORY = "96MB"
_FILLED = (
    *("pack_areas", "pack_localities", "pack_streets", "pack_street_names", "pack_spellings"),
    *("pack_addresses", "pack_pois"),
)


def load(
    session: Session, source: Path, folder: Path, by_products: ByProducts, name: str, digest: str
) -> RegionPack:
    """Read the extract into the database and its files into the folder."""
    date = reading.header_date(source)
    session.execute(text(f"SET LOCAL work_mem = '{_WORK_MEMORY}'"))
    sieve = reading.read(source, staging.Staging(session), folder)
    _require_something(session, source)
    interpolation.fill(session)
    ground.survey(session)
    postcodes.complete(session)
    # Before the first row of a table that others use: the street map of a country takes minutes.
    for file_name, build in by_products.items():
        build(source, folder / file_name)
    pack = _register(session, source, folder, name, digest)
    pack.data_date = date or sieve.newest
    streets.gather(session)
    homes.settle(session, pack.id)
    session.execute(text(_AREAS), {"pack": pack.id})
    pois.store(session, pack.id)
    settlements.store(session, pack.id)
    postcodes.store(session, pack.id)
    spelling.spell(session, pack.id)
    pack.counts = _counts(session, pack.id, sieve)
    staging.discard(session)
    session.execute(text(f"ANALYZE {', '.join(_FILLED)}"))
    session.flush()
    return pack


def complete(folder: Path, by_products: ByProducts) -> bool:
    """Whether all files of a pack are there."""
    return all((folder / file_name).is_file() for file_name in by_products)


def _require_something(session: Session, source: Path) -> None:
    found = session.scalar(
        text(
            "SELECT EXISTS (SELECT FROM new_ways) OR EXISTS (SELECT FROM new_addresses)"
            " OR EXISTS (SELECT FROM new_places) OR EXISTS (SELECT FROM new_pois)"
        )
    )
    if not found:
        raise InvalidInput(
            f"{source} holds no street, address or place with a name: is it the right file?"
            " Nothing was loaded"
        )


def _register(session: Session, source: Path, folder: Path, name: str, digest: str) -> RegionPack:
    pack = RegionPack(
        name=name,
        file_name=source.name,
        file_sha256=digest,
        file_bytes=source.stat().st_size,
        loaded_at=clock.now(),
        country=session.scalar(text(_COUNTRY)),
        box=session.scalar(text(_BOX)),
        counts={},
        licence=LICENCE,
        attribution=ATTRIBUTION,
        folder=folder.name,
    )
    session.add(pack)
    session.flush()
    return pack


def _counts(session: Session, pack_id: int, sieve: Sieve) -> dict[str, int]:
    row = session.execute(text(_COUNTS), {"pack": pack_id}).one()
    return {name.removeprefix("num_"): count for name, count in row._asdict().items()} | {
        "unreadable_numbers": sieve.counts["unreadable_numbers"],
        "boundaries_cut": sieve.counts["boundaries"] - sieve.counts["boundaries_whole"],
    }


_BOX = """
    SELECT ST_Envelope(ST_Expand(ST_SetSRID(ST_Extent(e.box)::geometry, 4326), 0.0005))
    FROM (SELECT ST_Extent(shape)::geometry AS box FROM new_ways
          UNION ALL SELECT ST_Extent(geom)::geometry FROM new_points) e
"""
_COUNTRY = "SELECT mode() WITHIN GROUP (ORDER BY country) FROM new_stands"
_AREAS = """
    INSERT INTO pack_areas (pack_id, osm_id, name, names, admin_level, geom)
    SELECT :pack, osm_ref / 4, name, string_to_array(other_names, E'\\x1f'), level,
        ST_Multi(ST_CollectionExtract(ST_MakeValid(shape), 3))
    FROM new_areas WHERE level > 0
"""
_COUNTS = """
    SELECT (SELECT count(*) FROM pack_addresses WHERE pack_id = :pack AND gap_m IS NULL)
            AS num_addresses,
        (SELECT count(*) FROM pack_addresses WHERE pack_id = :pack AND gap_m IS NOT NULL)
            AS num_interpolated,
        (SELECT count(*) FROM pack_streets WHERE pack_id = :pack) AS num_streets,
        (SELECT count(*) FROM pack_localities WHERE pack_id = :pack) AS num_localities,
        (SELECT count(*) FROM pack_areas WHERE pack_id = :pack) AS num_areas,
        (SELECT count(*) FROM gazetteer_places WHERE pack_id = :pack AND kind <> 'postcode')
            AS num_places,
        (SELECT count(*) FROM gazetteer_places WHERE pack_id = :pack AND kind = 'postcode')
            AS num_postcodes,
        (SELECT count(*) FROM pack_pois WHERE pack_id = :pack) AS num_pois,
        (SELECT count(*) FROM new_addresses WHERE street = '') AS num_without_street
"""
