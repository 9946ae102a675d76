"""Territories drawn on paper: all of them with their numbers, or one and what lies around it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geocrm.takeaway.content import Table
from geocrm.takeaway.paper import INK, Floats, Paper

_LAND: Final = "#eef1f0"

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


def in_one_piece(
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


def draw_map(
    paper: Paper,
    box: Box,
    areas: Sequence[PdfArea],
    ground: Sequence[BaseGeometry] = (),
    *,
    close: bool = False,
) -> None:
    """The territories in a box on the paper, above the pale outlines of `ground`.

    `close` draws their units and the outer edge; otherwise each carries its number.
    """
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


def _marks(paper: Paper, areas: Sequence[PdfArea], view: _View) -> None:
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
            paper.shape([line], fill="", line=INK, width=0.4)
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
