"""Districts about centre units as a question of arrays: Hess's model, checked and made ready."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.today import Today

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Hess:
    """Part n units into k contiguous districts, each about a unit of its own, at the least cost.

    Attributes
    ----------
    cost
        Shape (n, n), cost of unit i (row) in a district about unit j (column), >= 0.
    weight
        Shape (n, m), whole numbers >= 0, one column a measure.
    low, high
        Shape (m,), limits of every district's load, whole numbers.
    edges
        Shape (e, 2), neighbouring units.
    num_districts
        k, in [1, n].
    together, apart
        Groups of units of one district; pairs (p, 2) of units of different ones.
    today
        How much of today's plan must stay; None where all may move.
    """

    cost: Floats
    weight: Int64s
    low: Int64s
    high: Int64s
    edges: Indices
    num_districts: int
    together: tuple[Indices, ...] = ()
    apart: Indices = field(default_factory=lambda: np.zeros((0, 2), dtype=np.intp))
    today: Today | None = None

    @classmethod
    def of(
        cls, cost: ArrayLike, weight: ArrayLike, low: ArrayLike, high: ArrayLike,
        edges: ArrayLike, num_districts: int,
    ) -> "Hess":  # fmt: skip
        """The same from anything array-like.

        Raises
        ------
        ValueError
            Shapes differ, costs are negative or not numbers, or there are not 1..n districts.
        """
        costs = np.ascontiguousarray(cost, dtype=np.float64)
        n = len(costs)
        weights = np.ascontiguousarray(weight, dtype=np.int64).reshape(n, -1)
        shape = weights.shape[1:]
        if costs.shape != (n, n) or not (np.isfinite(costs).all() and (costs >= 0).all()):
            raise ValueError(f"cost must be ({n}, {n}) numbers of 0 or more")
        if (weights < 0).any():
            raise ValueError("Weights must be 0 or more")
        if not 1 <= num_districts <= n:
            raise ValueError(f"{num_districts} districts of {n} units")
        return cls(
            costs, weights,
            np.array(np.broadcast_to(np.asarray(low, dtype=np.int64), shape)),
            np.array(np.broadcast_to(np.asarray(high, dtype=np.int64), shape)),
            np.asarray(edges, dtype=np.intp).reshape(-1, 2), num_districts,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.cost)

    def cannot_balance(self) -> bool:
        """Whether the sums alone rule out every plan."""
        total, k = self.weight.sum(axis=0), self.num_districts
        return bool((total < k * self.low).any() or (total > k * self.high).any())

    def is_plan(self, district: ArrayLike) -> bool:
        """Whether an assignment is contiguous, within the limits, and as all wishes have it."""
        home = np.asarray(district, dtype=np.intp)
        if home.shape != (len(self),) or not is_contiguous(home, self.edges, self.num_districts):
            return False
        if any((home[group] != home[group[0]]).any() for group in self.together):
            return False
        if (home[self.apart[:, 0]] == home[self.apart[:, 1]]).any():
            return False
        if self.today is not None and not self.today.allows(home):
            return False
        load = np.zeros((self.num_districts, self.weight.shape[1]), dtype=np.int64)
        np.add.at(load, home, self.weight)
        return bool((load >= self.low).all() and (load <= self.high).all())

    def centres(self, district: ArrayLike) -> tuple[Indices, float]:
        """The best centre of each district and what the assignment costs with them."""
        home = np.asarray(district, dtype=np.intp)
        found, total = [], 0.0
        for j in range(self.num_districts):
            units = np.flatnonzero(home == j)
            paid = self.cost[np.ix_(units, units)].sum(axis=0)
            found.append(int(units[paid.argmin()]))
            total += float(paid.min())
        return np.array(found, dtype=np.intp), total

    def reachable(self) -> NDArray[np.bool_]:
        """Shape (n, n): whether some path from the centre (row) to the unit is light enough.

        A contiguous district holds a path from its centre to each unit, so where the lightest
        path weighs more than `high` no plan joins the two.
        """
        n = len(self)
        both = np.concatenate([self.edges, self.edges[:, ::-1]])
        both = np.unique(both[both[:, 0] != both[:, 1]], axis=0)
        allowed = np.ones((n, n), dtype=bool)
        for c in range(self.weight.shape[1]):
            # Stored zeros would be no edges; half a unit of weight on a path of n changes nothing.
            step = self.weight[both[:, 1], c] + 0.5 / n
            net = csr_array((step, (both[:, 0], both[:, 1])), shape=(n, n))
            path = np.asarray(dijkstra(net)) + self.weight[:, c][:, None]
            allowed &= path < self.high[c] + 0.5 + 1e-6
        return allowed
