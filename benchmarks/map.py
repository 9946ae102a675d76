"""How fast tiles come from the app, against another tile server and against the database alone.

Sixteen clients pan over tiles drawn where customers are, zoom 3 to 15, as somebody who sees a part
of the customers, with a segment and a date. They ask in turn: the app under gunicorn; `tipg` on the
same table with the same conditions, when `--tipg` names a Python that has it; and the same SQL
through `pgbench -M prepared`, the bound: for all tiles, for those whose SQL takes over 2 ms and for
the rest. CPU is that of the servers and of the database's processes for them; memory is what the
app's processes hold alone, looked at eight times.
The database is the one of the settings, filled by `geocrm demo load`.

    .venv/bin/python -m benchmarks.map --seconds 20 --tipg var/tipg/bin/python
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions, scoped_sql, unit_of_work
from geocrm.maps import queries
from geocrm.maps.colouring import colouring
from geocrm.maps.filters import Filter, compile_filter
from geocrm.maps.groups import groups
from geocrm.maps.tiles import Tile, account_tile, statement
from geocrm.security import OPERATOR, Actor
from geocrm.security import service as people
from geocrm.security.models import User
from geocrm.spatial.morton import deinterleave
from geocrm.wiring import actor_for

CLIENTS = 16
ZOOMS = range(3, 16)
FILTER = {
    "and": [
        {"field": "segment", "op": "in", "value": ["A", "B"]},
        {"field": "last_order", "op": "within_days", "value": 90},
    ]
}
_WARM_S = 10.0
_DEAR_MS = 2.0
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    """What came of asking for a while."""

    times_ms: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    errors: int = 0
    cpu_ms: float = 0.0

    def line(self, name: str) -> str:
        """A row of the table."""
        p50, p95 = np.percentile(self.times_ms, [50, 95])
        each = self.cpu_ms / max(len(self.times_ms), 1)
        return (
            f"| {name} | {len(self.times_ms):,} | {self.errors} | {p50:.1f} | {p95:.1f}"
            f" | {each:.2f} | {max(self.sizes, default=0) / 1024:.0f} |"
        )


def main() -> None:
    """Measure and print tables for docs/benchmarks.md."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=20, help="a server")
    asked.add_argument("--port", type=int, default=8790)
    asked.add_argument("--tipg", help="a Python that has tipg and uvicorn")
    asked.add_argument("--database-only", action="store_true", help="no server, no panning")
    options = asked.parse_args()
    settings = replace(Settings.from_env(os.environ), port=options.port)
    url = settings.database_url or cluster.ensure_running(settings)
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with unit_of_work(sessions, OPERATOR) as session:
        user = session.query(User).filter(User.role == "field_rep").order_by(User.id).first()
        key = people.create_token(session, OPERATOR, user, "benchmark")
        actor = actor_for(session, user)
        tiles = _tiles(session, np.random.default_rng(1))
    print(f"{clock.now():%Y-%m-%d}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    if not options.database_only:
        with unit_of_work(sessions, actor) as session:
            by_cost = _by_cost(session, tiles)
        _over_http(options, engine, url, by_cost, actor, key)
        print("| through pgbench | tiles | CPU ms a tile |\n|---|---|---|")
        with unit_of_work(sessions, actor) as session:
            for name, some in by_cost.items():
                counted = _cpu(engine, 0, "pgbench")
                _bound(session, some, url, options.seconds, name, counted)
    with unit_of_work(sessions, actor) as session:
        _queries(session)
    for who, scope in (("everybody", OPERATOR), ("a rep", actor)):
        with unit_of_work(sessions, scope) as session:
            _pages(session, who)
            _groups(session, who)
            _wide(session, who)
    engine.dispose()


def _over_http(
    options: argparse.Namespace,
    engine: object,
    url: str,
    by_cost: dict[str, list[Tile]],
    actor: Actor,
    key: str,
) -> None:
    """Sixteen clients pan, against the app and against tipg."""
    print("| server | tiles | errors | p50 ms | p95 ms | CPU ms a tile | largest KB |")
    print("|---|---|---|---|---|---|---|")
    ask = f"filter={quote(json.dumps(FILTER))}"
    app = [sys.executable, "-m", "geocrm", "serve"]
    with _served(app, options.port, _app_env(options.port, url)) as server:
        address = f"http://127.0.0.1:{options.port}/tiles/accounts/{{z}}/{{x}}/{{y}}.mvt?{ask}"
        headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "br"}
        cpu = _cpu(engine, server, "geocrm web")
        with _watched(server, max(options.seconds * len(by_cost) / 8, 5)) as memory:
            for name, some in by_cost.items():
                run = _pan(some, address, headers, options.seconds, cpu)
                print(run.line(f"GeoCRM, {name}"), flush=True)
    if options.tipg:
        command = [options.tipg, "-m", "uvicorn", "tipg.main:app", "--workers", "2"]
        command += ["--port", str(options.port + 1), "--log-level", "error"]
        with _served(command, options.port + 1, _tipg_env(url)) as server:
            address = (
                f"http://127.0.0.1:{options.port + 1}/collections/public.account_scope/tiles/"
                f"WebMercatorQuad/{{z}}/{{x}}/{{y}}?{_cql(actor)}"
            )
            counted = _cpu(engine, server, "tipg")
            run = _pan(by_cost["all"], address, {}, options.seconds, counted)
            print(run.line("tipg"), flush=True)
    print(f"\nMemory of the app, MB, an eighth of the time apart: {' '.join(memory)}\n")


