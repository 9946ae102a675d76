"""`geocrm bulk`: one thing done to many customers, and taken back."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session, sessionmaker

from geocrm.cli.context import (
    acting_email,
    emit,
    find_actor,
    json_option,
    open_session,
    open_sessions,
    say,
    settings,
)
from geocrm.db import unit_of_work
from geocrm.errors import InvalidInput
from geocrm.jobs import Cancelled, Paused
from geocrm.maps.bulk import engine, queries, service
from geocrm.maps.bulk.action import Running
from geocrm.maps.bulk.columns import COLUMNS
from geocrm.maps.bulk.files import FORMATS
from geocrm.maps.bulk.models import BulkRun
from geocrm.maps.bulk.reasons import REASONS
from geocrm.maps.bulk.service import Asked, Preview
from geocrm.security import Actor
from geocrm.security import queries as people
from geocrm.takeaway.csv_safe import csv_lines, write_csv
from geocrm.wiring.bulk import ACTIONS


def meant_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whom a command means, and whether it asks."""
    for option in (
        click.option("--filter", "tree", help="All whom this filter takes; {} is everybody."),
        click.option("--id", "ids", type=int, multiple=True, help="This customer; again for more."),
        click.option("--yes", is_flag=True, help="Do it without confirming."),
        json_option,
    ):
        command = option(command)
    return command


@click.group()
def bulk() -> None:
    """Change, export or delete many customers at once, and take it back."""


@bulk.command("owner")
@click.argument("email")
@meant_options
def owner(email: str, **meant: Any) -> None:
    """Hand customers to the user with this e-mail address."""
    with open_session() as (session, _):
        owner_id = people.user_by_email(session, email).id
    _do("owner", {"owner_id": owner_id}, **meant)


@bulk.command("tag")
@click.option("--add", multiple=True, help="A tag to add; again for more.")
@click.option("--remove", multiple=True, help="A tag to take away; again for more.")
@meant_options
def tag(add: Sequence[str], remove: Sequence[str], **meant: Any) -> None:
    """Add tags, or take tags away."""
    _do("tag", {"add": list(add), "remove": list(remove)}, **meant)


@bulk.command("segment")
@click.argument("segment")
@meant_options
def segment(segment: str, **meant: Any) -> None:
    """Put customers into a segment; "" takes them out of theirs."""
    _do("segment", {"segment": segment or None}, **meant)


@bulk.command("delete")
@meant_options
def delete(**meant: Any) -> None:
    """Delete customers with all that hangs on them; kept for an undo for 30 days."""
    _do("delete", {}, **meant)


@bulk.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), help="Else told by the name.")
@click.option("--column", "columns", multiple=True, help=f"Of {', '.join(COLUMNS)}.")
@click.option("--no-bom", is_flag=True, help="CSV without the mark that Excel needs.")
@meant_options
def export(
    path: Path, kind: str | None, columns: Sequence[str], no_bom: bool, **meant: Any
) -> None:
    """Write customers to a file: CSV, XLSX, GeoJSON or GeoPackage."""
    kind = kind or path.suffix[1:].lower()
    params = {"format": kind, "columns": list(columns), "bom": not no_bom}
    _do("export", params, to=path, **meant)


@bulk.command("list")
@json_option
def show(as_json: bool) -> None:
    """The newest bulk actions."""
    with open_session() as (session, actor):
        found = [_figures(one) for one in queries.recent(session, actor)]
    if as_json:
        emit(found)
        return
    for one in found:
        click.echo(_sentence(one))
    if not found:
        click.echo("Nothing was done in bulk yet")


@bulk.command("undo")
@click.argument("run_id", type=int)
@json_option
def undo(run_id: int, as_json: bool) -> None:
    """Take one back; what somebody changed since is left alone."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            service.begin_undo(session, actor, ACTIONS, run_id)
        engine.undo(ACTIONS, _running(sessions, actor, run_id))
        _show(sessions, actor, run_id, as_json)


@bulk.command("resume")
@click.argument("run_id", type=int)
@json_option
def resume(run_id: int, as_json: bool) -> None:
    """Go on with one that rests, failed or was cut short."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            found = service.resume(session, actor, run_id)
            say(f"It goes on behind customer {found.done:,} of {found.total:,}")
        _run(sessions, actor, run_id)
        _show(sessions, actor, run_id, as_json)


