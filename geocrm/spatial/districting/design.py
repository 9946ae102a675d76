"""Part units into contiguous, balanced, compact districts: start, anneal, keep the best.

See docs/territory-method.md for the method and what it was measured at.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.problem import Units, check, effective_weight, graph_of
from geocrm.spatial.districting.rounds import anneal
from geocrm.spatial.districting.starts import first_assignment
from geocrm.spatial.districting.state import Goal, Graph, State, scratch, state_of
from geocrm.spatial.geodesy import EARTH_RADIUS_M

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]

DEFAULT_EFFORT = 12
# Starts that are worked on at once: the kernels let go of the interpreter.
THREADS = 2
# The search goes on to this share of the tolerance; only then it trades balance for compactness.
SLACK_SHARE = 0.2
# A district 1 % beyond the slack costs STRICTNESS x 0.01**2 = 1, its inertia at first about 1;
# chosen by trial on the 514 regencies of Indonesia, 30 districts by population.
STRICTNESS = 10_000.0
# The squared penalty gives way a little at its foot, so it begins before the slack is used up.
INNER_SLACK = 0.9
HOT, COLD = 1e-2, 1e-6  # temperatures, as shares of STRICTNESS
ROUNDS = 400
SMALL_PER_UNIT, LARGE_PER_DISTRICT = 3, 16  # steps a round
# Up to so many units every start has all its rounds; beyond, the work stays about the same.
FULL_STARTS_UNITS, FULL_ROUNDS_UNITS, MIN_ROUNDS = 1_000, 4_000, 60
# Plans whose largest deviations differ by less than this are equally balanced.
BALANCE_STEP = 1e-4


@dataclass(frozen=True)
class Plan:
    """Districts, and how good they are.

    Attributes
    ----------
    district
        Shape (n,), in [0, num_districts).
    load
        Shape (k,), sum of the weights of each district (of its units, when balanced by count).
    deviation
        Shape (k,), load / mean load - 1.
    max_deviation
        Largest absolute deviation; 0.0 is perfect balance.
    tolerance_met
        Whether `max_deviation` is within the tolerance asked for.
    deviation_floor
        No plan can have a smaller `max_deviation`, because of the largest unit, or of a unit with
        one neighbour, which is a district by itself or shares that neighbour's. Rarely reached.
    contiguous
        Whether every district is one piece; always true for a plan of `design`.
    compactness
        In [0, 1]: the share of the units' spread about their common centre that lies between
        districts, not within; higher is more compact. Compare plans of the same units and number.
    rms_km
        Root mean square distance of the weight from its district's centre, kilometres.
    balanced_on
        "weight", or "count" when all weights were zero and the number of units was balanced.
    stopped
        "finished", or "stopped" when `should_stop` ended the search early.
    """

    district: NDArray[np.intp]
    load: Floats
    deviation: Floats
    max_deviation: float
    tolerance_met: bool
    deviation_floor: float
    contiguous: bool
    compactness: float
    rms_km: float
    balanced_on: str
    stopped: str


def design(
    units: Units,
    num_districts: int,
    *,
    tolerance: float = 0.05,
    seed: int = 1,
    effort: int = DEFAULT_EFFORT,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] | None = None,
) -> Plan:
    """A contiguous, balanced and then compact parting of units; the same seed, the same plan.

    Parameters
    ----------
    units
        What is parted; its edges must connect all units.
    num_districts
        In [1, n].
    tolerance
        The largest relative deviation that is acceptable, >= 0. The search aims at a fifth of it
        and prefers the more compact of the plans that get there; when the tolerance is out of
        reach the best balanced plan comes back with `tolerance_met` false.
    effort
        Number of searches from different starts (fewer, down to one, beyond 1,000 units), >= 0;
        with 0 the METIS start itself is the plan.
    should_stop
        Asked between rounds (some milliseconds); true ends the search with the best so far.
    progress
        Called between rounds with the share done, in [0, 1].

    Raises
    ------
    InvalidInput
        `num_districts` or `tolerance` is out of range.
    Infeasible
        There are more districts than units, or the units are not connected.
    """
    check(units, num_districts, tolerance)
    graph = graph_of(units, effective_weight(units)[0])
    search = _Search(graph, num_districts, tolerance, should_stop, progress)
    district = search.run(seed, effort)
    return evaluate(
        units, district, num_districts, tolerance, "stopped" if search.stopped else "finished"
    )


def preview(units: Units, num_districts: int, *, tolerance: float = 0.05, seed: int = 1) -> Plan:
    """The METIS start as a plan: contiguous, in a moment, less balanced than `design`."""
    return design(units, num_districts, tolerance=tolerance, seed=seed, effort=0)


def evaluate(
    units: Units,
    district: NDArray[np.integer],
    num_districts: int,
    tolerance: float = 0.05,
    stopped: str = "finished",
) -> Plan:
    """The figures of any assignment, also of one that was changed by hand.

    Raises
    ------
    ValueError
        `district` has another shape than the units or names a district that is not there.
    """
    home = np.array(district, dtype=np.intp)
    if home.shape != (len(units),) or home.min() < 0 or home.max() >= num_districts:
        raise ValueError(f"district must hold {len(units)} numbers in 0..{num_districts - 1}")
    weight, balanced_on = effective_weight(units)
    load: Floats = np.bincount(home, weights=weight, minlength=num_districts).astype(np.float64)
    mean = float(weight.sum()) / num_districts
    deviation = load / mean - 1.0
    largest = float(np.abs(deviation).max())
    graph = graph_of(units, weight)
    within = _inertia(state_of(graph, home, num_districts))
    overall = _inertia(state_of(graph, np.zeros_like(home), 1))
    return Plan(
        district=home,
        load=load,
        deviation=deviation,
        max_deviation=largest,
        tolerance_met=largest <= tolerance,
        deviation_floor=_floor(graph, weight / mean),
        contiguous=is_contiguous(home, units.edges, num_districts),
        compactness=1.0 - within / overall if overall > 0 else 1.0,
        rms_km=float(np.sqrt(max(within, 0.0))) * EARTH_RADIUS_M / 1000.0,
        balanced_on=balanced_on,
        stopped=stopped,
    )


def _floor(graph: Graph, share: Floats) -> float:
    """A lower bound of the largest deviation; `share` (n,) is each weight over the mean load."""
    floor = max(0.0, float(share.max()) - 1.0)
    leaves = np.flatnonzero(np.diff(graph.start) == 1)
    host = graph.adjacent[graph.start[leaves]]
    alone, together = np.abs(share[leaves] - 1.0), share[leaves] + share[host] - 1.0
    return max(floor, float(np.minimum(alone, together).max(initial=0.0)))


def _inertia(state: State) -> float:
    """Moment of inertia within districts; the mass of all units together is 1."""
    mass = state.mass[:, 0]
    moment = (state.mass[:, 1:] ** 2).sum(axis=1)
    return float((mass - np.divide(moment, mass, out=np.zeros_like(mass), where=mass > 0)).sum())


class _Search:
    """The anneals of one call, and the best assignment they found."""

    def __init__(
        self,
        graph: Graph,
        num_districts: int,
        tolerance: float,
        should_stop: Callable[[], bool],
        progress: Callable[[float], None] | None,
    ) -> None:
        self.graph = graph
        self.num_districts = num_districts
        self.slack = tolerance * SLACK_SHARE
        self.should_stop = should_stop
        self.progress = progress
        self.stopped = False
        self.mean = float(graph.weight.sum()) / num_districts
        self.best: Int32s | None = None
        self.best_score = (np.inf, np.inf)
        self._lock = Lock()
        self._done = 0.0

    def run(self, seed: int, effort: int) -> Int32s:
        """Anneal from several starts, as many at once as there are threads; the best assignment.

        Each has its own random numbers and is offered in turn, so the number of threads does not
        show in the result.
        """
        n, k = len(self.graph.weight), self.num_districts
        self._offer(first_assignment(self.graph, k, seed))
        starts = min(effort, max(1, round(effort * FULL_STARTS_UNITS / n)))
        # One after the other: METIS keeps its random numbers in one place for all threads.
        begun = [
            (first_assignment(self.graph, k, seed + turn), seed * 1_000_003 + turn)
            for turn in range(0 if k in (1, n) else starts)
        ]
        with ThreadPoolExecutor(THREADS) as threads:
            for found in threads.map(lambda one: self._anneal(one[0], one[1], starts), begun):
                if found is not None:
                    self._offer(found)
        return self._best()

    def _best(self) -> Int32s:
        if self.best is None:
            raise RuntimeError("The search has no start")
        return self.best

    def _anneal(self, start: Int32s, seed: int, starts: int) -> Int32s | None:
        """One cooling from HOT to COLD; the best found, or None when no time was left for it."""
        if self.stopped:
            return None
        n, k = len(self.graph.weight), self.num_districts
        state, space = state_of(self.graph, start, k), scratch(self.graph, seed)
        rounds = ROUNDS if n <= FULL_ROUNDS_UNITS else ROUNDS * FULL_ROUNDS_UNITS // n
        rounds = max(rounds, MIN_ROUNDS)
        inertia = _inertia(state)
        goal = Goal(
            self.mean, self.slack * INNER_SLACK, STRICTNESS, k / inertia if inertia > 1e-15 else 0.0
        )
        energy = self._energy(state, goal)
        found, least = state.district.copy(), energy
        # Rounded, because the last bit of a power differs between machines.
        cooling = round(float((COLD / HOT) ** (1 / rounds)), 9)
        temperature = HOT * STRICTNESS
        for _ in range(rounds):
            if self.stopped or self.should_stop():
                self.stopped = True
                break
            energy, least = anneal(
                self.graph, state, goal, space, temperature,
                SMALL_PER_UNIT * n, LARGE_PER_DISTRICT * k, energy, least, found,
            )  # fmt: skip
            temperature *= cooling
            self._advance(1 / (rounds * starts))
        return found

    def _advance(self, share: float) -> None:
        with self._lock:
            self._done += share
            if self.progress is not None:
                self.progress(min(self._done, 1.0))

    def _energy(self, state: State, goal: Goal) -> float:
        excess = np.maximum(np.abs(state.load / goal.mean - 1) - goal.slack, 0)
        return float(goal.strictness * (excess**2).sum() + goal.roundness * _inertia(state))

    def _offer(self, district: Int32s) -> None:
        """Keep an assignment when it is better balanced, or as balanced and more compact."""
        state = state_of(self.graph, district, self.num_districts)
        largest = float(np.abs(state.load / self.mean - 1).max())
        excess = np.ceil(max(0.0, largest - self.slack) / BALANCE_STEP)
        score = (float(excess), _inertia(state))
        if score < self.best_score:
            self.best, self.best_score = district.copy(), score
