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
# Mass, mass x place (3), mass x squared distance from the origin.
MASS_SUMS = 5

# What the energy holds besides balance; see `Goal.mode`.
ROUND, COSTED, CUT = 0, 1, 2
# Moving a locked unit counts for this much, more than any budget.
LOCKED = 2**46
# Part of the penalty of a load beyond its band that is in proportion to how far it is.
HAIR = 0.2
# Two units that must be apart and are together cost as much as a district 30 % off.
CLASH = 0.3**2


class Graph(NamedTuple):
    """Units and their neighbours.

    The neighbours of u are `adjacent[start[u]:start[u + 1]]`, with the length (or 1) of the border
    in `border`; `one`, `other` (e,) list each edge once; `weight` (n, m) are whole numbers, a
    column for each measure; `mass` (n, 5) holds each unit's mass, mass x place and mass x squared
    distance from the origin, from which a district's moment of inertia follows by addition.
    """

    start: Int32s
    adjacent: Int32s
    border: Floats
    one: Int32s
    other: Int32s
    weight: Int64s
    mass: Floats


class State(NamedTuple):
    """An assignment, changed in place: `district` (n,), `load` (k, m), `mass` (k, 5).

    `moved` (1,) is the price of the units that are not in their home; `worth` (k,) what each
    district contributes to the energy by its load and shape.
    """

    district: Int32s
    load: Int64s
    mass: Floats
    moved: Int64s
    worth: Floats


class Goal(NamedTuple):
    """The energy: squared imbalance beyond [low, high] x `strictness`, and what `mode` says.

    ROUND adds the moment of inertia x `roundness`; COSTED the sum of `cost[u, district of u]` x
    `roundness`; CUT the borders between districts x `roundness`. `low`, `high` (k, m) and `mean`
    (m,) are loads. A unit outside its `home` (n,; -1 has none) counts with its `price` (n,): the
    sum may not grow beyond `budget`, and costs `stability` for each. The units that must not share
    a district with u are `foe[foe_start[u]:foe_start[u + 1]]`. `plain` says that there is nothing
    but loads and ROUND.
    """

    low: Floats
    high: Floats
    mean: Floats
    strictness: float
    mode: int
    roundness: float
    cost: Floats
    home: Int32s
    price: Int64s
    budget: int
    stability: float
    foe_start: Int32s
    foe: Int32s
    plain: bool


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
    load_one: Int64s
    load_other: Int64s
    subtree_load: Int64s
    subtree_mass: Floats
    subtree_extra: Floats
    subtree_moved: Int64s
    position: Int32s
    before: Int32s
    above: NDArray[np.bool_]


def scratch(graph: Graph, seed: int) -> Scratch:
    """Fresh scratch space for a graph."""
    (n, m), e = graph.weight.shape, len(graph.one)
    return Scratch(
        random=random_state(seed),
        mark=np.zeros(n, dtype=np.int64),
        stamp=np.zeros(1, dtype=np.int64),
        queue=np.zeros(n + 1, dtype=np.int32),
        group=np.zeros(n + 1, dtype=np.int32),
        parent=np.zeros(n, dtype=np.int32),
        frontier=np.zeros((2 * e + 1, 2), dtype=np.int32),
        sum_one=np.zeros(MASS_SUMS),
        sum_other=np.zeros(MASS_SUMS),
        load_one=np.zeros(m, dtype=np.int64),
        load_other=np.zeros(m, dtype=np.int64),
        subtree_load=np.zeros((n, m), dtype=np.int64),
        subtree_mass=np.zeros((n, MASS_SUMS)),
        subtree_extra=np.zeros(n),
        subtree_moved=np.zeros(n, dtype=np.int64),
        position=np.zeros(n, dtype=np.int32),
        before=np.zeros(n, dtype=np.int32),
        above=np.zeros((MAX_THREE_UNITS, MAX_THREE_UNITS), dtype=np.bool_),
    )
