"""Who an actor is: the person, all who report to them, and the territories of that branch."""

from sqlalchemy.orm import Session

from geocrm.security import OPERATOR, Actor, Role
from geocrm.security import queries as people
from geocrm.security.models import User
from geocrm.territories import queries as territories


def actor_for(session: Session, user: User) -> Actor:
    """The actor a signed-in person is, with everything they may see resolved once."""
    role = user.role_kind
    owner_ids: frozenset[int] = frozenset()
    territory_ids: frozenset[int] = frozenset()
    if role in (Role.TERRITORY_MANAGER, Role.FIELD_REP):
        owner_ids = people.reports(session, user.id)
        territory_ids = territories.live_territory_ids(session, owner_ids)
    return Actor(
        user_id=user.id,
        role=role,
        email=user.email,
        name=user.name,
        owner_ids=owner_ids,
        territory_ids=territory_ids,
        locale=user.locale,
        timezone=user.timezone,
    )


def actor_of(session: Session, user_id: int | None) -> Actor:
    """The actor of a job: the person who started it, or the operator."""
    if user_id is None:
        return OPERATOR
    return actor_for(session, people.user(session, user_id))
