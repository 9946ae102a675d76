"""From a request to balanced, contiguous territories: read the ground, solve, judge.

Reading needs the database and is short; solving needs none and may take as long as it is given, so
whoever calls keeps no transaction open meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput, Phrase
from geocrm.places import queries as places
from geocrm.places.queries import Edge
from geocrm.security import Actor
from geocrm.spatial import districting
from geocrm.territories import figures, focusing, keeping, queries, solving
from geocrm.territories import ground as grounds
from geocrm.territories.balance import Balance
from geocrm.territories.evaluation import Evaluation, evaluate, units_of
from geocrm.territories.figures import Unplaced
from geocrm.territories.focusing import Focus
from geocrm.territories.ground import Ground
from geocrm.territories.models import Plan, Territory
from geocrm.territories.naming import by_size, names_of, plain_number
from geocrm.territories.palette import colours_apart
from geocrm.territories.plan_files import Matched
from geocrm.territories.requests import Request
from geocrm.territories.solving import Moment, Solved
from geocrm.territories.travel_times import Travel, Ways, travel_of
from geocrm.territories.wishes import terms_of


@dataclass(frozen=True, slots=True)
class Design:
    """A division of the ground, and how good it is.

    With a focus it is the whole plan it was put back into, without the units in no territory;
    `solved` speaks of what was searched.
    """

    request: Request
    ground: Ground
    # Shape (n,): the territory of each unit, counted from 0.
    district: NDArray[np.intp]
    names: tuple[str, ...]
    evaluation: Evaluation
    unplaced: Unplaced
    solved: Solved
    # What was shared out, with what its parts count for on the whole ground.
    balance: Balance
    focus: Focus | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds it took."""
        return self.solved.elapsed_s

    @property
    def tolerance_met(self) -> bool:
        """Whether all that was designed is within the tolerance and the limits asked for."""
        return self.solved.plan.within_limits

    @property
    def numbers(self) -> tuple[int, ...]:
        """What the territories are called by."""
        if self.focus is not None:
            return self.focus.numbers
        return tuple(range(1, len(self.names) + 1))

    @property
    def searched(self) -> list[str]:
        """Names of the units that were searched, in the order of `solved.plan`."""
        if self.focus is not None:
            return list(self.focus.searched)
        return [unit.name for unit in self.ground.units]

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
        return self.solved.document() | {
            "held": held,
            "words": self.solved.words(),
            "focus": self.focus_record(),
        }

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
                    "id": self.numbers[at],
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
            "focus": self.focus_record(),
        } | self.solved.document()

    def focus_record(self) -> dict[str, Any] | None:
        """What was cut out of the plan; what is proven, and what moved, is of that alone."""
        if self.focus is None:
            return None
        searched = self.solved.plan.load[:, 0]
        moved = self.solved.plan.moved or 0.0
        return {
            "territories": list(self.focus.numbers_chosen),
            "units": len(self.focus.inside),
            "mean": round(1 / float(self.solved.terms.ideal_totals(1)[0]) - 1, 6),
            "max_deviation": round(float(self.solved.plan.max_deviation[0]), 6),
            "moved_of_plan": round(moved * float(searched.sum() / self.evaluation.load.sum()), 6),
        }

    def _loads(self, district: int) -> dict[str, float]:
        """What a territory holds of each measure that is mixed."""
        inside = self.district == district
        return {
            name: plain_number(float(self.ground.column(name)[inside].sum()))
            for name in self.balance.counted
        }


@dataclass(frozen=True, slots=True)
class Survey:
    """What a request is about: the ground, who is not on it, and the plan to keep, if any.

    With territories in focus those are what is kept to, and searched.
    """

    ground: Ground
    unplaced: Unplaced
    keep: Matched | None = None
    focus: Focus | None = None
    travel: Travel | None = None


