"""How fast customers are found in a database that is there, against the way before.

The way before compared every name with ILIKE '%words%' and trigram similarity. What is typed comes
from the data: beginnings and words of names, one letter wrong, numbers, e-mail addresses. Times are
those of the whole search of a kind, as a person waits for it, on one connection, warm.

    GEOCRM_DATABASE_URL=... .venv/bin/python -m benchmarks.search --rounds 60
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import wiring
from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions, scoped_sql, unit_of_work
from geocrm.db.postgis import LonLat
from geocrm.maps import search
from geocrm.maps.filters import compile_filter
from geocrm.maps.nearby import nearby
from geocrm.security import OPERATOR, Actor
from geocrm.security.queries import user_by_email
from tests.maps.conftest import TODAY

_LIMIT = 6
_BEFORE = """
    WITH near AS (
        SELECT n.id, {account} AS account_id, n.name,
               (lower(n.name) LIKE lower(:begins))::int * 2 + similarity(n.name, :typed) AS rank
        FROM {table} n WHERE n.name ILIKE :holds {similar}
    )
    SELECT s.account_id, near.name FROM near JOIN account_scope s ON s.account_id = near.account_id
    WHERE {{scope:s}} ORDER BY near.rank DESC, s.revenue DESC, s.account_id LIMIT 6
"""


def before_by_name(session: Session, typed: str, _limit: int) -> None:
    sql = _BEFORE.format(account="n.id", table="accounts", similar="OR n.name % :typed")
    _run_before(session, sql, typed)


def before_by_contact(session: Session, typed: str, _limit: int) -> None:
    _run_before(
        session, _BEFORE.format(account="n.account_id", table="contacts", similar=""), typed
    )


def _run_before(session: Session, sql: str, typed: str) -> None:
    values = {"typed": typed, "begins": f"{typed}%", "holds": f"%{typed}%"}
    scoped_sql(session, sql, values).all()


def main() -> None:
    """Measure each kind as each person and print a table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=60)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--as", dest="emails", nargs="*", default=[])
    asked.add_argument("--before", action="store_true", help="measure the way before, too")
    options = asked.parse_args()
    url = os.environ.get("GEOCRM_DATABASE_URL") or cluster.ensure_running(
        Settings.from_env(), print
    )
    sessions = make_sessions(make_engine(url))
    with unit_of_work(sessions, OPERATOR) as session:
        typed = _typed(session, options.rounds, np.random.default_rng(options.seed))
        actors = [OPERATOR, *(_actor(session, email) for email in options.emails)]
    print("| who | what | n | p50 ms | p95 ms | max ms | server CPU ms |")
    for actor in actors:
        with unit_of_work(sessions, actor) as session:
            _measure(session, actor, typed, options.before)


def _actor(session: Session, email: str) -> Actor:
    return wiring.actor_for(session, user_by_email(session, email))


def _typed(session: Session, rounds: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """What people type, out of what is there."""

    def sample(column: str, table: str) -> list[str]:
        rows = session.connection().execute(
            text(f"SELECT {column} FROM {table} TABLESAMPLE system(0.2) REPEATABLE (1)")
        )
        values = [row[0] for row in rows]
        return [str(values[i]) for i in rng.permutation(len(values))[:rounds]]

    names, contacts = sample("name", "accounts"), sample("name", "contacts")
    return {
        "first word": [name.split()[0] for name in names],
        "beginning": [name[: int(rng.integers(3, 9))] for name in names],
        "a word": [name.split()[-1] for name in names],
        "two words": [" ".join(name.split()[-2:]) for name in names],
        "one letter wrong": [_slip(name.split()[-1], rng) for name in names],
        "contact": [name.split()[0] for name in contacts],
        "contact, one letter wrong": [_slip(name, rng) for name in contacts],
        "telephone": [f"0{number[3:]}" for number in sample("e164", "phones")],
        "telephone, half": [f"0{number[3:9]}" for number in sample("e164", "phones")],
        "e-mail": [address[:-4] for address in sample("address::text", "emails")],
    }


def _places(session: Session, rounds: int) -> list[tuple[float, float]]:
    sql = (
        "SELECT ST_X(s.geom), ST_Y(s.geom) FROM account_scope s TABLESAMPLE system(0.2)"
        " REPEATABLE (2) WHERE {scope:s} AND s.geom IS NOT NULL LIMIT :n"
    )
    return [(row[0], row[1]) for row in scoped_sql(session, sql, {"n": rounds})]


def _slip(word: str, rng: np.random.Generator) -> str:
    if len(word) < 4:
        return word
    at = int(rng.integers(1, len(word) - 1))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _nearby(session: Session, place: str, limit: int, *, rare: bool = False) -> None:
    tree = {"field": "revenue", "op": "gte", "value": 1e14} if rare else None
    lon, lat = map(float, place.split(","))
    nearby(session, compile_filter(tree, today=TODAY), LonLat(lon, lat), limit=50)


def _rare(session: Session, place: str, limit: int) -> None:
    _nearby(session, place, limit, rare=True)


def _measure(session: Session, actor: Actor, typed: dict[str, list[str]], before: bool) -> None:
    def name(session: Session, typed: str, limit: int) -> None:
        search.by_name(session, search.understand(session, typed), limit)

    def contact(session: Session, typed: str, limit: int) -> None:
        search.by_contact(session, search.understand(session, typed), limit)

    ways: list[tuple[str, Callable[[Session, str, int], object]]] = [
        ("first word", name),
        ("beginning", name),
        ("a word", name),
        ("two words", name),
        ("one letter wrong", name),
        ("contact", contact),
        ("contact, one letter wrong", contact),
        ("telephone", search.by_phone),
        ("telephone, half", search.by_phone),
        ("e-mail", search.by_email),
        ("nearby", _nearby),
    ]
    places = [f"{lon},{lat}" for lon, lat in _places(session, len(typed["a word"]))]
    typed = typed | {"nearby": places}
    for kind, way in ways:
        _print(actor, kind, _times(session, way, typed[kind]))
    _print(actor, "nearby, filter nobody passes", _times(session, _rare, typed["nearby"][:5]))
    if before:
        for kind in ("first word", "a word", "one letter wrong"):
            _print(actor, f"{kind}, before", _times(session, before_by_name, typed[kind][:12]))
        _print(actor, "contact, before", _times(session, before_by_contact, typed["contact"][:12]))


class _Spent(NamedTuple):
    times: list[float]
    cpu_ms: float  # of the server, a search


def _times(
    session: Session, way: Callable[[Session, str, int], object], typed: list[str]
) -> _Spent:
    stat = Path(f"/proc/{session.scalar(text('SELECT pg_backend_pid()'))}/stat")
    times, before = [], _cpu_ms(stat)
    for words in typed:
        begun = time.perf_counter()
        way(session, words, _LIMIT)
        times.append((time.perf_counter() - begun) * 1000)
    return _Spent(times, (_cpu_ms(stat) - before) / len(times))


def _cpu_ms(stat: Path) -> float:
    """What the server's process has worked; on a busy machine this says more than the clock."""
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _print(actor: Actor, kind: str, spent: _Spent) -> None:
    p50, p95 = np.percentile(spent.times, [50, 95])
    print(
        f"| {actor.email} | {kind} | {len(spent.times)} | {p50:.1f} | {p95:.1f}"
        f" | {max(spent.times):.1f} | {spent.cpu_ms:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
