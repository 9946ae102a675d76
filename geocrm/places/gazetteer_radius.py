"""How far an address may lie from the point that stands for its place. Pure: arrays in, arrays out.

No outline of Indonesian villages is at hand, so a village's size is read from the spacing of the
villages around it; a district, regency, province or postcode reaches as far as its villages do.
The factors were set where about 95 % of held-out points fall inside: see docs/geocoding.md.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius
NEIGHBOURS = 6
# Of k-th neighbour distance; the equal-area circle of a village is 1 / sqrt(6) = 0.41 of it.
VILLAGE_SPACING_FACTOR = 0.9
# The least is how rough the points of the register are themselves.
VILLAGE_RADIUS_M = (1_000.0, 30_000.0)
MEMBERS_WITHIN = 0.95  # share of a unit's villages that its radius covers
# A built-up area grows about with the square root of its population, its surroundings with it.
CITY_RADIUS_M_PER_SQRT_PERSON = 20.0
CITY_RADIUS_M = (5_000.0, 50_000.0)

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Points of the unit sphere, shape (n, 3): straight distances order like great circles."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def distance_m(a: Floats, b: Floats) -> Floats:
    """Great-circle metres between rows of unit vectors."""
    chord = np.linalg.norm(a - b, axis=1)
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.clip(chord / 2, 0, 1)))


def village_radius_m(points: Floats) -> Floats:
    """Radius of each village from the spacing of its neighbours; points are unit vectors."""
    if len(points) < 2:
        return np.full(len(points), VILLAGE_RADIUS_M[1])
    wanted = min(NEIGHBOURS + 1, len(points))
    chord, _ = cKDTree(points).query(points, k=wanted)
    farthest = np.asarray(chord)[:, -1]
    reach = 2 * EARTH_RADIUS_M * np.arcsin(np.clip(farthest / 2, 0, 1))
    # Fewer neighbours than usual reach less far for the same spacing.
    spacing = reach * np.sqrt(NEIGHBOURS / (wanted - 1))
    return np.asarray(np.clip(VILLAGE_SPACING_FACTOR * spacing, *VILLAGE_RADIUS_M))


def city_radius_m(population: Floats) -> Floats:
    """Radius of a town or city known by its population only."""
    return np.asarray(np.clip(CITY_RADIUS_M_PER_SQRT_PERSON * np.sqrt(population), *CITY_RADIUS_M))


def centres(points: Floats, group: Ints, num_groups: int) -> Ints:
    """For each group the index of its member nearest the members' median; -1 for an empty one.

    A member, not the median itself, so that the point never falls into the sea between two islands.
    """
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(num_groups + 1))
    chosen = np.full(num_groups, -1, dtype=np.intp)
    for i in range(num_groups):
        members = order[starts[i] : starts[i + 1]]
        if len(members):
            middle = np.median(points[members], axis=0)
            chosen[i] = members[np.argmin(((points[members] - middle) ** 2).sum(axis=1))]
    return chosen


def reach_m(distance: Floats, group: Ints, num_groups: int) -> Floats:
    """For each group the distance within which MEMBERS_WITHIN of its members lie; 0 when empty."""
    order = np.lexsort((distance, group))
    starts = np.searchsorted(group[order], np.arange(num_groups + 1))
    counts = np.diff(starts)
    rank = np.ceil(MEMBERS_WITHIN * counts).astype(np.intp) - 1
    found = distance[order][np.clip(starts[:-1] + rank, 0, max(len(distance) - 1, 0))]
    return np.where(counts > 0, found, 0.0)
