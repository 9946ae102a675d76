"""API of visits: a rep's day, whom it could hold, and what came of each visit."""

from datetime import date, datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import g
from flask_babel import format_date, gettext
from pydantic import BaseModel, Field

from geocrm import clock
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import Role
from geocrm.security.models import User
from geocrm.visits import candidates, documents, queries, recording, service, wishes
from geocrm.visits.documents import Words
from geocrm.visits.wishes import DayRequest, Wish
from geocrm.web.access import permit

bp = APIBlueprint("api_visits", __name__, url_prefix="/api/v1/visits", tag="Visits")


class Place(BaseModel):
    """A place, WGS84."""

    lon: float
    lat: float


class Ticked(BaseModel):
    """A customer to be visited; the window is that of this day."""

    account: int
    opens: str | None = None
    closes: str | None = None
    visit_min: float | None = Field(default=None, ge=1, le=1440)
    required: bool = True

    def wish(self) -> Wish:
        """The wish it is."""
        return Wish(
            self.account,
            wishes.clock_s(self.opens) if self.opens else None,
            wishes.clock_s(self.closes) if self.closes else None,
            round(self.visit_min * 60) if self.visit_min else None,
            self.required,
        )


class DayAsked(BaseModel):
    """A day: whose, and which; by default the asker's own, today."""

    rep: int | None = None
    date: str | None = None


class DayWanted(DayAsked):
    """What is asked of a day; without accounts, those due longest are planned."""

    hours: str = wishes.DEFAULT_HOURS
    visit_min: float = Field(default=wishes.DEFAULT_VISIT_MIN, ge=1, le=1440)
    start: Place | None = None
    end: Place | None = None
    accounts: list[Ticked] | None = Field(default=None, max_length=wishes.MAX_WISHES)
    fill: bool = False
    seed: int = Field(default=1, ge=0, lt=2**31)
    time: float = Field(default=wishes.DEFAULT_TIME_S, gt=0, le=60)
    version: int | None = None

    def request(self, day: date) -> DayRequest:
        """The same for the planner."""
        begins, ends = wishes.hours(self.hours)
        return DayRequest(
            day=day,
            shift_start_s=begins,
            shift_end_s=ends,
            visit_s=round(self.visit_min * 60),
            start=(self.start.lon, self.start.lat) if self.start else None,
            end=(self.end.lon, self.end.lat) if self.end else None,
            wishes=_unique(self.accounts) if self.accounts is not None else None,
            fill=self.fill,
            seed=self.seed,
            time_s=self.time,
            version=self.version,
        )


class CandidatesAsked(DayAsked):
    """Whom to show: all by urgency, or those with a text in their name."""

    q: str = Field(default="", max_length=200)
    limit: int = Field(default=50, ge=1, le=200)


class Outcome(BaseModel):
    """What came of a visit. `client_id` is a UUID of the device: sending twice is harmless."""

    account: int
    outcome: Literal["done", "nobody", "postponed", "note"]
    client_id: str = Field(max_length=36)
    at: datetime | None = None
    note: str = Field(default="", max_length=recording.MAX_NOTE)
    postponed_to: date | None = None
    replaces: str | None = Field(default=None, max_length=36)


class Named(BaseModel):
    """A customer."""

    account: int
    name: str
    external_id: str | None


class LeftOut(Named):
    """A customer who was wanted and left out: why, and the cheapest way to fit them."""

    reason: str
    code: str


class Stop(Named):
    """A visit in its order. Times carry the rep's time zone; drive and wait come before it."""

    arrive: datetime
    depart: datetime
    wait_s: int
    drive_s: int
    distance_m: int
    lon: float
    lat: float
    opens: str | None
    closes: str | None
    why: str
    chosen: bool
    segment: str | None
    address: str
    contact: str | None
    phone: str | None
    last_visit: date | None
    last_order: date | None
    last_note: str | None
    outcome: str | None
    outcome_at: datetime | None
    postponed_to: date | None
    note: str
    client_id: str | None


class Rep(BaseModel):
    """Whose day it is."""

    id: int
    name: str
    email: str


class End(Place):
    """Where the day starts or ends: home, centre of the customers, last stop, or as given."""

    kind: str


