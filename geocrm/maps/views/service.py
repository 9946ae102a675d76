"""Saving, changing and deleting views. Whoever writes says which version they saw."""

from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from geocrm.errors import Conflict, Forbidden, InvalidInput
from geocrm.maps.service import filter_for
from geocrm.maps.views import queries
from geocrm.maps.views.models import View
from geocrm.maps.views.state import checked
from geocrm.security import Actor, Role, audit

MAX_NAME: Final = 120
MAX_OWN: Final = 200


def create(session: Session, actor: Actor, *, name: str, state: Any, shared: bool = False) -> View:
    """Keep what the actor looks at under a name."""
    actor.require("save", "view")
    if actor.user_id is None:
        raise InvalidInput("A view belongs to somebody: act as a user (--as)")
    own = sum(each.view.owner_id == actor.user_id for each in queries.listed(session, actor))
    if own >= MAX_OWN:
        raise InvalidInput(f"You have {own} views already; delete one you no longer need")
    view = View(
        name=_name(name), owner_id=actor.user_id, shared=shared, state=_usable(actor, state)
    )
    session.add(view)
    session.flush()
    return view


def change(
    session: Session,
    actor: Actor,
    view_id: int,
    version: int,
    *,
    name: str | None = None,
    state: Any = None,
    shared: bool | None = None,
) -> View:
    """Rename, overwrite or share one's own view; Conflict when it is no longer what was seen."""
    actor.require("save", "view")
    view = _own(session, actor, view_id)
    _require_version(view, version)
    if name is not None:
        view.name = _name(name)
    if state is not None:
        view.state = _usable(actor, state)
    if shared is not None:
        if not shared and view.default_for_role:
            raise Conflict(
                f"{view.name!r} is the default of a role; take that away before it is made private"
            )
        view.shared = shared
    session.flush()
    session.refresh(view)
    return view


def set_default(
    session: Session, actor: Actor, view_id: int, version: int, role: str | None
) -> View:
    """Make the view what people of a role begin with, instead of the one before; None ends that."""
    actor.require("default", "view")
    view = queries.get(session, actor, view_id).view
    _require_version(view, version)
    for touched in {role, view.default_for_role} - {None}:
        _require_role(actor, str(touched))
    if role is not None:
        session.execute(
            update(View)
            .where(View.kind == view.kind, View.default_for_role == role, View.id != view.id)
            .values(default_for_role=None, version=View.version + 1)
        )
        view.shared = True
    view.default_for_role = role
    audit.record(session, actor, "default", f"view:{view.id}", role=role)
    session.flush()
    session.refresh(view)
    return view


def remove(session: Session, actor: Actor, view_id: int) -> None:
    """Delete one's own view; administrators may delete any."""
    actor.require("save", "view")
    view = _own(session, actor, view_id)
    if view.shared:
        audit.record(session, actor, "delete", f"view:{view.id}", name=view.name)
    session.delete(view)
    session.flush()


def _own(session: Session, actor: Actor, view_id: int) -> View:
    found = queries.get(session, actor, view_id)
    if found.view.owner_id != actor.user_id and not actor.sees_all:
        raise Forbidden(f"The view belongs to {found.owner}; save your own copy of it")
    return found.view


def _require_version(view: View, version: int) -> None:
    if view.version != version:
        raise Conflict(f"{view.name!r} was changed meanwhile; load it again")


def _require_role(actor: Actor, role: str) -> None:
    if role not in set(Role):
        raise InvalidInput(f"There is no role {role!r}; roles are {', '.join(Role)}")
    if role == Role.ADMINISTRATOR and actor.role is not Role.ADMINISTRATOR:
        raise Forbidden("Only administrators choose what administrators begin with")


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidInput(f"A view needs a name of at most {MAX_NAME} characters")
    return name


def _usable(actor: Actor, state: Any) -> dict[str, Any]:
    """The state; its filter is compiled once, so that a broken one is never kept."""
    kept = checked(state)
    filter_for(actor, kept.get("filter"))
    return kept
