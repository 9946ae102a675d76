"""A smaller question in place of a large one: neighbouring blocks are joined two by two.

A search on some thousand blocks settles where the districts lie; only their borders are left to the
full question. Source: G. Karypis, V. Kumar (1998), doi:10.1137/S1064827595287997.
"""

from dataclasses import replace

import numpy as np

from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.compiling import Blocks
from geocrm.spatial.districting.problem import Floats, Indices
from geocrm.spatial.districting.state import CUT, Graph, Int32s

# No joined block weighs more than this part of a district: more could not be balanced.
HEAVIEST = 0.1
# Joining ends when a turn takes away less than this share of the blocks.
LEAST_GAIN = 0.05


def coarsened(blocks: Blocks, target: int, mode: int) -> tuple[Blocks, Indices]:
    """About `target` blocks (fewer than twice as many), and the one each block went into.

    For questions without locks, a present plan and blocks that must be apart. `mode` is
    `Goal.mode`: where borders count, those with long ones are joined, else those that are near.
    """
    label = np.arange(len(blocks))
    while len(blocks) >= 2 * target:
        limit = blocks.mean * HEAVIEST
        order = np.argsort(blocks.graph.mass[:, 0], kind="stable")
        place = np.zeros((len(blocks), 3)) if blocks.place is None else blocks.place
        mate = _matched(blocks.graph, place, limit, order, mode == CUT or blocks.place is None)
        first = np.minimum(mate, np.arange(len(blocks)))
        _, joined = np.unique(first, return_inverse=True)
        count = int(joined.max()) + 1
        if count > (1 - LEAST_GAIN) * len(blocks):
            break
        blocks = _joined(blocks, joined, count)
        label = joined[label]
    return blocks, label


@compiled
def _matched(graph: Graph, place: Floats, limit: Floats, order: Indices, by_border: bool) -> Int32s:
    """The block each one is joined with, or itself; light ones choose first."""
    mate = np.full(len(order), -1, np.int32)
    for u in order:
        if mate[u] >= 0:
            continue
        best, least = u, np.inf
        for j in range(graph.start[u], graph.start[u + 1]):
            v = graph.adjacent[j]
            if mate[v] >= 0:
                continue
            fits = True
            for c in range(len(limit)):
                if graph.weight[u, c] + graph.weight[v, c] > limit[c]:
                    fits = False
            if not fits:
                continue
            m, w = graph.mass[u, 0], graph.mass[v, 0]
            value = m * w / graph.border[j]
            if not by_border:
                # By how much the moment of inertia grows.
                value = m * w / (m + w)
                square = 0.0
                for c in range(3):
                    square += (place[u, c] - place[v, c]) ** 2
                value *= square
            if value < least:
                best, least = v, value
        mate[u] = best
        mate[best] = u
    return mate


def _joined(blocks: Blocks, joined: Indices, count: int) -> Blocks:
    """The blocks that come out of joining: sums of weights and borders, common centroids."""
    graph = blocks.graph
    weight = np.zeros((count, graph.weight.shape[1]), dtype=np.int64)
    np.add.at(weight, joined, graph.weight)
    mass = np.zeros((count, graph.mass.shape[1]))
    np.add.at(mass, joined, graph.mass)
    tail = joined[np.repeat(np.arange(len(blocks)), np.diff(graph.start))]
    head = joined[graph.adjacent]
    between = tail != head
    key, at = np.unique(tail[between] * count + head[between], return_inverse=True)
    tail, head = np.divmod(key, count)
    once = tail < head
    place = blocks.place
    if place is not None:
        moment = np.zeros((count, 3))
        np.add.at(moment, joined, place * graph.mass[:, :1])
        place = moment / mass[:, :1]
    return replace(
        blocks,
        block=joined[blocks.block],
        graph=Graph(
            start=np.searchsorted(tail, np.arange(count + 1)).astype(np.int32),
            adjacent=head.astype(np.int32),
            border=np.bincount(at, weights=graph.border[between]).astype(np.float64),
            one=tail[once].astype(np.int32),
            other=head[once].astype(np.int32),
            weight=weight,
            mass=mass,
        ),
        home=np.full(count, -1, dtype=np.int32),
        price=np.zeros(count, dtype=np.int64),
        foe_start=np.zeros(count + 1, dtype=np.int32),
        share=np.bincount(joined, weights=blocks.share, minlength=count).astype(np.float64),
        place=place,
    )
