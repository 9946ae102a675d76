"""API of one customer: show, create, change, place, consent, timeline."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app, g
from pydantic import BaseModel, ConfigDict, Field, RootModel

from geocrm.customers import contacting, queries, service
from geocrm.errors import InvalidInput
from geocrm.sales import queries as sales
from geocrm.web.access import permit

bp = APIBlueprint("api_accounts", __name__, url_prefix="/api/v1/accounts", tag="Customers")


class AddressIn(BaseModel):
    """An address, as typed or in parts."""

    model_config = ConfigDict(extra="forbid")

    typed: str | None = Field(None, max_length=500)
    street: str | None = Field(None, max_length=300)
    house_number: str | None = Field(None, max_length=40)
    postcode: str | None = Field(None, max_length=20)
    village: str | None = Field(None, max_length=300)
    district: str | None = Field(None, max_length=300)
    city: str | None = Field(None, max_length=300)
    region: str | None = Field(None, max_length=300)
    country: str | None = Field(None, max_length=60, description="ISO code or name")


class FiguresIn(BaseModel):
    """What can be entered about a customer."""

    model_config = ConfigDict(extra="forbid")

    external_id: str | None = Field(None, max_length=100)
    segment: str | None = Field(None, max_length=60)
    annual_revenue: float | None = Field(None, ge=0, lt=1e15)
    website: str | None = Field(None, max_length=300)
    tags: list[str] | None = Field(None, max_length=50)
    visits_per_year: int | None = Field(None, ge=0, le=366)
    address: AddressIn | None = None


class AccountIn(FiguresIn):
    """A new customer."""

    name: str = Field(min_length=1, max_length=200)
    owner_id: int | None = Field(None, description="Whose customer it is; yours when left out")


class AccountChange(FiguresIn):
    """Changes to a customer; what is left out stays."""

    version: int = Field(description="The version that was read; refused when it changed since")
    name: str | None = Field(None, min_length=1, max_length=200)


class PinIn(BaseModel):
    """Where somebody places the customer by hand."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class OwnerIn(BaseModel):
    """Whose customer it shall be."""

    owner_id: int


class ActivityIn(BaseModel):
    """Something that happened with the customer."""

    kind: Literal["note", "call", "visit", "email", "meeting"]
    text: str = Field("", max_length=5000)
    outcome: str | None = Field(None, max_length=60)
    at: datetime | None = None
    client_id: UUID | None = Field(None, description="Makes sending twice harmless")


class ConsentIn(BaseModel):
    """What the customer said about a channel."""

    channel: Literal["email", "sms", "whatsapp", "phone", "post"]
    granted: bool
    source: str = Field("by hand", max_length=300)


class Point(BaseModel):
    """Where a customer is and how exact that is."""

    lon: float | None
    lat: float | None
    grade: str
    radius_m: float | None
    provider: str | None
    label: str | None
    attribution: str | None
    placed_by: str | None
    placed_at: datetime | None


class AccountOut(BaseModel):
    """A customer."""

    id: int
    version: int
    external_id: str | None
    name: str
    segment: str | None
    annual_revenue: float | None
    currency: str
    website: str | None
    tags: list[str]
    visits_per_year: int | None
    owner: str
    owner_id: int
    territory_id: int | None
    unit: str | None
    revenue: float
    last_order: date | None
    last_visit: date | None
    consent: list[str]
    reach: list[str]
    address: dict[str, str | None]
    point: Point


class ActivityOut(BaseModel):
    """An entry of the timeline."""

    id: int
    kind: str
    outcome: str | None
    text: str
    at: datetime
    by: str | None = None


class TimelineOut(RootModel[list[ActivityOut]]):
    """Entries, newest first."""


class OrderOut(BaseModel):
    """An order."""

    id: int
    external_id: str | None
    ordered_on: date
    amount: float
    currency: str


class OrdersOut(RootModel[list[OrderOut]]):
    """Orders, newest first."""


_PARTS = (
    "typed", "street", "house_number", "postcode", "village", "district", "city", "region",
    "country",
)  # fmt: skip


@bp.post("")
@bp.input(AccountIn, arg_name="given")
@bp.output(AccountOut, status_code=201)
@bp.doc(summary="Add a customer", security="token")
@permit("create", "account")
def create(given: AccountIn) -> AccountOut:
    """Add a customer; its address is looked up."""
    settings = current_app.config["GEOCRM_SETTINGS"]
    account = service.create(
        g.session,
        g.actor,
        given.model_dump(exclude_unset=True, exclude={"address", "owner_id"}),
        _address(given),
        owner_id=given.owner_id,
        country=settings.default_country,
        currency=settings.default_currency,
    )
    return _shown(account.id)


@bp.get("/<int:account_id>")
@bp.output(AccountOut)
@bp.doc(summary="One customer", security="token")
@permit("read", "account")
def show(account_id: int) -> AccountOut:
    """The customer, when the asker may see it."""
    return _shown(account_id)


@bp.patch("/<int:account_id>")
@bp.input(AccountChange, arg_name="given")
@bp.output(AccountOut)
@bp.doc(summary="Change a customer", security="token")
@permit("update", "account")
def change(account_id: int, given: AccountChange) -> AccountOut:
    """Change what is given, unless somebody else was quicker (409)."""
    figures = given.model_dump(exclude_unset=True, exclude={"address", "version"})
    service.change(g.session, g.actor, account_id, given.version, figures, _address(given))
    return _shown(account_id)


