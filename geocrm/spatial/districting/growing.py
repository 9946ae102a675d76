"""First assignments that respect locks, centres and today's plan, made whole by growing.

All return one district for each block, every district in one piece and in use.
"""

from collections import deque
from heapq import heappop, heappush

import numpy as np

from geocrm.errors import Infeasible
from geocrm.spatial.districting.compiling import Blocks
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.problem import NOWHERE, Floats, Indices
from geocrm.spatial.districting.starts import tree_cut
from geocrm.spatial.districting.state import LOCKED, Graph, Int32s


def grown(blocks: Blocks, num_districts: int, seed: int, centres: Floats | None) -> Int32s:
    """From the locked blocks, given centres and far-off seeds, the lightest district grows first.

    Raises
    ------
    Infeasible
        Locked blocks of one district cannot be linked beside those of the others.
    """
    district = cores(blocks, num_districts)
    rng = np.random.default_rng(seed)
    for d in range(num_districts):
        if (district == d).any():
            continue
        free = np.flatnonzero(district == NOWHERE)
        if not len(free):
            raise Infeasible(
                "The locked units leave no room for every territory: unlock some, or ask for fewer"
            )
        district[_seed(blocks, district, free, None if centres is None else centres[d], rng)] = d
    return fill(blocks, district, num_districts)


def cores(blocks: Blocks, num_districts: int) -> Int32s:
    """The locked blocks of each district, linked by shortest ways over free ones."""
    district = np.full(len(blocks), NOWHERE, dtype=np.int32)
    held = blocks.price >= LOCKED
    district[held] = blocks.home[held]
    for d in range(num_districts):
        members = np.flatnonzero(district == d)
        if not len(members):
            continue
        reached = {int(members[0])}
        waiting = {int(one) for one in members[1:]}
        while waiting:
            way = _way(blocks.graph, district, d, reached, waiting)
            if way is None:
                raise Infeasible(
                    "The units locked to territory {number} cannot all be linked while the others"
                    " are: unlock one of them",
                    number=str(d + 1),
                )
            for one in way:
                district[one] = d
            reached.update(way)
            waiting -= reached
    return district


def _way(
    graph: Graph, district: Int32s, d: int, reached: set[int], wanted: set[int]
) -> list[int] | None:
    """The shortest way from what is reached to a wanted block over free blocks and those of d."""
    before = dict.fromkeys(sorted(reached), NOWHERE)
    queue = deque(before)
    while queue:
        u = queue.popleft()
        if u in wanted:
            way = []
            while u != NOWHERE:
                way.append(u)
                u = before[u]
            return way
        for v in graph.adjacent[graph.start[u] : graph.start[u + 1]].tolist():
            if v not in before and district[v] in (NOWHERE, d):
                before[v] = u
                queue.append(v)
    return None


def _seed(
    blocks: Blocks, district: Int32s, free: Indices, centre: Floats | None, rng: np.random.Generator
) -> int:
    """A free block for a district without any: at its centre, else far from all others."""
    if blocks.place is None:
        return int(rng.choice(free))
    if centre is not None:
        return int(free[np.argmin(((blocks.place[free] - centre) ** 2).sum(axis=1))])
    taken = blocks.place[district != NOWHERE]
    if not len(taken):
        return int(rng.choice(free))
    if len(taken) > 500:
        taken = taken[rng.choice(len(taken), 500, replace=False)]
    gap = np.min(((blocks.place[free][:, None, :] - taken[None, :, :]) ** 2).sum(axis=2), axis=1)
    odds = np.cumsum(gap * (blocks.share[free] + 1e-3 / len(blocks)))
    return int(free[min(np.searchsorted(odds, rng.random() * odds[-1]), len(free) - 1)])


def fill(blocks: Blocks, district: Int32s, num_districts: int) -> Int32s:
    """Give every unassigned block to a district beside it; the one furthest below its ideal first.

    Of a district's neighbours the nearest to its first blocks comes first.
    """
    graph, home = blocks.graph, district.copy()
    ideal = np.maximum((blocks.low[:, 0] + blocks.high[:, 0]) / 2, 1e-9)
    load = np.bincount(home[home >= 0], weights=graph.weight[home >= 0, 0], minlength=num_districts)
    middle = _middles(blocks, home, num_districts)
    beside: list[list[tuple[float, int]]] = [[] for _ in range(num_districts)]

    def look_around(u: int, d: int) -> None:
        for v in graph.adjacent[graph.start[u] : graph.start[u + 1]].tolist():
            if home[v] == NOWHERE:
                heappush(beside[d], (_gap(blocks, v, middle[d]), v))

    for u in np.flatnonzero(home >= 0).tolist():
        look_around(u, int(home[u]))
    turns = [(load[d] / ideal[d], d) for d in range(num_districts) if beside[d]]
    turns.sort()
    while turns:
        _, d = heappop(turns)
        while beside[d]:
            v = heappop(beside[d])[1]
            if home[v] == NOWHERE:
                home[v] = d
                load[d] += graph.weight[v, 0]
                look_around(v, d)
                break
        if beside[d]:
            heappush(turns, (load[d] / ideal[d], d))
    return home


def _middles(blocks: Blocks, home: Int32s, num_districts: int) -> list[Floats | None]:
    if blocks.place is None:
        return [None] * num_districts
    return [
        blocks.place[home == d].mean(axis=0) if (home == d).any() else None
        for d in range(num_districts)
    ]


def _gap(blocks: Blocks, block: int, middle: Floats | None) -> float:
    if blocks.place is None or middle is None:
        return 0.0
    x, y, z = blocks.place[block] - middle
    return float(x * x + y * y + z * z)


def mended(blocks: Blocks, district: Int32s, num_districts: int, seed: int) -> Int32s:
    """Districts in one piece and all in use, from ones that may be torn, empty or incomplete.

    Of a torn district the piece stays that holds most of what is at home there; a district without
    any block gets half of the fullest one.
    """
    home = np.where(district < num_districts, district, NOWHERE).astype(np.int32)
    edges = np.stack([blocks.graph.one, blocks.graph.other], axis=1)
    inside = edges[(home[edges[:, 0]] == home[edges[:, 1]]) & (home[edges[:, 0]] >= 0)]
    part = components(len(home), inside)
    at_home = np.where(blocks.home == home, blocks.price, 0) / float(LOCKED)
    worth = np.bincount(part, weights=at_home + blocks.graph.mass[:, 0] * 1e-3)
    keeper = np.full(num_districts, -1)
    for u in np.flatnonzero(home >= 0).tolist():
        best = keeper[home[u]]
        if best < 0 or worth[part[u]] > worth[best]:
            keeper[home[u]] = part[u]
    home[(home >= 0) & (part != keeper[np.maximum(home, 0)])] = NOWHERE
    if not (home >= 0).any():
        home[0] = 0
    home = fill(blocks, home, num_districts)
    rng = np.random.default_rng(seed)
    while True:
        size = np.bincount(home, minlength=num_districts)
        empty = np.flatnonzero(size == 0)
        if not len(empty):
            return home
        load = np.bincount(home, weights=blocks.graph.weight[:, 0], minlength=num_districts)
        fullest = int(np.argmax(np.where(size > 1, load + 1, 0)))
        members = np.flatnonzero(home == fullest)
        side, _ = tree_cut(blocks.graph, members, 2, rng)
        # What is locked to the fullest stays there.
        if (blocks.price[members[side]] >= LOCKED).any():
            side = ~side
        home[members[side]] = empty[0]
