"""Where a plan stands among thousands of other valid plans that nobody chose.

The other plans come from a random walk (see `neutral`) that only asks for contiguity and for loads
within a tolerance of its own. It visits plans about in proportion to how many spanning trees their
districts have: compact plans more often than ragged ones, but none for its balance, its travel or
for whom it leaves where he is. A percentile therefore says how a plan compares with what the ground
offers, not with what another designer would have drawn.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from geocrm.errors import Infeasible, InvalidInput, Share
from geocrm.spatial.districting.compiling import blocks_of, price_of
from geocrm.spatial.districting.design import design
from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.neutral import wander, widened
from geocrm.spatial.districting.problem import Floats, Indices, Terms, Units
from geocrm.spatial.districting.state import Graph, Int32s, scratch

# Walks that know nothing of each other: where they disagree there are too few plans.
WALKS = 2
# Steps between two plans that are kept, and steps forgotten at first, for each district.
THIN_PER_DISTRICT, BURN_IN_PER_DISTRICT = 2, 50
MAX_PLANS = 100_000
# Plans measured at once.
_BATCH = 128
AXES = ("balance", "travel", "disruption", "cut_edges")


@dataclass(frozen=True)
class Ensemble:
    """Figures of the plans of a random walk; of each the smaller is the better.

    Attributes
    ----------
    values
        Shape (p, 4), in the order of `AXES`: largest deviation in any measure; root mean square
        distance of the weight from its district's centroid, km (nan without places); share of the
        price that lies in another district than in the plan compared with, after the districts of
        both were matched so that it is least (nan without one); neighbouring units in different
        districts.
    walk
        Shape (p,), which of the `WALKS` walks met the plan.
    tolerance
        What the walk accepts, for each measure.
    thin, burn_in
        Steps between kept plans, and before the first.
    acceptance
        The share of steps that found another parting.
    districts
        Shape (p, n) when asked for, else None.
    stopped
        Whether it was ended early.
    """

    values: Floats
    walk: NDArray[np.int8]
    tolerance: Floats
    thin: int
    burn_in: int
    acceptance: float
    districts: Int32s | None
    stopped: bool

    def __len__(self) -> int:
        return len(self.values)

    def beaten(self, axis: str, value: float, walk: int | None = None) -> float:
        """The share of plans that are worse than `value`; equal ones count half."""
        found = self.values[:, AXES.index(axis)]
        if walk is not None:
            found = found[self.walk == walk]
        if not len(found):
            return float("nan")
        hair = 1e-9 * max(abs(value), 1e-9)
        worse, equal = found > value + hair, np.abs(found - value) <= hair
        return float(worse.mean() + equal.mean() / 2)

    def disagreement(self, axis: str, value: float) -> float:
        """How far the walks' answers to `beaten` are apart."""
        each = [self.beaten(axis, value, walk) for walk in range(WALKS)]
        return max(each) - min(each)


