"""A lower bound for all contiguous, balanced plans: prices of units, then parting the centres.

Each unit is given a price for being served; the k most worthwhile centres at these prices bound
every plan. Where that leaves a gap, the places where centres may be are parted in two, again and
again: so many centres here, the rest there. The least bound of the parts still open holds for all.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from geocrm.spatial.districting.allocation import allocation_bound
from geocrm.spatial.districting.bound import Bound, safely_below
from geocrm.spatial.districting.hess import Hess
from geocrm.spatial.districting.savings import exact_savings, forbid, soft_choice, soft_savings

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

DEFAULT_PARTS = 2_000
# How soft kinks are, as shares of the mean cost of a unit of weight; at first, and in parts.
ROOT_SOFTNESS = (0.3, 0.1, 0.03, 0.01)
PART_SOFTNESS = (0.03,)
ROOT_STEPS, PART_STEPS = 100, 30
# The choice between centres is this much softer than that of a unit, by a mean district's weight.
CENTRE_SOFTNESS = 0.05
# A bound this close to a cost, relatively, proves it the least.
WITHIN_ROUNDING = 1e-9


@dataclass(frozen=True)
class GlobalBound:
    """A bound for all plans, and where the best ones lie.

    Attributes
    ----------
    bound
        Of kind "global". It is infinite when no plan exists at all, which is proven then.
    centres
        Shape (k,), the centres of the most promising part: a start for a search. None when
        no part is left.
    allowed
        Shape (n, n), unit x centre: what an optimal plan cheaper than the one known may use.
    parts
        How many parts of the places of centres were looked at.
    """

    bound: Bound
    centres: Indices | None
    allowed: NDArray[np.bool_]
    parts: int


@dataclass(order=True)
class _Part:
    """Some places of centres: `count[c]` of those `member` that lie in `cell` c are chosen."""

    value: float
    turn: int
    member: Indices = field(compare=False)
    cell: Indices = field(compare=False)
    count: Indices = field(compare=False)
    pay: Floats = field(compare=False)
    worth: Floats = field(compare=False, default_factory=lambda: np.zeros(0))
    chosen: Floats = field(compare=False, default_factory=lambda: np.zeros(0))
    # What `pay` proves; `value` may come from other prices.
    reached: float = field(compare=False, default=0.0)
    fresh: bool = field(compare=False, default=True)

    def is_settled(self) -> bool:
        return len(self.member) == int(self.count.sum())

    def likely(self) -> Indices:
        """The centres that are chosen most, as many of each cell as it asks for."""
        return np.concatenate([
            self.member[self.cell == c][np.argsort(-self.chosen[self.cell == c])[:count]]
            for c, count in enumerate(self.count)
        ])  # fmt: skip


def global_bound(
    model: Hess,
    *,
    incumbent: ArrayLike | None = None,
    effort: int = DEFAULT_PARTS,
    target_gap: float = 0.0,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] | None = None,
) -> GlobalBound:
    """A lower bound for every contiguous plan within the limits, whatever its centres.

    Parameters
    ----------
    model
        What is asked.
    incumbent
        Shape (n,), a plan; what can't be cheaper than it is ruled out. Ignored when it breaks a
        limit or is not contiguous, because then it proves nothing.
    effort
        Most parts to look at, >= 1.
    target_gap
        End when the plan is proven to be within this share of the best.
    should_stop
        Asked at every step; true ends the search with a bound that holds.
    progress
        Called with the bound so far.
    """
    return _Search(model, incumbent, should_stop, progress).run(effort, target_gap)


class _Search:
    """The parts still open, least bound first, and the prices of the moment."""

    def __init__(
        self,
        model: Hess,
        incumbent: ArrayLike | None,
        should_stop: Callable[[], bool],
        progress: Callable[[float], None] | None,
    ) -> None:
        self.model, self.should_stop, self.progress = model, should_stop, progress
        self.stopped = False
        self.iterations = self.parts = self.turn = 0
        self.weight = model.weight.astype(np.float64)
        self.low, self.high = model.low.astype(np.float64), model.high.astype(np.float64)
        self.cost = np.where(model.reachable(), model.cost.T, np.inf)
        # Prices and softness go by a unit's weight, so that light and heavy ones converge alike.
        share = self.weight / np.maximum(self.weight.sum(axis=0), 1.0)
        self.amount = share.mean(axis=1) + 0.01 / len(model)
        self.centres: Indices | None = None
        self.known = math.inf
        if incumbent is not None and model.is_plan(incumbent):
            self.centres, self.known = model.centres(incumbent)
        # No plan at all costs more than this: a higher bound proves that there is none.
        most = float(model.cost.max(axis=1).sum())
        self.limit = min(self.known * (1 - WITHIN_ROUNDING), most * (1 + WITHIN_ROUNDING))
        self.price = np.zeros(self.weight.shape)
        self.scale = self.known if 0 < self.known < math.inf else self._typical(most)
        self.open: list[_Part] = []
        self.settled: list[_Part] = []

    def run(self, effort: int, target_gap: float) -> GlobalBound:
        if not self.model.cannot_balance():
            self._root()
        while self.open and self.parts < effort and not self._reached(target_gap):
            part = heapq.heappop(self.open)
            if part.fresh:
                self._evaluate(part, PART_SOFTNESS, PART_STEPS)
                self._keep(part)
            else:
                self._divide(part)
            if self.stopped:
                self.settled.append(part)
                break
            if self.progress is not None:
                self.progress(self._value())
        return self._result()

    def _reached(self, target_gap: float) -> bool:
        """Whether to end: asked to, near enough, or the least bound can't be raised any more."""
        self.stopped = self.stopped or self.should_stop()
        near = self._value() >= self.limit * (1 - target_gap)
        return self.stopped or near or self._least_settled() <= self.open[0].value

    def _least_settled(self) -> float:
        return min((part.value for part in self.settled), default=math.inf)

    def _value(self) -> float:
        waiting = self.open[0].value if self.open else math.inf
        known = self.known * (1 - WITHIN_ROUNDING)
        return max(min(waiting, self._least_settled(), known), 0.0)

    def _result(self) -> GlobalBound:
        value = self._value()
        ended = "stopped" if self.stopped else "finished"
        proven = value >= self.known * (1 - WITHIN_ROUNDING)
        candidates = self.settled or self.open
        likely = min(candidates).likely() if candidates else self.centres
        return GlobalBound(
            Bound(value, "global", proven, self.iterations, ended),
            likely, np.isfinite(self.cost).T, self.parts,
        )  # fmt: skip

    def _typical(self, most: float) -> float:
        """A guess at what a plan costs: every unit among as many nearest as half a district."""
        near = max(1, len(self.model) // (2 * self.model.num_districts))
        nearest = np.partition(self.model.cost, near - 1, axis=1)[:, :near]
        return max(float(nearest.mean(axis=1).sum()), 0.001 * most) or 1.0

    def _first_pay(self) -> Floats:
        """Prices of units that are best for the centres of the plan that is known."""
        if self.centres is None:
            near = min(len(self.model) - 1, len(self.model) // self.model.num_districts)
            return np.asarray(
                np.partition(self.model.cost, near, axis=1)[:, near], dtype=np.float64
            )
        at = self.model.cost[:, self.centres]
        prices = allocation_bound(at, self.weight, self.low, self.high).prices
        return np.asarray((at + self.weight @ prices.T).min(axis=1), dtype=np.float64)

    def _root(self) -> None:
        heavy = (self.model.weight > self.model.high).any(axis=1)
        member = np.flatnonzero(~heavy)
        if heavy.any() or len(member) < self.model.num_districts:
            return
        root = _Part(
            0.0, 0, member, np.zeros(len(member), dtype=np.intp),
            np.array([self.model.num_districts]), self._first_pay(),
        )  # fmt: skip
        for softness in ROOT_SOFTNESS:
            self._evaluate(root, (softness,), ROOT_STEPS)
            if root.value >= self.limit or self.stopped:
                break
        self._keep(root)

    def _evaluate(self, part: _Part, softness: tuple[float, ...], steps: int) -> None:
        """Raise the bound of a part, and drop centres that can't be in a cheaper plan."""
        self.parts += 1
        part.fresh = False
        if part.is_settled() and self.parts > 1:
            self._settle(part)
            return
        for each in softness:
            self._climb(part, each * self.scale, steps)
            self._bound(part)
        self._tighten(part)

    def _settle(self, part: _Part) -> None:
        at = self.model.cost[:, part.member]
        found = allocation_bound(at, self.weight, self.low, self.high)
        self.iterations += found.bound.iterations
        part.value = max(part.value, found.bound.value)

    def _climb(self, part: _Part, softness: float, steps: int) -> None:
        """Better prices of units for a part, by a quasi-Newton method on the softened bound."""
        unit, soft = self.amount * self.scale, self.amount * softness
        between = CENTRE_SOFTNESS * softness / self.model.num_districts
        worth, chosen = np.zeros(len(part.member)), np.zeros(len(part.member))
        share = np.zeros((len(part.member), len(self.model)))
        best = [-math.inf]

        def negative(flat: Floats) -> tuple[float, Floats]:
            pay = flat * unit
            soft_savings(
                self.cost, self.weight, self.low, self.high, pay, soft,
                part.member, self.price, worth, share,
            )  # fmt: skip
            value = pay.sum() + soft_choice(worth, part.cell, part.count, between, chosen)
            if value > best[0]:
                best[0], part.pay, part.chosen = value, pay, chosen.copy()
            return -value / self.scale, (chosen @ share - 1.0) * self.amount

        def watch(xk: Floats) -> None:
            self.iterations += 1
            self.stopped = self.stopped or self.should_stop()
            if self.stopped or best[0] > self.limit:
                raise StopIteration

        minimize(
            negative, part.pay / unit, jac=True, method="L-BFGS-B", callback=watch,
            options={"maxiter": steps, "maxcor": 30, "ftol": 1e-8, "gtol": 1e-9},
        )  # fmt: skip

    def _bound(self, part: _Part) -> None:
        """The exact bound at the prices found; kept where it is better than what was known."""
        worth, doubt = np.zeros(len(part.member)), np.zeros(len(part.member))
        exact_savings(
            self.cost, self.weight, self.low, self.high, part.pay,
            part.member, self.price, worth, doubt,
        )  # fmt: skip
        part.worth = worth - doubt
        best = np.concatenate([
            np.sort(part.worth[part.cell == c])[:count] for c, count in enumerate(part.count)
        ])  # fmt: skip
        part.reached = safely_below(
            np.concatenate([part.pay, best]), float(np.abs(part.pay).sum() + np.abs(best).sum())
        )
        part.value = max(part.value, part.reached)

    def _tighten(self, part: _Part) -> None:
        """Drop centres, and at the root also units of centres, that make a plan too dear."""
        if self.limit == math.inf or part.value >= self.limit:
            return
        marginal = np.array([
            np.sort(part.worth[part.cell == c])[count - 1] for c, count in enumerate(part.count)
        ])  # fmt: skip
        extra = np.maximum(part.worth - marginal[part.cell], 0.0)
        room = (self.limit - part.reached) - extra + 1e-9 * abs(self.limit)
        stays = room >= 0.0
        if part.turn == 0:
            forbid(self.cost, self.weight, part.pay, part.member, self.price, room)
        for name in ("member", "cell", "worth", "chosen"):
            setattr(part, name, getattr(part, name)[stays])
        if (np.bincount(part.cell, minlength=len(part.count)) < part.count).any():
            part.value = math.inf

    def _keep(self, part: _Part) -> None:
        if part.value >= self.limit:
            return
        if part.is_settled() and not part.fresh and self.parts > 1:
            self.settled.append(part)
            return
        heapq.heappush(self.open, part)

    def _divide(self, part: _Part) -> None:
        """Part the most undecided cell in two, for every number of centres on either side."""
        cell, left = self._sides(part)
        inside = part.cell == cell
        on_left, on_right = int((inside & left).sum()), int((inside & ~left).sum())
        count = int(part.count[cell])
        for taken in range(max(0, count - on_right), min(count, on_left) + 1):
            self._child(part, cell, left, taken, count - taken)

    def _sides(self, part: _Part) -> tuple[int, NDArray[np.bool_]]:
        """The cell to be parted, and which centres are nearer to the one than to the other end."""
        size = np.bincount(part.cell, minlength=len(part.count))
        best, ends = -1.0, (0, 0, 0)
        for c in np.flatnonzero(size > part.count):
            inside = np.flatnonzero(part.cell == c)
            share = part.chosen[inside] + 1e-3
            units = part.member[inside]
            one = int(units[share.argmax()])
            away = share * (self.model.cost[units, one] / self.amount[units] + 1e-300)
            away[units == one] = 0.0
            if away.sum() > best:
                best, ends = float(away.sum()), (int(c), one, int(units[away.argmax()]))
        cell, one, other = ends
        left = self.model.cost[part.member, one] <= self.model.cost[part.member, other]
        left[part.member == one], left[part.member == other] = True, False
        return cell, left

    def _child(
        self, part: _Part, cell: int, left: NDArray[np.bool_], here: int, there: int
    ) -> None:
        inside = part.cell == cell
        gone = inside & ((left & (here == 0)) | (~left & (there == 0)))
        home, count = part.cell.copy(), part.count.copy()
        if here and there:
            home[inside & ~left] = len(count)
            count = np.append(count, there)
            count[cell] = here
        stays = ~gone
        self.turn += 1
        child = _Part(
            part.value, self.turn, part.member[stays], home[stays], count, part.pay,
            worth=part.worth[stays], chosen=part.chosen[stays],
        )  # fmt: skip
        self._bound(child)
        self._tighten(child)
        self._keep(child)
