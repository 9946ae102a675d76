"""An import whose process is killed rolls on when it is started again, without doubles."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from geocrm.db import make_engine, make_sessions, unit_of_work
from geocrm.security import OPERATOR, Role
from geocrm.security import service as people
from tests.database import fresh_database, migrated_template

ROWS = 7_000


@pytest.fixture
def own_database() -> Iterator[str]:
    """A database of this test alone, whose commits are real."""
    name = f"geocrm_test_killed_{os.getpid()}"
    with fresh_database(name, template=migrated_template()) as url:
        engine = make_engine(url)
        with unit_of_work(make_sessions(engine), OPERATOR) as session:
            people.add_user(session, OPERATOR, email="a@example.test", role=Role.ADMINISTRATOR)
        engine.dispose()
        yield url


def start(url, path, tmp_path):
    environment = os.environ | {"GEOCRM_DATABASE_URL": url, "GEOCRM_VAR": str(tmp_path)}
    command = [sys.executable, "-m", "geocrm", "import", "accounts", str(path), "--json"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_killed_import_goes_on_behind_its_last_block(own_database, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("id,name,phone\n" + "".join(f"{i},Toko {i},0812{i:08d}\n" for i in range(ROWS)))
    engine = create_engine(own_database)
    first = start(own_database, path, tmp_path)
    with engine.connect() as connection:
        for _ in range(1200):
            done = connection.execute(text("SELECT max(done) FROM imports")).scalar()
            connection.rollback()
            if done or first.poll() is not None:
                break
            time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = start(own_database, path, tmp_path)
    out, told = second.communicate(timeout=120)
    assert second.returncode == 0, told
    figures = json.loads(out)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT count(*), count(DISTINCT external_id) FROM accounts")
        )
        assert rows.one() == (ROWS, ROWS)
        assert connection.execute(text("SELECT count(*) FROM account_scope")).scalar() == ROWS
        assert connection.execute(text("SELECT count(*) FROM phones")).scalar() == ROWS
        assert connection.execute(text("SELECT count(*) FROM imports")).scalar() == 1
    engine.dispose()
    assert (figures["read"], figures["created"], figures["failed"]) == (ROWS, ROWS, 0)
    assert "it goes on behind row" in told
