"""Who an actor is: the person, all who report to them, and the territories of that branch.

Every request begins with this, so it is one statement, which a connection plans once.
"""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import unscoped_sql
from geocrm.errors import NotSignedIn
from geocrm.security import OPERATOR, Actor, Role
from geocrm.security import queries as people
from geocrm.security import service as people_service
from geocrm.security.models import User
from geocrm.territories import queries as territories

_USE_NOTED_EVERY: Final = timedelta(hours=1)


def actor_for(session: Session, user: User) -> Actor:
    """The actor a person is, with everything they may see resolved once."""
    return _actor(_person(session, _BY_ID, user.id))


def actor_signed_in(session: Session, uniquifier: str) -> Actor | None:
    """The actor whose sessions carry this `User.fs_uniquifier`; None when that one has ended."""
    row = _person(session, _BY_UNIQUIFIER, uniquifier)
    return None if row is None else _actor(row)


def actor_of_token(session: Session, token: str) -> Actor:
    """The actor a token belongs to, or NotSignedIn."""
    row = _person(session, _BY_TOKEN, people_service.token_hash(token))
    if row is None:
        raise NotSignedIn("The token is not valid; make one with: geocrm token create")
    if row.last_used_at is None or clock.now() - row.last_used_at > _USE_NOTED_EVERY:
        people_service.note_use(session, token)
    return _actor(row)


def actor_of(session: Session, user_id: int | None) -> Actor:
    """The actor of a job: the person who started it, or the operator."""
    if user_id is None:
        return OPERATOR
    return actor_for(session, people.user(session, user_id))


def _person(session: Session, sql: str, value: Any) -> Any:
    values = {"value": value, "today": clock.business_day()}
    return unscoped_sql(session, sql, values).one_or_none()


def _actor(row: Any) -> Actor:
    return Actor(
        user_id=row.id,
        role=Role(row.role),
        email=row.email,
        name=row.name,
        owner_ids=frozenset(row.owner_ids or ()),
        territory_ids=frozenset(row.territory_ids or ()),
        locale=row.locale,
        timezone=row.timezone,
    )


_PERSON = f"""
    WITH RECURSIVE person AS (SELECT u.*, {{used}} AS last_used_at FROM {{found}}),
    {people.BRANCH}, {territories.GROUND}
    SELECT id, role, email, name, locale, timezone, last_used_at,
           CASE WHEN in_branch THEN ARRAY(SELECT id FROM branch) END AS owner_ids,
           CASE WHEN in_branch THEN ARRAY(SELECT id FROM ground) END AS territory_ids
    FROM (SELECT *, role IN ('{Role.TERRITORY_MANAGER}', '{Role.FIELD_REP}') AS in_branch
          FROM person) p
"""
_BY_ID: Final = _PERSON.format(used="NULL", found="users u WHERE u.id = :value")
_BY_UNIQUIFIER: Final = _PERSON.format(
    used="NULL", found="users u WHERE u.fs_uniquifier = :value AND u.active"
)
_BY_TOKEN: Final = _PERSON.format(
    used="k.last_used_at",
    found="users u JOIN api_tokens k ON k.user_id = u.id WHERE k.token_hash = :value AND u.active",
)
