"""Cooling an assignment of blocks: the energies, the temperatures, the rounds, the polish."""

import time
from collections.abc import Callable
from threading import Lock, get_ident

import numpy as np

from geocrm.spatial.districting.compiling import WHOLE_PRICE, Blocks, mode_of
from geocrm.spatial.districting.plan import to_centres, valued, ways
from geocrm.spatial.districting.problem import Floats, Objective, Terms, Units
from geocrm.spatial.districting.rounds import anneal, state_of
from geocrm.spatial.districting.state import COSTED, CUT, HAIR, Goal, Int32s, Scratch, State

# A district 1 % beyond its band costs STRICTNESS x 0.01**2 = 1, its inertia at first about 1;
# chosen by trial on the 514 regencies of Indonesia, 30 districts by population.
STRICTNESS = 10_000.0
# While it is hot the search keeps a little away from the limits.
INNER = 0.95
# Where balance was missed, the objective counts so many times less.
HARDER = 30.0
# Where only balance is sought, moving everything costs so many times as much as the whole
# objective: enough that nothing is moved in vain, too little to hold back what balances.
SPARING = 10.0
HOT, COLD = 1e-2, 1e-6  # temperatures, as shares of STRICTNESS
# With more blocks in a district than this a single one changes less, and it ends colder: a block's
# mass falls as their number, and the width that it moves a border by as the root of it.
COARSE_BLOCKS = 20.0
SMALL_PER_UNIT, LARGE_PER_DISTRICT = 3, 16  # steps a round
# Borders have about so many blocks, times the root of blocks x districts: only there is work.
BORDER_SHARE = 8.0
# With more blocks in a district than this there are fewer large steps, which cost more.
CROWD = 100
# Rounds in which centres and districts take turns; each has this share of the rounds, or so many.
POLISH_TURNS, POLISH_SHARE, MIN_POLISH = 4, 0.05, 4
# Plans whose largest excess differs by less than this are equally balanced.
BALANCE_STEP = 1e-4
# What a start has come to is looked at so often, or less: a look may cost this part of the time.
LOOK_EVERY_S, LOOK_SHARE = 0.25, 0.005

# Where the worst load cannot be helped, the others are compared in such parts of the mean.
OTHERS_STEP = 1e-2

# How far beyond the limits the worst load is and how far the others are, and the value: the smaller
# the better.
Score = tuple[float, float, float]


class Pace:
    """How far a search is, and whether it shall go on; shared by its threads."""

    def __init__(
        self, should_stop: Callable[[], bool], progress: Callable[[float, float], None] | None
    ) -> None:
        self.stopped = False
        self.best: Score = (np.inf, np.inf, np.inf)
        # What the start that each thread works on would give if it ended now; for show only.
        self.underway: dict[int, Score] = {}
        self._look_at_s: dict[int, float] = {}
        self._should_stop = should_stop
        self._progress = progress
        self._lock = Lock()
        self._done = 0.0

    def ends(self) -> bool:
        """Whether the search shall end now."""
        if not self.stopped and self._should_stop():
            self.stopped = True
        return self.stopped

    def advance(self, share: float, score: Callable[[], Score] | None = None) -> None:
        """A further share of the search is done; `score` is of what this thread has come to."""
        if score is not None and self._progress is not None:
            self._look(score)
        with self._lock:
            self._done += share
            if self._progress is not None:
                *_, value = min([self.best, *self.underway.values()])
                self._progress(min(self._done, 1.0), value)

    def _look(self, score: Callable[[], Score]) -> None:
        me, began = get_ident(), time.monotonic()
        if began >= self._look_at_s.get(me, 0.0):
            found = score()
            ended = time.monotonic()
            self._look_at_s[me] = ended + max(LOOK_EVERY_S, (ended - began) / LOOK_SHARE)
            with self._lock:
                self.underway[me] = found


