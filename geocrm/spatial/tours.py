"""One rep's day: which visits, in what order, so that every window, the shift and the way home fit.

The highest total prize comes first, then the least driving. PyVRP searches in whole seconds,
rounded so that what it finds feasible is feasible; the times of the plan are then worked out anew
from the given figures, and `check_day` verifies any plan independently.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyvrp
from numpy.typing import NDArray
from pyvrp.stop import MaxIterations

from geocrm.errors import InvalidInput

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

WINDOW_CLOSED, TOO_FAR, DAY_FULL = "window_closed", "too_far", "day_full"
DAY_S = 86_400.0
DEFAULT_EFFORT = 3_000
# Prizes are told apart in so many steps between nothing and the highest one.
PRIZE_STEPS = 1_000
# Being late must never pay, whatever the prize; PyVRP's own bound is 1e5 a second.
MAX_PENALTY = 1e12
# Sums of rounded times may differ in their last digits.
TIME_TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class Day:
    """A day to be planned: n possible visits among N places.

    Parameters
    ----------
    travel_time_s, distance_m
        Shape (N, N), from row to column, >= 0, seconds and metres; infinite where there is no way.
        Row i < n is the place of visit i.
    service_s
        Shape (n,), length of each visit, >= 0.
    open_s, close_s
        Shape (n,), seconds since midnight; a visit begins at `open_s` or later and has ended by
        `close_s`.
    prize
        Shape (n,), worth of each visit, >= 0; only the proportions count.
    required
        Shape (n,), visits that come before all others whatever their prize; none by default.
    shift_start_s, shift_end_s
        The rep leaves `start` and is at `end` within these, seconds since midnight.
    start, end
        Rows of the matrices; may be the same.

    Raises
    ------
    InvalidInput
        A time, prize or distance is negative or not a number, or the shift ends before it begins.
    ValueError
        The shapes differ, or `start` or `end` is not a row.
    """

    travel_time_s: Floats
    distance_m: Floats
    service_s: Floats
    open_s: Floats
    close_s: Floats
    prize: Floats
    shift_start_s: float
    shift_end_s: float
    start: int
    end: int
    required: NDArray[np.bool_] | None = field(default=None)

    def __post_init__(self) -> None:
        n, places = len(self.service_s), len(self.travel_time_s)
        per_visit = (self.service_s, self.open_s, self.close_s, self.prize, self.must)
        if any(each.shape != (n,) for each in per_visit):
            raise ValueError(f"Every figure of the {n} visits must have shape ({n},)")
        if self.travel_time_s.shape != (places, places) or self.distance_m.shape != (
            places,
            places,
        ):
            raise ValueError("travel_time_s and distance_m must be square and of one size")
        if not (n <= places and 0 <= self.start < places and 0 <= self.end < places):
            raise ValueError(f"{n} visits, start {self.start}, end {self.end}: {places} places")
        amounts = (self.travel_time_s, self.distance_m, self.service_s, self.prize)
        if any(np.isnan(each).any() or (each < 0).any() for each in amounts):
            raise InvalidInput("Times, distances and prizes must be numbers of 0 or more")
        if not all(np.isfinite(each).all() for each in per_visit):
            raise InvalidInput("Visit times, windows and prizes must be finite numbers")
        if not self.shift_start_s <= self.shift_end_s:
            raise InvalidInput("The working day ends before it begins; swap its hours")

    @property
    def must(self) -> NDArray[np.bool_]:
        """Shape (n,): the visits that come first."""
        return np.zeros(len(self.service_s), dtype=bool) if self.required is None else self.required


@dataclass(frozen=True)
class DayPlan:
    """A day's tour.

    Attributes
    ----------
    order
        Shape (s,), the visits in the order they are made.
    arrive_s, depart_s, wait_s, drive_s
        Shape (s,): arrival, departure after the visit, wait before it, drive to it; seconds, the
        first two since midnight.
    leave_s, return_s
        Departure from the start and arrival at the end, seconds since midnight.
    total_drive_s, total_distance_m
        Of the whole tour with the way to the end; 0 when nobody is visited.
    unplanned
        Visits left out and why: "window_closed" (no room for the visit between its window and the
        shift), "too_far" (not even alone there and back in time) or "day_full".
    stopped
        "finished", or "stopped" when `should_stop` ended the search early.
    """

    order: Indices
    arrive_s: Floats
    depart_s: Floats
    wait_s: Floats
    drive_s: Floats
    leave_s: float
    return_s: float
    total_drive_s: float
    total_distance_m: float
    unplanned: tuple[tuple[int, str], ...]
    stopped: str = "finished"


def plan_day(
    day: Day,
    *,
    seed: int = 1,
    effort: int = DEFAULT_EFFORT,
    should_stop: Callable[[], bool] = lambda: False,
) -> DayPlan:
    """The tour with the highest total prize, then the least driving; the same seed, the same plan.

    Parameters
    ----------
    effort
        Iterations of the search, >= 1 (3,000 take about a second with 100 visits).
    should_stop
        Asked at every iteration; true ends the search with the best so far.

    Notes
    -----
    N. A. Wouda, L. Lan, W. Kool (2024), PyVRP: a high-performance VRP solver package,
    doi:10.1287/ijoc.2023.0055.
    """
    reasons = {i: why for i in range(len(day.service_s)) if (why := _hopeless(day, i))}
    visits = np.array([i for i in range(len(day.service_s)) if i not in reasons], dtype=np.intp)
    stop = _Stop(max(1, effort), should_stop)
    order = _search(day, visits, seed, stop) if len(visits) else visits
    reasons.update({int(i): DAY_FULL for i in np.setdiff1d(visits, order)})
    return schedule(day, order, tuple(sorted(reasons.items())), stop.reason)


def schedule(
    day: Day,
    order: Indices,
    unplanned: tuple[tuple[int, str], ...] = (),
    stopped: str = "finished",
) -> DayPlan:
    """The times of a tour in a given order, leaving as late as the first visit allows.

    Nothing is checked: a tour that does not fit shows times beyond its windows.
    """
    route = np.concatenate([[day.start], order, [day.end]]).astype(np.intp)
    legs = day.travel_time_s[route[:-1], route[1:]]
    if not len(order):
        none = np.zeros(0)
        began = float(day.shift_start_s)
        return DayPlan(order, none, none, none, none, began, began, 0.0, 0.0, unplanned, stopped)
    first = int(order[0])
    leave = max(float(day.shift_start_s), float(day.open_s[first] - legs[0]))
    clock, arrive, depart, wait = leave, [], [], []
    for visit, drive in zip(order, legs, strict=False):
        clock += float(drive)
        arrive.append(clock)
        wait.append(max(0.0, float(day.open_s[visit]) - clock))
        clock += wait[-1] + float(day.service_s[visit])
        depart.append(clock)
    return DayPlan(
        order=order,
        arrive_s=np.array(arrive),
        depart_s=np.array(depart),
        wait_s=np.array(wait),
        drive_s=legs[:-1],
        leave_s=leave,
        return_s=clock + float(legs[-1]),
        total_drive_s=float(legs.sum()),
        total_distance_m=float(day.distance_m[route[:-1], route[1:]].sum()),
        unplanned=unplanned,
        stopped=stopped,
    )


def check_day(day: Day, plan: DayPlan) -> list[str]:
    """What is wrong with a plan, a sentence each; empty when it keeps every promise.

    Shares no code with the planner, so that it can be trusted to judge it.
    """
    wrong = []
    left_out = [visit for visit, _ in plan.unplanned]
    if sorted([*plan.order.tolist(), *left_out]) != list(range(len(day.service_s))):
        wrong.append("Not every visit is either planned or listed as left out, exactly once")
    here, clock, driven, metres = day.start, plan.leave_s, 0.0, 0.0
    if clock < day.shift_start_s - TIME_TOLERANCE_S:
        wrong.append("The rep leaves before the working day begins")
    for at, visit in enumerate(plan.order.tolist()):
        driven += day.travel_time_s[here, visit]
        metres += day.distance_m[here, visit]
        arrival = clock + day.travel_time_s[here, visit]
        begin = arrival + plan.wait_s[at]
        clock = begin + day.service_s[visit]
        if abs(arrival - plan.arrive_s[at]) > TIME_TOLERANCE_S:
            wrong.append(f"Visit {visit} cannot be reached at the time it says")
        if abs(clock - plan.depart_s[at]) > TIME_TOLERANCE_S or plan.wait_s[at] < 0:
            wrong.append(f"Visit {visit} does not last as long as it must")
        if begin < day.open_s[visit] - TIME_TOLERANCE_S:
            wrong.append(f"Visit {visit} begins before its window opens")
        if clock > day.close_s[visit] + TIME_TOLERANCE_S:
            wrong.append(f"Visit {visit} ends after its window closes")
        here = visit
    if len(plan.order):
        clock += day.travel_time_s[here, day.end]
        driven += day.travel_time_s[here, day.end]
        metres += day.distance_m[here, day.end]
    if abs(clock - plan.return_s) > TIME_TOLERANCE_S:
        wrong.append("The day does not end when it says")
    if clock > day.shift_end_s + TIME_TOLERANCE_S:
        wrong.append("The rep comes back after the working day ends")
    if abs(driven - plan.total_drive_s) > 1e-3 or abs(metres - plan.total_distance_m) > 1e-3:
        wrong.append("Driving time or distance is not the sum of its legs")
    return wrong


def _hopeless(day: Day, visit: int) -> str:
    """Why a visit cannot be made even alone, in whole seconds as the search counts; or ''."""
    service = np.ceil(day.service_s[visit])
    opens, closes = np.ceil(day.open_s[visit]), np.floor(day.close_s[visit])
    begins, ends = np.ceil(day.shift_start_s), np.floor(day.shift_end_s)
    if max(opens, begins) + service > min(closes, ends):
        return WINDOW_CLOSED
    there = np.ceil(day.travel_time_s[day.start, visit])
    back = np.ceil(day.travel_time_s[visit, day.end])
    done = max(opens, begins + there) + service
    return TOO_FAR if done > closes or done + back > ends else ""


class _Stop:
    """Ends the search after its iterations, or when the caller says so."""

    def __init__(self, effort: int, should_stop: Callable[[], bool]) -> None:
        self._iterations = MaxIterations(effort)
        self._should_stop = should_stop
        self.reason = "finished"

    def __call__(self, best_cost: int) -> bool:
        if self._should_stop():
            self.reason = "stopped"
            return True
        return bool(self._iterations(best_cost))


def _search(day: Day, visits: Indices, seed: int, stop: _Stop) -> Indices:
    """The visits of the best tour found, in order."""
    params = pyvrp.SolveParams(penalty=pyvrp.PenaltyParams(max_penalty=MAX_PENALTY))
    result = pyvrp.solve(
        _problem(day, visits), stop, seed=seed % 2**32, collect_stats=False, params=params
    )
    if not result.best.is_feasible():
        return np.zeros(0, dtype=np.intp)
    inside = [
        activity.idx for route in result.best.routes() for activity in route if activity.is_client()
    ]
    return visits[np.array(inside, dtype=np.intp)]


def _problem(day: Day, visits: Indices) -> pyvrp.ProblemData:
    """The day in PyVRP's terms, in whole seconds; the distance it minimises is driving time."""
    places = np.concatenate([visits, [day.start, day.end]]).astype(np.intp)
    begins, ends = int(np.ceil(day.shift_start_s)), int(np.floor(day.shift_end_s))
    drive = np.ceil(day.travel_time_s[np.ix_(places, places)])
    # Longer than the shift is as good as no way at all, and keeps the sums small.
    # Any, because PyVRP declares its matrices as arrays of Python integers.
    drive_s: Any = np.minimum(drive, ends - begins + 1).astype(np.int64)
    np.fill_diagonal(drive_s, 0)
    prizes = _prizes(day, visits, ends - begins)
    return pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in places],
        clients=[
            pyvrp.Client(
                location=row,
                service_duration=int(np.ceil(day.service_s[visit])),
                tw_early=max(int(np.ceil(day.open_s[visit])), 0),
                tw_late=int(np.floor(day.close_s[visit])) - int(np.ceil(day.service_s[visit])),
                prize=prizes[row],
                required=False,
            )
            for row, visit in enumerate(visits)
        ],
        depots=[pyvrp.Depot(len(visits)), pyvrp.Depot(len(visits) + 1)],
        vehicle_types=[
            pyvrp.VehicleType(start_depot=0, end_depot=1, tw_early=begins, tw_late=ends)
        ],
        distance_matrices=[drive_s],
        duration_matrices=[drive_s],
    )


def _prizes(day: Day, visits: Indices, shift_s: int) -> list[int]:
    """Whole prizes of which one step outweighs any driving, and a required visit all others."""
    prize, must = day.prize[visits], day.must[visits]
    highest = float(prize.max())
    steps = np.ceil(prize / highest * PRIZE_STEPS) if highest > 0 else np.zeros(len(prize))
    same = steps.max() == steps.min()
    whole = np.ones(len(prize), dtype=np.int64) if same else np.maximum(steps, 1).astype(np.int64)
    whole = np.where(must, whole + whole.sum(), whole)
    return [int(each) * (2 * shift_s + 2) for each in whole]
