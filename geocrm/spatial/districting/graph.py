"""Questions about districts on a neighbour graph: are they whole, may a unit leave."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geocrm.spatial.geodesy import unit_vectors

Indices = NDArray[np.intp]


def components(num_units: int, edges: ArrayLike) -> NDArray[np.intp]:
    """The connected component of each unit, shape (num_units,), numbered from 0.

    Parameters
    ----------
    num_units
        Number of units, >= 0.
    edges
        Shape (m, 2), pairs of unit indices; direction and repetition do not matter.
    """
    pairs = np.asarray(edges, dtype=np.intp).reshape(-1, 2)
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(num_units, num_units))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)


def is_contiguous(district: ArrayLike, edges: ArrayLike, num_districts: int) -> bool:
    """Whether every district 0..num_districts-1 has units and they form one connected piece.

    Parameters
    ----------
    district
        Shape (n,), the district of each unit.
    edges
        Shape (m, 2), neighbouring units.
    """
    home = np.asarray(district, dtype=np.intp)
    if len(np.unique(home)) != num_districts or home.min() < 0 or home.max() >= num_districts:
        return False
    pairs = np.asarray(edges, dtype=np.intp).reshape(-1, 2)
    inside = pairs[home[pairs[:, 0]] == home[pairs[:, 1]]]
    return len(np.unique(components(len(home), inside))) == num_districts


def can_move(unit: int, district: ArrayLike, edges: ArrayLike) -> bool:
    """Whether a unit may leave its district without emptying it or tearing it apart."""
    home = np.asarray(district, dtype=np.intp)
    stay = (home == home[unit]) & (np.arange(len(home)) != unit)
    if not stay.any():
        return False
    pairs = np.asarray(edges, dtype=np.intp).reshape(-1, 2)
    inside = pairs[stay[pairs[:, 0]] & stay[pairs[:, 1]]]
    return len(np.unique(components(len(home), inside)[stay])) == 1


def reassign(district: ArrayLike, unit: int, to: int, edges: ArrayLike) -> Indices:
    """A copy of `district` with one unit moved to district `to`.

    Raises
    ------
    ValueError
        When there is no such unit, `to` holds no neighbour of the unit, or the unit's own district
        would be left empty or in pieces.
    """
    home = np.array(district, dtype=np.intp)
    if not 0 <= unit < len(home):
        raise ValueError(f"There is no unit {unit}")
    if home[unit] == to:
        return home
    pairs = np.asarray(edges, dtype=np.intp).reshape(-1, 2)
    beside = np.concatenate([pairs[pairs[:, 0] == unit, 1], pairs[pairs[:, 1] == unit, 0]])
    if not np.any(home[beside] == to):
        raise ValueError(f"Unit {unit} has no neighbour in district {to}")
    if not can_move(unit, home, pairs):
        raise ValueError(f"District {home[unit]} would be left empty or in pieces without {unit}")
    home[unit] = to
    return home


def bridges(lon: ArrayLike, lat: ArrayLike, edges: ArrayLike) -> Indices:
    """The shortest further edges that make the units one connected graph, shape (b, 2), a < b.

    Lengths are taken between the units' points. For a choice of units (one province, say) whose
    connections run through units that were not chosen; empty when the graph is connected.
    """
    xyz = unit_vectors(lon, lat)
    pairs = np.asarray(edges, dtype=np.intp).reshape(-1, 2)
    added: list[tuple[int, int]] = []
    part = components(len(xyz), pairs)
    while part.max(initial=0) > 0:
        added.append(_shortest_from(xyz, part == part[0]))
        part = components(len(xyz), np.concatenate([pairs, np.array(added, dtype=np.intp)]))
    return np.array(added, dtype=np.intp).reshape(-1, 2)


def _shortest_from(xyz: NDArray[np.float64], inside: NDArray[np.bool_]) -> tuple[int, int]:
    """The closest pair of units, one inside and one outside."""
    near, far = np.flatnonzero(inside), np.flatnonzero(~inside)
    gap, hit = (np.asarray(each) for each in cKDTree(xyz[near]).query(xyz[far]))
    best = int(np.argmin(gap))
    a, b = int(near[hit[best]]), int(far[best])
    return min(a, b), max(a, b)
