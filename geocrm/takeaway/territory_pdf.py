"""The territory report on paper: all territories on one map, then a page for each.

Drawn with matplotlib's PDF backend: outlines stay lines, text stays text. It takes half a second to
load, so whoever needs it loads this module then.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from typing import Any, Final

import numpy as np
import shapely
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
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
Floats = NDArray[np.float64]

_STYLE: Final[Any] = {"pdf.fonttype": 42, "font.family": "DejaVu Sans"}


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
    ground = [*others, *(area.shape for area in areas)]
    with rc_context(_STYLE), PdfPages(out, metadata=_metadata(heading)) as pages:
        number = 1
        sheets: list[Iterator[Figure]] = []
        if overview:
            scale = (ideal, tolerance, bars_title)
            sheets.append(_overview(heading, areas, bars, table, scale))
        sheets += [_territory(heading, area, ground) for area in areas]
        for sheet in sheets:
            for figure in sheet:
                _foot(figure, heading, number)
                FigureCanvasPdf(figure)
                pages.savefig(figure)
                number += 1
    return out.getvalue()


def _metadata(heading: Heading) -> dict[str, Any]:
    # No dates: the same plan gives the same document.
    return {"Title": heading.title, "Creator": "GeoCRM", "CreationDate": None}


# ------------------------------------------------------------------------------ pages


def _overview(
    heading: Heading,
    areas: Sequence[PdfArea],
    bars: Sequence[Bar],
    table: Table,
    scale: tuple[float | None, float, str],
) -> Iterator[Figure]:
    page = _page()
    _text(page, _LEFT, _TOP + 5, heading.title, size=20, weight="bold")
    _text(page, _LEFT, _TOP + 13, heading.subtitle, size=10.5, colour=_QUIET)
    _facts(page, heading.facts, _TOP + 20)
    number = min(len(bars), _MOST_BARS)
    rows = -(-number // 2) if number > 12 else number
    top = _TOP + 33
    low = _BOTTOM - (rows * _BAR + 10 if number else 0) - 8
    bottom = min(low, top + _height_of(areas))
    _map(page, (_LEFT, top, _RIGHT, bottom), areas)
    _bars(page, bars[:_MOST_BARS], rows, bottom + 10, scale)
    below = bottom + (rows * _BAR + 26 if number else 12)
    if below + _ROW * (len(table.rows) + 2) > _BOTTOM:
        yield page
        yield from _table_pages(table, heading.title)
    else:
        yield from _table_pages(table, heading.title, page, below)


def _height_of(areas: Sequence[PdfArea]) -> float:
    """How high a map of the whole width is, in millimetres."""
    west, south, east, north = shapely.total_bounds([area.shape for area in areas])
    if not east > west:
        return _RIGHT - _LEFT
    stretch = float(np.cos(np.radians(np.clip((south + north) / 2, -80, 80))))
    return float((_RIGHT - _LEFT) * (north - south) / ((east - west) * stretch)) + 4


def _territory(heading: Heading, area: PdfArea, ground: Sequence[BaseGeometry]) -> Iterator[Figure]:
    page = _page()
    _swatch(page, _LEFT, _TOP + 0.4, area.colour)
    _text(page, _LEFT + 9, _TOP + 5, area.name, size=18, weight="bold", wide=_RIGHT - _LEFT - 9)
    _text(page, _LEFT + 9, _TOP + 11.5, heading.title, size=9.5, colour=_QUIET)
    _map(page, (_LEFT, _TOP + 18, _RIGHT, 150), [area], ground, close=True)
    y = 160.0
    for at, (label, value) in enumerate(area.figures):
        x = _LEFT + (at % 3) * 60
        _text(page, x, y, label, size=8, colour=_QUIET)
        _text(page, x, y + 5.2, value, size=11, weight="bold", wide=57)
        if at % 3 == 2:
            y += 13
    y += 13 if len(area.figures) % 3 else 0
    yield from _table_pages(area.table, area.name, page, y + 4)


def _table_pages(
    table: Table, title: str, page: Figure | None = None, y: float = _BOTTOM
) -> Iterator[Figure]:
    """The table on this page from `y`, and on as many more as it needs."""
    columns = _column_places(table)
    rows = list(table.rows)
    while rows or page is not None:
        if page is None:
            page = _page()
            _text(page, _LEFT, _TOP + 4, title, size=12, weight="bold")
            y = _TOP + 13
        room = int((_BOTTOM - y - _ROW) / _ROW)
        if room > 0 and rows:
            _table(page, table, columns, rows[:room], y)
            rows = rows[room:]
        yield page
        page = None


def _page() -> Figure:
    return Figure(figsize=(_WIDTH / 25.4, _HEIGHT / 25.4))


def _foot(page: Figure, heading: Heading, number: int) -> None:
    _line(page, _LEFT, _RIGHT, _BOTTOM + 5)
    lines = wrap("  ·  ".join(heading.attribution), 118)
    for at, line in enumerate(lines[:3]):
        _text(page, _LEFT, _BOTTOM + 8.4 + at * 2.8, line, size=6, colour=_QUIET, wide=900)
    _text(page, _RIGHT, _BOTTOM + 9, str(number), size=8, colour=_QUIET, align="right")


def _facts(page: Figure, facts: Sequence[tuple[str, str]], y: float) -> None:
    wide = (_RIGHT - _LEFT) / max(len(facts), 1)
    for at, (label, value) in enumerate(facts):
        x = _LEFT + at * wide
        _text(page, x, y, label, size=7.5, colour=_QUIET, wide=wide - 2)
        _text(page, x, y + 5, value, size=11, weight="bold", wide=wide - 2)


# ------------------------------------------------------------------------------ map


def _map(
    page: Figure,
    box: tuple[float, float, float, float],
    areas: Sequence[PdfArea],
    ground: Sequence[BaseGeometry] = (),
    *,
    close: bool = False,
) -> None:
    bounds = shapely.total_bounds([area.shape for area in areas])
    if not np.isfinite(bounds).all():
        return
    axes, view = _view(page, box, bounds)
    # A corner more in 0.06 mm is one that nobody sees.
    fine = (view[2] - view[0]) / (box[2] - box[0]) * 0.06
    if len(ground):
        _draw(axes, _seen(ground, view, fine), _LAND, "#c3ccca", 0.4)
    for area in areas:
        if close:
            _draw(axes, _seen(area.units, view, fine), area.colour, "white", 0.35, 0.85)
            _draw(axes, _seen([area.shape], view, fine), "none", area.colour, 1.1)
        else:
            _draw(axes, _seen([area.shape], view, fine), area.colour, "white", 0.5, 0.85)
    if not close:
        limits = axes.get_xlim(), axes.get_ylim()
        _marks(axes, areas, (
            (view[2] - view[0]) / (box[2] - box[0]), (view[3] - view[1]) / (box[3] - box[1])
        ))  # fmt: skip
        axes.set(xlim=limits[0], ylim=limits[1])


def _view(
    page: Figure, box: tuple[float, float, float, float], bounds: Floats
) -> tuple[Axes, tuple[float, float, float, float]]:
    """A map that fills the box with the bounds in its middle, true to shape there."""
    axes = _axes(page, box)
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    stretch = float(np.cos(np.radians(np.clip(y, -80, 80))))
    wide = max(bounds[2] - bounds[0], 1e-3) * stretch * 1.06
    high = max(bounds[3] - bounds[1], 1e-3) * 1.06
    scale = max(wide / (box[2] - box[0]), high / (box[3] - box[1]))
    half_x, half_y = scale * (box[2] - box[0]) / 2 / stretch, scale * (box[3] - box[1]) / 2
    axes.set_xlim(x - half_x, x + half_x)
    axes.set_ylim(y - half_y, y + half_y)
    return axes, (x - half_x, y - half_y, x + half_x, y + half_y)


def _seen(
    shapes: Sequence[BaseGeometry], view: tuple[float, float, float, float], fine: float
) -> list[BaseGeometry]:
    """The shapes as far as they lie in the view, without corners that nobody sees."""
    every = np.array(shapes, dtype=object)
    some = every[shapely.intersects(every, shapely.box(*view))]
    simple = shapely.simplify(some, fine, preserve_topology=False)
    return list(shapely.clip_by_rect(simple, *view))


def _draw(
    axes: Axes,
    shapes: Sequence[BaseGeometry],
    fill: str,
    line: str,
    width: float,
    opacity: float = 1.0,
) -> None:
    drawn = PathCollection(
        [_outline(shape) for shape in shapes if not shape.is_empty],
        facecolors=fill, edgecolors=line, linewidths=width, alpha=opacity,
        capstyle="round", joinstyle="round",
    )  # fmt: skip
    axes.add_collection(drawn, autolim=False)


def _outline(shape: BaseGeometry) -> Outline:
    parts = shapely.get_parts(shape)
    rings = shapely.get_rings(parts[shapely.get_dimensions(parts) == 2])
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(corners), Outline.LINETO, dtype=np.uint8)
    first = np.concatenate([[True], ring[1:] != ring[:-1]])
    codes[first] = Outline.MOVETO
    codes[np.concatenate([first[1:], [True]])] = Outline.CLOSEPOLY
    return Outline(corners, codes)


def _marks(axes: Axes, areas: Sequence[PdfArea], mm: tuple[float, float]) -> None:
    """Each territory's number inside its largest part, or beside it where others stand there."""
    halo = [withStroke(linewidth=1.6, foreground="white")]
    taken: list[tuple[float, float]] = []
    for area in sorted(areas, key=lambda area: -area.shape.area):
        parts = shapely.get_parts(area.shape)
        spot = shapely.point_on_surface(parts[int(np.argmax(shapely.area(parts)))])
        x, y = _free(spot.x, spot.y, taken, mm)
        taken.append((x, y))
        if (x, y) != (spot.x, spot.y):
            axes.plot([spot.x, x], [spot.y, y], color=_INK, linewidth=0.4)
        axes.text(
            x, y, area.mark, fontsize=7, fontweight="bold", color=_INK, ha="center", va="center",
            path_effects=halo,
        )  # fmt: skip


