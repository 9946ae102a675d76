"""Outlines that cross themselves: repaired to what they go around, and refused in bounded time."""

import math

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from geocrm.spatial import outlines


def star(num_corners, step=2.8):
    """A ring that crosses itself about num_corners squared times 0.4."""
    turn = np.arange(num_corners + 1) % num_corners * step
    return Polygon(np.column_stack([np.cos(turn), np.sin(turn)]))


def sawtooth(num_corners):
    """A valid ring of long slanting edges whose boxes all lie over each other."""
    at = np.arange(num_corners // 2) * 1e-3
    teeth = np.stack([at, at * 0 - 10, at + 20.0005, at * 0 + 5], axis=1).reshape(-1, 2)
    return Polygon([*teeth, (90, 5), (90, -20), (-5, -20), (-5, -10)])


def twice_around(rng):
    """A random closed line, which may go around the same ground several times."""
    return Polygon(rng.uniform(0, 10, (rng.integers(4, 9), 2)))


@pytest.mark.parametrize("seed", range(20))
def test_all_that_a_line_goes_around_counts_also_what_it_goes_around_twice(seed):
    rng = np.random.default_rng(seed)
    shape = twice_around(rng)
    found = outlines.repaired(shape)
    corners = shapely.get_coordinates(shape)
    for x, y in rng.uniform(0, 10, (300, 2)):
        turns = np.unwrap(np.arctan2(corners[:, 1] - y, corners[:, 0] - x))
        inside = round((turns[-1] - turns[0]) / (2 * math.pi)) != 0
        assert found.covers(shapely.Point(x, y)) == inside


def test_what_holes_take_away_is_taken_away_whatever_they_look_like():
    square = [(0, 0), (10, 0), (10, 10), (0, 10)]
    bowtie = Polygon(square, [[(2, 2), (8, 8), (8, 2), (2, 8)]])
    across = Polygon(square, [[(5, 5), (15, 5), (15, 6), (5, 6)]])
    assert outlines.repaired(bowtie).area == pytest.approx(100 - 18)
    assert outlines.repaired(across).equals(box(0, 0, 10, 10) - box(5, 5, 10, 6))


def test_parts_that_lie_over_each_other_are_one():
    both = MultiPolygon([box(0, 0, 2, 2), box(1, 0, 3, 2)])
    assert outlines.repaired(both).equals(box(0, 0, 3, 2))


def test_what_encloses_nothing_is_empty():
    assert outlines.repaired(Polygon([(0, 0), (1, 1), (2, 2)])).is_empty


def test_a_scribble_is_no_tangle_and_neither_is_a_coast():
    rng = np.random.default_rng(7)
    scribble = Polygon(np.cumsum(rng.normal(size=(200, 2)), axis=0))
    assert not scribble.is_valid
    assert not outlines.is_tangled(scribble)
    assert not outlines.is_tangled(shapely.Point(0, 0).buffer(1, quad_segs=2_500))
    assert not outlines.is_tangled(star(44))


@pytest.mark.parametrize("shape", [star(60), star(10_000), sawtooth(10_000)])
def test_a_tangle_is_told_from_it_after_few_of_its_crossings(shape, monkeypatch):
    compared = []
    cross = outlines._cross

    def counted(one, other):
        compared.append(len(one))
        return cross(one, other)

    monkeypatch.setattr(outlines, "_cross", counted)
    assert outlines.is_tangled(shape)
    # 10,000 edges make 50 million pairs.
    assert sum(compared) < 400_000


def test_rings_that_cross_each_other_count_too():
    strips = [box(i, -1, i + 0.5, 41) for i in range(40)]
    strips += [box(-1, i, 41, i + 0.5) for i in range(40)]
    assert outlines.is_tangled(MultiPolygon(strips))


def test_the_worst_that_is_not_refused_is_repaired():
    worst = star(46)
    assert not outlines.is_tangled(worst)
    assert outlines.repaired(worst).is_valid
