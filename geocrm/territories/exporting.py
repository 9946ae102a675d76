"""Plans as files to take away: for map programs, spreadsheets, census offices, and on paper.

Figures are those of the accounts the actor sees.
"""

import csv
import io
import re
from dataclasses import replace
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput, NotFound
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.takeaway import csv_safe
from geocrm.territories import map_files, printing, scenarios, sheets, unit_layers
from geocrm.territories.map_files import Drawn
from geocrm.territories.models import Measure
from geocrm.territories.naming import plain_number
from geocrm.territories.palette import colour_at
from geocrm.territories.printing import Outlines, official, people_of
from geocrm.territories.report_style import Style
from geocrm.territories.sheets import Sheet, TerritoryRow

MEDIA_TYPES: Final = {
    "geojson": "application/geo+json",
    "kml": "application/vnd.google-earth.kml+xml",
    "gpkg": "application/geopackage+sqlite3",
    "shp": "application/zip",
    "csv": "text/csv; charset=utf-8",
    "bef": "text/csv; charset=utf-8",
    "scenario": "text/plain; charset=utf-8",
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
}
# Some file systems take 255 bytes of a name, and a letter may be three.
MAX_FILE_NAME: Final = 60
# Where the ending of the file is not the name of the format.
ENDINGS: Final = {"shp": "zip", "bef": "csv", "scenario": "txt"}
_CSV_HEADER: Final = ("unit", "unit_name", "territory", "rep", "load")
# Of the outlines in a report; on a screen 600 km wide that is a pixel.
_REPORT_TOLERANCE_DEG: Final = 0.005
# For programs that measure; the others are looked at.
_EXACT: Final = ("geojson", "gpkg", "shp", "kml")


def render(
    session: Session,
    actor: Actor,
    plan_id: int,
    kind: str,
    style: Style,
    territory: int | None = None,
) -> bytes:
    """The plan, or one territory of it by number, as a file of this kind.

    Raises InvalidInput when there is no such kind, NotFound when there is no such territory.
    """
    actor.require("export", "territory")
    if kind not in MEDIA_TYPES:
        raise InvalidInput(
            "There is no format {kind!r}; there are {formats}",
            kind=kind,
            formats=", ".join(MEDIA_TYPES),
        )
    if kind == "scenario":
        if territory is not None:
            raise InvalidInput("A scenario is of a whole plan: leave out the territory")
        return scenarios.write(session, actor, plan_id)
    whole = sheets.sheet(session, actor, plan_id)
    sheet = whole if territory is None else _only(whole, territory)
    if kind == "csv":
        return "".join(_csv_lines(sheet)).encode()
    if kind == "bef":
        return _block_equivalency(sheet)
    attribution = places.layer(session, sheet.plan.level).attribution
    ground = _ground(session, whole, 0.0 if kind in _EXACT else _REPORT_TOLERANCE_DEG)
    if kind == "pdf":
        return printing.pdf(whole, sheet, ground, attribution, style)
    if kind == "html":
        return printing.report(sheet, ground, attribution, style).encode()
    return _map_file(kind, sheet, ground, style)


def file_name(plan: str, kind: str, territory: int | None = None) -> str:
    """What the file of a plan of that name is called; no two kinds of it are called the same."""
    # Letters and digits of any script: what else stands in a name some file system refuses.
    words = "-".join(re.findall(r"\w+", plan))[:MAX_FILE_NAME].strip("-") or "territories"
    ending = ENDINGS.get(kind, kind)
    part = "" if territory is None else f"-{territory}"
    apart = f"-{kind}" if ending != kind and ending in MEDIA_TYPES else ""
    return f"{words}{part}{apart}.{ending}"


def _only(sheet: Sheet, number: int) -> Sheet:
    """The sheet with one territory."""
    rows = tuple(row for row in sheet.territories if row.number == number)
    if not rows:
        raise NotFound(
            "{plan!r} has no territory {number}",
            plan=sheet.plan.name,
            number=str(number),
        )
    units = tuple(unit for unit in sheet.units if unit.territory == number)
    return replace(sheet, territories=rows, units=units)


