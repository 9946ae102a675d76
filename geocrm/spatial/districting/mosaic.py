"""The least cut as a choice of k districts that are everything together.

Half the length of its boundary is what a district costs. Prices that units pay for being covered
bound every plan from below by the cheapest single district (`lone`), and leave few districts that
a plan of a given cost can have: these are listed, and what can be put together of them is tried.
Where nothing can, the bound rises past that cost; where something can, it is the best plan.

Source: E. L. Johnson, A. Mehrotra, G. L. Nemhauser (1993), Min-cut clustering,
doi:10.1007/BF01585164 (districts by price); R. Baldacci, N. Christofides, A. Mingozzi (2008),
doi:10.1007/s10107-007-0178-5 (listing all that can be in a better solution).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csc_array

from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.lone import (
    MOST_STEPS,
    MOST_UNITS,
    NEVER,
    Beside,
    Layers,
    Loads,
    Words,
    layers_of,
    list_parts,
    loads_of,
    price_later,
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Int64s = NDArray[np.int64]

# What the table of later costs may hold; where there are many states their loads are coarser.
TABLE_ROOM = 100_000_000
MOST_STATES = 2_500_000
# What a length of 1 costs in whole numbers, at most; prices are rounded to halves of this.
FINEST = 128
# All possible costs of a table stay below NEVER: this much is for edges, the rest for prices.
EDGES_ROOM = 20_000
# New districts that are enough to improve the prices, and all that are looked at for that.
ENOUGH, NEAR = 40, 2_000
# Districts to put plans together from, at most, one after the other while prices don't improve.
ROOMS = (10_000, 50_000, 200_000, 500_000)
# Steps of listing and of putting together, at most, for each of these.
LIST_STEPS, JOIN_STEPS = 100, 1_000
# Rounds in which the bound may fail to rise, and what is no rise.
IDLE_ROUNDS, RISE = 12, 0.01
# From the best prices to the newest so far; every third idle round all the way.
TOWARDS = 0.4


@dataclass(frozen=True)
class Mosaic:
    """The question by turn: units in the order of deciding them.

    `member` (parts, n) and `half` (parts,) elsewhere mean districts by turn and half the length
    of their boundaries.
    """

    order: Indices
    layers: Layers
    loads: Loads
    weight: Int64s
    low: Int64s
    high: Int64s
    edges: Indices
    length: Int64s
    num_districts: int
    together: tuple[Indices, ...]
    apart: Indices

    @property
    def edge(self) -> int:
        """What a length of 1 costs in whole numbers."""
        return max(1, min(FINEST, EDGES_ROOM // max(1, int(self.length.sum()))))

    def allowed(self, member: Bools) -> Bools:
        """Which districts aren't empty, and are within all limits and as groups and pairs wish."""
        load = member @ self.weight
        fits = ((load >= self.low) & (load <= self.high)).all(axis=1)
        fits &= member.any(axis=1)
        for group in self.together:
            fits &= member[:, group].all(axis=1) | ~member[:, group].any(axis=1)
        for one, other in self.apart.tolist():
            fits &= ~(member[:, one] & member[:, other])
        return np.asarray(fits)

    def half(self, member: Bools) -> Floats:
        """Half the length of each boundary."""
        apart = member[:, self.edges[:, 0]] != member[:, self.edges[:, 1]]
        return np.asarray(apart @ self.length / 2)


