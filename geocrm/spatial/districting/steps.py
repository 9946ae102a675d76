"""The compiled steps of the search: shift, chain and recombination, all keeping districts whole."""

import numpy as np

from geocrm.spatial.districting.chance import accepts, below
from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.state import Floats, Goal, Graph, Int32s, Scratch, State

# A unit that cuts its district in two takes along what it cuts off; looked for in one of so many
# refused single moves.
GROUP_ODDS = 8
WALK_STEPS = 6


@compiled
def imbalance(load: np.int64, goal: Goal) -> float:
    """Squared relative distance from the mean beyond the slack."""
    excess = abs(load / goal.mean - 1.0) - goal.slack
    return excess * excess if excess > 0.0 else 0.0


@compiled
def inertia(mass: float, x: float, y: float, z: float) -> float:
    """Moment of inertia about the centroid of points on the unit sphere, from their sums."""
    return mass - (x * x + y * y + z * z) / mass if mass > 0.0 else 0.0


@compiled
def cost(state: State, d: int, goal: Goal) -> float:
    """What one district contributes to the energy."""
    m = state.mass
    return goal.strictness * imbalance(state.load[d], goal) + goal.roundness * inertia(
        m[d, 0], m[d, 1], m[d, 2], m[d, 3]
    )


@compiled
def cost_with(state: State, d: int, weight: np.int64, sign: float, g: Floats, goal: Goal) -> float:
    """What a district would contribute with that weight more and a group's mass (x sign) more."""
    m = state.mass
    return goal.strictness * imbalance(state.load[d] + weight, goal) + goal.roundness * inertia(
        m[d, 0] + sign * g[0],
        m[d, 1] + sign * g[1],
        m[d, 2] + sign * g[2],
        m[d, 3] + sign * g[3],
    )


@compiled
def change(a: int, b: int, weight: np.int64, mass: Floats, state: State, goal: Goal) -> float:
    """Energy change when a group goes from district a to b."""
    return (
        cost_with(state, a, -weight, -1.0, mass, goal)
        + cost_with(state, b, weight, 1.0, mass, goal)
        - cost(state, a, goal)
        - cost(state, b, goal)
    )


@compiled
def weigh(graph: Graph, group: Int32s, size: int, mass: Floats) -> np.int64:
    """Weight of a group; its mass sums go into `mass`."""
    total = np.int64(0)
    for c in range(4):
        mass[c] = 0.0
    for i in range(size):
        total += graph.weight[group[i]]
        for c in range(4):
            mass[c] += graph.mass[group[i], c]
    return total


@compiled
def move(
    state: State, a: int, b: int, group: Int32s, size: int, weight: np.int64, mass: Floats
) -> None:
    """Take a group from district a to b."""
    for i in range(size):
        state.district[group[i]] = b
    state.load[a] -= weight
    state.load[b] += weight
    for c in range(4):
        state.mass[a, c] -= mass[c]
        state.mass[b, c] += mass[c]


@compiled
def stays_connected(graph: Graph, district: Int32s, unit: int, space: Scratch) -> bool:
    """Whether the unit's district stays in one piece without it: its neighbours find each other."""
    home = district[unit]
    space.stamp[0] += 2
    wanted_mark, seen = space.stamp[0] - 1, space.stamp[0]
    wanted, first = 0, -1
    for i in range(graph.start[unit], graph.start[unit + 1]):
        v = graph.adjacent[i]
        if district[v] == home:
            wanted += 1
            first = v
            space.mark[v] = wanted_mark
    if wanted <= 1:
        return wanted == 1
    space.mark[unit] = seen
    space.mark[first] = seen
    space.queue[0] = first
    head, tail = 0, 1
    while head < tail:
        v = space.queue[head]
        head += 1
        for i in range(graph.start[v], graph.start[v + 1]):
            x = graph.adjacent[i]
            if district[x] == home and space.mark[x] != seen:
                if space.mark[x] == wanted_mark:
                    wanted -= 1
                    if wanted == 1:
                        return True
                space.mark[x] = seen
                space.queue[tail] = x
                tail += 1
    return False


@compiled
def cut_off(graph: Graph, district: Int32s, unit: int, space: Scratch, group: Int32s) -> int:
    """Put the unit and all it cuts off from the heaviest rest into `group`; its size, 0 for none.

    Enclaves move with their hosts this way, and tails of islands with the island they hang on.
    """
    group[0] = unit
    if stays_connected(graph, district, unit, space):
        return 1
    home = district[unit]
    space.stamp[0] += 1
    seen = space.stamp[0]
    space.mark[unit] = seen
    tail, keep_from, keep_to, heaviest = 1, 0, 0, np.int64(-1)
    for i in range(graph.start[unit], graph.start[unit + 1]):
        root = graph.adjacent[i]
        if district[root] != home or space.mark[root] == seen:
            continue
        piece, load = tail, np.int64(0)
        space.mark[root] = seen
        group[tail] = root
        tail += 1
        head = piece
        while head < tail:
            v = group[head]
            head += 1
            load += graph.weight[v]
            for j in range(graph.start[v], graph.start[v + 1]):
                x = graph.adjacent[j]
                if district[x] == home and space.mark[x] != seen:
                    space.mark[x] = seen
                    group[tail] = x
                    tail += 1
        if load > heaviest:
            heaviest, keep_from, keep_to = load, piece, tail
    if keep_from == 0:
        return 0
    for i in range(keep_to, tail):
        group[keep_from + i - keep_to] = group[i]
    return keep_from + tail - keep_to