def _block_equivalency(sheet: Sheet) -> bytes:
    """Official codes of units, with their zeros, and numbers of territories; sorted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("GEOID", "DISTRICT"))
    writer.writerows(sorted((official(unit.code), unit.territory) for unit in sheet.units))
    return out.getvalue().encode()


def _csv_lines(sheet: Sheet) -> Any:
    named = {row.number: row for row in sheet.territories}
    rows = (
        (
            unit.code,
            unit.name,
            named[unit.territory].name,
            people_of(named[unit.territory]),
            None if unit.load is None else plain_number(unit.load),
        )
        for unit in sheet.units
    )
    return csv_safe.csv_lines(_CSV_HEADER, rows)


def _ground(session: Session, sheet: Sheet, tolerance_deg: float) -> Outlines:
    """The outlines, with fewer vertices where a tolerance is given; neighbours still meet."""
    held = [unit for unit in sheet.units if unit.territory]
    codes = [unit.code for unit in held]
    shapes = unit_layers.read_shapes(session, codes)
    if tolerance_deg and len(codes):
        simple = shapely.coverage_simplify(shapes, tolerance_deg)
        shapes = shapely.set_precision(simple, 1e-4, mode="pointwise")
    home = np.array([unit.territory for unit in held])
    return Outlines(
        units=dict(zip(codes, shapes, strict=True)),
        territories={number: _union(shapes[home == number]) for number in np.unique(home).tolist()},
    )


def _union(shapes: NDArray[np.object_]) -> Any:
    """One outline of units that tile without gaps, with the corners they have."""
    whole = shapely.coverage_union_all(shapes)
    return shapely.MultiPolygon([p for p in shapely.get_parts(whole) if p.geom_type == "Polygon"])


def _map_file(kind: str, sheet: Sheet, ground: Outlines, style: Style) -> bytes:
    territories = [
        Drawn(_values(sheet, row), ground.territories[row.number])
        for row in sheet.territories
        if row.number in ground.territories
    ]
    if kind == "geojson":
        held = [
            [unit.code for unit in sheet.units if unit.territory == one.values["number"]]
            for one in territories
        ]
        return map_files.geojson(sheet.plan.name, territories, held)
    if kind == "kml":
        return map_files.kml(sheet.plan.name, territories, _kml_words(style))
    names = {row.number: row.name for row in sheet.territories}
    units = [
        Drawn(
            {
                "code": unit.code,
                "name": unit.name,
                "number": unit.territory,
                "territory": names[unit.territory],
                "load": unit.load,
            },
            ground.units[unit.code],
        )
        for unit in sheet.units
        if unit.code in ground.units
    ]
    counted = [_with_count(one, sheet) for one in territories]
    write = map_files.geopackage if kind == "gpkg" else map_files.shapefile
    return write(counted, units)


def _values(sheet: Sheet, row: TerritoryRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "rep": people_of(row),
        "colour": colour_at(row.colour),
        "measure": sheet.balance.words(),
        "load": row.load,
        "deviation": row.deviation,
        "accounts": row.accounts,
        "revenue": row.revenue,
        "population": row.population,
        **{_column(name): value for name, value in row.further.items()},
    }


def _column(name: str) -> str:
    """A column for numbers out of a file, which may be called like one of ours."""
    return name if name in set(Measure) else f"file_{name}"


def _with_count(one: Drawn, sheet: Sheet) -> Drawn:
    held = sum(unit.territory == one.values["number"] for unit in sheet.units)
    return Drawn({**one.values, "units": held}, one.shape)


def _kml_words(style: Style) -> dict[str, str]:
    return {
        "rep": style.responsible,
        "load": style.load,
        "deviation": style.deviation,
        "accounts": style.accounts,
        "revenue": style.revenue,
        "population": style.population,
    }
