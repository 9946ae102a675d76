"""Which areas are neighbours: by land where they share a border line, by ferry across water.

Contiguous territories on islands need crossings as explicit edges. The rule: a coastal unit is
linked to the nearest unit of every other landmass within `max_ferry_m` when the straight line
between them crosses no third unit; then each country gets the shortest further edges that make it
one connected graph. A landmass is a connected component of land edges.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geocrm.spatial.geodesy import METRES_PER_DEGREE, great_circle_m, unit_vectors

LAND, FERRY = "land", "ferry"
DEFAULT_MAX_FERRY_M = 100_000.0
# A border that is neighboured all along is no coast; 1e-6 degrees is 0.1 m of rounding.
COAST_TOLERANCE_DEG = 1e-6
# Boundary points are at most this far apart when whole landmasses are compared (about 2 km).
SAMPLE_DEG = 0.02

Geometries = NDArray[np.object_]
Indices = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Edges:
    """An undirected neighbour graph, one row an edge, sorted by (a, b).

    `a` < `b` are unit indices; `kind` is "land" or "ferry"; `length_m` is the length of the shared
    border (land) or of the crossing between the nearest points (ferry), metres.
    """

    a: Indices
    b: Indices
    kind: NDArray[np.str_]
    length_m: Floats

    def __len__(self) -> int:
        return len(self.a)

    def pairs(self) -> Indices:
        """The edges as an array of shape (m, 2)."""
        return np.stack([self.a, self.b], axis=1)


@dataclass(frozen=True, slots=True)
class _Crossings:
    """Candidate crossings: shortest straight lines between two units, in degrees."""

    a: Indices
    b: Indices
    start: Floats
    end: Floats
    length_m: Floats

    def take(self, keep: NDArray[Any]) -> "_Crossings":
        return _Crossings(
            self.a[keep], self.b[keep], self.start[keep], self.end[keep], self.length_m[keep]
        )


def neighbour_edges(
    geometries: Geometries,
    country: NDArray[np.str_],
    max_ferry_m: float = DEFAULT_MAX_FERRY_M,
) -> Edges:
    """The neighbour graph of areas: land borders, ferry crossings, one connected graph a country.

    Parameters
    ----------
    geometries
        Shape (n,), shapely polygons or multipolygons in degrees WGS84 that tile without overlap
        (a valid coverage: neighbours share their vertices).
    country
        Shape (n,), the country of each unit; borders and crossings may join two countries, but the
        edges added for connectedness stay within one.
    max_ferry_m
        Longest crossing made by the rule, metres, >= 0; edges needed to connect a country may be
        longer.

    Returns
    -------
    Edges
        Sorted by (a, b), the same for the same input.

    Raises
    ------
    ValueError
        When the shapes differ, a geometry is empty or missing, or `max_ferry_m` is negative.
    """
    geometries = np.asarray(geometries, dtype=object)
    country = np.asarray(country)
    _check(geometries, country, max_ferry_m)
    shared = _shared_borders(geometries)
    landmass = _labels(len(geometries), shared.a, shared.b)
    ferries = _ferries(geometries, _coastal(geometries, shared), landmass, max_ferry_m)
    links = _country_links(geometries, country, shared, ferries)
    return _merged(shared, _both(ferries, links))


@dataclass(frozen=True, slots=True)
class _Borders:
    a: Indices
    b: Indices
    length_m: Floats
    length_deg: Floats


def _check(geometries: Geometries, country: NDArray[np.str_], max_ferry_m: float) -> None:
    if geometries.ndim != 1 or geometries.shape != country.shape:
        raise ValueError(f"{geometries.shape} geometries but {country.shape} countries")
    unusable = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    if unusable.any():
        raise ValueError(f"Unit {int(np.flatnonzero(unusable)[0])} has no geometry")
    if not max_ferry_m >= 0:
        raise ValueError(f"The longest ferry crossing must be 0 m or more, not {max_ferry_m}")


def _labels(n: int, a: Indices, b: Indices) -> NDArray[np.int32]:
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def _shared_borders(geometries: Geometries) -> _Borders:
    """Pairs of units with a common border line; those that meet only in points are left out."""
    tree = shapely.STRtree(geometries)
    a, b = tree.query(geometries, predicate="intersects")
    a, b = a[a < b], b[a < b]
    boundary = shapely.boundary(geometries)
    common = shapely.intersection(boundary[a], boundary[b])
    length_deg = shapely.length(common)
    line = length_deg > 0
    return _Borders(a[line], b[line], _length_m(common[line]), length_deg[line])


def _length_m(lines: Geometries) -> Floats:
    """Great-circle length of (multi)lines and collections, metres; their points count nothing."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    same = part[1:] == part[:-1]
    steps = great_circle_m(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])[same]
    owners = owner[part[1:][same]]
    return np.bincount(owners, weights=steps, minlength=len(lines)).astype(np.float64)