@bulk.command("errors")
@click.argument("run_id", type=int)
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), required=False)
def errors(run_id: int, path: Path | None) -> None:
    """Whom one left alone and why, as CSV."""
    with open_session() as (session, actor):
        found = queries.get(session, actor, run_id)
        rows = [
            (each.account_id, each.name, "undo" if each.undo else "action",
             REASONS.get(each.reason, each.reason))
            for each in queries.left_alone(session, found.id)
        ]  # fmt: skip
    lines = csv_lines(("number", "customer", "when", "reason"), rows)
    if path is None:
        click.echo("".join(lines), nl=False)
    else:
        say(f"{write_csv(path, lines):,} customers in {path}")


def _do(
    action: str,
    params: Mapping[str, Any],
    *,
    tree: str | None,
    ids: Sequence[int],
    yes: bool,
    as_json: bool,
    to: Path | None = None,
) -> None:
    asked = Asked(action, params, _tree(tree), list(ids) or None)
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            preview = service.preview(session, actor, ACTIONS, asked)
        _tell(action, preview)
        if preview.forecast.stops:
            raise preview.forecast.stops
        _confirm(action, preview, yes)
        with unit_of_work(sessions, actor) as session:
            found, _ = service.begin(
                session, actor, ACTIONS, asked, fingerprint=preview.fingerprint
            )
        _run(sessions, actor, found.id)
        if to is not None:
            _hand_over(sessions, actor, found.id, to)
        _show(sessions, actor, found.id, as_json)


def _tree(given: str | None) -> Any:
    if given is None:
        return None
    try:
        tree = json.loads(given)
    except ValueError as error:
        raise InvalidInput(f"The filter is not JSON: {error}") from error
    if not isinstance(tree, dict):
        raise InvalidInput("A filter is an object; {} is everybody")
    return tree


def _tell(action: str, preview: Preview) -> None:
    forecast = preview.forecast
    say(
        f"{action}: {preview.total:,} customers are meant, {forecast.changed:,} of them change,"
        f" {forecast.unchanged:,} are so already, {forecast.refused:,} cannot be changed"
    )
    for reason, count in forecast.reasons.items():
        say(f"  {count:,}: {REASONS.get(reason, reason)}")


def _confirm(action: str, preview: Preview, yes: bool) -> None:
    if yes or action == "export":
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"{preview.forecast.changed:,} customers would change: add --yes")
    click.confirm("Go on?", abort=True, err=True)


def _running(sessions: sessionmaker[Session], actor: Actor, run_id: int) -> Running:
    return Running(
        run_id,
        actor,
        lambda: unit_of_work(sessions, actor),
        _progress,
        settings().var / "exports",
    )


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total:,}", err=True, nl=done >= total)


def _run(sessions: sessionmaker[Session], actor: Actor, run_id: int) -> None:
    try:
        engine.run(ACTIONS, _running(sessions, actor, run_id))
    except Paused:
        say(f"It rests; go on with: geocrm bulk resume {run_id}")
    except Cancelled:
        say("Cancelled; what was changed stays and can be undone")


def _hand_over(sessions: sessionmaker[Session], actor: Actor, run_id: int, to: Path) -> None:
    with unit_of_work(sessions, actor) as session:
        path, _ = service.file_of(session, actor, run_id)
    draft = to.with_name(f".{to.name}.part")
    try:
        shutil.copyfile(path, draft)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)


def _show(sessions: sessionmaker[Session], actor: Actor, run_id: int, as_json: bool) -> None:
    with unit_of_work(sessions, actor) as session:
        figures = _figures(queries.get(session, actor, run_id))
    if as_json:
        emit(figures)
    else:
        click.echo(_sentence(figures))


def _figures(found: BulkRun) -> dict[str, Any]:
    names = (
        "action", "params", "state", "message", "total", "done", "changed", "unchanged", "failed",
        "undone", "spared", "created_at", "finished_at", "undone_at",
    )  # fmt: skip
    return {"run_id": found.id} | {name: getattr(found, name) for name in names}


def _sentence(one: Mapping[str, Any]) -> str:
    left = one["failed"] + one["spared"]
    return (
        f"Bulk action {one['run_id']} ({one['action']}) is {one['state']}: {one['changed']:,} of"
        f" {one['total']:,} changed"
        + (f", {one['undone']:,} taken back" if one["undone"] else "")
        + (f", {left:,} left alone (geocrm bulk errors {one['run_id']})" if left else "")
        + (f" ({one['message']})" if one["message"] else "")
    )
