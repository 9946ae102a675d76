"""Where a house number lies on its street: at a known house, between two, or beside one. Pure."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely

from geocrm.places.house_numbers import HouseNumber, house_number
from geocrm.places.streets import House, Houses
from geocrm.spatial.geodesy import great_circle_m
from geocrm.spatial.interpolation import between

# Entrances and shops of one house; farther apart they are two houses of one number.
ONE_HOUSE_M = 120.0
LEAST_M = 15.0  # half a plot: nobody interpolates better than that
# Numbers of the other side of the street say less about where ours lies.
OTHER_SIDE = 1.5
LONGEST_GAP_M = 2_000.0
PER_NUMBER_M = 8.0  # a plot is 10 to 20 m wide and takes two numbers
MAX_STEPS_BESIDE = 40


class Placed(NamedTuple):
    """A point for a number, how it was found, and the length its error is measured by.

    `way` is exact, sibling (another letter of the number), between or beside.
    """

    lon: float
    lat: float
    way: str
    scale_m: float
    postcode: str | None = None


def place(
    number: HouseNumber, houses: Houses, line: shapely.Geometry | None = None
) -> list[Placed]:
    """Where the number may lie, best first; several only when the number exists several times."""
    exact = [house for house in houses.at if _is(house, number)]
    real = [house for house in exact if house.gap_m is None]
    if real:
        return [_of_group(group, "exact") for group in _grouped(real)]
    if exact:
        house = exact[0]
        scale_m = max(house.gap_m or 0.0, LEAST_M)
        return [Placed(house.lon, house.lat, "between", scale_m, house.postcode)]
    siblings = [house for house in houses.at if house.value == number.value]
    if siblings:
        groups = _grouped(siblings)
        return [_of_group(group, "sibling") for group in groups]
    return [found] if (found := _beside_neighbours(number, houses, line)) else []


def _is(house: House, number: HouseNumber) -> bool:
    if house.number == number.text:
        return True
    known = house_number(house.number)
    return known is not None and known.covers(number)


def _grouped(houses: Sequence[House]) -> list[list[House]]:
    """Houses of one number, split where they lie too far apart to be one; largest group first."""
    groups: list[list[House]] = []
    for house in houses:
        for group in groups:
            if _apart_m(group[0], house) <= ONE_HOUSE_M:
                group.append(house)
                break
        else:
            groups.append([house])
    return sorted(groups, key=len, reverse=True)


def _of_group(group: Sequence[House], way: str) -> Placed:
    """The house nearest to the middle of the group."""
    lon, lat = np.median([(h.lon, h.lat) for h in group], axis=0)
    middle = min(group, key=lambda h: math.hypot(h.lon - lon, h.lat - lat))
    spread = max(_apart_m(middle, house) for house in group)
    postcode = next((h.postcode for h in group if h.postcode), None)
    return Placed(middle.lon, middle.lat, way, max(spread, LEAST_M), postcode)


def _beside_neighbours(
    number: HouseNumber, houses: Houses, line: shapely.Geometry | None
) -> Placed | None:
    brackets = [
        (_apart_m(low, high) * (1.0 if same else OTHER_SIDE), low, high)
        for same in (True, False)
        if (low := _nearest(houses.below, number.value, same))
        and (high := _nearest(houses.above, number.value, same))
    ]
    gap_m, low, high = min(brackets, default=(math.inf, None, None), key=lambda b: b[0])
    if low is not None and high is not None and gap_m <= LONGEST_GAP_M:
        fraction = (number.value - low.value) / (high.value - low.value)
        lon, lat = between(line, (low.lon, low.lat), (high.lon, high.lat), fraction)
        return Placed(lon, lat, "between", max(gap_m, LEAST_M), low.postcode or high.postcode)
    return _beside_one(number, houses)


def _beside_one(number: HouseNumber, houses: Houses) -> Placed | None:
    """At the nearest number that is known, when it is near enough to say anything."""
    known = [
        (abs(house.value - number.value) * (1.0 if same else OTHER_SIDE), house)
        for same in (True, False)
        for house in (
            _nearest(houses.below, number.value, same),
            _nearest(houses.above, number.value, same),
        )
        if house is not None
    ]
    steps, house = min(known, default=(math.inf, None), key=lambda pair: pair[0])
    if house is None or steps > MAX_STEPS_BESIDE:
        return None
    return Placed(
        house.lon, house.lat, "beside", max(steps * PER_NUMBER_M, LEAST_M), house.postcode
    )


def _nearest(houses: Sequence[House], value: int, same_side: bool) -> House | None:
    return next((h for h in houses if ((h.value - value) % 2 == 0) == same_side), None)


def _apart_m(a: House, b: House) -> float:
    return float(great_circle_m(a.lon, a.lat, b.lon, b.lat))
