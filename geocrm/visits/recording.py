"""What came of each visit: kept once, moving the customer's last visit, open to correction."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import visiting
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.security import Actor
from geocrm.visits import queries
from geocrm.visits.models import Outcome, VisitPlan, VisitStop

MAX_NOTE: Final = 4_000  # characters
NOTE: Final = "note"
# A telephone's clock may be off, and an outcome may wait for a signal, but not for ever.
_CLOCK_OFF: Final = timedelta(minutes=10)
_LATEST: Final = timedelta(days=31)
_LONGEST_DELAY_DAYS: Final = 730


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody says of a visit: an outcome, or a note alone.

    `client_id` is made by the device and makes sending twice harmless. `replaces` is the
    `client_id` of the outcome that this one corrects.
    """

    account_id: int
    outcome: str
    client_id: str
    at: datetime | None = None
    note: str = ""
    postponed_to: date | None = None
    replaces: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be kept."""
        if self.outcome not in (*Outcome, NOTE):
            raise InvalidInput(
                f"There is no outcome {self.outcome!r}; outcomes are {', '.join(Outcome)}, {NOTE}"
            )
        try:
            uuid.UUID(self.client_id)
        except ValueError as error:
            raise InvalidInput(f"client_id {self.client_id!r} is not a UUID") from error
        if len(self.note) > MAX_NOTE or "\x00" in self.note:
            raise InvalidInput(f"A note has at most {MAX_NOTE:,} characters, all of them printable")
        if self.outcome == NOTE and not self.note.strip():
            raise InvalidInput("The note is empty")
        if (self.outcome == Outcome.POSTPONED) != (self.postponed_to is not None):
            raise InvalidInput("A postponed visit, and no other, needs the day it is postponed to")


def record(session: Session, actor: Actor, plan_id: int, report: Report) -> VisitStop:
    """Keep what came of a visit; the last visit of the customer moves with a visit that was made.

    Sent again with the same `client_id` it changes nothing. Raises NotFound for another rep's plan
    or customer, and Conflict when the stop has an outcome that this one does not say it replaces.
    """
    actor.require("record", "visit")
    plan = _holding(session, plan_id)
    known = _stop(session, plan, report.account_id)
    if visiting.is_logged(session, report.account_id, report.client_id) and known is not None:
        return known
    before = visiting.last_visit(session, report.account_id)
    at = _moment(report)
    day = at.astimezone(ZoneInfo(plan.timezone)).date()
    if report.postponed_to is not None and not 0 < (report.postponed_to - day).days <= (
        _LONGEST_DELAY_DAYS
    ):
        raise InvalidInput(
            f"{report.postponed_to} is no day to postpone to: choose one after {day}"
        )
    if known is None and report.outcome == NOTE:
        raise NotFound("This customer is not in the plan any more: write the note on their page")
    stop = known or _extra_stop(session, plan, report, at)
    if report.outcome == NOTE:
        _log(session, actor, report, "note", None, at)
        stop.note = report.note.strip()
        session.flush()
        return stop
    return _settle(session, actor, plan, stop, report, at, before)


def _settle(
    session: Session,
    actor: Actor,
    plan: VisitPlan,
    stop: VisitStop,
    report: Report,
    at: datetime,
    before: date | None,
) -> VisitStop:
    if stop.outcome is not None:
        if report.replaces is None or report.replaces != stop.client_id:
            raise Conflict("This visit has an outcome by now; load the day again to change it")
        before = _withdraw(session, plan, stop, before)
    if report.outcome == Outcome.DONE:
        visiting.visited(session, report.account_id, at.astimezone(ZoneInfo(plan.timezone)).date())
    stop.outcome, stop.outcome_at, stop.outcome_by = report.outcome, at, actor.user_id
    stop.postponed_to, stop.client_id = report.postponed_to, report.client_id
    stop.visited_before = before
    stop.note = report.note.strip() or stop.note
    _log(session, actor, report, "visit", report.outcome, at)
    session.flush()
    return stop


def _withdraw(
    session: Session, plan: VisitPlan, stop: VisitStop, last_visit: date | None
) -> date | None:
    """Take an outcome back; the last visit as it was before it."""
    if stop.client_id is not None:
        visiting.withdraw(session, stop.client_id)
    if stop.outcome != Outcome.DONE or stop.outcome_at is None:
        return last_visit
    day = stop.outcome_at.astimezone(ZoneInfo(plan.timezone)).date()
    visiting.not_visited(session, stop.account_id, day, stop.visited_before)
    return stop.visited_before if last_visit == day else last_visit


def _holding(session: Session, plan_id: int) -> VisitPlan:
    """The plan that holds for the day of this one, until the transaction ends; or NotFound."""
    asked = queries.plan(session, plan_id)
    queries.hold_day(session, asked.user_id, asked.day)
    held = queries.live_plan_held(session, asked.user_id, asked.day)
    if held is None:
        raise NotFound(f"There is no visit plan {plan_id}")
    return held


def _stop(session: Session, plan: VisitPlan, account_id: int) -> VisitStop | None:
    return session.scalar(
        select(VisitStop).where(VisitStop.plan_id == plan.id, VisitStop.account_id == account_id)
    )


def _extra_stop(session: Session, plan: VisitPlan, report: Report, at: datetime) -> VisitStop:
    """A visit that is not, or no longer, in the plan: what was done is kept all the same."""
    customer = next(iter(queries.customers(session, plan.user_id, [report.account_id])), None)
    if customer is None or customer.place is None:
        raise NotFound(f"There is no customer {report.account_id} to visit on this day")
    local = at.astimezone(ZoneInfo(plan.timezone))
    second = float(local.hour * 3600 + local.minute * 60 + local.second)
    last = session.scalar(select(func.max(VisitStop.position)).where(VisitStop.plan_id == plan.id))
    stop = VisitStop(
        plan_id=plan.id, account_id=report.account_id, position=(last or 0) + 1,
        lon=customer.place[0], lat=customer.place[1], arrive_s=second, depart_s=second,
        wait_s=0.0, drive_s=0.0, distance_m=0.0, why={"kind": "extra"}, note="",
    )  # fmt: skip
    session.add(stop)
    return stop


def _moment(report: Report) -> datetime:
    """When it happened: what the device says, unless its clock cannot be right."""
    now = clock.now()
    at = report.at
    if at is None or at.tzinfo is None or not now - _LATEST < at < now + _CLOCK_OFF:
        return now
    return min(at, now)


def _log(
    session: Session, actor: Actor, report: Report, kind: str, outcome: str | None, at: datetime
) -> None:
    visiting.log(
        session,
        actor,
        report.account_id,
        kind=kind,
        outcome=outcome,
        text=report.note.strip(),
        at=at,
        client_id=report.client_id,
    )
