"""The compiled large steps: two or three districts are merged and parted anew along a random tree.

Source: D. DeFord, M. Duchin, J. Solomon (2021), Recombination: a family of Markov chains for
redistricting, doi:10.1162/99608f92.eb30390f; here the best cut of the tree is taken.
"""

import numpy as np

from geocrm.spatial.districting.chance import accepts
from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.state import (
    CLASH,
    COSTED,
    CUT,
    HAIR,
    MASS_SUMS,
    MAX_THREE_UNITS,
    ROUND,
    Goal,
    Graph,
    Int32s,
    Scratch,
    State,
)
from geocrm.spatial.districting.steps import affordable, clashes, cost_with, inertia, walk
from geocrm.spatial.districting.trees import note_ancestry, random_tree, split, sum_subtrees

# A step this many temperatures uphill is not tried.
HOPELESS = 12.0


@compiled
def clear(state: State, d: int) -> None:
    """Take everything out of a district's sums."""
    state.load[d, :] = 0
    state.mass[d, :] = 0.0


@compiled
def recount(
    graph: Graph, state: State, goal: Goal, size: int, a: int, b: int, c: int, space: Scratch
) -> float:
    """Sums of two districts or three (else c is -1) from the units of the tree; their worth."""
    clear(state, a)
    clear(state, b)
    if c >= 0:
        clear(state, c)
    for i in range(size):
        x = space.queue[i]
        d = state.district[x]
        for q in range(graph.weight.shape[1]):
            state.load[d, q] += graph.weight[x, q]
        for q in range(MASS_SUMS):
            state.mass[d, q] += graph.mass[x, q]
    state.worth[a] = cost_with(state, a, 0, space.load_one, space.sum_one, goal)
    state.worth[b] = cost_with(state, b, 0, space.load_one, space.sum_one, goal)
    total = state.worth[a] + state.worth[b]
    if c >= 0:
        state.worth[c] = cost_with(state, c, 0, space.load_one, space.sum_one, goal)
        total += state.worth[c]
    return float(total)


@compiled
def beyond(
    graph: Graph, district: Int32s, goal: Goal, size: int, space: Scratch
) -> tuple[float, int]:
    """What the tree's units cost besides balance and roundness, and the price of those moved."""
    total, moved = 0.0, 0
    for i in range(size):
        x = space.queue[i]
        d = district[x]
        if goal.home[x] >= 0 and goal.home[x] != d:
            moved += goal.price[x]
        if goal.mode == COSTED:
            total += goal.roundness * goal.cost[x, d]
        elif goal.mode == CUT:
            for j in range(graph.start[x], graph.start[x + 1]):
                y = graph.adjacent[j]
                # A border to a district that stays is cut before and after: it does not matter.
                if y > x and district[y] != d:
                    total += goal.roundness * graph.border[j]
        if goal.foe_start[x + 1] > goal.foe_start[x]:
            total += 0.5 * goal.strictness * CLASH * clashes(goal, district, x, d)
    return total + goal.stability * moved, moved


@compiled
def settle(
    graph: Graph,
    state: State,
    goal: Goal,
    space: Scratch,
    size: int,
    a: int,
    b: int,
    c: int,
    before: float,
    temperature: float,
) -> float:
    """Accept the new districts of the tree's units or give them back those of `space.before`.

    `before` is what the districts cost by load and shape; returns the energy change.
    """
    old_extra, old_moved, new_extra, new_moved = 0.0, 0, 0.0, 0
    if not goal.plain:
        new_extra, new_moved = beyond(graph, state.district, goal, size, space)
        for i in range(size):
            x = space.queue[i]
            space.group[i] = state.district[x]
            state.district[x] = space.before[i]
        old_extra, old_moved = beyond(graph, state.district, goal, size, space)
        for i in range(size):
            state.district[space.queue[i]] = space.group[i]
    after = recount(graph, state, goal, size, a, b, c, space)
    delta = after - before + new_extra - old_extra
    if affordable(state, goal, new_moved - old_moved) and accepts(space.random, delta, temperature):
        state.moved[0] += new_moved - old_moved
        return delta
    for i in range(size):
        state.district[space.queue[i]] = space.before[i]
    recount(graph, state, goal, size, a, b, c, space)
    return 0.0


@compiled
def part_imbalance(
    goal: Goal, state: State, space: Scratch, x: int, y: int, plus: int, minus: int, d: int
) -> float:
    """Imbalance of the part `plus` x subtree of x + `minus` x subtree of y, as district d."""
    total = 0.0
    for c in range(len(goal.mean)):
        value = plus * space.subtree_load[x, c] + minus * space.subtree_load[y, c]
        excess = max(goal.low[d, c] - value, value - goal.high[d, c]) / goal.mean[c]
        if excess > 0.0:
            total += excess * (excess + HAIR)
    return float(total)


