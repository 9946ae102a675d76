"""Land and sea from coastlines that are only partly known, as an extract of a map has them.

OpenStreetMap draws the sea as lines with the land on their left. An extract cuts them anywhere, so
no ring need close. The ground is therefore settled cell by cell of a web-mercator lattice: the
pieces of coast that cross a cell part it into faces (one that ends inside it is led on to its
border), and each face is land or sea by the side of the pieces it lies on. A cell without coast is
land where something stands on it, and sea where it touches the sea of a neighbour; of all other
cells nothing is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geocrm.spatial.morton import lattice

# 2.4 km at the equator, 1.2 km at 60 degrees: finer than the errors of a world map's coast.
CELL_ZOOM: Final = 14
# How many cells the sea of a coast is carried into cells of which nothing is known.
_REACH_CELLS: Final = 2
# About a centimetre: what lies just left or right of a piece of coast.
_BESIDE_DEG: Final = 1e-7
# About a metre: neighbours overlap by so much, that no seam shows between them.
_OVERLAP_DEG: Final = 1e-5
# A face is settled when its votes agree; a coast that ends in a cell has both sides in one face.
_AGREEMENT: Final = 0.8
_SAMPLE: Final = 200  # votes of a cell
_BLOCK_BITS: Final = 6  # cells are joined to polygons in blocks of 64 x 64
_STEP_DEG: Final = 0.1 * 360.0 / 2**CELL_ZOOM
_LINE: Final = shapely.GeometryType.LINESTRING

Floats = NDArray[np.float64]
Cell = tuple[int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known: `land` is to be drawn above `sea`, which lies below a coast's land too."""

    land: list[Any]
    sea: list[Any]


@dataclass(frozen=True, slots=True)
class _Shore:
    """The faces of a cell with coast; `settled` when each is land or sea."""

    land: list[Any]
    sea: list[Any]
    settled: bool


def cells_of(lon: Floats, lat: Floats) -> set[Cell]:
    """The cells that hold a place; every array has the shape (n,), degrees WGS84."""
    x, y = lattice(lon, lat, CELL_ZOOM)
    return set(map(tuple, np.unique(np.stack([x, y], axis=1), axis=0).tolist()))


def ground(coast: Sequence[Floats], occupied: Iterable[Cell], within: Box | None = None) -> Ground:
    """Land and sea around a coast, as polygons in degrees.

    Parameters
    ----------
    coast
        Lines of shape (n, 2), n >= 2, lon/lat in degrees, land on the left.
    occupied
        Cells of `CELL_ZOOM` in which something stands on land.
    within
        West, south, east, north of where the data is complete; cells outside are left out.
    """
    crossed = _pieces(coast)
    chosen = (lambda cell: True) if within is None else _inside(within)
    dry = {cell for cell in occupied if cell not in crossed and chosen(cell)}
    shores = {cell: _parted(cell, lines) for cell, lines in crossed.items() if chosen(cell)}
    open_sea = _spread(shores, dry | set(crossed), chosen)
    land = {cell: shore.land for cell, shore in shores.items()}
    # Below the land of a coast lies sea, so that no gap shows where both are simplified.
    sea = {cell: [_box(cell)] if shore.settled else shore.sea for cell, shore in shores.items()}
    return Ground(
        land=_joined(land | {cell: [_box(cell)] for cell in dry}),
        sea=_joined(sea | {cell: [_box(cell)] for cell in open_sea}),
    )


def _pieces(coast: Sequence[Floats]) -> dict[Cell, list[Floats]]:
    """For each cell the lines that cross it, in steps much shorter than a cell."""
    found: dict[Cell, list[Floats]] = {}
    for line in coast:
        fine = shapely.get_coordinates(shapely.segmentize(_line(line), _STEP_DEG))
        x, y = lattice(fine[:, 0], fine[:, 1], CELL_ZOOM)
        # Where the line passes from one cell to the next, both get the step that crosses.
        turn = np.flatnonzero((np.diff(x) != 0) | (np.diff(y) != 0)) + 1
        for start, end in zip([0, *turn], [*turn, len(fine)], strict=True):
            piece = fine[max(start - 1, 0) : end + 1]
            if len(piece) > 1:
                found.setdefault((int(x[start]), int(y[start])), []).append(piece)
    return found


def _parted(cell: Cell, lines: list[Floats]) -> _Shore:
    """The faces of a cell by the side of the coast they lie on."""
    box = _box(cell)
    border = shapely.get_exterior_ring(box)
    coast = shapely.intersection(shapely.union_all([_line(piece) for piece in lines]), box)
    net = shapely.union_all([border, coast, *_led_on(coast, border)])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    left, right = _beside(lines, box)
    on_land, at_sea = _inside_counts(faces, left), _inside_counts(faces, right)
    votes = np.maximum(on_land + at_sea, 1)
    land, sea = on_land >= _AGREEMENT * votes, at_sea >= _AGREEMENT * votes
    return _Shore(list(faces[land]), list(faces[sea]), bool(np.all(land | sea)))


