"""How long going live takes when little ground changes hands.

The live plan of the settings' database is copied, some units (chosen by a seed) go to the territory
of a neighbour, and the copy is made live and taken back, in one transaction that is rolled back.
CPU is that of this process and of the database's process for it.

Beside it stands what PostgreSQL itself takes to write the same territories into a copy of the table
without triggers: with no index, with those that do not hold the territory and room in each page (a
row then needs no new entry in any), and with all of them.

    .venv/bin/python -m benchmarks.territory_activation --units 50
"""

import argparse
import json
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.cli.context import open_sessions
from geocrm.db import driver_connection, scoped_sql
from geocrm.errors import InvalidInput
from geocrm.security import OPERATOR
from geocrm.territories import activation, comparison, queries, service
from geocrm.territories.models import Plan

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print one JSON document."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--units", type=int, default=50)
    wanted.add_argument("--seed", type=int, default=1)
    asked = wanted.parse_args()
    with open_sessions() as sessions, sessions() as session:
        session.info["scope"] = OPERATOR
        print(json.dumps(measured(session, asked.units, asked.seed), indent=2))
        session.rollback()


def measured(session: Session, num_units: int, seed: int) -> dict[str, Any]:
    """Copy, change, compare, go live, take back."""
    live = queries.live_plan(session)
    if live is None:
        raise InvalidInput("No territory plan is live: load the demo, or make one live")
    plan = service.copy(session, OPERATOR, live.id, "Benchmark")
    moved = change_hands(session, plan, num_units, seed)
    took: dict[str, Any] = {}
    with timed(session, took, "compare"):
        found = comparison.compare(session, plan)
    with timed(session, took, "activate"):
        done = activation.activate(session, OPERATOR, plan.id)
        session.flush()
    session.execute(text("CREATE TEMP TABLE bench_moving AS SELECT account_id, after FROM moving"))
    with timed(session, took, "undo"):
        activation.undo(session, OPERATOR, plan.id)
        session.flush()
    bare_updates(session, took)
    accounts = scoped_sql(session, "SELECT count(*) FROM account_scope s WHERE {scope:s}")
    return {
        "load": [round(load, 1) for load in os.getloadavg()],
        "accounts": accounts.scalar_one(),
        "units_moved": moved,
        "accounts_moved": done.accounts,
        "accounts_compared": found.accounts,
        **took,
    }


def change_hands(session: Session, plan: Plan, num_units: int, seed: int) -> int:
    """Give units to the territory of a neighbour; how many there were to give."""
    rows = session.execute(text(_BORDER), {"plan": plan.id}).all()
    chosen = random.Random(seed).sample(rows, min(num_units, len(rows)))
    for unit, territory_id in chosen:
        session.execute(
            text(
                "UPDATE territory_units SET territory_id = :t WHERE plan_id = :plan AND unit = :u"
            ),
            {"plan": plan.id, "u": unit, "t": territory_id},
        )
    return len(chosen)


def bare_updates(session: Session, took: dict[str, Any]) -> None:
    """Time the update alone, on copies of the table with few and many indexes."""
    with driver_connection(session).cursor() as cursor:
        cursor.execute(_DEFINITIONS)
        definitions = [row[0] for row in cursor.fetchall()]
    without = [one for one in definitions if "territory_id" not in one]
    for name, fill, wanted in (
        ("bare_no_index", 100, []),
        ("bare_in_place", 80, without),
        ("bare_all_indexes", 100, definitions),
    ):
        scoped_sql(session, _COPY.replace("{fill}", str(fill)))
        for number, one in enumerate(wanted):
            named = re.sub(r"INDEX \w+ ON \S+", f"INDEX bench_scope_{number} ON bench_scope", one)
            session.execute(text(named))
        with timed(session, took, name):
            session.execute(text(_BARE))
        session.execute(text("DROP TABLE bench_scope"))


@contextmanager
def timed(session: Session, into: dict[str, Any], name: str) -> Iterator[None]:
    """Note the elapsed and CPU seconds of the block."""
    pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    began, client, server = time.perf_counter(), time.process_time(), cpu_s(pid)
    yield
    into[name] = {
        "s": round(time.perf_counter() - began, 2),
        "cpu_s": round(time.process_time() - client + cpu_s(pid) - server, 2),
    }


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


_DEFINITIONS = """
    SELECT pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = CAST('account_scope' AS regclass) ORDER BY indexrelid
"""
_COPY = """
    CREATE TABLE bench_scope WITH (fillfactor = {fill}) AS
    SELECT s.* FROM account_scope s WHERE {scope:s}
"""
_BARE = """
    UPDATE bench_scope b SET territory_id = m.after FROM bench_moving m
    WHERE b.account_id = m.account_id
"""
_BORDER = """
    SELECT DISTINCT ON (u.unit) u.unit, n.territory_id
    FROM territory_units u
    JOIN boundary_edges e ON u.unit IN (e.a, e.b)
    JOIN territory_units n ON n.plan_id = u.plan_id AND n.unit IN (e.a, e.b)
        AND n.territory_id <> u.territory_id
    WHERE u.plan_id = :plan ORDER BY u.unit, n.unit
"""

if __name__ == "__main__":
    main()
