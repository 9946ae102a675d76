"""The compiled small steps of the search: shift and chain, keeping districts whole."""

from geocrm.spatial.districting.chance import accepts, below
from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.state import (
    CLASH,
    COSTED,
    CUT,
    HAIR,
    MASS_SUMS,
    ROUND,
    Floats,
    Goal,
    Graph,
    Int32s,
    Int64s,
    Scratch,
    State,
)

# A unit that cuts its district in two takes along what it cuts off; looked for in one of so many
# refused single moves.
GROUP_ODDS = 8
WALK_STEPS = 6


@compiled
def imbalance(load: Int64s, d: int, sign: int, more: Int64s, goal: Goal) -> float:
    """How far a load is beyond its band with `sign` x `more` added, relative to the mean.

    Squared, and a little in proportion: without that it would always pay to be beyond by a hair.
    """
    total = 0.0
    for c in range(len(goal.mean)):
        value = load[c] + sign * more[c]
        excess = max(goal.low[d, c] - value, value - goal.high[d, c]) / goal.mean[c]
        if excess > 0.0:
            total += excess * (excess + HAIR)
    return total


@compiled
def inertia(mass: float, x: float, y: float, z: float, square: float) -> float:
    """Moment of inertia about the centroid, from the sums of mass, mass x place and x square."""
    return square - (x * x + y * y + z * z) / mass if mass > 0.0 else 0.0


@compiled
def cost_with(state: State, d: int, sign: int, loads: Int64s, g: Floats, goal: Goal) -> float:
    """What a district would contribute with a group's weights and masses (x sign) more."""
    m = state.mass
    total = goal.strictness * imbalance(state.load[d], d, sign, loads, goal)
    if goal.mode == ROUND:
        total += goal.roundness * inertia(
            m[d, 0] + sign * g[0],
            m[d, 1] + sign * g[1],
            m[d, 2] + sign * g[2],
            m[d, 3] + sign * g[3],
            m[d, 4] + sign * g[4],
        )
    return total


@compiled
def clashes(goal: Goal, district: Int32s, unit: int, d: int) -> int:
    """How many units that must be apart from this one are in district d."""
    found = 0
    for i in range(goal.foe_start[unit], goal.foe_start[unit + 1]):
        if district[goal.foe[i]] == d:
            found += 1
    return found


@compiled
def extra(
    graph: Graph, district: Int32s, goal: Goal, group: Int32s, size: int, b: int, space: Scratch
) -> float:
    """Energy change beyond balance and roundness when a group goes to district b."""
    total, a = 0.0, district[group[0]]
    if goal.mode == CUT and size > 1:
        space.stamp[0] += 1
        for i in range(size):
            space.mark[group[i]] = space.stamp[0]
    for i in range(size):
        u = group[i]
        if goal.mode == COSTED:
            total += goal.roundness * (goal.cost[u, b] - goal.cost[u, a])
        elif goal.mode == CUT:
            for j in range(graph.start[u], graph.start[u + 1]):
                v = graph.adjacent[j]
                if district[v] == b:
                    total -= goal.roundness * graph.border[j]
                elif district[v] == a and (size == 1 or space.mark[v] != space.stamp[0]):
                    total += goal.roundness * graph.border[j]
        if goal.foe_start[u + 1] > goal.foe_start[u]:
            more = clashes(goal, district, u, b) - clashes(goal, district, u, a)
            total += goal.strictness * CLASH * more
    return total


@compiled
def more_moved(goal: Goal, district: Int32s, group: Int32s, size: int, b: int) -> int:
    """By how much the price of what is not at home grows when a group goes to district b."""
    total = 0
    for i in range(size):
        u = group[i]
        if goal.home[u] >= 0:
            if goal.home[u] == district[u]:
                total += goal.price[u]
            elif goal.home[u] == b:
                total -= goal.price[u]
    return total


@compiled
def affordable(state: State, goal: Goal, more: int) -> bool:
    """Whether so much more may be moved; taking back is always possible."""
    return more <= 0 or state.moved[0] + more <= goal.budget


