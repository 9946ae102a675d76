"""Bulk actions that are killed go on where they were, and two at once neither wait nor lose."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from geocrm.db import unit_of_work
from geocrm.errors import GeoCrmError
from geocrm.jobs import Cancelled, Paused
from geocrm.maps.bulk import engine, meant, preparing, service
from geocrm.wiring.bulk import ACTIONS
from tests.maps.bulk.conftest import customers, own_customers

ROWS = 20_000
FEW = 50


@pytest.fixture(scope="module")
def crowd():
    """So many customers that an action takes several batches; filled once, copied for each test."""
    with customers(ROWS) as name:
        yield name


@pytest.fixture(scope="module")
def handful():
    """A few customers, for what is about locks and not about batches."""
    with customers(FEW) as name:
        yield name


@pytest.fixture
def many(crowd, tmp_path):
    """A database of its own with the crowd."""
    with own_customers(tmp_path, crowd) as found:
        yield found


@pytest.fixture
def few(handful, tmp_path):
    """A database of its own with the handful."""
    with own_customers(tmp_path, handful) as found:
        yield found


def command(url, tmp_path, *words):
    environment = os.environ | {"GEOCRM_DATABASE_URL": url, "GEOCRM_VAR": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-m", "geocrm", "bulk", *words],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ask(own, sql):
    with own.connect() as connection:
        return connection.execute(text(sql)).scalar()


def test_a_killed_action_goes_on_behind_its_last_batch_and_repeats_nothing(many, tmp_path):
    url, own, _, _ = many
    first = command(url, tmp_path, "tag", "--add", "x", "--filter", "{}", "--yes")
    for _ in range(2400):
        done = ask(own, "SELECT max(done) FROM bulk_runs")
        if done or first.poll() is not None:
            break
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    time.sleep(0.3)
    done = ask(own, "SELECT done FROM bulk_runs")
    assert 0 < done < ROWS
    assert ask(own, "SELECT count(*) FROM accounts WHERE tags = '{x}'") == done
    assert ask(own, "SELECT count(*) FROM bulk_before") == done
    second = command(url, tmp_path, "resume", "1", "--json")
    out, told = second.communicate(timeout=120)
    assert second.returncode == 0, told
    assert f"behind customer {done:,}" in told
    figures = json.loads(out)
    assert (figures["state"], figures["changed"], figures["failed"]) == ("done", ROWS, 0)
    assert ask(own, "SELECT count(*) FROM accounts WHERE tags = '{x}' AND version = 2") == ROWS
    assert ask(own, "SELECT count(*) FROM bulk_before") == ROWS
    assert ask(own, "SELECT count(*) FROM bulk_members") == 0


def test_two_actions_at_once_on_the_same_customers_both_happen(many, monkeypatch):
    _, own, bulk, other_id = many
    monkeypatch.setattr(engine, "BATCH", 500)
    runs = [
        bulk.begin("owner", {"owner_id": other_id}, tree={}),
        bulk.begin("tag", {"add": ["x"]}, tree={}),
        bulk.begin("tag", {"add": ["y"]}, tree={}),
    ]
    broken = []

    def run(run_id):
        try:
            bulk.run(run_id)
        except (DBAPIError, GeoCrmError) as error:
            broken.append(error)

    threads = [threading.Thread(target=run, args=(run_id,)) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    both = "tags @> '{x,y}' AND cardinality(tags) = 2 AND version = 4"
    assert ask(own, f"SELECT count(*) FROM accounts WHERE {both}") == ROWS
    assert ask(own, f"SELECT count(*) FROM account_scope WHERE owner_id = {other_id}") == ROWS


def test_one_run_that_two_workers_took_happens_once(many):
    _, own, bulk, _ = many
    run_id = bulk.begin("tag", {"add": ["x"]}, tree={})
    broken = []

    def run():
        try:
            bulk.run(run_id)
        except GeoCrmError as error:
            broken.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("does not run (done)" in each for each in broken)
    assert bulk.found(run_id).changed == ROWS
    assert ask(own, "SELECT count(*) FROM accounts WHERE version = 2") == ROWS


def test_one_run_that_two_workers_took_gets_one_list(many):
    _, own, bulk, _ = many
    run_id = bulk.begin("tag", {"add": ["x"]}, tree={})
    broken = []

    def take():
        try:
            preparing.freeze(ACTIONS["tag"], bulk.running(run_id))
        except (DBAPIError, GeoCrmError) as error:
            broken.append(error)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert ask(own, "SELECT count(*) FROM bulk_members") == ROWS
    assert ask(own, "SELECT max(ord) FROM bulk_members") == ROWS


@pytest.mark.parametrize(("stop", "signal_"), [("pause", Paused), ("cancel", Cancelled)])
def test_a_stop_does_not_wait_for_the_list_and_leaves_none_of_it(few, monkeypatch, stop, signal_):
    _, own, bulk, _ = few
    run_id = bulk.begin("tag", {"add": ["x"]}, tree={})
    write = meant.freeze

    def stopped_meanwhile(*given):
        found = write(*given)
        with unit_of_work(bulk.sessions, bulk.actor) as session:
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
            getattr(service, stop)(session, bulk.actor, run_id)
        return found

    monkeypatch.setattr(meant, "freeze", stopped_meanwhile)
    with pytest.raises(signal_):
        bulk.run(run_id)
    assert ask(own, "SELECT count(*) FROM bulk_members") == 0
    assert ask(own, "SELECT count(*) FROM accounts WHERE tags <> '{}'") == 0
    monkeypatch.setattr(meant, "freeze", write)
    if stop == "pause":
        with unit_of_work(bulk.sessions, bulk.actor) as session:
            assert service.resume(session, bulk.actor, run_id).state == "preparing"
        assert bulk.run(run_id).changed == FEW
