"""One plan by gerrychain or spopt: an instance in a file, a plan in a file.

Runs in an environment of its own, without our packages; see `benchmarks/districting_peers.py`.
Run: python districting_peer.py METHOD INSTANCE.npz PLAN.npy
"""

import sys
import time
from collections.abc import Iterable
from functools import partial

import geopandas
import networkx
import numpy as np
from gerrychain import Graph, Partition
from gerrychain.constraints import contiguous, within_percent_of_ideal_population
from gerrychain.optimization import SingleMetricOptimizer
from gerrychain.proposals import recom
from gerrychain.tree import recursive_tree_part
from gerrychain.updaters import Tally
from libpysal.weights import W
from spopt.region import AZP, MaxPHeuristic, RegionKMeansHeuristic

BURST = 10
FOREVER = 10**9


def gerrychain(instance: dict[str, np.ndarray]) -> np.ndarray:
    """Recombination within the tolerance in short bursts, from the best of inertia to the next."""
    weight, place, k = instance["weight"], instance["place"], int(instance["k"])
    tolerance, ends = float(instance["tolerance"]), time.process_time() + float(instance["seconds"])
    net = networkx.Graph()
    net.add_nodes_from((i, {"load": float(w)}) for i, w in enumerate(weight))
    net.add_edges_from(instance["edges"].tolist())
    graph = Graph.from_networkx(net)
    ideal = float(weight.sum()) / k
    parts = recursive_tree_part(graph, range(k), ideal, "load", tolerance, rng=1)

    def inertia(partition: Partition) -> float:
        return moment(weight, place, plan_of(partition, len(weight)), k)

    first = Partition(graph, parts, {"load": Tally("load", alias="load")})
    limits = within_percent_of_ideal_population(first, tolerance, pop_key="load")
    optimizer = SingleMetricOptimizer(
        partial(
            recom,
            pop_col="load",
            pop_target=ideal,
            epsilon=tolerance,
        ),
        [limits, contiguous],
        first,
        inertia,
        maximize=False,
        rng=1,
    )
    steps = 0
    for _ in optimizer.short_bursts(BURST, FOREVER):
        steps += 1
        if time.process_time() > ends:
            break
    print(f"{steps} steps")
    return plan_of(optimizer.best_part, len(weight))


def plan_of(partition: Partition, n: int) -> np.ndarray:
    """The district of each unit."""
    assigned = partition.assignment
    return np.array([assigned[i] for i in range(n)])


def moment(weight: np.ndarray, place: np.ndarray, district: np.ndarray, k: int) -> float:
    """The moment of inertia about the districts' centroids."""
    mass = np.bincount(district, weights=weight, minlength=k)
    total = float((weight * (place**2).sum(axis=1)).sum())
    for axis in range(3):
        sums = np.bincount(district, weights=weight * place[:, axis], minlength=k)
        total -= float((sums**2 / np.maximum(mass, 1e-300)).sum())
    return total


def k_means(instance: dict[str, np.ndarray]) -> np.ndarray:
    """Contiguous k-means of the places; knows neither weights nor a tolerance."""
    model = RegionKMeansHeuristic(
        instance["place"], int(instance["k"]), neighbours(instance), seed=1
    )
    model.solve()
    return np.asarray(model.labels_)


def azp(instance: dict[str, np.ndarray]) -> np.ndarray:
    """Openshaw's automatic zoning by places; knows neither weights nor a tolerance."""
    model = AZP(
        table(instance), neighbours(instance), list("xyz"), int(instance["k"]), random_state=1
    )
    model.solve()
    return np.asarray(model.labels_, dtype=int)


def max_p(instance: dict[str, np.ndarray]) -> np.ndarray:
    """As many regions as hold the least load each; knows neither k nor a greatest load."""
    # Its only way to be told.
    np.random.seed(1)  # noqa: NPY002
    ideal = float(instance["weight"].sum()) / int(instance["k"])
    floor = ideal * (1 - float(instance["tolerance"]))
    model = MaxPHeuristic(
        table(instance), neighbours(instance), list("xyz"), "weight", floor, top_n=2,
        max_iterations_construction=20,
    )  # fmt: skip
    model.solve()
    return np.asarray(model.labels_, dtype=int) - 1


def neighbours(instance: dict[str, np.ndarray]) -> object:
    """The graph as libpysal wants it."""
    beside: dict[int, list[int]] = {i: [] for i in range(len(instance["weight"]))}
    for a, b in instance["edges"].tolist():
        beside[a].append(b)
        beside[b].append(a)
    return W({i: sorted(set(those)) for i, those in beside.items()}, silence_warnings=True)


def table(instance: dict[str, np.ndarray]) -> object:
    """Places and weights as a table with points."""
    x, y, z = instance["place"].T
    columns = {"x": x, "y": y, "z": z, "weight": instance["weight"]}
    return geopandas.GeoDataFrame(columns, geometry=geopandas.points_from_xy(x, y))


METHODS = {"gerrychain": gerrychain, "k-means": k_means, "azp": azp, "max-p": max_p}


def main(arguments: Iterable[str]) -> None:
    """Solve one instance."""
    method, given, result = arguments
    with np.load(given) as file:
        instance = dict(file)
    np.save(result, METHODS[method](instance))


if __name__ == "__main__":
    main(sys.argv[1:])
