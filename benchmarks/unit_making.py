"""Cells of customers and hexagons: balance, roundness and time, beside plain k-means.

    nice python -m benchmarks.unit_making

k-means (scikit-learn's where it is installed, else Lloyd's) knows no limit, so its spread is what
cells could have if they might hold any number. The fair rival is the same centres with a limit:
everybody goes to the nearest centre that has room left.
"""

import time
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.spatial import cKDTree

try:
    from sklearn.cluster import KMeans
except ImportError:
    KMeans = None

from geocrm.spatial import unit_making
from geocrm.spatial.unit_making import Hexagons, Nearest, Part, Plane
from geocrm.spatial.unit_making.clusters import spread

CUSTOMERS = 50_000
CAPACITY = 200
Floats = NDArray[np.float64]


def towns(seed: int) -> Floats:
    """Customers in sixty towns of different size and density, and between; 200 x 200 km."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(60, 0.7)) * 0.8 * CUSTOMERS
    middle = rng.uniform(0, 200, (60, 2))
    made = [
        rng.normal(m, rng.uniform(1, 8), (int(n), 2)) for m, n in zip(middle, share, strict=True)
    ]
    made.append(rng.uniform(0, 200, (CUSTOMERS - sum(map(len, made)), 2)))
    return np.clip(np.concatenate(made), 0.001, 199.999)


def kmeans(km: Floats, k: int, seed: int) -> tuple[str, NDArray[np.intp], Floats]:
    """Name, cell of each and centres of unlimited k-means."""
    if KMeans is None:
        centre, cell = kmeans2(km, k, minit="++", iter=30, seed=seed)
        return "Lloyd (scipy)", cell.astype(np.intp), centre
    found = KMeans(k, n_init=1, random_state=seed).fit(km)
    return "KMeans (scikit-learn)", found.labels_.astype(np.intp), found.cluster_centers_


def with_room(km: Floats, centre: Floats, capacity: int) -> NDArray[np.intp]:
    """Everybody at the nearest centre that has room, those nearest to theirs first."""
    distance, order = cKDTree(centre).query(km, k=min(len(centre), 100))
    room = np.full(len(centre), capacity)
    cell = np.full(len(km), -1)
    for at in np.argsort(distance[:, 0]).tolist():
        for there in order[at].tolist():
            if room[there]:
                room[there] -= 1
                cell[at] = there
                break
    left = np.flatnonzero(cell < 0)
    for at in left.tolist():
        there = int(np.argmin(np.where(room > 0, ((centre - km[at]) ** 2).sum(axis=1), np.inf)))
        room[there] -= 1
        cell[at] = there
    return cell


def timed(work: Callable[[], object]) -> tuple[object, float, float]:
    """What came out, wall seconds and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def row(name: str, km: Floats, cell: NDArray[np.intp], best: float, cpu_s: float) -> None:
    """A line of the table."""
    size = np.bincount(cell)
    value = spread(km, np.ones(len(km), dtype=np.intp), cell)
    print(f"{name:32} {size.min():6} {size.max():6} {value / best:8.3f} {cpu_s:8.1f} s")


def main() -> None:
    """Print the tables."""
    km = np.unique(towns(1), axis=0)
    weight = np.ones(len(km), dtype=np.intp)
    unit_making.cluster(km[:500], weight[:500], 50)  # compiled before it is timed
    found, wall_s, cpu_s = timed(lambda: unit_making.cluster(km, weight, CAPACITY))
    name, free, centre = kmeans(km, len(found), 1)
    best = spread(km, weight, free)
    print(f"{len(km):,} customers, at most {CAPACITY} a cell, {len(found)} cells; {wall_s:.1f} s")
    print(f"{'':32} {'least':>6} {'most':>6} {'spread':>8} {'CPU':>8}")
    row("unit_making", km, found.cell, best, cpu_s)
    row(f"{name}, no limit", km, free, best, float("nan"))
    limited, _, greedy_s = timed(lambda: with_room(km, centre, CAPACITY))
    row("its centres, nearest with room", km, limited, best, greedy_s)

    ground = np.array([shapely.box(107, -7.2, 108.8, -5.4)], dtype=object)
    plane = Plane.of(ground)
    here = plane.flat(np.column_stack([107 + km[:, 0] * 0.009, -7.2 + km[:, 1] * 0.009]))
    pattern = Nearest(plane, here, found.cell)
    drawn, _, cpu_s = timed(
        lambda: unit_making.cut(ground, plane, [Part(np.arange(1), pattern, pattern.lines(ground))])
    )
    print(f"outlines of {len(drawn)} cells: {cpu_s:.1f} s CPU, tile:"
          f" {bool(shapely.coverage_is_valid(drawn.shapes))}")  # fmt: skip
    for width_km in (10.0, 5.0, 2.0):
        grid = Hexagons(plane, width_km)
        drawn, _, cpu_s = timed(
            lambda grid=grid: unit_making.cut(
                ground, plane, [Part(np.arange(1), grid, grid.lines(grid.over(ground)))]
            )
        )
        print(f"{len(drawn):,} hexagons of {width_km:g} km: {cpu_s:.1f} s CPU")


if __name__ == "__main__":
    main()