def _tiles(session: Session, rng: np.random.Generator, a_zoom: int = 60) -> list[Tile]:
    """Tiles in an order of chance, each one of a customer."""
    sql = "SELECT qk FROM account_scope s TABLESAMPLE SYSTEM (2) WHERE qk >= 0 AND {scope:s}"
    keys = np.array(scoped_sql(session, sql).scalars().all())
    found = []
    for z in ZOOMS:
        x, y = deinterleave(rng.choice(keys, a_zoom) >> 2 * (24 - z))
        found += [Tile(z, int(a), int(b)) for a, b in zip(x, y, strict=True)]
    return [found[i] for i in rng.permutation(len(found))]


# ------------------------------------------------------------------------------- servers


def _app_env(port: int, url: str) -> dict[str, str]:
    return {"GEOCRM_PORT": str(port), "GEOCRM_DATABASE_URL": url}


def _tipg_env(url: str) -> dict[str, str]:
    plain = make_url(url).set(drivername="postgresql")
    return {
        "DATABASE_URL": f"{plain.render_as_string(hide_password=False)}?application_name=tipg",
        "TIPG_DB_SCHEMAS": '["public"]',
        "TIPG_DB_TABLES": '["public.account_scope"]',
        # As many as there are: ours leaves nobody out either.
        "TIPG_MAX_FEATURES_PER_TILE": "10000000",
    }


def _cql(actor: Actor) -> str:
    since = clock.today("Asia/Jakarta").toordinal() - FILTER["and"][1]["value"]  # type: ignore[operator, index]
    day = clock.today("Asia/Jakarta").fromordinal(since)
    owners = ",".join(map(str, sorted(actor.owner_ids)))
    ground = ",".join(map(str, sorted(actor.territory_ids)))
    mine = f"owner_id IN ({owners})" + (f" OR territory_id IN ({ground})" if ground else "")
    condition = f"segment IN ('A','B') AND last_order >= DATE('{day}') AND ({mine})"
    return f"filter-lang=cql2-text&filter={quote(condition)}"


@contextmanager
def _served(command: list[str], port: int, extra: dict[str, str]) -> Iterator[int]:
    """A server for the length of the block; its process id."""
    process = subprocess.Popen(command, env=os.environ | extra, start_new_session=True)
    try:
        _wait_for(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"Nothing answers on port {port}")


