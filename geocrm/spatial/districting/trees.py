"""Random spanning trees of districts, and what lies below each of their units."""

from geocrm.spatial.districting.chance import below
from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.state import (
    COSTED,
    CUT,
    MASS_SUMS,
    Goal,
    Graph,
    Int32s,
    Scratch,
)


@compiled
def random_tree(
    graph: Graph,
    district: Int32s,
    root: int,
    a: int,
    b: int,
    c: int,
    most: int,
    space: Scratch,
) -> int:
    """A random spanning tree of districts in `queue` (root first) and `parent`; its size.

    Given up beyond `most` units.
    """
    space.stamp[0] += 1
    seen = space.stamp[0]
    space.mark[root] = seen
    space.queue[0] = root
    space.position[root] = 0
    tail, waiting, v = 1, 0, root
    while v >= 0 and tail <= most:
        for i in range(graph.start[v], graph.start[v + 1]):
            x = graph.adjacent[i]
            home = district[x]
            # Spelled out: a tuple of mixed integer types does not compile.
            if space.mark[x] != seen and (home == a or home == b or home == c):  # noqa: SIM109
                space.frontier[waiting, 0] = v
                space.frontier[waiting, 1] = x
                waiting += 1
        v = -1
        while waiting > 0 and v < 0:
            j = below(space.random, waiting)
            waiting -= 1
            x = space.frontier[j, 1]
            if space.mark[x] != seen:
                space.mark[x] = seen
                space.parent[x] = space.frontier[j, 0]
                space.position[x] = tail
                space.queue[tail] = x
                tail += 1
                v = x
            space.frontier[j, 0] = space.frontier[waiting, 0]
            space.frontier[j, 1] = space.frontier[waiting, 1]
    return tail


@compiled
def sum_subtrees(
    graph: Graph, district: Int32s, goal: Goal, size: int, a: int, b: int, space: Scratch
) -> tuple[float, int]:
    """Weights and masses below each unit of the tree, and what b costs and moves more than a there.

    Returns what the present parting costs and moves more than everything in a.
    """
    measures = graph.weight.shape[1]
    extra, moved = 0.0, 0
    for i in range(size):
        x = space.queue[i]
        for c in range(measures):
            space.subtree_load[x, c] = graph.weight[x, c]
        for c in range(MASS_SUMS):
            space.subtree_mass[x, c] = graph.mass[x, c]
        space.subtree_moved[x] = 0
        if goal.home[x] == a:
            space.subtree_moved[x] = goal.price[x]
        elif goal.home[x] == b:
            space.subtree_moved[x] = -goal.price[x]
        space.subtree_extra[x] = goal.stability * space.subtree_moved[x]
        if goal.mode == COSTED:
            space.subtree_extra[x] += goal.roundness * (goal.cost[x, b] - goal.cost[x, a])
        if district[x] == b:
            extra += space.subtree_extra[x]
            moved += space.subtree_moved[x]
    if goal.mode == CUT:
        extra += count_cut(graph, district, goal, size, a, b, space)
    for i in range(size - 1, 0, -1):
        x = space.queue[i]
        p = space.parent[x]
        for c in range(measures):
            space.subtree_load[p, c] += space.subtree_load[x, c]
        for c in range(MASS_SUMS):
            space.subtree_mass[p, c] += space.subtree_mass[x, c]
        space.subtree_moved[p] += space.subtree_moved[x]
        space.subtree_extra[p] += space.subtree_extra[x]
    return extra, moved


@compiled
def count_cut(
    graph: Graph, district: Int32s, goal: Goal, size: int, a: int, b: int, space: Scratch
) -> float:
    """Prepare the sums of borders that cutting above each unit would cut inside a and b.

    A border crosses the cut above x when one of its ends lies below x: each end counts once on its
    way up, and the border is taken off twice where the two ways meet. Returns what is cut now.
    """
    present = 0.0
    for i in range(size):
        x = space.queue[i]
        for j in range(graph.start[x], graph.start[x + 1]):
            y = graph.adjacent[j]
            if district[y] != a and district[y] != b:
                continue
            length = goal.roundness * graph.border[j]
            space.subtree_extra[x] += length
            if space.position[y] < i:
                continue
            one, other = x, y
            while one != other:
                if space.position[one] > space.position[other]:
                    one = space.parent[one]
                else:
                    other = space.parent[other]
            space.subtree_extra[one] -= 2.0 * length
            if district[x] != district[y]:
                present += length
    return present


@compiled
def split(district: Int32s, cut: int, a: int, b: int, size: int, space: Scratch) -> None:
    """The units of the tree below `cut` become district b, the others a."""
    space.stamp[0] += 1
    below_cut = space.stamp[0]
    for i in range(size):
        x = space.queue[i]
        if x == cut or (i > 0 and space.mark[space.parent[x]] == below_cut):
            space.mark[x] = below_cut
            district[x] = b
        else:
            district[x] = a


@compiled
def note_ancestry(size: int, space: Scratch) -> None:
    """above[i, j]: the j-th unit of the tree lies below the i-th, or is it."""
    for j in range(size):
        for i in range(size):
            space.above[i, j] = i == j
        if j > 0:
            p = space.position[space.parent[space.queue[j]]]
            for i in range(j):
                if space.above[i, p]:
                    space.above[i, j] = True
