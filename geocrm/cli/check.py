"""`geocrm check`: what is wrong with this installation, and what to do about it."""

import os
from collections.abc import Iterator

import click

from geocrm.cli.basics import emit, json_option, say, settings
from geocrm.config import Settings
from geocrm.db import cluster, make_engine
from geocrm.errors import GeoCrmError
from geocrm.operations import checks
from geocrm.operations.checks import Finding, State
from geocrm.operations.servers import require_suitable

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Look at this installation, one line a finding; exit status 1 when one of them is FAIL."""
    found = list(_findings())
    if as_json:
        emit(found)
    else:
        for finding in found:
            click.echo(_line(finding))
    if any(finding.state is State.FAIL for finding in found):
        ctx.exit(1)


def _findings() -> Iterator[Finding]:
    try:
        chosen = settings()
    except GeoCrmError as error:
        yield Finding(State.FAIL, "Settings", str(error), "correct the variable")
        return
    yield from checks.of_installation(chosen, os.environ)
    status = cluster.status(chosen)
    if status.managed and not status.exists:
        yield Finding(State.FAIL, "Database", "none was made yet", "run: geocrm db up")
        return
    yield from _of_database(chosen)


def _of_database(chosen: Settings) -> Iterator[Finding]:
    try:
        url = cluster.ensure_running(chosen, say)
        require_suitable(url)
    except GeoCrmError as error:
        sentence, _, remedy = str(error).rpartition(": ")
        yield Finding(State.FAIL, "Database", sentence or remedy, remedy)
        return
    engine = make_engine(url, name="geocrm check")
    with engine.connect() as connection:
        yield from checks.of_database(connection, chosen)
    engine.dispose()


def _line(finding: Finding) -> str:
    state = click.style(f"{finding.state.value:<4}", fg=_COLOURS[finding.state])
    line = f"{state}  {finding.subject}: {finding.message}"
    return f"{line}  ->  {finding.remedy}" if finding.remedy else line
