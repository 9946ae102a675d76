"""How much a customer needs a visit on a day: cadence, lateness, and the prize of a visit. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

# Visits a year by segment where the account itself says nothing: monthly, every second month,
# quarterly, twice a year, as field sales plan for customers of decreasing worth.
VISITS_A_YEAR: Final = {"A": 12, "B": 6, "C": 4, "D": 2}
VISITS_A_YEAR_OTHERWISE: Final = 4
# What a visit that is due counts for, beside its lateness: an A customer twice a C customer.
WORTH: Final = {"A": 4.0, "B": 3.0, "C": 2.0, "D": 1.0}
WORTH_OTHERWISE: Final = 2.0
DAYS_A_YEAR: Final = 365.0
# From three quarters of its interval on a customer may fill a day that has room left.
SOON: Final = 0.75
# Beyond this, more lateness adds nothing: a customer forgotten for years must not outweigh a day
# of others. Whoever was never visited is as late as can be.
MOST_LATE: Final = 3.0
# Nobody was there: the trip is still owed, so it counts for a quarter more.
NOBODY_BONUS: Final = 1.25


@dataclass(frozen=True, slots=True)
class History:
    """What is known of the visits to one account.

    `outcome` is the newest of its planned visits, on `outcome_day`; `postponed_to` belongs to it.
    """

    segment: str | None
    visits_per_year: int | None
    last_visit: date | None
    outcome: str | None = None
    outcome_day: date | None = None
    postponed_to: date | None = None


@dataclass(frozen=True, slots=True)
class Urgency:
    """How late a visit is (1.0 is due today), what it is worth, and why now."""

    lateness: float
    prize: float
    why: dict[str, Any]

    @property
    def is_due(self) -> bool:
        """Whether the visit is due on the day."""
        return self.lateness >= 1.0

    @property
    def is_soon(self) -> bool:
        """Whether the visit may fill a day with room left."""
        return self.lateness >= SOON


def interval_days(segment: str | None, visits_per_year: int | None) -> float:
    """Days between two visits of a customer; infinite for one who wants none."""
    a_year = visits_per_year
    if a_year is None:
        a_year = VISITS_A_YEAR.get(segment or "", VISITS_A_YEAR_OTHERWISE)
    return DAYS_A_YEAR / a_year if a_year > 0 else float("inf")


def urgency(history: History, day: date) -> Urgency:
    """How much the customer needs a visit on the day."""
    every = interval_days(history.segment, history.visits_per_year)
    if every == float("inf"):
        return Urgency(0.0, 0.0, {"kind": "unwanted"})
    known = {"every": round(every)}
    if history.last_visit is None:
        lateness, why = MOST_LATE, {"kind": "never", **known}
    else:
        days = (day - history.last_visit).days
        lateness = min(max(days / every, 0.0), MOST_LATE)
        why = {"kind": "due" if lateness >= 1 else "soon", "days": days, **known}
    lateness, why = _after_outcome(history, day, lateness, why)
    return Urgency(lateness, worth(history.segment) * lateness, why)


def due_on(history: History) -> date | None:
    """The first day the customer is due by cadence; None for one who wants no visits."""
    every = interval_days(history.segment, history.visits_per_year)
    if every == float("inf"):
        return None
    if history.last_visit is None:
        return date.min
    return history.last_visit + timedelta(days=int(-(-every // 1)))


def worth(segment: str | None) -> float:
    """What a visit that is just due counts for."""
    return WORTH.get(segment or "", WORTH_OTHERWISE)


def _after_outcome(
    history: History, day: date, lateness: float, why: dict[str, Any]
) -> tuple[float, dict[str, Any]]:
    """A visit postponed waits for its day and is then due; one without anybody there is owed."""
    if history.last_visit and history.outcome_day and history.last_visit >= history.outcome_day:
        return lateness, why  # somebody has been there since
    if history.outcome == "postponed" and history.postponed_to is not None:
        if day < history.postponed_to:
            return 0.0, {"kind": "waiting", "until": history.postponed_to.isoformat()}
        return max(lateness, 1.0), {"kind": "postponed", "to": history.postponed_to.isoformat()}
    if history.outcome == "nobody" and history.outcome_day is not None:
        owed = min(max(lateness, 1.0) * NOBODY_BONUS, MOST_LATE * NOBODY_BONUS)
        return owed, {"kind": "nobody", "on": history.outcome_day.isoformat()}
    return lateness, why
