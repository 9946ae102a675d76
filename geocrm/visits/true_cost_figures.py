"""Figures of a territory's weeks with their standard errors, and the difference of two plans. Pure.

Each figure carries its influence: how far each sampled week pulls it. The standard error follows
from the influences of one plan, that of a difference from those of both, week by week, so that what
both plans share cancels out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from geocrm.errors import InvalidInput
from geocrm.visits.true_cost_terms import SERIES

Floats = NDArray[np.float64]
SECONDS_PER_HOUR: Final = 3_600.0
METRES_PER_KM: Final = 1_000.0
# A difference is called clear when chance alone would show one as large in one case of twenty.
CONFIDENCE: Final = 0.95
MAX_RATE: Final = 1e12
# In the order they are shown.
FIGURES: Final = (
    "due", "planned", "left", "far", "no_place", "drive_h", "km", "visit_h", "utilisation",
    "drive_min", "reps", "all_drive_h", "all_km", "all_hours", "all_drive_min", "nights",
    "crossings", "reckoned", "cost",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """What a kilometre, an hour of work and a night away cost; None is not known."""

    per_km: float | None = None
    per_hour: float | None = None
    per_night: float | None = None

    def __post_init__(self) -> None:
        for rate in (self.per_km, self.per_hour, self.per_night):
            if rate is not None and not 0 <= rate <= MAX_RATE:
                raise InvalidInput("A cost is a number from 0 up, not {rate}", rate=rate)

    @property
    def known(self) -> bool:
        """Whether there is anything to reckon with."""
        return any(rate is not None for rate in (self.per_km, self.per_hour, self.per_night))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure a week, and the influence of each sampled week, shape (w,), which add up to 0."""

    value: float
    influence: Floats

    @property
    def error(self) -> float | None:
        """The standard error; None with one week, which says nothing of others."""
        count = len(self.influence)
        return float(self.influence.std(ddof=1) / np.sqrt(count)) if count > 1 else None

    def minus(self, other: "Estimate") -> "Estimate":
        """The difference, week by week."""
        return Estimate(self.value - other.value, self.influence - other.influence)

    def document(self) -> dict[str, float | None]:
        """As it is shown."""
        error = self.error
        return {"value": round(self.value, 4), "se": None if error is None else round(error, 4)}


def mean(series: Floats) -> Estimate:
    """The mean of the weeks."""
    middle = float(series.mean())
    return Estimate(middle, series - middle)


def ratio(over: Floats, below: Floats) -> Estimate | None:
    """The sum of one over the sum of the other; None when there is nothing below.

    Linearised: W. G. Cochran (1977), Sampling Techniques, 3rd edition, section 2.11.
    """
    middle = float(below.mean())
    if not middle:
        return None
    value = float(over.mean()) / middle
    return Estimate(value, (over - value * below) / middle)


def figures(
    weeks: Mapping[str, Sequence[float]], asked: Mapping[str, Any], days: int, rates: Rates
) -> dict[str, Estimate | None]:
    """The figures of `SERIES` by week, with `days` of all reps together in a week."""
    at = {name: np.array(held, dtype=np.float64) for name, held in weeks.items()}
    shift_s = asked["shift_end_s"] - asked["shift_start_s"]
    visit_s = float(asked["visit_s"])
    spent_s = at["drive_s"] + at["planned"] * visit_s
    all_s = at["all_drive_s"] + at["due"] * visit_s
    return {
        **{name: mean(at[name]) for name in ("due", "planned", "far", "no_place", "nights")},
        "reckoned": mean(at["reckoned"]),
        # What was measured before ferries were reckoned with has none.
        "crossings": mean(at["crossings"]) if "crossings" in at else None,
        "left": mean(at["due"] - at["planned"]),
        "drive_h": mean(at["drive_s"] / SECONDS_PER_HOUR),
        "km": mean(at["distance_m"] / METRES_PER_KM),
        "visit_h": mean(at["planned"] * visit_s / SECONDS_PER_HOUR),
        "utilisation": mean(spent_s / (days * shift_s)) if days else None,
        "drive_min": ratio(at["drive_s"] / 60, at["planned"]),
        "reps": mean(all_s / (asked["days"] * shift_s)),
        "all_drive_h": mean(at["all_drive_s"] / SECONDS_PER_HOUR),
        "all_km": mean(at["all_distance_m"] / METRES_PER_KM),
        "all_hours": mean(all_s / SECONDS_PER_HOUR),
        "all_drive_min": ratio(at["all_drive_s"] / 60, at["due"]),
        "cost": _cost(at, all_s, rates),
    }


def added_up(territories: Sequence[Mapping[str, Any]]) -> tuple[dict[str, list[float]], int]:
    """The weeks of a whole plan, and the days of all who work in it."""
    weeks = {
        name: np.sum([each["weeks"][name] for each in territories], axis=0).tolist()
        for name in SERIES
        if all(name in each["weeks"] for each in territories)
    }
    return weeks, sum(each["days"] for each in territories)


def difference(
    before: Mapping[str, Estimate | None], after: Mapping[str, Estimate | None]
) -> dict[str, dict[str, Any] | None]:
    """After less before, with the standard error and whether it is more than chance."""
    found: dict[str, dict[str, Any] | None] = {}
    for name in FIGURES:
        a, b = before[name], after[name]
        if a is None or b is None:
            found[name] = None
            continue
        gap = b.minus(a)
        found[name] = gap.document() | {"clear": _is_clear(gap)}
    return found


def shown(found: Mapping[str, Estimate | None]) -> dict[str, dict[str, float | None] | None]:
    """Figures as they are answered."""
    return {name: None if (one := found[name]) is None else one.document() for name in FIGURES}


def _cost(at: Mapping[str, Floats], all_s: Floats, rates: Rates) -> Estimate | None:
    if not rates.known:
        return None
    return mean(
        at["all_distance_m"] / METRES_PER_KM * (rates.per_km or 0.0)
        + all_s / SECONDS_PER_HOUR * (rates.per_hour or 0.0)
        + at["nights"] * (rates.per_night or 0.0)
    )


def _is_clear(gap: Estimate) -> bool | None:
    """Whether a paired t-test tells the difference from nothing; None with one week."""
    error = gap.error
    if error is None:
        return None
    bound = float(stdtrit(len(gap.influence) - 1, (1 + CONFIDENCE) / 2)) * error
    return bool(abs(gap.value) > bound)
