"""The least deviation that the map itself leaves: what must share a district, and who is beside it.

When a unit is taken out of the map, the pieces that are left can only leave its district as whole
districts. A piece too light to hold one stays with the unit, all of it. What is together in this
way may be too heavy for a district, or too light alone and too heavy with every neighbour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.problem import Floats, Indices

Int32s = NDArray[np.int32]

# Halvings of the range in which the floor lies: as many as a double has digits.
HALVINGS = 52


@dataclass(frozen=True)
class Floor:
    """A lower bound of the largest deviation, and whose fault it is.

    Attributes
    ----------
    deviation
        No plan of contiguous districts has a smaller one. A bound, not a promise.
    unit, forced
        A unit, and how many others must share its district.
    share
        Load of these, as a part of the largest ideal load.
    next_unit, next_share
        Of the units beside them the one with which they are least, and that load: when they are
        too light alone. -1 and 0.0 otherwise.
    """

    deviation: float
    unit: int
    forced: int
    share: float
    next_unit: int = -1
    next_share: float = 0.0


@dataclass(frozen=True)
class _Pieces:
    """What is left when a unit is taken out: every piece with its unit, load and size.

    `tail`, `head`: every edge in both directions; `piece` the one of the tail that holds the head,
    `back` the one of the head that holds the tail.
    """

    owner: Indices
    load: Floats
    size: Indices
    tail: Indices
    head: Indices
    piece: Indices
    back: Indices


def grain(load: Floats) -> float:
    """What all loads (n,) are whole multiples of; 0.0 where they are no whole numbers."""
    whole = np.rint(load)
    if not len(load) or not np.array_equal(whole, load) or float(load.sum()) >= 2.0**53:
        return 0.0
    return float(np.gcd.reduce(whole.astype(np.int64)))


def floor_of(load: Floats, edges: Indices, least_ideal: float, most_ideal: float) -> Floor:
    """The floor for the loads (n,) of units that are connected by `edges` (e, 2).

    `least_ideal` and `most_ideal` are the smallest and the largest ideal load of a district, > 0.
    """
    heaviest = int(np.argmax(load))
    alone = float(load[heaviest]) / most_ideal
    plain = Floor(max(0.0, alone - 1.0), heaviest, 0, alone)
    if len(load) < 2 or not len(edges):
        return plain
    pieces = _pieces(load, edges)
    low, high = plain.deviation, 1.0
    found = None if pieces is None else _breach(load, pieces, low, least_ideal, most_ideal)
    if pieces is None or found is None:
        return plain
    high = max(high, low + float(load.sum()) / most_ideal)
    # Whatever is impossible with one deviation is impossible with every smaller one.
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        breach = _breach(load, pieces, middle, least_ideal, most_ideal)
        if breach is None:
            high = middle
        else:
            low, found = middle, breach
    return found if found.deviation > plain.deviation else plain


def _breach(
    load: Floats, pieces: _Pieces, deviation: float, least_ideal: float, most_ideal: float
) -> Floor | None:
    """Proof that no plan has this deviation, or None."""
    n = len(load)
    low, high = least_ideal * (1 - deviation), most_ideal * (1 + deviation)
    # Rounding of the sums must not make a proof.
    hair = 1e-12 * float(load.sum())
    bound = pieces.load < low - hair
    together = load + np.bincount(pieces.owner[bound], weights=pieces.load[bound], minlength=n)
    forced = np.bincount(pieces.owner[bound], weights=pieces.size[bound], minlength=n)
    heavy = int(np.argmax(together))
    if together[heavy] > high + hair:
        return Floor(deviation, heavy, int(forced[heavy]), float(together[heavy]) / most_ideal)
    open_to = ~bound[pieces.piece]
    tail, head = pieces.tail[open_to], pieces.head[open_to]
    # Where the head's district must hold all of the tail's side, that is counted already.
    inside = bound[pieces.back[open_to]]
    both = together[head] + np.where(inside, 0.0, together[tail])
    least = np.full(n, np.inf)
    np.minimum.at(least, tail, both)
    light = np.flatnonzero((together < low - hair) & (least > high + hair) & (least < np.inf))
    if not len(light):
        return None
    unit = int(light[np.argmax(least[light])])
    mine = tail == unit
    beside = int(head[mine][np.argmin(both[mine])])
    return Floor(
        deviation,
        unit,
        int(forced[unit]),
        float(together[unit]) / most_ideal,
        beside,
        float(least[unit]) / most_ideal,
    )


def _pieces(load: Floats, edges: Indices) -> _Pieces | None:
    """None where the units are not connected: then nothing can be said this way."""
    n = len(load)
    low, high = edges.min(axis=1), edges.max(axis=1)
    pairs = np.unique(np.stack([low, high], axis=1)[low != high], axis=0)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    tail, head = both[:, 0], both[:, 1]
    parent, order, cut, through = _searched(np.searchsorted(tail, np.arange(n + 1)), head, n)
    if (parent < 0).sum() > 1:
        return None
    below, size = load.astype(np.float64), np.ones(n, dtype=np.intp)
    _add_up(order, parent, below, size)
    # Piece v is what lies above unit v, piece n + c what hangs on c's parent through c.
    apart, apart_size = np.zeros(n), np.zeros(n, dtype=np.intp)
    np.add.at(apart, parent[cut], below[cut])
    np.add.at(apart_size, parent[cut], size[cut])
    reverse = np.searchsorted(tail * n + head, head * n + tail)
    child = through[reverse]
    piece = np.where((child >= 0) & cut[child], n + child, tail)
    return _Pieces(
        owner=np.concatenate([np.arange(n), np.where(cut, parent, 0)]),
        load=np.concatenate([load.sum() - load - apart, np.where(cut, below, 0.0)]),
        size=np.concatenate([n - 1 - apart_size, np.where(cut, size, 0)]),
        tail=tail,
        head=head,
        piece=piece,
        back=piece[reverse],
    )


@compiled
def _searched(
    start: Indices, adjacent: Indices, n: int
) -> tuple[Indices, Indices, NDArray[np.bool_], Indices]:
    """Depth-first from unit 0: parents, order, whether a unit's tree is cut off by its parent.

    And, for each neighbour listed that lies above, through which child of it the unit is reached;
    else -1. Source: J. Hopcroft, R. Tarjan (1973), Algorithm 447, doi:10.1145/362248.362272.
    """
    parent, order, through = np.full(n, -1), np.zeros(n, np.int64), np.full(len(adjacent), -1)
    first, low, depth = np.full(n, -1), np.zeros(n, np.int64), np.zeros(n, np.int64)
    at, path, cut = start[:n].copy(), np.zeros(n, np.int64), np.zeros(n, np.bool_)
    top, count = 0, 1
    first[0] = 0
    while top >= 0:
        v = path[top]
        if at[v] < start[v + 1]:
            u = adjacent[at[v]]
            if first[u] < 0:
                parent[u], depth[u] = v, top + 1
                first[u] = low[u] = count
                order[count] = u
                count += 1
                top += 1
                path[top] = u
            elif first[u] < first[v]:
                low[v] = min(low[v], first[u])
                through[at[v]] = path[depth[u] + 1]
            at[v] += 1
        else:
            top -= 1
            if top >= 0:
                low[path[top]] = min(low[path[top]], low[v])
                cut[v] = low[v] >= first[path[top]]
    return parent, order, cut, through


@compiled
def _add_up(order: Indices, parent: Indices, load: Floats, size: Indices) -> None:
    """Loads and sizes of whole trees, from the last unit found to the first."""
    for i in range(len(order) - 1, 0, -1):
        v = order[i]
        load[parent[v]] += load[v]
        size[parent[v]] += size[v]
