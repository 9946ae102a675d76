"""Ground cut into hexagons and into cells of customers: nothing overlaps, nothing is lost."""

import numpy as np
import pytest
import shapely

from geocrm.spatial import unit_making
from geocrm.spatial.neighbours import neighbour_edges
from geocrm.spatial.unit_making import Hexagons, Nearest, Part, Plane
from geocrm.spatial.unit_making.clusters import spread


def squares(*corners: tuple[float, float], size: float = 1.0) -> np.ndarray:
    return np.array([shapely.box(x, y, x + size, y + size) for x, y in corners], dtype=object)


def hexagons(ground, width_km: float, least_share: float = 0.25):
    plane = Plane.of(ground)
    pattern = Hexagons(plane, width_km)
    lines = pattern.lines(pattern.over(plane.unwrapped(ground)))
    least = least_share * unit_making.hexagon_area_km2(width_km)
    part = Part(np.arange(len(ground)), pattern, lines, least)
    return unit_making.cut(ground, plane, [part]), plane


def tiles(cells, ground) -> bool:
    """Whether the cells meet without gap or overlap and cover the ground, no more."""
    whole = shapely.union_all(ground)
    lost = shapely.area(whole) - shapely.area(cells.shapes).sum()
    outside = shapely.area(shapely.difference(shapely.union_all(cells.shapes), whole))
    return (
        shapely.coverage_is_valid(cells.shapes)
        and abs(lost) < 1e-9 * shapely.area(whole)
        and outside < 1e-9 * shapely.area(whole)
    )


@pytest.fixture
def people():
    """2,000 places: a town, a larger one, and the country between."""
    rng = np.random.default_rng(7)
    towns = [rng.normal((20, 20), 3, (700, 2)), rng.normal((70, 60), 8, (900, 2))]
    return np.concatenate([*towns, rng.uniform(0, 100, (400, 2))])


@pytest.mark.parametrize("lat", [0.0, 40.0, 65.0])
def test_whole_hexagons_have_the_same_area_at_every_latitude(lat):
    cells, plane = hexagons(squares((10, lat)), 10.0)
    whole = unit_making.hexagon_area_km2(10.0)
    assert np.median(cells.area_km2) == pytest.approx(whole, rel=1e-3)
    assert cells.area_km2.sum() == pytest.approx(plane.area_km2(squares((10, lat))).sum(), rel=1e-4)


def test_hexagons_tile_the_ground_and_leave_no_slivers():
    ground = squares((106, -7), (107, -7))
    cells, _ = hexagons(ground, 9.0)
    assert tiles(cells, ground)
    assert cells.area_km2.min() >= 0.25 * unit_making.hexagon_area_km2(9.0)
    assert hexagons(ground, 9.0, least_share=0)[0].area_km2.min() < cells.area_km2.min()


def test_an_island_smaller_than_a_sliver_stays_a_unit_of_its_own():
    ground = np.append(squares((106, -7)), squares((108, -7), size=0.01))
    cells, _ = hexagons(ground, 20.0)
    assert (cells.area_km2 < 2).sum() == 1
    assert tiles(cells, ground)


def test_hexagons_go_on_across_the_180th_meridian():
    cells, plane = hexagons(squares((179, -17), (-180, -17)), 20.0)
    assert abs(abs(plane.lon) - 180) < 1e-9
    bounds = shapely.bounds(cells.shapes)
    assert bounds[:, 0].min() == -180
    assert bounds[:, 2].max() == 180
    both = (bounds[:, 0] == -180) & (bounds[:, 2] == 180)
    assert both.sum() >= 3
    assert np.median(cells.area_km2[both]) == pytest.approx(
        unit_making.hexagon_area_km2(20.0), rel=1e-3
    )


def test_what_a_unit_has_is_shared_out_by_area_and_adds_up():
    cells, _ = hexagons(squares((106, -7), (107, -7)), 9.0)
    shared = cells.counted_out(np.array([1001.0, 500.0]))
    assert shared.sum() == 1501
    assert (shared == np.round(shared)).all()
    assert (shared >= 0).all()
    assert np.isnan(cells.counted_out(np.array([np.nan, 500.0]))).any()
    assert not np.isnan(cells.counted_out(np.array([np.nan, 500.0]))).all()