def _cpu(engine: object, server: int, name: str) -> Callable[[], float]:
    """CPU milliseconds so far of a server, its children and its connections."""

    def now() -> float:
        with engine.connect() as connection:  # type: ignore[attr-defined]
            backends = connection.execute(
                text(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = :name"
                    " AND datname = current_database()"
                ),
                {"name": name},
            ).scalars()
            pids = [server, *_children(server), *backends]
        return sum(_ticks(pid) for pid in pids) * _TICK_MS

    return now


def _children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True)
    direct = [int(pid) for pid in listed.stdout.split()]
    return direct + [below for pid in direct for below in _children(pid)]


@contextmanager
def _watched(server: int, every_s: float) -> Iterator[list[str]]:
    """What the server holds in memory, in MB, looked at again and again during the block."""
    seen: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(every_s):
            seen.append(f"{_held_mb(server):.0f}")

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _held_mb(server: int) -> float:
    """Memory that only these processes hold: what they share would count once for each."""
    total = 0
    for pid in [server, *_children(server)]:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(int(kb) for kb in re.findall(r"^Private_\w+: +(\d+)", rollup, re.MULTILINE))
    return total / 1024


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _pan(
    tiles: list[Tile],
    address: str,
    headers: dict[str, str],
    seconds: float,
    cpu_ms: Callable[[], float],
) -> Run:
    """Sixteen clients, each asking for one tile after the other."""
    run = Run()
    until = [0.0]

    def client(start: int, measured: bool) -> None:
        # One connection for all, as browsers do.
        line = HTTPConnection(urlsplit(address).netloc, timeout=60)
        for i in range(start, 10**9, CLIENTS):
            if time.perf_counter() > until[0]:
                line.close()
                return
            tile = tiles[i % len(tiles)]
            began = time.perf_counter()
            try:
                place = address.format(z=tile.z, x=tile.x, y=tile.y)
                line.request("GET", place.partition(urlsplit(address).netloc)[2], headers=headers)
                answer = line.getresponse()
                size = len(answer.read())
                run.errors += measured and answer.status != 200
            except (HTTPException, OSError):
                line.close()
                run.errors += measured
                continue
            if measured:
                run.times_ms.append(1000 * (time.perf_counter() - began))
                run.sizes.append(size)

    def all_clients(for_s: float, measured: bool) -> None:
        until[0] = time.perf_counter() + for_s
        threads = [threading.Thread(target=client, args=(i, measured)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # The workers of a server come one by one, and each reads its code first.
    all_clients(max(seconds / 4, _WARM_S), measured=False)
    before = cpu_ms()
    all_clients(seconds, measured=True)
    run.cpu_ms = cpu_ms() - before
    return run


# ------------------------------------------------------------------------------- the bound


def _by_cost(session: Session, tiles: list[Tile]) -> dict[str, list[Tile]]:
    """The tiles, those whose SQL takes more than 2 ms, and the rest."""
    chosen = compile_filter(FILTER, today=clock.today("Asia/Jakarta"))
    dear: dict[bool, list[Tile]] = {True: [], False: []}
    for tile in tiles:
        dear[min(_taken_ms(session, tile, chosen) for _ in range(3)) > _DEAR_MS].append(tile)
    named = {"all": tiles, "SQL over 2 ms": dear[True], "the rest": dear[False]}
    return {name: some for name, some in named.items() if some}


def _taken_ms(session: Session, tile: Tile, chosen: Filter) -> float:
    began = time.perf_counter()
    account_tile(session, tile, chosen)
    return 1000 * (time.perf_counter() - began)


def _bound(
    session: Session,
    tiles: list[Tile],
    url: str,
    seconds: float,
    name: str,
    cpu_ms: Callable[[], float],
) -> None:
    """The SQL of the same tiles through pgbench, planned once a connection."""
    chosen = compile_filter(FILTER, today=clock.today("Asia/Jakarta"))
    with tempfile.TemporaryDirectory() as folder:
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"]
        # Until each connection has planned each statement, planning is what is measured.
        warm = max(seconds / 2, 10)
        command += ["-T", str(int(warm + seconds + 5)), "-P", "1"]
        for number, tile in enumerate(tiles[:60]):
            file = Path(folder) / f"{number}.sql"
            file.write_text(_as_text(session, *statement(tile, chosen)) + ";\n")
            command += ["-f", str(file)]
        plain = make_url(url).set(drivername="postgresql")
        command.append(plain.render_as_string(hide_password=False))
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as bench:
            time.sleep(warm)
            before = cpu_ms()
            time.sleep(seconds)
            spent = cpu_ms() - before
            told = bench.communicate()[1].decode()
    rates = [float(tps) for tps in re.findall(r"([\d.]+) tps", told)]
    count = sum(rates[int(warm) : int(warm + seconds)])
    print(f"| {name} | {count:,.0f} | {spent / max(count, 1):.2f} |", flush=True)


def _as_text(session: Session, sql: str, values: dict[str, object]) -> str:
    """The statement with its values written in, on one line, as pgbench reads it."""
    taken: list[str] = []
    connection = session.connection().connection
    cursor = connection.cursor()
    original = cursor.mogrify
    scope = session.info["scope"]
    own = "s.owner_id = ANY(CAST(:o AS int[]))"
    ground = "s.territory_id = ANY(CAST(:t AS int[]))"
    for mark, condition in {
        "{scope:s}": f"({own} OR {ground})",
        "{scope_owner:s}": own,
        "{scope_territory:s}": f"({ground} AND NOT {own})",
    }.items():
        sql = sql.replace(mark, condition)
    bound = values | {"o": sorted(scope.owner_ids), "t": sorted(scope.territory_ids)}
    form = re.sub(r"(?<![:\w]):(\w+)", r"%(\1)s", sql.replace("%", "%%"))
    taken.append(original(form, bound).decode())
    return " ".join(taken[0].split())


# ---------------------------------------------------------------------- beside the map


def _queries(session: Session) -> None:
    """Counts, lists and figures as the same person; the fastest of five."""
    today = clock.today("Asia/Jakarta")
    chosen = compile_filter(FILTER, today=today)
    lasso = compile_filter({"field": "location", "op": "within", "value": _lasso()}, today=today)
    page = queries.accounts(session, chosen, sort="updated", descending=True, limit=200)
    cursor = page.next
    for _ in range(20):
        page = queries.accounts(
            session, chosen, sort="updated", descending=True, limit=200, after=cursor
        )
        cursor = page.next or cursor
    measured: dict[str, Callable[[], object]] = {
        "count, capped": lambda: queries.count(session, chosen),
        "count, exact": lambda: queries.count(session, chosen, exact=True),
        "lasso, exact": lambda: queries.count(session, lasso, exact=True),
        "newest 50": lambda: queries.accounts(session, chosen, sort="updated", descending=True),
        "50 far down": lambda: queries.accounts(
            session, chosen, sort="updated", descending=True, after=cursor
        ),
        "summary": lambda: queries.summary(session, chosen),
        "extent": lambda: queries.extent(session),
    }
    print("\n| question of the rep | CPU ms |\n|---|---|")
    for name, ask in measured.items():
        print(f"| {name} | {min(_cpu_of(session, ask) for _ in range(5)):.1f} |", flush=True)


def _cpu_of(session: Session, ask: Callable[[], object]) -> float:
    """CPU milliseconds of the one database process; other processes' would be hidden."""
    session.execute(text("SET max_parallel_workers_per_gather = 0"))
    stat = Path(f"/proc/{session.scalar(text('SELECT pg_backend_pid()'))}/schedstat")
    before = int(stat.read_text().split()[0])
    ask()
    return (int(stat.read_text().split()[0]) - before) / 1e6


LISTED = {
    "no filter": None,
    "segment": FILTER["and"][0],
    "segment and 90 days": FILTER,
    "one segment and 30 days": {
        "and": [
            {"field": "segment", "op": "in", "value": ["A"]},
            {"field": "last_order", "op": "within_days", "value": 30},
        ]
    },
    "not visited for 180 days": {"field": "last_visit", "op": "not_within_days", "value": 180},
    "a tag": {"field": "tag", "op": "in", "value": ["vip"]},
    "a part of the name": {"field": "name", "op": "contains", "value": "sari"},
}


def _pages(session: Session, who: str) -> None:
    """Pages of 50, downwards and upwards, first and after 200 rows; the fastest of three."""
    today = clock.today("Asia/Jakarta")
    print(f"\n| pages of 50, {who}, CPU ms | {' | '.join(queries.SORTS)} |")
    print("|---|" + "---|" * len(queries.SORTS))
    for name, tree in LISTED.items():
        chosen = compile_filter(tree and json.dumps(tree), today=today)
        cells = []
        for sort in queries.SORTS:
            times = []
            for descending in (True, False):
                listed = partial(
                    queries.accounts, session, chosen, sort=sort, descending=descending
                )
                for after in (None, listed(limit=200).next):
                    ask = partial(listed, after=after)
                    times.append(min(_cpu_of(session, ask) for _ in range(3)))
            cells.append(" ".join(f"{ms:.0f}" for ms in times))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _groups(session: Session, who: str) -> None:
    """The legend's, the board's and the chart's figures; the fastest of three."""
    today = clock.today("Asia/Jakarta")
    names = ("segment", "owner", "grade", "recency", "visited", "month")
    print(f"\n| groups, {who}, CPU ms | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for name in ("no filter", "segment", "segment and 90 days"):
        tree = LISTED[name]
        chosen = compile_filter(tree and json.dumps(tree), today=today)
        asks = [partial(groups, session, chosen, by, today=today) for by in names]
        times = [min(_cpu_of(session, ask) for _ in range(3)) for ask in asks]
        print(f"| {name} | {' | '.join(f'{ms:.1f}' for ms in times)} |", flush=True)


def _wide(session: Session, who: str) -> None:
    """Tiles of zoom 0 to 6, each the faster of two, by how they are filtered and coloured."""
    today = clock.today("Asia/Jakarta")
    visit = {"field": "last_visit", "op": "not_within_days", "value": 90}
    segment = FILTER["and"][0]
    asked = {
        "no filter": (None, "segment"),
        "segment and date": (FILTER, "segment"),
        "by owner": (None, "owner"),
        "by last visit": (None, "visited"),
        "by last order": (None, "recency"),
        "by grade": (None, "grade"),
        "segment, by last visit": (segment, "visited"),
        "not visited for 90 days": (visit, "segment"),
        "not visited for 90 days, by last visit": (visit, "visited"),
        "last 90 days, by last visit (read from the customers)": (FILTER["and"][1], "visited"),
        "revenue above 1,000,000 (read from the customers)": (
            {"field": "revenue", "op": "gte", "value": 1e6},
            "segment",
        ),
    }
    tiles = [tile for tile in _tiles(session, np.random.default_rng(2), 8) if tile.z <= 6]
    tiles.append(Tile(0, 0, 0))
    print(f"\n| zoom 0-6, {who}, CPU ms | p50 | p95 |\n|---|---|---|")
    for name, (tree, colour) in asked.items():
        chosen = compile_filter(tree and json.dumps(tree), today=today)
        asks = [
            partial(account_tile, session, tile, chosen, colouring(colour), today=today)
            for tile in tiles
        ]
        times = [min(_cpu_of(session, ask) for _ in range(2)) for ask in asks]
        p50, p95 = np.percentile(times, [50, 95])
        print(f"| {name} | {p50:.1f} | {p95:.1f} |", flush=True)


def _lasso() -> dict[str, object]:
    """200 corners around the west of Java, where a third of the demo lives."""
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    far = 1.3 * (1 + 0.1 * np.sin(9 * turn))
    line = np.column_stack([107.3 + far * np.cos(turn), -6.7 + far * np.sin(turn)]).tolist()
    return {"type": "Polygon", "coordinates": [[*line, line[0]]]}


if __name__ == "__main__":
    main()
