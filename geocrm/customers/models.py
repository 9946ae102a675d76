"""Tables of customers.

`account_scope` is the narrow table every list, count, tile and filter reads: one row an account,
with who owns it, which territory it lies in, where it is and what it is filtered by. The wide
`accounts` row is not touched when territories are assigned. Every other table here is a child of an
account and seen by whoever sees the account.
"""

import enum
from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import REAL, FetchedValue, ForeignKey, Numeric, Text, exists, func, or_
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base, RowCriterion, scoped
from geocrm.db.postgis import WGS84

SEGMENTS = ("A", "B", "C", "D")


class Channel(enum.StrEnum):
    """A way to reach somebody, each with a consent of its own."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PHONE = "phone"
    POST = "post"

    @property
    def bit(self) -> int:
        """Its bit in `account_scope.consent` and `account_scope.reach`."""
        return 1 << list(Channel).index(self)


def _own(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


def of_visible_account(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    """The criterion of every child of an account: its account is visible."""
    # The plain table: the mapped class would get its own criterion a second time.
    scope = AccountScope.__table__.alias()
    return lambda cls: exists().where(
        scope.c.account_id == cls.account_id,
        or_(scope.c.owner_id.in_(owner_ids), scope.c.territory_id.in_(territory_ids)),
    )


def _account_itself(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    scope = AccountScope.__table__.alias()
    return lambda cls: exists().where(
        scope.c.account_id == cls.id,
        or_(scope.c.owner_id.in_(owner_ids), scope.c.territory_id.in_(territory_ids)),
    )


@scoped(_own)
class AccountScope(Base):
    """Who may see an account and what it is found by; one row an account."""

    __tablename__ = "account_scope"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    # The live territory; no foreign key, because territories are built on customers.
    territory_id: Mapped[int | None]
    # The rule that decided the territory; None is the ground. Kept by the trigger
    # account_scope_rule, which lets rules win whoever writes the territory.
    rule_id: Mapped[int | None] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())
    # The finest boundary unit that holds the point, such as "idn-adm2:32.73".
    unit: Mapped[str | None]
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=WGS84))
    # Morton code of the point at zoom 24 (geocrm.spatial.morton), filled by a trigger from geom.
    qk: Mapped[int | None]
    grade: Mapped[str] = mapped_column(default="none")
    radius_m: Mapped[float | None]
    segment: Mapped[str | None]
    # Revenue of the last 365 days from orders, else the annual revenue somebody entered.
    revenue: Mapped[float] = mapped_column(default=0.0)
    last_order: Mapped[date | None]
    last_visit: Mapped[date | None]
    # Channels consented to, and channels there is an address for, as bits (`Channel.bit`).
    consent: Mapped[int] = mapped_column(default=0)
    reach: Mapped[int] = mapped_column(default=0)


@scoped(_account_itself)
class Account(Base):
    """A customer or prospect: an organisation or a household."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    name: Mapped[str]
    segment: Mapped[str | None]
    annual_revenue: Mapped[float | None] = mapped_column(Numeric(18, 2, asdecimal=False))
    currency: Mapped[str] = mapped_column(default="IDR")
    website: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    # Visits a year that this customer is due; None leaves it to the segment.
    visits_per_year: Mapped[int | None]
    import_id: Mapped[int | None]
    demo: Mapped[bool] = mapped_column(default=False)
    # Counts up with every change by a person or an import; tells who saved first.
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


@scoped(of_visible_account)
class Address(Base):
    """Where an account is: as typed, in parts, and as a point with its grade."""

    __tablename__ = "addresses"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    typed: Mapped[str] = mapped_column(default="")
    street: Mapped[str | None]
    house_number: Mapped[str | None]
    postcode: Mapped[str | None]
    village: Mapped[str | None]
    district: Mapped[str | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    country: Mapped[str] = mapped_column(default="ID")
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    grade: Mapped[str] = mapped_column(default="none")
    radius_m: Mapped[float | None]
    # Who placed the point: "file", "gazetteer", another provider, or "pin" for a person.
    provider: Mapped[str | None]
    label: Mapped[str | None]
    geocoded_at: Mapped[datetime | None]
    # The probability that the true place lies within 50, 200, 1,000 and 5,000 m of the point.
    p50: Mapped[float | None] = mapped_column(REAL)
    p200: Mapped[float | None] = mapped_column(REAL)
    p1000: Mapped[float | None] = mapped_column(REAL)
    p5000: Mapped[float | None] = mapped_column(REAL)
    ambiguous: Mapped[bool] = mapped_column(default=False)
    # Runners-up: [{label, grade, lon, lat, radius_m}]; what is to be said: [{code, given}].
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    notes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    licence: Mapped[str | None]
    attribution: Mapped[str | None]
    # Of the address as written ('' when nothing is), and of the one that the point answers (None
    # when it was never looked up). Both are kept by a trigger; where they differ, the address
    # waits to be looked up, and `answered_address` says for which one the point was found.
    fingerprint: Mapped[str] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())
    answered: Mapped[str | None] = mapped_column(FetchedValue(), server_onupdate=FetchedValue())
    answered_address: Mapped[str | None] = mapped_column(
        FetchedValue(), server_onupdate=FetchedValue()
    )
    # The terms of the provider forbid to keep the point longer.
    retain_until: Mapped[datetime | None]
    # Who placed it by hand, at `geocoded_at`.
    placed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # A person is asked ("open"), found it right ("settled"), or says there is no such place.
    review: Mapped[str | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewed_at: Mapped[datetime | None]


@scoped(of_visible_account)
class AddressPoint(Base):
    """Where an account was before; written by a trigger when its point is replaced."""

    __tablename__ = "address_points"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    # None when the terms of the provider forbid to keep the point.
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    grade: Mapped[str]
    radius_m: Mapped[float | None]
    provider: Mapped[str | None]
    label: Mapped[str | None]
    # The address that the point answered.
    address: Mapped[str]
    placed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    from_at: Mapped[datetime | None]
    until_at: Mapped[datetime]


@scoped(of_visible_account)
class Contact(Base):
    """A person at an account."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str]
    title: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@scoped(of_visible_account)
class PrimaryContact(Base):
    """The contact that somebody chose to be asked for first; the first one otherwise."""

    __tablename__ = "primary_contacts"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))


@scoped(of_visible_account)
class Phone(Base):
    """A telephone number of an account or of one of its contacts."""

    __tablename__ = "phones"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    e164: Mapped[str]
    typed: Mapped[str]


@scoped(of_visible_account)
class Email(Base):
    """An e-mail address of an account or of one of its contacts."""

    __tablename__ = "emails"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(CITEXT)


@scoped(of_visible_account)
class Consent(Base):
    """One statement about one channel; the newest of a channel counts. Never changed."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    channel: Mapped[str]
    granted: Mapped[bool]
    source: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


@scoped(of_visible_account)
class Activity(Base):
    """An entry of an account's timeline: a note, call, visit, mail or change."""

    __tablename__ = "activities"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    outcome: Mapped[str | None]
    text: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # Made by the device, so that sending an entry twice is harmless.
    client_id: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
