"""Where a number lies that no house bears: among its neighbours, and how sure that is."""

from geocrm.geocoding import confidence, numbering
from geocrm.places.house_numbers import house_number
from geocrm.places.streets import House, Houses
from tests.geocoding.town import WEST, at


def house(value: int, east_m: float, north_m: float = 0.0) -> House:
    lon, lat = at(WEST, east_m, north_m)
    return House(str(value), value, None, None, None, lon, lat)


def placed(number: str, below: tuple[House, ...], above: tuple[House, ...]) -> numbering.Placed:
    wanted = house_number(number)
    assert wanted is not None
    (found,) = numbering.place(wanted, Houses(below=below, above=above))
    return found


def test_a_number_beside_a_single_house_is_less_sure_than_one_beside_a_row() -> None:
    row = placed("7", (house(5, 60), house(3, 40)), ())
    lone = placed("7", (house(5, 60),), ())
    assert (row.way, lone.way) == ("beside", "lone")
    assert row.lon > lone.lon
    chances = [confidence.chances(found.way, 60.0) for found in (row, lone)]
    assert chances[0].p50 > chances[1].p50


def test_far_from_its_own_side_a_number_lies_between_those_of_the_other() -> None:
    opposite = house(20, 200, 20), house(24, 240, 20)
    far = placed("23", (opposite[0], house(3, 20), house(1, 0)), (opposite[1],))
    assert far.way == "across"
    assert at(WEST, 200, 0)[0] < far.lon < at(WEST, 240, 0)[0]


def test_near_its_own_side_a_number_keeps_to_it() -> None:
    opposite = house(20, 200, 20), house(24, 240, 20)
    near = placed("23", (opposite[0], house(21, 400), house(19, 380)), (opposite[1],))
    assert near.way == "beside"
    assert near.lon > at(WEST, 400, 0)[0]