@bp.delete("/<int:account_id>")
@bp.output({}, status_code=204)
@bp.doc(summary="Delete a customer with everything that hangs on it", security="token")
@permit("delete", "account")
def remove(account_id: int) -> str:
    """Delete the customer."""
    service.remove(g.session, g.actor, account_id)
    return ""


@bp.put("/<int:account_id>/pin")
@bp.input(PinIn, arg_name="given")
@bp.output(AccountOut)
@bp.doc(summary="Place a customer by hand", security="token")
@permit("update", "account")
def pin(account_id: int, given: PinIn) -> AccountOut:
    """Place the customer; imports and the geocoder leave it there."""
    service.pin(g.session, g.actor, account_id, given.lon, given.lat)
    return _shown(account_id)


@bp.delete("/<int:account_id>/pin")
@bp.output(AccountOut)
@bp.doc(summary="Look the address up instead of the place set by hand", security="token")
@permit("update", "account")
def unpin(account_id: int) -> AccountOut:
    """Forget the pin."""
    service.unpin(g.session, g.actor, account_id)
    return _shown(account_id)


@bp.put("/<int:account_id>/owner")
@bp.input(OwnerIn, arg_name="given")
@bp.output(AccountOut)
@bp.doc(summary="Hand a customer over", security="token")
@permit("update", "account")
def give(account_id: int, given: OwnerIn) -> AccountOut:
    """Hand the customer over; the answer is what is known of it afterwards."""
    service.give(g.session, g.actor, account_id, given.owner_id)
    return _shown(account_id)


@bp.get("/<int:account_id>/activities")
@bp.output(TimelineOut)
@bp.doc(summary="The timeline, newest first", security="token")
@permit("read", "activity")
def timeline(account_id: int) -> TimelineOut:
    """The newest hundred entries."""
    queries.get(g.session, account_id)
    entries = queries.timeline(g.session, account_id, 100)
    return TimelineOut([ActivityOut(**entry._asdict()) for entry in entries])


@bp.post("/<int:account_id>/activities")
@bp.input(ActivityIn, arg_name="given")
@bp.output(ActivityOut, status_code=201)
@bp.doc(summary="Add a note, call or visit", security="token")
@permit("create", "activity")
def log(account_id: int, given: ActivityIn) -> ActivityOut:
    """Add an entry; sent twice with one client_id it is there once."""
    if given.at is not None and given.at.tzinfo is None:
        raise InvalidInput("The moment needs a time zone, such as 2026-05-31T09:00:00+07:00")
    entry = service.log_activity(
        g.session,
        g.actor,
        account_id,
        given.kind,
        given.text,
        outcome=given.outcome,
        at=given.at,
        client_id=str(given.client_id) if given.client_id else None,
    )
    return ActivityOut(
        id=entry.id, kind=entry.kind, outcome=entry.outcome, text=entry.text, at=entry.at
    )


@bp.post("/<int:account_id>/consents")
@bp.input(ConsentIn, arg_name="given")
@bp.output(AccountOut, status_code=201)
@bp.doc(summary="Note what the customer said about a channel", security="token")
@permit("update", "account")
def consent(account_id: int, given: ConsentIn) -> AccountOut:
    """Add a statement; the newest of a channel counts."""
    contacting.state_consent(
        g.session, g.actor, account_id, given.channel, given.granted, given.source
    )
    return _shown(account_id)


@bp.get("/<int:account_id>/orders")
@bp.output(OrdersOut)
@bp.doc(summary="The newest orders", security="token")
@permit("read", "order")
def orders(account_id: int) -> OrdersOut:
    """The newest hundred orders."""
    queries.get(g.session, account_id)
    found = [
        OrderOut(
            id=order.id,
            external_id=order.external_id,
            ordered_on=order.ordered_on,
            amount=order.amount,
            currency=order.currency,
        )
        for order in sales.orders_of(g.session, account_id, 100)
    ]
    return OrdersOut(found)


def _address(given: FiguresIn) -> dict[str, Any] | None:
    return None if given.address is None else given.address.model_dump(exclude_unset=True)


def _shown(account_id: int) -> AccountOut:
    g.session.flush()
    g.session.expire_all()
    found = queries.record(g.session, account_id)
    account, scope, address = found.account, found.scope, found.address
    return AccountOut(
        id=account.id,
        version=account.version,
        external_id=account.external_id,
        name=account.name,
        segment=account.segment,
        annual_revenue=account.annual_revenue,
        currency=account.currency,
        website=account.website,
        tags=account.tags,
        visits_per_year=account.visits_per_year,
        owner=found.owner_name,
        owner_id=scope.owner_id,
        territory_id=scope.territory_id,
        unit=scope.unit,
        revenue=scope.revenue,
        last_order=scope.last_order,
        last_visit=scope.last_visit,
        consent=[channel.value for channel in queries.channels(scope.consent)],
        reach=[channel.value for channel in queries.channels(scope.reach)],
        address={part: getattr(address, part) for part in _PARTS},
        point=Point(
            lon=found.lon,
            lat=found.lat,
            grade=scope.grade,
            radius_m=scope.radius_m,
            provider=address.provider,
            label=address.label,
            attribution=address.attribution,
            placed_by=found.placed_by_name,
            placed_at=address.geocoded_at,
        ),
    )
