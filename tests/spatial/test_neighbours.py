"""Neighbours by land and by ferry, on maps small enough to check by eye."""

import numpy as np
import pytest
import shapely

from geocrm.spatial.geodesy import METRES_PER_DEGREE
from geocrm.spatial.neighbours import neighbour_edges


def cells(*corners: tuple[float, float], size: float = 0.2) -> np.ndarray:
    """Square units with these lower left corners, degrees."""
    return np.array([shapely.box(x, y, x + size, y + size) for x, y in corners], dtype=object)


def edges_of(geometries, country=None, max_ferry_m=100_000.0):
    countries = np.array(country or ["X"] * len(geometries))
    found = neighbour_edges(geometries, countries, max_ferry_m)
    return {
        (int(a), int(b)): (str(kind), float(length))
        for a, b, kind, length in zip(found.a, found.b, found.kind, found.length_m, strict=True)
    }


def test_a_shared_line_is_a_border_of_its_length():
    found = edges_of(cells((0, 0), (0, 0.2)))
    assert found[0, 1][0] == "land"
    assert found[0, 1][1] == pytest.approx(0.2 * METRES_PER_DEGREE, rel=1e-4)


def test_units_that_meet_in_a_point_are_no_neighbours_by_land():
    found = edges_of(cells((0, 0), (0.2, 0), (0, 0.2), (0.2, 0.2)))
    assert set(found) == {(0, 1), (0, 2), (1, 3), (2, 3)}


def test_a_strait_within_reach_has_a_ferry_of_its_width():
    found = edges_of(cells((0, 0), (0.5, 0)))
    assert found[0, 1] == ("ferry", pytest.approx(0.3 * METRES_PER_DEGREE, rel=1e-3))


def test_two_countries_out_of_reach_stay_apart():
    assert edges_of(cells((0, 0), (2, 0)), ["X", "Y"]) == {}


def test_one_country_is_joined_however_far_its_islands_are():
    found = edges_of(cells((0, 0), (2, 0), (5, 0)))
    assert set(found) == {(0, 1), (1, 2)}
    assert found[1, 2][1] == pytest.approx(2.8 * METRES_PER_DEGREE, rel=1e-3)


def test_a_ferry_goes_to_the_nearest_unit_of_the_other_shore_only():
    # Island 0 faces two units of one shore; 1 is nearer than 2, which is nearest to nobody.
    shore = [shapely.box(0.4, -0.2, 0.8, 0.2), shapely.box(0.5, 0.2, 0.8, 0.4)]
    geometries = np.array([shapely.box(0, 0, 0.2, 0.2), *shore], dtype=object)
    assert edges_of(geometries)[0, 1][0] == "ferry"
    assert edges_of(geometries)[1, 2][0] == "land"


def test_no_ferry_crosses_a_third_unit():
    # From 0 the island 2 is within reach, but the taller island 1 lies in between.
    geometries = np.concatenate([cells((0, 0)), cells((0.3, -0.1), size=0.4), cells((0.8, 0))])
    assert set(edges_of(geometries)) == {(0, 1), (1, 2)}


def test_a_landlocked_unit_has_no_ferry():
    ring = [(x * 0.2, y * 0.2) for x in range(3) for y in range(3)]
    geometries = cells(*ring, (0.9, 0.2))
    middle = ring.index((0.2, 0.2))
    kinds = {kind for pair, (kind, _) in edges_of(geometries).items() if middle in pair}
    assert kinds == {"land"}


def test_neighbours_across_the_antimeridian_find_each_other():
    found = edges_of(cells((179.7, 10), (-179.9, 10)))
    width = 0.2 * METRES_PER_DEGREE * np.cos(np.radians(10.2))
    assert found[0, 1] == ("ferry", pytest.approx(width, rel=2e-3))


def test_a_unit_without_geometry_is_refused():
    with pytest.raises(ValueError, match="Unit 1 has no geometry"):
        neighbour_edges(np.array([shapely.box(0, 0, 1, 1), None]), np.array(["X", "X"]))
