"""Several starts, each cooled and polished, and the best assignment of blocks they give."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from geocrm.errors import Infeasible, Share
from geocrm.spatial.districting.annealing import (
    BALANCE_STEP,
    HOT,
    MIN_POLISH,
    POLISH_SHARE,
    Annealer,
    Pace,
)
from geocrm.spatial.districting.coarsening import coarsened
from geocrm.spatial.districting.compiling import WHOLE, WHOLE_PRICE, Blocks, bands, mode_of
from geocrm.spatial.districting.diagram import allocated
from geocrm.spatial.districting.growing import grown, mended
from geocrm.spatial.districting.problem import Terms, Units
from geocrm.spatial.districting.starts import first_assignment
from geocrm.spatial.districting.state import LOCKED, Int32s, scratch

# Starts that are worked on at once: the kernels let go of the interpreter.
THREADS = 2
# An allocation is compact already: hotter than this it would only be forgotten.
WARM = 1e-5
ROUNDS = 400
# Up to so many units there are several starts with all their rounds, from METIS; beyond, two from
# an allocation, with fewer rounds the more units there are.
FEW_UNITS, LARGE_STARTS, MIN_ROUNDS = 1_000, 2, 40
UNIT_ROUNDS = 300_000
# From so many blocks a district the search begins on joined ones, at least half as many.
MANY_BLOCKS = 100
# Then the blocks themselves are cooled in so many rounds.
FINE_ROUNDS = 16
# How often the range of deviations is halved in which the least lies that a budget buys.
NARROWINGS = 6


class Search:
    """One search; `best` is the assignment of blocks it found, `stopped` whether it was cut.

    `floor` is the least deviation there can be.
    """

    def __init__(
        self,
        units: Units,
        terms: Terms,
        blocks: Blocks,
        floor: float,
        should_stop: Callable[[], bool],
        progress: Callable[[float, float], None] | None,
    ) -> None:
        self.units, self.terms, self.blocks = units, terms, blocks
        self._pace = Pace(should_stop, progress)
        self._k = terms.num_districts
        self._fine = Annealer(units, terms, blocks, self._pace, _least_excess(terms, floor))
        self._coarse, self._joined = self._fine, np.arange(len(blocks))
        self._best: Int32s | None = None

    def run(self, seed: int, effort: int) -> Int32s:
        """Anneal from several starts; the best assignment of blocks.

        Each start has its own random numbers and results are compared in turn, so the number of
        threads does not show in the result.
        """
        n, terms = len(self.blocks), self.terms
        starts = effort if n <= FEW_UNITS else min(effort, LARGE_STARTS)
        if self._k in (1, n):
            starts = 0
        if starts > 0 and self._may_coarsen():
            self._coarsen()
        first = self._start(0, seed)
        self._offer(first[self._joined])
        for found in self._improvements(first, seed, starts):
            if found is not None:
                self._offer(found)
        self._pace.underway.clear()
        if terms.budget is not None and starts > 0:
            self._narrow(first, seed)
            self._pace.underway.clear()
        self._pace.advance(1.0)
        return self.best

    @property
    def stopped(self) -> bool:
        """Whether the search was ended early."""
        return self._pace.stopped

    @property
    def best(self) -> Int32s:
        """The best so far."""
        if self._best is None:
            raise RuntimeError("The search has no start")
        return self._best

    # -------------------------------------------------------------------------- levels

    def _may_coarsen(self) -> bool:
        """Whether joined blocks can stand for the blocks: not where single ones are spoken of."""
        terms = self.terms
        bound = terms.locked is not None or terms.current is not None or len(terms.apart) > 0
        return len(self.blocks) >= max(FEW_UNITS, MANY_BLOCKS * self._k) and not bound

    def _coarsen(self) -> None:
        target = max(FEW_UNITS, MANY_BLOCKS * self._k) // 4
        blocks, self._joined = coarsened(self.blocks, target, mode_of(self.terms.objective))
        self._coarse = Annealer(self.units, self.terms, blocks, self._pace)

    def _improvements(self, first: Int32s, seed: int, starts: int) -> Iterator[Int32s | None]:
        """What comes of each start, in turn; the next one is made while others are worked on."""
        with ThreadPoolExecutor(THREADS) as threads:
            underway: deque[Future[Int32s | None]] = deque()
            for turn in range(starts):
                if self._pace.ends():
                    break
                # Here, not in the threads: METIS keeps its random numbers in one place for all.
                start = first if turn == 0 else self._start(turn, seed + turn)
                job = (start, seed * 1_000_003 + turn, 1 / starts)
                underway.append(threads.submit(self._improved, *job))
                if len(underway) > THREADS:
                    yield underway.popleft().result()
            for one in underway:
                yield one.result()

    def _improved(self, start: Int32s, seed: int, share: float) -> Int32s | None:
        """One cooling and the polish; the best found, or None when no time was left for it."""
        if self._pace.stopped:
            return None
        level, fine = self._coarse, self._fine
        hot, rounds = _heat(level.blocks)
        space = scratch(level.blocks.graph, seed)
        found = level.annealed(start, space, hot, rounds, 0.8 * share)
        if level is not fine:
            # What is left is at the borders: no hotter than the joined blocks were in the end.
            found, hot, rounds = found[self._joined], level.cold, FINE_ROUNDS
            space = scratch(fine.blocks.graph, seed)
            found = fine.annealed(found, space, hot, rounds, 0.1 * share)
        found = fine.balanced(self._numbered(found), space, hot, rounds // 2)
        polish = max(round(rounds * POLISH_SHARE), MIN_POLISH)
        return fine.polished(found, space, polish, (0.2 if level is fine else 0.1) * share)

    def _narrow(self, start: Int32s, seed: int) -> None:
        """Where the budget does not buy the tolerance, offer the least deviation that it buys.

        Every district beyond the tolerance pulls at the budget, so that one too small for all is
        spent a little on each and the worst stays. With more tolerance only the worst pull: halved
        step by step, until the budget just reaches it.
        """
        hot, rounds = _heat(self.blocks)
        low, high = 0.0, self._beyond(self.best)
        wide = self._fine
        for turn in range(NARROWINGS):
            if high - low <= BALANCE_STEP or self._pace.ends():
                break
            middle = (low + high) / 2
            wide = self._widened(middle)
            space = scratch(self.blocks.graph, seed * 1_000_003 - 1 - turn)
            found = wide.spared(start, space, hot, rounds // 2)
            self._offer(found)
            if wide.excess(found) > 0:
                low = middle
            else:
                high = min(middle, self._beyond(found))
        if wide is not self._fine:
            space = scratch(self.blocks.graph, seed)
            self._offer(self._widened(high).polished(self.best, space, MIN_POLISH, 0.0))

    def _widened(self, more: float) -> Annealer:
        """As the search's own, with so much more tolerance."""
        weights = self.units.balanced()[0]
        tolerance = tuple((self.terms.tolerances(weights.shape[1]) + more).tolist())
        terms = replace(self.terms, tolerance=tolerance)
        low, high = bands(terms, weights)
        blocks = replace(self.blocks, low=low * WHOLE, high=high * WHOLE)
        return Annealer(self.units, terms, blocks, self._pace, judge=self._fine)

    def _beyond(self, district: Int32s) -> float:
        """How far the worst load is beyond its tolerance, as a share of the ideal; 0 within."""
        weight = self.blocks.graph.weight
        load = np.zeros((self._k, weight.shape[1]))
        np.add.at(load, district, weight)
        deviation = np.abs(load / WHOLE / self.terms.ideal_parts(weight.shape[1]) - 1)
        return max(0.0, float((deviation - self.terms.tolerances(weight.shape[1])).max()))

    # -------------------------------------------------------------------------- starts

    def _start(self, turn: int, seed: int) -> Int32s:
        blocks, terms, k = self._coarse.blocks, self.terms, self._k
        locked = bool((blocks.price >= LOCKED).any())
        if terms.current is not None and (terms.budget is not None or turn % 2 == 0):
            found = mended(blocks, blocks.home, k, seed)
            return self._affordable(found, seed)
        if locked or (terms.centres is not None and blocks.place is None):
            return grown(blocks, k, seed, terms.centres)
        if terms.centres is not None:
            return mended(blocks, allocated(blocks, k, seed, terms.centres), k, seed)
        if blocks.place is not None and len(blocks) > FEW_UNITS:
            found = mended(blocks, allocated(blocks, k, seed), k, seed)
        else:
            found = first_assignment(blocks.graph, k, seed)
        return self._numbered(found, blocks)

    def _numbered(self, district: Int32s, blocks: Blocks | None = None) -> Int32s:
        """With today's numbers, so that nothing moves only because the search exchanged two."""
        terms = self.terms
        if terms.current is None or terms.centres is not None or terms.shares is not None:
            return district
        return _matched(blocks or self.blocks, district, self._k)

    def _affordable(self, district: Int32s, seed: int) -> Int32s:
        """Refuse when today's plan cannot even be made whole within the budget."""
        blocks, locked = self.blocks, bool((self.blocks.price >= LOCKED).any())
        if self._moved(district) >= LOCKED:
            district = grown(blocks, self._k, 1, self.terms.centres)
        if self._moved(district) <= blocks.budget:
            return district
        district = min(district, self._whole_for_less(district, seed), key=self._moved)
        if self._moved(district) <= blocks.budget:
            return district
        if self._best is not None and self._moved(self._best) <= blocks.budget:
            return self._best  # another start was affordable
        # Upwards, so that what is named is enough.
        more = (self._moved(district) - blocks.budget) / WHOLE_PRICE
        budget = Share(self.terms.budget or 0)
        need = Share(np.ceil((budget + more) * 1e3 - 1e-6) / 1e3)
        if locked:
            raise Infeasible(
                "To keep the locks, with every territory in one piece, moves {need}, more than the"
                " {budget} that may move: allow {need}, or unlock some",
                need=need,
                budget=budget,
            )
        raise Infeasible(
            "To make today's plan whole (every territory in one piece, {count} of them) moves"
            " {need}, more than the {budget} that may move: allow {need}",
            count=self._k,
            need=need,
            budget=budget,
        )

    def _moved(self, district: Int32s) -> int:
        """What is away from home, in parts of `WHOLE_PRICE`."""
        blocks = self.blocks
        return int(blocks.price[(blocks.home >= 0) & (blocks.home != district)].sum())

    def _whole_for_less(self, district: Int32s, seed: int) -> Int32s:
        """Cooled for as little moved as it takes, whatever the loads.

        Mending keeps the largest piece of each district, which need not be the cheapest.
        """
        blocks = self.blocks
        boundless = replace(
            blocks,
            low=np.zeros_like(blocks.low),
            high=np.full_like(blocks.high, WHOLE),
            free=np.ones_like(blocks.free),
            budget=LOCKED - 1,
        )
        hot, rounds = _heat(blocks)
        annealer = Annealer(self.units, self.terms, boundless, self._pace)
        return annealer.spared(district, scratch(blocks.graph, seed), hot, rounds)

    def _offer(self, district: Int32s) -> None:
        """Keep an assignment when it is nearer to the limits, or as near and of less value."""
        district = self._numbered(district)
        score = self._fine.score(district)
        if score < self._pace.best:
            self._best, self._pace.best = district.copy(), score


def _heat(blocks: Blocks) -> tuple[float, int]:
    """From how hot blocks are cooled, and in how many rounds."""
    n = len(blocks)
    few = n <= FEW_UNITS
    hot = HOT if few or blocks.place is None else WARM
    return hot, ROUNDS if few else max(UNIT_ROUNDS // n, MIN_ROUNDS)


def _least_excess(terms: Terms, floor: float) -> float:
    """How far beyond its tolerance the worst load is with any plan, in steps of balance."""
    ideal = terms.ideal_shares()
    beyond = (floor - float(terms.tolerances(1)[0])) * float(ideal.min()) * len(ideal)
    return float(np.ceil(max(0.0, beyond - 1e-9) / BALANCE_STEP))


def _matched(blocks: Blocks, district: Int32s, k: int) -> Int32s:
    """The districts renumbered so that as little as possible is away from home."""
    known = blocks.home >= 0
    shared = np.zeros((k, max(k, int(blocks.home.max()) + 1)))
    np.add.at(shared, (district[known], blocks.home[known]), blocks.price[known])
    rows, columns = linear_sum_assignment(-shared[:, :k])
    number = np.empty(k, dtype=np.int32)
    number[rows] = columns
    return number[district]
