"""Which region packs have a street map, and where its file lies."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.errors import NotFound

_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class StreetMap:
    """A pack's street map; `box` is west, south, east, north, `version` changes with the file."""

    folder: str
    version: str
    box: tuple[float, float, float, float]
    attribution: str
    data_date: date | None


def file_of(packs: Path, folder: str) -> Path:
    """The tiles of the pack in this folder below `packs`, or NotFound."""
    path = packs / folder / "streets.pmtiles"
    if not _FOLDER.fullmatch(folder) or not path.is_file():
        raise NotFound(f"There is no street map of a region pack {folder!r}")
    return path


def ready(session: Session, packs: Path) -> list[StreetMap]:
    """The street maps whose files are below `packs`, the largest area first. One round trip."""
    return [
        StreetMap(row.folder, _version(packs, row.folder), (*row[1:5],), row.attribution, row.day)
        for row in session.execute(text(_READY))
        if _FOLDER.fullmatch(row.folder) and (packs / row.folder / "streets.pmtiles").is_file()
    ]


def _version(packs: Path, folder: str) -> str:
    about = file_of(packs, folder).stat()
    return f"{about.st_mtime_ns:x}-{about.st_size:x}"


_READY: Final = """
    SELECT folder, ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), attribution,
           CAST(data_date AS date) AS day
    FROM region_packs ORDER BY ST_Area(box) DESC, folder
"""
