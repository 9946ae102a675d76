"""Fill the gazetteer from the repository's files and from GeoNames, in one transaction by COPY."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.places import (
    gazetteer_indonesia,
    gazetteer_kept,
    gazetteer_sources,
    gazetteer_world,
)
from geocrm.places.gazetteer_models import GazetteerLoad
from geocrm.places.gazetteer_names import MAX_SPELLING_LENGTH, MIN_SPELLING_LENGTH
from geocrm.places.gazetteer_rows import NameRow, PlaceRow, Rows
from geocrm.places.gazetteer_sources import Extent

SOURCE = "gazetteer"

_TABLES = ("gazetteer_places", "gazetteer_names", "gazetteer_spellings")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; `changed` is False when the files were loaded before."""

    changed: bool
    num_places: int


def load_gazetteer(session: Session, data_dir: Path, extent: Extent | None = None) -> Loaded:
    """Load the gazetteer when its files differ from those last loaded.

    `data_dir` is data/gazetteer of the repository. Geocoding waits meanwhile.
    """
    extent = extent or Extent()
    sha256 = gazetteer_sources.checksum(data_dir, extent)
    before = session.get(GazetteerLoad, SOURCE)
    if before is not None and before.sha256 == sha256:
        return Loaded(changed=False, num_places=before.num_places)
    rows = _build(data_dir, extent)
    _replace(session, rows)
    session.execute(
        text(
            "INSERT INTO gazetteer_loads (source, sha256, num_places) VALUES (:source, :sha256, :n)"
            " ON CONFLICT (source) DO UPDATE SET sha256 = excluded.sha256,"
            " num_places = excluded.num_places, loaded_at = now()"
        ),
        {"source": SOURCE, "sha256": sha256, "n": len(rows.places)},
    )
    session.expire_all()
    return Loaded(changed=True, num_places=len(rows.places))


def _build(data_dir: Path, extent: Extent) -> Rows:
    indonesia = gazetteer_indonesia.rows(
        gazetteer_sources.indonesian_units(data_dir, extent),
        gazetteer_sources.aliases(data_dir),
        first_id=1,
    )
    world = gazetteer_world.rows(
        gazetteer_sources.countries(),
        gazetteer_sources.world_regions(data_dir),
        gazetteer_sources.world_cities(extent),
        indonesia,
        first_id=max(place.id for place in indonesia.places) + 1,
    )
    return Rows(
        indonesia.places + world.places,
        indonesia.names + world.names,
        indonesia.mendable | world.mendable,
    )


def _replace(session: Session, rows: Rows) -> None:
    packs = gazetteer_kept.PackRows(session)
    session.execute(text(f"TRUNCATE {', '.join(_TABLES)}"))
    indexes = _drop_indexes(session)
    copy_rows(session, "gazetteer_places", PlaceRow._fields, rows.places)
    copy_rows(session, "gazetteer_names", NameRow._fields, rows.names)
    _spell(session, rows.mendable)
    # Indexes are built faster over a full table than kept up while it fills.
    for definition in indexes:
        session.execute(text(definition))
    packs.put_back()
    for table in _TABLES:
        session.execute(text(f"ANALYZE {table}"))


def _drop_indexes(session: Session) -> list[str]:
    found = session.execute(
        text(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema()"
            " AND i.tablename = ANY(:tables) AND NOT EXISTS (SELECT 1 FROM pg_constraint c"
            " WHERE c.conname = i.indexname) ORDER BY i.indexname"
        ),
        {"tables": list(_TABLES)},
    ).all()
    for name, _ in found:
        session.execute(text(f'DROP INDEX "{name}"'))
    return [definition for _, definition in found]


def _spell(session: Session, mendable: set[tuple[str, str]]) -> None:
    """Write each name with each one letter left out, as `spelling_forms` does, in the database."""
    session.execute(text("CREATE TEMP TABLE mendable (country text, key text) ON COMMIT DROP"))
    copy_rows(session, "mendable", ("country", "key"), sorted(mendable))
    session.execute(
        text(
            "INSERT INTO gazetteer_spellings (form, country, key)"
            " SELECT DISTINCT left(key, i - 1) || substr(key, i + 1), country, key"
            " FROM mendable, generate_series(1, length(key) + 1) AS i"
            " WHERE length(key) BETWEEN :shortest AND :longest"
        ),
        {"shortest": MIN_SPELLING_LENGTH, "longest": MAX_SPELLING_LENGTH},
    )
    session.execute(text("DROP TABLE mendable"))
