"""The best plan, proven: prices rule out most of the ground, a mixed-integer programme the rest.

Where few parts could be districts it chooses among these, see `parts`; else it is Hess's model.
Contiguity is asked for only where a solution breaks it, round by round. Source: H. Validi,
A. Buchanan, E. Lykhovyd (2022), doi:10.1287/opre.2021.2141; HiGHS does the work (scipy's own).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from geocrm.spatial.districting.allocation import allocation_bound
from geocrm.spatial.districting.bound import Bound
from geocrm.spatial.districting.bounds import GlobalBound, global_bound
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.hess import Hess
from geocrm.spatial.districting.parts import best_of_parts
from geocrm.spatial.districting.separators import missing_ways, neighbour_lists
from geocrm.spatial.districting.today import Today

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# What HiGHS calls satisfied may be off by this share; bounds are lowered by it.
SOLVER_TOLERANCE = 1e-6
# Above so many pairs of unit and centre the programme isn't tried.
MOST_PAIRS = 60_000
# Of up to so many units the parts that could be districts are listed, where these are few.
MOST_LISTED = 60
# A plan for given centres: how near to the best, within how many rounds, and which other centres
# a unit may go to, as the share of the cost that this adds at the prices of the centres.
PLAN_GAP, MOST_ROUNDS, NEAR = 3e-4, 30, 0.02
MOST_MOVES = 20
# With fewer pairs than this a unit needs a neighbour in its district from the start.
SUPPORT_PAIRS = 8_000
# A plan cheaper by this much rules out more, so the bound is sought anew.
WORTH_ANOTHER_BOUND = 0.998


@dataclass(frozen=True)
class Exact:
    """The best plan that was found, and what is proven about it.

    Attributes
    ----------
    bound
        Of kind "global"; `proven` when no plan costs less than `cost`, but for a millionth.
        Infinite, and `district` None, when it is proven that there is no plan at all.
    district
        Shape (n,), contiguous and within the limits; None when none was found.
    centres
        Shape (k,), the centre unit of each district.
    cost
        What `district` costs; infinite when there is none.
    """

    bound: Bound
    district: Indices | None
    centres: Indices | None
    cost: float


def solve_exact(
    model: Hess,
    *,
    incumbent: ArrayLike | None = None,
    effort: int = 2_000,
    seconds_left: Callable[[], float] = lambda: math.inf,
    progress: Callable[[float], None] | None = None,
) -> Exact:
    """The cheapest contiguous plan within the limits; in time for up to about 60 units.

    Parameters
    ----------
    model
        What is asked.
    incumbent
        Shape (n,), a plan to start from; the better it is, the sooner the proof.
    effort
        Most parts of the bound's search, see `global_bound`.
    seconds_left
        Asked between steps; at 0 the search ends with the best plan so far and a valid bound.
    progress
        Called with the bound so far.
    """
    search = _Exact(model, incumbent, seconds_left)
    return search.run(effort, progress)


class _Exact:
    """The best plan so far, and the programme of what may still be cheaper."""

    def __init__(
        self, model: Hess, incumbent: ArrayLike | None, seconds_left: Callable[[], float]
    ) -> None:
        self.model, self.seconds_left = model, seconds_left
        self.best: Indices | None = None
        self.cost = math.inf
        if incumbent is not None:
            self._offer(np.asarray(incumbent, dtype=np.intp))
        self.beside = neighbour_lists(len(model), model.edges)
        self.iterations = 0

    def run(self, effort: int, progress: Callable[[float], None] | None) -> Exact:
        if self.best is not None:
            self._plan_at(self._settled_centres(self.best))
        lower = self._lower(effort, progress)
        value, known = lower.bound.value, self.cost
        if lower.centres is not None and not lower.bound.proven:
            self._plan_at(lower.centres)
            if self.cost < known * WORTH_ANOTHER_BOUND and self.seconds_left() > 0:
                lower = self._lower(effort, progress)
                value = max(value, lower.bound.value)
        ended = lower.bound.stopped
        if not lower.bound.proven and lower.allowed.sum() <= MOST_PAIRS:
            value, ended = self._programme(lower.allowed, value)
        return self._result(value, ended)

    def _lower(self, effort: int, progress: Callable[[float], None] | None) -> GlobalBound:
        found = global_bound(
            self.model, incumbent=self.best, effort=effort, progress=progress,
            should_stop=lambda: self.seconds_left() <= 0,
        )  # fmt: skip
        self.iterations += found.bound.iterations
        return found

    def _settled_centres(self, district: Indices) -> Indices:
        """Centres of a plan, moved to the middle of what is allocated to them until they stay."""
        model = self.model
        centres, least = model.centres(district)[0], math.inf
        settled = centres
        for _ in range(MOST_MOVES):
            at = model.cost[:, centres]
            found = allocation_bound(at, model.weight, model.low, model.high)
            full = len(np.unique(found.district)) == model.num_districts
            if found.bound.value >= least or not full or self.seconds_left() <= 0:
                break
            settled, least = centres, found.bound.value
            centres = model.centres(found.district)[0]
        return settled

    def _plan_at(self, centres: Indices) -> None:
        """A plan with these centres that is nearly the best for them, where one is soon found."""
        at = self.model.cost[:, centres]
        found = allocation_bound(at, self.model.weight, self.model.low, self.model.high)
        priced = at + self.model.weight @ found.prices.T
        near = priced - priced.min(axis=1)[:, None] <= NEAR * found.bound.value
        allowed = np.zeros(self.model.cost.shape, dtype=bool)
        allowed[:, centres] = near
        allowed[centres, centres] = True
        programme = _Programme(self.model, allowed, self.beside)
        for _ in range(MOST_ROUNDS):
            if self.seconds_left() <= 0:
                break
            solution = programme.solve(self.seconds_left(), PLAN_GAP)
            self.iterations += 1
            if solution.x is None:
                break
            home = programme.homes(solution.x)
            if self._offer(np.unique(home, return_inverse=True)[1]):
                break
            if not programme.forbid(home):
                break

    def _result(self, value: float, ended: str) -> Exact:
        centres = None if self.best is None else self.model.centres(self.best)[0]
        proven = value >= self.cost * (1 - 2 * SOLVER_TOLERANCE)
        bound = Bound(min(value, self.cost), "global", proven, self.iterations, ended)
        return Exact(bound, self.best, centres, self.cost)

    def _offer(self, district: Indices) -> bool:
        """Keep a plan when it is one and is cheaper."""
        if not self.model.is_plan(district):
            return False
        cost = self.model.centres(district)[1]
        if cost < self.cost:
            self.best, self.cost = district, cost
        return True

    def _programme(self, allowed: NDArray[np.bool_], value: float) -> tuple[float, str]:
        """Solve what may still be cheaper, adding ways to centres until a solution is whole."""
        if self.model.today is None and len(self.model) <= MOST_LISTED:
            found = best_of_parts(self.model, self.cost, SOLVER_TOLERANCE / 2, self.seconds_left)
            if found is not None:
                self.iterations += 1
                if found[1] is not None:
                    self._offer(found[1])
                ended = "finished" if self.seconds_left() > 0 else "stopped"
                return max(value, found[0] * (1 - SOLVER_TOLERANCE)), ended
        programme = _Programme(self.model, allowed, self.beside)
        while self.seconds_left() > 0:
            found = programme.solve(self.seconds_left())
            self.iterations += 1
            if found.status == 2:
                return self.cost, "finished"
            if found.mip_dual_bound is not None:
                value = max(value, found.mip_dual_bound * programme.scale * (1 - SOLVER_TOLERANCE))
            if found.status == 1:
                # The clock; a plan it had by then is not proven to be the best.
                if found.x is not None:
                    self._offer(np.unique(programme.homes(found.x), return_inverse=True)[1])
                return value, "stopped"
            if found.x is None or value >= self.cost * (1 - SOLVER_TOLERANCE):
                break
            home = programme.homes(found.x)
            whole = self._offer(np.unique(home, return_inverse=True)[1])
            if not whole and not programme.forbid(home):
                break
            if whole:
                break
        return value, "finished" if self.seconds_left() > 0 else "stopped"


class _Programme:
    """Hess's model as rows and columns: one column for each allowed pair of unit and centre.

    Where today's plan must stay in part, columns follow for each centre and number, and for each
    pair in which the unit stays at home.
    """

    def __init__(self, model: Hess, allowed: NDArray[np.bool_], beside: list[Indices]) -> None:
        self.model, self.beside = model, beside
        allowed = allowed & np.diagonal(allowed)[None, :]
        self.unit, self.centre = np.nonzero(allowed)
        self.column = np.full(allowed.shape, -1)
        self.column[self.unit, self.centre] = np.arange(len(self.unit))
        costs = model.cost[self.unit, self.centre]
        self.scale = max(float(costs.sum()) / max(len(costs), 1), 1e-300)
        numbers = 0 if model.today is None else len(np.unique(self.centre)) * model.num_districts
        at_home = self._at_home()
        self.costs = np.concatenate([costs / self.scale, np.zeros(numbers + len(at_home))])
        self.whole = np.ones(len(self.costs), dtype=np.uint8)
        self.whole[len(costs) + numbers :] = 0
        self.rows = [self._once(), *self._loads(), self._only_at_centres()]
        self.ways: list[tuple[list[int], list[float], float]] = []
        self._bind()
        if model.today is not None:
            self._keep(model.today, at_home)
        if len(self.unit) <= SUPPORT_PAIRS:
            for unit, centre in zip(self.unit.tolist(), self.centre.tolist(), strict=True):
                if unit != centre and centre not in beside[unit]:
                    self._ask(centre, [(unit, 1.0), *((int(b), -1.0) for b in beside[unit])], 0.0)

    def _bind(self) -> None:
        """Units of a group have one centre; the two of a pair have not."""
        for centre in np.unique(self.centre).tolist():
            for group in self.model.together:
                for one, other in zip(group[:-1].tolist(), group[1:].tolist(), strict=True):
                    self._ask(centre, [(one, 1.0), (other, -1.0)], 0.0)
                    self._ask(centre, [(one, -1.0), (other, 1.0)], 0.0)
            for one, other in self.model.apart.tolist():
                self._ask(centre, [(one, 1.0), (other, 1.0)], 1.0)

    def _at_home(self) -> Indices:
        """The pairs of units that have a home."""
        today = self.model.today
        if today is None:
            return np.zeros(0, dtype=np.intp)
        return np.flatnonzero(today.stay[self.unit].max(axis=1) > 0)

    def _keep(self, today: Today, at_home: Indices) -> None:
        """Give each district a number, and let enough stay in the districts of their numbers."""
        centres, k, pairs = np.unique(self.centre), self.model.num_districts, len(self.unit)
        number = pairs + np.arange(len(centres) * k).reshape(len(centres), k)
        for row, centre in zip(number.tolist(), centres.tolist(), strict=True):
            self._row([*row, int(self.column[centre, centre])], [*[1.0] * k, -1.0], 0.0, 0.0)
        for column in number.T.tolist():
            self._row(column, [1.0] * len(column), 1.0, 1.0)
        at = np.searchsorted(centres, self.centre)
        for d in np.flatnonzero(today.held >= 0).tolist():
            for pair in np.flatnonzero(self.unit == today.held[d]).tolist():
                self._row([pair, int(number[at[pair], d])], [1.0, -1.0], -np.inf, 0.0)
        stays = pairs + number.size + np.arange(len(at_home))
        home = today.stay.argmax(axis=1)[self.unit]
        for pair, stay in zip(at_home.tolist(), stays.tolist(), strict=True):
            self._row([stay, pair], [1.0, -1.0], -np.inf, 0.0)
            self._row([stay, int(number[at[pair], home[pair]])], [1.0, -1.0], -np.inf, 0.0)
        worth = today.stay.max(axis=1)[self.unit[at_home]]
        self._row(stays.tolist(), worth.tolist(), today.least, np.inf)

    def _row(self, columns: list[int], entries: list[float], least: float, most: float) -> None:
        """Limit a sum of any columns."""
        if most < np.inf:
            self.ways.append((columns, entries, most))
        if least > -np.inf:
            self.ways.append((columns, [-entry for entry in entries], -least))

    def _matrix(
        self, rows: NDArray[Any], columns: NDArray[Any], entries: NDArray[Any], height: int
    ) -> csr_array:
        return csr_array((entries, (rows, columns)), shape=(height, len(self.costs)))

    def _once(self) -> LinearConstraint:
        n = len(self.model)
        own = self.column[np.arange(n), np.arange(n)]
        own = own[own >= 0]
        rows = np.concatenate([self.unit, np.full(len(own), n)])
        columns = np.concatenate([np.arange(len(self.unit)), own])
        target = np.ones(n + 1)
        target[n] = self.model.num_districts
        return LinearConstraint(
            self._matrix(rows, columns, np.ones(len(rows)), n + 1), target, target
        )

    def _loads(self) -> list[LinearConstraint]:
        found = []
        own = self.column[self.centre, self.centre]
        for c in range(self.model.weight.shape[1]):
            unit = max(float(self.model.high[c]), 1.0)
            share = self.model.weight[self.unit, c] / unit
            for limit, sign in ((self.model.low[c] / unit, -1.0), (self.model.high[c] / unit, 1.0)):
                entries = sign * share
                entries[own == np.arange(len(own))] -= sign * limit
                rows = self._matrix(self.centre, np.arange(len(own)), entries, len(self.model))
                found.append(LinearConstraint(rows, -np.inf, 0.0))
        return found

    def _only_at_centres(self) -> LinearConstraint:
        other = np.flatnonzero(self.unit != self.centre)
        rows = np.tile(np.arange(len(other)), 2)
        columns = np.concatenate([other, self.column[self.centre[other], self.centre[other]]])
        entries = np.repeat([1.0, -1.0], len(other))
        return LinearConstraint(self._matrix(rows, columns, entries, len(other)), -np.inf, 0.0)

    def solve(self, seconds: float, gap: float = SOLVER_TOLERANCE / 2) -> Any:
        """One run of HiGHS with all ways asked for so far."""
        # HiGHS takes no infinite time; a year is as good.
        limit = min(max(seconds, 0.1), 3e7)
        return milp(
            self.costs, integrality=self.whole, bounds=Bounds(0, 1),
            constraints=[*self.rows, *self._way_rows()],
            options={"mip_rel_gap": gap, "time_limit": limit},
        )  # fmt: skip

    def _way_rows(self) -> list[LinearConstraint]:
        if not self.ways:
            return []
        rows = np.repeat(np.arange(len(self.ways)), [len(way[0]) for way in self.ways])
        columns = np.concatenate([way[0] for way in self.ways])
        entries = np.concatenate([way[1] for way in self.ways])
        limits = np.array([way[2] for way in self.ways])
        return [
            LinearConstraint(self._matrix(rows, columns, entries, len(self.ways)), -np.inf, limits)
        ]

    def homes(self, x: Floats) -> Indices:
        """The centre of each unit in a solution."""
        home = np.empty(len(self.model), dtype=np.intp)
        chosen = x[: len(self.unit)] > 0.5
        home[self.unit[chosen]] = self.centre[chosen]
        return home

    def forbid(self, home: Indices) -> bool:
        """Rule a solution out where it breaks contiguity, or a limit by a rounding."""
        before = len(self.ways)
        for centre in np.unique(home):
            inside = home == centre
            for units, gate in missing_ways(inside, int(centre), self.model.edges, self.beside):
                # A gate between a piece and this centre is one to all centres on that side: asking
                # for all of them at once saves most rounds.
                for other in self._across(units, gate):
                    for unit in units:
                        self._ask(other, [(int(unit), 1.0), *((int(g), -1.0) for g in gate)], 0.0)
            load = self.model.weight[inside].sum(axis=0)
            if (load > self.model.high).any():
                units = np.flatnonzero(inside)
                self._ask(int(centre), [(int(u), 1.0) for u in units], len(units) - 1.0)
            if (load < self.model.low).any():
                others = [(int(u), -1.0) for u in np.flatnonzero(~inside)]
                self._ask(int(centre), [(int(centre), 1.0), *others], 0.0)
        return len(self.ways) > before

    def _across(self, units: Indices, gate: Indices) -> list[int]:
        """The centres that a district about them reaches these units from only through the gate."""
        shut = np.zeros(len(self.model), dtype=bool)
        shut[gate] = True
        open_edges = self.model.edges[~shut[self.model.edges].any(axis=1)]
        part = components(len(self.model), open_edges)
        near = np.isin(part, part[units])
        return [c for c in np.unique(self.centre).tolist() if not near[c] and not shut[c]]

    def _ask(self, centre: int, terms: list[tuple[int, float]], limit: float) -> None:
        held = [(int(self.column[u, centre]), sign) for u, sign in terms]
        held = [each for each in held if each[0] >= 0]
        self.ways.append(([column for column, _ in held], [sign for _, sign in held], limit))
