"""Ground cut along lines into cells that tile it.

All lines and outlines are noded together, and the faces between them told apart by a point inside
each: so neighbours share every corner, and no rounding opens a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from geocrm.spatial.unit_making.plane import Floats, Plane, Shapes

Indices = NDArray[np.intp]


class Pattern(Protocol):
    """What tells which cell a place of the plane belongs to."""

    def label(self, km: Floats) -> NDArray[np.int64]:
        """A number for each place, shape (n, 2)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Units of the ground that a pattern cuts; `lines`, in degrees, are where it may change.

    Cells smaller than `least_km2` go to the neighbour they share the longest border with.
    """

    members: Indices
    pattern: Pattern
    lines: Shapes
    least_km2: float = 0.0


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells that tile the ground, in degrees as the ground came.

    `part` is the part that made a cell, -1 for a unit left whole; `label` what its pattern calls
    it, of a whole unit its index. The rows of `unit`, `cell`, `km2` say how much of a unit of the
    ground lies in a cell.
    """

    shapes: Shapes
    part: Indices
    label: NDArray[np.int64]
    area_km2: Floats
    cell: Indices
    unit: Indices
    km2: Floats

    def __len__(self) -> int:
        return len(self.shapes)

    def parent(self) -> Indices:
        """The unit of the ground that most of each cell lies in, shape (n,)."""
        order = np.lexsort((self.unit, -self.km2, self.cell))
        first = np.searchsorted(self.cell[order], np.arange(len(self)))
        return self.unit[order][first]

    def shared_out(self, amount: Floats) -> Floats:
        """What each cell has of an amount of each unit, by area; NaN where that is not known."""
        share = self.km2 / np.bincount(self.unit, weights=self.km2)[self.unit]
        return _summed(self.cell, amount[self.unit] * share, len(self))

    def counted_out(self, amount: Floats) -> Floats:
        """The same in whole numbers, which add up to what each unit has."""
        order = np.argsort(self.unit, kind="stable")
        unit, km2 = self.unit[order], self.km2[order]
        first = np.searchsorted(unit, unit)
        so_far = np.cumsum(km2)
        before = so_far[first] - km2[first]
        whole = np.bincount(unit, weights=km2)[unit]
        upto = np.round(amount[unit] * (so_far - before) / whole)
        share = np.diff(upto, prepend=0.0)
        start = first == np.arange(len(unit))
        share[start] = upto[start]
        return _summed(self.cell[order], share, len(self))