def survey(session: Session, actor: Actor, request: Request) -> Survey:
    """Read the ground a request is about; refuses one that cannot be divided as asked."""
    actor.require("design", "territory")
    ground = grounds.survey(session, request.level, request.within, request.balance)
    named = partial(_named_area, session, request)
    if request.count > len(ground):
        raise InvalidInput(
            "{count} territories are more than the {units} units of {area}: ask for fewer, or"
            " choose a finer level",
            count=request.count,
            units=len(ground),
            area=named(),
        )
    grounds.require_numbers(request.numbers, ground)
    grounds.require_load(ground, request.balance, named)
    unplaced = figures.unplaced(session)
    if request.wishes.keep is None:
        return Survey(ground, unplaced)
    plan = queries.plan_named(session, actor, request.wishes.keep)
    if not request.wishes.focus:
        return Survey(ground, unplaced, keep=keeping.kept(session, plan, ground))
    if (plan.level, plan.within) != (request.level, request.within):
        divided = area_name(session, plan)
        raise InvalidInput(
            "{plan!r} divides {area}: a focus is designed on the ground of its plan",
            plan=plan.name,
            area=Phrase(divided),
        )
    return Survey(ground, unplaced, focus=focusing.read(session, plan, request.wishes, ground))


def _named_area(session: Session, request: Request) -> str:
    """What is divided, as people call it; a page says the name of a level in its language."""
    if request.within is not None:
        return places.by_codes(session, [request.within])[0].name
    name = places.layer(session, request.level).name
    return Phrase(name)


def timed(survey: Survey, ways: Ways, speed_kmh: float) -> Survey:
    """The survey with the travel times between its units."""
    net = ways.within([unit.code for unit in survey.ground.units])
    return replace(survey, travel=net.travel(survey.ground.lonlat(), speed_kmh))


def solve(
    survey: Survey,
    request: Request,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[Moment], None] = lambda _: None,
) -> Design:
    """Divide the ground; ends when the time is up, or when `cancelled` says so."""
    balance = survey.ground.rated(request.balance)
    units, terms = _question(survey, request, balance)
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
    if survey.focus is not None:
        return _put_back(survey, survey.focus, request, balance, solved)
    ground, district = survey.ground, solved.plan.district
    load = ground.load(balance)
    if not terms.keeps_labels:
        district = by_size(district, load, request.count)
    return Design(
        request=request,
        ground=ground,
        district=district,
        names=names_of(ground, district, load, request.count),
        evaluation=evaluate(ground, balance, district, request.count),
        unplaced=survey.unplaced,
        solved=solved,
        balance=balance,
    )


def _question(
    survey: Survey, request: Request, balance: Balance
) -> tuple[districting.Units, districting.Terms]:
    wishes, travel = request.wishes, travel_of(request.wishes, survey.travel)
    units = units_of(
        survey.ground,
        balance,
        beside=balance.beside,
        minutes=None if travel is None else travel.minutes,
    )
    ids = [unit.code for unit in survey.ground.units]
    from_centres = None if travel is None else travel.from_centres(wishes.centres)
    if survey.focus is not None:
        return survey.focus.cut(units, ids, wishes, request.tolerance, from_centres)
    terms = terms_of(
        wishes,
        ids,
        request.count,
        request.tolerance,
        survey.keep,
        beside=balance.beside,
        centre_minutes=from_centres,
    )
    return units, terms


def _put_back(
    survey: Survey, focus: Focus, request: Request, balance: Balance, solved: Solved
) -> Design:
    """The whole plan around what was searched; units in no territory are left out."""
    district = focus.put_back(solved.plan.district)
    nowhere = np.flatnonzero(district == districting.NOWHERE)
    ground = survey.ground.without({survey.ground.units[at].code for at in nowhere.tolist()})
    placed = np.delete(district, nowhere)
    return Design(
        request=request,
        ground=ground,
        district=placed,
        names=focus.names,
        evaluation=evaluate(ground, balance, placed, len(focus.names)),
        unplaced=survey.unplaced,
        solved=solved,
        balance=balance,
        focus=focus,
    )


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
