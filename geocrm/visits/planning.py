"""From a rep's customers to a day: who is looked at, the tour, and why the others are left out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from geocrm.errors import Infeasible
from geocrm.spatial import tours
from geocrm.visits import shortlist, travel
from geocrm.visits.queries import Customer
from geocrm.visits.urgency import Urgency, urgency
from geocrm.visits.wishes import DayRequest, Wish

Place = tuple[float, float]
NO_POINT: Final = "no_point"
# Whoever is not yet due fills a day but takes nobody's place.
FILLER: Final = 0.1
# Steps of the search: with 150 visits, 300 find what 3,000 find to within 1 %, in a tenth of the
# time, and a day must be planned while somebody waits.
EFFORT: Final = 800
# Of those who are due and have no place, so many are listed by name.
MAX_WITHOUT_POINT: Final = 100


@dataclass(frozen=True, slots=True)
class Visit:
    """A customer who may be visited on the day, with the wish that named them, if one did."""

    customer: Customer
    urgency: Urgency
    wish: Wish | None

    @property
    def place(self) -> Place:
        """Where it is; only customers with a place become visits."""
        assert self.customer.place is not None
        return self.customer.place

    @property
    def why(self) -> dict[str, Any]:
        """Why this customer, why now."""
        return {**self.urgency.why, "chosen": self.wish is not None}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A customer who was wanted and is not visited; `figures` tell the cheapest way to fit them."""

    account_id: int
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A day that was planned and checked, not yet saved."""

    visits: tuple[Visit, ...]
    day: tours.Day
    tour: tours.DayPlan
    left_out: tuple[LeftOut, ...]
    due_beyond: int


def draft(
    request: DayRequest,
    customers: Sequence[Customer],
    *,
    start: Place,
    end: Place,
    begin_s: int,
    seen: Collection[int] = (),
    should_stop: Callable[[], bool] = lambda: False,
) -> Draft:
    """Plan the day from `begin_s` on; those in `seen` have had their visit of the day.

    Raises Infeasible when the tour fails the independent check, which is a defect of ours.
    """
    wishes = {wish.account_id: wish for wish in request.wishes or ()}
    wanted = [_visit(each, request, wishes) for each in customers if each.account_id not in seen]
    ticked = [each for each in wanted if each.wish is not None]
    pool = [each for each in wanted if each.wish is None and each.urgency.is_soon]
    if request.wishes is not None and not request.fill:
        pool = []
    placed = [each for each in ticked if each.customer.place]
    ends = np.array([start, end], dtype=float)
    near = _shortlisted([each for each in pool if each.customer.place], request, begin_s, ends,
                        max(shortlist.SIZE - len(placed), 0))  # fmt: skip
    visits = tuple(placed + near)
    day = problem(visits, request, start=start, end=end, begin_s=begin_s)
    effort = EFFORT * shortlist.SIZE // max(shortlist.SIZE, len(visits))
    tour = tours.plan_day(day, seed=request.seed, effort=effort, should_stop=should_stop)
    wrong = tours.check_day(day, tour)
    if wrong:
        raise Infeasible(f"The plan failed its own check and was not kept: {wrong[0]}")
    due = [each for each in pool if each.urgency.is_due and each.customer.place]
    looked_at = sum(each.urgency.is_due for each in near)
    return Draft(
        visits=visits,
        day=day,
        tour=tour,
        left_out=(*_reasons(visits, day, tour), *_without_point(ticked, pool)),
        due_beyond=len(due) - looked_at,
    )


def problem(
    visits: Sequence[Visit], request: DayRequest, *, start: Place, end: Place, begin_s: int
) -> tours.Day:
    """The day in the terms of the tour planner; travel times are estimates."""
    places = np.array([*(each.place for each in visits), start, end], dtype=float)
    times, metres = travel.matrices(places[:, 0], places[:, 1])
    n = len(visits)
    return tours.Day(
        travel_time_s=times,
        distance_m=metres,
        service_s=_figures(visits, lambda wish: wish.visit_s, request.visit_s),
        open_s=_figures(visits, lambda wish: wish.open_s, 0),
        close_s=_figures(visits, lambda wish: wish.close_s, tours.DAY_S),
        prize=np.array([_prize(each) for each in visits], dtype=float),
        required=np.array([bool(each.wish and each.wish.required) for each in visits], dtype=bool),
        shift_start_s=float(begin_s),
        shift_end_s=float(request.shift_end_s),
        start=n,
        end=n + 1,
    )


def _visit(customer: Customer, request: DayRequest, wishes: Mapping[int, Wish]) -> Visit:
    return Visit(customer, urgency(customer.history, request.day), wishes.get(customer.account_id))


def _figures(
    visits: Sequence[Visit], own: Callable[[Wish], int | None], otherwise: float
) -> tours.Floats:
    chosen = [own(each.wish) if each.wish else None for each in visits]
    return np.array([otherwise if each is None else each for each in chosen], dtype=float)


def _prize(visit: Visit) -> float:
    if visit.urgency.is_due:
        return visit.urgency.prize
    return FILLER * max(visit.urgency.prize, 1e-3)


def _shortlisted(
    pool: Sequence[Visit], request: DayRequest, begin_s: int, ends: tours.Floats, size: int
) -> list[Visit]:
    if not pool or not size:
        return []
    places = np.array([each.place for each in pool], dtype=float)
    chosen = shortlist.choose(
        places[:, 0],
        places[:, 1],
        np.array([_prize(each) for each in pool]),
        service_s=float(request.visit_s),
        shift_s=float(request.shift_end_s - begin_s),
        ends=ends,
        size=size,
    )
    return [pool[at] for at in chosen]


# ------------------------------------------------------------------------------ left out


def _without_point(ticked: Sequence[Visit], pool: Sequence[Visit]) -> list[LeftOut]:
    """Customers no rep can be sent to: all that were ticked, and the latest of those due."""
    due = sorted(
        (each for each in pool if each.urgency.is_due and not each.customer.place),
        key=lambda each: (-each.urgency.prize, each.customer.account_id),
    )
    nowhere = [each for each in ticked if not each.customer.place] + due[:MAX_WITHOUT_POINT]
    return [LeftOut(each.customer.account_id, NO_POINT) for each in nowhere]


def _reasons(visits: Sequence[Visit], day: tours.Day, tour: tours.DayPlan) -> list[LeftOut]:
    """Why each visit is not made, the most pressing first; fillers need no excuse."""
    wanted = [
        (at, why)
        for at, why in tour.unplanned
        if visits[at].wish is not None or visits[at].urgency.is_due
    ]
    wanted.sort(key=lambda each: (visits[each[0]].wish is None, -_prize(visits[each[0]]), each[0]))
    return [
        LeftOut(visits[at].customer.account_id, why, _figures_of(day, tour, at, why))
        for at, why in wanted
    ]


def _figures_of(day: tours.Day, tour: tours.DayPlan, visit: int, why: str) -> dict[str, Any]:
    service = float(day.service_s[visit])
    opens = max(float(day.open_s[visit]), day.shift_start_s)
    closes = min(float(day.close_s[visit]), day.shift_end_s)
    if why == tours.WINDOW_CLOSED:
        return {"visit_s": service, "room_s": max(closes - opens, 0.0)}
    there = float(day.travel_time_s[day.start, visit])
    back = float(day.travel_time_s[visit, day.end])
    if why == tours.TOO_FAR:
        return {"needs_s": there + service + back, "has_s": day.shift_end_s - day.shift_start_s}
    return {"longer_s": _overtime_s(day, tour, visit)}


def _overtime_s(day: tours.Day, tour: tours.DayPlan, visit: int) -> float | None:
    """How much longer the day must last to take the visit in at its best place; None: windows."""
    endless = replace(day, shift_end_s=2 * tours.DAY_S)
    longer = [
        tried.return_s - day.shift_end_s
        for at in range(len(tour.order) + 1)
        if _keeps_windows(
            endless, tried := tours.schedule(endless, np.insert(tour.order, at, visit))
        )
    ]
    return max(min(longer), 0.0) if longer else None


def _keeps_windows(day: tours.Day, tried: tours.DayPlan) -> bool:
    return bool((tried.depart_s <= day.close_s[tried.order] + tours.TIME_TOLERANCE_S).all())
