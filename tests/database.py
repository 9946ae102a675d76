"""Databases for tests: templates kept between runs, and a copy of one for each run."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url, text

from geocrm import clock
from geocrm.config import ROOT, Settings
from geocrm.db import cluster, make_engine, make_sessions, unit_of_work
from geocrm.db.migrate import MIGRATIONS, upgrade
from geocrm.demo import service as demo
from geocrm.places.gazetteer_loading import load_gazetteer
from geocrm.places.gazetteer_sources import Extent
from geocrm.places.loading import load_boundaries
from geocrm.security import OPERATOR

NUM_DEMO_ACCOUNTS = 3_000
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
        _hurry(connection, name)
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


def _hurry(connection: Connection, name: str) -> None:
    # What is made here is gone after the tests, so no commit waits for the disk.
    connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))


def migrated_template() -> str:
    """The name of a database with all migrations run; made again only when one changes."""
    return _template("migrated", [Path(MIGRATIONS)], None, upgrade)


def demo_template() -> str:
    """The name of a database with 3,000 demo customers of West Java, and its places."""
    sources = [Path(MIGRATIONS), ROOT / "geocrm", ROOT / "data"]
    return _template("demo", sources, migrated_template(), _load_demo)


def _load_demo(engine: Engine) -> None:
    sessions = make_sessions(engine)
    with unit_of_work(sessions, OPERATOR) as session:
        load_boundaries(session)
        load_gazetteer(session, ROOT / "data/gazetteer", Extent(frozenset({"32"}), 100_000))
    demo.load(sessions, num_accounts=NUM_DEMO_ACCOUNTS, today=clock.today("Asia/Jakarta"))


def _template(
    kind: str, sources: list[Path], start: str | None, fill: Callable[[Engine], object]
) -> str:
    """A database that tests copy, kept until one of its sources changes."""
    stem = f"geocrm_template_{kind}_"
    name = stem + _digest(sources)
    admin = _admin_engine()
    with admin.connect() as connection:
        # Several test processes may start at once; one makes the template, the others wait.
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        known = connection.scalars(
            text("SELECT datname FROM pg_database WHERE starts_with(datname, :stem)"),
            {"stem": stem},
        ).all()
        if name not in known:
            for old in known:
                _drop(connection, old)
            _make(connection, f"{stem}building", start or "template1", fill)
            connection.execute(text(f'ALTER DATABASE "{stem}building" RENAME TO "{name}"'))
        connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    admin.dispose()
    return name


def _make(
    connection: Connection, building: str, start: str, fill: Callable[[Engine], object]
) -> None:
    _drop(connection, building)
    connection.execute(text(f'CREATE DATABASE "{building}" TEMPLATE "{start}"'))
    _hurry(connection, building)
    engine = make_engine(_url_of(building))
    fill(engine)
    engine.dispose()


def _digest(sources: list[Path]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        for path in sorted(source.rglob("*")):
            if path.suffix in (".py", ".csv", ".gz"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _admin_engine() -> Engine:
    return create_engine(_url_of("postgres"), isolation_level="AUTOCOMMIT")


def _url_of(name: str) -> str:
    return make_url(server_url()).set(database=name).render_as_string(hide_password=False)


if __name__ == "__main__":
    demo_template()
