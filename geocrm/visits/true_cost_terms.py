"""What the true cost of a plan is asked for, of whom, and what a week of it comes to. Pure."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import InvalidInput
from geocrm.visits import wishes
from geocrm.visits.crossings import BOARDING_MIN, FERRY_KMH, UNKNOWN
from geocrm.visits.planning import Place
from geocrm.visits.true_cost_sample import WEEKS_A_YEAR
from geocrm.visits.wishes import DayRequest

HOME, CENTRE = "home", "centre"
STARTS: Final = (HOME, CENTRE)
DEFAULT_WEEKS: Final = 4
DEFAULT_DAYS: Final = 5
MAX_SEED: Final = 2**31 - 1
# Among 30 customers, 30 steps find days whose driving adds up to within one percent of what the
# planner's 150 and 800 find, in a fifteenth of the time (benchmarks/true_cost.py measures it).
SHORTLIST, EFFORT = 30, 30
# Any day: everybody sampled is due on it.
_DAY: Final = date(2000, 1, 3)
# The figures of a week, in the order they are added up.
SERIES: Final = (
    "due", "no_place", "far", "planned", "drive_s", "distance_m",
    "all_drive_s", "all_distance_m", "nights", "reckoned", "crossings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """How to measure: the sample, the working week, a visit's length, where days start, ferries."""

    weeks: int = DEFAULT_WEEKS
    seed: int = 1
    days: int = DEFAULT_DAYS
    shift_start_s: int = wishes.hours(wishes.DEFAULT_HOURS)[0]
    shift_end_s: int = wishes.hours(wishes.DEFAULT_HOURS)[1]
    visit_s: int = wishes.DEFAULT_VISIT_MIN * 60
    start: str = HOME
    shortlist: int = SHORTLIST
    effort: int = EFFORT
    ferry_kmh: float = FERRY_KMH
    boarding_min: float = BOARDING_MIN

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
            raise InvalidInput("Days start at {home} or {centre}", home=HOME, centre=CENTRE)
        if not 1 <= self.ferry_kmh <= 200:
            raise InvalidInput(
                "A ferry goes at 1 to 200 km/h, not at {speed}", speed=self.ferry_kmh
            )
        if not 0 <= self.boarding_min <= 1440:
            raise InvalidInput(
                "Waiting for a ferry takes 0 to 1440 minutes, not {minutes}",
                minutes=self.boarding_min,
            )
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
    """Where a rep starts and ends, of which kind, and on how many days a week in this territory.

    `mass` is the land mass it is on.
    """

    place: Place
    kind: str
    days: int
    rep: str | None = None
    mass: int = UNKNOWN


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
    # The land mass each is on, UNKNOWN for those in no unit.
    mass: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.account_id)

    def subset(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Accounts":
        """Some of them."""
        return Accounts(
            self.account_id[rows], self.lon[rows], self.lat[rows], self.visits_a_year[rows],
            self.segment[rows], self.district[rows], self.mass[rows],
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
    # Ferries taken for all visits.
    crossings: float = 0
