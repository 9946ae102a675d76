"""API of many customers at once: lists, counts, figures, and who is on one point."""

from datetime import date, datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.db.postgis import LonLat
from geocrm.errors import InvalidInput
from geocrm.maps import queries, service
from geocrm.maps.cursors import read_cursor
from geocrm.maps.queries import COUNT_CAP, MAX_PAGE, Box, Facet, Page, Row
from geocrm.security.disclosure import MIN_COUNT
from geocrm.spatial.morton import encode
from geocrm.web.access import permit

bp = APIBlueprint("api_account_list", __name__, url_prefix="/api/v1/accounts", tag="Customers")

Sort = Literal[
    "name", "-name", "revenue", "-revenue", "last_order", "-last_order",
    "last_visit", "-last_visit", "updated", "-updated",
]  # fmt: skip


class Chosen(BaseModel):
    """Which customers are meant."""

    filter: str | None = Field(
        None,
        description="A filter as JSON, `#/components/schemas/Filter`: docs/filters-and-views.md",
    )
    bbox: str | None = Field(None, description="west,south,east,north in degrees")


class ListQuery(Chosen):
    """Which customers, in what order, from where."""

    sort: Sort = Field("name", description="A minus sign sorts the largest first")
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, description="`next` of the page before")


class CountQuery(Chosen):
    """Which customers, and whether to count them to the end."""

    exact: bool = Field(False, description=f"Otherwise counting stops at {COUNT_CAP}")


class Posted(BaseModel):
    """Which customers are meant, where the filter is too long for an address line."""

    filter: dict[str, Any] | None = None
    bbox: str | None = Field(None, description="west,south,east,north in degrees")


class PostedCount(Posted):
    """The same, and whether to count to the end."""

    exact: bool = Field(False, description=f"Otherwise counting stops at {COUNT_CAP}")


class PostedList(Posted):
    """The same, in what order and from where."""

    sort: Sort = Field("name", description="A minus sign sorts the largest first")
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, description="`next` of the page before")


class AtQuery(BaseModel):
    """A point, by the key of a stack on the map or by its position."""

    stack: int | None = Field(None, description="The key of a stack in a tile")
    lon: float | None = None
    lat: float | None = None
    filter: str | None = None
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: str | None = None


class Owner(BaseModel):
    """Whose customer it is."""

    id: int
    name: str


class Territory(BaseModel):
    """The live territory a customer lies in."""

    id: int
    name: str | None


class Customer(BaseModel):
    """A customer in a list."""

    id: int
    name: str
    segment: str | None
    owner: Owner
    territory: Territory | None
    revenue: float
    last_order: date | None
    last_visit: date | None
    grade: str
    radius_m: float | None
    lon: float | None
    lat: float | None
    updated: datetime
    external_id: str | None
    tags: list[str]
    visits_per_year: int | None
    city: str | None
    phone: str | None
    email: str | None
    contact: str | None = Field(description="The primary contact")
    contact_phone: str | None
    contact_email: str | None
    created: datetime
    version: int


class Customers(BaseModel):
    """A page of customers; `next` is the cursor of the page after, null on the last."""

    items: list[Customer]
    next: str | None


class Counted(BaseModel):
    """How many customers; null where there are fewer than ten and the asker may not see them."""

    count: int | None
    label: str
    exact: bool
    rounded: bool
    without_point: int | None
    # What was read otherwise than it was written, such as a shape that was repaired.
    notes: list[str]


class Share(BaseModel):
    """How many customers share a value; null for those without one."""

    value: str | int | None
    label: str | None
    count: int | None


class Figures(BaseModel):
    """What a filter chooses, in figures."""

    count: int | None
    label: str
    rounded: bool
    revenue: float | None
    without_point: int | None
    unplaced: int | None
    segments: list[Share]
    territories: list[Share]
    owners: list[Share]


@bp.get("")
@bp.input(ListQuery, location="query")
@bp.output(Customers)
@bp.doc(summary="Customers, page by page", security="token")
@permit("read", "account")
def accounts(query_data: ListQuery) -> Customers:
    """The customers that the filter chooses."""
    return _list(query_data)


@bp.post("/query")
@bp.input(PostedList, arg_name="asked")
@bp.output(Customers)
@bp.doc(summary="Customers, page by page, by a long filter", security="token")
@permit("read", "account")
def posted_accounts(asked: PostedList) -> Customers:
    """The customers that the filter chooses."""
    return _list(asked)


