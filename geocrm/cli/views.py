"""`geocrm views`: the views of the map that people keep under a name."""

import json
from typing import Any

import click
from sqlalchemy.orm import Session

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.maps.views import following, queries, service
from geocrm.maps.views.queries import Listed


@click.group()
def views() -> None:
    """Saved views: those of the user given with --as and those shared; all for the operator."""


@views.command("list")
@json_option
def list_views(as_json: bool) -> None:
    """List views, one's own first."""
    with open_session() as (session, actor):
        found = [_said(session, each) for each in queries.listed(session, actor)]
    if as_json:
        emit(found)
        return
    for one in found:
        marks = [one["owner"], *(["shared"] if one["shared"] else [])]
        if one["default_for_role"]:
            marks.append(f"{one['default_for_role']} begin with it")
        click.echo(f"{one['id']:>8}  {one['name']}  ({', '.join(marks)})")


@views.command("show")
@click.argument("view_id", type=int)
@json_option
def show(view_id: int, as_json: bool) -> None:
    """Show what a view remembers: filter, mode, columns and so on."""
    with open_session() as (session, actor):
        one = _said(session, queries.get(session, actor, view_id))
    if as_json:
        emit(one)
        return
    click.echo(f"{one['name']}  ({one['owner']}{', shared' if one['shared'] else ''})")
    for name, value in one["state"].items():
        words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        click.echo(f"  {name}: {words}")


@views.command("delete")
@click.argument("view_id", type=int)
@json_option
def delete(view_id: int, as_json: bool) -> None:
    """Delete a view of one's own; administrators and the operator may delete any."""
    with open_session() as (session, actor):
        name = queries.get(session, actor, view_id).view.name
        service.remove(session, actor, view_id)
    if as_json:
        emit({"id": view_id, "name": name, "deleted": True})
    else:
        say(f"Deleted view {view_id}, {name}")


def _said(session: Session, found: Listed) -> dict[str, Any]:
    view = found.view
    return {
        "id": view.id,
        "name": view.name,
        "owner": found.owner,
        "shared": view.shared,
        "default_for_role": view.default_for_role,
        "version": view.version,
        "updated": view.updated_at,
        "state": following.states(session, [view])[0],
    }
