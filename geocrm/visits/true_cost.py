"""What serving territories really takes: the visits of sampled weeks, planned day by day. Pure.

Of each territory and week, first the days of the reps who work there are planned with the planner
that plans their days in earnest. Then further days are planned until everybody due was visited:
from the same starts as far as a day reaches, and beyond that on trips with nights away. So plans
are compared by what all visits take, not by the easy ones that fit into the week.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial import geodesy, tours
from geocrm.visits import planning, shortlist, travel, true_cost_sample, wishes
from geocrm.visits.planning import Place, Visit
from geocrm.visits.queries import Customer
from geocrm.visits.true_cost_sample import WEEKS_A_YEAR
from geocrm.visits.urgency import History, Urgency, worth
from geocrm.visits.wishes import DayRequest

HOME, CENTRE = "home", "centre"
STARTS: Final = (HOME, CENTRE)
DEFAULT_WEEKS: Final = 4
DEFAULT_DAYS: Final = 5
MAX_SEED: Final = 2**31 - 1
# Among 30 customers, 30 steps find days whose sum of driving is within a few percent of what the
# planner's 150 and 800 find, in a fifteenth of the time (benchmarks/true_cost.py measures it).
SHORTLIST, EFFORT = 30, 30
# From a base on a trip nobody drives longer than a quarter of the day to a visit, so that half of
# the day at least is left for visiting.
ROAM_SHARE: Final = 0.25
# More days than this in one week of one territory are not planned but reckoned from those that are.
MAX_DAYS: Final = 120
# Any day: everybody sampled is due on it.
_DAY: Final = date(2000, 1, 3)
# The figures of a week, in the order they are added up.
SERIES: Final = (
    "due", "no_place", "far", "planned", "drive_s", "distance_m",
    "all_drive_s", "all_distance_m", "nights", "reckoned",
)  # fmt: skip

Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """How to measure: the sample, the working week, a visit's length, and where days start."""

    weeks: int = DEFAULT_WEEKS
    seed: int = 1
    days: int = DEFAULT_DAYS
    shift_start_s: int = wishes.hours(wishes.DEFAULT_HOURS)[0]
    shift_end_s: int = wishes.hours(wishes.DEFAULT_HOURS)[1]
    visit_s: int = wishes.DEFAULT_VISIT_MIN * 60
    start: str = HOME
    shortlist: int = SHORTLIST
    effort: int = EFFORT

    def __post_init__(self) -> None:
        if not 1 <= self.weeks <= WEEKS_A_YEAR:
            raise InvalidInput(
                "{weeks} weeks cannot be sampled: ask for 1 to {most}",
                weeks=self.weeks, most=WEEKS_A_YEAR,
            )  # fmt: skip
        if not 0 <= self.seed <= MAX_SEED:
            raise InvalidInput("The seed is a whole number from 0 to {most}", most=MAX_SEED)
        if not 1 <= self.days <= 7:
            raise InvalidInput("A week has 1 to 7 working days, not {days}", days=self.days)
        if self.start not in STARTS:
            raise InvalidInput("Days start at {starts}", starts=" or ".join(STARTS))
        self.day()
        if self.visit_s > self.shift_s:
            raise InvalidInput("A visit is longer than the working day: give a shorter one")

    @property
    def shift_s(self) -> int:
        """The length of a working day."""
        return self.shift_end_s - self.shift_start_s

    def day(self) -> DayRequest:
        """A day as the planner wants it; refuses hours and lengths that cannot be."""
        return DayRequest(_DAY, self.shift_start_s, self.shift_end_s, self.visit_s)

    def record(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def visit_seconds(minutes: float) -> int:
    """The length of a visit, or InvalidInput."""
    if not 1 <= minutes <= 1440:
        raise InvalidInput("A visit lasts 1 to 1440 minutes, not {minutes}", minutes=minutes)
    return round(minutes * 60)


class Base(NamedTuple):
    """Where a rep starts and ends, of which kind, and on how many days a week in this territory."""

    place: Place
    kind: str
    days: int
    rep: str | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """A territory: where its people start, nowhere when nobody lives and no customer lies there.

    Where nobody works yet (`staffed` is false) one rep is reckoned with.
    """

    number: int
    name: str
    colour: int
    bases: tuple[Base, ...]
    staffed: bool


@dataclass(frozen=True)
class Accounts:
    """Customers to be visited, shape (n,) each; places are NaN where nobody can be sent."""

    account_id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    visits_a_year: NDArray[np.float64]
    segment: NDArray[np.object_]
    # Row of the territory.
    district: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.account_id)

    def subset(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Accounts":
        """Some of them."""
        return Accounts(
            self.account_id[rows], self.lon[rows], self.lat[rows], self.visits_a_year[rows],
            self.segment[rows], self.district[rows],
        )  # fmt: skip


@dataclass(slots=True)
class Week:
    """What one week of a territory takes; `all_` counts every visit due, also on further days."""

    due: int = 0
    no_place: int = 0
    far: int = 0
    planned: int = 0
    drive_s: float = 0.0
    distance_m: float = 0.0
    all_drive_s: float = 0.0
    all_distance_m: float = 0.0
    nights: int = 0
    # Visits for which no day was planned; their driving is reckoned from the others.
    reckoned: int = 0


def measure(
    territories: Sequence[Ground],
    accounts: Accounts,
    asked: Asked,
    *,
    should_stop: Stop = lambda: False,
    progress: Callable[[float], None] = lambda _: None,
) -> list[list[Week]]:
    """The weeks of each territory; cut short when `should_stop` says so."""
    chosen = true_cost_sample.weeks(asked.weeks, asked.seed)
    found: list[list[Week]] = []
    for row, territory in enumerate(territories):
        own = accounts.subset(accounts.district == row)
        weeks = []
        for at, week in enumerate(chosen):
            if should_stop():
                return found
            times = true_cost_sample.due(own.account_id, own.visits_a_year, week, asked.seed)
            some = times > 0
            weeks.append(
                plan_week(territory.bases, own.subset(some), times[some], asked, should_stop)
            )
            progress((row + (at + 1) / len(chosen)) / len(territories))
        found.append(weeks)
    return found


def plan_week(
    bases: Sequence[Base],
    accounts: Accounts,
    times: NDArray[np.intp],
    asked: Asked,
    should_stop: Stop = lambda: False,
) -> Week:
    """One week: `times`, shape (n,), says how often each account is due in it."""
    placed = np.isfinite(accounts.lon)
    week = Week(due=int(times[placed].sum()), no_place=int(times[~placed].sum()))
    if not week.due:
        return week
    pool = _Pool(accounts.subset(placed), times[placed], asked, should_stop)
    near = pool.within_reach(bases)
    week.far = int(pool.left[~near].sum())
    for day in range(asked.days):
        for base in bases:
            if day < base.days:
                pool.plan(base.place, near)
    week.planned, week.drive_s, week.distance_m = pool.visits, pool.drive_s, pool.distance_m
    _further_days(pool, bases, near)
    week.nights = _trips(pool, [base.place for base in bases])
    week.all_drive_s, week.all_distance_m = pool.drive_s, pool.distance_m
    _reckon(week, pool)
    return week


def _further_days(pool: "_Pool", bases: Sequence[Base], near: NDArray[np.bool_]) -> None:
    """Days beyond the week, until nobody within reach is left."""
    while pool.open and (pool.left[near] > 0).any():
        if not sum(pool.plan(base.place, near) for base in bases):
            return


def _reckon(week: Week, pool: "_Pool") -> None:
    """Let the visits beyond the last planned day take what the others take on the average."""
    week.reckoned = int(pool.left.sum())
    if week.reckoned and pool.visits:
        factor = week.due / pool.visits
        week.all_drive_s, week.all_distance_m = (
            week.all_drive_s * factor,
            week.all_distance_m * factor,
        )


# ------------------------------------------------------------------------------ trips


def _trips(pool: "_Pool", starts: Sequence[Place]) -> int:
    """Visit those beyond a day's reach from bases among them; nights away.

    The bases follow one another in one round from the start that is nearest to them.
    """
    stays: list[Place] = []
    days_before = pool.days
    while pool.open and (pool.left > 0).any():
        base, around = pool.busiest(ROAM_SHARE)
        stays.append(base)
        while pool.open and (pool.left[around] > 0).any():
            if not pool.plan(base, around):
                raise Infeasible("A visit cannot be made even from its own door")
    if not stays:
        return 0
    drive_s, distance_m = _round(starts, stays, pool.asked)
    pool.drive_s += drive_s
    pool.distance_m += distance_m
    away_days = pool.days - days_before + drive_s / pool.asked.shift_s
    return max(int(np.ceil(away_days)) - 1, 0)


def _round(starts: Sequence[Place], stays: Sequence[Place], asked: Asked) -> tuple[float, float]:
    """Driving and metres of a round from the best start through all stays."""
    places = np.array([*stays, *starts], dtype=float)
    times, metres = travel.matrices(places[:, 0], places[:, 1])
    n = len(stays)
    start = n + int(np.argmin(times[n:, :n].sum(axis=1)))
    endless = float(times.sum()) + 1.0
    zeros = np.zeros(n)
    day = tours.Day(
        travel_time_s=times, distance_m=metres, service_s=zeros, open_s=zeros,
        close_s=np.full(n, endless), prize=np.ones(n), shift_start_s=0.0, shift_end_s=endless,
        start=start, end=start,
    )  # fmt: skip
    tour = tours.plan_day(day, seed=asked.seed, effort=asked.effort)
    return tour.total_drive_s, tour.total_distance_m


# ------------------------------------------------------------------------------ days


@dataclass(slots=True)
class _Pool:
    """The visits of a week that are still to be made, and what was driven so far."""

    accounts: Accounts
    left: NDArray[np.intp]
    asked: Asked
    should_stop: Stop
    visits: int = 0
    days: int = 0
    drive_s: float = 0.0
    distance_m: float = 0.0
    _request: DayRequest = field(init=False)
    _prize: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.left.copy()
        self._request = self.asked.day()
        self._prize = np.array([worth(each) for each in self.accounts.segment], dtype=np.float64)

    @property
    def open(self) -> bool:
        """Whether further days may be planned."""
        return self.days < MAX_DAYS and not self.should_stop()

    def within_reach(self, bases: Sequence[Base]) -> NDArray[np.bool_]:
        """Shape (n,): who can be visited in a day from one of these."""
        reach = np.zeros(len(self.left), dtype=bool)
        for base in bases:
            reach |= shortlist.within_reach(
                self.accounts.lon, self.accounts.lat, self.asked.visit_s, self.asked.shift_s,
                ends=np.array([base.place, base.place]),
            )  # fmt: skip
        return reach

    def plan(self, start: Place, among: NDArray[np.bool_]) -> int:
        """Plan one more day from a start and back; how many visits it holds."""
        rows = np.flatnonzero(among & (self.left > 0))
        if not len(rows):
            return 0
        rows = rows[
            shortlist.choose(
                self.accounts.lon[rows], self.accounts.lat[rows], self._prize[rows],
                service_s=self.asked.visit_s, shift_s=self.asked.shift_s,
                ends=np.array([start, start]), size=self.asked.shortlist,
            )
        ]  # fmt: skip
        if not len(rows):
            return 0
        day = planning.problem(
            [self._visit(row) for row in rows.tolist()], self._request,
            start=start, end=start, begin_s=self.asked.shift_start_s,
        )  # fmt: skip
        tour = tours.plan_day(day, seed=self.asked.seed + self.days, effort=self.asked.effort)
        if wrong := tours.check_day(day, tour):
            raise Infeasible(f"A planned day failed its own check: {wrong[0]}")
        self.left[rows[tour.order]] -= 1
        self.visits += len(tour.order)
        self.days += 1
        self.drive_s += tour.total_drive_s
        self.distance_m += tour.total_distance_m
        return len(tour.order)

    def busiest(self, roam_share: float) -> tuple[Place, NDArray[np.bool_]]:
        """The place with the most visits left around it, and who lies around it."""
        rows = np.flatnonzero(self.left > 0)
        points = geodesy.unit_vectors(self.accounts.lon[rows], self.accounts.lat[rows])
        roam_m = self.asked.shift_s * roam_share * travel.SPEED_M_S / travel.DETOUR_FACTOR
        # One visit must fit between there and back, however long it takes.
        roam_m = min(roam_m, self._spare_m())
        around = cKDTree(points).query_ball_point(points, _chord(roam_m))
        weight = [int(self.left[rows[each]].sum()) for each in around]
        best = int(np.argmax(weight))
        chosen = np.zeros(len(self.left), dtype=bool)
        chosen[rows[around[best]]] = True
        place = float(self.accounts.lon[rows[best]]), float(self.accounts.lat[rows[best]])
        return place, chosen

    def _spare_m(self) -> float:
        spare_s = (self.asked.shift_s - self.asked.visit_s) / 2
        # Whole seconds are rounded up by the planner, there and back.
        return max(spare_s - 2, 0.0) * travel.SPEED_M_S / travel.DETOUR_FACTOR

    def _visit(self, row: int) -> Visit:
        segment = self.accounts.segment[row]
        customer = Customer(
            int(self.accounts.account_id[row]), "", None,
            (float(self.accounts.lon[row]), float(self.accounts.lat[row])),
            History(segment, None, None),
        )  # fmt: skip
        return Visit(customer, Urgency(1.0, float(self._prize[row]), {"kind": "due"}), None)


def _chord(metres: float) -> float:
    """The straight line through the unit sphere below a great circle; a little generous."""
    return float(2 * np.sin(metres / geodesy.EARTH_RADIUS_M / 2)) + 1e-12


# ------------------------------------------------------------------------------ where days start


def centre(accounts: Accounts) -> Place | None:
    """The customer's place from which all visits are nearest; None when no customer has one.

    The geometric median of the visits (E. Weiszfeld (1937), Sur le point pour lequel la somme des
    distances de n points donnes est minimum) and the customer nearest to it: a median alone may
    lie in the sea.
    """
    placed = accounts.subset(np.isfinite(accounts.lon) & (accounts.visits_a_year > 0))
    if not len(placed):
        return None
    points = geodesy.unit_vectors(placed.lon, placed.lat)
    median = np.average(points, axis=0, weights=placed.visits_a_year)
    for _ in range(_MEDIAN_STEPS):
        away = np.maximum(np.linalg.norm(points - median, axis=1), _TOUCHING)
        median = np.average(points, axis=0, weights=placed.visits_a_year / away)
    nearest = int(np.argmin(np.linalg.norm(points - median, axis=1)))
    return float(placed.lon[nearest]), float(placed.lat[nearest])


# Enough for a place: the steps become shorter than the way to the nearest customer.
_MEDIAN_STEPS: Final = 50
# About six metres, on the unit sphere.
_TOUCHING: Final = 1e-6
