"""The best plan out of all parts that could be a district, where they are few enough to list.

Where a district has some six units there are few connected sets within its limits, and choosing
among them is a programme with one row a unit whose bound is nearly the best plan itself: far
stronger than that of Hess's model. Source: R. S. Garfinkel, G. L. Nemhauser (1970),
doi:10.1287/mnsc.16.8.B495.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array

from geocrm.spatial.districting.hess import Hess
from geocrm.spatial.districting.separators import neighbour_lists

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# With more connected sets than this the parts are not listed.
MOST_PARTS = 200_000
# Among more than this HiGHS takes no heed of the clock.
MOST_NEAR = 8_000


def best_of_parts(
    model: Hess, below: float, gap: float, seconds_left: Callable[[], float]
) -> tuple[float, Indices | None] | None:
    """What no plan costs less than, and the best plan; None where the parts are too many.

    There is no plan where none costs less than `below`, or the time is over. What must stay of
    today's plan is not looked at.
    """
    member = _parts(model, seconds_left)
    if member is None:
        return None
    paid = member @ model.cost
    cost = np.where(member, paid, np.inf).min(axis=1)
    programme = _Choice(member, cost, model.num_districts)
    near = programme.near(below, seconds_left())
    if near is None:
        return below, None
    if len(near) > MOST_NEAR:
        return None
    found = programme.chosen(near, gap, seconds_left())
    if found.status == 2:
        return below, None
    if found.mip_dual_bound is None:
        return None
    # Parts that are far have been left out: plans with them cost `below` or more.
    value = min(float(found.mip_dual_bound) * programme.scale, below)
    if found.x is None:
        return value, None
    return value, np.asarray(member[near[found.x > 0.5]].argmax(axis=0), dtype=np.intp)


class _Choice:
    """Choose k parts, of which each unit is in one."""

    def __init__(self, member: NDArray[np.bool_], cost: Floats, num_districts: int) -> None:
        self.scale = max(float(cost.mean()), 1e-300) if len(cost) else 1.0
        self.cost = cost / self.scale
        self.rows = csc_array(np.vstack([member.T, np.ones(len(member))]).astype(np.float64))
        self.target = np.append(np.ones(member.shape[1]), num_districts)

    def near(self, below: float, seconds: float) -> Indices | None:
        """The parts that a plan of less than `below` may have; None if there is no such plan."""
        if not len(self.cost):
            return None
        # scipy's own types know of no sparse rows here.
        rows: Any = self.rows
        limit: Any = {"time_limit": min(max(seconds, 0.1), 3e7)}
        found: Any = linprog(self.cost, A_eq=rows, b_eq=self.target, options=limit)
        if found.status == 2:
            return None
        if found.status != 0 or not np.isfinite(below):
            return np.arange(len(self.cost))
        more = self.cost - self.rows.T @ found.eqlin.marginals
        room = below / self.scale - found.fun
        near = np.flatnonzero(more <= room + 1e-6 * (1 + abs(found.fun)))
        return near if len(near) else None

    def chosen(self, near: Indices, gap: float, seconds: float) -> Any:
        """One run of HiGHS with these parts."""
        return milp(
            self.cost[near], integrality=np.ones(len(near), dtype=np.uint8), bounds=Bounds(0, 1),
            constraints=[LinearConstraint(self.rows[:, near], self.target, self.target)],
            options={"mip_rel_gap": gap, "time_limit": min(max(seconds, 0.1), 3e7)},
        )  # fmt: skip


def _parts(model: Hess, seconds_left: Callable[[], float]) -> NDArray[np.bool_] | None:
    """Shape (parts, n): connected sets within the limits, as groups and pairs wish."""
    n = len(model)
    listed = _connected(model, seconds_left)
    if listed is None:
        return None
    bits = np.array(listed, dtype=np.uint64)
    member = (bits[:, None] >> np.arange(n, dtype=np.uint64) & np.uint64(1)).astype(bool)
    load = member @ model.weight
    fits = ((load >= model.low) & (load <= model.high)).all(axis=1)
    for group in model.together:
        fits &= member[:, group].all(axis=1) | ~member[:, group].any(axis=1)
    for one, other in model.apart.tolist():
        fits &= ~(member[:, one] & member[:, other])
    return np.asarray(member[fits])


def _connected(model: Hess, seconds_left: Callable[[], float]) -> list[int] | None:
    """Each connected set of at most `high` of the first measure once, as bits of a number.

    A set grows from its first unit; a unit beside it is taken in or left out for good.
    """
    beside = [
        sum(1 << int(each) for each in near) for near in neighbour_lists(len(model), model.edges)
    ]
    weight, high = model.weight[:, 0].tolist(), int(model.high[0])
    found: list[int] = []
    for first in range(len(model)):
        if seconds_left() <= 0:
            return None
        seen = (2 << first) - 1 | beside[first]
        waiting = [(1 << first, weight[first], beside[first] & ~((2 << first) - 1), seen)]
        while waiting:
            part, load, border, seen = waiting.pop()
            if load > high:
                continue
            found.append(part)
            if len(found) > MOST_PARTS:
                return None
            while border:
                bit = border & -border
                border ^= bit
                unit = bit.bit_length() - 1
                wider = border | beside[unit] & ~seen
                waiting.append((part | bit, load + weight[unit], wider, seen | beside[unit]))
    return found
