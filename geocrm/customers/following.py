"""Who follows an account, and what is to be done next with it."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import queries, service
from geocrm.customers.models import Activity
from geocrm.customers.record_models import Follower, NextAction
from geocrm.errors import Forbidden, InvalidInput, NotFound
from geocrm.security import Actor
from geocrm.security.models import User

MAX_ACTION = 300
_YEARS_AHEAD = 10


class Following(NamedTuple):
    """Somebody who follows an account."""

    user_id: int
    name: str
    since: datetime


class Planned(NamedTuple):
    """What somebody wrote is to be done next, and until when."""

    text: str
    due: date | None
    by: str | None
    created_at: datetime


def followers(session: Session, account_id: int) -> list[Following]:
    """Who follows a visible account, in the order in which they began."""
    rows = session.execute(
        select(Follower.user_id, User.name, Follower.since)
        .join(User, User.id == Follower.user_id)
        .where(Follower.account_id == account_id, User.active)
        .order_by(Follower.since, Follower.user_id)
    )
    return [Following._make(row) for row in rows]


def follow(session: Session, actor: Actor, account_id: int) -> None:
    """Follow an account; twice is once."""
    user_id = _person(actor)
    queries.get(session, account_id)
    session.execute(
        insert(Follower).values(account_id=account_id, user_id=user_id).on_conflict_do_nothing()
    )


def unfollow(session: Session, actor: Actor, account_id: int) -> None:
    """Follow it no longer."""
    user_id = _person(actor)
    queries.get(session, account_id)
    session.execute(
        delete(Follower)
        .where(Follower.account_id == account_id, Follower.user_id == user_id)
        .execution_options(synchronize_session=False)
    )


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise Forbidden("Only a person who is signed in can follow a customer")
    return actor.user_id


def next_action(session: Session, account_id: int) -> Planned | None:
    """What somebody wrote is next with a visible account."""
    row = session.execute(
        select(NextAction.text, NextAction.due, User.name, NextAction.created_at)
        .outerjoin(User, User.id == NextAction.user_id)
        .where(NextAction.account_id == account_id)
    ).one_or_none()
    return None if row is None else Planned._make(row)


def plan_next(
    session: Session, actor: Actor, account_id: int, words: str, due: date | None
) -> None:
    """Write what is to be done next, in place of what was written before."""
    actor.require("create", "activity")
    words = " ".join(words.replace("\x00", "").split())
    if not words:
        raise InvalidInput("Write in a few words what is to be done next")
    if len(words) > MAX_ACTION:
        raise InvalidInput(f"What is next is {len(words)} characters long, at most {MAX_ACTION}")
    today = clock.today(actor.timezone)
    if due is not None and not -366 <= (due - today).days <= 366 * _YEARS_AHEAD:
        raise InvalidInput(f"{due} is no day to do something on: choose one of the next years")
    queries.get(session, account_id)
    values = {"text": words, "due": due, "user_id": actor.user_id, "created_at": func.now()}
    session.execute(
        insert(NextAction)
        .values(account_id=account_id, **values)
        .on_conflict_do_update(index_elements=["account_id"], set_=values)
    )


def settle_next(
    session: Session, actor: Actor, account_id: int, *, done: bool, client_id: str | None = None
) -> Activity | None:
    """Take it off the list; what was done goes to the timeline, and gives its entry."""
    actor.require("create", "activity")
    queries.get(session, account_id)
    gone = session.scalars(
        delete(NextAction)
        .where(NextAction.account_id == account_id)
        .returning(NextAction.text)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if gone is None:
        raise NotFound(f"Nothing is planned next for customer {account_id}")
    if not done:
        return None
    return service.log_activity(
        session, actor, account_id, "note", gone, outcome="completed", client_id=client_id
    )
