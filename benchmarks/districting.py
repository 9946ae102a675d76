"""Territory design against METIS alone (and gerrychain where it is installed), on real maps.

Run: python -m benchmarks.districting [--quick]
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geocrm.spatial.districting import Plan, Units, design, evaluate, preview
from geocrm.spatial.neighbours import neighbour_edges

try:
    import networkx
    from gerrychain import Graph as GerryGraph
    from gerrychain.tree import recursive_tree_part
except ImportError:
    recursive_tree_part = None

BOUNDARIES = Path(__file__).parent.parent / "data" / "boundaries"
SEED = 1
CASES = (
    ("idn-adm2", 5),
    ("idn-adm2", 10),
    ("idn-adm2", 20),
    ("idn-adm2", 30),
    ("idn-adm2", 50),
    ("usa-adm2", 50),
)


def load(layer: str) -> Units:
    """A layer as units: population where it has one, else gamma-distributed weights (seeded)."""
    with gzip.open(BOUNDARIES / f"{layer}.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = shapely.from_geojson([json.dumps(each["geometry"]) for each in features])
    weight = np.array([each["properties"].get("population") or 0 for each in features], dtype=float)
    if not weight.any():
        weight = np.random.default_rng(0).gamma(0.5, 100_000, len(features))
    point = shapely.point_on_surface(shapes)
    edges = neighbour_edges(shapes, np.full(len(shapes), layer))
    return Units(weight, shapely.get_x(point), shapely.get_y(point), edges.pairs())


def tree_parts(units: Units, k: int) -> Plan:
    """The peer's recursive spanning-tree partition, at 5 %."""
    net = networkx.Graph()
    net.add_nodes_from((i, {"weight": float(w)}) for i, w in enumerate(units.weight))
    net.add_edges_from(units.edges.tolist())
    graph = GerryGraph.from_networkx(net)
    parts = recursive_tree_part(graph, range(k), units.weight.sum() / k, "weight", 0.05)
    district: NDArray[np.intp] = np.array([parts[i] for i in range(len(units))])
    return evaluate(units, district, k)


def measured(label: str, how: Callable[[], Plan]) -> str:
    """One row of the table."""
    began = time.process_time()
    plan = how()
    seconds = time.process_time() - began
    return (
        f"| {label} | {plan.max_deviation:.2%} | {plan.rms_km:.1f} | "
        f"{'yes' if plan.contiguous else 'NO'} | {seconds:.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only 30 districts of Indonesia")
    cases = (("idn-adm2", 30),) if parser.parse_args().quick else CASES
    units = {layer: load(layer) for layer in {layer for layer, _ in cases}}
    warm = units[cases[0][0]]
    design(warm, 2, effort=1, should_stop=iter([False, True]).__next__)  # compile first
    print("| case, method | max. deviation | rms distance, km | contiguous | CPU s |")
    print("|---|---|---|---|---|")
    for layer, k in cases:
        map_of = units[layer]
        name = f"{layer}, {len(map_of)} units, {k} districts"
        print(measured(f"{name}, METIS alone", partial(preview, map_of, k, seed=SEED)))
        print(measured(f"{name}, design", partial(design, map_of, k, seed=SEED)), flush=True)
        if recursive_tree_part is not None:
            print(measured(f"{name}, gerrychain", partial(tree_parts, map_of, k)), flush=True)


if __name__ == "__main__":
    main()
