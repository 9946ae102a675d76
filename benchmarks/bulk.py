"""How long bulk actions take on demo customers: each is done and, where it can be, taken back.

    python -m geocrm demo load --accounts 110000
    python benchmarks/bulk.py [--accounts 100000] [--deleted 10000] [--only owner]

Prints seconds, customers a second, and CPU seconds of the database's process and of ours: on a busy
machine only those can be compared. Everything it changes it changes back; run it on a demo. The CPU
of the database is read from /proc, so it must run on this machine.
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path

from sqlalchemy import text

from geocrm.cli.context import open_sessions, settings
from geocrm.db import scoped_sql, unit_of_work
from geocrm.maps.bulk import engine, queries, service
from geocrm.maps.bulk.action import Running
from geocrm.maps.bulk.service import Asked
from geocrm.security import OPERATOR
from geocrm.wiring.bulk import ACTIONS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--deleted", type=int, default=10_000)
    parser.add_argument("--only", help="this action alone")
    given = parser.parse_args()
    wanted = given.accounts
    with open_sessions() as sessions:
        with unit_of_work(sessions, OPERATOR) as session:
            ids = scoped_sql(
                session,
                "SELECT account_id FROM account_scope s WHERE {scope:s} ORDER BY 1 LIMIT :n",
                {"n": wanted},
            ).scalars().all()  # fmt: skip
            owner_id = scoped_sql(
                session, "SELECT min(owner_id) FROM account_scope s WHERE {scope:s}"
            ).scalar_one()
        exports = [("export", {"format": kind}) for kind in ("csv", "xlsx", "geojson", "gpkg")]
        for action, params in [
            ("owner", {"owner_id": owner_id}),
            ("tag", {"add": ["bench"]}),
            ("segment", {"segment": "B"}),
            ("audience", {"name": "Bench", "channel": "email"}),
            *exports,
            ("delete", {}),
        ]:
            meant = ids[: given.deleted] if action == "delete" else ids
            if given.only in (None, action):
                measure(sessions, Asked(action, params, None, list(meant)))


def measure(sessions, asked: Asked) -> None:
    times = {}
    before = spent(sessions)

    def lap(name: str) -> None:
        nonlocal before
        now = spent(sessions)
        for kind, was, is_now in zip(("s", "database_cpu_s", "cpu_s"), before, now, strict=True):
            times[f"{name}_{kind}"] = round(is_now - was, 2)
        before = now

    with unit_of_work(sessions, OPERATOR) as session:
        service.preview(session, OPERATOR, ACTIONS, asked)
    lap("preview")
    with unit_of_work(sessions, OPERATOR) as session:
        run_id = service.begin(session, OPERATOR, ACTIONS, asked)[0].id
    lap("begin")
    running = Running(
        run_id, OPERATOR, lambda: unit_of_work(sessions, OPERATOR), lambda *_: None,
        settings().var / "exports",
    )  # fmt: skip
    engine.run(ACTIONS, running)
    lap("run")
    with unit_of_work(sessions, OPERATOR) as session:
        found = queries.get(session, OPERATOR, run_id)
        undoable = service.can_undo(ACTIONS[found.action], found)
        if undoable:
            service.begin_undo(session, OPERATOR, ACTIONS, run_id)
    if undoable:
        before = spent(sessions)
        engine.undo(ACTIONS, running)
        lap("undo")
    rate = round(found.total / times["run_s"])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    name = asked.action + (f" {asked.params['format']}" if "format" in asked.params else "")
    told = {"action": name, "accounts": found.total, "changed": found.changed, "a_second": rate}
    print(json.dumps(told | times | {"peak_mb": peak_mb}), flush=True)


def spent(sessions) -> tuple[float, float, float]:
    """Now, and the CPU seconds of the database's process that serves us, and of this one."""
    with sessions() as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    database = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter(), database, time.process_time()


if __name__ == "__main__":
    main()
