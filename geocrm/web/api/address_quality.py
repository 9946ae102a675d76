"""API of the quality of points: by grade, by unit, and points that contradict their address."""

from typing import Literal

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, ConfigDict, Field

from geocrm.customers import contradictions, quality, review_tasks
from geocrm.customers.comparing import written_address
from geocrm.customers.contradictions import MAX_PAGE, PROPOSALS, Cursor, Row
from geocrm.web.access import permit

bp = APIBlueprint("api_address_quality", __name__, url_prefix="/api/v1", tag="Addresses")


class Grade(BaseModel):
    """Customers whose point has one grade."""

    grade: str
    customers: int
    revenue: float


class Quality(BaseModel):
    """How good the points of the asker's customers are."""

    customers: int
    grades: list[Grade]
    placed_by_hand: int
    settled: int
    open: int
    nowhere: int
    pending: int = Field(description="Never looked up, or written otherwise since")


class UnitsQuery(BaseModel):
    """Which division."""

    layer: str = Field("idn-adm1", max_length=40, description="A boundary layer")


class Unit(BaseModel):
    """The customers of a unit; `code` is null for those that lie in none."""

    code: str | None
    name: str | None
    name_id: str | None
    parent: str | None
    customers: int
    street_level: int = Field(description="Known to the building or the street")
    village_level: int = Field(description="Known to the village or the postcode")
    untrustworthy: int = Field(description="Known to the province or country only, or not at all")
    open: int = Field(description="Waiting for a person")
    revenue: float
    weak_revenue: float = Field(description="Of those without a street-level point")
    lon: float | None
    lat: float | None


class Units(BaseModel):
    """Units that hold customers, those with most weak points first."""

    items: list[Unit]


class Kind(BaseModel):
    """Points that contradict their address in one way."""

    kind: str
    customers: int
    revenue: float
    proposals: list[str]


class Kinds(BaseModel):
    """The kinds there are among the asker's customers."""

    items: list[Kind]


class PageQuery(BaseModel):
    """Where in the list."""

    limit: int = Field(25, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, description="`next` of the page before")


class Contradiction(BaseModel):
    """A point that contradicts its address; `to_lon` and `to_lat` are where it would agree."""

    account_id: int
    name: str
    revenue: float
    written: str
    lon: float
    lat: float
    grade: str
    provider: str | None
    unit: str | None = Field(description="Where the point lies")
    to_lon: float | None
    to_lat: float | None


class Contradictions(BaseModel):
    """A page of them, those with most revenue first."""

    items: list[Contradiction]
    next: str | None


class SettleIn(BaseModel):
    """What to do about points of a kind."""

    model_config = ConfigDict(extra="forbid")

    proposal: Literal["move", "address", "keep"]
    account_ids: list[int] | None = Field(
        None, min_length=1, max_length=200, description="Left out: all that the asker sees"
    )


class Settled(BaseModel):
    """What was put right, and the decision to take it back by; `job` does it for many."""

    decision: int
    changed: int
    skipped: int = Field(description="Left as they are: no longer of the kind, or nothing better")
    job: int | None


@bp.get("/address-quality")
@bp.output(Quality)
@bp.doc(summary="How good the points of customers are", security="token")
@permit("read", "account")
def overview() -> Quality:
    """Customers by grade, and how many were looked at by people."""
    found = quality.overview(g.session)
    return Quality(
        customers=found.customers,
        grades=[Grade(**each._asdict()) for each in found.grades],
        placed_by_hand=found.placed_by_hand,
        settled=found.settled,
        open=found.open,
        nowhere=found.nowhere,
        pending=found.pending,
    )


@bp.get("/address-quality/units")
@bp.input(UnitsQuery, location="query")
@bp.output(Units)
@bp.doc(summary="How good the points are, unit by unit", security="token")
@permit("read", "account")
def units(query_data: UnitsQuery) -> Units:
    """The units of a boundary layer that hold customers."""
    found = quality.by_unit(g.session, query_data.layer)
    return Units(items=[Unit(**each._asdict()) for each in found])


@bp.get("/address-contradictions")
@bp.output(Kinds)
@bp.doc(summary="Ways in which points contradict their addresses", security="token")
@permit("read", "account")
def kinds() -> Kinds:
    """How many customers there are of each kind."""
    found = contradictions.count(g.session)
    return Kinds(
        items=[Kind(**each._asdict(), proposals=list(PROPOSALS[each.kind])) for each in found]
    )


@bp.get("/address-contradictions/<kind>")
@bp.input(PageQuery, location="query")
@bp.output(Contradictions)
@bp.doc(summary="Points that contradict their addresses in one way", security="token")
@permit("read", "account")
def of_kind(kind: str, query_data: PageQuery) -> Contradictions:
    """A page of them."""
    found = contradictions.page(g.session, kind, query_data.limit, Cursor.read(query_data.cursor))
    return Contradictions(
        items=[_shown(row) for row in found.rows], next=str(found.next) if found.next else None
    )


@bp.post("/address-contradictions/<kind>/settle")
@bp.input(SettleIn, arg_name="given")
@bp.output(Settled)
@bp.doc(summary="Put points right, some or all of a kind", security="token")
@permit("update", "account")
def settle(kind: str, given: SettleIn) -> Settled:
    """Move them, take what the address gives, or keep them; many as a job."""
    if given.account_ids is None:
        begun = review_tasks.settle_all(g.session, g.actor, kind, given.proposal)
    else:
        begun = review_tasks.settle_some(
            g.session, g.actor, kind, given.proposal, given.account_ids
        )
    return Settled(
        decision=begun.decision.id,
        changed=begun.changed,
        skipped=begun.skipped,
        job=begun.job.id if begun.job else None,
    )


def _shown(row: Row) -> Contradiction:
    return Contradiction(
        account_id=row.account_id,
        name=row.name,
        revenue=row.revenue,
        written=written_address(row._asdict()),
        lon=row.lon,
        lat=row.lat,
        grade=row.grade,
        provider=row.provider,
        unit=row.unit,
        to_lon=row.to_lon,
        to_lat=row.to_lat,
    )
