"""From the question to what the compiled search works on.

Units that must share a district become one: what is searched are `blocks`, and a plan of blocks is
a plan of units.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh

from geocrm.spatial.districting.groups import joined
from geocrm.spatial.districting.problem import (
    NOWHERE,
    Floats,
    Indices,
    Objective,
    Terms,
    Units,
)
from geocrm.spatial.districting.state import CUT, LOCKED, ROUND, Goal, Graph, Int32s, Int64s

# Loads are whole numbers that add up to about this, far from overflow and finer than any balance.
WHOLE = 2**44
# Prices of moving add up to about this; LOCKED is more.
WHOLE_PRICE = 2**40
# Every unit weighs a little in the moment of inertia, so that empty ones are not strewn about.
EMPTY_SHARE = 0.1
# Up to so many places all of a matrix is taken apart, which is exact to the last digit shown.
_FEW_PLACES = 1_000


@dataclass(frozen=True)
class Blocks:
    """The search's view of a question.

    `block` (n,) is the block of each unit. `low`, `high` (k, m) are the loads that are accepted,
    in whole numbers as in `graph.weight`; `free` (m,) are the measures without a tolerance; `home`,
    `price` (b,) and `budget` say what moving costs.
    `share` (b,) is each block's part of the first measure, `place` (b, 3) its centroid.
    """

    block: Indices
    graph: Graph
    low: Floats
    high: Floats
    mean: Floats
    free: NDArray[np.bool_]
    home: Int32s
    price: Int64s
    budget: int
    foe_start: Int32s
    foe: Int32s
    share: Floats
    place: Floats | None

    def __len__(self) -> int:
        return len(self.graph.weight)

    def goal(
        self, strictness: float, mode: int, roundness: float, stability: float, squeeze: float,
        cost: Floats | None = None,
    ) -> Goal:  # fmt: skip
        """An energy; the loads aim at the middle `squeeze` of what is accepted."""
        low, high = self._aims(squeeze)
        return Goal(
            low=low,
            high=high,
            mean=self.mean,
            strictness=strictness,
            mode=mode,
            roundness=roundness,
            cost=np.zeros((1, 1)) if cost is None else cost,
            home=self.home,
            price=self.price,
            budget=self.budget,
            stability=stability / WHOLE_PRICE,
            foe_start=self.foe_start,
            foe=self.foe,
            plain=mode == ROUND and not len(self.foe) and not (self.home >= 0).any(),
        )

    def _aims(self, squeeze: float) -> tuple[Floats, Floats]:
        middle, half = (self.high + self.low) / 2, (self.high - self.low) / 2 * squeeze
        low, high = middle - half, middle + half
        # Without a tolerance a limit has no other one at its own distance from the mean, so each
        # is drawn in by its own; what has none on a side stays open there.
        room = (1 - squeeze) * np.maximum([self.mean - self.low, self.high - self.mean], 0)
        own = np.where(self.low > 0, self.low + room[0], self.low)
        other = np.where(self.high < WHOLE, self.high - room[1], self.high)
        return np.where(self.free, own, low), np.where(self.free, other, high)


def blocks_of(units: Units, terms: Terms) -> Blocks:
    """The blocks of a checked question."""
    weights = units.balanced()[0]
    block = _merged(len(units), terms.together)
    count = int(block.max()) + 1
    total = weights.sum(axis=0)
    share = weights / total
    whole = np.round(share * WHOLE).astype(np.int64)
    home, price, budget = _moving(units, terms, block, count)
    foe_start, foe = _foes(block, terms.apart, count)
    low, high = bands(terms, weights)
    return Blocks(
        block=block,
        graph=_graph(units, block, count, whole, share[:, 0]),
        low=low * WHOLE,
        high=high * WHOLE,
        mean=np.full(weights.shape[1], WHOLE / terms.num_districts),
        free=np.isinf(terms.tolerances(weights.shape[1])),
        home=home,
        price=price,
        budget=budget,
        foe_start=foe_start,
        foe=foe,
        share=np.bincount(block, weights=share[:, 0], minlength=count).astype(np.float64),
        place=_centroids(units.place, block, count),
    )


def mode_of(objective: Objective) -> int:
    """What the hot part of the search makes small; travel is a matter of distance at first."""
    return CUT if objective is Objective.CUT_EDGES else ROUND


def bands(terms: Terms, weights: Floats) -> tuple[Floats, Floats]:
    """Accepted loads (k, m) as parts of the whole."""
    total = weights.sum(axis=0)
    ideal = terms.ideal_parts(weights.shape[1])
    tolerance = terms.tolerances(weights.shape[1])[None, :]
    low, high = ideal * (1 - tolerance), ideal * (1 + tolerance)
    free = np.isinf(tolerance)
    low, high = np.where(free, 0.0, low), np.where(free, 1.0, high)
    least, most = terms.limits(weights.shape[1])
    low = np.maximum(low, least / total)
    high = np.minimum(np.maximum(high, low), most / total)
    return np.minimum(low, high), high


def _merged(n: int, together: tuple[Indices, ...]) -> Indices:
    """The block of each unit, numbered in the order of their first units."""
    part = joined(n, together)
    _, first, block = np.unique(part, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[block], dtype=np.intp)


def _graph(units: Units, block: Indices, count: int, whole: Int64s, share: Floats) -> Graph:
    ends = block[units.edges]
    low, high = ends.min(axis=1), ends.max(axis=1)
    inside = low != high
    pairs, edges = np.unique(
        np.stack([low, high], axis=1)[inside].reshape(-1, 2), axis=0, return_counts=True
    )
    both = np.concatenate([pairs, pairs[:, ::-1]])
    length = np.concatenate([edges, edges]).astype(np.float64)
    order = np.lexsort((both[:, 1], both[:, 0]))
    both, length = both[order], length[order]
    weight = np.zeros((count, whole.shape[1]), dtype=np.int64)
    np.add.at(weight, block, whole)
    mass = (1 - EMPTY_SHARE) * share + EMPTY_SHARE / len(units)
    sums = np.zeros((count, 5))
    sums[:, 0] = np.bincount(block, weights=mass, minlength=count)
    place = units.place if units.minutes is None else _by_minutes(units.minutes)
    if place is not None:
        # About the middle and in units of the spread, so that no digits are lost.
        place = place - np.average(place, axis=0, weights=mass)
        spread = np.average((place**2).sum(axis=1), weights=mass)
        place = place / np.sqrt(spread) if spread > 0 else place
        np.add.at(sums[:, 1:4], block, mass[:, None] * place)
        np.add.at(sums[:, 4], block, mass * (place**2).sum(axis=1))
    return Graph(
        start=np.searchsorted(both[:, 0], np.arange(count + 1)).astype(np.int32),
        adjacent=both[:, 1].astype(np.int32),
        border=length,
        one=pairs[:, 0].astype(np.int32),
        other=pairs[:, 1].astype(np.int32),
        weight=weight,
        mass=np.round(sums, 15),
    )


def _by_minutes(minutes: Floats) -> Floats:
    """Places (n, 3) whose distances come near to the minutes, for the hot part of the search.

    Source: W. S. Torgerson (1952), Multidimensional scaling, doi:10.1007/BF02288916.
    """
    # In place: of 3,000 units each matrix takes 72 MB.
    inner = minutes + minutes.T
    inner *= 0.5
    inner *= inner
    mean = inner.mean(axis=0)
    inner -= mean
    inner -= (mean - mean.mean())[:, None]
    inner *= -0.5
    value, vector = _largest(inner)
    # Rounded, and the first place made positive, because these digits differ between machines.
    place = np.round(vector * np.sqrt(np.maximum(value, 0)), 3)
    place *= np.where(place[0] < 0, -1.0, 1.0)
    return np.pad(place, ((0, 0), (0, 3 - place.shape[1])))


def _largest(inner: Floats) -> tuple[Floats, Floats]:
    """The three largest eigenvalues and their vectors, smaller first."""
    n = len(inner)
    if n < _FEW_PLACES:
        found = eigh(inner, subset_by_index=(max(n - 3, 0), n - 1))
        return found[0], found[1]
    # Three are found in a hundredth of the time that all of them take.
    begin = np.random.default_rng(n).standard_normal(n)
    value, vector = eigsh(inner, k=3, which="LA", v0=begin)
    order = np.argsort(value)
    return value[order], vector[:, order]


def _moving(units: Units, terms: Terms, block: Indices, count: int) -> tuple[Int32s, Int64s, int]:
    """The home of each block, what moving it costs, and the most that may be moved.

    A locked block's home is where it is locked to, at a price above every budget. What that alone
    takes away from today's plan, or a block of units that lie in several districts today, comes off
    the budget: no search can undo it.
    """
    home = np.full(count, NOWHERE, dtype=np.int32)
    price = np.zeros(count, dtype=np.int64)
    held = np.zeros(count, dtype=bool)
    if terms.locked is not None:
        held[block[terms.locked >= 0]] = True
    budget = WHOLE_PRICE * 2
    if terms.current is not None:
        each = price_of(units, terms)
        whole = np.round(each / max(each.sum(), 1e-300) * WHOLE_PRICE).astype(np.int64)
        # A block in several of today's districts is at home where most of it is.
        for unit in np.argsort(whole, kind="stable"):
            if terms.current[unit] >= 0:
                home[block[unit]] = terms.current[unit]
    if terms.locked is not None:
        home[block[terms.locked >= 0]] = terms.locked[terms.locked >= 0]
    if terms.current is not None:
        known = terms.current >= 0
        stays = known & (terms.current == home[block])
        np.add.at(price, block[stays], whole[stays])
        if terms.budget is not None:
            budget = int(terms.budget * whole[known].sum()) - int(whole[known & ~stays].sum())
    price[held] = LOCKED
    return home, price, budget


def price_of(units: Units, terms: Terms) -> Floats:
    """What moving each unit costs, shape (n,): as given, else its first measure."""
    return units.balanced()[0][:, 0] if terms.price is None else terms.price


def _foes(block: Indices, apart: Indices, count: int) -> tuple[Int32s, Int32s]:
    pairs = block[np.asarray(apart, dtype=np.intp).reshape(-1, 2)]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    start = np.searchsorted(both[:, 0], np.arange(count + 1)).astype(np.int32)
    return start, both[:, 1].astype(np.int32)


def _centroids(place: Floats | None, block: Indices, count: int) -> Floats | None:
    if place is None:
        return None
    sums = np.zeros((count, 3))
    np.add.at(sums, block, place)
    return sums / np.bincount(block, minlength=count)[:, None]