@compiled
def change(
    graph: Graph,
    state: State,
    goal: Goal,
    group: Int32s,
    size: int,
    b: int,
    loads: Int64s,
    mass: Floats,
    space: Scratch,
) -> float:
    """Energy change when a group leaves its district for b; its sums go into `loads`, `mass`."""
    for c in range(len(loads)):
        loads[c] = 0
    for c in range(MASS_SUMS):
        mass[c] = 0.0
    for i in range(size):
        u = group[i]
        for c in range(len(loads)):
            loads[c] += graph.weight[u, c]
        for c in range(MASS_SUMS):
            mass[c] += graph.mass[u, c]
    a = state.district[group[0]]
    delta = (
        cost_with(state, a, -1, loads, mass, goal)
        + cost_with(state, b, 1, loads, mass, goal)
        - state.worth[a]
        - state.worth[b]
    )
    if goal.mode != ROUND or len(goal.foe) > 0:
        delta += extra(graph, state.district, goal, group, size, b, space)
    if goal.stability > 0.0:
        delta += goal.stability * more_moved(goal, state.district, group, size, b)
    return float(delta)


@compiled
def move(
    state: State, goal: Goal, b: int, group: Int32s, size: int, loads: Int64s, mass: Floats
) -> None:
    """Take a group from its district to b."""
    a = state.district[group[0]]
    state.moved[0] += more_moved(goal, state.district, group, size, b)
    for i in range(size):
        state.district[group[i]] = b
    for c in range(len(loads)):
        state.load[a, c] -= loads[c]
        state.load[b, c] += loads[c]
    for c in range(MASS_SUMS):
        state.mass[a, c] -= mass[c]
        state.mass[b, c] += mass[c]
    state.worth[a] = cost_with(state, a, 0, loads, mass, goal)
    state.worth[b] = cost_with(state, b, 0, loads, mass, goal)


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
    tail, keep_from, keep_to, heaviest = 1, 0, 0, -1.0
    for i in range(graph.start[unit], graph.start[unit + 1]):
        root = graph.adjacent[i]
        if district[root] != home or space.mark[root] == seen:
            continue
        piece, load = tail, 0.0
        space.mark[root] = seen
        group[tail] = root
        tail += 1
        head = piece
        while head < tail:
            v = group[head]
            head += 1
            load += graph.mass[v, 0]
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
    group = space.group
    group[0] = unit
    if not affordable(state, goal, more_moved(goal, state.district, group, 1, to)):
        return 0.0
    delta = change(graph, state, goal, group, 1, to, space.load_one, space.sum_one, space)
    alone = accepts(space.random, delta, temperature)
    if not alone and below(space.random, GROUP_ODDS) > 0:
        return 0.0
    size = cut_off(graph, state.district, unit, space, group)
    if size == 0 or (size == 1 and not alone):
        return 0.0
    if size > 1:
        if not affordable(state, goal, more_moved(goal, state.district, group, size, to)):
            return 0.0
        delta = change(graph, state, goal, group, size, to, space.load_one, space.sum_one, space)
        if not accepts(space.random, delta, temperature):
            return 0.0
    move(state, goal, to, group, size, space.load_one, space.sum_one)
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
    group = space.group
    size = cut_off(graph, state.district, u, space, group)
    if size == 0 or not affordable(state, goal, more_moved(goal, state.district, group, size, b)):
        return 0.0
    delta = change(graph, state, goal, group, size, b, space.load_one, space.sum_one, space)
    move(state, goal, b, group, size, space.load_one, space.sum_one)
    if touches(graph, state.district, second, c):
        # Stays out of `group`, which is needed to take the first move back.
        other = space.parent
        size_2 = cut_off(graph, state.district, second, space, other)
        if size_2 > 0 and affordable(
            state, goal, more_moved(goal, state.district, other, size_2, c)
        ):
            delta += change(
                graph, state, goal, other, size_2, c, space.load_other, space.sum_other, space
            )
            if accepts(space.random, delta, temperature):
                move(state, goal, c, other, size_2, space.load_other, space.sum_other)
                return delta
    move(state, goal, a, group, size, space.load_one, space.sum_one)
    return 0.0


@compiled
def touches(graph: Graph, district: Int32s, unit: int, other: int) -> bool:
    """Whether a unit has a neighbour in a district."""
    for i in range(graph.start[unit], graph.start[unit + 1]):
        if district[graph.adjacent[i]] == other:
            return True
    return False
