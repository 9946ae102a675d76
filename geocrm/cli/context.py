"""Sessions for commands: on a database that is up and fits the code, as the person acting."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from geocrm.cli.basics import answering as answering
from geocrm.cli.basics import emit as emit
from geocrm.cli.basics import json_option as json_option
from geocrm.cli.basics import say as say
from geocrm.cli.basics import settings as settings
from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions, migrate, unit_of_work
from geocrm.errors import Conflict
from geocrm.security import OPERATOR, Actor, queries
from geocrm.wiring import actor_for


def acting_email() -> str | None:
    """The address given with `--as`, or None for the operator."""
    context = click.get_current_context(silent=True)
    return context.find_root().obj if context else None


@contextmanager
def open_engine(chosen: Settings | None = None) -> Iterator[Engine]:
    """An engine on the database, which is started when it is the private one and migrated.

    A database that does not answer becomes ServiceUnavailable; one that is newer than the code
    becomes Conflict.
    """
    chosen = chosen or settings()
    engine = make_engine(cluster.ensure_running(chosen, say), name="geocrm command")
    try:
        with answering(chosen):
            _fit_schema(engine, chosen)
            yield engine
    finally:
        engine.dispose()


def _fit_schema(engine: Engine, chosen: Settings) -> None:
    with engine.connect() as connection:
        pending = migrate.pending_revisions(connection)
    if not pending:
        return
    if chosen.database_url:
        raise Conflict(
            f"The database lacks {len(pending)} migrations ({pending[0]} to {pending[-1]})."
            " Make a backup, then run: geocrm migrate"
        )
    say(f"Bringing the database to version {pending[-1]}")
    migrate.upgrade(engine)


@contextmanager
def open_sessions(chosen: Settings | None = None) -> Iterator[sessionmaker[Session]]:
    """A factory of sessions, for commands that commit in several steps."""
    with open_engine(chosen) as engine:
        yield make_sessions(engine)


@contextmanager
def open_session(as_email: str | None = None) -> Iterator[tuple[Session, Actor]]:
    """One unit of work as the user given with `--as`, or as the operator."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, as_email or acting_email())
        with unit_of_work(sessions, actor) as session:
            yield session, actor


def find_actor(sessions: sessionmaker[Session], email: str | None) -> Actor:
    """The actor a user is, or the operator when no address is given."""
    if email is None:
        return OPERATOR
    with unit_of_work(sessions, OPERATOR) as session:
        return actor_for(session, queries.user_by_email(session, email))
