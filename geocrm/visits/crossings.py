"""Ways that cross the sea: land masses, and the ferries by which one is reached from another. Pure.

A land mass is what units make up that share a border or are joined by a bridge. Between two of
them a way is by the ferries of least time on board and waiting: so many boardings, so much sea,
and the rest of the straight line by road.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geocrm.spatial import geodesy
from geocrm.visits import travel

Floats = NDArray[np.float64]
# The land mass of a place that lies in no unit: it is reached by road from everywhere.
UNKNOWN: Final = -1
# Of a car ferry under way, some 14 knots, and of waiting and boarding; assumptions of ours, which
# whoever measures may change.
FERRY_KMH: Final = 25.0
BOARDING_MIN: Final = 60.0


@dataclass(frozen=True, slots=True)
class Ferries:
    """Crossings between land masses: the ends of each, shape (e, 2), and its length, shape (e,)."""

    ends: NDArray[np.intp]
    length_m: Floats

    @classmethod
    def none(cls) -> "Ferries":
        """All on one land mass."""
        return cls(np.zeros((0, 2), dtype=np.intp), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Ways:
    """Between places: seconds, metres by road, and how many ferries; one shape."""

    time_s: Floats
    road_m: Floats
    ferries: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sea:
    """The ferries of least time between land masses, shape (m, m) each.

    `boardings` is 0 on one and the same, and where none are known: then all of the way is sea.
    """

    boardings: NDArray[np.intp]
    length_m: Floats
    speed_m_s: float
    boarding_s: float

    @classmethod
    def of(cls, ferries: Ferries, num_masses: int, ferry_kmh: float, boarding_min: float) -> "Sea":
        """The quickest ways by these ferries."""
        speed_m_s, boarding_s = ferry_kmh / 3.6, boarding_min * 60.0
        a, b, length_m = _shortest(ferries)
        shape = (num_masses, num_masses)
        # A millisecond more, so that a free crossing of no length is still an edge.
        cost_s = length_m / speed_m_s + boarding_s + 1e-3
        net = coo_array((cost_s, (a, b)), shape=shape).tocsr()
        _, before = dijkstra(net, directed=False, return_predecessors=True)
        length = np.zeros(shape)
        length[a, b] = length[b, a] = length_m
        return cls(*_followed(before, length), speed_m_s, boarding_s)

    def ways(
        self, lon: Floats, lat: Floats, mass: NDArray[np.intp],
        to: tuple[Floats, Floats, NDArray[np.intp]] | None = None,
    ) -> Ways:  # fmt: skip
        """From each place to each, shape (n, n), or to each of others, shape (n, k)."""
        to_lon, to_lat, to_mass = (lon, lat, mass) if to is None else to
        straight = geodesy.great_circle_m(
            lon[:, None], lat[:, None], to_lon[None, :], to_lat[None, :]
        )
        one, other = np.broadcast_arrays(mass[:, None], to_mass[None, :])
        across = (one != other) & (one != UNKNOWN) & (other != UNKNOWN)
        ferries = np.where(across, np.maximum(self.boardings[one, other], 1), 0)
        known = across & (self.boardings[one, other] > 0)
        sea_m = np.where(known, self.length_m[one, other], np.where(across, straight, 0.0))
        road_m = np.maximum(straight - sea_m, 0.0) * travel.DETOUR_FACTOR
        time_s = road_m / travel.SPEED_M_S + sea_m / self.speed_m_s + ferries * self.boarding_s
        return Ways(time_s, road_m, ferries.astype(np.intp))


def within_day(ways: Ways, visit_s: float, shift_s: float) -> NDArray[np.bool_]:
    """Whether there and back, with a visit, fits into a working day."""
    fits: NDArray[np.bool_] = 2 * ways.time_s + visit_s <= shift_s
    return fits


def _shortest(ferries: Ferries) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Each pair of land masses once, by its shortest ferry."""
    low, high = ferries.ends.min(axis=1), ferries.ends.max(axis=1)
    order = np.lexsort((ferries.length_m, high, low))
    pairs = np.stack([low, high], axis=1)[order]
    pairs, first = np.unique(pairs, axis=0, return_index=True)
    return pairs[:, 0], pairs[:, 1], ferries.length_m[order][first]


def _followed(before: NDArray[np.int32], length: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Boardings and metres of sea along the quickest ways; 0 where there is no way."""
    m = len(before)
    source = np.broadcast_to(np.arange(m)[:, None], (m, m))
    at = np.broadcast_to(np.arange(m)[None, :], (m, m)).copy()
    boardings, sea_m = np.zeros((m, m), dtype=np.intp), np.zeros((m, m))
    open_ = before >= 0
    while open_.any():
        last = np.where(open_, before[source, at], at)
        sea_m += np.where(open_, length[last, at], 0.0)
        boardings += open_
        at = last
        open_ = open_ & (at != source)
    return boardings, sea_m