def _line(places: Floats) -> Any:
    return shapely.linestrings(places)


def _led_on(coast: Any, border: Any) -> list[Any]:
    """From each end of the coast inside a cell the shortest way to its border."""
    parts = shapely.get_parts(coast)
    lines = parts[shapely.get_type_id(parts) == _LINE]
    ends, met = np.unique(
        shapely.get_coordinates(shapely.boundary(lines)), axis=0, return_counts=True
    )
    loose = shapely.points(ends[met == 1])
    loose = loose[shapely.distance(loose, border) > _BESIDE_DEG]
    return list(shapely.shortest_line(loose, border))


def _beside(lines: list[Floats], box: Any) -> tuple[Floats, Floats]:
    """Places just left and just right of the middles of the steps, both of shape (n, 2)."""
    middle = np.concatenate([(line[1:] + line[:-1]) / 2 for line in lines])
    along = np.concatenate([np.diff(line, axis=0) for line in lines])
    length = np.hypot(along[:, 0], along[:, 1])
    west, south, east, north = shapely.bounds(box)
    usable = (
        (length > 0)
        & (middle[:, 0] > west) & (middle[:, 0] < east)
        & (middle[:, 1] > south) & (middle[:, 1] < north)
    )  # fmt: skip
    chosen = np.flatnonzero(usable)
    chosen = chosen[:: max(1, len(chosen) // _SAMPLE)]
    step = along[chosen] / length[chosen, None] * _BESIDE_DEG
    left = np.stack([-step[:, 1], step[:, 0]], axis=1)
    return middle[chosen] + left, middle[chosen] - left


def _inside_counts(faces: Any, places: Floats) -> NDArray[np.int64]:
    """How many of the places lie in each face."""
    shapely.prepare(faces)
    inside = shapely.contains_xy(faces[:, None], places[None, :, 0], places[None, :, 1])
    counts: NDArray[np.int64] = inside.sum(axis=1)
    return counts


def _spread(shores: dict[Cell, _Shore], settled: set[Cell], chosen: Any) -> set[Cell]:
    """Cells without coast and land that the sea of a coast reaches over a side."""
    reached: set[Cell] = set()
    edge = {
        beyond
        for cell, shore in shores.items()
        for beyond, side in _sides(cell)
        if beyond not in settled and any(shapely.intersects(face, side) for face in shore.sea)
    }
    for _ in range(_REACH_CELLS):
        edge = {cell for cell in edge - settled - reached if chosen(cell)}
        reached |= edge
        edge = {beyond for cell in edge for beyond, _side in _sides(cell)}
    return reached


def _sides(cell: Cell) -> list[tuple[Cell, Any]]:
    """The four neighbours, each with the middle of the side between."""
    x, y = cell
    west, south, east, north = shapely.bounds(_box(cell))
    across, up = (west + east) / 2, (south + north) / 2
    return [
        ((x - 1, y), shapely.Point(west, up)),
        ((x + 1, y), shapely.Point(east, up)),
        ((x, y - 1), shapely.Point(across, north)),
        ((x, y + 1), shapely.Point(across, south)),
    ]


def _inside(within: Box) -> Any:
    """Whether a cell has a part within the box."""
    west, south, east, north = within
    x, y = lattice(np.array([west, east]), np.array([north, south]), CELL_ZOOM)
    return lambda cell: x[0] <= cell[0] <= x[1] and y[0] <= cell[1] <= y[1]


def _box(cell: Cell) -> Any:
    """The cell as a polygon, a little larger than it is."""
    x, y = cell
    north, south = (
        float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / 2**CELL_ZOOM)))))
        for row in (y, y + 1)
    )
    west, east = (column / 2**CELL_ZOOM * 360.0 - 180.0 for column in (x, x + 1))
    return shapely.box(
        max(west - _OVERLAP_DEG, -180.0),
        south - _OVERLAP_DEG,
        min(east + _OVERLAP_DEG, 180.0),
        north + _OVERLAP_DEG,
    )


def _joined(parts: dict[Cell, list[Any]]) -> list[Any]:
    """The parts as few polygons, block by block."""
    blocks: dict[Cell, list[Any]] = {}
    for (x, y), faces in parts.items():
        blocks.setdefault((x >> _BLOCK_BITS, y >> _BLOCK_BITS), []).extend(faces)
    return [
        polygon
        for faces in blocks.values()
        for polygon in shapely.get_parts(shapely.union_all(faces)).tolist()
    ]
