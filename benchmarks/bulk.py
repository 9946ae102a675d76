"""How long bulk actions take on demo customers: each is done and, where it can be, taken back.

    python -m geocrm demo load --accounts 110000
    python benchmarks/bulk.py [--accounts 100000]

Prints seconds and customers a second. Everything it changes it changes back; run it on a demo.
"""

import argparse
import json
import resource
import time

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
    wanted = parser.parse_args().accounts
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
            measure(sessions, Asked(action, params, None, list(ids)))


def measure(sessions, asked: Asked) -> None:
    times = {}
    started = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal started
        times[name] = round(time.perf_counter() - started, 2)
        started = time.perf_counter()

    with unit_of_work(sessions, OPERATOR) as session:
        service.preview(session, OPERATOR, ACTIONS, asked)
    lap("preview_s")
    with unit_of_work(sessions, OPERATOR) as session:
        run_id = service.begin(session, OPERATOR, ACTIONS, asked)[0].id
    lap("begin_s")
    running = Running(
        run_id, OPERATOR, lambda: unit_of_work(sessions, OPERATOR), lambda *_: None,
        settings().var / "exports",
    )  # fmt: skip
    engine.run(ACTIONS, running)
    lap("run_s")
    with unit_of_work(sessions, OPERATOR) as session:
        found = queries.get(session, OPERATOR, run_id)
        undoable = service.can_undo(ACTIONS[found.action], found)
        if undoable:
            service.begin_undo(session, OPERATOR, ACTIONS, run_id)
    if undoable:
        started = time.perf_counter()
        engine.undo(ACTIONS, running)
        lap("undo_s")
    rate = round(found.total / times["run_s"])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    name = asked.action + (f" {asked.params['format']}" if "format" in asked.params else "")
    told = {"action": name, "accounts": found.total, "changed": found.changed, "a_second": rate}
    print(json.dumps(told | times | {"peak_mb": peak_mb}), flush=True)


if __name__ == "__main__":
    main()
