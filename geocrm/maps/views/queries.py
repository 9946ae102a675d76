"""Reads of saved views. Each function is one round trip to the database."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.maps.views.models import View
from geocrm.security import Actor
from geocrm.security.models import User

MAX_LISTED = 500


class Listed(NamedTuple):
    """A view and the name of whose it is."""

    view: View
    owner: str


def _open_to(actor: Actor) -> ColumnElement[bool]:
    """One's own, and those that are shared; the operator sees all."""
    if actor.user_id is None:
        return View.id.is_not(None)
    return or_(View.owner_id == actor.user_id, View.shared)


def listed(session: Session, actor: Actor) -> list[Listed]:
    """The actor's views first, then those that others share, by name."""
    found = session.execute(
        select(View, User.name)
        .join(User, User.id == View.owner_id)
        .where(_open_to(actor))
        .order_by(View.owner_id != actor.user_id, View.name, View.id)
        .limit(MAX_LISTED)
    )
    return [Listed(view, owner) for view, owner in found]


def get(session: Session, actor: Actor, view_id: int) -> Listed:
    """The view, or NotFound, also when it is somebody else's own."""
    found = session.execute(
        select(View, User.name)
        .join(User, User.id == View.owner_id)
        .where(View.id == view_id, _open_to(actor))
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no view {view_id}")
    return Listed(*found)


def default_of(session: Session, actor: Actor) -> View | None:
    """The view that people of the actor's role begin with."""
    return session.scalar(
        select(View).where(View.kind == "accounts", View.default_for_role == actor.role.value)
    )
