"""One round of annealing, and the step that parts three districts anew together."""

import numpy as np

from geocrm.spatial.districting.chance import accepts, below
from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.state import (
    MAX_THREE_UNITS,
    Floats,
    Goal,
    Graph,
    Int32s,
    Scratch,
    State,
)
from geocrm.spatial.districting.steps import (
    chain,
    cost,
    imbalance,
    inertia,
    random_tree,
    recombine,
    shift,
    sum_subtrees,
    walk,
)

# Edges inside districts are skipped; so many draws a step before giving up (one district only).
MAX_DRAWS = 400
# One large step in so many takes three districts instead of two.
THREE_ODDS = 4


@compiled
def note_ancestry(size: int, space: Scratch) -> None:
    """above[i, j]: the j-th unit of the tree lies below the i-th, or is it."""
    for j in range(size):
        space.position[space.queue[j]] = j
        for i in range(size):
            space.above[i, j] = i == j
        if j > 0:
            p = space.position[space.parent[space.queue[j]]]
            for i in range(j):
                if space.above[i, p]:
                    space.above[i, j] = True


@compiled
def roundness_of(m: Floats, x: int, y: int, root: int, nested: bool) -> float:
    """Inertia of the three parts that cutting above x and y leaves; y below x when nested."""
    part, rest = np.zeros(4), np.zeros(4)
    for c in range(4):
        part[c] = m[x, c] - m[y, c] if nested else m[x, c]
        rest[c] = m[root, c] - m[x, c] if nested else m[root, c] - m[x, c] - m[y, c]
    return (
        inertia(part[0], part[1], part[2], part[3])
        + inertia(m[y, 0], m[y, 1], m[y, 2], m[y, 3])
        + inertia(rest[0], rest[1], rest[2], rest[3])
    )


@compiled
def best_two_cuts(size: int, goal: Goal, space: Scratch) -> tuple[float, int, int]:
    """The least energy of three parts of the tree, and the places of its two cuts in `queue`."""
    root = space.queue[0]
    total = space.subtree_load[root]
    best, first, second = np.inf, -1, -1
    for j in range(2, size):
        y = space.queue[j]
        lower = space.subtree_load[y]
        own = goal.strictness * imbalance(lower, goal)
        if own >= best:
            continue
        for i in range(1, j):
            x = space.queue[i]
            nested = space.above[i, j]
            upper = space.subtree_load[x] - lower if nested else space.subtree_load[x]
            energy = own + goal.strictness * (
                imbalance(upper, goal) + imbalance(total - lower - upper, goal)
            )
            if energy < best:
                energy += goal.roundness * roundness_of(space.subtree_mass, x, y, root, nested)
                if energy < best:
                    best, first, second = energy, i, j
    return best, first, second


@compiled
def recount(graph: Graph, state: State, size: int, a: int, b: int, c: int, space: Scratch) -> None:
    """Loads and masses of three districts from the units of the tree."""
    state.load[a] = state.load[b] = state.load[c] = 0
    for q in range(4):
        state.mass[a, q] = state.mass[b, q] = state.mass[c, q] = 0.0
    for i in range(size):
        x = space.queue[i]
        d = state.district[x]
        state.load[d] += graph.weight[x]
        for q in range(4):
            state.mass[d, q] += graph.mass[x, q]


@compiled
def recombine_three(
    graph: Graph, state: State, goal: Goal, space: Scratch, u: int, v: int, temperature: float
) -> float:
    """Part the districts of u, v and a third one beside v's anew along a random tree."""
    a, b = state.district[u], state.district[v]
    c = walk(graph, state.district, v, space)[1]
    if c < 0 or c == a:
        return 0.0
    size = random_tree(graph, state.district, u, a, b, c, space)
    if size > MAX_THREE_UNITS:
        return 0.0
    sum_subtrees(graph, size, space)
    note_ancestry(size, space)
    energy, first, second = best_two_cuts(size, goal, space)
    before = cost(state, a, goal) + cost(state, b, goal) + cost(state, c, goal)
    if first < 0 or not accepts(space.random, energy - before, temperature):
        return 0.0
    for i in range(size):
        x = space.queue[i]
        if space.above[second, i]:
            state.district[x] = b
        else:
            state.district[x] = a if space.above[first, i] else c
    recount(graph, state, size, a, b, c, space)
    return energy - before


@compiled
def border(graph: Graph, state: State, space: Scratch) -> tuple[int, int]:
    """Two neighbours in different districts, if some draws find any."""
    u, v = 0, 0
    for _ in range(MAX_DRAWS):
        pick = below(space.random, 2 * len(graph.one))
        edge = pick >> 1
        u, v = graph.one[edge], graph.other[edge]
        if pick & 1:
            u, v = v, u
        if state.district[u] != state.district[v]:
            break
    return u, v


@compiled
def anneal(
    graph: Graph,
    state: State,
    goal: Goal,
    space: Scratch,
    temperature: float,
    num_small: int,
    num_large: int,
    energy: float,
    best_energy: float,
    best: Int32s,
) -> tuple[float, float]:
    """One round at one temperature: small steps (shift, chain) and large ones (recombination).

    `best` receives the assignment of least energy; returns the present and the least energy.
    """
    for step in range(num_small + num_large):
        u, v = border(graph, state, space)
        if state.district[u] == state.district[v]:
            continue
        if step >= num_small:
            if below(space.random, THREE_ODDS) == 0:
                energy += recombine_three(graph, state, goal, space, u, v, temperature)
            else:
                energy += recombine(graph, state, goal, space, u, v, temperature)
        elif step & 1:
            energy += chain(graph, state, goal, space, u, v, temperature)
        else:
            to = state.district[v]
            energy += shift(graph, state, goal, space, u, to, temperature)
        if energy < best_energy - 1e-9:
            best_energy = energy
            best[:] = state.district
    return energy, best_energy
