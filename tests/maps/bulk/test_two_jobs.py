"""Two jobs over the same customers at once, in workers of their own, one of which is killed."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from geocrm.db import unit_of_work
from geocrm.maps.bulk import service, tasks
from geocrm.maps.bulk.service import Asked
from geocrm.wiring.bulk import ACTIONS
from tests.maps.bulk.conftest import customers, own_customers

ROWS = 8_000
PATIENCE_S = 180


@pytest.fixture
def site(tmp_path):
    """Customers without a segment, and workers that take one job at a time."""
    with customers(ROWS) as name, own_customers(tmp_path, name) as (url, own, bulk, _):
        yield Site(url, own, bulk, tmp_path)


class Site:
    """Asks the database, begins runs and starts workers."""

    def __init__(self, url, own, bulk, folder):
        self.url, self.own, self.bulk, self.folder = url, own, bulk, folder

    def ask(self, sql, **params):
        with self.own.begin() as connection:
            return connection.execute(text(sql), params)

    def wait(self, what, sql):
        for _ in range(PATIENCE_S * 50):
            if self.ask(sql).scalar():
                return
            time.sleep(0.02)
        raise AssertionError(f"It took too long: {what}")

    @contextmanager
    def somebody_edits(self, account_id):
        """Hold a customer, so that whoever comes to it waits."""
        with self.own.begin() as connection:
            held = "SELECT FROM account_scope WHERE account_id = :id FOR UPDATE"
            connection.execute(text(held), {"id": account_id})
            yield

    def start(self, params):
        bulk = self.bulk
        with unit_of_work(bulk.sessions, bulk.actor) as session:
            asked = Asked("segment", params, tree={})
            found, _ = service.begin(session, bulk.actor, ACTIONS, asked)
            tasks.start(session, bulk.actor, tasks.RUN, found, self.folder)
            return found.id

    @contextmanager
    def worker(self):
        environment = os.environ | {
            "GEOCRM_DATABASE_URL": self.url,
            "GEOCRM_VAR": str(self.folder),
            "GEOCRM_WORKER_CONCURRENCY": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "geocrm", "worker"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_nothing_is_lost_doubled_or_deadlocked_and_each_undo_takes_back_its_own(site):
    with site.worker() as killed, site.worker():
        with site.somebody_edits(ROWS // 2 + 1):
            runs = [site.start({"segment": "A"}), site.start({"segment": "C"})]
            both = f"SELECT bool_and(done = {ROWS // 2}) FROM bulk_runs"
            site.wait("both are half through", both)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        site.wait("the other ends", "SELECT bool_or(state = 'done') FROM bulk_runs")
        left = site.ask("SELECT done FROM bulk_runs WHERE state = 'running'").scalars().all()
        assert left == [ROWS // 2], "one is cut short"
        # As if a minute had passed without a sign of life.
        site.ask("UPDATE job_runs SET beat_at = now() - interval '5 minutes'"
                 " WHERE state = 'running'")  # fmt: skip
        with site.worker():
            site.wait("it is taken up again", "SELECT bool_and(state = 'done') FROM bulk_runs")
            site.wait("so are the jobs", "SELECT bool_and(state = 'done') FROM job_runs"
                      " WHERE kind = 'bulk.run'")  # fmt: skip

    told = site.ask("SELECT changed, unchanged, failed, done FROM bulk_runs").all()
    assert told == [(ROWS, 0, 0, ROWS)] * 2
    assert site.ask("SELECT count(*) FROM accounts WHERE version = 3").scalar() == ROWS
    assert site.ask("SELECT count(*) FROM bulk_members").scalar() == 0
    chains = {tuple(row[:3]): row.n for row in site.ask(CHAINS, first=runs[0], second=runs[1])}
    first_last = chains.pop(("C", None, "A"), 0)
    second_last = chains.pop((None, "A", "C"), 0)
    assert chains == {}
    assert first_last + second_last == ROWS
    assert segments_of_the_pyramid(site) == some({"A": first_last, "C": second_last})

    first = site.bulk.undo(runs[0])
    assert (first.undone, first.spared) == (first_last, second_last)
    reasons = site.bulk.left_alone(runs[0])
    assert len(reasons) == second_last
    assert set(reasons.values()) <= {"changed_since"}
    second = site.bulk.undo(runs[1])
    assert (second.undone, second.spared) == (ROWS, 0)
    stays = site.ask("SELECT account_id FROM account_scope WHERE segment = 'A'").scalars().all()
    assert sorted(stays) == sorted(reasons)
    assert segments_of_the_pyramid(site) == some({"A": second_last, None: first_last})


def some(counts):
    """Those of whom there is anybody: which of two runs is last somewhere is up to chance."""
    return {segment: n for segment, n in counts.items() if n}


def segments_of_the_pyramid(site):
    """How many customers of each segment the tiles count."""
    found = site.ask(
        "SELECT segment, sum(n) FROM (SELECT segment, n FROM map_cells WHERE level = 9"
        " UNION ALL SELECT segment, n FROM map_deltas) counted GROUP BY segment"
    )
    return some({segment: int(n) for segment, n in found})


# Of each customer: what either run found there, and what there is now.
CHAINS = """
    SELECT a.before ->> 'segment', b.before ->> 'segment', s.segment, count(*) AS n
    FROM account_scope s
    JOIN accounts w ON w.id = s.account_id AND w.segment = s.segment
    JOIN bulk_before a ON a.account_id = s.account_id AND a.run_id = :first
    JOIN bulk_before b ON b.account_id = s.account_id AND b.run_id = :second
    GROUP BY 1, 2, 3
"""
