"""`geocrm user` and `geocrm token`: who signs in, and keys for programs."""

from collections.abc import Iterable
from pathlib import Path

import click
from sqlalchemy.orm import Session

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import Actor, Role, queries, service
from geocrm.security.models import User
from geocrm.security.people_file import PersonRow, read_people
from geocrm.territories import members
from geocrm.territories import queries as territories
from geocrm.territories.models import MemberRole


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """Everybody who signs in, with their role."""
    with open_session() as (session, actor):
        actor.require("read", "user")
        found = [{"email": one.email, "role": one.role} for one in queries.users(session)]
    if as_json:
        emit(found)
        return
    for one in found:
        click.echo(f"{one['email']}\t{one['role']}")


@user.command("add")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--name", default="", help="Their name; else what stands before the @.")
@click.option("--manager", metavar="EMAIL", help="Whom they report to.")
@click.option("--password", help="Their password; else one is made and shown once.")
@json_option
def add(
    email: str, role: str, name: str, manager: str | None, password: str | None, as_json: bool
) -> None:
    """Add somebody who may sign in."""
    made = None if password else service.new_password()
    with open_session() as (session, actor):
        boss = queries.user_by_email(session, manager) if manager else None
        added = service.add_user(
            session,
            actor,
            email=email,
            role=role,
            name=name,
            password=password or made,
            manager_id=boss.id if boss else None,
        )
        answer = {"email": added.email, "role": added.role}
    if made:
        answer["password"] = made
    if as_json:
        emit(answer)
    elif made:
        click.echo(f"Added {answer['email']} ({role}); the password, shown only now: {made}")
    else:
        click.echo(f"Added {answer['email']} ({role})")


@user.command("password")
@click.argument("email")
@click.password_option()
def set_password(email: str, password: str) -> None:
    """Give somebody a new password; all their sessions end."""
    with open_session() as (session, actor):
        actor.require("update", "user")
        service.set_password(session, actor, queries.user_by_email(session, email), password)
    say(f"{email} signs in with the new password from now on")


@user.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_users(file: Path, as_json: bool) -> None:
    """Add people from a CSV: email, name, role, home_lon, home_lat, manager, territory.

    All rows or none. People are added without a password; set one with `geocrm user password`.
    """
    with open_session() as (session, actor):
        people = read_people(file)
        users = service.add_people(session, actor, people)
        _send_to_territories(session, actor, zip(people, users, strict=True))
        added = [one.email for one in users]
    if as_json:
        emit({"added": added})
    else:
        click.echo(f"Added {len(added)} people")


def _send_to_territories(
    session: Session, actor: Actor, people: Iterable[tuple[PersonRow, User]]
) -> None:
    """Let people work in the territories of the live plan that their rows name."""
    live = territories.live_plan(session)
    for row, user in people:
        if row.territory is None:
            continue
        try:
            territory = territories.live_territory_named(session, row.territory)
        except NotFound as error:
            raise InvalidInput(f"Row {row.row}, column territory: {error}") from error
        assert live is not None  # a plan with that territory is live
        role = MemberRole.REP if user.role_kind is Role.FIELD_REP else MemberRole.MANAGER
        number = next(
            t.number for t in territories.territories(session, live.id) if t.id == territory.id
        )
        present = {
            m.user_id: MemberRole(m.role)
            for m in territories.members(session, [live.id])
            if m.territory_id == territory.id
        }
        members.set_members(session, actor, live.id, None, number, present | {user.id: role})


@click.group()
def token() -> None:
    """Keys for programs: `Authorization: Bearer TOKEN` on /api/v1/* and /tiles/*."""


@token.command("create")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whom the program acts for.")
@click.option("--name", default="", help="What the key is for.")
@json_option
def create_token(email: str, name: str, as_json: bool) -> None:
    """Make a key; it is shown once."""
    with open_session() as (session, actor):
        key = service.create_token(session, actor, queries.user_by_email(session, email), name)
    if as_json:
        emit({"token": key})
    else:
        click.echo(key)
