"""Points between and beyond known ones, along a line."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocrm.spatial.geodesy import great_circle_m
from geocrm.spatial.interpolation import between, beyond

# 0.001 degrees east, then as much north: an elbow at the equator, where both are 111 m.
ELBOW = shapely.LineString([(0, 0), (0.001, 0), (0.001, 0.001)])


def test_half_way_along_an_elbow_is_its_corner() -> None:
    assert between(ELBOW, (0, 0), (0.001, 0.001), 0.5) == pytest.approx((0.001, 0), abs=1e-9)


def test_without_a_line_the_way_is_straight() -> None:
    assert between(None, (0, 0), (0.001, 0.001), 0.5) == pytest.approx((0.0005, 0.0005))


def test_a_house_keeps_its_distance_from_the_street() -> None:
    lon, lat = between(
        shapely.LineString([(0, 0), (0.01, 0)]), (0.001, 0.0001), (0.003, 0.0001), 0.5
    )
    assert (lon, lat) == pytest.approx((0.002, 0.0001), abs=1e-9)


def test_lines_that_do_not_join_are_no_way_to_follow() -> None:
    apart = shapely.MultiLineString([[(0, 0), (0.001, 0)], [(0.5, 0.5), (0.6, 0.5)]])
    assert between(apart, (0, 0), (0.001, 0.001), 0.5) == pytest.approx((0.0005, 0.0005))


def test_beyond_the_last_follows_the_bend_and_ends_with_the_line() -> None:
    lon, lat = beyond(ELBOW, (0.0005, 0), (0.001, 0), 55.6)
    assert (lon, lat) == pytest.approx((0.001, 0.0005), abs=1e-6)
    assert beyond(ELBOW, (0.0005, 0), (0.001, 0), 5_000) == pytest.approx((0.001, 0.001), abs=1e-9)
    assert beyond(ELBOW, (0.001, 0.0005), (0.001, 0), 111.2) == pytest.approx((0, 0), abs=1e-6)


def test_beyond_the_last_without_a_line_goes_straight_on() -> None:
    lon, lat = beyond(None, (0, 0), (0.001, 0), 111.2)
    assert (lon, lat) == pytest.approx((0.002, 0), abs=1e-6)
    assert beyond(None, (0, 0), (0, 0), 100) == (0, 0)


@given(st.floats(0, 1), st.floats(-80, 80), st.floats(-170, 170))
def test_between_stays_between(fraction: float, lat: float, lon: float) -> None:
    low, high = (lon, lat), (lon + 0.002, lat + 0.001)
    found = between(None, low, high, fraction)
    whole = float(great_circle_m(*low, *high))
    assert float(great_circle_m(*low, *found)) <= whole + 0.01
    assert float(great_circle_m(*high, *found)) <= whole + 0.01
