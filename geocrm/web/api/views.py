"""API of saved views: a question with the way its answer is shown, under a name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import g, request
from pydantic import BaseModel, Field

from geocrm.errors import InvalidInput
from geocrm.maps.views import following, queries, service
from geocrm.maps.views.queries import Listed
from geocrm.web.access import permit

bp = APIBlueprint("api_views", __name__, url_prefix="/api/v1/views", tag="Views")


class SavedView(BaseModel):
    """A saved view; `mine` when the asker may change it."""

    id: int
    name: str
    owner: str
    mine: bool
    shared: bool
    default_for_role: str | None
    state: dict[str, Any]
    version: int
    updated: datetime


class SavedViews(BaseModel):
    """The asker's views, then shared ones; `default` is what their role begins with."""

    items: list[SavedView]
    default: int | None


class NewView(BaseModel):
    """A view to keep."""

    name: str = Field(max_length=service.MAX_NAME)
    state: dict[str, Any]
    shared: bool = False


class ViewChange(BaseModel):
    """What is to be different; `version` is the one that was seen, or send it as If-Match."""

    version: int | None = None
    name: str | None = Field(default=None, max_length=service.MAX_NAME)
    state: dict[str, Any] | None = None
    shared: bool | None = None


class DefaultChange(BaseModel):
    """The role whose people begin with the view; null ends that."""

    version: int | None = None
    role: str | None = Field(default=None, max_length=40)


@bp.get("")
@bp.output(SavedViews)
@bp.doc(summary="Saved views", security="token")
@permit("read", "view")
def listed() -> SavedViews:
    """The asker's views and those that are shared."""
    found = queries.listed(g.session, g.actor)
    role = g.actor.role.value
    begins = (each.view.id for each in found if each.view.default_for_role == role)
    return SavedViews(items=_shown(found), default=next(begins, None))


@bp.get("/<int:view_id>")
@bp.output(SavedView)
@bp.doc(summary="A saved view", security="token")
@permit("read", "view")
def show(view_id: int) -> SavedView:
    """The view."""
    return _again(view_id)


@bp.post("")
@bp.input(NewView, arg_name="wanted")
@bp.output(SavedView, status_code=201)
@bp.doc(summary="Save a view", security="token")
@permit("save", "view")
def create(wanted: NewView) -> SavedView:
    """Keep a view under a name."""
    made = service.create(
        g.session, g.actor, name=wanted.name, state=wanted.state, shared=wanted.shared
    )
    return _again(made.id)


@bp.patch("/<int:view_id>")
@bp.input(ViewChange, arg_name="wanted")
@bp.output(SavedView)
@bp.doc(summary="Rename, overwrite or share a view", security="token")
@permit("save", "view")
def change(view_id: int, wanted: ViewChange) -> SavedView:
    """Change a view that nobody changed since it was read; 409 when somebody did."""
    service.change(
        g.session,
        g.actor,
        view_id,
        _version(wanted.version),
        name=wanted.name,
        state=wanted.state,
        shared=wanted.shared,
    )
    return _again(view_id)


@bp.put("/<int:view_id>/default")
@bp.input(DefaultChange, arg_name="wanted")
@bp.output(SavedView)
@bp.doc(summary="Make a view what a role begins with", security="token")
@permit("default", "view")
def set_default(view_id: int, wanted: DefaultChange) -> SavedView:
    """Make the view the default of a role; the one before is a view like others again."""
    version = _version(wanted.version)
    service.set_default(g.session, g.actor, view_id, version, wanted.role)
    return _again(view_id)


@bp.delete("/<int:view_id>")
@bp.doc(summary="Delete a view", security="token")
@permit("save", "view")
def remove(view_id: int) -> tuple[str, int]:
    """Delete the view."""
    service.remove(g.session, g.actor, view_id)
    return "", 204


def _version(sent: int | None) -> int:
    """The version that the sender saw, from the body or from If-Match."""
    tag = request.headers.get("If-Match", "").strip('W/" ')
    if sent is None and tag.isdigit():
        sent = int(tag)
    if sent is None:
        raise InvalidInput("Say which version of the view you saw: `version`, or If-Match")
    return sent


def _again(view_id: int) -> SavedView:
    return _shown([queries.get(g.session, g.actor, view_id)])[0]


def _shown(found: Sequence[Listed]) -> list[SavedView]:
    states = following.states(g.session, [each.view for each in found])
    return [_one(each, state) for each, state in zip(found, states, strict=True)]


def _one(found: Listed, state: dict[str, Any]) -> SavedView:
    view = found.view
    return SavedView(
        id=view.id,
        name=view.name,
        owner=found.owner,
        mine=view.owner_id == g.actor.user_id,
        shared=view.shared,
        default_for_role=view.default_for_role,
        state=state,
        version=view.version,
        updated=view.updated_at,
    )