def _list(query_data: ListQuery | PostedList) -> Customers:
    page = queries.accounts(
        g.session,
        service.filter_for(g.actor, query_data.filter),
        box=read_box(query_data.bbox),
        sort=query_data.sort.lstrip("-"),
        descending=query_data.sort.startswith("-"),
        after=read_cursor(query_data.cursor),
        limit=query_data.limit,
    )
    return _customers(page)


@bp.get("/count")
@bp.input(CountQuery, location="query")
@bp.output(Counted)
@bp.doc(summary="How many customers", security="token")
@permit("count", "account")
def count(query_data: CountQuery) -> Counted:
    """How many customers the filter chooses, and how many of them have no trustworthy point."""
    return _count(query_data)


@bp.post("/count")
@bp.input(PostedCount, arg_name="asked")
@bp.output(Counted)
@bp.doc(summary="How many customers, by a long filter", security="token")
@permit("count", "account")
def posted_count(asked: PostedCount) -> Counted:
    """How many customers the filter chooses, and how many of them have no trustworthy point."""
    return _count(asked)


def _count(query_data: CountQuery | PostedCount) -> Counted:
    chosen = service.filter_for(g.actor, query_data.filter)
    box = read_box(query_data.bbox)
    found = service.count(g.session, g.actor, chosen, box=box, exact=query_data.exact)
    return Counted(
        count=found.customers,
        label=_label(found.customers, found.complete),
        exact=found.complete and not found.rounded,
        rounded=found.rounded,
        without_point=found.without_point,
        notes=list(chosen.notes),
    )


@bp.get("/summary")
@bp.input(Chosen, location="query")
@bp.output(Figures)
@bp.doc(summary="Figures of the customers a filter chooses", security="token")
@permit("count", "account")
def summary(query_data: Chosen) -> Figures:
    """Count, revenue, and how many are of each segment, territory and owner."""
    return _summary(query_data)


@bp.post("/summary")
@bp.input(Posted, arg_name="asked")
@bp.output(Figures)
@bp.doc(summary="Figures of the customers a long filter chooses", security="token")
@permit("count", "account")
def posted_summary(asked: Posted) -> Figures:
    """Count, revenue, and how many are of each segment, territory and owner."""
    return _summary(asked)


def _summary(query_data: Chosen | Posted) -> Figures:
    chosen = service.filter_for(g.actor, query_data.filter)
    found = service.summary(g.session, g.actor, chosen, box=read_box(query_data.bbox))
    return Figures(
        count=found.customers,
        label=_label(found.customers, complete=True),
        rounded=found.rounded,
        revenue=found.revenue,
        without_point=found.without_point,
        unplaced=found.unplaced,
        segments=_shares(found.segments),
        territories=_shares(found.territories),
        owners=_shares(found.owners),
    )


@bp.get("/at")
@bp.input(AtQuery, location="query")
@bp.output(Customers)
@bp.doc(summary="Customers on one point", security="token")
@permit("read", "account")
def at(query_data: AtQuery) -> Customers:
    """The customers that the map draws as one stack."""
    chosen = service.filter_for(g.actor, query_data.filter)
    after = read_cursor(query_data.cursor)
    limit = query_data.limit
    return _customers(
        queries.in_stack(g.session, chosen, _key(query_data), after=after, limit=limit)
    )


def _key(asked: AtQuery) -> int:
    if asked.stack is not None:
        return asked.stack
    if asked.lon is None or asked.lat is None:
        raise InvalidInput("Say which point: stack, or lon and lat")
    place = LonLat(asked.lon, asked.lat)
    return int(encode(place.lon, place.lat))


def read_box(text: str | None) -> Box | None:
    """A view as west,south,east,north; None when none is given."""
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInput(
            "bbox is west,south,east,north in degrees, not “{given}”", given=text[:60]
        ) from error
    return Box(west, south, east, north)


def _label(number: int | None, complete: bool) -> str:
    if number is None:
        return f"<{MIN_COUNT}"
    return f"{number:,}" if complete else f"{number:,}+"


def _shares(facets: list[tuple[Facet, int | None]]) -> list[Share]:
    return [Share(value=f.value, label=f.label, count=number) for f, number in facets]


def _customers(page: Page) -> Customers:
    return Customers(
        items=[shown_customer(row) for row in page.rows], next=str(page.next) if page.next else None
    )


def shown_customer(row: Row) -> Customer:
    """The customer as lists show it."""
    values: dict[str, Any] = row._asdict()
    values["owner"] = Owner(id=row.owner_id, name=row.owner)
    values["territory"] = None
    if row.territory_id is not None:
        values["territory"] = Territory(id=row.territory_id, name=row.territory)
    return Customer.model_validate(values)
