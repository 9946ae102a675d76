"""Changes to visit plans: a day planned, and planned anew. Outcomes are kept by `recording`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import Conflict, InvalidInput
from geocrm.security import Actor, audit
from geocrm.security.models import User
from geocrm.visits import planning, queries, travel
from geocrm.visits.models import PlanState, VisitPlan, VisitStop, VisitUnplanned
from geocrm.visits.planning import Draft, Place
from geocrm.visits.queries import Customer
from geocrm.visits.wishes import DayRequest, Wish, WishRow, clock_text


def plan_day(session: Session, actor: Actor, rep: User, request: DayRequest) -> VisitPlan:
    """Plan a rep's day and keep the plan; visits of the day with an outcome stay as they are."""
    actor.require("plan", "visit")
    if request.day < clock.today(rep.timezone):
        raise InvalidInput(f"{request.day} is past: plan today or a later day")
    queries.hold_day(session, rep.id, request.day)
    before = queries.live_plan_held(session, rep.id, request.day)
    if request.version is not None and request.version != (before.version if before else 0):
        raise Conflict("Somebody planned this day anew meanwhile; load it again")
    had = [each for each in queries.stops(session, before.id) if each.outcome] if before else []
    customers = _customers(session, rep, request)
    frame = _frame(rep, request, customers, before, had)
    # Seconds of computing, not of waiting: a busy machine must not change the plan.
    deadline = time.thread_time() + request.time_s
    found = planning.draft(
        request,
        customers,
        start=frame.start,
        end=frame.end,
        begin_s=frame.begin_s,
        seen={each.account_id for each in had},
        should_stop=lambda: time.thread_time() > deadline,
    )
    return _keep(session, actor, rep, request, frame, found, before, had)


def wishes_of(session: Session, rep: User, rows: Sequence[WishRow]) -> tuple[Wish, ...]:
    """The accounts a list names, each once, or InvalidInput naming the first that is not there."""
    ids = {int(row.key) for row in rows if _is_id(row.key) and row.kind != "external_id"}
    named = {row.key for row in rows if row.kind != "id"}
    found = queries.customers_named(session, rep.id, ids, named)
    by_id = {each.account_id: each for each in found}
    by_name = {each.external_id: each for each in found if each.external_id is not None}
    wishes: dict[int, Wish] = {}
    for row in rows:
        match = _named(row, rep, by_id, by_name)
        wishes.setdefault(match.account_id, row.of(match.account_id))
    return tuple(wishes.values())


def _is_id(key: str) -> bool:
    return key.isascii() and key.isdecimal() and len(key) <= 18


def _named(
    row: WishRow, rep: User, by_id: dict[int, Customer], by_name: dict[str, Customer]
) -> Customer:
    as_id = by_id.get(int(row.key)) if row.kind != "external_id" and _is_id(row.key) else None
    as_name = by_name.get(row.key) if row.kind != "id" else None
    if as_id and as_name and as_id != as_name:
        raise InvalidInput(
            f"Row {row.row}: {row.key!r} is the id of one customer and the external id of another;"
            " head the column id or external_id"
        )
    match = as_id or as_name
    if match is None:
        raise InvalidInput(f"Row {row.row}: {rep.email} has no customer {row.key!r}")
    return match


