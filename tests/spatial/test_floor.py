"""The least deviation a map leaves: never above what a plan reaches, and named by its cause."""

from itertools import combinations

import numpy as np
import pytest

from geocrm.spatial.districting.floor import floor_of
from geocrm.spatial.districting.graph import components


def connected_graph(n: int, rng: np.random.Generator) -> np.ndarray:
    """A random tree with a few more edges: full of dead ends and enclaves."""
    tree = [(int(rng.integers(0, i)), i) for i in range(1, n)]
    further = [pair for pair in combinations(range(n), 2) if rng.random() < 0.12]
    return np.array(sorted(set(tree) | set(further)))


def least_deviation(load: np.ndarray, edges: np.ndarray, k: int) -> float:
    """The best of all plans, by trying every one."""
    n, ideal = len(load), load.sum() / k
    beside = [0] * n
    for a, b in edges:
        beside[a] |= 1 << b
        beside[b] |= 1 << a

    def whole(members: int) -> bool:
        reached = members & -members
        while True:
            more = reached
            for u in range(n):
                if reached >> u & 1:
                    more |= beside[u] & members
            if more == reached:
                return reached == members
            reached = more

    off = {
        members: abs(sum(load[u] for u in range(n) if members >> u & 1) / ideal - 1)
        for members in range(1, 1 << n)
        if whole(members)
    }

    def best(left: int, count: int, limit: float) -> float:
        if count == 0:
            return 0.0 if left == 0 else np.inf
        first, rest, least = left & -left, left & (left - 1), limit
        part = rest
        while left:
            members = part | first
            if off.get(members, np.inf) < least:
                least = min(least, max(off[members], best(left & ~members, count - 1, least)))
            if part == 0:
                break
            part = (part - 1) & rest
        return least

    return best((1 << n) - 1, k, np.inf)


def test_the_floor_is_never_above_what_some_plan_reaches_and_often_all_there_is():
    rng = np.random.default_rng(4)
    exact = 0
    for _ in range(250):
        n = int(rng.integers(3, 8))
        k = int(rng.integers(1, min(n, 4) + 1))
        edges, load = connected_graph(n, rng), rng.gamma(0.8, 10, n) + 0.01
        floor = floor_of(load, edges, load.sum() / k, load.sum() / k)
        least = least_deviation(load, edges, k)
        assert floor.deviation <= least + 1e-9
        exact += floor.deviation > 1e-6 and floor.deviation >= least - 1e-9
    assert exact > 60


def test_a_city_and_its_enclave_are_too_light_alone_and_too_heavy_with_any_neighbour():
    # Ring 0-1-2-3-4-5, and unit 6 hangs on 0: together 9 of 10, with the lightest beside it 13.
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 0], [0, 6]])
    load = np.array([6, 4, 6, 10, 1, 9, 3.0])
    floor = floor_of(load, edges, 10.0, 10.0)
    assert floor.deviation == pytest.approx(0.1)
    assert (floor.forced, floor.next_unit) == (1, 1)
    assert floor.share == pytest.approx(0.9)
    assert floor.next_share == pytest.approx(1.3)


def test_a_dead_end_too_light_for_a_district_stays_with_what_it_hangs_on():
    # 0-1-2-3: 2 and 3 (4 together) can be no district of 10, so they are 14 with unit 1.
    load = np.array([9, 10, 3, 1.0])
    floor = floor_of(load, np.array([[0, 1], [1, 2], [2, 3]]), 10.0, 10.0)
    assert floor.deviation == pytest.approx(0.4)
    assert (floor.unit, floor.forced) == (1, 2)


def test_a_map_without_such_places_has_no_floor_and_pieces_without_a_link_are_no_error():
    square = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    assert floor_of(np.ones(4), square, 2.0, 2.0).deviation == pytest.approx(0.0)
    apart = square[:1]
    assert components(4, apart).max() == 2
    assert floor_of(np.ones(4), apart, 2.0, 2.0).deviation == pytest.approx(0.0)
