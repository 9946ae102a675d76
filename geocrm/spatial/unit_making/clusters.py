"""Customers grouped into compact cells of at most so many: capacitated clustering.

Halving first: across the longest axis of the customers, so that each side has whole cells' worth.
Then pairs of neighbouring cells share their customers out anew: of all ways to fill two cells, the
one with the least sum of squared distances is a cut along the difference of the two distances. A
pair is only changed when that sum falls, so cells never overflow and the end is reached.

Customers at one and the same place stay together.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, QhullError

from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.unit_making.plane import Floats

Indices = NDArray[np.intp]

# Cells are planned this full: with none to spare, nobody could change their cell.
FILL = 0.95
MAX_ROUNDS = 60
# A gain below this share is rounding.
LEAST_GAIN = 1e-9


@dataclass(frozen=True, slots=True)
class Clustering:
    """The cell of each place, shape (n,), counted from 0, and how many customers each cell has."""

    cell: Indices
    size: Indices

    def __len__(self) -> int:
        return len(self.size)


def cluster(km: Floats, weight: Indices, capacity: int, num_cells: int | None = None) -> Clustering:
    """Group places into cells of at most `capacity` customers.

    Parameters
    ----------
    km
        Shape (n, 2), places on a plane, all different.
    weight
        Shape (n,), customers at each place, 1 to `capacity`.
    capacity
        The most customers of a cell, 1 or more.
    num_cells
        How many cells; as many as are needed at 95 % full when not given. More come out where
        places with many customers do not fit otherwise.

    Returns
    -------
    Clustering
        The same for the same input; cells are numbered from the north, then from the west.

    Raises
    ------
    ValueError
        When there is no place, the shapes differ, or a place has no or too many customers.
    """
    _check(km, weight, capacity)
    total = int(weight.sum())
    least = ceil(total / capacity)
    wanted = ceil(total / (FILL * capacity)) if num_cells is None else num_cells
    cell = _halved(km, weight, capacity, min(max(wanted, least), len(km)))
    cell = _numbered(km, weight, _refined(km, weight, cell, capacity))
    return Clustering(cell, np.bincount(cell, weights=weight).astype(np.intp))


def spread(km: Floats, weight: Indices, cell: Indices) -> float:
    """The sum of squared distances to the mean of the own cell, square kilometres."""
    middle = _middles(km, weight, cell, int(cell.max()) + 1)
    return float((weight * ((km - middle[cell]) ** 2).sum(axis=1)).sum())


def _check(km: Floats, weight: Indices, capacity: int) -> None:
    if km.ndim != 2 or km.shape[1:] != (2,) or weight.shape != km.shape[:1]:
        raise ValueError(f"{km.shape} places but {weight.shape} weights")
    if capacity < 1:
        raise ValueError(f"A cell cannot hold {capacity} customers")
    if not len(km):
        raise ValueError("There is no place to group")
    if weight.min() < 1 or weight.max() > capacity:
        raise ValueError(f"A place has {weight.max()} customers and a cell holds {capacity}")


# ------------------------------------------------------------------------------ halving


def _halved(km: Floats, weight: Indices, capacity: int, num_cells: int) -> Indices:
    """Cells by cutting across the longest axis again and again."""
    cell = np.empty(len(km), dtype=np.intp)
    made = 0
    waiting = [(np.arange(len(km)), num_cells)]
    while waiting:
        these, count = waiting.pop()
        total = int(weight[these].sum())
        count = min(max(count, ceil(total / capacity)), len(these))
        if count == 1:
            cell[these] = made
            made += 1
            continue
        order = these[np.argsort(_along(km[these], weight[these]), kind="stable")]
        cut, left = _where_to_cut(weight[order], capacity, count)
        waiting += [(order[:cut], left), (order[cut:], count - left)]
    return cell


def _along(km: Floats, weight: Indices) -> Floats:
    """How far along the longest axis of the places each lies."""
    away = km - np.average(km, axis=0, weights=weight)
    _, axes = np.linalg.eigh((away * weight[:, None]).T @ away)
    along: Floats = away @ axes[:, -1]
    return along


def _where_to_cut(weight: Indices, capacity: int, count: int) -> tuple[int, int]:
    """After how many places to cut, and how many cells the first side gets.

    Both sides fit their cells when that can be; else the second side gets more of them.
    """
    before = np.cumsum(weight)[:-1]
    total = int(before[-1] + weight[-1])
    left = count // 2
    fits = (before <= left * capacity) & (total - before <= (count - left) * capacity)
    fits &= (np.arange(1, len(weight)) >= left) & (
        len(weight) - np.arange(1, len(weight)) >= count - left
    )
    off = np.abs(before - total * left / count)
    if fits.any():
        off = np.where(fits, off, np.inf)
    else:
        off = np.where(before <= left * capacity, off, np.inf)
    if not np.isfinite(off).any():
        return 1, left
    return int(np.argmin(off)) + 1, left


# ------------------------------------------------------------------------------ sharing out anew


def _refined(km: Floats, weight: Indices, cell: Indices, capacity: int) -> Indices:
    """Neighbouring cells share their customers out anew until no pair gains."""
    cell, n = cell.copy(), int(cell.max()) + 1
    x, y = np.ascontiguousarray(km[:, 0]), np.ascontiguousarray(km[:, 1])
    heavy = weight.astype(np.int64)
    members = _members(cell, n)
    changed = np.ones(n, dtype=bool)
    for _ in range(MAX_ROUNDS):
        now = np.zeros(n, dtype=bool)
        for a, b in _beside(_middles(km, weight, cell, n)).tolist():
            if not (changed[a] or changed[b]):
                continue
            mine, theirs = shared_out(x, y, heavy, members[a], members[b], capacity)
            if len(mine):
                members[a], members[b] = mine, theirs
                cell[mine], cell[theirs] = a, b
                now[a] = now[b] = True
        if not now.any():
            break
        changed = now
    return cell


@compiled
def shared_out(  # type: ignore[no-untyped-def]
    x, y, weight, mine, theirs, capacity
):
    """The places of two cells shared out anew, or twice none when nothing better is found.

    Places go in the order of the difference of their squared distances to the two middles; the cut
    is where the sum is least for the middles as they will be.
    """
    n, m = len(mine) + len(theirs), len(mine)
    both = np.concatenate((mine, theirs))
    none = both[:0]
    first_w, first_x, first_y, all_w, all_x, all_y = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for at in range(n):
        w = float(weight[both[at]])
        all_w, all_x, all_y = all_w + w, all_x + w * x[both[at]], all_y + w * y[both[at]]
        if at < m:
            first_w, first_x, first_y = all_w, all_x, all_y
    rest_w, rest_x, rest_y = all_w - first_w, all_x - first_x, all_y - first_y
    # What lies between two sides and what lies within them is the whole: the more here, the less
    # there. Only differences count, so places are taken from the common middle.
    mid_x, mid_y = all_x / all_w, all_y / all_w
    was = (first_x - first_w * mid_x) ** 2 + (first_y - first_w * mid_y) ** 2
    was *= 1 / first_w + 1 / rest_w
    east, north = rest_x / rest_w - first_x / first_w, rest_y / rest_w - first_y / first_w
    order = np.argsort(x[both] * east + y[both] * north, kind="mergesort")
    heavy, sum_x, sum_y, best, cut = 0.0, 0.0, 0.0, was * (1 + LEAST_GAIN), 0
    for at in range(n - 1):
        place = both[order[at]]
        w = float(weight[place])
        heavy += w
        sum_x += w * (x[place] - mid_x)
        sum_y += w * (y[place] - mid_y)
        if heavy <= capacity and all_w - heavy <= capacity:
            between = (sum_x**2 + sum_y**2) * (1 / heavy + 1 / (all_w - heavy))
            if between > best:
                best, cut = between, at + 1
    if cut == 0:
        return none, none
    return both[order[:cut]], both[order[cut:]]


def _middles(km: Floats, weight: Indices, cell: Indices, n: int) -> Floats:
    heavy = np.bincount(cell, weights=weight, minlength=n)
    sums = [np.bincount(cell, weights=weight * km[:, axis], minlength=n) for axis in (0, 1)]
    found: Floats = np.column_stack(sums) / heavy[:, None]
    return found


def _members(cell: Indices, n: int) -> list[Indices]:
    order = np.argsort(cell, kind="stable")
    return np.split(order, np.searchsorted(cell[order], np.arange(1, n)))


def _beside(middle: Floats) -> Indices:
    """Pairs of cells whose middles are neighbours, shape (m, 2); of few or in a line, all pairs."""
    n = len(middle)
    if n > 3:
        try:
            corners = Delaunay(middle).simplices
        except QhullError:
            pass
        else:
            pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
            return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.intp)
    if n > 200:
        order = np.lexsort(middle.T)
        return np.column_stack([order[:-1], order[1:]]).astype(np.intp)
    return np.column_stack(np.triu_indices(n, 1)).astype(np.intp)


def _numbered(km: Floats, weight: Indices, cell: Indices) -> Indices:
    """The cells numbered like words on a page: rows of about equal height, from the north."""
    n = int(cell.max()) + 1
    middle = _middles(km, weight, cell, n)
    rows = max(1, round(n**0.5))
    row = np.argsort(np.argsort(-middle[:, 1], kind="stable"), kind="stable") * rows // n
    rank = np.empty(n, dtype=np.intp)
    rank[np.lexsort((middle[:, 0], row))] = np.arange(n)
    return rank[cell]