def mosaic_of(
    weight: Int64s, low: Int64s, high: Int64s, edges: Indices, length: Int64s,
    num_districts: int, order: Indices, together: tuple[Indices, ...] = (),
    apart: Indices | None = None,
) -> Mosaic | None:  # fmt: skip
    """The question, unless it is too large or too wide; arrays as in `cuts.CutQuestion`."""
    n = len(weight)
    if n > MOST_UNITS or int(length.sum()) > EDGES_ROOM:
        return None
    beside: Beside = [[] for _ in range(n)]
    for (a, b), paid in zip(edges.tolist(), length.tolist(), strict=True):
        beside[a].append((b, paid))
        beside[b].append((a, paid))
    layers = layers_of(order, beside, MOST_STATES)
    if layers is None:
        return None
    place = np.empty(n, dtype=np.intp)
    place[order] = np.arange(n)
    steps = min(MOST_STEPS, TABLE_ROOM // max(1, len(layers.out)))
    loads = loads_of(weight[order, 0], int(low[0]), int(high[0]), steps)
    pairs = np.zeros((0, 2), dtype=np.intp) if apart is None else apart
    return Mosaic(
        order, layers, loads, weight[order], low, high, place[edges], length, num_districts,
        tuple(place[group] for group in together), place[pairs],
    )  # fmt: skip


class Tiling:
    """Prices that improve, the bound they give, and the best plan where little is left.

    Attributes
    ----------
    proven
        No plan costs less.
    plan
        Shape (n,), a plan that costs that; None while there is none but the known one.
    """

    def __init__(self, mosaic: Mosaic, plan: Indices | None, cost: float) -> None:
        """`plan` (n,), known districts by unit; `cost`, what it cuts, infinite without one."""
        self.mosaic, self.k = mosaic, mosaic.num_districts
        # Nothing costs more than everything.
        self.cost = min(cost, float(mosaic.length.sum()) + 1.0)
        none = np.full(len(mosaic.order), -1, dtype=np.intp)
        known = (none if plan is None else plan)[mosaic.order]
        self.member = known[None, :] == np.arange(self.k)[:, None]
        self.member = self.member[self.member.any(axis=1)]
        weight = mosaic.loads.weight
        self.price = self.best_price = self.cost * weight / max(1, int(weight.sum()))
        self.value, self.proven = 0.0, 0.0
        self.plan: Indices | None = None
        self.near, self.far = mosaic.edge, math.inf
        shape = int(mosaic.layers.start[-1]), mosaic.loads.most_steps + 1
        self.table = np.empty(shape, dtype=np.int16)

    def rounds(self, effort: int, should_stop: Callable[[], bool]) -> Iterator[float]:
        """What is proven after each round; ends when prices improve no more, or all is known."""
        for room in ROOMS[:effort]:
            idle, self.far = 0, math.inf
            while idle <= IDLE_ROUNDS:
                if should_stop():
                    return
                before = self.value
                self._round(1.0 if idle % 3 == 2 or not before else TOWARDS, room)
                yield self.proven
                if self.plan is not None or self.proven >= self.cost:
                    return
                idle = 0 if self.value > before + RISE else idle + 1
                self._improve()

    def _round(self, towards: float, room: int) -> None:
        """A bound from prices between the best and the newest, and plans where it leaves few."""
        gain = self._whole(self.best_price + towards * (self.price - self.best_price))
        least = self._priced(gain)
        value = (int(gain.sum()) + self.k * least) / (2 * self.mosaic.edge)
        if value > self.value:
            self.value, self.best_price = value, gain / (2 * self.mosaic.edge)
            self.proven = max(self.proven, min(float(math.ceil(value)), self.cost))
        self._settle(gain, least, room)

    def _whole(self, price: Floats) -> Int64s:
        """Prices in whole numbers, none beyond what the table has room for."""
        gain = np.floor(price * 2 * self.mosaic.edge)
        for side, room in ((gain > 0, NEVER), (gain < 0, NEVER - EDGES_ROOM)):
            total = float(np.abs(gain[side]).sum())
            gain[side] *= min(1.0, (room - len(gain)) / max(total, 1.0))
        return np.floor(gain).astype(np.int64)

    def _priced(self, gain: Int64s) -> int:
        """The least that any district costs at these prices; those near to it are remembered."""
        it = self.mosaic
        price_later(self.table, it.layers, it.loads.steps, gain, it.edge)
        least = int(self.table[0, it.loads.least_steps :].min(initial=NEVER))
        for _ in range(8):
            found = self._listed(gain, least + self.near, NEAR)
            if found is None:
                self.near = max(1, self.near // 2)
                continue
            least = max(least, min(least + self.near + 1, int(found.cost.min(initial=NEVER))))
            if self._remember(found.member) >= ENOUGH:
                break
            self.near += self.near // 2 + 1
        return least

    def _listed(self, gain: Int64s, most: int, room: int) -> "_Parts | None":
        """All districts that cost at most so much; None if they are more than there is room for."""
        it = self.mosaic
        bits, cost = np.zeros((room, 2), dtype=np.uint64), np.zeros(room, dtype=np.int64)
        number = list_parts(
            self.table, it.layers, it.loads, gain, it.edge, most, LIST_STEPS * room, bits, cost
        )
        if number < 0:
            return None
        found = _Parts.of(bits[:number], cost[:number], len(gain))
        return found.some(it.allowed(found.member))

    def _settle(self, gain: Int64s, least: int, room: int) -> None:
        """Look for plans of the least cost that isn't ruled out yet, and of the next, and so on."""
        edge = self.mosaic.edge
        while self.proven < self.cost:
            limit = int(2 * edge * self.proven) - int(gain.sum())
            far = limit - self.k * least
            if far >= self.far:
                return
            found = self._listed(gain, least + far, room)
            chosen = None if found is None else self._joined(found, limit, least, room)
            if found is None or chosen is None:
                # Not again before prices are clearly better.
                self.far = far - edge // 8
                return
            if len(chosen):
                self.plan = np.empty(len(gain), dtype=np.intp)
                self.plan[self.mosaic.order] = chosen.argmax(axis=0)
                return
            self._remember(found.some(np.argsort(found.cost, kind="stable")[:NEAR]).member)
            self.proven += 1.0

    def _joined(self, found: "_Parts", limit: int, least: int, room: int) -> Bools | None:
        """Districts (k, n) that are a plan, none if there are none; None if that takes too long."""
        begins = found.member.argmax(axis=1)
        by = np.lexsort((found.cost, begins))
        begin = np.searchsorted(begins[by], np.arange(found.member.shape[1] + 1))
        chosen = np.zeros(self.k, dtype=np.int64)
        ended = join_parts(
            found.bits[by], found.cost[by], begin, limit, least, JOIN_STEPS * room, chosen
        )
        return None if ended < 0 else found.member[by][chosen[: self.k * ended]]

    def _remember(self, member: Bools) -> int:
        """Add to the districts that prices are made from; how many are new."""
        known, both = len(self.member), np.concatenate([self.member, member])
        _, first = np.unique(np.packbits(both, axis=1), axis=0, return_index=True)
        self.member = both[np.sort(first)]
        return len(self.member) - known

    def _improve(self) -> None:
        """The prices at which the districts known so far cover everything best."""
        size, n = self.member.shape
        rows = np.vstack([self.member.T, np.ones(size)])
        slack = np.hstack([np.eye(n + 1), -np.eye(n + 1)[:, -1:]])
        # A price on the number of districts moves all others: it is kept small.
        dear = np.append(np.full(n, self.cost), np.full(2, self.cost / (2 * self.k)))
        target: Any = np.append(np.ones(n), self.k)
        full: Any = csc_array(np.hstack([rows, slack]))
        cost = np.append(self.mosaic.half(self.member), dear)
        found: Any = linprog(cost, A_eq=full, b_eq=target)
        if found.status == 0:
            self.price = found.eqlin.marginals[:n]


@dataclass(frozen=True)
class _Parts:
    """Districts as sets of turns: bits (p, 2), the same as member (p, n), and cost (p,)."""

    bits: Words
    member: Bools
    cost: Int64s

    @classmethod
    def of(cls, bits: Words, cost: Int64s, num_units: int) -> "_Parts":
        """Of bits and cost."""
        octets = bits.astype("<u8").view(np.uint8)
        member = np.unpackbits(octets, axis=1, count=num_units, bitorder="little")
        return cls(bits, member.view(np.bool_), cost)

    def some(self, which: Bools | Indices) -> "_Parts":
        """Some of them."""
        return _Parts(self.bits[which], self.member[which], self.cost[which])


@compiled
def join_parts(
    bits: Words, cost: Int64s, begin: Int64s, limit: int, least: int, steps: int, chosen: Int64s
) -> int:
    """Whether k of the parts are everything together and cost at most `limit`: 1, 0; -1 unknown.

    Parameters
    ----------
    bits, cost
        Shapes (p, 2), (p,): parts as sets of turns, by their first turn and then by cost.
    begin
        Shape (n + 1,): where the parts begin whose first turn is so late.
    least
        What each part costs at least.
    chosen
        Shape (k,), the parts.
    """
    n, k = len(begin) - 1, len(chosen)
    held, paid = np.zeros((k + 1, 2), np.uint64), np.zeros(k + 1, np.int64)
    until = np.zeros(k + 1, np.int64)
    depth = 0
    chosen[0], until[0] = begin[0], begin[1]
    while depth >= 0:
        part = chosen[depth]
        dear = part >= until[depth]
        if not dear:
            steps -= 1
            dear = paid[depth] + cost[part] + (k - depth - 1) * least > limit
        if dear:
            depth -= 1
            if depth >= 0:
                chosen[depth] += 1
            continue
        if steps < 0:
            return -1
        if (bits[part, 0] & held[depth, 0]) | (bits[part, 1] & held[depth, 1]):
            chosen[depth] += 1
            continue
        held[depth + 1] = held[depth] | bits[part]
        paid[depth + 1] = paid[depth] + cost[part]
        first = 0
        while first < n and held[depth + 1, first >> 6] >> np.uint64(first & 63) & np.uint64(1):
            first += 1
        if depth == k - 1 or first == n:
            if depth == k - 1 and first == n:
                return 1
            chosen[depth] += 1
            continue
        depth += 1
        chosen[depth], until[depth] = begin[first], begin[first + 1]
    return 0
