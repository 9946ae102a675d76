"""What the compiled search works on: the graph, the assignment with its sums, and scratch space."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.chance import RandomState, random_state

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]

# Three districts are parted anew together when they have no more units than this.
MAX_THREE_UNITS = 160


class Graph(NamedTuple):
    """Units and their neighbours.

    The neighbours of u are `adjacent[start[u]:start[u + 1]]`; `one`, `other` (m,) list each edge
    once; `weight` (n,) are whole numbers; `mass` (n, 4) holds each unit's mass and mass x unit
    vector, from which a district's moment of inertia follows by addition.
    """

    start: Int32s
    adjacent: Int32s
    one: Int32s
    other: Int32s
    weight: Int64s
    mass: Floats


class State(NamedTuple):
    """An assignment, changed in place: `district` (n,), `load` (k,), `mass` (k, 4)."""

    district: Int32s
    load: Int64s
    mass: Floats


class Goal(NamedTuple):
    """The energy: squared imbalance beyond `slack` x `strictness` + inertia x `roundness`."""

    mean: float
    slack: float
    strictness: float
    roundness: float


class Scratch(NamedTuple):
    """Space that every step reuses, so that none is allocated while searching."""

    random: RandomState
    mark: Int64s
    stamp: Int64s
    queue: Int32s
    group: Int32s
    parent: Int32s
    frontier: Int32s
    sum_one: Floats
    sum_other: Floats
    subtree_load: Int64s
    subtree_mass: Floats
    position: Int32s
    above: NDArray[np.bool_]


def scratch(graph: Graph, seed: int) -> Scratch:
    """Fresh scratch space for a graph."""
    n, m = len(graph.weight), len(graph.one)
    return Scratch(
        random=random_state(seed),
        mark=np.zeros(n, dtype=np.int64),
        stamp=np.zeros(1, dtype=np.int64),
        queue=np.zeros(n + 1, dtype=np.int32),
        group=np.zeros(n + 1, dtype=np.int32),
        parent=np.zeros(n, dtype=np.int32),
        frontier=np.zeros((2 * m + 1, 2), dtype=np.int32),
        sum_one=np.zeros(4),
        sum_other=np.zeros(4),
        subtree_load=np.zeros(n, dtype=np.int64),
        subtree_mass=np.zeros((n, 4)),
        position=np.zeros(n, dtype=np.int32),
        above=np.zeros((MAX_THREE_UNITS, MAX_THREE_UNITS), dtype=np.bool_),
    )


def state_of(graph: Graph, district: NDArray[np.integer], num_districts: int) -> State:
    """The assignment with its sums; sums of weights are exact."""
    home = np.array(district, dtype=np.int32)
    load = np.zeros(num_districts, dtype=np.int64)
    np.add.at(load, home, graph.weight)
    mass = np.zeros((num_districts, 4))
    np.add.at(mass, home, graph.mass)
    return State(home, load, mass)