def _customers(session: Session, rep: User, request: DayRequest) -> list[Customer]:
    """Everybody who may be visited, or InvalidInput when there is nobody."""
    wished = {wish.account_id for wish in request.wishes or ()}
    if request.wishes is not None and not wished:
        raise InvalidInput("Nobody is ticked: tick customers, or plan those who are due longest")
    only = None if request.wishes is None or request.fill else wished
    found = queries.customers(session, rep.id, only)
    missing = wished - {each.account_id for each in found}
    if missing:
        raise InvalidInput(f"{rep.email} has no customer {min(missing)}")
    if not found:
        raise InvalidInput(
            f"{rep.email} has no customers to visit: give them a territory or accounts of their own"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where and when the part of the day that is planned begins and ends."""

    start: Place
    start_kind: str
    end: Place
    end_kind: str
    begin_s: int


def _frame(
    rep: User,
    request: DayRequest,
    customers: Sequence[Customer],
    before: VisitPlan | None,
    had: Sequence[VisitStop],
) -> _Frame:
    home = _home(rep)
    centre = _centre(customers, home)
    start, start_kind = (home, "home") if home else (centre, "centre")
    end, end_kind = start, start_kind
    if before is not None and had:
        end, end_kind = (before.end_lon, before.end_lat), before.end_kind
        latest = max(had, key=lambda each: (each.outcome_at, each.position))
        start, start_kind = (latest.lon, latest.lat), "last_stop"
    if request.start is not None:
        start, start_kind = request.start, "given"
        if home is None and not had:
            end, end_kind = start, start_kind
    if request.end is not None:
        end, end_kind = request.end, "given"
    begin_s = max([request.shift_start_s, *(_over_s(rep, request.day, each) for each in had)])
    if begin_s >= request.shift_end_s:
        raise InvalidInput(
            f"No time is left after the visit that ended at {clock_text(begin_s)}: give later"
            f" working hours than {clock_text(request.shift_end_s)}"
        )
    return _Frame(start, start_kind, end, end_kind, begin_s)


def _over_s(rep: User, day: date, stop: VisitStop) -> int:
    """When a visit with an outcome was over: as planned, or sooner where it was entered sooner."""
    assert stop.outcome_at is not None
    at = stop.outcome_at.astimezone(ZoneInfo(rep.timezone))
    entered = at.hour * 3600 + at.minute * 60 + at.second
    planned = int(np.ceil(stop.depart_s))
    return min(entered, planned) if at.date() == day else planned


def _home(rep: User) -> Place | None:
    if rep.home_lon is None or rep.home_lat is None:
        return None
    return rep.home_lon, rep.home_lat


def _centre(customers: Sequence[Customer], home: Place | None) -> Place:
    """The customer nearest the middle of all; a middle alone may lie in the sea."""
    places = np.array([each.place for each in customers if each.place], dtype=float)
    if not len(places):
        if home is not None:
            return home
        raise InvalidInput(
            "None of these customers has a trustworthy place on the map: complete their addresses"
        )
    middle = np.median(places, axis=0)
    away = travel.distance_m(places[:, 0], places[:, 1], middle[0], middle[1])
    lon, lat = places[int(np.argmin(away))]
    return float(lon), float(lat)


def _keep(
    session: Session,
    actor: Actor,
    rep: User,
    request: DayRequest,
    frame: _Frame,
    found: Draft,
    before: VisitPlan | None,
    had: Sequence[VisitStop],
) -> VisitPlan:
    plan = _plan_row(actor, rep, request, frame, found)
    if before is not None:
        before.state = PlanState.REPLACED
        plan.version = before.version + 1
        session.flush()  # only one plan of a day is live
    if before is not None and had:
        plan.start_lon, plan.start_lat = before.start_lon, before.start_lat
        plan.start_kind, plan.leave_s = before.start_kind, before.leave_s
        plan.shift_start_s = min(before.shift_start_s, plan.shift_start_s)
        plan.drive_s += sum(each.drive_s for each in had)
        plan.distance_m += sum(each.distance_m for each in had)
        if not len(found.tour.order):
            plan.return_s = max(each.depart_s for each in had)
    session.add(plan)
    session.flush()
    for position, stop in enumerate(sorted(had, key=lambda each: each.position), start=1):
        stop.plan_id, stop.position = plan.id, position
    session.flush()
    session.add_all(_stop_rows(plan.id, len(had), found))
    session.add_all(
        VisitUnplanned(plan_id=plan.id, account_id=each.account_id, position=position,
                       reason=each.reason, figures=each.figures)
        for position, each in enumerate(found.left_out, start=1)
    )  # fmt: skip
    audit.record(session, actor, "plan", f"visits:{plan.id}", rep=rep.id, day=str(request.day))
    session.flush()
    return plan


def _plan_row(
    actor: Actor, rep: User, request: DayRequest, frame: _Frame, found: Draft
) -> VisitPlan:
    return VisitPlan(
        user_id=rep.id,
        day=request.day,
        state=PlanState.LIVE.value,
        timezone=rep.timezone,
        start_lon=frame.start[0],
        start_lat=frame.start[1],
        start_kind=frame.start_kind,
        end_lon=frame.end[0],
        end_lat=frame.end[1],
        end_kind=frame.end_kind,
        shift_start_s=request.shift_start_s,
        shift_end_s=request.shift_end_s,
        visit_s=request.visit_s,
        seed=request.seed,
        leave_s=found.tour.leave_s,
        return_s=found.tour.return_s,
        drive_s=found.tour.total_drive_s,
        distance_m=found.tour.total_distance_m,
        travel_times=travel.ESTIMATE,
        due_beyond=found.due_beyond,
        version=1,
        created_by=actor.user_id,
    )


def _stop_rows(plan_id: int, first: int, found: Draft) -> list[VisitStop]:
    tour, day = found.tour, found.day
    way = np.concatenate([[day.start], tour.order]).astype(int)
    rows = []
    for at, index in enumerate(tour.order):
        visit = found.visits[index]
        wish = visit.wish
        rows.append(
            VisitStop(
                plan_id=plan_id,
                account_id=visit.customer.account_id,
                position=first + at + 1,
                lon=visit.place[0],
                lat=visit.place[1],
                arrive_s=float(tour.arrive_s[at]),
                depart_s=float(tour.depart_s[at]),
                wait_s=float(tour.wait_s[at]),
                drive_s=float(tour.drive_s[at]),
                distance_m=float(day.distance_m[way[at], index]),
                open_s=wish.open_s if wish else None,
                close_s=wish.close_s if wish else None,
                why=visit.why,
            )
        )
    return rows
