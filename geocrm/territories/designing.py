"""From a request to balanced, contiguous territories: read the ground, solve, judge.

Reading needs the database and is short; solving needs none and may take as long as it is given, so
whoever calls keeps no transaction open meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.places.queries import Edge
from geocrm.security import Actor
from geocrm.spatial import districting
from geocrm.territories import figures, queries, solving
from geocrm.territories import ground as grounds
from geocrm.territories.balance import Balance, Numbers, asked, require_name
from geocrm.territories.evaluation import Evaluation, evaluate, units_of
from geocrm.territories.figures import Unplaced
from geocrm.territories.ground import Ground
from geocrm.territories.models import Plan, Territory
from geocrm.territories.palette import colours_apart
from geocrm.territories.plan_files import Matched
from geocrm.territories.solving import Moment, Solved
from geocrm.territories.sources import cadence_today
from geocrm.territories.text_tables import listed
from geocrm.territories.travel_files import Travel, travel_of
from geocrm.territories.wishes import Wishes, terms_of
from geocrm.territories.workload import Cadence

DEFAULT_TOLERANCE = 0.05
DEFAULT_TIME_S = 20.0
MAX_TIME_S = 600.0
MAX_SEED = 2**31 - 1
MAX_EFFORT = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a plan is asked to be."""

    level: str
    count: int
    # A `Measure` or one of `numbers`; with `wishes.weights` the one in whose scale loads are shown.
    measure: str
    within: str | None = None
    tolerance: float = DEFAULT_TOLERANCE
    seed: int = 1
    time_s: float = DEFAULT_TIME_S
    effort: int = districting.DEFAULT_EFFORT
    wishes: Wishes = field(default_factory=Wishes)
    # Whether what is left of the time goes into a bound of how much better a plan could be.
    proven: bool = True
    # Measures out of files: for each a number for each unit.
    numbers: Numbers = field(default_factory=dict)
    # How customers are visited; None is as the room of visits says today.
    cadence: Cadence | None = None

    @property
    def balance(self) -> Balance:
        """What is shared out; what its parts count for is known on a ground."""
        cadence = self.cadence or cadence_today()
        return asked(self.measure, self.wishes.weights, self.numbers, cadence, self.wishes.beside)

    def record(self) -> dict[str, Any]:
        """The request for a queue of jobs."""
        return asdict(self) | {"measure": str(self.measure), "wishes": self.wishes.record()}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Request":
        """The request of a `record`."""
        cadence = record.get("cadence")
        known = dict(record) | {
            "wishes": Wishes.of_record(record["wishes"]),
            "cadence": None if cadence is None else Cadence(**cadence),
        }
        return cls(**known)

    def __post_init__(self) -> None:
        """Refuse what can be refused without looking at the ground."""
        if self.count < 1:
            raise InvalidInput(
                "{count} territories cannot be made: ask for 1 or more", count=self.count
            )
        if not 0 < self.tolerance <= 1:
            raise InvalidInput(
                "A tolerance of {tolerance} is not possible: give a share above 0 and up to 1,"
                " such as 0.05 for 5 %",
                tolerance=self.tolerance,
            )
        if not 0 < self.time_s <= MAX_TIME_S:
            raise InvalidInput(
                "{time} s is not a time to design in: give up to {most} seconds",
                time=self.time_s,
                most=MAX_TIME_S,
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise InvalidInput(
                "The seed {seed} is not between 0 and {most}",
                seed=str(self.seed),
                most=str(MAX_SEED),
            )
        if not 0 <= self.effort <= MAX_EFFORT:
            raise InvalidInput(
                "An effort of {effort} starts is not in 0 to {most}",
                effort=self.effort,
                most=MAX_EFFORT,
            )
        for name in self.numbers:
            require_name(name)
        assert self.balance.names  # refuses measures there are not


@dataclass(frozen=True, slots=True)
class Design:
    """A division of the ground, and how good it is."""

    request: Request
    ground: Ground
    # Shape (n,): the territory of each unit, counted from 0.
    district: NDArray[np.intp]
    names: tuple[str, ...]
    evaluation: Evaluation
    unplaced: Unplaced
    solved: Solved

    @property
    def balance(self) -> Balance:
        """What was shared out, with what its parts count for on this ground."""
        return self.ground.rated(self.request.balance)

    @property
    def elapsed_s(self) -> float:
        """Seconds it took."""
        return self.solved.elapsed_s

    @property
    def tolerance_met(self) -> bool:
        """Whether every territory is within the tolerance and the limits asked for."""
        return self.solved.plan.within_limits

    def assignment(self) -> Iterator[tuple[str, int]]:
        """Each unit with its territory, counted from 0."""
        for unit, district in zip(self.ground.units, self.district.tolist(), strict=True):
            yield unit.code, district

    def colours(self) -> list[int]:
        """A colour number for each territory, unlike those beside it."""
        beside = self.district[self.ground.pairs()]
        return colours_apart(self.request.count, beside[beside[:, 0] != beside[:, 1]])

    def record(self) -> dict[str, Any]:
        """What is kept with the plan: how it was asked for and what came out."""
        return {
            "time_s": self.request.time_s,
            "elapsed_s": round(self.elapsed_s, 2),
            "tolerance_met": self.tolerance_met,
            "links": [list(edge) for edge in self.ground.links],
            "effort": self.request.effort,
            "proven": self.request.proven,
            "request": self.request.wishes.record(),
            "solver": districting.SOLVER_VERSION,
            "balance": self.balance.record(),
            "loads": self.ground.fingerprint(self.balance),
            "stopped_early": self.solved.stopped_early,
            "proof": self._proof(),
        } | scores(self.evaluation)

    def _proof(self) -> dict[str, Any]:
        """What is kept of the proof: no loads, which others may see less of than who designed."""
        held = {
            name: {one: each[one] for one in ("tolerance", "minimum", "maximum", "max_deviation")}
            for name, each in self.solved.held().items()
        }
        return self.solved.document() | {"held": held, "words": self.solved.words()}

    def document(self) -> dict[str, Any]:
        """The design as the JSON that the command line prints."""
        units: list[list[str]] = [[] for _ in self.names]
        for code, district in self.assignment():
            units[district].append(code)
        result, balance = self.evaluation, self.balance
        return {
            "level": self.request.level,
            "within": self.request.within,
            "balance": balance.measure,
            "weights": dict(balance.shares),
            "tolerance": self.request.tolerance,
            **({"times": dict(times)} if (times := self.request.wishes.times) else {}),
            "seed": self.request.seed,
            "territories": [
                {
                    "id": at + 1,
                    "name": name,
                    "units": units[at],
                    "load": plain_number(float(result.load[at])),
                    "deviation": round(float(result.deviation[at]), 6),
                    "loads": self._loads(at),
                }
                for at, name in enumerate(self.names)
            ],
            "max_deviation": round(result.max_deviation, 6),
            "tolerance_met": self.tolerance_met,
            "contiguous": result.contiguous,
            "compactness": round(result.compactness, 4),
            "elapsed_s": round(self.elapsed_s, 2),
            "added_links": [edge._asdict() for edge in self.ground.links],
            "accounts_without_place": self.unplaced.accounts,
        } | self.solved.document()

    def _loads(self, district: int) -> dict[str, float]:
        """What a territory holds of each measure that is mixed."""
        inside = self.district == district
        return {
            name: plain_number(float(self.ground.column(name)[inside].sum()))
            for name in self.balance.counted
        }


@dataclass(frozen=True, slots=True)
class Survey:
    """What a request is about: the ground, who is not on it, and the plan to keep, if any."""

    ground: Ground
    unplaced: Unplaced
    keep: Matched | None = None
    travel: Travel | None = None


def survey(session: Session, actor: Actor, request: Request) -> Survey:
    """Read the ground a request is about; refuses one that cannot be divided as asked."""
    actor.require("design", "territory")
    ground = grounds.survey(session, request.level, request.within, request.balance)
    area = request.within or request.level
    if request.count > len(ground):
        raise InvalidInput(
            "{count} territories are more than the {units} units of {level} in {area}: ask for"
            " fewer, or choose a finer level",
            count=request.count,
            units=len(ground),
            level=request.level,
            area=area,
        )
    _require_numbers(request.numbers, ground)
    grounds.require_load(ground, request.balance, area)
    keep = request.wishes.keep
    return Survey(
        ground,
        figures.unplaced(session),
        None if keep is None else _kept(session, actor, keep, ground),
    )


def timed(
    session: Session, survey: Survey, request: Request, ways: Callable[..., Travel]
) -> Survey:
    """The survey with travel times: `ways` reads them for its units."""
    codes = [unit.code for unit in survey.ground.units]
    elsewhere = [unit.code for unit in places.units(session, request.level)]
    return replace(survey, travel=ways(codes, survey.ground.lonlat(), elsewhere=elsewhere))


def solve(
    survey: Survey,
    request: Request,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[Moment], None] = lambda _: None,
) -> Design:
    """Divide the ground; ends when the time is up, or when `cancelled` says so."""
    ground, wishes = survey.ground, request.wishes
    balance = ground.rated(request.balance)
    travel = travel_of(wishes, survey.travel)
    units = units_of(
        ground,
        balance,
        beside=balance.beside,
        minutes=None if travel is None else travel.minutes,
    )
    terms = terms_of(
        wishes,
        [unit.code for unit in ground.units],
        request.count,
        request.tolerance,
        survey.keep,
        beside=balance.beside,
        centre_minutes=None if travel is None else travel.from_centres(wishes.centres),
    )
    solved = solving.solve(
        units,
        terms,
        seed=request.seed,
        time_s=request.time_s,
        effort=request.effort,
        proven=request.proven,
        cancelled=cancelled,
        progress=progress,
    )
    load = ground.load(balance)
    district = solved.plan.district
    if not terms.keeps_labels:
        district = _by_size(district, load, request.count)
    evaluation = evaluate(ground, balance, district, request.count)
    return Design(
        request=request,
        ground=ground,
        district=district,
        names=_names(ground, district, load, request.count),
        evaluation=evaluation,
        unplaced=survey.unplaced,
        solved=solved,
    )


