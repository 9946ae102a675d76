"""Deciding all units of a graph in turn: the order, and one pass below a budget."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.frontier import (
    LOAD_STEPS,
    Limits,
    Unit,
    advance,
    first_of,
    first_state,
    room,
)

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Int64s = NDArray[np.int64]

# Each further unit on the frontier means about so many times the states.
WIDENING = 3.0
# So many units are tried as the first one, at most.
MOST_STARTS = 100
# States times width of the frontier, at most: what they take of memory.
MOST_ROOM = 16_000_000
# Merging loads of this many steps is merging all.
WIDEST = 4 * LOAD_STEPS


@dataclass(frozen=True)
class Ground:
    """What a sweep runs over: weight (n,), limits of a load, edges (e, 2) with lengths (e,), k."""

    weight: Int64s
    low: int
    high: int
    edges: Indices
    length: Floats
    num_districts: int


@dataclass(frozen=True)
class Swept:
    """What one pass found.

    Attributes
    ----------
    least
        The least cost of its last states; no plan below the budget costs less.
    reached
        Shape (n + 1, k + 1), the least cost after so many units with so many districts closed.
    narrow
        Shape (n + 1,), whether there was no frontier after so many units.
    trail
        For each unit the parents and choices of its states.
    """

    order: Indices
    least: float
    reached: Floats
    narrow: NDArray[np.bool_]
    trail: list[tuple[NDArray[np.int32], NDArray[np.int32]]]
    end: int

    def later(self) -> Floats:
        """What a sweep the other way still has to pay, by units decided and districts closed."""
        n, k = self.reached.shape[0] - 1, self.reached.shape[1] - 1
        paid = np.minimum.accumulate(self.reached, axis=1)
        found = np.full((n + 1, k + 1), np.inf)
        for decided in range(n + 1):
            # A district that lies on the frontier is closed in neither direction.
            shared = 0 if self.narrow[n - decided] else 1
            for closed in range(k + 1 - shared):
                found[decided, closed] = paid[n - decided, k - closed - shared]
        return found


class Sweep:
    """Passes over the units in one order."""

    def __init__(self, ground: Ground, order: Indices, should_stop: Callable[[], bool]) -> None:
        self.ground, self.order, self.should_stop = ground, order, should_stop
        n = len(ground.weight)
        self.place = np.empty(n, dtype=np.intp)
        self.place[order] = np.arange(n)
        self.beside: list[list[tuple[int, float]]] = [[] for _ in range(n)]
        for (a, b), length in zip(ground.edges.tolist(), ground.length.tolist(), strict=True):
            self.beside[a].append((b, length))
            self.beside[b].append((a, length))
        step = max(ground.high, 1) / LOAD_STEPS
        self.least = np.floor(ground.weight / step).astype(np.int64)
        self.most = np.ceil(ground.weight / step).astype(np.int64)
        self.limits = Limits(
            math.floor(ground.low / step), math.ceil(ground.high / step), ground.num_districts
        )
        self.units, self.width = self._units()

    def _units(self) -> tuple[list[Unit], list[int]]:
        """What each step has to know of its unit, and how wide the frontier is after it."""
        until = [max([self.place[b] for b, _ in near], default=-1) for near in self.beside]
        units, width, frontier = [], [], list[int]()
        ahead_least, ahead_most = int(self.least.sum()), int(self.most.sum())
        for turn, unit in enumerate(self.order.tolist()):
            before = [(frontier.index(b), p) for b, p in self.beside[unit] if self.place[b] < turn]
            everyone = [*frontier, unit]
            kept = [i for i, each in enumerate(everyone) if until[each] > turn]
            ahead_least -= int(self.least[unit])
            ahead_most -= int(self.most[unit])
            units.append(
                Unit(
                    np.array([at for at, _ in before], dtype=np.int32),
                    np.array([paid for _, paid in before], dtype=np.float64),
                    np.array(kept, dtype=np.int32),
                    int(self.least[unit]), int(self.most[unit]), ahead_least, ahead_most,
                    turn == len(self.order) - 1,
                )
            )  # fmt: skip
            frontier = [everyone[i] for i in kept]
            width.append(len(frontier))
        return units, width

    def run(self, budget: float, capacity: int, future: Floats) -> Swept | None:
        """One pass with at most so many states at once; None when it was ended or found no room."""
        n, k = len(self.order), self.ground.num_districts
        reached = np.full((n + 1, k + 1), np.inf)
        reached[0, 0] = 0.0
        capacity = max(min(capacity, MOST_ROOM // max(1, *self.width)), 1) if n > 1 else capacity
        table = np.empty(1 << (2 * capacity - 1).bit_length(), dtype=np.int32)
        states, merge, trail = first_state(), 1, []
        for turn, unit in enumerate(self.units):
            merge = max(merge // 2, 1)
            result = room(capacity, self.width[turn])
            while True:
                if self.should_stop() or merge > WIDEST:
                    return None
                found = advance(
                    states, unit, self.limits, future[turn + 1], budget, merge, result, table
                )
                if found >= 0:
                    break
                merge *= 2
            states = first_of(result, found)
            trail.append((states.parent, states.merged))
            np.minimum.at(reached[turn + 1], states.closed.astype(np.intp), states.cost)
        end = int(states.cost.argmin()) if len(states.cost) else -1
        least = float(states.cost[end]) if end >= 0 else math.inf
        narrow = np.array([True, *(width == 0 for width in self.width)])
        return Swept(self.order, least, reached, narrow, trail, end)

    def district(self, swept: Swept) -> Indices:
        """The parting that the cheapest last state stands for; its loads may be off by merging."""
        choices, at = [], swept.end
        for parent, merged in reversed(swept.trail):
            choices.append(int(merged[at]))
            at = int(parent[at])
        piece = np.arange(len(self.order))
        for turn, choice in enumerate(reversed(choices)):
            unit = int(self.order[turn])
            near = [b for b, _ in self.beside[unit] if self.place[b] < turn]
            pieces = list(dict.fromkeys(int(piece[b]) for b in near))
            for bit, each in enumerate(pieces):
                if choice >> bit & 1:
                    piece[piece == each] = piece[unit]
        return np.asarray(np.unique(piece, return_inverse=True)[1], dtype=np.intp)


def good_order(beside: list[Indices]) -> Indices:
    """An order of the units in which the frontier stays narrow: the best of greedy ones."""
    best, least = np.arange(len(beside)), math.inf
    for start in range(0, len(beside), max(1, len(beside) // MOST_STARTS)):
        order, cost = _greedy(start, beside, least)
        if cost < least:
            best, least = np.array(order, dtype=np.intp), cost
    return best


def _greedy(start: int, beside: list[Indices], limit: float) -> tuple[list[int], float]:
    """From one unit always on to the one that adds least to the frontier, oldest part first."""
    undecided = np.array([len(near) for near in beside])
    place = np.full(len(beside), len(beside))
    order, frontier, cost, unit = list[int](), set[int](), 0.0, start

    def rank(other: int) -> tuple[int, int, int, int]:
        near = beside[other][place[beside[other]] < len(beside)]
        finished = int((undecided[near] == 1).sum())
        oldest = int(place[near].min(initial=len(beside)))
        return int(undecided[other] > 0) - finished, -len(near), oldest, other

    while True:
        place[unit] = len(order)
        order.append(unit)
        frontier.add(unit)
        undecided[beside[unit]] -= 1
        frontier = {each for each in frontier if undecided[each] > 0}
        cost += WIDENING ** len(frontier)
        if cost >= limit or len(order) == len(beside):
            return order, cost
        near = {int(o) for f in frontier for o in beside[f] if place[o] == len(beside)}
        unit = min(near or set(np.flatnonzero(place == len(beside)).tolist()), key=rank)
