"""Territory design on real maps and grids, against METIS.

METIS gets the tolerance and is asked for contiguity: as it comes, and as the best of many runs
with eight cuts each (in one piece, nearest to the tolerance, of those within it the most
compact). It often misses the tolerance all the same; then a design that may be as far off as
METIS is stands beside it, for only these two are alike. Each row: the largest deviation, the
moment of inertia about centroids as a share of each METIS's, whether every territory is one
piece, CPU and wall seconds, and the most memory so far; below it what is proven. Seeds are fixed;
effort is the product's own.

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
import pymetis
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
from geocrm.spatial.districting.starts import METIS_WHOLE
from geocrm.spatial.districting.state import Graph, Int32s
from geocrm.spatial.districting.warm import warm
from geocrm.spatial.neighbours import neighbour_edges

BOUNDARIES = Path(__file__).parent.parent / "data" / "boundaries"
SEED = 1
PROOF_S = 30.0
METIS_RUNS = 40


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
    """One run of METIS, k-way, as it comes."""
    return evaluate(units, terms, _metis(blocks_of(units, terms).graph, terms, SEED))


def best_metis(units: Units, terms: Terms) -> Plan:
    """The best of many runs, each the best of eight cuts."""
    graph, tolerance = blocks_of(units, terms).graph, float(terms.tolerances(1)[0])

    def rank(plan: Plan) -> tuple[bool, float, float]:
        off = max(float(plan.max_deviation[0]), tolerance)
        return not plan.contiguous, off, plan.inertia or np.inf

    runs = (_metis(graph, terms, seed, ncuts=8, niter=50) for seed in range(METIS_RUNS))
    return min((evaluate(units, terms, run) for run in runs), key=rank)


def _metis(graph: Graph, terms: Terms, seed: int, **more: int) -> Int32s:
    """METIS takes the tolerance in thousandths."""
    thousandths = round(float(terms.tolerances(1)[0]) * 1_000)
    whole = np.maximum(np.round(graph.weight[:, 0] / graph.weight[:, 0].sum() * METIS_WHOLE), 1)
    found = pymetis.part_graph(
        terms.num_districts,
        pymetis.CSRAdjacency(graph.start.tolist(), graph.adjacent.tolist()),
        vweights=whole.astype(np.int64).tolist(),
        recursive=False,
        options=pymetis.Options(contig=1, seed=seed, ufactor=thousandths, **more),
    )
    return np.array(found.vertex_part, dtype=np.int32)


def row(name: str, how: Callable[[], Plan], *peers: Plan) -> Plan:
    """Print one row of the table, beside these plans of METIS; the plan."""
    began, clock = time.process_time(), time.monotonic()
    plan = how()
    seconds, wall = time.process_time() - began, time.monotonic() - clock
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shares = [f"{(plan.inertia or np.nan) / (peer.inertia or np.nan):.3f}" for peer in peers]
    cells = [
        name,
        f"{plan.max_deviation[0]:.2%}",
        " and ".join(shares),
        "yes" if plan.contiguous else "NO",
        *(f"{seconds:.1f}", f"{wall:.1f}", f"{memory:.0f}"),
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return plan


def compare(name: str, units: Units, k: int, tolerance: float) -> None:
    """METIS, the design, and what is proven of it."""
    terms = Terms(k, tolerance)
    label = f"{name}, {len(units)}/{k}, {tolerance:.0%}"
    peers = [
        _peer(label, units, terms, "METIS", metis),
        _peer(label, units, terms, f"METIS, best of {METIS_RUNS}", best_metis),
    ]
    plan = row(f"{label}, design", partial(design, units, terms, seed=SEED), *peers)
    ends = time.monotonic() + PROOF_S
    proof = prove(units, terms, plan, seconds_left=lambda: ends - time.monotonic())
    if proof.bound is not None and proof.gap is not None:
        better = 1 - proof.plan.value / plan.value
        print(
            f"|   gap {proof.gap:.2%} ({proof.bound.kind}), plan bettered by {better:.2%}"
            " | | | | | | |"
        )


def _peer(
    label: str, units: Units, terms: Terms, called: str, how: Callable[[Units, Terms], Plan]
) -> Plan:
    peer = row(f"{label}, {called}", partial(how, units, terms))
    off = float(peer.max_deviation[0])
    if peer.contiguous and off > float(terms.tolerances(1)[0]):
        loose = partial(design, units, Terms(terms.num_districts, off), seed=SEED)
        row(f"{label}, design as far off as {called}", loose, peer)
    return peer


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