class Plan(BaseModel):
    """A rep's day."""

    stops: list[Stop]
    drive_s: int
    distance_m: int
    unplanned: list[LeftOut]
    travel_times: str
    plan_id: int
    version: int
    rep: Rep
    date: date
    timezone: str
    hours: str
    visit_min: float
    seed: int
    start: End
    end: End
    leave: datetime
    # `return` in JSON.
    back: datetime = Field(alias="return")
    due_beyond: int


class Candidate(Named):
    """A customer of the rep; lateness 1 is due on the day."""

    segment: str | None
    last_visit: date | None
    lateness: float
    due: bool
    why: str
    placed: bool
    distance_m: int | None


class CandidateList(BaseModel):
    """Customers, those due longest first; `due` counts all that are due."""

    items: list[Candidate]
    due: int
    total: int


@bp.get("/plan")
@bp.input(DayAsked, location="query", arg_name="asked")
@bp.output(Plan)
@bp.doc(summary="The plan of a day", security="token")
@permit("read", "visit")
def show(asked: DayAsked) -> Any:
    """The plan that holds for the day, or 404."""
    rep = rep_of(asked.rep)
    day = day_of(asked.date, rep)
    found = queries.live_plan(g.session, rep.id, day)
    if found is None:
        raise NotFound(gettext("There is no plan for %(day)s yet") % {"day": format_date(day)})
    return documents.document(g.session, found, words())


@bp.post("/plan")
@bp.input(DayWanted, arg_name="wanted")
@bp.output(Plan, status_code=201)
@bp.doc(summary="Plan a day, or plan it anew; visits with an outcome stay", security="token")
@permit("plan", "visit")
def plan(wanted: DayWanted) -> Any:
    """Choose whom to visit and in what order."""
    rep = rep_of(wanted.rep)
    made = service.plan_day(g.session, g.actor, rep, wanted.request(day_of(wanted.date, rep)))
    return documents.document(g.session, made, words())


@bp.get("/candidates")
@bp.input(CandidatesAsked, location="query", arg_name="asked")
@bp.output(CandidateList)
@bp.doc(summary="Customers of a rep by how long they are due", security="token")
@permit("read", "visit")
def listed(asked: CandidatesAsked) -> Any:
    """Whom the day could hold."""
    rep = rep_of(asked.rep)
    day = day_of(asked.date, rep)
    return candidates.listed(g.session, rep, day, text=asked.q, limit=asked.limit, words=words())


@bp.post("/plans/<int:plan_id>/outcomes")
@bp.input(Outcome, arg_name="told")
@bp.output(Stop)
@bp.doc(summary="Keep what came of a visit", security="token")
@permit("record", "visit")
def outcome(plan_id: int, told: Outcome) -> Any:
    """Record an outcome once; the customer's last visit moves with a visit that was made."""
    report = recording.Report(
        account_id=told.account,
        outcome=told.outcome,
        client_id=told.client_id,
        at=told.at,
        note=told.note,
        postponed_to=told.postponed_to,
        replaces=told.replaces,
    )
    stop = recording.record(g.session, g.actor, plan_id, report)
    shown = documents.document(g.session, queries.plan(g.session, stop.plan_id), words())
    return next(each for each in shown["stops"] if each["account"] == stop.account_id)


def rep_of(user_id: int | None) -> User:
    """The rep that is asked for, or the asker."""
    if user_id is None and g.actor.user_id is not None and g.actor.role is Role.FIELD_REP:
        user_id = g.actor.user_id
    if user_id is None:
        raise InvalidInput(gettext("Say whose day it is: choose a rep"))
    return queries.rep(g.session, g.actor, user_id)


def day_of(text: str | None, rep: User) -> date:
    """The day that is asked for, or today where the rep is."""
    if not text:
        return clock.today(rep.timezone)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            gettext("%(text)r is no date: write it as 2026-01-31") % {"text": text}
        ) from error


def words() -> Words:
    """How the reader's language says things."""
    return Words(gettext, lambda day: str(format_date(day)))


def _unique(ticked: list[Ticked]) -> tuple[Wish, ...]:
    by_account = {each.account: each.wish() for each in reversed(ticked)}
    return tuple(reversed(by_account.values()))
