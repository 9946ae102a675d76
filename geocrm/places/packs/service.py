"""Adding, replacing and removing region packs; a pack is there as a whole or not at all."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.errors import Conflict, InvalidInput
from geocrm.places.packs import folders, loading, overlap, queries, reading
from geocrm.places.packs.loading import ByProducts
from geocrm.places.packs.models import RegionPack

_LOCK = 0x9AC5
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; `changed` is False when this very file was loaded before.

    `overlaps` names the packs on the same ground; a street that two hold answers once.
    """

    name: str
    changed: bool
    counts: dict[str, int] = field(default_factory=dict)
    overlaps: tuple[str, ...] = ()


def add(
    session: Session, source: Path, packs: Path, by_products: ByProducts, name: str | None = None
) -> Outcome:
    """Load an extract as a new pack. Raises Conflict when another file bears the name."""
    name = name or name_of(source)
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is no name for a pack: use small letters, digits and hyphens, at most 60"
        )
    _begin(session, packs)
    digest = _digest(source)
    before = session.scalar(select(RegionPack).where(RegionPack.name == name))
    if before is None:
        return _load(session, source, packs, by_products, name, digest)
    if before.file_sha256 == digest and loading.complete(packs / before.folder, by_products):
        return Outcome(name, changed=False, counts=dict(before.counts))
    raise Conflict(
        f"There is a pack {name} already, from another file or with files missing: run geocrm"
        f" places update {name} {source}, or choose another name with --name"
    )


def update(
    session: Session, name: str, source: Path, packs: Path, by_products: ByProducts
) -> Outcome:
    """Replace what a pack holds by another extract."""
    _begin(session, packs)
    pack = queries.named(session, name)
    digest = _digest(source)
    if pack.file_sha256 == digest and loading.complete(packs / pack.folder, by_products):
        return Outcome(name, changed=False, counts=dict(pack.counts))
    reading.header_date(source)  # refused before anything is taken out
    _take_out(session, pack)
    return _load(session, source, packs, by_products, name, digest)


def remove(session: Session, packs: Path, name: str) -> None:
    """Take a pack out of the database; `clear` removes its folder once that is certain."""
    _begin(session, packs)
    _take_out(session, queries.named(session, name))
    overlap.arrange(session)


def clear(session: Session, packs: Path) -> list[str]:
    """Remove the folders that belong to no pack, unless one is being loaded just now."""
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        return []
    return folders.sweep(packs, set(session.scalars(select(RegionPack.folder))))


def name_of(source: Path) -> str:
    """A name for a pack after its file: north-holland-latest.osm.pbf is north-holland."""
    stem = re.sub(r"(\.osm)?(\.pbf)?$", "", source.name.lower())
    stem = re.sub(r"[-_.](latest|\d{6,8})$", "", stem)
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:60].rstrip("-") or "pack"


def _begin(session: Session, packs: Path) -> None:
    """One at a time, so that nobody sweeps away the folder that another is filling."""
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        raise Conflict("Another region pack is being loaded or removed: wait until it is done")
    folders.sweep(packs, set(session.scalars(select(RegionPack.folder))))


def _digest(source: Path) -> str:
    if not source.is_file():
        raise InvalidInput(f"There is no file {source}")
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _take_out(session: Session, pack: RegionPack) -> None:
    overlap.hand_over(session, pack.id)
    session.delete(pack)
    session.flush()


def _load(
    session: Session, source: Path, packs: Path, by_products: ByProducts, name: str, digest: str
) -> Outcome:
    with folders.filling(packs, name, source.stat().st_size) as folder:
        pack = loading.load(session, source, folder, by_products, name, digest)
        overlap.arrange(session)
    return Outcome(
        name,
        changed=True,
        counts=dict(pack.counts),
        overlaps=tuple(overlap.neighbours(session, name)),
    )
