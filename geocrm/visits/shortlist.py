"""Which of thousands of due customers a day's plan looks at: urgent, near, and near each other.

A tour is searched among a hundred or two. Taking the most urgent ones of a whole territory would
scatter them over it, so places are ranked by what a day around them would be worth.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geocrm.spatial import geodesy
from geocrm.visits import travel

Floats = NDArray[np.float64]
SIZE: Final = 150
# Share of the shortlist that goes to the most urgent within reach, wherever they are.
URGENT_SHARE: Final = 0.3
NEIGHBOURS: Final = 16


def within_reach(
    lon: Floats, lat: Floats, service_s: float, shift_s: float, *, ends: Floats
) -> NDArray[np.bool_]:
    """Shape (n,): who can be visited and left again within one shift.

    `ends`, shape (2, 2): longitude and latitude of the start, then of the end.
    """
    return _approach_s(lon, lat, ends) + service_s <= shift_s


def choose(
    lon: Floats,
    lat: Floats,
    prize: Floats,
    *,
    service_s: float,
    shift_s: float,
    ends: Floats,
    size: int = SIZE,
) -> NDArray[np.intp]:
    """At most `size` places to plan a day among, sorted.

    Parameters
    ----------
    lon, lat, prize
        Shape (n,): where each visit is and what it is worth, > 0.
    service_s, shift_s
        Length of a visit and of the working day, seconds.
    ends
        Shape (2, 2): longitude and latitude of the start, then of the end of the day.
    """
    reachable = np.flatnonzero(within_reach(lon, lat, service_s, shift_s, ends=ends))
    if len(reachable) <= size:
        return reachable
    lon, lat, prize = lon[reachable], lat[reachable], prize[reachable]
    urgent = np.lexsort((np.arange(len(prize)), -prize))[: int(size * URGENT_SHARE)]
    around, worth = _worth_of_a_day(lon, lat, prize, service_s, shift_s, ends)
    taken = dict.fromkeys(urgent.tolist())
    for seed in np.lexsort((np.arange(len(worth)), -worth)):
        taken.update(dict.fromkeys(around[seed].tolist()))
        if len(taken) >= size:
            break
    return reachable[np.sort(np.array(list(taken)[:size], dtype=np.intp))]


def _worth_of_a_day(
    lon: Floats, lat: Floats, prize: Floats, service_s: float, shift_s: float, ends: Floats
) -> tuple[NDArray[np.intp], Floats]:
    """The nearest neighbours of each place, and the prizes a day spent among them would bring."""
    places = geodesy.unit_vectors(lon, lat)
    count = min(NEIGHBOURS, len(prize))
    found = cKDTree(places).query(places, k=count)
    chord, around = (np.asarray(each).reshape(len(prize), count) for each in found)
    # One leg of a round through them: about the mean distance to them, over the root of their
    # number (the constant of a random tour does not change the ranking).
    leg_s = chord.mean(axis=1) * geodesy.EARTH_RADIUS_M * travel.DETOUR_FACTOR / travel.SPEED_M_S
    leg_s = leg_s / np.sqrt(count)
    room_s = np.maximum(shift_s - _approach_s(lon, lat, ends), 0.0)
    visits = np.minimum(room_s / (service_s + leg_s), count)
    return around.astype(np.intp), visits * prize[around].mean(axis=1)


def _approach_s(lon: Floats, lat: Floats, ends: Floats) -> Floats:
    there = travel.distance_m(ends[0, 0], ends[0, 1], lon, lat)
    back = travel.distance_m(lon, lat, ends[1, 0], ends[1, 1])
    total: Floats = (there + back) / travel.SPEED_M_S
    return total