def _coastal(geometries: Geometries, shared: _Borders) -> NDArray[np.bool_]:
    """Units with a stretch of boundary that no other unit shares."""
    n = len(geometries)
    inland = np.bincount(shared.a, weights=shared.length_deg, minlength=n)
    inland += np.bincount(shared.b, weights=shared.length_deg, minlength=n)
    coastal: NDArray[np.bool_] = shapely.length(geometries) - inland > COAST_TOLERANCE_DEG
    return coastal


def _ferries(
    geometries: Geometries,
    coastal: NDArray[np.bool_],
    landmass: NDArray[np.int32],
    max_ferry_m: float,
) -> _Crossings:
    """Each coastal unit's crossing to the nearest unit of every other landmass, if clear."""
    a, b, shift = _within_reach(geometries, np.flatnonzero(coastal), landmass, max_ferry_m)
    found = _shortest_crossings(geometries, a, b, shift, max_ferry_m)
    found = found.take(found.length_m <= max_ferry_m)
    chosen = np.union1d(
        _nearest(found.a, landmass[found.b], found.length_m, found.b),
        _nearest(found.b, landmass[found.a], found.length_m, found.a),
    )
    nearest = found.take(chosen)
    return nearest.take(~_crosses_a_third(geometries, nearest))


def _nearest(unit: Indices, to: NDArray[np.int32], length_m: Floats, tie: Indices) -> Indices:
    """The rows that are shortest for their (unit, landmass)."""
    order = np.lexsort((tie, length_m, to, unit))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(unit[order]) != 0) | (np.diff(to[order]) != 0)
    return order[first]


def _reach_boxes(bounds: Floats, reach_m: float) -> Floats:
    """Bounds (n, 4) widened by `reach_m` on every side; whole parallels near a pole."""
    d_lat = reach_m / METRES_PER_DEGREE
    lat = np.minimum(np.maximum(np.abs(bounds[:, 1]), np.abs(bounds[:, 3])) + d_lat, 89.9)
    d_lon = np.minimum(d_lat / np.cos(np.radians(lat)), 360.0)
    d_lats = np.full_like(d_lon, d_lat)
    widened: Floats = bounds + np.stack([-d_lon, -d_lats, d_lon, d_lats], axis=1)
    return widened


def _within_reach(
    geometries: Geometries, coastal: Indices, landmass: NDArray[np.int32], reach_m: float
) -> tuple[Indices, Indices, Floats]:
    """Pairs of coastal units of different landmasses that may be within reach of one another.

    The third array is the number of degrees by which `a` must be moved east to be beside `b`:
    0, or 360 for a pair that meets across the antimeridian.
    """
    boxes = _reach_boxes(shapely.bounds(geometries[coastal]), reach_m)
    tree = shapely.STRtree(geometries[coastal])
    pairs = []
    for shift in (0.0, 360.0):
        moved = boxes + np.array([shift, 0, shift, 0])
        i, j = tree.query(shapely.box(*moved.T))
        pairs.append((coastal[i], coastal[j], np.full(len(i), shift)))
    a, b, shift_deg = (np.concatenate(each) for each in zip(*pairs, strict=True))
    wanted = (landmass[a] != landmass[b]) & ((a < b) | (shift_deg > 0))
    return a[wanted], b[wanted], shift_deg[wanted]


