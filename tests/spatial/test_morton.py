"""Morton codes: a tile is one range of codes, and a code leads back to its place."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geocrm.spatial import morton
from geocrm.spatial.geodesy import great_circle_m

LON, LAT = st.floats(-180, 180), st.floats(-90, 90)


@given(LON, LAT, st.integers(0, morton.ZOOM))
def test_a_place_lies_in_the_range_of_its_tile_at_every_zoom(lon, lat, zoom):
    x, y = morton.lattice(lon, lat, zoom)
    lo, hi = morton.tile_range(zoom, int(x), int(y))
    assert lo <= int(morton.encode(lon, lat)) < hi


@given(LON, st.floats(-85, 85))
def test_a_code_leads_back_to_within_two_metres(lon, lat):
    back = morton.decode(morton.encode(lon, lat))
    assert great_circle_m(lon, lat, *back) < 2.0


def test_tiles_of_a_zoom_cut_the_codes_without_gap_or_overlap():
    ranges = sorted(morton.tile_range(3, x, y) for x in range(8) for y in range(8))
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 4**morton.ZOOM
    assert all(one[1] == other[0] for one, other in pairwise(ranges))


def test_poles_fall_into_the_outermost_rows():
    assert morton.lattice([0, 0], [90, -90], 4)[1].tolist() == [0, 15]


def test_many_places_are_coded_at_once_as_one_by_one():
    lon, lat = np.array([107.6, -70.7, 0.0]), np.array([-6.9, -29.9, 51.5])
    one_by_one = [int(morton.encode(x, y)) for x, y in zip(lon, lat, strict=True)]
    assert morton.encode(lon, lat).tolist() == one_by_one


def test_a_place_off_the_globe_is_refused():
    with pytest.raises(ValueError, match="longitude"):
        morton.encode(181.0, 0.0)


def test_a_tile_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="1/2/0"):
        morton.tile_range(1, 2, 0)
