"""What every command needs: settings, how to print, and a sentence when the database is silent.

Kept free of the capabilities, so that a command like `geocrm db status` answers at once.
"""

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
from sqlalchemy.exc import InterfaceError, OperationalError

from geocrm import clock
from geocrm.config import Settings
from geocrm.errors import ServiceUnavailable

_FULL_BYTES = 32 * 2**20  # two segments of write-ahead log

# For commands that print one JSON document: `@json_option` gives them `as_json`.
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)


def settings() -> Settings:
    """The settings of this installation, checked."""
    chosen = Settings.from_env()
    clock.follow(chosen.default_timezone)
    return chosen


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