def _shortest_crossings(
    geometries: Geometries, a: Indices, b: Indices, shift: Floats, reach_m: float
) -> _Crossings:
    """The shortest line of each pair, within the box where it can lie; far pairs drop out.

    Degrees are made comparable by the cosine of the latitude at the middle of that box.
    """
    boundary = shapely.boundary(geometries)
    bounds = _reach_boxes(shapely.bounds(geometries), reach_m)
    moved = np.stack([shift, np.zeros_like(shift), shift, np.zeros_like(shift)], axis=1)
    low = np.maximum(bounds[a] + moved, bounds[b])
    high = np.minimum(bounds[a] + moved, bounds[b])
    meet = (low[:, 0] <= high[:, 2]) & (low[:, 1] <= high[:, 3])
    a, b, shift, low, high = a[meet], b[meet], shift[meet], low[meet], high[meet]
    box = shapely.box(low[:, 0], low[:, 1], high[:, 2], high[:, 3])
    near_a = shapely.intersection(_scaled(boundary[a], np.ones_like(shift), shift), box)
    near_b = shapely.intersection(boundary[b], box)
    squeeze = np.cos(np.radians(np.clip((low[:, 1] + high[:, 3]) / 2, -89, 89)))
    line = shapely.shortest_line(_scaled(near_a, squeeze), _scaled(near_b, squeeze))
    real = ~(shapely.is_missing(line) | shapely.is_empty(line))
    ends = shapely.get_coordinates(line[real]).reshape(-1, 2, 2)
    ends[:, :, 0] /= squeeze[real, None]
    return _in_order(a[real], b[real], ends[:, 0], ends[:, 1])


def _scaled(geometries: Geometries, factor: Floats, shift: Floats | None = None) -> Geometries:
    """Copies with x moved by `shift` and multiplied by `factor`, geometry by geometry."""
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    if shift is not None:
        xy[:, 0] += shift[owner]
    xy[:, 0] *= factor[owner]
    return np.asarray(shapely.set_coordinates(geometries.copy(), xy), dtype=object)