def _require_numbers(numbers: Numbers, ground: Ground) -> None:
    """A number from 0 up for each unit of the ground; those of units elsewhere are no matter."""
    for name, held in numbers.items():
        missing = [unit.code for unit in ground.units if unit.code not in held]
        if missing:
            raise InvalidInput(
                "{name} has no number for {units}: give one for each unit, 0 where there is"
                " nothing",
                name=name,
                units=listed(missing),
            )
        wrong = [unit for unit, each in held.items() if not 0 <= each < np.inf]
        if wrong:
            raise InvalidInput(
                "{name} of {unit} is {number}: give a number from 0 up",
                name=name,
                unit=wrong[0],
                number=f"{held[wrong[0]]:g}",
            )


def _kept(session: Session, actor: Actor, name: str, ground: Ground) -> Matched:
    """The plan to keep on this ground; units it does not have are nowhere today."""
    plan = queries.plan_named(session, actor, name)
    territories = queries.territories(session, plan.id)
    row = {territory.number: at for at, territory in enumerate(territories)}
    held = {unit.code: row[unit.territory] for unit in queries.placed_units(session, plan.id)}
    district = np.array([held.get(unit.code, -1) for unit in ground.units], dtype=np.intp)
    if (district < 0).all():
        raise InvalidInput(
            "{plan!r} has none of these units: it divides {level}; keep a plan of this level, or"
            " none",
            plan=plan.name,
            level=plan.level,
        )
    return Matched(district, tuple(str(territory.number) for territory in territories))


