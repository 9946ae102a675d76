"""`geocrm import`: bring customers and orders in from a file, and take an import back."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session, sessionmaker

from geocrm.cli.context import (
    acting_email,
    emit,
    find_actor,
    json_option,
    open_sessions,
    say,
    settings,
)
from geocrm.customers.imports import engine, queries, report, service
from geocrm.customers.imports.kind import Kind
from geocrm.customers.imports.plan import ON_DUPLICATE, Options, Plan, sha256_of
from geocrm.customers.imports.source import require_readable
from geocrm.db import unit_of_work
from geocrm.errors import InvalidInput
from geocrm.sales.tasks import KINDS
from geocrm.security import Actor


@click.group()
def imports() -> None:
    """Bring customers and orders in from CSV, XLSX or GeoJSON, and take an import back."""


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing."),
        click.option(
            "--on-duplicate", type=click.Choice(ON_DUPLICATE), default="update",
            help="What to do with a row whose record exists.",
        ),
        click.option(
            "--errors", "errors_path", type=click.Path(path_type=Path, dir_okay=False),
            help="Write the rows that failed here, with the reason beside each.",
        ),
        click.option(
            "--map", "mapping", multiple=True, metavar="COLUMN=FIELD",
            help="What a column holds; FIELD - leaves the column out. Repeatable.",
        ),
        click.option("--country", help="Country of addresses that name none (ISO code)."),
        click.option("--decimal", type=click.Choice(("point", "comma")), help="The decimal mark."),
        click.option("--encoding", help="The encoding of a CSV file, when the guess is wrong."),
        click.option("--sheet", help="The sheet of a workbook; else the first with rows."),
        click.option("--owner", help="E-mail of the user who gets what names no owner."),
        json_option,
    ):  # fmt: skip
        command = option(command)
    return command


@imports.command("accounts")
@_file_options
def accounts(**given: Any) -> None:
    """Bring customers in from FILE."""
    _import("accounts", **given)


@imports.command("orders")
@_file_options
def orders(**given: Any) -> None:
    """Bring orders in from FILE; their customers must be there."""
    _import("orders", **given)


@imports.command("undo")
@click.argument("import_id", type=int)
@json_option
def undo(import_id: int, as_json: bool) -> None:
    """Take an import back; what people edited since stays."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            kind = KINDS[service.begin_undo(session, actor, import_id).kind]
        engine.undo(lambda: unit_of_work(sessions, actor), kind, import_id, _progress("Undoing"))
        with unit_of_work(sessions, actor) as session:
            found = queries.get(session, actor, import_id)
            spared = list(queries.spared_rows(session, import_id, 20))
    figures = {"import_id": import_id, "undone": found.undone, "spared": found.spared}
    if as_json:
        emit(figures | {"spared_ids": spared})
        return
    click.echo(f"Import {import_id} is undone: {found.undone:,} {found.kind} taken back")
    if found.spared:
        shown = ", ".join(map(str, spared)) + (" ..." if found.spared > len(spared) else "")
        click.echo(f"{found.spared:,} were edited or used since and stay: {shown}")


def _import(kind_name: str, file: Path, dry_run: bool, as_json: bool, **given: Any) -> None:
    kind = KINDS[kind_name]
    require_readable(file)
    options = _options(given)
    errors_path = given["errors_path"]
    if errors_path is not None and not errors_path.resolve().parent.is_dir():
        raise InvalidInput(f"There is no folder {str(errors_path.parent)!r} to write --errors into")
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        service.require_right(actor, kind_name)
        plan = service.plan_file(file, kind, options)
        _tell(plan)
        if dry_run:
            _show(
                _dry_run(sessions, actor, kind, plan), as_json, f"{file.name}: nothing was changed"
            )
            return
        import_id = _run(sessions, actor, kind, plan, file)
        with unit_of_work(sessions, actor) as session:
            found = queries.get(session, actor, import_id)
            if errors_path is not None:
                _write_errors(session, found, errors_path)
            elif found.failed:
                _tell_failures(session, import_id, found.failed)
        figures = found.figures | {"import_id": import_id, "warned": found.warned}
        _show(figures, as_json, f"{file.name} is import {import_id}")


def _options(given: dict[str, Any]) -> Options:
    chosen = settings()
    mapping = {}
    for pair in given["mapping"]:
        column, equals, field = pair.rpartition("=")
        if not equals or not column:
            raise InvalidInput(f"--map {pair!r} must look like COLUMN=FIELD, such as Nama=name")
        mapping[column] = field.strip()
    return Options(
        on_duplicate=given["on_duplicate"],
        mapping=mapping,
        country=(given["country"] or chosen.default_country).upper(),
        currency=chosen.default_currency,
        owner=given["owner"],
        decimal=given["decimal"],
        encoding=given["encoding"],
        sheet=given["sheet"],
    )


def _run(sessions: sessionmaker[Session], actor: Actor, kind: Kind, plan: Plan, file: Path) -> int:
    with unit_of_work(sessions, actor) as session:
        found, resumed = service.begin(
            session, actor, kind, plan, file_name=file.name, sha256=sha256_of(file)
        )
        import_id, done = found.id, found.done
    if resumed:
        say(f"Import {import_id} of this file was cut short; it goes on behind row {done:,}")
    service.run(
        lambda: unit_of_work(sessions, actor), kind, actor, import_id, plan, _progress("Importing")
    )
    return import_id


def _dry_run(
    sessions: sessionmaker[Session], actor: Actor, kind: Kind, plan: Plan
) -> dict[str, Any]:
    with unit_of_work(sessions, actor) as session:
        run_context = service.context(session, actor, 0, plan, dry=True)
        figures = engine.dry_run(session, kind, run_context, _progress("Checking"))
    return figures | {"import_id": None}


def _tell(plan: Plan) -> None:
    """On stderr: how the file is read, so that a wrong guess is seen."""
    details = ", ".join(f"{name} {value}" for name, value in plan.source.details.items())
    say(f"{plan.source.format.upper()}, {plan.total:,} rows ({details})")
    say("Columns: " + ", ".join(f"{plan.column_names(key)} = {key}" for key in plan.mapped))
    for note in plan.source.notes:
        say(note)


def _progress(verb: str) -> engine.Report:
    """A line that counts up, on a terminal; a line now and then elsewhere."""
    live = sys.stderr.isatty()

    def report(done: int, total: int | None) -> None:
        share = f"{done:,} of {total:,} rows" if total else f"{done:,} rows"
        if live:
            click.echo(f"\r{verb}: {share}", err=True, nl=done == total)
        elif done in (0, total) or done % 10_000 == 0:
            say(f"{verb}: {share}")

    return report


def _write_errors(session: Session, found: Any, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        handle.writelines(report.error_lines(session, found))
    say(f"{found.failed:,} rows that failed are in {path}")


def _tell_failures(session: Session, import_id: int, failed: int) -> None:
    rows = [row for row in queries.told_rows(session, import_id, 500) if row.outcome == "failed"]
    for row in rows[:10]:
        say(f"Row {row.row_no}: {row.message}")
    if failed > 10:
        say(f"... and {failed - 10:,} more; write them all to a file with --errors OUT.csv")


def _show(figures: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        emit(figures)
        return
    click.echo(
        f"{sentence}: {figures['read']:,} rows read, {figures['created']:,} created,"
        f" {figures['updated']:,} updated, {figures['skipped']:,} skipped,"
        f" {figures['failed']:,} failed"
    )
