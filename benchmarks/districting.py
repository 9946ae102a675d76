"""Territory design on real maps and grids, against METIS.

METIS often misses the tolerance; then a design that may be as far off as METIS is stands beside it,
for only these two are alike. Each row: the largest deviation, the moment of inertia about centroids
as a share of METIS's, whether every territory is one piece, CPU and wall seconds, and the most
memory so far; below it what is proven. METIS is asked for contiguity. Seeds are fixed; effort is
the product's own.

Run: python -m benchmarks.districting [--quick]
"""

import argparse
import gzip
import json
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import shapely

from geocrm.spatial.districting import (
    Plan,
    Terms,
    Units,
    design,
    evaluate,
    on_earth,
    on_plane,
    prove,
)
from geocrm.spatial.districting.compiling import blocks_of
from geocrm.spatial.districting.starts import metis_assignment
from geocrm.spatial.districting.warm import warm
from geocrm.spatial.neighbours import neighbour_edges

BOUNDARIES = Path(__file__).parent.parent / "data" / "boundaries"
SEED = 1
PROOF_S = 30.0


def layer(name: str, by: str) -> Units:
    """The units of a boundary layer by population or land area."""
    with gzip.open(BOUNDARIES / f"{name}.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = shapely.from_geojson([json.dumps(each["geometry"]) for each in features])
    point = shapely.point_on_surface(shapes)
    lon, lat = shapely.get_x(point), shapely.get_y(point)
    if by == "population":
        weight = np.array([each["properties"]["population"] for each in features], dtype=float)
    else:
        # Square degrees shrink with the cosine; good to a few parts in a thousand for counties.
        weight = shapely.area(shapes) * np.cos(np.radians(lat)) * 111.2**2
    edges = neighbour_edges(shapes, np.full(len(shapes), name))
    return Units(weight[:, None], on_earth(lon, lat), edges.pairs())


def grid(rows: int, columns: int, seed: int = 0) -> Units:
    """Gamma weights with six hot spots on a grid of kilometres."""
    rng = np.random.default_rng(seed)
    at = np.arange(rows * columns).reshape(rows, columns)
    y, x = np.divmod(np.arange(rows * columns), columns)
    weight = rng.gamma(2, 1, rows * columns)
    for _ in range(6):
        apart = (x - rng.random() * columns) ** 2 + (y - rng.random() * rows) ** 2
        weight *= 1 + 4 * np.exp(-apart / (2 * (min(rows, columns) / 8) ** 2))
    across = np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1)
    down = np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1)
    place = on_plane(x.astype(float), y.astype(float))
    return Units(weight[:, None], place, np.concatenate([across, down]))


def metis(units: Units, terms: Terms) -> Plan:
    """METIS k-way, asked for contiguity."""
    found = metis_assignment(blocks_of(units, terms).graph, terms.num_districts, SEED)
    # An empty part of METIS would not be a plan; it is judged as it is.
    return evaluate(units, terms, found)


def row(name: str, units: Units, terms: Terms, how: Callable[[], Plan], base: float | None) -> Plan:
    """Print one row of the table; the plan."""
    began, clock = time.process_time(), time.monotonic()
    plan = how()
    seconds, wall = time.process_time() - began, time.monotonic() - clock
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    share = "" if base is None or plan.inertia is None else f"{plan.inertia / base:.3f}"
    print(
        f"| {name} | {plan.max_deviation[0]:.2%} | {share} | "
        f"{'yes' if plan.contiguous else 'NO'} | {seconds:.1f} | {wall:.1f} | {memory:.0f} |",
        flush=True,
    )
    return plan


def compare(name: str, units: Units, k: int, tolerance: float) -> None:
    """METIS, the design, and what is proven of it."""
    terms = Terms(k, tolerance)
    label = f"{name}, {len(units)}/{k}, {tolerance:.0%}"
    peer = row(f"{label}, METIS", units, terms, partial(metis, units, terms), None)
    base = peer.inertia
    if peer.contiguous and peer.max_deviation[0] > tolerance:
        loose = Terms(k, float(peer.max_deviation[0]))
        how = partial(design, units, loose, seed=SEED)
        row(f"{label}, design as far off as METIS", units, loose, how, base)
    plan = row(f"{label}, design", units, terms, partial(design, units, terms, seed=SEED), base)
    ends = time.monotonic() + PROOF_S
    proof = prove(units, terms, plan, seconds_left=lambda: ends - time.monotonic())
    if proof.bound is not None and proof.gap is not None:
        better = 1 - proof.plan.value / plan.value
        print(
            f"|   gap {proof.gap:.2%} ({proof.bound.kind}), plan bettered by {better:.2%}"
            " | | | | | | |"
        )


def disruption(units: Units, k: int) -> None:
    """The best balance that each budget of disruption buys, from a plan 25 % off balance."""
    today = design(units, Terms(k, 0.25), seed=SEED + 1).district
    print("| may move | moved | max. deviation |")
    print("|---|---|---|")
    for budget in (0.0, 0.02, 0.05, 0.1, 0.2):
        terms = Terms(k, 0.01, current=today, budget=budget)
        plan = design(units, terms, seed=SEED)
        print(f"| {budget:.0%} | {plan.moved:.2%} | {plan.max_deviation[0]:.2%} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only 30 territories of Indonesia")
    quick = parser.parse_args().quick
    warm()
    indonesia = layer("idn-adm2", "population")
    print("| case, units/k, tolerance, method | max. deviation | inertia / METIS | whole | CPU s |"
          " wall s | MB |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    compare("Indonesia by population", indonesia, 30, 0.05)
    if quick:
        return
    compare("Indonesia by population", indonesia, 38, 0.05)
    compare("USA by land", layer("usa-adm2", "land"), 50, 0.05)
    compare("grid", grid(20, 25), 5, 0.02)
    compare("grid", grid(50, 60), 50, 0.03)
    compare("grid", grid(200, 200), 50, 0.02)
    disruption(indonesia, 30)


if __name__ == "__main__":
    main()
