"""Where a house number lies on its street: at a known house, between two, or beside one. Pure."""

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import shapely

from geocrm.places.house_numbers import HouseNumber, house_number
from geocrm.places.streets import House, Houses
from geocrm.spatial.geodesy import great_circle_m
from geocrm.spatial.interpolation import between, beyond

# Entrances and shops of one house; farther apart they are two houses of one number.
ONE_HOUSE_M = 120.0
LEAST_M = 15.0  # half a plot: nobody interpolates better than that
LONGEST_GAP_M = 2_000.0
PER_NUMBER_M = 8.0  # a plot is 10 to 20 m wide and takes two numbers
MAX_STEPS_BESIDE = 40
# So far from its own side's numbers, two of the other side around it are the better guide.
FAR_STEPS = 8
LONGEST_AHEAD_M = 150.0
# The two sides of a street are seldom numbered in step.
LEAST_ACROSS_M = 60.0


class Placed(NamedTuple):
    """A point for a number, how it was found, and the length its error is measured by.

    `way` is exact, range (a house of several numbers), sibling (another letter of the number),
    between, beside (at the pace of its neighbours), across (between numbers of the other side) or
    lone (at the only number near).
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
    at = [house for house in houses.at if house.gap_m is None]
    exact = [house for house in at if house.number == number.text]
    if exact:
        return [_of_group(group, "exact") for group in _grouped(exact)]
    covering = [house for house in at if _covers(house, number)]
    if covering:
        return [_of_group(group, "range") for group in _grouped(covering)]
    mapped = [house for house in houses.at if house.number == number.text]
    if mapped:
        house = mapped[0]
        scale_m = max(house.gap_m or 0.0, LEAST_M)
        return [Placed(house.lon, house.lat, "between", scale_m, house.postcode)]
    siblings = [house for house in houses.at if house.value == number.value]
    if siblings:
        groups = _grouped(siblings)
        return [_of_group(group, "sibling") for group in groups]
    return [found] if (found := _beside_neighbours(number, houses, line)) else []


def _covers(house: House, number: HouseNumber) -> bool:
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
    lon, lat = median(h.lon for h in group), median(h.lat for h in group)
    middle = min(group, key=lambda h: math.hypot(h.lon - lon, h.lat - lat))
    spread = max(_apart_m(middle, house) for house in group)
    postcode = next((h.postcode for h in group if h.postcode), None)
    return Placed(middle.lon, middle.lat, way, max(spread, LEAST_M), postcode)


def _beside_neighbours(
    number: HouseNumber, houses: Houses, line: shapely.Geometry | None
) -> Placed | None:
    """Between the neighbours of its own side, else beside one of them, else across the street."""
    own = _side(number, houses, same=True)
    across = _side(number, houses, same=False)
    if found := _between(number, own, line, "between"):
        return found
    beside = _beside(number, own, line)
    if beside is None or _steps(number, own) > FAR_STEPS:
        beside = _between(number, across, line, "across") or beside
    return beside or _across(number, across)


def _side(number: HouseNumber, houses: Houses, *, same: bool) -> Houses:
    """The neighbours whose numbers are as even or odd as the number, or those that are not."""

    def of(side: Sequence[House]) -> tuple[House, ...]:
        return tuple(h for h in side if ((h.value - number.value) % 2 == 0) is same)

    return Houses(below=of(houses.below), above=of(houses.above))


def _between(
    number: HouseNumber, side: Houses, line: shapely.Geometry | None, way: str
) -> Placed | None:
    if not side.below or not side.above:
        return None
    low, high = side.below[0], side.above[0]
    gap_m = _apart_m(low, high)
    if gap_m > LONGEST_GAP_M:
        return None
    last = min(low.end or low.value, number.value)
    fraction = (number.value - last) / (high.value - last)
    lon, lat = between(line, (low.lon, low.lat), (high.lon, high.lat), fraction)
    length_m = max(gap_m, LEAST_M if way == "between" else LEAST_ACROSS_M)
    return Placed(lon, lat, way, length_m, low.postcode or high.postcode)


def _beside(number: HouseNumber, side: Houses, line: shapely.Geometry | None) -> Placed | None:
    """Beyond the last known number of its side, at the distance that its neighbours keep."""
    known = side.below or side.above
    if not known or (steps := _steps(number, side)) > MAX_STEPS_BESIDE:
        return None
    near = known[0]
    further = next((h for h in known[1:] if h.value != near.value), None)
    length_m = max(steps * PER_NUMBER_M, LEAST_M)
    if further is None:
        return Placed(near.lon, near.lat, "lone", length_m, near.postcode)
    pace_m = _apart_m(near, further) / abs(near.value - further.value)
    ahead_m = min(pace_m * steps, LONGEST_AHEAD_M)
    spot = beyond(line, (further.lon, further.lat), (near.lon, near.lat), ahead_m)
    return Placed(*spot, "beside", max(length_m, ahead_m), near.postcode)


def _steps(number: HouseNumber, side: Houses) -> int:
    """How far the number is from those of a side on which it does not lie between two."""
    return abs((side.below or side.above)[0].value - number.value)


def _across(number: HouseNumber, side: Houses) -> Placed | None:
    """At the nearest number of the other side."""
    known = [(abs(h.value - number.value), h) for h in (*side.below, *side.above)]
    steps, near = min(known, default=(math.inf, None), key=lambda pair: pair[0])
    if near is None or steps > MAX_STEPS_BESIDE:
        return None
    length_m = max(steps * PER_NUMBER_M, LEAST_ACROSS_M)
    return Placed(near.lon, near.lat, "lone", length_m, near.postcode)


def _apart_m(a: House, b: House) -> float:
    return float(great_circle_m(a.lon, a.lat, b.lon, b.lat))
