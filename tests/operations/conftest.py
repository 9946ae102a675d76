"""A private cluster of its own, so that it can be stopped, killed and deleted."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
import pytest

from geocrm.cli import run
from geocrm.config import ROOT, Settings
from geocrm.db import cluster
from geocrm.operations.servers import libpq_dsn


@dataclass
class Installation:
    """Settings and what was said while working with them."""

    settings: Settings
    said: list[str]

    def up(self, **changes: object) -> str:
        """Start the cluster and give its address."""
        self.said.clear()
        return cluster.ensure_running(replace(self.settings, **changes), self.said.append)

    def ask(self, statement: str, *values: object) -> list[tuple]:
        """Run one statement in the application's database."""
        connection = psycopg2.connect(libpq_dsn(self.up()))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def empty(self) -> None:
        """Put a database without tables in the place of the application's."""
        connection = psycopg2.connect(libpq_dsn(self.up()).removesuffix("/geocrm") + "/postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("DROP DATABASE geocrm WITH (FORCE)")
            cursor.execute("CREATE DATABASE geocrm")
        connection.close()

    @property
    def server_process(self) -> int:
        """The process id of the running server."""
        found = cluster.status(self.settings).process_id
        assert found is not None
        return found


@pytest.fixture(scope="session")
def var() -> Iterator[Path]:
    """A `var` below a folder that only its owner may enter, as a checkout in /root is."""
    folder = Path(tempfile.mkdtemp(prefix="geocrm-ops-"))
    assert folder.stat().st_mode & 0o077 == 0
    yield folder / "var"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def installation(var: Path) -> Iterator[Installation]:
    """A running private cluster."""
    settings = Settings(root=ROOT, var=var, secret_key="0" * 64)
    made = Installation(settings, [])
    made.up()
    yield made
    cluster.destroy(settings)


@pytest.fixture
def command(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a `geocrm` command on that installation; gives its exit status."""
    for name in [name for name in os.environ if name.startswith("GEOCRM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GEOCRM_VAR", str(installation.settings.var))
    return lambda *arguments: run([str(argument) for argument in arguments])
