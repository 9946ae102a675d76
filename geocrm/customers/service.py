"""Changes to accounts and their timelines. Every one first finds the account visible.

Who is reached there, and how: `contacting`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import placing, queries, scope
from geocrm.customers.changing import MAX_TEXT, checked_text, refresh_reach, required_name, touch
from geocrm.customers.models import (
    Account,
    AccountScope,
    Activity,
    Address,
)
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.security import Actor, Role, audit
from geocrm.security.models import User

KINDS: Final = ("note", "call", "visit", "email", "meeting")
MAX_NOTE: Final = 5_000
_TEXTS: Final = {"segment": 60, "website": MAX_TEXT, "external_id": 100}
_UNIQUE_ID: Final = "accounts_external_id_idx"
_AHEAD = timedelta(minutes=10)  # clocks of phones may be wrong by so much


def create(
    session: Session,
    actor: Actor,
    figures: Mapping[str, Any],
    address: Mapping[str, Any] | None = None,
    *,
    owner_id: int | None = None,
    country: str = "ID",
    currency: str = "IDR",
) -> Account:
    """Add an account; its address is looked up. InvalidInput when a value cannot be used."""
    actor.require("create", "account")
    account = Account(currency=currency, created_by=actor.user_id, updated_by=actor.user_id)
    account.name = required_name(figures.get("name"))
    _fill(session, account, {key: v for key, v in figures.items() if key != "name"})
    owner = assignable(session, actor, owner_id)
    session.add(account)
    _write(session, account)  # its children refer to the id
    revenue = account.annual_revenue or 0.0
    session.add_all([
        AccountScope(
            account_id=account.id, owner_id=owner.id, segment=account.segment, revenue=revenue
        ),
        Address(account_id=account.id, **{"country": country} | placing.parts(address or {})),
    ])  # fmt: skip
    session.flush()
    if address:
        placing.geocode(session, account.id)
    refresh_reach(session, account.id)
    audit.record(session, actor, "create", f"account:{account.id}")
    return account


def change(
    session: Session,
    actor: Actor,
    account_id: int,
    version: int,
    figures: Mapping[str, Any],
    address: Mapping[str, Any] | None = None,
) -> Account:
    """Change an account that is still as it was read (`version`), else Conflict.

    A changed address is looked up anew, unless somebody placed the account by hand.
    """
    actor.require("update", "account")
    account = touch(session, actor, account_id, version, figures)
    _fill(session, account, figures)
    if "name" in figures:
        account.name = required_name(figures["name"])
    _write(session, account)
    values: dict[str, Any] = {"segment": account.segment}
    if "annual_revenue" in figures:
        values["revenue"] = _revenue(account.annual_revenue)
    _set_scope(session, account_id, values)
    if address is not None and placing.readdress(session, account_id, address):
        placing.geocode(session, account_id)
    refresh_reach(session, account_id)
    audit.record(session, actor, "update", f"account:{account_id}")
    return account


def remove(session: Session, actor: Actor, account_id: int) -> None:
    """Delete an account with everything that hangs on it."""
    actor.require("delete", "account")
    account = queries.get_to_change(session, account_id)
    audit.record(session, actor, "delete", f"account:{account_id}", name=account.name)
    session.execute(
        delete(Account).where(Account.id == account_id),
        execution_options={"synchronize_session": "fetch"},
    )


def give(session: Session, actor: Actor, account_id: int, owner_id: int) -> None:
    """Hand an account to another owner the actor may assign to."""
    actor.require("update", "account")
    now = session.scalar(select(AccountScope.owner_id).where(AccountScope.account_id == account_id))
    if now is None:
        raise NotFound(f"No customer {account_id}")
    if not (actor.sees_all or now in actor.owner_ids):
        raise InvalidInput("Only its owner, or who they report to, may hand the customer over")
    owner = assignable(session, actor, owner_id)
    touch(session, actor, account_id)
    _set_scope(session, account_id, {"owner_id": owner.id})
    audit.record(session, actor, "give", f"account:{account_id}", before=now, after=owner.id)


def pin(session: Session, actor: Actor, account_id: int, lon: float, lat: float) -> None:
    """Place an account by hand; neither imports nor the geocoder move it afterwards."""
    actor.require("update", "account")
    touch(session, actor, account_id)
    placing.pin(session, account_id, lon, lat, actor.user_id)
    audit.record(session, actor, "pin", f"account:{account_id}", lon=lon, lat=lat)


def unpin(session: Session, actor: Actor, account_id: int) -> None:
    """Forget where somebody placed it and look its address up instead."""
    actor.require("update", "account")
    touch(session, actor, account_id)
    placing.unpin(session, account_id)
    audit.record(session, actor, "unpin", f"account:{account_id}")


# ------------------------------------------------------------------------------- the timeline


def log_activity(
    session: Session,
    actor: Actor,
    account_id: int,
    kind: str,
    text: str,
    *,
    outcome: str | None = None,
    at: datetime | None = None,
    client_id: str | None = None,
) -> Activity:
    """Add an entry to the timeline; sent twice with one `client_id` it is there once.

    A visit moves the account's last visit forward.
    """
    actor.require("create", "activity")
    if kind not in KINDS:
        raise InvalidInput(f"There is no kind {kind!r}; kinds are {', '.join(KINDS)}")
    if kind == "note" and not text.strip():
        raise InvalidInput("A note needs some text")
    at = at or clock.now()
    if at > clock.now() + _AHEAD:
        raise InvalidInput(f"{at:%Y-%m-%d %H:%M} lies ahead: note what has happened")
    queries.get(session, account_id)
    there = _sent_before(session, account_id, client_id)
    if there is not None:
        return there
    entry = Activity(
        account_id=account_id,
        kind=kind,
        text=checked_text(text, "text", MAX_NOTE) or "",
        outcome=checked_text(outcome or "", "outcome", 60),
        at=at,
        user_id=actor.user_id,
        client_id=client_id,
    )
    try:
        with session.begin_nested():
            session.add(entry)
    except IntegrityError as error:
        # Sent in the same moment, or before for a customer that the actor does not see.
        there = _sent_before(session, account_id, client_id)
        if there is None:
            raise Conflict(f"The entry {client_id} belongs to another customer") from error
        return there
    if kind == "visit":
        day = at.astimezone(ZoneInfo(actor.timezone)).date()
        latest = func.greatest(AccountScope.last_visit, day)
        _set_scope(session, account_id, {"last_visit": latest})
    return entry


def _sent_before(session: Session, account_id: int, client_id: str | None) -> Activity | None:
    if client_id is None:
        return None
    found = session.scalar(select(Activity).where(Activity.client_id == client_id))
    if found is not None and found.account_id != account_id:
        raise Conflict(f"The entry {client_id} belongs to another customer")
    return found


# ------------------------------------------------------------------------------- inner parts


def _fill(session: Session, account: Account, figures: Mapping[str, Any]) -> None:
    """Set the given values after checking them."""
    for key, limit in _TEXTS.items():
        if key in figures:
            setattr(account, key, checked_text(figures[key] or "", key, limit))
    if "annual_revenue" in figures:
        amount = figures["annual_revenue"]
        if amount is not None and not 0 <= amount < 1e15:
            raise InvalidInput(f"An annual revenue of {amount:g} is not possible")
        account.annual_revenue = amount
    if "visits_per_year" in figures:
        visits = figures["visits_per_year"]
        if visits is not None and not 0 <= visits <= 366:
            raise InvalidInput(f"{visits} visits a year are not possible (0 to 366)")
        account.visits_per_year = visits
    if "tags" in figures:
        words = (str(tag).strip()[:60] for tag in figures["tags"] or ())
        account.tags = list(dict.fromkeys(word for word in words if word))[:50]
    _require_free_id(session, account)


def _write(session: Session, account: Account) -> None:
    """Write it; Conflict when its ID was taken since we looked."""
    wanted = account.external_id
    try:
        session.flush()
    except IntegrityError as error:
        if _UNIQUE_ID in str(error.orig):
            raise Conflict(f"The customer ID {wanted!r} is in use already") from error
        raise


def _require_free_id(session: Session, account: Account) -> None:
    if account.external_id is None:
        return
    with session.no_autoflush:
        taken = scope.is_taken(session, account.external_id, account.id)
    if taken:
        raise Conflict(f"The customer ID {account.external_id!r} is in use already")


def assignable(session: Session, actor: Actor, owner_id: int | None) -> User:
    """The user, when the actor may give accounts to them; the actor when none is named."""
    wanted = actor.user_id if owner_id is None else owner_id
    found = None if wanted is None else session.get(User, wanted)
    allowed = found is not None and (actor.sees_all or found.id in actor.owner_ids)
    if found is None or not allowed or not found.active or found.role_kind is Role.MARKETER:
        raise InvalidInput("Choose an owner you may give customers to")
    return found


def _set_scope(session: Session, account_id: int, values: Mapping[str, Any]) -> None:
    session.execute(
        update(AccountScope)
        .where(AccountScope.account_id == account_id)
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )


def _revenue(annual: float | None) -> Any:
    """The entered revenue, unless orders of the last year say better."""
    recent = AccountScope.last_order >= func.current_date() - 365
    return case((recent, AccountScope.revenue), else_=annual or 0.0)
