"""What came of a visit, as customers keep it: an entry of the timeline and the last visit."""

from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geocrm.customers.models import AccountScope, Activity
from geocrm.errors import Conflict, NotFound
from geocrm.security import Actor


def last_visit(session: Session, account_id: int) -> date | None:
    """The day of the last visit; the row is held until the transaction ends. Else NotFound."""
    found = session.execute(
        select(AccountScope.account_id, AccountScope.last_visit)
        .where(AccountScope.account_id == account_id)
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no customer {account_id}")
    day: date | None = found.last_visit
    return day


def is_logged(session: Session, account_id: int, client_id: str) -> bool:
    """Whether this entry is on the account's timeline; Conflict when it is on another one."""
    found = session.scalar(select(Activity.account_id).where(Activity.client_id == client_id))
    if found not in (None, account_id):
        raise Conflict(f"The entry {client_id} is that of another customer")
    return found is not None


def log(
    session: Session,
    actor: Actor,
    account_id: int,
    *,
    kind: str,
    outcome: str | None,
    text: str,
    at: datetime,
    client_id: str,
) -> Activity:
    """Add an entry to the timeline of a visible account; Conflict when the `client_id` is used."""
    entry = Activity(
        account_id=account_id,
        kind=kind,
        outcome=outcome,
        text=text,
        at=at,
        user_id=actor.user_id,
        client_id=client_id,
    )
    try:
        with session.begin_nested():
            session.add(entry)
    except IntegrityError as error:
        raise Conflict(f"The entry {client_id} is that of another customer") from error
    return entry


def withdraw(session: Session, client_id: str) -> None:
    """Mark an entry as corrected; it stays on the timeline for the record."""
    session.execute(
        update(Activity)
        .where(Activity.client_id == client_id)
        .values(outcome="withdrawn")
        .execution_options(synchronize_session=False)
    )


def visited(session: Session, account_id: int, day: date) -> None:
    """Move the last visit to the day, never back."""
    session.execute(
        update(AccountScope)
        .where(AccountScope.account_id == account_id)
        .values(last_visit=func.greatest(AccountScope.last_visit, day))
        .execution_options(synchronize_session=False)
    )


def not_visited(session: Session, account_id: int, day: date, before: date | None) -> None:
    """Take a visit of the day back that was entered by mistake; a later one stays."""
    session.execute(
        update(AccountScope)
        .where(AccountScope.account_id == account_id, AccountScope.last_visit == day)
        .values(last_visit=before)
        .execution_options(synchronize_session=False)
    )
