"""How much of today's plan must stay: districts of a question of arrays that have numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Sums of shares in another order differ by no more.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Today:
    """What a unit is worth in the district that has its number of today.

    Attributes
    ----------
    stay
        Shape (n, k), >= 0, in each row at most one that is not 0; they add up to 1, or to 0.
    held
        Shape (k,), a unit that must be in the district of this number, or -1.
    least
        The least sum of `stay` that a plan may have.
    """

    stay: Floats
    held: Indices
    least: float = 0.0

    def numbered(self, district: ArrayLike) -> Indices:
        """The same plan with the numbers that held units have, and that move least."""
        home = np.asarray(district, dtype=np.intp)
        k = len(self.held)
        shared = np.zeros((k, k))
        np.add.at(shared, home, self.stay)
        numbers = np.flatnonzero(self.held >= 0)
        # More than all that could be moved.
        np.add.at(shared, (home[self.held[numbers]], numbers), 2.0)
        rows, columns = linear_sum_assignment(-shared)
        number = np.empty(k, dtype=np.intp)
        number[rows] = columns
        return number[home]

    def allows(self, district: ArrayLike) -> bool:
        """Whether enough stays with the best numbers, and held units have theirs."""
        named = self.numbered(district)
        numbers = np.flatnonzero(self.held >= 0)
        if (named[self.held[numbers]] != numbers).any():
            return False
        kept = float(self.stay[np.arange(len(named)), named].sum())
        return kept >= self.least - _ROUNDING
