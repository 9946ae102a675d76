"""Databases for tests: one migrated template, kept between runs, and a copy of it for each run."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url, text

from geocrm.config import Settings
from geocrm.db import cluster, make_engine
from geocrm.db.migrate import MIGRATIONS, upgrade

_LOCK = 0x7E57


def server_url() -> str:
    """A database on the server the tests use: the private cluster, started when it is down."""
    settings = Settings.from_env(os.environ)
    return settings.database_url or cluster.ensure_running(settings)


@contextmanager
def fresh_database(name: str, *, template: str | None = None) -> Iterator[str]:
    """A new database for the length of the block; yields its URL."""
    admin = _admin_engine()
    source = template or "template1"
    with admin.connect() as connection:
        _drop(connection, name)
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{source}"'))
    try:
        yield _url_of(name)
    finally:
        with admin.connect() as connection:
            _drop(connection, name)
        admin.dispose()


def _drop(connection: Connection, name: str) -> None:
    # WITH (FORCE) fails while autovacuum is at work there: its process belongs to a superuser.
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = :name AND backend_type = 'client backend'"
        ),
        {"name": name},
    )
    connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))


def migrated_template() -> str:
    """The name of a database with all migrations run; made again only when one changes."""
    digest = hashlib.sha256()
    for path in sorted(Path(MIGRATIONS).rglob("*.py")):
        digest.update(path.read_bytes())
    name = f"geocrm_template_{digest.hexdigest()[:12]}"
    admin = _admin_engine()
    with admin.connect() as connection:
        # Several test processes may start at once; one makes the template, the others wait.
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        found = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :n"), {"n": name})
        if not found:
            _make_template(connection, name)
        connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    admin.dispose()
    return name


def _make_template(connection, name: str) -> None:
    for old in connection.scalars(
        text("SELECT datname FROM pg_database WHERE datname LIKE 'geocrm\\_template\\_%'")
    ).all():
        connection.execute(text(f'DROP DATABASE "{old}" WITH (FORCE)'))
    building = f"{name}_building"
    connection.execute(text(f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)'))
    connection.execute(text(f'CREATE DATABASE "{building}" TEMPLATE template1'))
    engine = make_engine(_url_of(building))
    upgrade(engine)
    engine.dispose()
    connection.execute(text(f'ALTER DATABASE "{building}" RENAME TO "{name}"'))


def _admin_engine() -> Engine:
    return create_engine(_url_of("postgres"), isolation_level="AUTOCOMMIT")


def _url_of(name: str) -> str:
    return make_url(server_url()).set(database=name).render_as_string(hide_password=False)
