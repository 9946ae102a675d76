"""What regions and hexagons cost the database, with the totals kept for them and without.

Each question is asked as everybody and as a rep, without a filter, with those that the totals know
and with one that they do not; then again with every customer read, as if nothing were counted
beforehand. Both answers are compared. Figures are milliseconds of CPU of the one database process,
p50 and p95 over views and tiles drawn where customers are. The database is the one of the settings,
filled by `geocrm demo load`.

    .venv/bin/python -m benchmarks.layers --rounds 12
"""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions, scoped_sql, unit_of_work
from geocrm.maps import beforehand, hexagons
from geocrm.maps.filters import Filter, compile_filter
from geocrm.maps.queries import Box
from geocrm.maps.regions import regions
from geocrm.maps.tiles import Tile
from geocrm.security import OPERATOR
from geocrm.security.models import User
from geocrm.spatial.morton import ZOOM, deinterleave
from geocrm.wiring import actor_for

FILTERS: dict[str, Any] = {
    "none": None,
    "segment A or B": {"field": "segment", "op": "in", "value": ["A", "B"]},
    "last 90 days": {"field": "last_order", "op": "within_days", "value": 90},
    "revenue": {"field": "revenue", "op": "gte", "value": 5_000_000},
}
LEVELS = ("idn-adm2", "idn-adm1", "territories", "segments")
ZOOMS = (0, 3, 6, 7, 8, 9, 12)
_HOW_MANY = "SELECT count(*) FROM account_scope s WHERE {scope:s}"
_SAMPLE = (
    "SELECT qk FROM account_scope s TABLESAMPLE SYSTEM (2) REPEATABLE (1)"
    " WHERE qk >= 0 AND {scope:s}"
)
SCREEN = (1440, 900)  # px; tiles of 512
Question = Callable[[Session, Filter, int], Any]


def main() -> None:
    """Measure and print a table for docs/benchmarks.md."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=12, help="views a question")
    asked.add_argument("--only", default="", help="part of a question's name, such as classes")
    options = asked.parse_args()
    rounds = options.rounds
    settings = Settings.from_env(os.environ)
    engine = make_engine(settings.database_url or cluster.ensure_running(settings))
    sessions = make_sessions(engine)
    with unit_of_work(sessions, OPERATOR) as session:
        rep = session.query(User).filter(User.role == "field_rep").order_by(User.id).first()
        actors = {"everybody": OPERATOR, "a rep": actor_for(session, rep)}
        places = _places(session, rounds)
        total = scoped_sql(session, _HOW_MANY).scalar()
    print(f"{clock.now():%Y-%m-%d}, {total:,} customers, load {os.getloadavg()[0]:.1f}\n")
    print("| question | who | filter | CPU ms p50 / p95 | without totals | |")
    print("|---|---|---|---|---|---|")
    asked_for = {name: ask for name, ask in _questions(places).items() if options.only in name}
    for name, question in asked_for.items():
        for who, actor in actors.items():
            for filtered, tree in FILTERS.items():
                chosen = compile_filter(tree, today=clock.today("Asia/Jakarta"))
                with unit_of_work(sessions, actor) as session:
                    line = _compared(session, question, chosen, rounds)
                print(f"| {name} | {who} | {filtered} | {line} |", flush=True)
    engine.dispose()


def _places(session: Session, count: int) -> list[tuple[int, int]]:
    """Columns and rows of the finest lattice, each of a customer."""
    keys = np.array(scoped_sql(session, _SAMPLE).scalars().all())
    x, y = deinterleave(np.random.default_rng(1).choice(keys, count))
    return [(int(a), int(b)) for a, b in zip(x, y, strict=True)]


def _questions(places: list[tuple[int, int]]) -> dict[str, Question]:
    def region(layer: str) -> Question:
        return lambda session, chosen, _: _by_code(regions(session, layer, chosen))

    def tile(z: int) -> Question:
        def ask(session: Session, chosen: Filter, i: int) -> Any:
            x, y = places[i]
            found = hexagons.hexagon_tile(session, Tile(z, x >> ZOOM - z, y >> ZOOM - z), chosen)
            return bytes(sorted(found))  # features come in any order

        return ask

    def view(z: int) -> Question:
        def ask(session: Session, chosen: Filter, i: int) -> Any:
            found = hexagons.hexagons_around(session, z, _view(z, *places[i]), chosen)
            return sorted((h.id, h.count, round(h.revenue), str(h.segments)) for h in found)

        return ask

    return (
        {f"regions, {layer}": region(layer) for layer in LEVELS}
        | {f"classes, zoom {z}": view(z) for z in ZOOMS}
        | {f"hexagon tile, zoom {z}": tile(z) for z in ZOOMS}
    )


def _by_code(found: list[Any]) -> Any:
    return sorted((str(r.code), r.count, round(r.revenue), str(r.segments)) for r in found)


def _view(z: int, x: int, y: int) -> Box:
    """The box of a screen around a place of the finest lattice."""
    size = 1 << ZOOM
    half = [side / 512 / 2**z / 2 for side in SCREEN]
    west, east = (max(0.0, min(1.0, x / size + half[0] * s)) * 360 - 180 for s in (-1, 1))
    north, south = (
        np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * max(0.0, min(1.0, y / size + half[1] * s))))))
        for s in (-1, 1)
    )
    return Box(west, float(south), east, float(north))


def _compared(session: Session, question: Question, chosen: Filter, rounds: int) -> str:
    # A parallel plan would hide its CPU in other processes.
    session.execute(text("SET max_parallel_workers_per_gather = 0"))
    with_totals, answers = _measure(session, question, chosen, rounds)
    with _nothing_counted_beforehand():
        without, same = _measure(session, question, chosen, rounds)
    agree = "same" if answers == same else "DIFFERENT"
    return f"{_percentiles(with_totals)} | {_percentiles(without)} | {agree}"


@contextmanager
def _nothing_counted_beforehand() -> Iterator[None]:
    with patch.object(beforehand, "split", lambda *_: None):
        yield


def _measure(
    session: Session, question: Question, chosen: Filter, rounds: int
) -> tuple[list[float], list[Any]]:
    stat = Path(f"/proc/{session.scalar(text('SELECT pg_backend_pid()'))}/schedstat")
    question(session, chosen, 0)
    times, answers = [], []
    for i in range(rounds):
        before = int(stat.read_text().split()[0])
        answers.append(question(session, chosen, i))
        times.append((int(stat.read_text().split()[0]) - before) / 1e6)
    return times, answers


def _percentiles(times: list[float]) -> str:
    p50, p95 = np.percentile(times, [50, 95])
    return f"{p50:,.1f} / {p95:,.1f}"


if __name__ == "__main__":
    main()
