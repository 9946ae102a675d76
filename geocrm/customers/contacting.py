"""People at an account, their numbers and addresses, and what was said about contacting them.

Every change first finds the account visible.
"""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from geocrm.customers import history, queries, reaching, scope
from geocrm.customers.changing import (
    MAX_TEXT,
    checked_text,
    refresh_reach,
    required_name,
    touch,
)
from geocrm.customers.models import Channel, Consent, Contact, Email, Phone, PrimaryContact
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import Actor


def add_contact(
    session: Session, actor: Actor, account_id: int, name: str, title: str = ""
) -> Contact:
    """Add a person at the account."""
    actor.require("update", "account")
    contact = Contact(
        name=required_name(name), title=checked_text(title, "title", 100), account_id=account_id
    )
    touch(session, actor, account_id)
    session.add(contact)
    session.flush()  # the caller shows its id
    return contact


def make_primary(session: Session, actor: Actor, account_id: int, contact_id: int) -> None:
    """Let this person be the one who is asked for first."""
    actor.require("update", "account")
    people = {each.id: each for each in queries.contacts(session, account_id)}
    if contact_id not in people:
        raise NotFound(f"No contact {contact_id} at customer {account_id}")
    now = next(iter(people.values()))
    if now.id == contact_id:
        return
    touch(session, actor, account_id)
    session.merge(PrimaryContact(account_id=account_id, contact_id=contact_id))
    session.flush()
    names = now.name, people[contact_id].name
    session.execute(select(func.account_history_note(account_id, "primary_contact", *names)))


def remove_contact(session: Session, actor: Actor, account_id: int, contact_id: int) -> None:
    """Remove a person with their numbers and addresses."""
    _remove_child(session, actor, Contact, account_id, contact_id)


def add_phone(
    session: Session,
    actor: Actor,
    account_id: int,
    typed: str,
    *,
    contact_id: int | None = None,
    country: str = "ID",
) -> Phone:
    """Add a number, as dialled in the country; InvalidInput when it is none."""
    actor.require("update", "account")
    touch(session, actor, account_id)
    _require_contact(session, account_id, contact_id)
    number = reaching.e164(typed.strip()[:60], country)
    if number is None:
        raise InvalidInput(f"{typed[:60]!r} is not a telephone number of {country}")
    there = session.scalar(
        select(Phone).where(Phone.account_id == account_id, Phone.e164 == number)
    )
    if there is not None:
        return there
    phone = Phone(
        account_id=account_id, contact_id=contact_id, e164=number, typed=typed.strip()[:60]
    )
    session.add(phone)
    session.flush()
    refresh_reach(session, account_id)
    return phone


def remove_phone(session: Session, actor: Actor, account_id: int, phone_id: int) -> None:
    """Remove a number."""
    _remove_child(session, actor, Phone, account_id, phone_id)


def add_email(
    session: Session, actor: Actor, account_id: int, typed: str, *, contact_id: int | None = None
) -> Email:
    """Add an e-mail address; InvalidInput when it is none."""
    actor.require("update", "account")
    touch(session, actor, account_id)
    _require_contact(session, account_id, contact_id)
    address = reaching.email_address(typed)
    if address is None:
        raise InvalidInput(f"{typed[:100]!r} is not an e-mail address")
    there = session.scalar(
        select(Email).where(Email.account_id == account_id, Email.address == address)
    )
    if there is not None:
        return there
    email = Email(account_id=account_id, contact_id=contact_id, address=address)
    session.add(email)
    session.flush()
    refresh_reach(session, account_id)
    return email


def remove_email(session: Session, actor: Actor, account_id: int, email_id: int) -> None:
    """Remove an e-mail address."""
    _remove_child(session, actor, Email, account_id, email_id)


def state_consent(
    session: Session, actor: Actor, account_id: int, channel: str, granted: bool, source: str
) -> None:
    """Note what the customer said about a channel; the newest statement counts."""
    actor.require("update", "account")
    if channel not in list(Channel):
        raise InvalidInput(f"There is no channel {channel!r}; channels are {', '.join(Channel)}")
    queries.get(session, account_id)
    history.begin(session, actor)
    session.add(
        Consent(
            account_id=account_id,
            channel=channel,
            granted=granted,
            source=checked_text(source, "source", MAX_TEXT) or "by hand",
            at=func.clock_timestamp(),
            user_id=actor.user_id,
        )
    )
    session.flush()
    scope.refresh_consent(session, scope.ONE, {"account_id": account_id})


def _remove_child(
    session: Session,
    actor: Actor,
    child: type[Contact] | type[Phone] | type[Email],
    account_id: int,
    child_id: int,
) -> None:
    actor.require("update", "account")
    history.begin(session, actor)
    gone = session.scalars(
        delete(child)
        .where(child.id == child_id, child.account_id == account_id)
        .returning(child.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not gone:
        raise NotFound(f"No {child.__name__.lower()} {child_id} at customer {account_id}")
    touch(session, actor, account_id)
    refresh_reach(session, account_id)


def _require_contact(session: Session, account_id: int, contact_id: int | None) -> None:
    if contact_id is not None and not session.scalar(
        select(Contact.id).where(Contact.id == contact_id, Contact.account_id == account_id)
    ):
        raise NotFound(f"No contact {contact_id} at customer {account_id}")
