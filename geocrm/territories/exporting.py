"""Plans as files to take away: GeoJSON, CSV and a page with a map that opens without network.

Figures are those of the accounts the actor sees; somebody who may not design gets no figures.
"""

import json
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.security import Actor
from geocrm.takeaway import csv_safe
from geocrm.territories import queries, sheets
from geocrm.territories.designing import plain_number
from geocrm.territories.sheets import Sheet

FORMATS: Final = ("geojson", "csv")
MEDIA_TYPES: Final = {
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
_CSV_HEADER = ("unit", "unit_name", "territory", "rep", "load")


def render(session: Session, actor: Actor, plan_id: int, kind: str) -> bytes:
    """The plan as a file of this kind; InvalidInput when there is no such kind."""
    actor.require("export", "territory")
    if kind not in FORMATS:
        raise InvalidInput(f"There is no format {kind!r}; there are {', '.join(FORMATS)}")
    sheet = sheets.sheet(session, actor, plan_id)
    if kind == "csv":
        return _csv(sheet).encode()
    collection = geojson(sheet, queries.shapes(session, plan_id))
    return json.dumps(collection, ensure_ascii=False).encode()


def _csv(sheet: Sheet) -> str:
    named = {row.number: row for row in sheet.territories}
    rows = (
        (
            unit.code,
            unit.name,
            named[unit.territory].name,
            ", ".join(person.name for person in named[unit.territory].people),
            None if unit.load is None else plain_number(unit.load),
        )
        for unit in sheet.units
    )
    return "".join(csv_safe.csv_lines(_CSV_HEADER, rows))


def geojson(sheet: Sheet, shapes: dict[int, Any]) -> dict[str, Any]:
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
                    "rep": ", ".join(person.name for person in row.people),
                    "units": [u.code for u in sheet.units if u.territory == row.number],
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
