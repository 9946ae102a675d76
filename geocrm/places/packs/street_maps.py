"""Which region packs have a street map, and where its file lies."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.places.packs import queries

_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class StreetMap:
    """A pack's street map; `box` is west, south, east, north, `version` changes with the file."""

    folder: str
    version: str
    box: tuple[float, float, float, float]
    attribution: str
    data_date: datetime | None


def file_of(packs: Path, folder: str) -> Path:
    """The tiles of the pack in this folder below `packs`, or NotFound."""
    path = packs / folder / "streets.pmtiles"
    if not _FOLDER.fullmatch(folder) or not path.is_file():
        raise NotFound(f"There is no street map of a region pack {folder!r}")
    return path


def ready(session: Session, packs: Path) -> list[StreetMap]:
    """The street maps whose files are below `packs`, the largest area first. One round trip."""
    found = [
        StreetMap(pack.folder, version, pack.box, pack.attribution, pack.data_date)
        for pack in queries.packs(session)
        if (version := _version(packs, pack.folder)) is not None
    ]
    return sorted(found, key=lambda each: (-_extent(each.box), each.folder))


def _version(packs: Path, folder: str) -> str | None:
    try:
        about = file_of(packs, folder).stat()
    except (NotFound, FileNotFoundError):
        return None
    return f"{about.st_mtime_ns:x}-{about.st_size:x}"


def _extent(box: tuple[float, float, float, float]) -> float:
    west, south, east, north = box
    return (east - west) * (north - south)
