"""Adding, replacing and removing region packs; a pack is there as a whole or not at all."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import Conflict, InvalidInput
from geocrm.places.packs import folders, ground, homes, queries, reading, spelling, streets
from geocrm.places.packs.models import RegionPack
from geocrm.places.packs.staging import Staging

LICENCE = "ODbL 1.0"
ATTRIBUTION = "© OpenStreetMap contributors"
# A file made from the extract beside what goes into the database: file name -> (source, target).
ByProducts = Mapping[str, Callable[[Path, Path], None]]
_LOCK = 0x9AC5
_BLOCK = 1 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it; `changed` is False when this very file was loaded before."""

    name: str
    changed: bool
    counts: dict[str, int] = field(default_factory=dict)


def add(
    session: Session, source: Path, packs: Path, by_products: ByProducts, name: str | None = None
) -> Added:
    """Load an extract as a new pack. Raises Conflict when another file bears the name."""
    name = name or name_of(source)
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name for a pack: use small letters, digits and hyphens")
    _begin(session, packs)
    sha256 = _checksum(source)
    before = session.scalar(select(RegionPack).where(RegionPack.name == name))
    if before is not None and before.file_sha256 == sha256:
        return Added(name, changed=False, counts=dict(before.counts))
    if before is not None:
        raise Conflict(
            f"There is a pack {name} already, from another file: run geocrm places update {name}"
            f" {source}, or choose another name with --name"
        )
    return _load(session, source, packs, by_products, name, sha256)


def remove(session: Session, packs: Path, name: str) -> None:
    """Take the pack out of the database; the next command sweeps its folder, or `clear`."""
    _begin(session, packs)
    session.delete(queries.named(session, name))
    session.flush()


def name_of(source: Path) -> str:
    """A name for a pack after its file: north-holland-latest.osm.pbf is north-holland."""
    stem = re.sub(r"(\.osm)?(\.pbf)?$", "", source.name.lower())
    stem = re.sub(r"[-_.](latest|\d{6,8})$", "", stem)
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:60] or "pack"


def _begin(session: Session, packs: Path) -> None:
    """One at a time, so that nobody sweeps away the folder another is filling."""
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        raise Conflict("Another region pack is being loaded or removed: wait until it is done")
    folders.sweep(packs, set(session.scalars(select(RegionPack.folder))))


def _load(
    session: Session, source: Path, packs: Path, by_products: ByProducts, name: str, sha256: str
) -> Added:
    date = reading.header_date(source)
    with folders.filling(packs, name) as folder:
        staging = Staging(session)
        seen = reading.read(source, staging, folder)
        ground.survey(session)
        pack = RegionPack(
            name=name,
            file_name=source.name,
            file_sha256=sha256,
            file_bytes=source.stat().st_size,
            data_date=date or seen.newest,
            box=session.scalar(text(_BOX)),
            country=session.scalar(text(_COUNTRY)),
            counts={},
            licence=LICENCE,
            attribution=ATTRIBUTION,
            folder=folder.name,
            loaded_at=clock.now(),
        )
        session.add(pack)
        session.flush()
        streets.gather(session)
        homes.settle(session, pack.id)
        spelling.spell(session, pack.id)
        pack.counts = _counts(session, pack.id)
        for file_name, build in by_products.items():
            build(source, folder / file_name)
        session.flush()
    return Added(name, changed=True, counts=dict(pack.counts))


_BOX = """
    SELECT ST_Envelope(ST_Expand(ST_SetSRID(ST_Extent(geom)::geometry, 4326), 0.0005))
    FROM new_points
"""
_COUNTRY = "SELECT mode() WITHIN GROUP (ORDER BY country) FROM new_stands"


def _counts(session: Session, pack_id: int) -> dict[str, int]:
    return {
        table: session.scalar(
            text(f"SELECT count(*) FROM pack_{table} WHERE pack_id = :pack"), {"pack": pack_id}
        )
        or 0
        for table in ("addresses", "streets", "localities")
    }


def _checksum(source: Path) -> str:
    if not source.is_file():
        raise InvalidInput(f"There is no file {source}")
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