@pytest.mark.parametrize("capacity", [7, 200, 5000])
def test_no_cell_holds_more_than_its_capacity_and_everybody_is_in_one(people, capacity):
    weight = np.ones(len(people), dtype=np.intp)
    found = unit_making.cluster(people, weight, capacity)
    assert found.size.max() <= capacity
    assert found.size.sum() == len(people)
    assert found.size.min() >= 1
    assert (np.bincount(found.cell) == found.size).all()


def test_cells_are_about_as_many_as_asked_for_and_even(people):
    weight = np.ones(len(people), dtype=np.intp)
    found = unit_making.cluster(people, weight, 110, num_cells=20)
    assert len(found) == 20
    assert found.size.max() <= 110


def test_sharing_out_anew_makes_cells_rounder_than_halving_does(people):
    weight = np.ones(len(people), dtype=np.intp)
    found = unit_making.cluster(people, weight, 100)
    halved = unit_making.clusters._halved(people, weight, 100, len(found))
    assert spread(people, weight, found.cell) < 0.8 * spread(people, weight, halved)


def test_customers_at_one_place_stay_together():
    km = np.array([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)])
    found = unit_making.cluster(km, np.array([6, 5, 6, 5]), 10)
    assert len(found) == 4
    assert found.size.max() <= 10


def test_more_customers_at_a_place_than_a_cell_holds_are_refused():
    with pytest.raises(ValueError, match="has 11 customers and a cell holds 10"):
        unit_making.cluster(np.zeros((1, 2)), np.array([11]), 10)


def test_the_same_customers_give_the_same_cells(people):
    weight = np.ones(len(people), dtype=np.intp)
    first, again = (unit_making.cluster(people, weight, 50).cell for _ in range(2))
    assert (first == again).all()


def test_outlines_hold_exactly_their_customers_and_tile_the_ground(people):
    ground = squares((106, -7), (107, -7))
    plane = Plane.of(ground)
    lonlat = np.column_stack([106 + people[:, 0] / 50, -7 + people[:, 1] / 100])
    lonlat = lonlat[(lonlat > (106, -7)).all(axis=1) & (lonlat < (108, -6)).all(axis=1)]
    km = plane.flat(lonlat)
    found = unit_making.cluster(km, np.ones(len(km), dtype=np.intp), 60)
    pattern = Nearest(plane, km, found.cell)
    part = Part(np.arange(2), pattern, pattern.lines(ground))
    cells = unit_making.cut(ground, plane, [part])
    assert tiles(cells, ground)
    assert len(cells) == len(found)
    points = shapely.points(lonlat)
    inside = shapely.STRtree(points).query(cells.shapes, predicate="covers")
    assert (np.bincount(inside[0]) == found.size[cells.label]).all()
    assert (found.cell[inside[1]] == cells.label[inside[0]]).all()


def test_a_split_unit_is_cut_and_its_neighbours_stay_whole_and_beside_it():
    ground = squares((106, -7), (107, -7), (108, -7))
    plane = Plane.of(ground)
    pattern = Hexagons(plane, 30.0)
    lines = pattern.lines(pattern.over(plane.unwrapped(ground[1:2])))
    cells = unit_making.cut(ground, plane, [Part(np.array([1]), pattern, lines)])
    assert tiles(cells, ground)
    whole = cells.part < 0
    assert sorted(cells.label[whole]) == [0, 2]
    assert set(cells.parent()[~whole]) == {1}
    edges = neighbour_edges(cells.shapes, np.full(len(cells), "one"))
    west = int(np.flatnonzero(whole & (cells.label == 0))[0])
    beside = np.append(edges.b[edges.a == west], edges.a[edges.b == west])
    assert len(beside) >= 3
    assert not whole[beside].any()
