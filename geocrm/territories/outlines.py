"""Territories drawn elsewhere, as outlines on a map: each unit goes where its inner point lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput, Phrase
from geocrm.territories import ground as grounds
from geocrm.territories import text_tables
from geocrm.territories.plan_files import PlanFile

# Zip archives (shapefiles), GeoPackages, and then text that opens like JSON or XML.
_BINARY: Final = (b"PK\x03\x04", b"SQLite format 3\x00")
_TEXT: Final = (b"{", b"<")


def is_map(path: Path) -> bool:
    """Whether a file holds outlines, not a table of units."""
    text_tables.require_usable(path)
    with path.open("rb") as file:
        head = file.read(64)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(_BINARY) or text.startswith(_TEXT)


def plan_of(
    session: Session,
    called: str,
    areas: Sequence[tuple[str, str]],
    level: str | None,
    within: str | None,
) -> tuple[PlanFile, tuple[str, ...]]:
    """The units of a level by the names of the outlines they lie in, and what is to be said.

    `areas` are names with polygons in degrees, as hexadecimal WKB. Of outlines that lie over each
    other (a file may hold territories and their units) the largest counts. Raises InvalidInput for
    units that lie in none.
    """
    if level is None:
        raise InvalidInput(
            "{file} does not say what its units are: choose a boundary level (--level)",
            file=called,
        )
    ground = grounds.survey(session, level, within)
    shapes = shapely.from_wkb([wkb for _, wkb in areas])
    # A unit's first outline is the largest, so the others are only counted.
    order = np.argsort(-shapely.area(shapes), kind="stable")
    tree = shapely.STRtree(shapes[order])
    unit, outline = tree.query(shapely.points(ground.lonlat()), predicate="intersects")
    first = np.full(len(ground.units), len(areas), dtype=np.intp)
    np.minimum.at(first, unit, outline)
    nowhere = [ground.units[at].name for at in np.flatnonzero(first == len(areas)).tolist()]
    if nowhere:
        raise InvalidInput(
            "{count} of {whole} units lie in no outline of {file}: {units}. Draw the outlines over"
            " them, or bring in a part (--within)",
            count=len(nowhere),
            whole=len(ground.units),
            file=called,
            units=text_tables.listed(nowhere),
        )
    several = int((np.bincount(unit, minlength=len(ground.units)) > 1).sum())
    file = PlanFile(
        called=called,
        units=tuple(one.code for one in ground.units),
        labels=tuple(areas[order[at]][0] for at in first.tolist()),
        rows=tuple(range(1, len(ground.units) + 1)),
    )
    return file, (_overlap(several, called),) if several else ()


def _overlap(count: int, called: str) -> Phrase:
    return Phrase(
        "{count} units lie in several outlines of {file}; the largest counts",
        count=count,
        file=called,
    )
