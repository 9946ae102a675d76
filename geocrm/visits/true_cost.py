"""What serving territories really takes: the visits of sampled weeks, planned day by day. Pure.

Of each territory and week, first the days of the reps who work there are planned with the planner
that plans their days in earnest. Then further days are planned until everybody due was visited:
from the same starts as far as a day reaches, and beyond that on trips with nights away. So plans
are compared by what all visits take, not by the easy ones that fit into the week.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geocrm.errors import Infeasible
from geocrm.spatial import geodesy, tours
from geocrm.visits import planning, shortlist, travel, true_cost_sample
from geocrm.visits.crossings import UNKNOWN, Ferries, Sea, Ways, within_day
from geocrm.visits.planning import Place, Visit
from geocrm.visits.queries import Customer
from geocrm.visits.true_cost_terms import Accounts, Asked, Base, Ground, Week
from geocrm.visits.urgency import History, Urgency, worth
from geocrm.visits.wishes import DayRequest

# From a base on a trip nobody drives longer than a quarter of the day to a visit, so that half of
# the day at least is left for visiting.
ROAM_SHARE: Final = 0.25
# More days than this in one week of one territory are not planned but reckoned from those that are.
MAX_DAYS: Final = 120
Stop = Callable[[], bool]


class At(NamedTuple):
    """A place and the land mass it is on."""

    lon: float
    lat: float
    mass: int = UNKNOWN


def measure(
    territories: Sequence[Ground],
    accounts: Accounts,
    asked: Asked,
    ferries: Ferries | None = None,
    *,
    should_stop: Stop = lambda: False,
    progress: Callable[[float], None] = lambda _: None,
) -> list[list[Week]]:
    """The weeks of each territory; cut short when `should_stop` says so."""
    bases = [base for territory in territories for base in territory.bases]
    sea = sea_of(bases, accounts, asked, ferries or Ferries.none())
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
                plan_week(territory.bases, own.subset(some), times[some], asked, sea, should_stop)
            )
            progress((row + (at + 1) / len(chosen)) / len(territories))
        found.append(weeks)
    return found


def sea_of(bases: Sequence[Base], accounts: Accounts, asked: Asked, ferries: Ferries) -> Sea:
    """The sea between all land masses there are."""
    masses = [
        *(base.mass for base in bases),
        int(accounts.mass.max(initial=0)),
        int(ferries.ends.max(initial=0)),
    ]
    return Sea.of(ferries, max(masses) + 1, asked.ferry_kmh, asked.boarding_min)


def plan_week(
    bases: Sequence[Base],
    accounts: Accounts,
    times: NDArray[np.intp],
    asked: Asked,
    sea: Sea | None = None,
    should_stop: Stop = lambda: False,
) -> Week:
    """One week: `times`, shape (n,), says how often each account is due in it.

    Without a sea there are no ferries known between land masses.
    """
    placed = np.isfinite(accounts.lon)
    week = Week(due=int(times[placed].sum()), no_place=int(times[~placed].sum()))
    if not week.due:
        return week
    sea = sea or sea_of(bases, accounts, asked, Ferries.none())
    pool = _Pool(accounts.subset(placed), times[placed], asked, sea, should_stop)
    starts = [At(*base.place, base.mass) for base in bases]
    near = pool.within_reach(starts)
    week.far = int(pool.left[~near].sum())
    for day in range(asked.days):
        for base, start in zip(bases, starts, strict=True):
            if day < base.days:
                pool.plan(start, near)
    week.planned, week.drive_s, week.distance_m = pool.visits, pool.drive_s, pool.distance_m
    _further_days(pool, starts, near)
    week.nights = _trips(pool, starts)
    week.all_drive_s, week.all_distance_m = pool.drive_s, pool.distance_m
    week.crossings = pool.crossings
    _reckon(week, pool)
    return week


def _further_days(pool: "_Pool", starts: Sequence[At], near: NDArray[np.bool_]) -> None:
    """Days beyond the week, until nobody within reach is left."""
    while pool.open and (pool.left[near] > 0).any():
        if not sum(pool.plan(start, near) for start in starts):
            return


def _reckon(week: Week, pool: "_Pool") -> None:
    """Let the visits beyond the last planned day take what the others take on the average."""
    week.reckoned = int(pool.left.sum()) + pool.set_aside_visits
    if week.reckoned and pool.visits:
        factor = week.due / pool.visits
        week.all_drive_s, week.all_distance_m = (
            week.all_drive_s * factor,
            week.all_distance_m * factor,
        )
        week.crossings *= factor


# ------------------------------------------------------------------------------ trips


def _trips(pool: "_Pool", starts: Sequence[At]) -> int:
    """Visit those beyond a day's reach from bases among them; nights away.

    The bases follow one another in one round from the start that is nearest to them.
    """
    stays: list[At] = []
    days_before = pool.days
    while pool.open and (pool.left > 0).any():
        base, around = pool.busiest(ROAM_SHARE)
        stays.append(base)
        while pool.open and (pool.left[around] > 0).any():
            if not pool.plan(base, around):
                pool.set_aside(around)
    if not stays:
        return 0
    drive_s, distance_m, ferries = _round(starts, stays, pool.asked, pool.sea)
    pool.drive_s += drive_s
    pool.distance_m += distance_m
    pool.crossings += ferries
    away_days = pool.days - days_before + drive_s / pool.asked.shift_s
    return max(int(np.ceil(away_days)) - 1, 0)


def _round(
    starts: Sequence[At], stays: Sequence[At], asked: Asked, sea: Sea
) -> tuple[float, float, int]:
    """Driving, metres and ferries of a round from the best start through all stays."""
    places = np.array([*stays, *starts], dtype=float)
    ways = sea.ways(places[:, 0], places[:, 1], places[:, 2].astype(np.intp))
    times = ways.time_s
    n = len(stays)
    start = n + int(np.argmin(times[n:, :n].sum(axis=1)))
    # Longer than any round, also when each leg is rounded up to whole seconds.
    endless = 2.0 * (float(times.sum()) + len(places))
    zeros = np.zeros(n)
    day = tours.Day(
        travel_time_s=times, distance_m=ways.road_m, service_s=zeros, open_s=zeros,
        close_s=np.full(n, endless), prize=np.ones(n), shift_start_s=0.0, shift_end_s=endless,
        start=start, end=start,
    )  # fmt: skip
    order = tours.plan_day(day, seed=asked.seed, effort=asked.effort).order
    tour = tours.schedule(day, np.concatenate([order, np.setdiff1d(np.arange(n), order)]))
    return tour.total_drive_s, tour.total_distance_m, _boarded(day, tour, ways)


def _boarded(day: tours.Day, tour: tours.DayPlan, ways: Ways) -> int:
    """The ferries of a tour."""
    path = np.array([day.start, *tour.order, day.end], dtype=np.intp)
    return int(ways.ferries[path[:-1], path[1:]].sum())


# ------------------------------------------------------------------------------ days


@dataclass(slots=True)
class _Pool:
    """The visits of a week that are still to be made, and what was driven so far."""

    accounts: Accounts
    left: NDArray[np.intp]
    asked: Asked
    sea: Sea
    should_stop: Stop
    visits: int = 0
    set_aside_visits: int = 0
    days: int = 0
    drive_s: float = 0.0
    distance_m: float = 0.0
    crossings: float = 0
    _request: DayRequest = field(init=False)
    _prize: NDArray[np.float64] = field(init=False)
    _reach: dict[At, NDArray[np.bool_]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.left = self.left.copy()
        self._request = self.asked.day()
        self._prize = np.array([worth(each) for each in self.accounts.segment], dtype=np.float64)

    @property
    def open(self) -> bool:
        """Whether further days may be planned."""
        return self.days < MAX_DAYS and not self.should_stop()

    def within_reach(self, starts: Sequence[At]) -> NDArray[np.bool_]:
        """Shape (n,): who can be visited in a day from one of these."""
        reach = np.zeros(len(self.left), dtype=bool)
        for start in starts:
            reach |= self._reached(start)
        return reach

    def _reached(self, start: At) -> NDArray[np.bool_]:
        """Shape (n,): who can be visited in a day from a place; asked of each place but once."""
        if start not in self._reach:
            ends = np.array([start[:2], start[:2]])
            found = shortlist.within_reach(
                self.accounts.lon, self.accounts.lat, self.asked.visit_s, self.asked.shift_s,
                ends=ends,
            )  # fmt: skip
            here = np.array([start], dtype=float)
            ways = self.sea.ways(
                self.accounts.lon, self.accounts.lat, self.accounts.mass,
                (here[:, 0], here[:, 1], here[:, 2].astype(np.intp)),
            )  # fmt: skip
            fits = within_day(ways, self.asked.visit_s, self.asked.shift_s)[:, 0]
            self._reach[start] = found & (fits | (ways.ferries[:, 0] == 0))
        return self._reach[start]

    def plan(self, start: At, among: NDArray[np.bool_]) -> int:
        """Plan one more day from a start and back; how many visits it holds."""
        rows = np.flatnonzero(among & (self.left > 0) & self._reached(start))
        if not len(rows):
            return 0
        place = start[:2]
        rows = rows[
            shortlist.choose(
                self.accounts.lon[rows], self.accounts.lat[rows], self._prize[rows],
                service_s=self.asked.visit_s, shift_s=self.asked.shift_s,
                ends=np.array([place, place]), size=self.asked.shortlist,
            )
        ]  # fmt: skip
        if not len(rows):
            return 0
        day = planning.problem(
            [self._visit(row) for row in rows.tolist()], self._request,
            start=place, end=place, begin_s=self.asked.shift_start_s,
        )  # fmt: skip
        ways = self._ways(rows, start)
        if ways.ferries.any():
            day = replace(day, travel_time_s=ways.time_s, distance_m=ways.road_m)
        tour = tours.plan_day(day, seed=self.asked.seed + self.days, effort=self.asked.effort)
        if wrong := tours.check_day(day, tour):
            raise Infeasible("A planned day failed its own check: {why}", why=wrong[0])
        self.left[rows[tour.order]] -= 1
        self.visits += len(tour.order)
        self.days += 1
        self.drive_s += tour.total_drive_s
        self.distance_m += tour.total_distance_m
        self.crossings += _boarded(day, tour, ways)
        return len(tour.order)

    def _ways(self, rows: NDArray[np.intp], start: At) -> Ways:
        """Between the places of a day, the start and the end last."""
        some = self.accounts.subset(rows)
        return self.sea.ways(
            np.append(some.lon, [start.lon] * 2),
            np.append(some.lat, [start.lat] * 2),
            np.append(some.mass, [start.mass] * 2),
        )

    def set_aside(self, among: NDArray[np.bool_]) -> None:
        """Give visits up for which the search found no day, so that they are reckoned."""
        self.set_aside_visits += int(self.left[among].sum())
        self.left[among] = 0

    def busiest(self, roam_share: float) -> tuple[At, NDArray[np.bool_]]:
        """The place with the most visits left around it, and who lies around it on its land."""
        rows = np.flatnonzero(self.left > 0)
        points = geodesy.unit_vectors(self.accounts.lon[rows], self.accounts.lat[rows])
        roam_m = self.asked.shift_s * roam_share * travel.SPEED_M_S / travel.DETOUR_FACTOR
        # One visit must fit between there and back, however long it takes.
        roam_m = min(roam_m, self._spare_m())
        mass = self.accounts.mass[rows]
        around = [
            np.array(each)[mass[each] == mass[at]]
            for at, each in enumerate(cKDTree(points).query_ball_point(points, _chord(roam_m)))
        ]
        weight = [int(self.left[rows[each]].sum()) for each in around]
        best = int(np.argmax(weight))
        chosen = np.zeros(len(self.left), dtype=bool)
        chosen[rows[around[best]]] = True
        lon, lat = float(self.accounts.lon[rows[best]]), float(self.accounts.lat[rows[best]])
        return At(lon, lat, int(mass[best])), chosen

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
