"""The bulk action visits: plan the accounts that are meant into the days of a rep."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps.bulk.action import Forecast, only, whole_number
from geocrm.maps.bulk.meant import Meant
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor
from geocrm.security.models import User
from geocrm.visits import queries, service, wishes
from geocrm.visits.models import PlanState, VisitPlan
from geocrm.visits.wishes import DayRequest, Wish

MAX_DAYS: Final = 10
TIME_S: Final = 2.0  # of computing, a day: several days are planned in one go
_SATURDAY: Final = 5


class PlanVisits:
    """Plan a rep's days with the accounts; what is planned there already stays."""

    name = "visits"
    right = ("plan", "visit")
    images = False
    most: int | None = wishes.MAX_WISHES

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        only(params, "rep_id", "day", "days")
        rep = queries.rep(session, actor, whole_number(params, "rep_id", "whose days they are"))
        days = whole_number({"days": 1, **params}, "days", "how many days")
        if not 1 <= days <= MAX_DAYS:
            raise InvalidInput(
                "{days} days cannot be planned at once: give 1 to {most}", days=days, most=MAX_DAYS
            )
        try:
            day = date.fromisoformat(str(params.get("day") or clock.today(rep.timezone)))
        except ValueError as error:
            raise InvalidInput("The day is a date such as 2026-01-31") from error
        if day < clock.today(rep.timezone):
            raise InvalidInput("{day} is past: plan today or a later day", day=day)
        return {"rep_id": rep.id, "day": day.isoformat(), "days": days}

    def forecast(
        self, session: Session, actor: Actor, params: Mapping[str, Any], meant: Meant
    ) -> Forecast:
        sql = f"""SELECT s.account_id FROM account_scope s
                  WHERE {{scope:s}} AND {meant.condition} LIMIT {wishes.MAX_WISHES + 1}"""
        ids = set(scoped_sql(session, sql, meant.params).scalars())
        if len(ids) > wishes.MAX_WISHES:
            return Forecast(0)  # too many, which whoever asks says
        reasons = _reasons(session, params["rep_id"], ids)
        counts = {why: list(reasons.values()).count(why) for why in sorted(set(reasons.values()))}
        nobody = InvalidInput(
            "None of these customers can be visited by this person: choose others"
        )
        able = len(ids) - len(reasons)
        return Forecast(able, reasons=counts, stops=None if able or not ids else nobody)

    def apply(self, session: Session, actor: Actor, run: BulkRun) -> None:
        rep = queries.rep(session, actor, run.params["rep_id"])
        ids = set(session.scalars(text("SELECT account_id FROM bulk_stage")))
        reasons = _reasons(session, rep.id, ids)
        left = ids - set(reasons)
        plans: list[list[int | None]] = []
        for day in _days(date.fromisoformat(run.params["day"]), run.params["days"]):
            if left:
                plan, before = _plan(session, actor, rep, day, left)
                plans.append([plan.id, before])
                left -= {stop.account_id for stop in queries.stops(session, plan.id)}
        run.result = {"plans": plans}
        reasons |= dict.fromkeys(left, "no_time")
        _say(session, reasons)

    def undo(self, session: Session, actor: Actor, run: BulkRun) -> None:
        for plan_id, before_id in run.result.get("plans", ()):
            kept = _drop(session, plan_id, before_id)
            run.spared += kept
        run.undone = max(run.changed - run.spared, 0)


def _reasons(session: Session, rep_id: int, ids: Collection[int]) -> dict[int, str]:
    """Why some of the accounts cannot be visited by the rep."""
    found = {each.account_id: each for each in queries.customers(session, rep_id, ids)}
    return {
        each: "no_point" if each in found else "not_of_rep"
        for each in ids
        if each not in found or found[each].place is None
    }


def _days(first: date, count: int) -> Iterator[date]:
    """The day itself, and working days after it."""
    yield first
    day = first
    for _ in range(count - 1):
        day += timedelta(days=1)
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
        yield day


def _plan(
    session: Session, actor: Actor, rep: User, day: date, ids: set[int]
) -> tuple[VisitPlan, int | None]:
    """The day with what it holds already and, as there is room, these; and the plan before."""
    queries.hold_day(session, rep.id, day)
    before = queries.live_plan_held(session, rep.id, day)
    stops = queries.stops(session, before.id) if before else []
    there = [
        Wish(each.account_id, _whole(each.open_s), _whole(each.close_s))
        for each in stops
        if each.outcome is None
    ]
    new = [Wish(each, required=False) for each in sorted(ids - {one.account_id for one in stops})]
    begins, ends = wishes.hours(wishes.DEFAULT_HOURS)
    if before is not None:
        begins, ends = before.shift_start_s, before.shift_end_s
    request = DayRequest(
        day, begins, ends, wishes=tuple([*there, *new][: wishes.MAX_WISHES]), time_s=TIME_S
    )
    return service.plan_day(session, actor, rep, request), before.id if before else None


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _drop(session: Session, plan_id: int, before_id: int | None) -> int:
    """Put the day back as it was; of how many visits that was not done, as the day went on."""
    plan = session.get(VisitPlan, plan_id)
    if plan is None:
        return 0
    stops = queries.stops(session, plan_id)
    if plan.state != PlanState.LIVE.value or any(each.outcome for each in stops):
        return len(stops)
    before = session.get(VisitPlan, before_id) if before_id is not None else None
    plan.state = PlanState.REPLACED.value
    session.flush()  # only one plan of a day is live
    if before is None:
        session.delete(plan)
    else:
        before.state, before.version = PlanState.LIVE.value, plan.version + 1
    session.flush()
    return 0


def _say(session: Session, reasons: Mapping[int, str]) -> None:
    session.execute(text("UPDATE bulk_stage SET outcome = 'changed', reason = NULL"))
    for account_id, reason in reasons.items():
        session.execute(
            text("UPDATE bulk_stage SET outcome = 'refused', reason = :reason"
                 " WHERE account_id = :account_id"),
            {"account_id": account_id, "reason": reason},
        )  # fmt: skip
