"""The compiled walk from plan to plan that prefers nothing: recombination along uniform trees.

Two neighbouring districts are merged, a spanning tree of them is drawn, and among the edges of the
tree whose removal leaves both sides within the limits one is taken by lot. Sources: D. DeFord,
M. Duchin, J. Solomon (2021), Recombination, doi:10.1162/99608f92.eb30390f; the tree by D. B.
Wilson (1996), Generating random spanning trees more quickly than the cover time,
doi:10.1145/237814.237880.
"""

import numpy as np

from geocrm.spatial.districting.chance import below
from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.state import Floats, Graph, Int32s, Int64s, Scratch
from geocrm.spatial.districting.trees import split

# Edges inside districts are skipped; so many draws before a step is given up.
MAX_DRAWS = 2_000


@compiled
def uniform_tree(
    graph: Graph, district: Int32s, root: int, size: int, a: int, b: int, space: Scratch
) -> int:
    """A spanning tree of districts a and b, each with the same chance, as `random_tree` leaves it.

    `space.queue` starts with the root and `size` units of the two districts in any order are
    expected in `space.group`.
    """
    space.stamp[0] += 1
    seen = space.stamp[0]
    space.mark[root] = seen
    space.queue[0] = root
    tail = 1
    for i in range(size):
        first = space.group[i]
        v = first
        # A walk whose loops are forgotten: the last way out of each unit is what counts.
        while space.mark[v] != seen:
            x = graph.adjacent[
                graph.start[v] + below(space.random, graph.start[v + 1] - graph.start[v])
            ]
            if district[x] == a or district[x] == b:
                space.parent[v] = x
                v = x
        steps, v = 0, first
        while space.mark[v] != seen:
            space.mark[v] = seen
            space.before[steps] = v
            steps += 1
            v = space.parent[v]
        # Parents stand before their children.
        for j in range(steps - 1, -1, -1):
            space.queue[tail] = space.before[j]
            tail += 1
    return tail


@compiled
def members(district: Int32s, a: int, b: int, space: Scratch) -> int:
    """The units of two districts in `space.group`; how many they are."""
    size = 0
    for u in range(len(district)):
        if district[u] == a or district[u] == b:
            space.group[size] = u
            size += 1
    return size


@compiled
def fits(load: Int64s, low: Floats, high: Floats) -> bool:
    """Whether a load is accepted in every measure."""
    for c in range(len(load)):  # noqa: SIM110 - compiled
        if load[c] < low[c] or load[c] > high[c]:
            return False
    return True


@compiled
def cuttable(
    graph: Graph, size: int, low: Floats, high: Floats, a: int, b: int, space: Scratch
) -> int:
    """The ways to part the tree within the limits, in `space.position`; how many they are.

    A way is 2 x place in `queue` of the unit below the cut, + 1 when the part below becomes a.
    """
    measures = graph.weight.shape[1]
    for i in range(size):
        for c in range(measures):
            space.subtree_load[space.queue[i], c] = graph.weight[space.queue[i], c]
    for i in range(size - 1, 0, -1):
        x = space.queue[i]
        for c in range(measures):
            space.subtree_load[space.parent[x], c] += space.subtree_load[x, c]
    whole = space.subtree_load[space.queue[0]]
    count = 0
    for i in range(1, size):
        part = space.subtree_load[space.queue[i]]
        for c in range(measures):
            space.load_other[c] = whole[c] - part[c]
        for turned in range(2):
            one, other = (b, a) if turned == 0 else (a, b)
            if (
                count < len(space.position)
                and fits(part, low[one], high[one])
                and fits(space.load_other, low[other], high[other])
            ):
                space.position[count] = 2 * i + turned
                count += 1
    return count


@compiled
def wander(
    graph: Graph, district: Int32s, low: Floats, high: Floats, space: Scratch, num_steps: int
) -> int:
    """Take so many steps; `district` changes in place. How many steps found a new parting.

    The two districts of a step are those of an edge drawn by lot among the edges between districts.
    """
    taken = 0
    for _ in range(num_steps):
        u, v, draws = 0, 0, 0
        while district[u] == district[v] and draws < MAX_DRAWS:
            edge = below(space.random, len(graph.one))
            u, v = graph.one[edge], graph.other[edge]
            draws += 1
        a, b = district[u], district[v]
        if a == b:
            continue
        size = members(district, a, b, space)
        root = space.group[below(space.random, size)]
        uniform_tree(graph, district, root, size, a, b, space)
        count = cuttable(graph, size, low, high, a, b, space)
        if count == 0:
            continue
        way = space.position[below(space.random, count)]
        cut = space.queue[way >> 1]
        if way & 1:
            a, b = b, a
        split(district, cut, a, b, size, space)
        taken += 1
    return taken


def widened(num_units: int, space: Scratch) -> Scratch:
    """Scratch space with room for two ways to cut at each unit."""
    return space._replace(position=np.zeros(2 * num_units, dtype=np.int32))
