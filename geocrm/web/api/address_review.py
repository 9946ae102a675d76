"""API of the review of addresses: what waits, what people decide, and taking it back."""

from datetime import datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, ConfigDict, Field, model_validator

from geocrm.customers import decisions, queries, review, review_queries, review_tasks
from geocrm.customers.comparing import compare, written_address
from geocrm.customers.decision_models import AddressDecision
from geocrm.customers.review import Option
from geocrm.customers.review_queries import MAX_PAGE, Cursor, Row
from geocrm.errors import Conflict
from geocrm.jobs import JobRun
from geocrm.web import problems
from geocrm.web.access import permit

bp = APIBlueprint("api_address_review", __name__, url_prefix="/api/v1", tag="Addresses")
_SHOWN_AFTER_UNDO = 50
_EARLIER = 50


class QueueQuery(BaseModel):
    """Where in the queue."""

    limit: int = Field(25, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, description="`next` of the page before")


class Piece(BaseModel):
    """A stretch of text; `mark` is same, near, alone, or empty for what names nothing."""

    text: str
    mark: str


class Likely(BaseModel):
    """So many of ten addresses with such an answer lie within so many metres."""

    of_ten: int
    within_m: int


class Candidate(BaseModel):
    """A place on offer, beside the address; `present` is where the address is now."""

    number: int
    present: bool
    label: str | None
    grade: str
    lon: float
    lat: float
    radius_m: float | None
    likely: Likely | None
    provider: str | None
    attribution: str | None
    written: list[Piece]
    label_pieces: list[Piece]


class Note(BaseModel):
    """Something to know about the answer; see the notes of the geocoder."""

    code: str
    given: str


class Case(BaseModel):
    """An address with the places it may be at."""

    account_id: int
    name: str
    owner: str
    revenue: float
    currency: str
    stake: float | None = Field(description="Revenue times uncertainty; null outside the queue")
    written: str
    country: str
    review: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    placed_by: str | None
    placed_at: datetime | None
    reasons: list[str]
    notes: list[Note]
    candidates: list[Candidate]
    seen: str = Field(description="Goes back with a decision, which is refused when it is old")
    alike: int | None = Field(None, description="Others that are written the same and wait too")


class Cases(BaseModel):
    """A page of the queue; `next` is the cursor of the page after, null on the last."""

    items: list[Case]
    next: str | None


class Waiting(BaseModel):
    """How many addresses wait."""

    count: int
    exact: bool = Field(description="False when counting stopped")


class DecisionIn(BaseModel):
    """What somebody says about an address."""

    model_config = ConfigDict(extra="forbid")

    seen: str = Field(max_length=64, description="Of the case that was looked at")
    action: Literal["choose", "place", "nowhere"]
    candidate: int | None = Field(None, description="The number chosen")
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)
    alike: bool = Field(False, description="Also for all that are written the same")

    @model_validator(mode="after")
    def _whole(self) -> "DecisionIn":
        if self.action == "choose" and self.candidate is None:
            raise ValueError("choose needs the number of a candidate")
        if self.action == "place" and (self.lon is None or self.lat is None):
            raise ValueError("place needs lon and lat")
        return self

    @property
    def answer(self) -> review.Answer:
        """The same for the service."""
        if self.action == "nowhere":
            return review.Nowhere()
        if self.action == "choose":
            return review.Choose(self.candidate or 0)
        assert self.lon is not None
        assert self.lat is not None
        return review.Place(self.lon, self.lat)


class Decision(BaseModel):
    """A decision that was made."""

    id: int
    action: str
    at: datetime
    changed: int


class Decisions(BaseModel):
    """The asker's newest decisions that can be taken back."""

    items: list[Decision]


class Undone(BaseModel):
    """What became of a decision that was taken back; `job` does it when it was about many."""

    restored: int
    spared: int = Field(description="Left as they are, because they changed since")
    job: int | None
    cases: list[Case]


class EarlierPoint(BaseModel):
    """A point that an address had before; its place is null when terms forbid to keep it."""

    lon: float | None
    lat: float | None
    grade: str
    radius_m: float | None
    provider: str | None
    label: str | None
    address: str
    by: str | None = Field(description="Who placed it by hand")
    from_at: datetime | None
    until_at: datetime


class EarlierPoints(BaseModel):
    """Points, the newest first."""

    items: list[EarlierPoint]


@bp.get("/address-review")
@bp.input(QueueQuery, location="query")
@bp.output(Cases)
@bp.doc(summary="Addresses that wait for a person, most at stake first", security="token")
@permit("read", "account")
def queue(query_data: QueueQuery) -> Cases:
    """A page of the queue."""
    found = review_queries.page(g.session, query_data.limit, Cursor.read(query_data.cursor))
    return Cases(items=_cases(found.rows), next=str(found.next) if found.next else None)


