"""Plans as files to take away: for map programs, spreadsheets, census offices, and on paper.

Figures are those of the accounts the actor sees.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput, NotFound
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.takeaway import Area, Bar, Heading, Table, csv_safe
from geocrm.territories import map_files, scenarios, sheets, unit_layers
from geocrm.territories.balance import Balance
from geocrm.territories.map_files import Drawn
from geocrm.territories.models import Measure
from geocrm.territories.naming import plain_number
from geocrm.territories.palette import colour_at
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
# Where the ending of the file is not the name of the format.
ENDINGS: Final = {"shp": "zip", "bef": "csv", "scenario": "txt"}
_CSV_HEADER: Final = ("unit", "unit_name", "territory", "rep", "load")
# Of the outlines in a report; on a screen 600 km wide that is a pixel.
_REPORT_TOLERANCE_DEG: Final = 0.005
# For programs that measure; the others are looked at.
_EXACT: Final = ("geojson", "gpkg", "shp", "kml")


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
    code: str = "Code"
    load: str = "Load"
    deviation: str = "Off the mean"
    accounts: str = "Customers"
    revenue: str = "Revenue"
    population: str = "Population"
    orders: str = "Orders in a year"
    workload: str = "Hours a year"
    shared: str = "Shared out evenly"
    # A mixture's load is shown in the scale of one of its measures.
    in_scale: str = "{mixture}, in the scale of {measure}"
    largest_deviation: str = "Largest deviation"
    tolerance: str = "Tolerance"
    not_counted: str = "Customers without a trustworthy point, not counted"

    def measure(self, name: str) -> str:
        """What a measure is called; numbers out of a file by the name they were given."""
        return str(getattr(self, name)) if name in set(Measure) else name

    def balanced(self, balance: Balance) -> str:
        """What a plan shares out, in words."""
        words = balance.words(self.measure, lambda part: self.share(part).lstrip("+"))
        if not balance.mixed:
            return words
        return self.in_scale.format(mixture=words, measure=self.measure(balance.measure))


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
        return _pdf(whole, sheet, ground, attribution, style)
    if kind == "html":
        return _report(sheet, ground, attribution, style).encode()
    return _map_file(kind, sheet, ground, style)


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


def official(code: str) -> str:
    """A unit's code as its country writes it: without the layer that we put before it."""
    return code.partition(":")[2] or code


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


@dataclass(frozen=True, slots=True)
class _Ground:
    """Outlines of a plan: of each unit by code, of each territory by number."""

    units: dict[str, Any]
    territories: dict[int, Any]


def _ground(session: Session, sheet: Sheet, tolerance_deg: float) -> _Ground:
    """The outlines, with fewer vertices where a tolerance is given; neighbours still meet."""
    held = [unit for unit in sheet.units if unit.territory]
    codes = [unit.code for unit in held]
    shapes = unit_layers.read_shapes(session, codes)
    if tolerance_deg and len(codes):
        simple = shapely.coverage_simplify(shapes, tolerance_deg)
        shapes = shapely.set_precision(simple, 1e-4, mode="pointwise")
    home = np.array([unit.territory for unit in held])
    return _Ground(
        units=dict(zip(codes, shapes, strict=True)),
        territories={number: _union(shapes[home == number]) for number in np.unique(home).tolist()},
    )


def _union(shapes: NDArray[np.object_]) -> Any:
    """One outline of units that tile without gaps, with the corners they have."""
    whole = shapely.coverage_union_all(shapes)
    return shapely.MultiPolygon([p for p in shapely.get_parts(whole) if p.geom_type == "Polygon"])


def _map_file(kind: str, sheet: Sheet, ground: _Ground, style: Style) -> bytes:
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
        "rep": _names(row),
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


def _pdf(whole: Sheet, sheet: Sheet, ground: _Ground, attribution: str, style: Style) -> bytes:
    # Loading matplotlib takes half a second and 40 MB, which only this needs.
    paper = import_module("geocrm.takeaway.territory_pdf")
    names = {row.number: row.name for row in whole.territories}
    areas = [
        paper.PdfArea(
            mark=str(row.number),
            name=row.name,
            colour=colour_at(row.colour),
            shape=ground.territories[row.number],
            units=[ground.units[u.code] for u in sheet.units if u.territory == row.number],
            figures=_figures(row, style),
            table=_unit_table(sheet, row, style),
        )
        for row in sheet.territories
        if row.number in ground.territories
    ]
    document: bytes = paper.territory_pdf(
        _heading(whole, attribution, style),
        areas,
        _bars(whole, style, numbered=True),
        _table(whole.territories, style),
        ideal=whole.ideal,
        tolerance=whole.plan.tolerance,
        bars_title=style.load,
        overview=whole is sheet,
        others=[shape for number, shape in ground.territories.items() if number in names],
    )
    return document


def _unit_table(sheet: Sheet, row: TerritoryRow, style: Style) -> Table:
    held = [unit for unit in sheet.units if unit.territory == row.number]
    held.sort(key=lambda unit: (-(unit.load or 0.0), unit.name))
    return Table(
        headings=(
            *(style.code, style.units, style.load),
            *(style.accounts, style.revenue, style.population),
        ),
        rows=tuple(
            (
                official(unit.code),
                unit.name,
                _shown(unit.load, style.number),
                _shown(unit.accounts, style.number),
                _shown(unit.revenue, style.number),
                _shown(unit.population, style.number),
            )
            for unit in held
        ),
        numeric=frozenset(range(2, 6)),
    )


def _report(sheet: Sheet, ground: _Ground, attribution: str, style: Style) -> str:
    from geocrm.takeaway.territory_report import territory_report  # noqa: PLC0415 - slow to load

    rows = sheet.territories
    return territory_report(
        _heading(sheet, attribution, style),
        [
            Area(
                row.name,
                colour_at(row.colour),
                mapping(ground.territories[row.number]),
                _figures(row, style),
            )
            for row in rows
            if row.number in ground.territories
        ],
        _bars(sheet, style),
        _table(rows, style),
        vendor=style.vendor,
        ideal=sheet.ideal,
        tolerance=sheet.plan.tolerance,
        bars_title=style.load,
    )


def _heading(sheet: Sheet, attribution: str, style: Style) -> Heading:
    facts = [
        (style.shared, style.balanced(sheet.balance)),
        (style.tolerance, style.share(sheet.plan.tolerance).lstrip("+")),
    ]
    if sheet.max_deviation is not None:
        facts.append((style.largest_deviation, style.share(sheet.max_deviation).lstrip("+")))
    if sheet.unplaced is not None and sheet.unplaced.accounts:
        facts.append((style.not_counted, style.number(sheet.unplaced.accounts)))
    return Heading(
        title=sheet.plan.name,
        subtitle=sheet.area,
        facts=tuple(facts),
        attribution=(attribution,),
        language=style.language,
    )


def _bars(sheet: Sheet, style: Style, *, numbered: bool = False) -> list[Bar]:
    return [
        Bar(
            f"{row.number}  {row.name}" if numbered else row.name,
            row.load or 0.0,
            style.number(row.load or 0.0),
            colour_at(row.colour),
        )
        for row in sorted(sheet.territories, key=lambda row: -(row.load or 0.0))
    ]


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
        *((style.measure(name), _shown(held, style.number)) for name, held in row.further.items()),
        (style.deviation, _shown(row.deviation, style.share)),
    )


def _names(row: TerritoryRow) -> str:
    return ", ".join(person.name for person in row.people)


def _shown(value: float | None, words: Callable[[float], str]) -> str:
    return "–" if value is None else words(value)
