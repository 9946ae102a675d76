"""A plan on five axes, each from 0 to 100 with the figure behind it; arrays only, no database.

No axis is weighed against another and there is no total: what counts more is for people to say.
What 0 and 100 mean on each axis stands at its function and in docs/territory-compare.md.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geocrm.territories.matching import NONE, twins

Floats = NDArray[np.float64]

# The largest deviation that is worth nothing: a territory holds half as much again as the mean.
WORST_DEVIATION: Final = 0.5
# Mean distance from the middle of a circle of area 1.
MEAN_RADIUS: Final = 2 / (3 * np.sqrt(np.pi))


class Axis(enum.StrEnum):
    """What a plan is rated in."""

    BALANCE = "balance"
    COMPACTNESS = "compactness"
    TRAVEL = "travel"
    STABILITY = "stability"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class Divided:
    """A plan over n units of its area, in k territories.

    `load` is what is balanced, `accounts` the customers, `area_km2` all of shape (n,) and >= 0;
    `place` (n, 3), km; `district` (n,) the territory of each unit in [0, k), or -1 for none;
    `today` (n,) its territory in the plan that changes are counted from, -1 for none, or None
    without such a plan; `staffed` (k,) whether somebody is named there.
    """

    load: Floats
    accounts: Floats
    area_km2: Floats
    place: Floats
    district: NDArray[np.intp]
    today: NDArray[np.intp] | None
    staffed: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many territories."""
        return len(self.staffed)

    def people(self) -> Floats:
        """What travels, moves and is covered: customers, or the load where there are none."""
        if self.accounts.sum() > 0:
            return self.accounts
        return self.load if self.load.sum() > 0 else np.ones(len(self.load))

    def within(self, values: Floats) -> Floats:
        """The sum of `values` (n,) in each territory, shape (k,)."""
        held = self.district >= 0
        found = np.bincount(self.district[held], weights=values[held], minlength=self.count)
        return found.astype(np.float64)


@dataclass(frozen=True, slots=True)
class Rating:
    """A plan on one axis: 100 is the best; None when it cannot be said. `figures` are behind it."""

    axis: Axis
    score: float | None
    figures: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """The rating as JSON."""
        return {
            "axis": self.axis.value,
            "score": None if self.score is None else round(self.score, 1),
            "figures": {name: round(value, 6) for name, value in self.figures.items()},
        }


def rate(plan: Divided, yardstick: int | None = None) -> tuple[Rating, ...]:
    """The plan on all axes; `yardstick` is the number of circles that travel is measured by."""
    return (
        balance(plan),
        compactness(plan),
        travel(plan, yardstick),
        stability(plan),
        coverage(plan),
    )


def balance(plan: Divided) -> Rating:
    """100 when all territories hold the same, 0 when one is 50 % or more off the mean; linear."""
    load = plan.within(plan.load)
    mean = float(load.mean())
    deviation = float(np.abs(load / mean - 1).max()) if mean > 0 else 0.0
    score = 100 * max(0.0, 1 - deviation / WORST_DEVIATION)
    return Rating(Axis.BALANCE, score, {"deviation": deviation})


def compactness(plan: Divided) -> Rating:
    """The moment of inertia of a circle over that of a territory of its area, mean of all, x 100.

    By area, about the middle of each territory; a unit counts as a circle of its own. 1 is a
    circle, 0.5 a rectangle three and a half times as long as wide; what that takes beyond 1 counts
    as 1. Source: W. Li, M. F. Goodchild, R. Church (2013), An efficient measure of
    compactness for two-dimensional shapes, doi:10.1080/13658816.2012.752093.
    """
    area = plan.within(plan.area_km2)
    inertia = plan.within(plan.area_km2 * _square_distance(plan, plan.area_km2))
    there = inertia > 0
    if not there.any():
        return Rating(Axis.COMPACTNESS, None, {})
    share = np.minimum(area[there] ** 2 / (2 * np.pi * inertia[there]), 1.0)
    found = float(share.mean())
    return Rating(Axis.COMPACTNESS, 100 * found, {"share": found, "least": float(share.min())})


def travel(plan: Divided, yardstick: int | None = None) -> Rating:
    """How far customers are from the middle, against circles that hold equally many of them, x 100.

    The yardstick is the mean distance if each of as many territories were a circle with the same
    number of customers, as densely as they live in each unit: what no border, coast or unit allows
    in full. As near as that or nearer is 100, twice as far 50. Straight lines; the spread inside a
    unit counts as that of a circle.
    """
    people, circles = plan.people(), yardstick or plan.count
    held = plan.district >= 0
    if not people[held].sum() > 0:
        return Rating(Axis.TRAVEL, None, {})
    away = np.sqrt(_square_distance(plan, people))
    km = float((people[held] * away[held]).sum() / people[held].sum())
    part = people[held] / people[held].sum()
    spread = float(np.sqrt(part * plan.area_km2[held]).sum())
    best = float(MEAN_RADIUS * spread / np.sqrt(circles))
    score = 100 * min(1.0, best / km) if km > 0 else 100.0
    return Rating(Axis.TRAVEL, score, {"km": km, "circles_km": best, "circles": circles})


def stability(plan: Divided) -> Rating:
    """The share of customers that keep their territory, x 100; None without a plan to count from.

    Territories are matched by what they share: another number or name moves nobody.
    """
    if plan.today is None:
        return Rating(Axis.STABILITY, None, {})
    both = (plan.today >= 0) & (plan.district >= 0)
    people = plan.people()
    known = float(people[plan.today >= 0].sum())
    if not both.any() or known <= 0:
        return Rating(Axis.STABILITY, None, {})
    before, after = plan.today[both], plan.district[both]
    twin = np.full(plan.count, NONE, dtype=np.intp)
    found = twins(before, after, people[both])
    twin[: len(found)] = found
    stays = float(people[both][twin[after] == before].sum())
    moved = 1 - stays / known
    return Rating(Axis.STABILITY, 100 * (1 - moved), {"moved": moved, "accounts": known - stays})


def coverage(plan: Divided) -> Rating:
    """The share of customers in a territory that has somebody, x 100.

    While the plan names nobody at all it cannot be said: people are still to be chosen.
    """
    people = plan.people()
    total = float(people.sum())
    if total <= 0:
        return Rating(Axis.COVERAGE, None, {})
    held = plan.within(people)
    found = {
        "unassigned": 1 - float(held.sum()) / total,
        "unstaffed": float((~plan.staffed).sum()),
    }
    if not plan.staffed.any():
        return Rating(Axis.COVERAGE, None, found)
    covered = float(held[plan.staffed].sum()) / total
    return Rating(Axis.COVERAGE, 100 * covered, found | {"share": covered})


def _square_distance(plan: Divided, mass: Floats) -> Floats:
    """Mean square distance of a unit's ground from its territory's middle by `mass`, (n,), km2."""
    held = plan.district >= 0
    home, weight = plan.district[held], mass[held]
    # A little of everything, so that a territory without any has a middle too.
    weight = weight + max(float(weight.sum()), 1.0) * 1e-12
    middle = np.zeros((plan.count, plan.place.shape[1]))
    np.add.at(middle, home, weight[:, None] * plan.place[held])
    total = np.bincount(home, weights=weight, minlength=plan.count)
    middle /= np.where(total > 0, total, 1.0)[:, None]
    found = np.zeros(len(plan.district))
    found[held] = ((plan.place[held] - middle[home]) ** 2).sum(axis=1)
    # The mean square distance from the middle of a circle of that area.
    return found + plan.area_km2 / (2 * np.pi)