def _in_order(a: Indices, b: Indices, start: Floats, end: Floats) -> _Crossings:
    """Crossings with a < b."""
    swap = a > b
    length = great_circle_m(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return _Crossings(
        np.where(swap, b, a),
        np.where(swap, a, b),
        np.where(swap[:, None], end, start),
        np.where(swap[:, None], start, end),
        length,
    )


def _crosses_a_third(geometries: Geometries, crossings: _Crossings) -> NDArray[np.bool_]:
    """Whether each line runs through the inside of a unit that is neither of its ends."""
    tree = shapely.STRtree(geometries)
    blocked = np.zeros(len(crossings.a), dtype=bool)
    for shift in (0.0, -360.0):
        ends = np.stack([crossings.start, crossings.end], axis=1) + np.array([shift, 0.0])
        line, unit = tree.query(shapely.linestrings(ends), predicate="crosses")
        third = (unit != crossings.a[line]) & (unit != crossings.b[line])
        blocked[line[third]] = True
    return blocked


def _country_links(
    geometries: Geometries, country: NDArray[np.str_], shared: _Borders, ferries: _Crossings
) -> _Crossings:
    """The shortest further crossings that make each country one connected graph."""
    a = np.concatenate([shared.a, ferries.a])
    b = np.concatenate([shared.b, ferries.b])
    domestic = country[a] == country[b]
    part = _labels(len(geometries), a[domestic], b[domestic])
    links: list[tuple[int, int]] = []
    for name in np.unique(country):
        units = np.flatnonzero(country == name)
        if len(np.unique(part[units])) > 1:
            links += _spanning_links(geometries, units, part[units])
    pairs = np.array(links, dtype=np.intp).reshape(-1, 2)
    return _long_crossings(geometries, pairs[:, 0], pairs[:, 1])


def _spanning_links(
    geometries: Geometries, units: Indices, part: NDArray[np.int32]
) -> list[tuple[int, int]]:
    """Pairs of units whose crossings join the parts at the least total length (Kruskal)."""
    xyz, owner = _samples(geometries[units])
    by_part = {int(p): np.flatnonzero(part[owner] == p) for p in np.unique(part)}
    trees = {p: cKDTree(xyz[rows]) for p, rows in by_part.items()}
    candidates = []
    for p, rows in by_part.items():
        for q, tree in trees.items():
            if q <= p:
                continue
            gap, hit = _closest(tree, xyz[rows])
            best = int(np.argmin(gap))
            one, other = units[owner[rows[best]]], units[owner[by_part[q][hit[best]]]]
            candidates.append((float(gap[best]), p, q, int(one), int(other)))
    root = {p: p for p in by_part}
    chosen = []
    for _, p, q, u, v in sorted(candidates):
        if root[p] != root[q]:
            old, new = root[q], root[p]
            root = {k: new if r == old else r for k, r in root.items()}
            chosen.append((min(u, v), max(u, v)))
    return chosen


def _samples(geometries: Geometries) -> tuple[Floats, Indices]:
    """Points along the boundaries on the unit sphere, and the unit each belongs to."""
    dense = shapely.segmentize(shapely.boundary(geometries), SAMPLE_DEG)
    xy, owner = shapely.get_coordinates(dense, return_index=True)
    return unit_vectors(xy[:, 0], xy[:, 1]), np.asarray(owner, dtype=np.intp)


def _long_crossings(geometries: Geometries, a: Indices, b: Indices) -> _Crossings:
    """Crossings of any length between given pairs, by the nearest points along their boundaries."""
    starts, ends = np.empty((len(a), 2)), np.empty((len(a), 2))
    for row, (u, v) in enumerate(zip(a, b, strict=True)):
        xyz, owner = _samples(geometries[[u, v]])
        mine, theirs = xyz[owner == 0], xyz[owner == 1]
        gap, hit = _closest(cKDTree(theirs), mine)
        best = int(np.argmin(gap))
        starts[row], ends[row] = _lonlat(mine[best]), _lonlat(theirs[hit[best]])
    return _in_order(a, b, starts, ends)


def _closest(tree: cKDTree, places: Floats) -> tuple[Floats, Indices]:
    """Distance to, and index of, the nearest point of the tree for each place."""
    gap, hit = tree.query(places)
    return np.asarray(gap, dtype=np.float64), np.asarray(hit, dtype=np.intp)


def _lonlat(xyz: Floats) -> Floats:
    place = [np.arctan2(xyz[1], xyz[0]), np.arcsin(np.clip(xyz[2], -1, 1))]
    return np.asarray(np.degrees(place), dtype=np.float64)


def _both(one: _Crossings, other: _Crossings) -> _Crossings:
    return _Crossings(
        np.concatenate([one.a, other.a]),
        np.concatenate([one.b, other.b]),
        np.concatenate([one.start, other.start]),
        np.concatenate([one.end, other.end]),
        np.concatenate([one.length_m, other.length_m]),
    )


def _merged(shared: _Borders, ferries: _Crossings) -> Edges:
    """Borders and crossings as one sorted list, each pair once; land wins, then the shorter."""
    a = np.concatenate([shared.a, ferries.a])
    b = np.concatenate([shared.b, ferries.b])
    kind = np.array([LAND] * len(shared.a) + [FERRY] * len(ferries.a), dtype=np.str_)
    length_m = np.concatenate([shared.length_m, ferries.length_m])
    order = np.lexsort((length_m, kind == FERRY, b, a))
    a, b, kind, length_m = a[order], b[order], kind[order], length_m[order]
    first = np.ones(len(a), dtype=bool)
    first[1:] = (np.diff(a) != 0) | (np.diff(b) != 0)
    return Edges(a[first], b[first], kind[first], length_m[first])