def cut(ground: Shapes, plane: Plane, parts: Sequence[Part]) -> Cells:
    """Cut ground, polygons in degrees that tile, shape (n,), as the parts say.

    A unit is in one part at most; those in none stay whole. Raises ValueError for ground without
    area.
    """
    there = plane.unwrapped(ground)
    faces, unit = _faces(there, parts)
    if not len(faces):
        raise ValueError("The ground has no area to cut")
    inside = plane.flat(shapely.get_coordinates(shapely.point_on_surface(faces)))
    part, label = _told_apart(inside, unit, parts, len(ground))
    keys, cell = np.unique(np.column_stack([part, label]), axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    area = plane.area_km2(faces)
    for number, one in enumerate(parts):
        if one.least_km2 > 0:
            cell = _without_slivers(faces, area, cell, keys[:, 0] == number, one.least_km2)
    kept, cell = np.unique(cell, return_inverse=True)
    whole = _rows(cell, unit, area)
    return replace(
        whole,
        # Back first: a cell on the meridian has a part on either side, not one across it.
        shapes=_dissolved(plane.wrapped(faces), cell, len(kept)),
        part=keys[kept, 0],
        label=keys[kept, 1],
        area_km2=_summed(cell, area, len(kept)),
    )


def _faces(there: Shapes, parts: Sequence[Part]) -> tuple[Shapes, Indices]:
    """The faces of the ground between all lines, and the unit each lies in."""
    lines = [_crossing(part.lines, there[part.members]) for part in parts]
    noded = shapely.union_all(np.concatenate([shapely.boundary(there), *lines]))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inside = shapely.point_on_surface(faces)
    face, unit = shapely.STRtree(there).query(inside, predicate="intersects")
    face, first = np.unique(face, return_index=True)
    return faces[face], unit[first]


def _crossing(lines: Shapes, shapes: Shapes) -> Shapes:
    """Of the lines those that the shapes touch."""
    if not len(lines):
        return lines
    found = shapely.STRtree(lines).query(shapes, predicate="intersects")[1]
    touched: Shapes = lines[np.unique(found)]
    return touched


def _told_apart(
    inside: Floats, unit: Indices, parts: Sequence[Part], n: int
) -> tuple[Indices, NDArray[np.int64]]:
    cut_by = np.full(n, -1, dtype=np.intp)
    for number, part in enumerate(parts):
        cut_by[part.members] = number
    of, label = cut_by[unit], unit.astype(np.int64)
    for number, part in enumerate(parts):
        these = of == number
        if these.any():
            label[these] = part.pattern.label(inside[these])
    return of, label


def _rows(cell: Indices, unit: Indices, area: Floats) -> Cells:
    pairs, row = np.unique(np.column_stack([cell, unit]), axis=0, return_inverse=True)
    nothing = np.empty(0)
    return Cells(
        shapes=np.empty(0, dtype=object),
        part=np.empty(0, dtype=np.intp),
        label=np.empty(0, dtype=np.int64),
        area_km2=nothing,
        cell=pairs[:, 0],
        unit=pairs[:, 1],
        km2=_summed(row.reshape(-1), area, len(pairs)),
    )


def _summed(rows: Indices, amount: Floats, n: int) -> Floats:
    return np.bincount(rows, weights=amount, minlength=n).astype(np.float64)


def _dissolved(faces: Shapes, cell: Indices, n: int) -> Shapes:
    order = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[order], np.arange(n + 1))
    found = np.empty(n, dtype=object)
    for at in range(n):
        its = faces[order[start[at] : start[at + 1]]]
        found[at] = its[0] if len(its) == 1 else shapely.coverage_union_all(its)
    return found


def _without_slivers(
    faces: Shapes, area: Floats, cell: Indices, made: NDArray[np.bool_], least_km2: float
) -> Indices:
    """The cells with each small one given to a neighbour by land of the same part, if it has one.

    The smallest goes first; it goes where its border is longest, which may be a small one too.
    """
    n = len(made)
    size = np.bincount(cell, weights=area, minlength=n)
    small = np.flatnonzero(made & (size > 0) & (size < least_km2))
    if not len(small):
        return cell
    shapes = _dissolved(faces, cell, n) if size.all() else _dissolved_some(faces, cell, n)
    one, other = shapely.STRtree(shapes).query(shapes[small], predicate="intersects")
    one = small[one]
    beside = (one != other) & made[other]
    one, other = one[beside], other[beside]
    common = shapely.intersection(shapely.boundary(shapes[one]), shapely.boundary(shapes[other]))
    length = shapely.length(common)
    goes_to = np.arange(n)
    for sliver in small[np.argsort(size[small], kind="stable")].tolist():
        borders = np.flatnonzero((one == sliver) & (length > 0))
        if size[sliver] >= least_km2 or not len(borders):
            continue
        roots = np.array([_root(goes_to, at) for at in other[borders].tolist()])
        free = roots != sliver
        if free.any():
            best = int(roots[free][np.argmax(length[borders][free])])
            goes_to[sliver] = best
            size[best] += size[sliver]
    return np.array([_root(goes_to, at) for at in range(n)], dtype=np.intp)[cell]


def _dissolved_some(faces: Shapes, cell: Indices, n: int) -> Shapes:
    """As `_dissolved`, where some cells have gone to others and are empty."""
    found = np.full(n, shapely.Polygon(), dtype=object)
    there, rank = np.unique(cell, return_inverse=True)
    found[there] = _dissolved(faces, rank.reshape(-1), len(there))
    return found


def _root(goes_to: Indices, at: int) -> int:
    while goes_to[at] != at:
        at = int(goes_to[at])
    return at