# ------------------------------------------------------------------------------ saved plans


def of_plan(
    session: Session, plan: Plan, territories: Sequence[Territory]
) -> tuple[Ground, NDArray[np.intp]]:
    """The ground of a saved plan and the row of the territory of each unit."""
    units = queries.placed_units(session, plan.id)
    links = [Edge(*link) for link in plan.params.get("links", [])]
    ground = grounds.assemble(session, plan.level, units, links, Balance.of_plan(plan))
    row = {territory.number: at for at, territory in enumerate(territories)}
    return ground, np.array([row[unit.territory] for unit in units], dtype=np.intp)


def sharing(
    territories: Sequence[Territory], district: NDArray[np.intp]
) -> tuple[list[Territory], NDArray[np.intp]]:
    """The territories that share the load, and `district` in their rows; -1 stays -1.

    One without a unit of its own that others lie below only gathers them: it is not empty ground.
    """
    above = {one.parent_id for one in territories}
    held = set(district.tolist())
    shares = [row in held or one.id not in above for row, one in enumerate(territories)]
    row = np.append(np.cumsum(shares, dtype=np.intp) - 1, -1)
    return [one for one, stays in zip(territories, shares, strict=True) if stays], row[district]


def judge(
    plan: Plan, ground: Ground, district: NDArray[np.intp], num_territories: int
) -> Evaluation:
    """How good a saved plan is, by what it balances."""
    return evaluate(ground, Balance.of_plan(plan), district, num_territories)


def scores(evaluation: Evaluation) -> dict[str, Any]:
    """The figures of a plan that lists show."""
    return {
        "max_deviation": evaluation.max_deviation,
        "contiguous": evaluation.contiguous,
        "compactness": evaluation.compactness,
    }


def area_name(session: Session, plan: Plan) -> str:
    """The name of the area a plan divides: of the unit it lies in, else of the whole level."""
    if plan.within is None:
        return places.layer(session, plan.level).name
    return places.by_codes(session, [plan.within])[0].name


# ------------------------------------------------------------------------------ numbers and names


def _by_size(district: NDArray[np.intp], load: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The districts numbered by falling load, so that the same plan has the same numbers."""
    total = np.bincount(district, weights=load, minlength=count)
    first = np.full(count, len(district))
    np.minimum.at(first, district, np.arange(len(district)))
    rank = np.empty(count, dtype=np.intp)
    rank[np.lexsort((first, -total))] = np.arange(count)
    return rank[district]


def _names(
    ground: Ground, district: NDArray[np.intp], load: NDArray[np.float64], count: int
) -> tuple[str, ...]:
    """Each territory is named after its largest unit; equal names get a number."""
    names = []
    for number in range(count):
        held = np.flatnonzero(district == number)
        names.append(ground.units[held[np.argmax(load[held])]].name if len(held) else "Empty")
    often, seen = Counter(names), Counter[str]()
    for at, name in enumerate(names):
        if often[name] > 1:
            seen[name] += 1
            names[at] = f"{name} {seen[name]}"
    return tuple(names)


def plain_number(load: float) -> int | float:
    """A whole number as one: people and accounts are counted."""
    return int(load) if float(load).is_integer() else round(float(load), 2)
