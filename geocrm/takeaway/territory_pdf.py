"""The territory report on paper: all territories on one map, then a page for each.

Outlines stay lines, text stays text. Whoever needs it loads this module then, not before.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from shapely.geometry.base import BaseGeometry

from geocrm.takeaway.content import Bar, Heading, Table

# A4 upright, in millimetres.
_WIDTH: Final = 210.0
_HEIGHT: Final = 297.0
_LEFT: Final = 16.0
_RIGHT: Final = 194.0
_TOP: Final = 18.0
_BOTTOM: Final = 279.0
_ROW: Final = 5.4
_BAR: Final = 6.0
_MOST_BARS: Final = 40

_INK: Final = "#1c2b2a"
_QUIET: Final = "#5d6b69"
_LINE: Final = "#d5dcda"
_LAND: Final = "#eef1f0"
_ACCENT: Final = "#0b6b66"
_BAND: Final = "#cfe3e1"
_WARN: Final = "#b03828"
_PLAIN: Final = "DejaVuSans"
_BOLD: Final = "DejaVuSans-Bold"

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PdfArea:
    """A territory: what is drawn of it, and what its page says."""

    mark: str
    name: str
    colour: str
    shape: BaseGeometry
    units: Sequence[BaseGeometry]
    figures: tuple[tuple[str, str], ...]
    table: Table


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
    paper = _Paper(out, heading)
    areas, others = _in_one_piece(areas, others)
    ground = [*others, *(area.shape for area in areas)]
    if overview:
        _overview(paper, areas, bars, table, (ideal, tolerance, bars_title))
    for area in areas:
        _territory(paper, area, ground)
    paper.canvas.save()
    return out.getvalue()


def _in_one_piece(
    areas: Sequence[PdfArea], others: Sequence[BaseGeometry]
) -> tuple[list[PdfArea], list[BaseGeometry]]:
    """The west put to the east of 180 degrees, where that makes the map narrower."""
    shapes = [area.shape for area in areas]
    turned = _turned(shapes)
    before, after = (shapely.total_bounds(each) for each in (shapes, turned))
    if not before[2] - before[0] > max(180, after[2] - after[0]):
        return list(areas), list(others)
    return [
        replace(area, shape=shape, units=_turned(area.units))
        for area, shape in zip(areas, turned, strict=True)
    ], _turned(others)


def _turned(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    every = np.array(shapes, dtype=object)
    return list(shapely.transform(every, lambda xy: np.column_stack([xy[:, 0] % 360, xy[:, 1]])))


class _Paper:
    """Pages on which things lie at millimetres from the upper left corner."""

    def __init__(self, out: io.BytesIO, heading: Heading) -> None:
        _load_fonts()
        # Invariant: no dates, so that the same plan gives the same document.
        self.canvas = Canvas(out, pagesize=(_WIDTH * mm, _HEIGHT * mm), invariant=1)
        self.canvas.setTitle(heading.title)
        self.canvas.setCreator("GeoCRM")
        self.heading = heading
        self.number = 1

    def end_page(self) -> None:
        """The foot of the page, and a new one."""
        self.line(_LEFT, _RIGHT, _BOTTOM + 5)
        source = wrap("  ·  ".join(self.heading.attribution), 125)
        for at, words in enumerate(source[:3]):
            self.text(_LEFT, _BOTTOM + 8.4 + at * 2.8, words, size=6, colour=_QUIET)
        self.text(_RIGHT, _BOTTOM + 9, str(self.number), size=8, colour=_QUIET, align="right")
        self.canvas.showPage()
        self.number += 1

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        bold: bool = False,
        colour: str = _INK,
        align: str = "left",
        wide: float = _RIGHT - _LEFT,
    ) -> None:
        """One line of text on this baseline, cut to the width."""
        font = _BOLD if bold else _PLAIN
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(HexColor(colour))
        draw = self.canvas.drawRightString if align == "right" else self.canvas.drawString
        draw(x * mm, (_HEIGHT - y) * mm, _fitting(text, font, size, wide * mm))

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A filled rectangle."""
        if right > left:
            self.canvas.setFillColor(HexColor(colour))
            size = ((right - left) * mm, (bottom - top) * mm)
            self.canvas.rect(left * mm, (_HEIGHT - bottom) * mm, *size, stroke=0, fill=1)

    def line(self, left: float, right: float, y: float, colour: str = _LINE) -> None:
        """A thin horizontal line."""
        self.box(left, y, right, y + 0.15, colour)

    def shape(
        self, rings: Sequence[Floats], *, fill: str, line: str, width: float, opacity: float = 1.0
    ) -> None:
        """Closed rings, shape (n, 2), millimetres; inner ones are holes."""
        path = self.canvas.beginPath()
        for ring in rings:
            places = (np.column_stack([ring[:, 0], _HEIGHT - ring[:, 1]]) * mm).round(2).tolist()
            path.moveTo(*places[0])
            for place in places[1:-1]:
                path.lineTo(*place)
            path.close()
        self.canvas.saveState()
        self.canvas.setLineWidth(width)
        self.canvas.setLineJoin(1)
        self.canvas.setStrokeColor(HexColor(line))
        if fill:
            self.canvas.setFillColor(HexColor(fill))
            self.canvas.setFillAlpha(opacity)
        self.canvas.drawPath(path, stroke=1, fill=1 if fill else 0, fillMode=0)
        self.canvas.restoreState()

    def mark(self, x: float, y: float, text: str) -> None:
        """A number with a pale edge, to be read on any colour."""
        self.canvas.setFont(_BOLD, 7)
        self.canvas.setStrokeColor(HexColor("#ffffff"))
        self.canvas.setFillColor(HexColor(_INK))
        self.canvas.setLineWidth(1.6)
        left = x * mm - pdfmetrics.stringWidth(text, _BOLD, 7) / 2
        for mode in (1, 0):
            self.canvas.drawString(left, (_HEIGHT - y) * mm - 2.5, text, mode=mode)


