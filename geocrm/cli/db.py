"""`geocrm db` and `geocrm migrate`: the private cluster and the version of its tables."""

from dataclasses import asdict

import click

from geocrm.cli.basics import answering, emit, json_option, say, settings
from geocrm.db import cluster, make_engine
from geocrm.db import migrate as migrations
from geocrm.errors import InvalidInput
from geocrm.operations.servers import require_suitable


@click.group()
def db() -> None:
    """Start, stop and look at the private database."""


@db.command()
@json_option
def up(as_json: bool) -> None:
    """Make the private cluster when there is none, and start it."""
    chosen = settings()
    if chosen.database_url:
        with answering(chosen):
            require_suitable(chosen.database_url)
        say("GEOCRM_DATABASE_URL is set; that server answers and is not managed here")
        return
    cluster.ensure_running(chosen, say)
    if as_json:
        emit(asdict(cluster.status(chosen)))
    else:
        say(_sentence(cluster.status(chosen)))


@db.command()
def down() -> None:
    """Stop the private cluster; nothing is lost."""
    say("The database is stopped" if cluster.stop(settings()) else "The database was not running")


@db.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether the private cluster runs, and where."""
    found = cluster.status(settings())
    if as_json:
        emit(asdict(found))
    else:
        click.echo(_sentence(found))


@db.command()
@click.option("--yes", is_flag=True, help="Really delete everything.")
def reset(yes: bool) -> None:
    """Delete the private cluster with all customers in it."""
    chosen = settings()
    found = cluster.status(chosen)
    if not found.managed or not found.exists:
        say("There is no private database to delete")
        return
    if not yes:
        raise InvalidInput(
            f"This deletes every customer, visit and user in {found.folder} for good. Make a"
            " backup with: geocrm backup FILE, and then run: geocrm db reset --yes"
        )
    cluster.destroy(chosen)
    say("The private database is deleted. Start anew with: geocrm db up")


def _sentence(found: cluster.ClusterStatus) -> str:
    if not found.managed:
        return "GEOCRM_DATABASE_URL is set; that server is not managed here"
    if not found.exists:
        return "There is no private database yet. Run: geocrm db up"
    if not found.running:
        return f"The database in {found.folder} is stopped. Run: geocrm db up"
    return (
        f"PostgreSQL {found.version} runs on 127.0.0.1:{found.port} from {found.folder}"
        f" (process {found.process_id})"
    )


@click.command()
def migrate() -> None:
    """Bring the tables to the version of the code."""
    chosen = settings()
    url = cluster.ensure_running(chosen, say)
    engine = make_engine(url, name="geocrm migrate")
    with answering(chosen):
        require_suitable(url)
        done = migrations.upgrade(engine)
    engine.dispose()
    say(f"Migrated to {done[-1]} ({len(done)} steps)" if done else "The tables are up to date")