class Annealer:
    """Betters assignments of one set of blocks.

    `least_excess` is how far beyond its band the worst load must be with any plan; `judge` the one
    whose limits count for what is shown, where these are others.
    """

    def __init__(
        self,
        units: Units,
        terms: Terms,
        blocks: Blocks,
        pace: Pace,
        least_excess: float = 0.0,
        judge: "Annealer | None" = None,
    ) -> None:
        self.units, self.terms, self.blocks, self.pace = units, terms, blocks, pace
        self._k = terms.num_districts
        self._least_excess = least_excess
        self._judge = judge or self
        crowd = min(1.0, COARSE_BLOCKS * self._k / len(blocks))
        # Rounded, because a temperature may not differ in its last bit between machines.
        self.cold = round(COLD * crowd * float(np.sqrt(crowd)), 15)

    def annealed(
        self, start: Int32s, space: Scratch, hot: float, rounds: int, share: float
    ) -> Int32s:
        """Cooled from `hot`; `share` is what this is of the whole search."""
        mode, cost = self._hot_goal()
        goal = self._goal(mode, cost, start, INNER)
        return self._cooled(start, space, goal, hot, rounds, share / rounds)

    def balanced(self, start: Int32s, space: Scratch, hot: float, rounds: int) -> Int32s:
        """Once more, mostly for balance, where that was missed: it finds it where it can be had."""
        if self.excess(start) <= self._least_excess:
            return start
        mode, cost = self._hot_goal()
        strict = self._goal(mode, cost, start, INNER, harder=HARDER)
        return self._cooled(start, space, strict, hot, rounds, 0.0)

    def spared(self, start: Int32s, space: Scratch, hot: float, rounds: int) -> Int32s:
        """Cooled for balance alone, with no more moved than it takes."""
        mode, cost = self._hot_goal()
        goal = self._goal(mode, cost, start, 0.999, harder=HARDER, sparing=SPARING)
        return self._cooled(start, space, goal, hot, rounds, 0.0)

    def polished(self, start: Int32s, space: Scratch, rounds: int, share: float) -> Int32s:
        """Cold, by the very objective: centres and districts take turns."""
        found = start
        for _ in range(POLISH_TURNS):
            goal = self._polish_goal(found)
            each = share / (POLISH_TURNS * rounds)
            better = self._cooled(found, space, goal, self.cold * 3, rounds, each)
            if (better == found).all():
                break
            found = better
        return found

    def excess(self, district: Int32s) -> float:
        """How far the worst load is beyond its band, in steps that count as equal."""
        return float(np.ceil(self._beyond(district)[-1] / BALANCE_STEP))

    def _beyond(self, district: Int32s) -> Floats:
        """How far each load is beyond its band, as a share of the mean, the worst last."""
        blocks = self.blocks
        load = np.zeros((self._k, blocks.graph.weight.shape[1]))
        np.add.at(load, district, blocks.graph.weight)
        beyond = np.maximum(blocks.low - load, load - blocks.high) / blocks.mean
        return np.sort(np.maximum(beyond - 1e-9, 0.0), axis=None)

    def score(self, district: Int32s) -> Score:
        """The worse the farther beyond the limits; as far, the worse the larger the value.

        A unit too heavy for a district leaves the worst load as it is in every plan; then the
        others decide, so that they are balanced all the same.
        """
        blocks = self.blocks
        beyond = self._beyond(district)
        excess = float(np.ceil(beyond[-1] / BALANCE_STEP)) + 1e6 * _clashing(blocks, district)
        others = float(np.ceil(np.sqrt((beyond[:-1] ** 2).sum()) / OTHERS_STEP))
        _, value = valued(self.units, self.terms, district[blocks.block].astype(np.intp))
        if self.terms.stability > 0 and self.terms.current is not None:
            gone = blocks.price[(blocks.home >= 0) & (blocks.home != district)].sum()
            value *= 1 + self.terms.stability * float(gone) / WHOLE_PRICE
        return excess, others, value

    # -------------------------------------------------------------------------- energies

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
        for d in range(way.shape[1]):
            cost[:, d] = np.bincount(
                self.blocks.block, weights=way[:, d] * weight, minlength=len(self.blocks)
            )
        return cost

    def _goal(
        self,
        mode: int,
        cost: Floats | None,
        district: Int32s,
        squeeze: float,
        harder: float = 1.0,
        sparing: float = 0.0,
    ) -> Goal:
        """An energy in which the start's objective counts about 1 / `harder` for each district."""
        goal = self.blocks.goal(STRICTNESS, mode, 1.0, 0.0, squeeze, cost)
        size = _objective(self.blocks, goal, district, self._k)
        roundness = self._k / size / harder if size > 1e-15 else 0.0
        stability = (self.terms.stability + sparing) * self._k
        return self.blocks.goal(STRICTNESS, mode, roundness, stability, squeeze, cost)

    def _cooled(
        self, start: Int32s, space: Scratch, goal: Goal, hot: float, rounds: int, share: float
    ) -> Int32s:
        graph, k, n = self.blocks.graph, self._k, len(self.blocks)
        state = state_of(graph, start, k, goal)
        energy = least = _energy(self.blocks, goal, state, k)
        found = state.district.copy()
        # Rounded, because the last bit of a power differs between machines.
        cooling = round(float((self.cold / hot) ** (1 / rounds)), 9)
        temperature = hot * STRICTNESS
        small = SMALL_PER_UNIT * min(n, round(BORDER_SHARE * float(np.sqrt(n * k))))
        large = min(LARGE_PER_DISTRICT * k, n // 2, max(LARGE_PER_DISTRICT * CROWD * k * k // n, 1))
        for _ in range(rounds):
            if self.pace.ends():
                break
            energy, least = anneal(
                graph, state, goal, space, temperature, small, large, energy, least, found
            )
            temperature *= cooling
            self.pace.advance(share, lambda: self._judge.score(found))
        return found


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


def _clashing(blocks: Blocks, district: Int32s) -> int:
    ends = np.repeat(np.arange(len(blocks)), np.diff(blocks.foe_start))
    return int((district[ends] == district[blocks.foe]).sum()) // 2