def _free(
    x: float, y: float, taken: Sequence[tuple[float, float]], mm: tuple[float, float]
) -> tuple[float, float]:
    """The nearest place on a few circles where no other number stands; `mm` is one in degrees."""
    for radius in (0, 5, 8, 11, 14, 17):
        for angle in np.radians(np.arange(90, 450, 30 if radius else 360)).tolist():
            at_x = x + radius * float(np.cos(angle)) * mm[0] if radius else x
            at_y = y + radius * float(np.sin(angle)) * mm[1] if radius else y
            if all(
                abs(at_x - ox) > 4.6 * mm[0] or abs(at_y - oy) > 3.2 * mm[1] for ox, oy in taken
            ):
                return at_x, at_y
    return x, y


# ------------------------------------------------------------------------------ bars


def _bars(
    page: Figure,
    bars: Sequence[Bar],
    rows: int,
    top: float,
    scale: tuple[float | None, float, str],
) -> None:
    if not bars:
        return
    ideal, tolerance, title = scale
    _text(page, _LEFT, top, title, size=9.5, weight="bold")
    longest = max([bar.value for bar in bars] + [(ideal or 0.0) * (1 + tolerance)]) or 1.0
    columns = -(-len(bars) // rows)
    width = (_RIGHT - _LEFT - (columns - 1) * 8) / columns
    for at in range(columns):
        left = _LEFT + at * (width + 8)
        some = bars[at * rows : (at + 1) * rows]
        _bar_column(page, some, (left, width, top + 4), longest, (ideal, tolerance))


def _bar_column(
    page: Figure,
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
        _box(page, low, top, min(high, start + room), bottom, _BAND)
    for row, bar in enumerate(bars):
        y = top + row * _BAR
        off = ideal is not None and ideal > 0 and abs(bar.value / ideal - 1) > tolerance
        _text(page, left, y + 4, bar.label, size=7.2, wide=label - 2)
        _box(page, start, y + 1.3, start + room * bar.value / longest, y + 4.7, bar.colour)
        _text(page, left + width, y + 4, bar.text, size=7.2, align="right",
              colour=_WARN if off else _INK)  # fmt: skip
    if ideal:
        at = start + room * ideal / longest
        _box(page, at - 0.15, top, at + 0.15, bottom, _INK)


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
    page: Figure,
    table: Table,
    columns: Sequence[tuple[float, float]],
    rows: Sequence[Sequence[str]],
    y: float,
) -> None:
    _row(page, table, columns, table.headings, y, colour=_QUIET)
    _line(page, _LEFT, _RIGHT, y + 1.6, "#9aa7a5")
    for row in rows:
        y += _ROW
        _row(page, table, columns, row, y)
        _line(page, _LEFT, _RIGHT, y + 1.6)


def _row(
    page: Figure,
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
        _text(page, x, y, cell, size=7.2, colour=colour, align=align, wide=right - left - 1.5)


# ------------------------------------------------------------------------------ drawing


def _text(
    page: Figure,
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    weight: str = "normal",
    colour: str = _INK,
    align: str = "left",
    wide: float = _RIGHT - _LEFT,
) -> None:
    page.text(
        x / _WIDTH, 1 - y / _HEIGHT, _fitting(text, size, wide), fontsize=size, fontweight=weight,
        color=colour, ha=align, va="baseline", parse_math=False,
    )  # fmt: skip


def _fitting(text: str, size: float, wide: float) -> str:
    """The text cut to the width; a letter is about 0.6 of its size wide."""
    most = max(int(wide / (size * 0.3528 * 0.56)), 1)
    clean = " ".join(text.split())
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"


def _axes(page: Figure, box: tuple[float, float, float, float]) -> Axes:
    left, top, right, bottom = box
    axes = page.add_axes(
        (left / _WIDTH, 1 - bottom / _HEIGHT, (right - left) / _WIDTH, (bottom - top) / _HEIGHT)
    )
    axes.set_axis_off()
    return axes


def _box(page: Figure, left: float, top: float, right: float, bottom: float, colour: str) -> None:
    if right > left:
        place = (left / _WIDTH, 1 - bottom / _HEIGHT)
        size = ((right - left) / _WIDTH, (bottom - top) / _HEIGHT)
        page.add_artist(Rectangle(place, *size, facecolor=colour, linewidth=0))


def _swatch(page: Figure, x: float, y: float, colour: str) -> None:
    _box(page, x, y, x + 5.5, y + 5.5, colour)


def _line(page: Figure, left: float, right: float, y: float, colour: str = _LINE) -> None:
    _box(page, left, y, right, y + 0.15, colour)
