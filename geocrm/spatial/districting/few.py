"""The best of all plans of a handful of units: every part that could be a district is looked at.

A search keeps a hair away from limits and wishes, which on a large map costs nothing; of few units
it can shut out the best plan, or the only one.
"""

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.compiling import bands
from geocrm.spatial.districting.groups import groups_of
from geocrm.spatial.districting.plan import to_centres, ways
from geocrm.spatial.districting.problem import Floats, Indices, Objective, Terms, Units
from geocrm.spatial.districting.proof import today_of

Bools = NDArray[np.bool_]

# There are 2**n parts, and 3**n pairs of one and what it leaves.
HANDFUL = 11
# Loads beyond a limit by less than this share of the mean are within it.
_ROUNDING = 1e-9


def best_of_few(units: Units, terms: Terms) -> Indices | None:
    """The plan nearest to the limits, and of these the one of least value; None if there is none.

    It keeps to locks, groups and pairs; `terms` may have no budget and no weight on stability.
    """
    return _Parts(units, terms).best()


class _Parts:
    """All sets of units as bits of a number, and what each would be as a district."""

    def __init__(self, units: Units, terms: Terms) -> None:
        self.units, self.terms = units, terms
        n, self.k = len(units), terms.num_districts
        self.every = np.arange(1 << n)
        self.member = (self.every[:, None] >> np.arange(n) & 1).astype(bool)
        self.alike = terms.shares is None and terms.centres is None and terms.locked is None

    def best(self) -> Indices | None:
        allowed, beyond, value = self._allowed(), self._beyond(), self._value()
        least, _ = self._combined(np.where(allowed, beyond, np.inf), np.maximum)
        if not np.isfinite(least):
            return None
        near = allowed & (beyond <= least + _ROUNDING)
        _, district = self._combined(np.where(near, value, np.inf), np.add)
        terms = self.terms
        if terms.current is None or terms.shares is not None or terms.centres is not None:
            return district
        return today_of(self.units, terms).numbered(district)

    def _allowed(self) -> Bools:
        """Shape (k, parts): whether a part is in one piece and as wishes have it."""
        terms, member = self.terms, self.member
        fits = self._in_one_piece()
        for group in groups_of(len(self.units), terms.together):
            fits &= member[:, group].all(axis=1) | ~member[:, group].any(axis=1)
        for a, b in terms.apart:
            fits &= ~(member[:, a] & member[:, b])
        each = np.repeat(fits[None, :], self.k, axis=0)
        if terms.locked is not None:
            for unit in np.flatnonzero(terms.locked >= 0):
                own = np.arange(self.k) == terms.locked[unit]
                each &= member[:, unit][None, :] == own[:, None]
        return each

    def _in_one_piece(self) -> Bools:
        beside = np.zeros(len(self.units), dtype=np.intp)
        for a, b in self.units.edges.tolist():
            beside[a] |= 1 << b
            beside[b] |= 1 << a
        reached = self.every & -self.every
        for _ in beside:
            for unit, neighbours in enumerate(beside.tolist()):
                reached |= np.where(reached >> unit & 1, neighbours, 0) & self.every
        return np.asarray((reached == self.every) & (self.every > 0))

    def _beyond(self) -> Floats:
        """Shape (k, parts): how far a load is beyond its limits, as a share of the mean."""
        weights = self.units.balanced()[0]
        low, high = bands(self.terms, weights)
        load = self.member @ (weights / weights.sum(axis=0))
        off = np.maximum(low[:, None, :] - load, load - high[:, None, :]).max(axis=2) * self.k
        return np.asarray(np.where(off <= _ROUNDING, 0.0, off))

    def _value(self) -> Floats:
        """Shape (k, parts)."""
        units, terms = self.units, self.terms
        weight = units.balanced()[0][:, :1]
        if terms.objective is Objective.CUT_EDGES:
            one, other = (self.member[:, units.edges[:, end]] for end in (0, 1))
            cost = (one != other).sum(axis=1) / 2
        elif terms.centres is not None:
            return np.asarray((self.member @ (to_centres(units, terms) * weight)).T)
        else:
            everyone = np.arange(len(units))
            paid = self.member @ (ways(units, terms.objective, everyone, everyone) * weight)
            cost = np.where(self.member, paid, np.inf).min(axis=1)
        return np.repeat(cost[None, :], self.k, axis=0)

    def _combined(self, cost: Floats, add: np.ufunc) -> tuple[float, Indices]:
        """The least cost of k parts that are everything together, and the part of each unit."""
        least = np.full(len(self.every), np.inf)
        least[0] = 0.0
        chosen = np.zeros((self.k, len(self.every)), dtype=np.intp)
        for d in range(self.k):
            before, least = least, np.full(len(self.every), np.inf)
            for part in np.flatnonzero(np.isfinite(cost[d])).tolist():
                # Parts that are alike come in the order of their first units, or each plan would
                # be met k! times.
                first = (part & -part) - 1 if self.alike else 0
                rest = self.every[(self.every & (part | first)) == first]
                found = add(before[rest], cost[d, part])
                better = found < least[rest | part]
                least[(rest | part)[better]] = found[better]
                chosen[d, (rest | part)[better]] = part
        district = np.zeros(len(self.units), dtype=np.intp)
        left = len(self.every) - 1
        for d in range(self.k - 1, -1, -1):
            district[self.member[chosen[d, left]]] = d
            left ^= int(chosen[d, left])
        return float(least[-1]), district
