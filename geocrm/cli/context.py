"""What commands share: settings, a session on a database that is up, and how to print."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import click
import psycopg2
from psycopg2 import errors as pg_errors
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions, migrate, unit_of_work
from geocrm.errors import Conflict, ServiceUnavailable
from geocrm.security import OPERATOR, Actor, queries
from geocrm.wiring import actor_for

_FULL_BYTES = 32 * 2**20  # two segments of write-ahead log

# For commands that print one JSON document: `@json_option` gives them `as_json`.
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)


def settings() -> Settings:
    """The settings of this installation, checked."""
    return Settings.from_env()


def say(message: str) -> None:
    """Tell the person what happens; on stderr, so that stdout stays clean."""
    click.echo(message, err=True)


def emit(document: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


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


@contextmanager
def answering(chosen: Settings) -> Iterator[None]:
    """Turn the driver's complaint about the connection into a sentence with a remedy."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _unanswered(chosen, error.orig or error) from error
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        # COPY talks to the driver itself.
        raise _unanswered(chosen, error) from error


def _unanswered(chosen: Settings, error: BaseException) -> ServiceUnavailable:
    # A server whose log does not fit on the disk any more ends without another word.
    full = not chosen.database_url and shutil.disk_usage(chosen.var).free < _FULL_BYTES
    if full or isinstance(error, pg_errors.DiskFull):
        return ServiceUnavailable(
            "The disk of the database is full: free some space and try again; what was saved"
            " before is safe, and nothing is half written"
        )
    remedy = "check GEOCRM_DATABASE_URL and that server" if chosen.database_url else "geocrm check"
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ServiceUnavailable(f"The database does not answer ({reason}): {remedy}")


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
