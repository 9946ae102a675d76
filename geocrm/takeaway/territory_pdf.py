"""The territory report on paper: all territories on one map, then a page for each.

Whoever needs it loads this module then, not before: what it draws with is large.
"""

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geocrm.takeaway.content import Bar, Heading, Table
from geocrm.takeaway.paper import BOTTOM, INK, LEFT, QUIET, RIGHT, TOP, Paper
from geocrm.takeaway.paper_map import PdfArea, draw_map, in_one_piece

_ROW: Final = 5.4
_BAR: Final = 6.0
_MOST_BARS: Final = 40
_BAND: Final = "#cfe3e1"
_WARN: Final = "#b03828"


def territory_pdf(
    heading: Heading,
    areas: Sequence[PdfArea],
    bars: Sequence[Bar],
    table: Table,
    *,
    ideal: float | None = None,
    tolerance: float = 0.0,
    bars_title: str = "",
    overview: bool = True,
    others: Sequence[BaseGeometry] = (),
) -> bytes:
    """The document; `others` are outlines drawn pale around the territories.

    Without `overview` it holds only the pages of the territories.
    """
    out = io.BytesIO()
    paper = Paper(out, heading)
    areas, others = in_one_piece(areas, others)
    ground = [*others, *(area.shape for area in areas)]
    if overview:
        _overview(paper, areas, bars, table, (ideal, tolerance, bars_title))
    for area in areas:
        _territory(paper, area, ground)
    paper.canvas.save()
    return out.getvalue()


# ------------------------------------------------------------------------------ pages


