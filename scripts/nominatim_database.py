"""The database of a Nominatim of our own, in the private cluster.

    python scripts/nominatim_database.py new      makes it empty, prints the DSN that may do all
    python scripts/nominatim_database.py reader   prints the DSN that may only read
    python scripts/nominatim_database.py there    exit status 0 when it was imported to the end
    python scripts/nominatim_database.py drop     takes it out again

A DSN holds a password: it belongs into an environment variable and no command line.
"""

import os
import secrets
import sys

from sqlalchemy import URL, Connection, create_engine, make_url, text

from geocrm.config import Settings
from geocrm.db import cluster
from geocrm.errors import GeoCrmError

DATABASE = "nominatim"
READER = "nominatim_reader"
# Left by the last step of an import.
_DONE = "SELECT to_regclass('nominatim_properties') IS NOT NULL"


def main(action: str) -> int:
    """Do it; the exit status."""
    settings = Settings.from_env(os.environ)
    cluster.ensure_running(settings)
    url = make_url(cluster.superuser_url(settings))
    if action == "there":
        return 0 if _is_there(url) else 1
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if action in ("new", "drop"):
            connection.execute(text(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))
        if action == "new":
            _make_reader(connection)
            print(_dsn(url.set(database=DATABASE)))
        elif action == "reader":
            password = _make_reader(connection)
            reader = url.set(database=DATABASE, username=READER, password=password)
            print(_dsn(reader))
    engine.dispose()
    return 0


def _make_reader(connection: Connection) -> str:
    """The role that serves, with a new password."""
    password = secrets.token_urlsafe(24)
    known = connection.scalar(
        text("SELECT count(*) FROM pg_roles WHERE rolname = :name"), {"name": READER}
    )
    verb = "ALTER" if known else "CREATE"
    connection.execute(text(f"{verb} ROLE {READER} LOGIN PASSWORD '{password}'"))
    return password


def _is_there(url: URL) -> bool:
    engine = create_engine(url.set(database="postgres"))
    with engine.connect() as connection:
        known = connection.scalar(
            text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": DATABASE}
        )
    engine.dispose()
    if not known:
        return False
    engine = create_engine(url.set(database=DATABASE))
    with engine.connect() as connection:
        done = bool(connection.scalar(text(_DONE)))
    engine.dispose()
    return done


def _dsn(url: URL) -> str:
    parts = {
        "dbname": url.database,
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
    }
    return "pgsql:" + ";".join(f"{name}={value}" for name, value in parts.items())


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except GeoCrmError as error:
        sys.exit(f"geocrm: {error}")