@cache
def _load_fonts() -> None:
    """DejaVu, which has the letters of Europe and Vietnam, and comes with matplotlib."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    for name in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _fitting(text: str, font: str, size: float, room: float) -> str:
    """The text on one line, cut to the room in points."""
    clean = " ".join(text.split())
    if pdfmetrics.stringWidth(clean, font, size) <= room:
        return clean
    while clean and pdfmetrics.stringWidth(f"{clean}…", font, size) > room:
        clean = clean[:-1].rstrip()
    return f"{clean}…"


# ------------------------------------------------------------------------------ pages


def _overview(
    paper: _Paper,
    areas: Sequence[PdfArea],
    bars: Sequence[Bar],
    table: Table,
    scale: tuple[float | None, float, str],
) -> None:
    heading = paper.heading
    paper.text(_LEFT, _TOP + 5, heading.title, size=20, bold=True)
    paper.text(_LEFT, _TOP + 13, heading.subtitle, size=10.5, colour=_QUIET)
    _facts(paper, heading.facts, _TOP + 20)
    number = min(len(bars), _MOST_BARS)
    rows = -(-number // 2) if number > 12 else number
    top = _TOP + 33
    low = _BOTTOM - (rows * _BAR + 10 if number else 0) - 8
    bottom = min(low, top + _height_of(areas))
    _map(paper, (_LEFT, top, _RIGHT, bottom), areas)
    _bars(paper, bars[:_MOST_BARS], rows, bottom + 10, scale)
    below = bottom + (rows * _BAR + 26 if number else 12)
    if below + _ROW * (len(table.rows) + 2) > _BOTTOM:
        below = _BOTTOM
    _table_pages(paper, table, heading.title, below)


def _height_of(areas: Sequence[PdfArea]) -> float:
    """How high a map of the whole width is, in millimetres."""
    west, south, east, north = shapely.total_bounds([area.shape for area in areas])
    if not east > west:
        return _RIGHT - _LEFT
    stretch = float(np.cos(np.radians(np.clip((south + north) / 2, -80, 80))))
    return float((_RIGHT - _LEFT) * (north - south) / ((east - west) * stretch)) + 4


def _territory(paper: _Paper, area: PdfArea, ground: Sequence[BaseGeometry]) -> None:
    paper.box(_LEFT, _TOP + 0.4, _LEFT + 5.5, _TOP + 5.9, area.colour)
    paper.text(_LEFT + 9, _TOP + 5, area.name, size=18, bold=True, wide=_RIGHT - _LEFT - 9)
    paper.text(_LEFT + 9, _TOP + 11.5, paper.heading.title, size=9.5, colour=_QUIET)
    _map(paper, (_LEFT, _TOP + 18, _RIGHT, 150), [area], ground, close=True)
    y = 160.0
    for at, (label, value) in enumerate(area.figures):
        x = _LEFT + (at % 3) * 60
        paper.text(x, y, label, size=8, colour=_QUIET)
        paper.text(x, y + 5.2, value, size=11, bold=True, wide=57)
        if at % 3 == 2:
            y += 13
    y += 13 if len(area.figures) % 3 else 0
    _table_pages(paper, area.table, area.name, y + 4)


def _table_pages(paper: _Paper, table: Table, title: str, y: float) -> None:
    """The table on this page from `y`, and on as many more as it needs."""
    columns = _column_places(table)
    rows = list(table.rows)
    while True:
        room = int((_BOTTOM - y - _ROW) / _ROW)
        if room > 0 and rows:
            _table(paper, table, columns, rows[:room], y)
            rows = rows[room:]
        paper.end_page()
        if not rows:
            return
        paper.text(_LEFT, _TOP + 4, title, size=12, bold=True)
        y = _TOP + 13


def _facts(paper: _Paper, facts: Sequence[tuple[str, str]], y: float) -> None:
    wide = (_RIGHT - _LEFT) / max(len(facts), 1)
    for at, (label, value) in enumerate(facts):
        x = _LEFT + at * wide
        paper.text(x, y, label, size=7.5, colour=_QUIET, wide=wide - 2)
        paper.text(x, y + 5, value, size=11, bold=True, wide=wide - 2)


# ------------------------------------------------------------------------------ map


@dataclass(frozen=True, slots=True)
class _View:
    """A box on the paper and the ground it shows, true to shape in its middle."""

    box: Box
    west: float
    north: float
    # Degrees in a millimetre.
    x: float
    y: float

    @property
    def ground(self) -> Box:
        left, top, right, bottom = self.box
        south, east = self.north - (bottom - top) * self.y, self.west + (right - left) * self.x
        return self.west, south, east, self.north

    def place(self, lonlat: Floats) -> Floats:
        """Degrees to millimetres on the paper, shape (n, 2)."""
        return np.column_stack(
            [
                self.box[0] + (lonlat[:, 0] - self.west) / self.x,
                self.box[1] + (self.north - lonlat[:, 1]) / self.y,
            ]
        )


def _map(
    paper: _Paper,
    box: Box,
    areas: Sequence[PdfArea],
    ground: Sequence[BaseGeometry] = (),
    *,
    close: bool = False,
) -> None:
    bounds = shapely.total_bounds([area.shape for area in areas])
    if not np.isfinite(bounds).all():
        return
    view = _view(box, bounds)
    for rings in _seen(ground, view):
        paper.shape(rings, fill=_LAND, line="#c3ccca", width=0.4)
    for area in areas:
        for rings in _seen(area.units if close else [area.shape], view):
            paper.shape(rings, fill=area.colour, line="#ffffff", width=0.4, opacity=0.85)
        if close:
            for rings in _seen([area.shape], view):
                paper.shape(rings, fill="", line=area.colour, width=1.1)
    if not close:
        _marks(paper, areas, view)


def _view(box: Box, bounds: Floats) -> _View:
    wide, high = box[2] - box[0], box[3] - box[1]
    middle_x, middle_y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    stretch = float(np.cos(np.radians(np.clip(middle_y, -80, 80))))
    y = float(
        max(
            max(bounds[2] - bounds[0], 1e-3) * stretch * 1.04 / wide,
            max(bounds[3] - bounds[1], 1e-3) * 1.04 / high,
        )
    )
    x = y / stretch
    return _View(box, float(middle_x) - x * wide / 2, float(middle_y) + y * high / 2, x, y)


def _seen(shapes: Sequence[BaseGeometry], view: _View) -> list[list[Floats]]:
    """Rings of the shapes in the view, on paper, without corners that nobody sees."""
    every = np.array(shapes, dtype=object)
    if not len(every):
        return []
    some = every[shapely.intersects(every, shapely.box(*view.ground))]
    # A corner more in 0.06 mm is one that nobody sees.
    simple = shapely.simplify(some, view.x * 0.06, preserve_topology=False)
    found = []
    for shape in shapely.clip_by_rect(simple, *view.ground):
        parts = shapely.get_parts(shape)
        rings = shapely.get_rings(parts[shapely.get_dimensions(parts) == 2])
        if len(rings):
            found.append([view.place(shapely.get_coordinates(ring)) for ring in rings])
    return found


def _marks(paper: _Paper, areas: Sequence[PdfArea], view: _View) -> None:
    """Each territory's number inside its largest part, or beside it where others stand there."""
    taken: list[tuple[float, float]] = []
    for area in sorted(areas, key=lambda area: -area.shape.area):
        parts = shapely.get_parts(area.shape)
        spot = shapely.point_on_surface(parts[int(np.argmax(shapely.area(parts)))])
        at_x, at_y = view.place(np.array([[spot.x, spot.y]]))[0].tolist()
        x, y = _free(at_x, at_y, taken)
        taken.append((x, y))
        if (x, y) != (at_x, at_y):
            line = np.array([[at_x, at_y], [x, y], [at_x, at_y]])
            paper.shape([line], fill="", line=_INK, width=0.4)
        paper.mark(x, y, area.mark)


