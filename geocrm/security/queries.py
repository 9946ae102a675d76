"""Reads of people. Each function is one round trip to the database."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.security.actor import Actor
from geocrm.security.models import ApiToken, User
from geocrm.security.permissions import Role

# The common table `branch`: those in `person` and everybody who reports to them, directly or not.
BRANCH: Final = """branch(id) AS (
    SELECT id FROM person UNION SELECT u.id FROM users u JOIN branch b ON u.manager_id = b.id
)"""


def user(session: Session, user_id: int) -> User:
    """The user, or NotFound."""
    found = session.get(User, user_id)
    if found is None:
        raise NotFound(f"No user {user_id}")
    return found


def user_by_email(session: Session, email: str) -> User:
    """The user with this e-mail address in any case, or NotFound."""
    found = session.scalar(select(User).where(User.email == email.strip()))
    if found is None:
        raise NotFound(f"There is no user {email!r}; see: geocrm user list")
    return found


def users(session: Session) -> Sequence[User]:
    """All users, by e-mail address."""
    return session.scalars(select(User).order_by(User.email)).all()


def possible_owners(session: Session, actor: Actor) -> Sequence[User]:
    """Whom the actor may give customers to, by name."""
    asked = select(User).where(User.active, User.role != Role.MARKETER.value)
    if not actor.sees_all:
        asked = asked.where(User.id.in_(sorted(actor.owner_ids)))
    return session.scalars(asked.order_by(User.name, User.id)).all()


def tokens(session: Session, user_id: int) -> Sequence[ApiToken]:
    """The user's API keys, newest first."""
    return session.scalars(
        select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())
    ).all()


def reports(session: Session, user_id: int) -> frozenset[int]:
    """The user and everybody who reports to them, directly or not."""
    rows = session.execute(
        text(
            "WITH RECURSIVE person AS (SELECT id FROM users WHERE id = :user_id),"
            f" {BRANCH} SELECT id FROM branch"
        ),
        {"user_id": user_id},
    )
    return frozenset(rows.scalars())
