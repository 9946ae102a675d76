"""Reads of region packs."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.places.packs.models import RegionPack


class Pack(NamedTuple):
    """A pack as it is listed; the box is west, south, east, north."""

    name: str
    file_name: str
    file_bytes: int
    file_sha256: str
    data_date: datetime | None
    loaded_at: datetime
    country: str | None
    box: tuple[float, float, float, float]
    counts: dict[str, int]
    licence: str
    attribution: str
    folder: str


def packs(session: Session) -> list[Pack]:
    """All packs by name."""
    sides = [
        side(RegionPack.box) for side in (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)
    ]
    rows = session.execute(select(RegionPack, *sides).order_by(RegionPack.name))
    return [_pack(row[0], (row[1], row[2], row[3], row[4])) for row in rows]


def named(session: Session, name: str) -> RegionPack:
    """The pack of this name, or NotFound with the names there are."""
    found = session.scalar(select(RegionPack).where(RegionPack.name == name))
    if found is None:
        known = session.scalars(select(RegionPack.name).order_by(RegionPack.name)).all()
        there = f"there are {', '.join(known)}" if known else "none is loaded"
        raise NotFound(f"There is no region pack {name!r}: {there}")
    return found


def _pack(row: RegionPack, box: tuple[float, float, float, float]) -> Pack:
    values = {field: getattr(row, field) for field in Pack._fields if field != "box"}
    return Pack(**values, box=box)
