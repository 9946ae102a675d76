"""The best that any allocation of units to fixed centres can reach, and the prices that show it.

Loads are balanced by prices: a unit goes where cost + weight x price is least, which for straight
distances is a power diagram. Sources: B. Fleischmann, J. N. Paraschis (1988), Solving a large scale
districting problem, doi:10.1016/0305-0548(88)90033-4; F. Aurenhammer, F. Hoffmann, B. Aronov
(1998), Minkowski-type theorems and least-squares clustering, doi:10.1007/PL00009187.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from geocrm.errors import Infeasible
from geocrm.spatial.districting.bound import Bound, safely_below
from geocrm.spatial.districting.compiled import compiled

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]

# Prices are searched on each unit's cheapest centres; the bound itself asks all of them.
CANDIDATES = 24
# How soft the choice of a centre is, as shares of the least mean cost of a unit of weight.
SOFTNESS = (0.5, 0.1, 0.02, 0.005)
STEPS = 60
# Farther beyond the cheapest than this many times the softness a centre has no share.
REACH = 30.0
# Prices are rounded to this share of that cost, because the last bit differs between machines.
PRICE_STEP = 2.0**-24


@dataclass(frozen=True)
class Allocation:
    """A bound for fixed centres with the prices it comes from.

    Attributes
    ----------
    bound
        Of kind "fixed-centres": no allocation to these centres within the load limits costs less,
        contiguous or not, units split or whole. It says nothing about other centres.
    prices
        Shape (k, m), cost per unit of weight that is added at each centre; negative ones attract.
    district
        Shape (n,), the cheapest centre of each unit at these prices. Nearly balanced, not exactly,
        and not always contiguous: a start for a search, not a plan.
    """

    bound: Bound
    prices: Floats
    district: NDArray[np.intp]


def allocation_bound(
    cost: Floats,
    weight: NDArray[np.number],
    low: ArrayLike,
    high: ArrayLike,
    *,
    prices: Floats | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Allocation:
    """A lower bound for allocating units to fixed centres within load limits.

    Parameters
    ----------
    cost
        Shape (n, k), cost of each unit at each centre, >= 0.
    weight
        Shape (n,) or (n, m), one column a measure, >= 0.
    low, high
        Limits of a district's load, anything that broadcasts to (k, m).
    prices
        Shape (k,) or (k, m), prices to start from, for instance of nearly the same centres.
    should_stop
        Asked at every step; true ends the search with the bound at the best prices so far.

    Raises
    ------
    Infeasible
        All units together weigh less than all lower limits or more than all upper ones.
    """
    problem = _Problem.of(cost, weight, low, high)
    k = len(problem.low)
    at = np.zeros(problem.low.shape) if prices is None else np.reshape(prices, problem.low.shape)
    best = problem.exact(np.array(at, dtype=np.float64))
    iterations = 0
    stopped = False
    for softness in SOFTNESS if k > 1 else ():
        stopped = stopped or should_stop()
        if stopped:
            break
        at, steps, stopped = problem.soften(at, softness * problem.scale, should_stop)
        iterations += steps
        found = problem.exact(at)
        best = found if found.bound.value >= best.bound.value else best
    ended = "stopped" if stopped else "finished"
    return replace(best, bound=replace(best.bound, iterations=iterations, stopped=ended))


@dataclass(frozen=True)
class _Problem:
    """Checked arrays: cost (n, k), weight (n, m), low and high (k, m); a scale for prices."""

    cost: Floats
    weight: Floats
    low: Floats
    high: Floats
    scale: float

    @classmethod
    def of(
        cls, cost: Floats, weight: NDArray[np.number], low: ArrayLike, high: ArrayLike
    ) -> "_Problem":
        costs = np.ascontiguousarray(cost, dtype=np.float64)
        n, k = costs.shape
        weights = np.ascontiguousarray(weight, dtype=np.float64).reshape(n, -1)
        shape = (k, weights.shape[1])
        least = np.array(np.broadcast_to(np.asarray(low, dtype=np.float64), shape))
        most = np.array(np.broadcast_to(np.asarray(high, dtype=np.float64), shape))
        total = weights.sum(axis=0)
        if (least.sum(axis=0) > total).any() or (most.sum(axis=0) < total).any():
            raise Infeasible(
                "All units together weigh {total}, but {count} districts must hold between {least}"
                " and {most}",
                total=tuple(total.tolist()),
                count=k,
                least=tuple(least.sum(axis=0).tolist()),
                most=tuple(most.sum(axis=0).tolist()),
            )
        nearest, mean = float(costs.min(axis=1).sum()), float(costs.mean(axis=1).sum())
        typical = max(nearest, 0.001 * mean) / max(float(weights.sum()), 1e-300)
        return cls(costs, weights, least, most, max(typical, 1e-300))

    def exact(self, prices: Floats) -> Allocation:
        """What these prices prove, over all centres."""
        step = self.scale * PRICE_STEP
        at = np.round(prices / step) * step
        each, district, size = _cheapest(self.cost, self.weight, at)
        paid = np.where(at > 0, self.high * at, self.low * at)
        terms = np.concatenate([each, -paid.ravel()])
        # Nothing costs less than nothing.
        value = max(safely_below(terms, size + float(np.abs(paid).sum())), 0.0)
        return Allocation(Bound(value, "fixed-centres", False, 0, "finished"), at, district)

    def soften(
        self, prices: Floats, softness: float, should_stop: Callable[[], bool]
    ) -> tuple[Floats, int, bool]:
        """Prices that maximise a smooth estimate of the bound, the steps, whether it was ended."""
        near, cost = self._candidates(prices)
        amount = self.weight.sum(axis=1)
        shape, steps, stopped = prices.shape, 0, False

        def negative(flat: Floats) -> tuple[float, Floats]:
            at = flat.reshape(shape) * self.scale
            value, load = _soft(cost, near, self.weight, amount, at, softness)
            paid, slope = _soft_limits(at, self.low, self.high, softness)
            return (paid - value) / self.scale, (slope - load).ravel()

        def counted(xk: Floats) -> None:
            nonlocal steps, stopped
            steps += 1
            if should_stop():
                stopped = True
                raise StopIteration

        found = minimize(
            negative, prices.ravel() / self.scale, jac=True, method="L-BFGS-B",
            callback=counted, options={"maxiter": STEPS, "maxcor": 20},
        )  # fmt: skip
        at = np.asarray(found.x, dtype=np.float64).reshape(shape) * self.scale
        return at, steps, stopped

    def _candidates(self, prices: Floats) -> tuple[Int32s, Floats]:
        n, k = self.cost.shape
        if k <= CANDIDATES:
            return np.tile(np.arange(k, dtype=np.int32), (n, 1)), self.cost
        near = np.empty((n, CANDIDATES), dtype=np.int32)
        # In blocks, so that no second array of the size of `cost` is needed.
        for first in range(0, n, 4096):
            rows = slice(first, first + 4096)
            priced = self.cost[rows] + self.weight[rows] @ prices.T
            near[rows] = np.argpartition(priced, CANDIDATES - 1, axis=1)[:, :CANDIDATES]
        return near, np.take_along_axis(self.cost, near.astype(np.intp), axis=1)


def _soft_limits(
    prices: Floats, low: Floats, high: Floats, softness: float
) -> tuple[float, Floats]:
    """A smooth version of high x price above nought and low x price below, and its slope."""
    x = prices / softness
    share = 1.0 / (1.0 + np.exp(-np.clip(x, -REACH, REACH)))
    paid = low * prices + (high - low) * softness * np.logaddexp(0.0, x)
    return float(paid.sum()), low + (high - low) * share


@compiled
def _cheapest(
    cost: Floats, weight: Floats, prices: Floats
) -> tuple[Floats, NDArray[np.intp], float]:
    """Each unit's least cost with price, where that is, and the sum of what was added up."""
    n, k = cost.shape
    m = weight.shape[1]
    least = np.empty(n)
    place = np.zeros(n, dtype=np.intp)
    size = 0.0
    for i in range(n):
        best, magnitude = np.inf, 0.0
        for j in range(k):
            value = cost[i, j]
            parts = abs(value)
            for c in range(m):
                term = weight[i, c] * prices[j, c]
                value += term
                parts += abs(term)
            if value < best:
                best = value
                place[i] = j
            magnitude = max(magnitude, parts)
        least[i] = best
        size += magnitude
    return least, place, size


@compiled
def _soft(
    cost: Floats, near: Int32s, weight: Floats, amount: Floats, prices: Floats, softness: float
) -> tuple[float, Floats]:
    """The sum of soft minima over each unit's candidates, and the loads: its slope."""
    n, q = cost.shape
    m = weight.shape[1]
    load = np.zeros(prices.shape)
    share = np.empty(q)
    total = 0.0
    for i in range(n):
        least = np.inf
        for a in range(q):
            value = cost[i, a]
            for c in range(m):
                value += weight[i, c] * prices[near[i, a], c]
            share[a] = value
            least = min(least, value)
        soft = softness * amount[i]
        total += least
        if soft <= 0.0:
            continue
        together = 0.0
        for a in range(q):
            x = (share[a] - least) / soft
            share[a] = np.exp(-x) if x < REACH else 0.0
            together += share[a]
        total -= soft * np.log(together)
        for a in range(q):
            if share[a] > 0.0:
                for c in range(m):
                    load[near[i, a], c] += weight[i, c] * share[a] / together
    return total, load