@bp.get("/address-review/count")
@bp.output(Waiting)
@bp.doc(summary="How many addresses wait for a person", security="token")
@permit("read", "account")
def waiting() -> Waiting:
    """How many; counting stops at a thousand."""
    count, exact = review_queries.count(g.session)
    return Waiting(count=count, exact=exact)


@bp.get("/address-review/<int:account_id>")
@bp.output(Case)
@bp.doc(summary="One address with the places it may be at", security="token")
@permit("read", "account")
def case(account_id: int) -> Case:
    """The address as it is now, waiting or not, and how many are written the same."""
    (found,) = _cases([review_queries.get(g.session, account_id)])
    found.alike = review_queries.num_alike(g.session, account_id)
    return found


@bp.post("/address-review/<int:account_id>")
@bp.input(DecisionIn, arg_name="given")
@bp.output(Decision, status_code=201)
@bp.doc(summary="Decide where an address is", security="token")
@permit("update", "account")
def decide(account_id: int, given: DecisionIn) -> Any:
    """Decide; when the address is another by now, 409 with the address as it is (`now`)."""
    try:
        found = review.decide(
            g.session, g.actor, account_id, given.seen, given.answer, alike=given.alike
        )
    except Conflict as error:
        (now,) = _cases([review_queries.get(g.session, account_id)])
        fresh = now.model_dump(mode="json")
        return problems.answer(409, str(error), "Conflict", now=fresh)
    return _decision(found.decision)


@bp.get("/address-decisions")
@bp.output(Decisions)
@bp.doc(summary="Your newest decisions that can be taken back", security="token")
@permit("read", "account")
def latest() -> Decisions:
    """The newest twenty."""
    return Decisions(items=[_decision(d) for d in decisions.latest(g.session, g.actor, 20)])


@bp.post("/address-decisions/<int:decision_id>/undo")
@bp.output(Undone)
@bp.doc(summary="Take a decision of yours back", security="token")
@permit("update", "account")
def undo(decision_id: int) -> Undone:
    """Restore what was there before, where nobody changed it since."""
    done = review_tasks.undo(g.session, g.actor, decision_id)
    if isinstance(done, JobRun):
        return Undone(restored=0, spared=0, job=done.id, cases=[])
    some = review_queries.get_several(g.session, done.account_ids[:_SHOWN_AFTER_UNDO])
    return Undone(
        restored=len(done.account_ids),
        spared=done.spared,
        job=None,
        cases=_cases([row for row in some if row.review == "open"]),
    )


@bp.get("/accounts/<int:account_id>/points")
@bp.output(EarlierPoints)
@bp.doc(summary="Where a customer was before", security="token")
@permit("read", "account")
def points(account_id: int) -> EarlierPoints:
    """The points that were replaced, the newest first."""
    review_queries.get(g.session, account_id)
    found = queries.earlier_points(g.session, account_id, _EARLIER)
    return EarlierPoints(items=[EarlierPoint(**each._asdict()) for each in found])


def _decision(found: AddressDecision) -> Decision:
    return Decision(id=found.id, action=found.action, at=found.at, changed=found.changed)


def _cases(rows: list[Row]) -> list[Case]:
    offered = review.options(g.session, rows)
    return [_case(row, options) for row, options in zip(rows, offered, strict=True)]


def _case(row: Row, options: list[Option]) -> Case:
    written = written_address(row._asdict())
    return Case(
        account_id=row.account_id,
        name=row.name,
        owner=row.owner,
        revenue=row.revenue,
        currency=row.currency,
        stake=row.stake,
        written=written,
        country=row.country,
        review=row.review,
        reviewed_by=row.reviewed_by,
        reviewed_at=row.reviewed_at,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
        reasons=review.reasons(row),
        notes=[Note(code=str(n.get("code")), given=str(n.get("given"))) for n in row.notes],
        candidates=[_candidate(n, o, written, row) for n, o in enumerate(options, start=1)],
        seen=row.seen,
        alike=None,
    )


def _candidate(number: int, option: Option, written: str, row: Row) -> Candidate:
    at = option.placement
    assert at.lon is not None
    assert at.lat is not None
    both = compare(written, at.label or "", row.country)
    chances = review.likely((at.p50, at.p200, at.p1000, at.p5000))
    return Candidate(
        number=number,
        present=option.present,
        label=at.label,
        grade=at.grade,
        lon=at.lon,
        lat=at.lat,
        radius_m=at.radius_m,
        likely=Likely(of_ten=chances[0], within_m=chances[1]) if chances else None,
        provider=at.provider,
        attribution=at.attribution,
        written=[Piece(text=piece.text, mark=piece.mark) for piece in both.written],
        label_pieces=[Piece(text=piece.text, mark=piece.mark) for piece in both.label],
    )