def _overview(
    paper: Paper,
    areas: Sequence[PdfArea],
    bars: Sequence[Bar],
    table: Table,
    scale: tuple[float | None, float, str],
) -> None:
    heading = paper.heading
    paper.text(LEFT, TOP + 5, heading.title, size=20, bold=True)
    paper.text(LEFT, TOP + 13, heading.subtitle, size=10.5, colour=QUIET)
    _facts(paper, heading.facts, TOP + 20)
    number = min(len(bars), _MOST_BARS)
    rows = -(-number // 2) if number > 12 else number
    top = TOP + 33
    low = BOTTOM - (rows * _BAR + 10 if number else 0) - 8
    bottom = min(low, top + _height_of(areas))
    draw_map(paper, (LEFT, top, RIGHT, bottom), areas)
    _bars(paper, bars[:_MOST_BARS], rows, bottom + 10, scale)
    below = bottom + (rows * _BAR + 26 if number else 12)
    if below + _ROW * (len(table.rows) + 2) > BOTTOM:
        below = BOTTOM
    _table_pages(paper, table, heading.title, below)


def _height_of(areas: Sequence[PdfArea]) -> float:
    """How high a map of the whole width is, in millimetres."""
    west, south, east, north = shapely.total_bounds([area.shape for area in areas])
    if not east > west:
        return RIGHT - LEFT
    stretch = float(np.cos(np.radians(np.clip((south + north) / 2, -80, 80))))
    return float((RIGHT - LEFT) * (north - south) / ((east - west) * stretch)) + 4


def _territory(paper: Paper, area: PdfArea, ground: Sequence[BaseGeometry]) -> None:
    paper.box(LEFT, TOP + 0.4, LEFT + 5.5, TOP + 5.9, area.colour)
    paper.text(LEFT + 9, TOP + 5, area.name, size=18, bold=True, wide=RIGHT - LEFT - 9)
    paper.text(LEFT + 9, TOP + 11.5, paper.heading.title, size=9.5, colour=QUIET)
    draw_map(paper, (LEFT, TOP + 18, RIGHT, 150), [area], ground, close=True)
    y = 160.0
    for at, (label, value) in enumerate(area.figures):
        x = LEFT + (at % 3) * 60
        paper.text(x, y, label, size=8, colour=QUIET)
        paper.text(x, y + 5.2, value, size=11, bold=True, wide=57)
        if at % 3 == 2:
            y += 13
    y += 13 if len(area.figures) % 3 else 0
    _table_pages(paper, area.table, area.name, y + 4)


def _table_pages(paper: Paper, table: Table, title: str, y: float) -> None:
    """The table on this page from `y`, and on as many more as it needs."""
    columns = _column_places(table)
    rows = list(table.rows)
    while True:
        room = int((BOTTOM - y - _ROW) / _ROW)
        if room > 0 and rows:
            _table(paper, table, columns, rows[:room], y)
            rows = rows[room:]
        paper.end_page()
        if not rows:
            return
        paper.text(LEFT, TOP + 4, title, size=12, bold=True)
        y = TOP + 13


def _facts(paper: Paper, facts: Sequence[tuple[str, str]], y: float) -> None:
    wide = (RIGHT - LEFT) / max(len(facts), 1)
    for at, (label, value) in enumerate(facts):
        x = LEFT + at * wide
        paper.text(x, y, label, size=7.5, colour=QUIET, wide=wide - 2)
        paper.text(x, y + 5, value, size=11, bold=True, wide=wide - 2)


# ------------------------------------------------------------------------------ bars


def _bars(
    paper: Paper,
    bars: Sequence[Bar],
    rows: int,
    top: float,
    scale: tuple[float | None, float, str],
) -> None:
    if not bars:
        return
    ideal, tolerance, title = scale
    paper.text(LEFT, top, title, size=9.5, bold=True)
    longest = max([bar.value for bar in bars] + [(ideal or 0.0) * (1 + tolerance)]) or 1.0
    columns = -(-len(bars) // rows)
    width = (RIGHT - LEFT - (columns - 1) * 8) / columns
    for at in range(columns):
        left = LEFT + at * (width + 8)
        some = bars[at * rows : (at + 1) * rows]
        _bar_column(paper, some, (left, width, top + 4), longest, (ideal, tolerance))


def _bar_column(
    paper: Paper,
    bars: Sequence[Bar],
    place: tuple[float, float, float],
    longest: float,
    aim: tuple[float | None, float],
) -> None:
    left, width, top = place
    label, figure = width * 0.36, width * 0.2
    start, room = left + label, width - label - figure
    ideal, tolerance = aim
    bottom = top + len(bars) * _BAR
    if ideal:
        low, high = (start + room * ideal * (1 + sign * tolerance) / longest for sign in (-1, 1))
        paper.box(low, top, min(high, start + room), bottom, _BAND)
    for row, bar in enumerate(bars):
        y = top + row * _BAR
        off = ideal is not None and ideal > 0 and abs(bar.value / ideal - 1) > tolerance
        paper.text(left, y + 4, bar.label, size=7.2, wide=label - 2)
        paper.box(start, y + 1.3, start + room * bar.value / longest, y + 4.7, bar.colour)
        paper.text(left + width, y + 4, bar.text, size=7.2, align="right",
              colour=_WARN if off else INK)  # fmt: skip
    if ideal:
        at = start + room * ideal / longest
        paper.box(at - 0.15, top, at + 0.15, bottom, INK)


# ------------------------------------------------------------------------------ tables


def _column_places(table: Table) -> list[tuple[float, float]]:
    """Left and right of each column, by the length of what stands in it."""
    longest = [
        min(max(len(heading), *(len(row[at]) for row in table.rows), 1) + 2, 30)
        if table.rows
        else len(heading) + 2
        for at, heading in enumerate(table.headings)
    ]
    edges = LEFT + np.cumsum([0, *longest]) * (RIGHT - LEFT) / sum(longest)
    return list(pairwise(edges.tolist()))


def _table(
    paper: Paper,
    table: Table,
    columns: Sequence[tuple[float, float]],
    rows: Sequence[Sequence[str]],
    y: float,
) -> None:
    _row(paper, table, columns, table.headings, y, colour=QUIET)
    paper.line(LEFT, RIGHT, y + 1.6, "#9aa7a5")
    for row in rows:
        y += _ROW
        _row(paper, table, columns, row, y)
        paper.line(LEFT, RIGHT, y + 1.6)


def _row(
    paper: Paper,
    table: Table,
    columns: Sequence[tuple[float, float]],
    cells: Sequence[str],
    y: float,
    colour: str = INK,
) -> None:
    for at, (cell, (left, right)) in enumerate(zip(cells, columns, strict=True)):
        number = at in table.numeric
        x = right - 1.5 if number else left
        align = "right" if number else "left"
        paper.text(x, y, cell, size=7.2, colour=colour, align=align, wide=right - left - 1.5)
