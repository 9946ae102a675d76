"""Annealing from several starts, and the best assignment of blocks they find."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np
from scipy.optimize import linear_sum_assignment

from geocrm.errors import Infeasible
from geocrm.spatial.districting.compiling import WHOLE_PRICE, Blocks, mode_of
from geocrm.spatial.districting.diagram import allocated
from geocrm.spatial.districting.growing import grown, mended
from geocrm.spatial.districting.plan import to_centres, valued, ways
from geocrm.spatial.districting.problem import Floats, Objective, Terms, Units
from geocrm.spatial.districting.rounds import anneal, state_of
from geocrm.spatial.districting.starts import first_assignment
from geocrm.spatial.districting.state import (
    COSTED,
    CUT,
    HAIR,
    LOCKED,
    Goal,
    Int32s,
    Scratch,
    State,
    scratch,
)

# Starts that are worked on at once: the kernels let go of the interpreter.
THREADS = 2
# A district 1 % beyond its band costs STRICTNESS x 0.01**2 = 1, its inertia at first about 1;
# chosen by trial on the 514 regencies of Indonesia, 30 districts by population.
STRICTNESS = 10_000.0
# While it is hot the search keeps a little away from the limits.
INNER = 0.95
# Where balance was missed, the objective counts so many times less.
HARDER = 30.0
HOT, COLD = 1e-2, 1e-6  # temperatures, as shares of STRICTNESS
# An allocation is compact already: hotter than this it would only be forgotten.
WARM = 1e-4
ROUNDS = 400
SMALL_PER_UNIT, LARGE_PER_DISTRICT = 3, 16  # steps a round
# Up to so many units there are several starts with all their rounds, from METIS; beyond, two from
# an allocation, with fewer rounds the more units there are.
FEW_UNITS, LARGE_STARTS, MIN_ROUNDS = 1_000, 2, 40
# Rounds in which centres and districts take turns; each has this share of the rounds, or so many.
POLISH_TURNS, POLISH_SHARE, MIN_POLISH = 4, 0.05, 4
# Plans whose largest excess differs by less than this are equally balanced.
BALANCE_STEP = 1e-4


class Search:
    """One search; `best` is the assignment of blocks it found, `stopped` whether it was cut."""

    def __init__(
        self,
        units: Units,
        terms: Terms,
        blocks: Blocks,
        should_stop: Callable[[], bool],
        progress: Callable[[float, float], None] | None,
    ) -> None:
        self.units, self.terms, self.blocks = units, terms, blocks
        self.stopped = False
        self._should_stop = should_stop
        self._progress = progress
        self._k = terms.num_districts
        self._best: Int32s | None = None
        self._best_score = (np.inf, np.inf)
        self._lock = Lock()
        self._done = 0.0

    def run(self, seed: int, effort: int) -> Int32s:
        """Anneal from several starts; the best assignment of blocks.

        Each start has its own random numbers and results are compared in turn, so the number of
        threads does not show in the result.
        """
        n = len(self.blocks)
        first = self._start(0, seed)
        self._offer(first)
        starts = effort if n <= FEW_UNITS else min(effort, LARGE_STARTS)
        if self._k in (1, n):
            starts = 0
        # One after the other: METIS keeps its random numbers in one place for all threads.
        begun = [
            (first if turn == 0 else self._start(turn, seed + turn), turn) for turn in range(starts)
        ]
        with ThreadPoolExecutor(THREADS) as threads:
            improved = threads.map(lambda one: self._improved(one[0], one[1], seed, starts), begun)
            for found in improved:
                if found is not None:
                    self._offer(found)
        self._advance(1.0)
        return self.best

    @property
    def best(self) -> Int32s:
        """The best so far."""
        if self._best is None:
            raise RuntimeError("The search has no start")
        return self._best

    # -------------------------------------------------------------------------- starts

    def _start(self, turn: int, seed: int) -> Int32s:
        blocks, terms, k = self.blocks, self.terms, self._k
        locked = bool((blocks.price >= LOCKED).any())
        if terms.current is not None and (terms.budget is not None or turn % 2 == 0):
            found = mended(blocks, blocks.home, k, seed)
            return self._affordable(found)
        if locked or (terms.centres is not None and blocks.place is None):
            return grown(blocks, k, seed, terms.centres)
        if terms.centres is not None:
            return mended(blocks, allocated(blocks, k, seed, terms.centres), k, seed)
        if blocks.place is not None and len(blocks) > FEW_UNITS:
            found = mended(blocks, allocated(blocks, k, seed), k, seed)
        else:
            found = first_assignment(blocks.graph, k, seed)
        return found if terms.current is None else _matched(blocks, found, k)

    def _affordable(self, district: Int32s) -> Int32s:
        """Refuse when today's plan cannot even be made whole within the budget."""
        blocks = self.blocks
        moved = blocks.price[(blocks.home >= 0) & (blocks.home != district)].sum()
        if moved >= LOCKED:
            return grown(blocks, self._k, 1, self.terms.centres)
        if moved > blocks.budget:
            need = float(moved) / WHOLE_PRICE
            raise Infeasible(
                f"To make today's plan whole (every territory in one piece, {self._k} of them)"
                f" moves {need:.1%}, more than the {self.terms.budget or 0:.1%} that may move:"
                f" allow {need:.1%}"
            )
        return district

    # -------------------------------------------------------------------------- annealing

    def _improved(self, start: Int32s, turn: int, seed: int, starts: int) -> Int32s | None:
        """One cooling and the polish; the best found, or None when no time was left for it."""
        if self.stopped:
            return None
        n = len(self.blocks)
        rounds = ROUNDS if n <= FEW_UNITS else max(ROUNDS * FEW_UNITS // n, MIN_ROUNDS)
        share = 0.8 / starts / rounds
        space = scratch(self.blocks.graph, seed * 1_000_003 + turn)
        hot = WARM if n > FEW_UNITS and self.blocks.place is not None else HOT
        mode, cost = self._hot_goal()
        found = self._cooled(start, space, self._goal(mode, cost, start, INNER), hot, rounds, share)
        if self._excess(found) > 0:
            # Balance alone: where it is out of reach this costs a run, where it is not it finds it.
            strict = self._goal(mode, cost, start, INNER, harder=HARDER)
            found = self._cooled(found, space, strict, HOT, rounds // 2, 0.0)
        polish = max(round(rounds * POLISH_SHARE), MIN_POLISH)
        share = 0.2 / starts / (POLISH_TURNS * polish)
        for _ in range(POLISH_TURNS):
            goal = self._polish_goal(found)
            better = self._cooled(found, space, goal, COLD * 3, polish, share)
            if (better == found).all():
                break
            found = better
        return found

    def _hot_goal(self) -> tuple[int, Floats | None]:
        if self.terms.objective is not Objective.CUT_EDGES and self.terms.centres is not None:
            return COSTED, self._cost(to_centres(self.units, self.terms))
        return mode_of(self.terms.objective), None

    def _polish_goal(self, district: Int32s) -> Goal:
        """The very objective: from the centre units, with the whole band."""
        terms = self.terms
        if terms.objective is Objective.CUT_EDGES:
            return self._goal(CUT, None, district, 0.999)
        if terms.centres is not None:
            cost = to_centres(self.units, terms)
        else:
            centre, _ = valued(self.units, terms, district[self.blocks.block].astype(np.intp))
            if centre is None:
                raise RuntimeError("A district has no centre")
            everyone = np.arange(len(self.units))
            cost = ways(self.units, terms.objective, everyone, centre)
        return self._goal(COSTED, self._cost(cost), district, 0.999)

    def _cost(self, way: Floats) -> Floats:
        """What each block costs in each district; empty units count a little."""
        weight = self.units.balanced()[0][:, 0]
        weight = weight + weight.mean() * 1e-4
        cost = np.zeros((len(self.blocks), way.shape[1]))
        np.add.at(cost, self.blocks.block, way * weight[:, None])
        return cost

    def _goal(
        self, mode: int, cost: Floats | None, district: Int32s, squeeze: float, harder: float = 1.0
    ) -> Goal:
        """An energy in which the start's objective counts about 1 / `harder` for each district."""
        goal = self.blocks.goal(STRICTNESS, mode, 1.0, 0.0, squeeze, cost)
        size = _objective(self.blocks, goal, district, self._k)
        roundness = self._k / size / harder if size > 1e-15 else 0.0
        stability = self.terms.stability * self._k
        return self.blocks.goal(STRICTNESS, mode, roundness, stability, squeeze, cost)

    def _cooled(
        self, start: Int32s, space: Scratch, goal: Goal, hot: float, rounds: int, share: float
    ) -> Int32s:
        graph, k, n = self.blocks.graph, self._k, len(self.blocks)
        state = state_of(graph, start, k, goal)
        energy = least = _energy(self.blocks, goal, state, k)
        found = state.district.copy()
        # Rounded, because the last bit of a power differs between machines.
        cooling = round(float((COLD / hot) ** (1 / rounds)), 9)
        temperature = hot * STRICTNESS
        for _ in range(rounds):
            if self.stopped or self._should_stop():
                self.stopped = True
                break
            energy, least = anneal(
                graph, state, goal, space, temperature,
                SMALL_PER_UNIT * n, min(LARGE_PER_DISTRICT * k, n // 2), energy, least, found,
            )  # fmt: skip
            temperature *= cooling
            self._advance(share)
        return found

    def _advance(self, share: float) -> None:
        with self._lock:
            self._done += share
            if self._progress is not None:
                self._progress(min(self._done, 1.0), self._best_score[1])

    def _excess(self, district: Int32s) -> float:
        """How far the worst load is beyond its band, in steps that count as equal."""
        blocks = self.blocks
        load = np.zeros((self._k, blocks.graph.weight.shape[1]))
        np.add.at(load, district, blocks.graph.weight)
        beyond = np.maximum(blocks.low - load, load - blocks.high) / blocks.mean
        return float(np.ceil(max(0.0, float(beyond.max()) - 1e-9) / BALANCE_STEP))

    def _offer(self, district: Int32s) -> None:
        """Keep an assignment when it is nearer to the limits, or as near and of less value."""
        blocks = self.blocks
        excess = self._excess(district) + 1e6 * _clashing(blocks, district)
        _, value = valued(self.units, self.terms, district[blocks.block].astype(np.intp))
        if self.terms.stability > 0 and self.terms.current is not None:
            gone = blocks.price[(blocks.home >= 0) & (blocks.home != district)].sum()
            value *= 1 + self.terms.stability * float(gone) / WHOLE_PRICE
        if (excess, value) < self._best_score:
            self._best, self._best_score = district.copy(), (excess, value)


def _matched(blocks: Blocks, district: Int32s, k: int) -> Int32s:
    """The districts renumbered so that as little as possible is away from home."""
    known = blocks.home >= 0
    shared = np.zeros((k, max(k, int(blocks.home.max()) + 1)))
    np.add.at(shared, (district[known], blocks.home[known]), blocks.price[known])
    rows, columns = linear_sum_assignment(-shared[:, :k])
    number = np.empty(k, dtype=np.int32)
    number[rows] = columns
    return number[district]


def _clashing(blocks: Blocks, district: Int32s) -> int:
    ends = np.repeat(np.arange(len(blocks)), np.diff(blocks.foe_start))
    return int((district[ends] == district[blocks.foe]).sum()) // 2


def _objective(blocks: Blocks, goal: Goal, district: Int32s, k: int) -> float:
    """What the mode makes small, without its weight."""
    graph = blocks.graph
    if goal.mode == COSTED:
        return float(goal.cost[np.arange(len(blocks)), district].sum())
    if goal.mode == CUT:
        cut = district[graph.one] != district[graph.other]
        return float(_edge_lengths(blocks)[cut].sum())
    mass = state_of(graph, district, k, goal).mass
    moment = (mass[:, 1:4] ** 2).sum(axis=1)
    return float((mass[:, 4] - moment / np.maximum(mass[:, 0], 1e-300)).sum())


def _edge_lengths(blocks: Blocks) -> Floats:
    """Of each edge (one, other), which stands first among the neighbours' lists."""
    graph = blocks.graph
    ends = np.repeat(np.arange(len(blocks)), np.diff(graph.start))
    return graph.border[ends < graph.adjacent]


def _energy(blocks: Blocks, goal: Goal, state: State, k: int) -> float:
    beyond = np.maximum(np.maximum(goal.low - state.load, state.load - goal.high), 0) / goal.mean
    total = goal.strictness * float((beyond * (beyond + HAIR)).sum())
    total += goal.roundness * _objective(blocks, goal, state.district, k)
    return total + goal.stability * float(state.moved[0])
