"""Plans on paper and as a page that opens without a network: outlines, bars and tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from shapely.geometry import mapping

from geocrm.takeaway import Area, Bar, Heading, Table
from geocrm.territories.palette import colour_at
from geocrm.territories.report_style import Style
from geocrm.territories.sheets import Sheet, TerritoryRow


@dataclass(frozen=True, slots=True)
class Outlines:
    """Outlines of a plan: of each unit by code, of each territory by number."""

    units: dict[str, Any]
    territories: dict[int, Any]


def pdf(whole: Sheet, sheet: Sheet, ground: Outlines, attribution: str, style: Style) -> bytes:
    """The sheet, the whole plan or one territory of it, as pages to print."""
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


def official(code: str) -> str:
    """A unit's code as its country writes it: without the layer that we put before it."""
    return code.partition(":")[2] or code


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


def report(sheet: Sheet, ground: Outlines, attribution: str, style: Style) -> str:
    """The sheet as one HTML file with its map."""
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
                *(row.name, people_of(row), style.number(row.units)),
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
        (style.responsible, people_of(row) or "–"),
        (style.accounts, _shown(row.accounts, style.number)),
        (style.revenue, _shown(row.revenue, style.number)),
        (style.population, _shown(row.population, style.number)),
        *((style.measure(name), _shown(held, style.number)) for name, held in row.further.items()),
        (style.deviation, _shown(row.deviation, style.share)),
    )


def people_of(row: TerritoryRow) -> str:
    """Who works there, by name."""
    return ", ".join(person.name for person in row.people)


def _shown(value: float | None, words: Callable[[float], str]) -> str:
    return "–" if value is None else words(value)
