"""A batch whose processes are killed goes on where it was, and its helpers end with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from sqlalchemy import text

from geocrm.customers.address_batches import local_steps
from geocrm.db import copy_rows, make_engine, make_sessions, unit_of_work
from geocrm.places.gazetteer_loading import load_gazetteer
from geocrm.security import OPERATOR, Role
from geocrm.security import service as people
from tests.customers.address_batches.given import DATA_DIR, SLICE
from tests.database import fresh_database, migrated_template


class Many(NamedTuple):
    """A database with so many addresses that wait."""

    url: str
    rows: int


def fill(session, owner_id, rows):
    """Customers in the villages of the province, each with a house number of its own."""
    villages = session.execute(
        text(
            "SELECT v.name, d.name, r.name FROM gazetteer_places v"
            " JOIN gazetteer_places d ON d.id = v.district_id"
            " JOIN gazetteer_places r ON r.id = v.regency_id WHERE v.kind = 'village' ORDER BY v.id"
        )
    ).all()
    ids = range(1, rows + 1)
    copy_rows(session, "accounts", ("id", "name"), ((i, f"Toko {i}") for i in ids))
    copy_rows(
        session, "account_scope", ("account_id", "owner_id"), ((i, owner_id) for i in ids)
    )  # fmt: skip
    copy_rows(
        session, "addresses", ("account_id", "typed", "village", "district", "city"),
        ((i, f"Jl. Kaliurang {i}", *villages[i % len(villages)]) for i in ids),
    )  # fmt: skip


@pytest.fixture
def many() -> Iterator[Many]:
    """A database of its own with so many different addresses that a batch takes several chunks."""
    rows = 6_000
    name = f"geocrm_test_killed_batch_{os.getpid()}"
    with fresh_database(name, template=migrated_template()) as url:
        own = make_engine(url)
        with unit_of_work(make_sessions(own), OPERATOR) as session:
            load_gazetteer(session, DATA_DIR, SLICE)
            boss = people.add_user(
                session, OPERATOR, email="a@example.test", role=Role.ADMINISTRATOR
            )
            fill(session, boss.id, rows)
        own.dispose()
        yield Many(url, rows)


def command(url, tmp_path, *words):
    environment = os.environ | {"GEOCRM_DATABASE_URL": url, "GEOCRM_VAR": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-m", "geocrm", "addresses", *words, "--json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_killed_batch_goes_on_behind_its_last_chunk_and_repeats_nothing(many, tmp_path):
    own = make_engine(many.url)
    first = command(many.url, tmp_path, "geocode")
    with own.connect() as connection:
        for _ in range(2400):
            done = connection.execute(text("SELECT max(local_done) FROM address_batches")).scalar()
            connection.rollback()
            if done or first.poll() is not None:
                break
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        assert 0 < done < many.rows
        reached = count(connection, "answered = fingerprint")
        assert reached in (done, done + local_steps.CHUNK)
        for _ in range(200):
            others = "SELECT count(*) FROM pg_stat_activity WHERE application_name ="
            if not connection.execute(text(f"{others} 'geocrm addresses'")).scalar():
                break
            connection.rollback()
            time.sleep(0.05)
        else:
            pytest.fail("the processes that look up outlived the one that was killed")
        second = command(many.url, tmp_path, "geocode")
        out, told = second.communicate(timeout=170)
        assert second.returncode == 0, told
        figures = json.loads(out)
        assert "was cut short; it goes on behind look-up" in told
        assert count(connection, "answered = fingerprint AND lon IS NOT NULL") == many.rows
        assert connection.execute(text("SELECT count(*) FROM address_batches")).scalar() == 1
        assert connection.execute(text("SELECT count(*) FROM address_points")).scalar() == 0
    own.dispose()
    assert (figures["state"], figures["moved"], figures["spared"]) == ("done", many.rows, 0)
    assert sum(figures["grades"].values()) == many.rows


def count(connection, condition):
    found = connection.execute(text(f"SELECT count(*) FROM addresses WHERE {condition}")).scalar()
    connection.rollback()
    return found