def _free(x: float, y: float, taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The nearest place on a few circles where no other number stands, millimetres."""
    for radius in (0, 5, 8, 11, 14, 17):
        for angle in np.radians(np.arange(90, 450, 30 if radius else 360)).tolist():
            spot = (x + radius * float(np.cos(angle)), y - radius * float(np.sin(angle)))
            found = spot if radius else (x, y)
            if all(abs(found[0] - ox) > 4.6 or abs(found[1] - oy) > 3.2 for ox, oy in taken):
                return found
    return x, y


# ------------------------------------------------------------------------------ bars


def _bars(
    paper: _Paper,
    bars: Sequence[Bar],
    rows: int,
    top: float,
    scale: tuple[float | None, float, str],
) -> None:
    if not bars:
        return
    ideal, tolerance, title = scale
    paper.text(_LEFT, top, title, size=9.5, bold=True)
    longest = max([bar.value for bar in bars] + [(ideal or 0.0) * (1 + tolerance)]) or 1.0
    columns = -(-len(bars) // rows)
    width = (_RIGHT - _LEFT - (columns - 1) * 8) / columns
    for at in range(columns):
        left = _LEFT + at * (width + 8)
        some = bars[at * rows : (at + 1) * rows]
        _bar_column(paper, some, (left, width, top + 4), longest, (ideal, tolerance))


def _bar_column(
    paper: _Paper,
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
              colour=_WARN if off else _INK)  # fmt: skip
    if ideal:
        at = start + room * ideal / longest
        paper.box(at - 0.15, top, at + 0.15, bottom, _INK)


# ------------------------------------------------------------------------------ tables


def _column_places(table: Table) -> list[tuple[float, float]]:
    """Left and right of each column, by the length of what stands in it."""
    longest = [
        min(max(len(heading), *(len(row[at]) for row in table.rows), 1) + 2, 30)
        if table.rows
        else len(heading) + 2
        for at, heading in enumerate(table.headings)
    ]
    edges = _LEFT + np.cumsum([0, *longest]) * (_RIGHT - _LEFT) / sum(longest)
    return list(pairwise(edges.tolist()))


def _table(
    paper: _Paper,
    table: Table,
    columns: Sequence[tuple[float, float]],
    rows: Sequence[Sequence[str]],
    y: float,
) -> None:
    _row(paper, table, columns, table.headings, y, colour=_QUIET)
    paper.line(_LEFT, _RIGHT, y + 1.6, "#9aa7a5")
    for row in rows:
        y += _ROW
        _row(paper, table, columns, row, y)
        paper.line(_LEFT, _RIGHT, y + 1.6)


def _row(
    paper: _Paper,
    table: Table,
    columns: Sequence[tuple[float, float]],
    cells: Sequence[str],
    y: float,
    colour: str = _INK,
) -> None:
    for at, (cell, (left, right)) in enumerate(zip(cells, columns, strict=True)):
        number = at in table.numeric
        x = right - 1.5 if number else left
        align = "right" if number else "left"
        paper.text(x, y, cell, size=7.2, colour=colour, align=align, wide=right - left - 1.5)
