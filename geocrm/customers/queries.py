"""Reads of accounts. Each function is one round trip; nobody gets what they may not see."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from geocrm.customers.models import (
    Account,
    AccountScope,
    Activity,
    Address,
    AddressPoint,
    Channel,
    Consent,
    Contact,
    Email,
    Phone,
    PrimaryContact,
)
from geocrm.errors import NotFound
from geocrm.places.models import Boundary
from geocrm.security.models import User

# A point that stands for a province or a country is no place to go to, and none is none.
UNTRUSTWORTHY = ("none", "country", "region")


class Record(NamedTuple):
    """An account with what is known of it, as its page shows it."""

    account: Account
    scope: AccountScope
    address: Address
    lon: float | None
    lat: float | None
    owner_name: str
    owner_email: str
    unit_name: str | None
    placed_by_name: str | None


class EarlierPoint(NamedTuple):
    """Where an account was before, and for which address; who placed it there, when by hand."""

    lon: float | None
    lat: float | None
    grade: str
    radius_m: float | None
    provider: str | None
    address: str
    until_at: datetime
    by: str | None
    label: str | None
    from_at: datetime | None


class Entry(NamedTuple):
    """One entry of a timeline and who made it."""

    id: int
    kind: str
    outcome: str | None
    text: str
    at: datetime
    by: str | None


class Statement(NamedTuple):
    """The newest statement about a channel."""

    channel: str
    granted: bool
    source: str
    at: datetime
    by: str | None


class Placed(NamedTuple):
    """How many accounts there are and how many of them have no trustworthy point."""

    accounts: int
    without_point: int


def get(session: Session, account_id: int) -> Account:
    """The account, or NotFound, also when it belongs to someone else."""
    found = session.scalar(select(Account).where(Account.id == account_id))
    if found is None:
        raise NotFound(f"No customer {account_id}")
    return found


def get_to_change(session: Session, account_id: int) -> Account:
    """The same as it is by now, kept from other writers until the end of the transaction.

    Who changes it in the same moment waits, and then sees what was saved.
    """
    asked = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    found = session.scalar(asked.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(f"No customer {account_id}")
    return found


def record(session: Session, account_id: int) -> Record:
    """The account with its scope, address and owner, or NotFound."""
    placer = aliased(User)
    row = session.execute(
        select(
            Account,
            AccountScope,
            Address,
            func.ST_X(AccountScope.geom),
            func.ST_Y(AccountScope.geom),
            User.name,
            User.email,
            Boundary.name,
            placer.name,
        )
        .join(AccountScope, AccountScope.account_id == Account.id)
        .join(Address, Address.account_id == Account.id)
        .join(User, User.id == AccountScope.owner_id)
        .outerjoin(Boundary, Boundary.code == AccountScope.unit)
        .outerjoin(placer, placer.id == Address.placed_by)
        .where(Account.id == account_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"No customer {account_id}")
    return Record(*row)


def earlier_points(session: Session, account_id: int, limit: int = 10) -> list[EarlierPoint]:
    """Where the account was before, newest first."""
    rows = session.execute(
        select(
            AddressPoint.lon,
            AddressPoint.lat,
            AddressPoint.grade,
            AddressPoint.radius_m,
            AddressPoint.provider,
            AddressPoint.address,
            AddressPoint.until_at,
            User.name,
            AddressPoint.label,
            AddressPoint.from_at,
        )
        .outerjoin(User, User.id == AddressPoint.placed_by)
        .where(AddressPoint.account_id == account_id)
        .order_by(AddressPoint.until_at.desc(), AddressPoint.id.desc())
        .limit(limit)
    )
    return [EarlierPoint._make(row) for row in rows]


def contacts(session: Session, account_id: int) -> Sequence[Contact]:
    """People at the account: the primary one, then the others by name."""
    found = session.scalars(
        select(Contact)
        .outerjoin(PrimaryContact, PrimaryContact.contact_id == Contact.id)
        .where(Contact.account_id == account_id)
        .order_by(PrimaryContact.contact_id.is_(None), Contact.id)
    ).all()
    return [*found[:1], *sorted(found[1:], key=lambda each: (each.name.casefold(), each.id))]


def primary_contact_sql(account_id: str) -> str:
    """SQL of the primary contact of an account: one row of `contacts`, or none."""
    return (
        "SELECT c.* FROM contacts c LEFT JOIN primary_contacts k ON k.contact_id = c.id"
        f" WHERE c.account_id = {account_id} ORDER BY k.contact_id IS NULL, c.id LIMIT 1"
    )


def phones(session: Session, account_id: int) -> Sequence[Phone]:
    """Numbers of the account and its contacts."""
    return session.scalars(
        select(Phone).where(Phone.account_id == account_id).order_by(Phone.id)
    ).all()


def emails(session: Session, account_id: int) -> Sequence[Email]:
    """E-mail addresses of the account and its contacts."""
    return session.scalars(
        select(Email).where(Email.account_id == account_id).order_by(Email.id)
    ).all()


def timeline(
    session: Session, account_id: int, limit: int = 50, before: tuple[datetime, int] | None = None
) -> list[Entry]:
    """Entries newest first; with `before` (moment, id) those older than that one."""
    asked = (
        select(Activity.id, Activity.kind, Activity.outcome, Activity.text, Activity.at, User.name)
        .outerjoin(User, User.id == Activity.user_id)
        .where(Activity.account_id == account_id)
        .order_by(Activity.at.desc(), Activity.id.desc())
        .limit(limit)
    )
    if before is not None:
        asked = asked.where(
            (Activity.at < before[0]) | ((Activity.at == before[0]) & (Activity.id < before[1]))
        )
    return [Entry(*row) for row in session.execute(asked)]


def consents(session: Session, account_id: int) -> dict[str, Statement]:
    """The newest statement about each channel that anybody said something about."""
    rows = session.execute(
        select(Consent.channel, Consent.granted, Consent.source, Consent.at, User.name)
        .outerjoin(User, User.id == Consent.user_id)
        .where(Consent.account_id == account_id)
        .ext(distinct_on(Consent.channel))
        .order_by(Consent.channel, Consent.at.desc(), Consent.id.desc())
    )
    return {row[0]: Statement(*row) for row in rows}


def without_point(session: Session) -> Placed:
    """How many accounts the actor sees, and how many of them have no trustworthy point."""
    row = session.execute(
        select(
            func.count(),
            func.count().filter(AccountScope.grade.in_(UNTRUSTWORTHY)),
        ).select_from(AccountScope)
    ).one()
    return Placed(int(row[0]), int(row[1]))


def assignable_owners(session: Session, owner_ids: frozenset[int] | None) -> Sequence[User]:
    """Users who may own accounts, by name; with `owner_ids` only those among them."""
    asked = select(User).where(User.active, User.role != "marketer").order_by(User.name, User.id)
    if owner_ids is not None:
        asked = asked.where(User.id.in_(owner_ids))
    return session.scalars(asked).all()


def channels(bits: int) -> list[Channel]:
    """The channels whose bit is set."""
    return [channel for channel in Channel if bits & channel.bit]


def days_since(day: date | None, today: date) -> int | None:
    """Whole days from a day until today."""
    return None if day is None else (today - day).days