@compiled
def recombine(
    graph: Graph, state: State, goal: Goal, space: Scratch, u: int, v: int, temperature: float
) -> float:
    """Merge the districts of u and v and part them anew along a random tree; the energy change."""
    a, b = state.district[u], state.district[v]
    size = random_tree(graph, state.district, u, a, b, -1, len(graph.weight), space)
    extra, moved = sum_subtrees(graph, state.district, goal, size, a, b, space)
    m = space.subtree_mass
    best, cut = np.inf, -1
    for i in range(1, size):
        x = space.queue[i]
        if not affordable(state, goal, space.subtree_moved[x] - moved):
            continue
        energy = space.subtree_extra[x] + goal.strictness * part_imbalance(
            goal, state, space, x, x, 1, 0, b
        )
        if energy >= best:
            continue
        energy += goal.strictness * part_imbalance(goal, state, space, u, x, 1, -1, a)
        if energy >= best:
            continue
        if goal.mode == ROUND:
            energy += goal.roundness * (
                inertia(m[x, 0], m[x, 1], m[x, 2], m[x, 3], m[x, 4])
                + inertia(
                    m[u, 0] - m[x, 0],
                    m[u, 1] - m[x, 1],
                    m[u, 2] - m[x, 2],
                    m[u, 3] - m[x, 3],
                    m[u, 4] - m[x, 4],
                )
            )
        if energy < best:
            best, cut = energy, x
    if cut < 0:
        return 0.0
    before = state.worth[a] + state.worth[b]
    if len(goal.foe) > 0:
        for i in range(size):
            space.before[i] = state.district[space.queue[i]]
        split(state.district, cut, a, b, size, space)
        return settle(graph, state, goal, space, size, a, b, -1, before, temperature)
    delta = best - before - extra
    if not accepts(space.random, delta, temperature):
        return 0.0
    split(state.district, cut, a, b, size, space)
    state.moved[0] += space.subtree_moved[cut] - moved
    for c in range(graph.weight.shape[1]):
        both = state.load[a, c] + state.load[b, c]
        state.load[b, c] = space.subtree_load[cut, c]
        state.load[a, c] = both - state.load[b, c]
    for c in range(MASS_SUMS):
        state.mass[b, c] = m[cut, c]
        state.mass[a, c] = m[u, c] - m[cut, c]
    state.worth[a] = cost_with(state, a, 0, space.load_one, space.sum_one, goal)
    state.worth[b] = cost_with(state, b, 0, space.load_one, space.sum_one, goal)
    return float(delta)


@compiled
def three_roundness(space: Scratch, x: int, y: int, root: int, nested: bool) -> float:
    """Inertia of the three parts that cutting above x and y leaves; y below x when nested."""
    m = space.subtree_mass
    part, rest = np.zeros(MASS_SUMS), np.zeros(MASS_SUMS)
    for c in range(MASS_SUMS):
        part[c] = m[x, c] - m[y, c] if nested else m[x, c]
        rest[c] = m[root, c] - m[x, c] if nested else m[root, c] - m[x, c] - m[y, c]
    return (
        inertia(part[0], part[1], part[2], part[3], part[4])
        + inertia(m[y, 0], m[y, 1], m[y, 2], m[y, 3], m[y, 4])
        + inertia(rest[0], rest[1], rest[2], rest[3], rest[4])
    )


@compiled
def three_imbalance(
    goal: Goal, space: Scratch, x: int, y: int, root: int, nested: bool, a: int, c: int
) -> float:
    """Imbalance of the part of x (as district c) and of the rest (as a)."""
    total = 0.0
    for q in range(len(goal.mean)):
        load = space.subtree_load
        upper = load[x, q] - load[y, q] if nested else load[x, q]
        rest = load[root, q] - load[y, q] - upper
        over = max(goal.low[c, q] - upper, upper - goal.high[c, q]) / goal.mean[q]
        left = max(goal.low[a, q] - rest, rest - goal.high[a, q]) / goal.mean[q]
        if over > 0.0:
            total += over * (over + HAIR)
        if left > 0.0:
            total += left * (left + HAIR)
    return float(total)


@compiled
def best_two_cuts(
    state: State, goal: Goal, size: int, a: int, b: int, c: int, space: Scratch
) -> tuple[float, int, int]:
    """The least energy of load and shape that two cuts leave, and their places in `queue`."""
    root = space.queue[0]
    best, first, second = np.inf, -1, -1
    for j in range(2, size):
        y = space.queue[j]
        own = goal.strictness * part_imbalance(goal, state, space, y, y, 1, 0, b)
        if own >= best:
            continue
        for i in range(1, j):
            x = space.queue[i]
            nested = space.above[i, j]
            energy = own + goal.strictness * three_imbalance(goal, space, x, y, root, nested, a, c)
            if energy < best:
                if goal.mode == ROUND:
                    energy += goal.roundness * three_roundness(space, x, y, root, nested)
                if energy < best:
                    best, first, second = energy, i, j
    return best, first, second


@compiled
def recombine_three(
    graph: Graph, state: State, goal: Goal, space: Scratch, u: int, v: int, temperature: float
) -> float:
    """Part the districts of u, v and a third one beside v's anew along a random tree."""
    a, b = state.district[u], state.district[v]
    c = walk(graph, state.district, v, space)[1]
    if c < 0 or c == a:
        return 0.0
    size = random_tree(graph, state.district, u, a, b, c, MAX_THREE_UNITS, space)
    if size > MAX_THREE_UNITS:
        return 0.0
    # Cut edges and moves are counted when it is settled, not while the cuts are looked for.
    sum_subtrees(graph, state.district, goal, size, -2, -2, space)
    note_ancestry(size, space)
    energy, first, second = best_two_cuts(state, goal, size, a, b, c, space)
    before = state.worth[a] + state.worth[b] + state.worth[c]
    # What is not load or shape is counted when it is settled: here only what is sure to fail.
    if first < 0 or (goal.plain and energy - before > HOPELESS * temperature):
        return 0.0
    for i in range(size):
        x = space.queue[i]
        space.before[i] = state.district[x]
        if space.above[second, i]:
            state.district[x] = b
        else:
            state.district[x] = c if space.above[first, i] else a
    return settle(graph, state, goal, space, size, a, b, c, before, temperature)