@compiled
def shift(
    graph: Graph, state: State, goal: Goal, space: Scratch, unit: int, to: int, temperature: float
) -> float:
    """Try to move a unit (with what it cuts off) to a neighbouring district; the energy change."""
    home = state.district[unit]
    space.group[0] = unit
    weight = weigh(graph, space.group, 1, space.sum_one)
    delta = change(home, to, weight, space.sum_one, state, goal)
    alone = accepts(space.random, delta, temperature)
    if not alone and below(space.random, GROUP_ODDS) > 0:
        return 0.0
    size = cut_off(graph, state.district, unit, space, space.group)
    if size == 0 or (size == 1 and not alone):
        return 0.0
    if size > 1:
        weight = weigh(graph, space.group, size, space.sum_one)
        delta = change(home, to, weight, space.sum_one, state, goal)
        if not accepts(space.random, delta, temperature):
            return 0.0
    move(state, home, to, space.group, size, weight, space.sum_one)
    return delta


@compiled
def walk(graph: Graph, district: Int32s, unit: int, space: Scratch) -> tuple[int, int]:
    """A unit a few steps away inside the same district, and a neighbouring district or -1."""
    home = district[unit]
    to = -1
    for step in range(WALK_STEPS):
        degree = graph.start[unit + 1] - graph.start[unit]
        x = graph.adjacent[graph.start[unit] + below(space.random, degree)]
        if district[x] == home:
            unit = x
            to = -1
        else:
            to = district[x]
            if step >= 1 or below(space.random, 2) == 0:
                break
    return unit, to


@compiled
def chain(
    graph: Graph, state: State, goal: Goal, space: Scratch, u: int, v: int, temperature: float
) -> float:
    """Try to move u into v's district and another unit out of that one; the energy change.

    With the second going back to u's district this is a swap.
    """
    a, b = state.district[u], state.district[v]
    second, c = walk(graph, state.district, v, space)
    if c < 0:
        return 0.0
    size = cut_off(graph, state.district, u, space, space.group)
    if size == 0:
        return 0.0
    weight = weigh(graph, space.group, size, space.sum_one)
    delta = change(a, b, weight, space.sum_one, state, goal)
    move(state, a, b, space.group, size, weight, space.sum_one)
    if touches(graph, state.district, second, c):
        # Stays out of `group`, which is needed to take the first move back.
        size_2 = cut_off(graph, state.district, second, space, space.parent)
        if size_2 > 0:
            weight_2 = weigh(graph, space.parent, size_2, space.sum_other)
            delta += change(b, c, weight_2, space.sum_other, state, goal)
            if accepts(space.random, delta, temperature):
                move(state, b, c, space.parent, size_2, weight_2, space.sum_other)
                return delta
    move(state, b, a, space.group, size, weight, space.sum_one)
    return 0.0


@compiled
def touches(graph: Graph, district: Int32s, unit: int, other: int) -> bool:
    """Whether a unit has a neighbour in a district."""
    for i in range(graph.start[unit], graph.start[unit + 1]):
        if district[graph.adjacent[i]] == other:
            return True
    return False


@compiled
def random_tree(
    graph: Graph, district: Int32s, root: int, a: int, b: int, c: int, space: Scratch
) -> int:
    """A random spanning tree of districts in `queue` (root first) and `parent`; its size."""
    space.stamp[0] += 1
    seen = space.stamp[0]
    space.mark[root] = seen
    space.queue[0] = root
    tail, waiting, v = 1, 0, root
    while v >= 0:
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
                space.queue[tail] = x
                tail += 1
                v = x
            space.frontier[j, 0] = space.frontier[waiting, 0]
            space.frontier[j, 1] = space.frontier[waiting, 1]
    return tail


@compiled
def sum_subtrees(graph: Graph, size: int, space: Scratch) -> None:
    """Weight and mass below each unit of the tree."""
    for i in range(size):
        x = space.queue[i]
        space.subtree_load[x] = graph.weight[x]
        for c in range(4):
            space.subtree_mass[x, c] = graph.mass[x, c]
    for i in range(size - 1, 0, -1):
        x = space.queue[i]
        p = space.parent[x]
        space.subtree_load[p] += space.subtree_load[x]
        for c in range(4):
            space.subtree_mass[p, c] += space.subtree_mass[x, c]


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
def recombine(
    graph: Graph, state: State, goal: Goal, space: Scratch, u: int, v: int, temperature: float
) -> float:
    """Merge the districts of u and v and part them anew along a random tree; the energy change.

    Source: D. DeFord, M. Duchin, J. Solomon (2021), Recombination: a family of Markov chains for
    redistricting, doi:10.1162/99608f92.eb30390f; here the best cut of the tree is taken.
    """
    a, b = state.district[u], state.district[v]
    size = random_tree(graph, state.district, u, a, b, -1, space)
    sum_subtrees(graph, size, space)
    both, m = state.load[a] + state.load[b], space.subtree_mass
    best, cut = np.inf, -1
    for i in range(1, size):
        x = space.queue[i]
        load = space.subtree_load[x]
        balance = goal.strictness * (imbalance(load, goal) + imbalance(both - load, goal))
        if balance < best:
            energy = balance + goal.roundness * (
                inertia(m[x, 0], m[x, 1], m[x, 2], m[x, 3])
                + inertia(
                    m[u, 0] - m[x, 0], m[u, 1] - m[x, 1], m[u, 2] - m[x, 2], m[u, 3] - m[x, 3]
                )
            )
            if energy < best:
                best, cut = energy, x
    before = cost(state, a, goal) + cost(state, b, goal)
    if cut < 0 or not accepts(space.random, best - before, temperature):
        return 0.0
    split(state.district, cut, a, b, size, space)
    state.load[b] = space.subtree_load[cut]
    state.load[a] = both - state.load[b]
    for c in range(4):
        state.mass[b, c] = m[cut, c]
        state.mass[a, c] = m[u, c] - m[cut, c]
    return best - before
