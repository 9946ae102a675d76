"""The least cut edges between contiguous, balanced districts: proven, or bounded from below.

First what single districts cost bounds what plans do, mostly to the end (`mosaic`). Otherwise the
units of whole plans are decided one by one along an order in which few of them have both decided
and undecided neighbours; see `frontier` for what has to be remembered. A budget on the cost keeps
the states few: it rises until a plan is found below it, so a poor first plan costs nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geocrm.spatial.districting.bound import Bound
from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.mosaic import Tiling, mosaic_of
from geocrm.spatial.districting.separators import neighbour_lists
from geocrm.spatial.districting.sweep import Ground, Sweep, good_order

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Int64s = NDArray[np.int64]

# Most states at once, one after the other until a question is settled.
CAPACITIES = (10_000, 60_000, 400_000, 1_000_000)
# By so much the budget rises, at least, as a share of what is proven.
RISE = 0.03
# Sums of lengths in another order differ by no more than this share.
WITHIN_ROUNDING = 1e-9
# The search of later edges runs with this share of the states.
AHEAD_SHARE = 0.5


@dataclass(frozen=True)
class LeastCut:
    """The least cut that is known, and what is proven.

    Attributes
    ----------
    bound
        Of kind "global"; `proven` when no contiguous plan within the limits cuts less than
        `district`. Infinite when it is proven that there is no plan at all.
    district
        Shape (n,), a plan within all limits; None when none is known.
    cost
        The total length of the edges it cuts; infinite when there is none.
    """

    bound: Bound
    district: Indices | None
    cost: float


@dataclass(frozen=True)
class CutQuestion:
    """Part n units into k contiguous districts with as little edge between them as possible.

    Attributes
    ----------
    weight, low, high
        Shapes (n, m), (m,), (m,), whole numbers: loads and their limits.
    edges, length
        Shapes (e, 2), (e,): each pair of neighbours once, and what cutting it costs, > 0.
    num_districts
        k, in [1, n].
    together, apart
        Groups of units that must share a district; pairs (p, 2) that must not. Only where all
        lengths are whole numbers do they count for the bound.
    """

    weight: Int64s
    low: Int64s
    high: Int64s
    edges: Indices
    length: Floats
    num_districts: int
    together: tuple[Indices, ...] = ()
    apart: Indices = field(default_factory=lambda: np.zeros((0, 2), dtype=np.intp))

    @classmethod
    def of(
        cls, weight: ArrayLike, low: ArrayLike, high: ArrayLike, edges: ArrayLike,
        num_districts: int, length: ArrayLike | None = None,
    ) -> "CutQuestion":  # fmt: skip
        """The same from anything array-like; repeated edges add up, loops are dropped.

        Raises
        ------
        ValueError
            A weight is negative, a length isn't positive, or there are not 1..n districts.
        """
        whole = np.asarray(weight, dtype=np.int64)
        weights = whole.reshape(len(whole), -1)
        if (weights < 0).any() or not 1 <= num_districts <= len(weights):
            raise ValueError(f"{num_districts} districts of {len(weights)} units, weights >= 0")
        pairs = np.sort(np.asarray(edges, dtype=np.intp).reshape(-1, 2), axis=1)
        lengths = np.ones(len(pairs)) if length is None else np.asarray(length, dtype=np.float64)
        if not (lengths > 0).all():
            raise ValueError("Every edge needs a length above 0")
        proper = pairs[:, 0] != pairs[:, 1]
        once, which = np.unique(pairs[proper], axis=0, return_inverse=True)
        shape = weights.shape[1:]
        return cls(
            weights,
            np.array(np.broadcast_to(np.asarray(low, dtype=np.int64), shape)),
            np.array(np.broadcast_to(np.asarray(high, dtype=np.int64), shape)),
            once.reshape(-1, 2),
            np.bincount(which.ravel(), weights=lengths[proper], minlength=len(once)).astype(
                np.float64
            ),
            num_districts,
        )

    def __len__(self) -> int:
        return len(self.weight)

    def is_plan(self, district: Indices) -> bool:
        """Whether an assignment is contiguous, within all limits and as groups and pairs wish."""
        if not is_contiguous(district, self.edges, self.num_districts):
            return False
        parted = any((district[group] != district[group[0]]).any() for group in self.together)
        if parted or (district[self.apart[:, 0]] == district[self.apart[:, 1]]).any():
            return False
        load = np.zeros((self.num_districts, self.weight.shape[1]), dtype=np.int64)
        np.add.at(load, district, self.weight)
        return bool((load >= self.low).all() and (load <= self.high).all())

    def cost(self, district: Indices) -> float:
        """The length of all edges between districts."""
        apart = district[self.edges[:, 0]] != district[self.edges[:, 1]]
        return math.fsum(self.length[apart])


def least_cut(
    question: CutQuestion,
    *,
    incumbent: ArrayLike | None = None,
    effort: int = len(CAPACITIES),
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] | None = None,
) -> LeastCut:
    """The plan that cuts least, or a bound of what any plan must cut.

    In time for maps of some 120 units; wide graphs leave a gap, and so may lengths that aren't
    whole numbers.

    Parameters
    ----------
    incumbent
        Shape (n,), a plan that is known.
    effort
        In 1..4; each step allows several times the districts and the states (300 to 600 MB with
        4, by the width of the graph).
    should_stop
        Asked at every round and unit; true ends the search with what is proven so far.
    progress
        Called with the bound whenever it has risen.
    """
    return _Deepening(question, incumbent, should_stop, progress).run(effort)


class _Deepening:
    """Budgets that rise until a plan is found."""

    def __init__(
        self,
        question: CutQuestion,
        incumbent: ArrayLike | None,
        should_stop: Callable[[], bool],
        progress: Callable[[float], None] | None,
    ) -> None:
        self.question, self.should_stop, self.progress = question, should_stop, progress
        self.best: Indices | None = None
        self.cost = math.inf
        if incumbent is not None:
            self._offer(np.asarray(incumbent, dtype=np.intp))
        self.value = 0.0
        self.whole = bool((question.length == np.round(question.length)).all())
        self.iterations = 0
        self.stopped = False

    def run(self, effort: int) -> LeastCut:
        asked = self.question
        order = good_order(neighbour_lists(len(asked), asked.edges))
        self._tile(order, effort)
        ground = Ground(
            asked.weight[:, 0], int(asked.low[0]), int(asked.high[0]), asked.edges, asked.length,
            asked.num_districts,
        )  # fmt: skip
        forward = Sweep(ground, order, self._ask)
        backward = Sweep(ground, order[::-1], self._ask)
        # No plan cuts more than everything.
        everything = float(self.question.length.sum()) * (1 + 1e-9) + 1e-9
        while not self.stopped and self.value < self.cost * (1 - WITHIN_ROUNDING):
            if self.value >= everything:
                self.value = math.inf
                break
            rise = max(float(self.question.length.min(initial=1.0)), RISE * self.value)
            budget = min(self.value + rise, self.cost, everything)
            if not self._settle(forward, backward, budget, CAPACITIES[:effort]):
                break
        return self._result()

    def _tile(self, order: Indices, effort: int) -> None:
        """Raise the bound by what single districts cost, and find the best plan if that is all."""
        asked = self.question
        mosaic = mosaic_of(
            asked.weight, asked.low, asked.high, asked.edges, asked.length.astype(np.int64),
            asked.num_districts, order, asked.together, asked.apart,
        ) if self.whole else None  # fmt: skip
        if mosaic is None:
            return
        tiling = Tiling(mosaic, self.best, self.cost)
        for proven in tiling.rounds(effort, self._ask):
            self._raise_to(min(proven, self.cost))
        if tiling.plan is not None:
            self._offer(tiling.plan)

    def _ask(self) -> bool:
        self.iterations += 1
        self.stopped = self.stopped or self.should_stop()
        return self.stopped

    def _offer(self, district: Indices) -> None:
        if self.question.is_plan(district) and self.question.cost(district) < self.cost:
            self.best, self.cost = district, self.question.cost(district)

    def _result(self) -> LeastCut:
        value = min(self.value, self.cost)
        bound = Bound(
            value * (1 - 1e-12), "global",
            self.value >= self.cost * (1 - WITHIN_ROUNDING), self.iterations,
            "stopped" if self.stopped else "finished",
        )  # fmt: skip
        return LeastCut(bound, self.best, self.cost)

    def _settle(
        self, forward: Sweep, backward: Sweep, budget: float, capacities: tuple[int, ...]
    ) -> bool:
        """Whether it became known if there is a plan below the budget."""
        ahead = ahead_of = np.zeros((len(self.question) + 1, self.question.num_districts + 1))
        for capacity in capacities:
            if self.stopped:
                break
            behind = backward.run(budget, int(capacity * AHEAD_SHARE), ahead)
            if behind is not None:
                self._raise_to(min(behind.least, budget))
                if behind.least >= budget:
                    return True
                ahead_of = behind.later()
            found = forward.run(budget, capacity, ahead_of)
            if found is None:
                continue
            self._raise_to(min(found.least, budget))
            if found.least >= budget:
                return True
            self._offer(forward.district(found))
            if self.value >= self.cost * (1 - WITHIN_ROUNDING):
                return True
            ahead = found.later()
        return False

    def _raise_to(self, value: float) -> None:
        if self.whole and value < math.inf:
            value = float(math.ceil(value - WITHIN_ROUNDING))
        if value > self.value:
            self.value = value
            if self.progress is not None:
                self.progress(value)