def sample(
    units: Units,
    terms: Terms,
    start: NDArray[np.integer],
    *,
    num_plans: int = 2_000,
    seed: int = 1,
    thin: int | None = None,
    burn_in: int | None = None,
    keep: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] | None = None,
) -> Ensemble:
    """Walk through valid plans from `start` and note the figures of some; by seed always the same.

    Parameters
    ----------
    terms
        Number of districts, tolerance, shares, minimum and maximum are kept to. `current` and
        `price` say what disruption is counted against. Other wishes have no say.
    start
        Shape (n,); a plan that is in pieces or beyond the tolerance is replaced by a designed one.
    keep
        Also give back the plans themselves.
    should_stop
        Asked after each batch of plans; true ends the walk with the plans met so far.

    Raises
    ------
    InvalidInput
        A number is out of range.
    Infeasible
        There are fewer than two districts, or no plan within the tolerance was found to start from.
    """
    k = terms.num_districts
    if not 1 <= num_plans <= MAX_PLANS:
        raise InvalidInput(
            "Ask for 1 to {most} plans, not {count}", most=MAX_PLANS, count=num_plans
        )
    if k < 2:
        raise Infeasible("One territory can be drawn in one way only: there is nothing to compare")
    free = Terms(k, terms.tolerance, terms.shares, terms.minimum, terms.maximum)
    blocks = blocks_of(units, free)
    first = _valid(units, free, start, blocks.graph, (blocks.low, blocks.high), seed)
    thin = THIN_PER_DISTRICT * k if thin is None else thin
    burn_in = BURN_IN_PER_DISTRICT * k if burn_in is None else burn_in
    measure = _Measure(units, terms)
    walks = [
        _Walk(blocks.graph, first, blocks.low, blocks.high, seed * WALKS + each, thin)
        for each in range(WALKS)
    ]
    share = [num_plans // WALKS + (each < num_plans % WALKS) for each in range(WALKS)]
    stopped = should_stop()
    with ThreadPoolExecutor(WALKS) as threads:
        if not stopped:
            list(threads.map(lambda walk: walk.go(burn_in), walks))
        met: list[tuple[int, Floats, Int32s]] = []
        done = 0
        while not stopped and done < num_plans:
            room = [min(_BATCH, want) for want in share]
            batch = list(
                threads.map(lambda one: one[0].plans(one[1]), zip(walks, room, strict=True))
            )
            met += [(at, measure(found), found) for at, found in enumerate(batch) if len(found)]
            share = [want - got for want, got in zip(share, room, strict=True)]
            done += sum(room)
            if progress is not None:
                progress(done / num_plans)
            stopped = should_stop() and done < num_plans
    steps = max(sum(walk.steps for walk in walks), 1)
    met.sort(key=lambda one: one[0])
    return Ensemble(
        values=np.concatenate([values for _, values, _ in met]) if met else np.zeros((0, 4)),
        walk=np.repeat([w for w, _, _ in met], [len(v) for _, v, _ in met]).astype(np.int8),
        tolerance=terms.tolerances(units.weights.shape[1]),
        thin=thin,
        burn_in=burn_in,
        acceptance=sum(walk.taken for walk in walks) / steps,
        districts=np.concatenate([found for _, _, found in met]) if keep and met else None,
        stopped=stopped,
    )


def figures_of(units: Units, terms: Terms, district: NDArray[np.integer]) -> dict[str, float]:
    """The figures of one plan, as `Ensemble.values` has them, by axis."""
    found = _Measure(units, terms)(np.asarray(district, dtype=np.int32)[None, :])[0]
    return dict(zip(AXES, found.tolist(), strict=True))


class _Walk:
    """One random walk, at its present plan."""

    def __init__(
        self, graph: Graph, first: Int32s, low: Floats, high: Floats, seed: int, thin: int
    ) -> None:
        self.steps = self.taken = 0
        self._graph, self._low, self._high, self._thin = graph, low, high, thin
        self._district = first.copy()
        self._space = widened(len(first), scratch(graph, seed))

    def go(self, steps: int) -> None:
        self.taken += wander(self._graph, self._district, self._low, self._high, self._space, steps)
        self.steps += steps

    def plans(self, count: int) -> Int32s:
        """The next plans that are kept, shape (count, n)."""
        found = np.empty((count, len(self._district)), dtype=np.int32)
        for row in found:
            self.go(self._thin)
            row[:] = self._district
        return found


class _Measure:
    """The figures of many plans at once."""

    def __init__(self, units: Units, terms: Terms) -> None:
        self._k = terms.num_districts
        self._edges, self._place = units.edges, units.place
        self._weights = units.balanced()[0]
        self._ideal = terms.ideal_shares()[:, None] * self._weights.sum(axis=0)
        self._known = None if terms.current is None else terms.current >= 0
        self._current: Indices = np.zeros(0, dtype=np.intp)
        if terms.current is not None and self._known is not None:
            self._current = np.asarray(terms.current[self._known], dtype=np.intp)
            self._price = price_of(units, terms)[self._known]

    def __call__(self, plans: Int32s) -> Floats:
        values = np.empty((len(plans), len(AXES)))
        values[:, 0] = self._balance(plans)
        values[:, 1] = self._travel(plans)
        values[:, 2] = [self._disruption(plan) for plan in plans]
        values[:, 3] = (plans[:, self._edges[:, 0]] != plans[:, self._edges[:, 1]]).sum(axis=1)
        return values

    def _sums(self, plans: Int32s, weight: Floats) -> Floats:
        """Sums of a weight by plan and district, shape (p, k)."""
        row = plans + (np.arange(len(plans)) * self._k)[:, None]
        each = np.tile(weight, len(plans))
        sums = np.bincount(row.ravel(), weights=each, minlength=len(plans) * self._k)
        return sums.reshape(len(plans), self._k).astype(np.float64)

    def _balance(self, plans: Int32s) -> Floats:
        worst = np.zeros(len(plans))
        for column, ideal in zip(self._weights.T, self._ideal.T, strict=True):
            off = np.abs(self._sums(plans, column) / ideal - 1).max(axis=1)
            worst = np.maximum(worst, off)
        return worst

    def _travel(self, plans: Int32s) -> Floats:
        """By the theorem of Steiner: within = all - between."""
        if self._place is None:
            return np.full(len(plans), np.nan)
        weight = self._weights[:, 0]
        place = self._place - np.average(self._place, axis=0, weights=weight)
        mass = self._sums(plans, weight)
        within = np.full(len(plans), float((weight * (place**2).sum(axis=1)).sum()))
        for axis in place.T:
            moment = self._sums(plans, weight * axis) ** 2
            within -= np.divide(moment, mass, out=np.zeros_like(mass), where=mass > 0).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(within, 0) / weight.sum()))

    def _disruption(self, plan: Int32s) -> float:
        if self._known is None or not self._price.sum() > 0:
            return float("nan")
        shared = np.zeros((int(self._current.max()) + 1, self._k))
        np.add.at(shared, (self._current, plan[self._known]), self._price)
        rows, columns = linear_sum_assignment(shared, maximize=True)
        return max(0.0, 1.0 - float(shared[rows, columns].sum() / self._price.sum()))


def _valid(
    units: Units,
    terms: Terms,
    start: NDArray[np.integer],
    graph: Graph,
    limits: tuple[Floats, Floats],
    seed: int,
) -> Int32s:
    """The start, or a designed plan in its place when it is in pieces or beyond the limits."""

    def holds(district: NDArray[np.integer]) -> bool:
        load = np.zeros((terms.num_districts, graph.weight.shape[1]))
        np.add.at(load, district, graph.weight)
        inside = bool(((load >= limits[0]) & (load <= limits[1])).all())
        return inside and is_contiguous(district, units.edges, terms.num_districts)

    if holds(start):
        return np.array(start, dtype=np.int32)
    found = design(units, terms, seed=seed, effort=2)
    if holds(found.district):
        return found.district.astype(np.int32)
    off = float(found.max_deviation.max())
    raise Infeasible(
        "No plan within {tolerance} was found to start from; the best is {deviation} off: compare"
        " within {allowed} or more",
        tolerance=Share(terms.tolerances(len(found.max_deviation)).max()),
        deviation=Share(off),
        allowed=Share(np.ceil(off * 105) / 100, 0),
    )
