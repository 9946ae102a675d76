"""Plans as files to take away: GeoJSON, CSV and a page with a map that opens without network.

Figures are those of the accounts the actor sees.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import mapping, shape
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.takeaway import Area, Bar, Heading, Table, csv_safe, territory_report
from geocrm.territories import queries, sheets
from geocrm.territories.designing import plain_number
from geocrm.territories.palette import colour_at
from geocrm.territories.sheets import Sheet, TerritoryRow

MEDIA_TYPES: Final = {
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
_CSV_HEADER: Final = ("unit", "unit_name", "territory", "rep", "load")
# Of the outlines in a report; on a screen 600 km wide that is a pixel.
_REPORT_TOLERANCE_DEG: Final = 0.005


@dataclass(frozen=True, slots=True)
class Style:
    """The words and the number format of a report, and where the browser assets are."""

    vendor: Path
    language: str = "en"
    number: Callable[[float], str] = "{:,.0f}".format
    share: Callable[[float], str] = "{:+.1%}".format
    territory: str = "Territory"
    responsible: str = "Responsible"
    units: str = "Units"
    load: str = "Load"
    deviation: str = "Off the mean"
    accounts: str = "Customers"
    revenue: str = "Revenue"
    population: str = "Population"
    largest_deviation: str = "Largest deviation"
    tolerance: str = "Tolerance"
    not_counted: str = "Customers without a trustworthy point, not counted"


def render(session: Session, actor: Actor, plan_id: int, kind: str, style: Style) -> bytes:
    """The plan as a file of this kind; InvalidInput when there is no such kind."""
    actor.require("export", "territory")
    if kind not in MEDIA_TYPES:
        raise InvalidInput(f"There is no format {kind!r}; there are {', '.join(MEDIA_TYPES)}")
    sheet = sheets.sheet(session, actor, plan_id)
    if kind == "csv":
        return "".join(_csv_lines(sheet)).encode()
    shapes = queries.shapes(session, plan_id)
    if kind == "geojson":
        return json.dumps(_geojson(sheet, shapes), ensure_ascii=False).encode()
    attribution = places.layer(session, sheet.plan.level).attribution
    return _report(sheet, shapes, attribution, style).encode()


def _csv_lines(sheet: Sheet) -> Any:
    named = {row.number: row for row in sheet.territories}
    rows = (
        (
            unit.code,
            unit.name,
            named[unit.territory].name,
            _names(named[unit.territory]),
            None if unit.load is None else plain_number(unit.load),
        )
        for unit in sheet.units
    )
    return csv_safe.csv_lines(_CSV_HEADER, rows)


def _geojson(sheet: Sheet, shapes: dict[int, Any]) -> dict[str, Any]:
    """The dissolved territories with their figures."""
    return {
        "type": "FeatureCollection",
        "name": sheet.plan.name,
        "features": [
            {
                "type": "Feature",
                "id": row.number,
                "properties": {
                    "number": row.number,
                    "name": row.name,
                    "rep": _names(row),
                    "colour": colour_at(row.colour),
                    "units": [unit.code for unit in sheet.units if unit.territory == row.number],
                    "measure": sheet.measure.value,
                    "load": row.load,
                    "deviation": row.deviation,
                    "accounts": row.accounts,
                    "revenue": row.revenue,
                    "population": row.population,
                },
                "geometry": shapes.get(row.number),
            }
            for row in sheet.territories
        ],
    }


def _report(sheet: Sheet, shapes: dict[int, Any], attribution: str, style: Style) -> str:
    outlines = _simplified(shapes)
    rows = sheet.territories
    facts = [(style.tolerance, style.share(sheet.plan.tolerance).lstrip("+"))]
    if sheet.max_deviation is not None:
        facts.append((style.largest_deviation, style.share(sheet.max_deviation).lstrip("+")))
    if sheet.unplaced is not None and sheet.unplaced.accounts:
        facts.append((style.not_counted, style.number(sheet.unplaced.accounts)))
    return territory_report(
        Heading(
            title=sheet.plan.name,
            subtitle=sheet.area,
            facts=tuple(facts),
            attribution=(attribution,),
            language=style.language,
        ),
        [
            Area(row.name, colour_at(row.colour), outlines[row.number], _figures(row, style))
            for row in rows
            if row.number in outlines
        ],
        [
            Bar(row.name, row.load or 0.0, style.number(row.load or 0.0), colour_at(row.colour))
            for row in sorted(rows, key=lambda row: -(row.load or 0.0))
        ],
        _table(rows, style),
        vendor=style.vendor,
        ideal=sheet.ideal,
        tolerance=sheet.plan.tolerance,
        bars_title=style.load,
    )


def _table(rows: Sequence[TerritoryRow], style: Style) -> Table:
    return Table(
        headings=(
            *(style.territory, style.responsible, style.units, style.load, style.deviation),
            *(style.accounts, style.revenue, style.population),
        ),
        rows=tuple(
            (
                *(row.name, _names(row), style.number(row.units)),
                _shown(row.load, style.number),
                _shown(row.deviation, style.share),
                _shown(row.accounts, style.number),
                _shown(row.revenue, style.number),
                _shown(row.population, style.number),
            )
            for row in rows
        ),
        numeric=frozenset(range(2, 8)),
    )


def _figures(row: TerritoryRow, style: Style) -> tuple[tuple[str, str], ...]:
    return (
        (style.responsible, _names(row) or "–"),
        (style.accounts, _shown(row.accounts, style.number)),
        (style.revenue, _shown(row.revenue, style.number)),
        (style.population, _shown(row.population, style.number)),
        (style.deviation, _shown(row.deviation, style.share)),
    )


def _simplified(shapes: dict[int, Any]) -> dict[int, Any]:
    """The outlines with fewer vertices; neighbours still meet."""
    numbers = sorted(shapes)
    outlines = np.array([shape(shapes[number]) for number in numbers], dtype=object)
    if not len(outlines):
        return {}
    simple = shapely.set_precision(
        shapely.coverage_simplify(outlines, _REPORT_TOLERANCE_DEG), 1e-4, mode="pointwise"
    )
    return {number: mapping(simple[at]) for at, number in enumerate(numbers)}


def _names(row: TerritoryRow) -> str:
    return ", ".join(person.name for person in row.people)


def _shown(value: float | None, words: Callable[[float], str]) -> str:
    return "–" if value is None else words(value)
