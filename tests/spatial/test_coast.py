"""Land and sea from a coast of which an extract holds a part."""

import numpy as np
import pytest
import shapely

from geocrm.spatial import coast

CELL = 360 / 2**coast.CELL_ZOOM  # degrees
# A coast through the middles of some cells.
NORTHWARDS = np.stack([np.full(41, CELL / 2), np.linspace(-4.5 * CELL, 4.5 * CELL, 41)], axis=1)
EAST, WEST = (0.9 * CELL, 0.0), (0.1 * CELL, 0.0)


def what(ground, place):
    """What is drawn at a place; land lies above sea."""
    here = shapely.Point(place)
    for kind, shapes in (("land", ground.land), ("sea", ground.sea)):
        if any(shape.covers(here) for shape in shapes):
            return kind
    return None


def test_the_land_is_on_the_left():
    ground = coast.ground([NORTHWARDS], [])
    assert (what(ground, WEST), what(ground, EAST)) == ("land", "sea")
    ground = coast.ground([NORTHWARDS[::-1]], [])
    assert (what(ground, WEST), what(ground, EAST)) == ("sea", "land")


def test_an_island_is_land_in_the_sea():
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([0.003 * np.cos(angle), 0.003 * np.sin(angle)], axis=1)
    ring[-1] = ring[0]
    ground = coast.ground([ring], [])
    assert what(ground, (0.0, 0.001)) == "land"
    assert what(ground, (0.008, 0.008)) == "sea"
    lake = coast.ground([ring[::-1]], [])
    assert what(lake, (0.0, 0.001)) == "sea"
    assert what(lake, (0.008, 0.008)) == "land"


def test_a_coast_in_pieces_that_meet_is_one_coast():
    ground = coast.ground([NORTHWARDS[20:], NORTHWARDS[:21]], [])
    assert (what(ground, WEST), what(ground, EAST)) == ("land", "sea")


def test_a_coast_that_ends_inside_a_cell_is_led_on():
    # From the middle of a cell's lower part up through its upper side.
    start = np.stack([np.full(9, CELL / 2), np.linspace(0.2 * CELL, 3 * CELL, 9)], axis=1)
    ground = coast.ground([start], [])
    assert what(ground, (0.1 * CELL, 0.05 * CELL)) == "land"
    assert what(ground, (0.9 * CELL, 0.05 * CELL)) == "sea"


def test_the_sea_reaches_empty_cells_and_stops_where_something_stands():
    house = np.array([1.5 * CELL]), np.array([0.5 * CELL])
    ground = coast.ground([NORTHWARDS], coast.cells_of(*house))
    assert what(ground, (1.5 * CELL, 0.5 * CELL)) == "land"
    assert what(ground, (1.5 * CELL, 1.5 * CELL)) == "sea"


def test_of_what_lies_far_from_the_coast_nothing_is_said():
    ground = coast.ground([NORTHWARDS], [])
    assert what(ground, (9.5 * CELL, 0.0)) is None
    assert what(ground, (-1.5 * CELL, 0.0)) is None


def test_outside_of_the_complete_area_nothing_is_said():
    ground = coast.ground([NORTHWARDS], [], within=(0.0, 0.0, 0.001, 0.001))
    assert what(ground, (0.9 * CELL, 0.1 * CELL)) == "sea"
    assert what(ground, (0.9 * CELL, 3.1 * CELL)) is None


def test_neighbours_are_one_shape_so_that_no_seam_shows():
    inland = coast.cells_of(np.array([-0.5, -1.5]) * CELL, np.full(2, 0.5 * CELL))
    ground = coast.ground([NORTHWARDS], inland)
    # Blocks end at the equator and at longitude 0.
    assert all(shape.is_valid for shape in [*ground.land, *ground.sea])
    assert len(ground.land) == 3


@pytest.mark.parametrize("latitude", [-60.0, 0.0, 70.0])
def test_it_works_at_every_latitude(latitude):
    line = np.stack([np.full(9, CELL / 2), np.linspace(latitude, latitude + 0.04, 9)], axis=1)
    ground = coast.ground([line], [])
    assert what(ground, (0.1 * CELL, latitude + 0.02)) == "land"
    assert what(ground, (0.9 * CELL, latitude + 0.02)) == "sea"
