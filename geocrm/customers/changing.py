"""What every change to an account goes through: the account counted up, words checked."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import history, queries, scope
from geocrm.customers.models import Account
from geocrm.errors import Conflict, InvalidInput
from geocrm.security import Actor
from geocrm.security.models import User

MAX_NAME, MAX_TEXT = 200, 300


def touch(
    session: Session,
    actor: Actor,
    account_id: int,
    version: int | None = None,
    fields: Iterable[str] = (),
) -> Account:
    """The account, counted up one version; Conflict when it is not the version that was read."""
    account = queries.get_to_change(session, account_id)
    if version is not None and account.version != version:
        raise _overtaken(session, account, version, fields)
    history.begin(session, actor)
    account.updated_at, account.updated_by = clock.now(), actor.user_id
    session.flush()
    return account


def _overtaken(session: Session, account: Account, seen: int, fields: Iterable[str]) -> Conflict:
    """Who was quicker, when, and what the fields are by now."""
    who = session.scalar(select(User.name).where(User.id == account.updated_by))
    return Conflict(
        f"{account.name} was changed by {who or 'somebody else'} since you opened it (version"
        f" {account.version}, yours is {seen}): load it again",
        {
            "version": account.version,
            "changed_by": who,
            "changed_at": account.updated_at.isoformat(),
            "fields": {field: getattr(account, field) for field in fields},
        },
    )


def refresh_reach(session: Session, account_id: int) -> None:
    """Note anew by which channels the account can be reached."""
    scope.refresh_reach(session, scope.ONE, {"account_id": account_id})


def required_name(given: Any) -> str:
    """A name of one line; InvalidInput without one."""
    name = " ".join(str(given or "").replace("\x00", "").split())
    if not name:
        raise InvalidInput("A customer needs a name")
    if len(name) > MAX_NAME:
        raise InvalidInput(f"The name is {len(name)} characters long, at most {MAX_NAME}")
    return name


def checked_text(given: str, what: str, limit: int) -> str | None:
    """Words without what no database takes, None without any; InvalidInput for too many."""
    words = given.replace("\x00", "").strip()
    if len(words) > limit:
        raise InvalidInput(f"The {what} is {len(words)} characters long, at most {limit}")
    return words or None
