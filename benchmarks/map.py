"""How fast map tiles are made, against the naive way on the same data in the same run.

The naive way is what most tile servers do: all points of the tile by the GiST index, each with its
attributes, through ST_AsMVTGeom. Tiles are drawn where customers are: each tile holds a customer
drawn by chance. Times are wall time of one connection, the tile's bytes received.

    .venv/bin/python -m benchmarks.map --accounts 50000
"""

import argparse
import os
import time
from collections.abc import Callable
from datetime import date

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import make_engine, make_sessions, scoped_sql, unit_of_work
from geocrm.maps.filters import compile_filter
from geocrm.maps.tiles import Tile, account_tile
from geocrm.security import OPERATOR
from geocrm.security import service as people
from geocrm.spatial.morton import deinterleave
from tests.database import fresh_database, migrated_template

TODAY = date(2026, 1, 1)
ZOOMS = (0, 4, 6, 8, 10, 12, 14)
NAIVE = """
    SELECT ST_AsMVT(t, 'accounts', 4096, 'geom') FROM (
        SELECT s.account_id AS id, a.name, s.segment, s.territory_id, s.revenue,
               ST_AsMVTGeom(ST_Transform(s.geom, 3857), ST_TileEnvelope(:z, :x, :y)) AS geom
        FROM account_scope s JOIN accounts a ON a.id = s.account_id
        WHERE {scope:s} AND s.geom && ST_Transform(ST_TileEnvelope(:z, :x, :y), 4326)) t
"""


def main() -> None:
    """Generate, measure, print a table for docs/benchmarks.md."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--accounts", type=int, default=50_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--tiles", type=int, default=60, help="a zoom")
    options = asked.parse_args()
    with fresh_database(f"geocrm_bench_{os.getpid()}", template=migrated_template()) as url:
        engine = make_engine(url)
        with unit_of_work(make_sessions(engine), OPERATOR) as session:
            generate(session, options.accounts, options.seed)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        with unit_of_work(make_sessions(engine), OPERATOR) as session:
            measure(session, options.tiles, np.random.default_rng(options.seed))
        engine.dispose()


def generate(session: Session, count: int, seed: int) -> None:
    """Customers around forty towns, a quarter of them on a village point they share."""
    owner = people.add_user(session, OPERATOR, email="bench@example.test", role="field_rep")
    session.execute(text("SELECT setseed(:seed)"), {"seed": (seed % 1000) / 1000})
    session.execute(
        text(
            "INSERT INTO accounts (name) SELECT 'Customer ' || n FROM generate_series(1, :n) AS n"
        ),
        {"n": count},
        execution_options={"geocrm_scope_checked": True},
    )
    session.execute(
        text(
            """
            WITH town AS MATERIALIZED (
                SELECT i, 96 + 44 * random() AS lon, -9 + 13 * random() AS lat
                FROM generate_series(0, 39) AS i)
            INSERT INTO account_scope
                (account_id, owner_id, territory_id, geom, grade, segment, revenue)
            SELECT a.id, :owner, a.id % 30 + 1,
                   ST_SetSRID(ST_MakePoint(
                       t.lon + spread * (random() + random() - 1),
                       t.lat + spread * (random() + random() - 1)), 4326),
                   'village', substr('ABCD', 1 + (random() * 3)::int, 1), 1e6 * random()
            FROM (SELECT id, CASE WHEN id % 4 = 0 THEN 0.0 ELSE 0.6 END AS spread,
                         id % 40 AS i FROM accounts) a JOIN town t USING (i)
            """
        ),
        {"owner": owner.id},
        execution_options={"geocrm_scope_checked": True},
    )


def measure(session: Session, per_zoom: int, rng: np.random.Generator) -> None:
    """Print the latency of each zoom, ours beside the naive way."""
    everybody = compile_filter(None, today=TODAY)
    filtered = compile_filter({"field": "segment", "op": "in", "value": ["A"]}, today=TODAY)
    keys = np.array(
        scoped_sql(session, "SELECT qk FROM account_scope s WHERE {scope:s} AND qk > 0")
        .scalars()
        .all()
    )
    print(f"{len(keys):,} customers with a point; ms a tile, p50 / p95\n")
    print("| zoom | ours | with a filter | naive | KB ours | KB naive | tiles/s ours | naive |")
    print("|---|---|---|---|---|---|---|---|")
    for z in ZOOMS:
        tiles = _tiles(keys, z, per_zoom, rng)
        ours = _timed(tiles, lambda tile: account_tile(session, tile, everybody))
        sifted = _timed(tiles, lambda tile: account_tile(session, tile, filtered))
        naive = _timed(tiles[:20], lambda tile: _naive(session, tile))
        print(
            f"| {z} | {_ms(ours)} | {_ms(sifted)} | {_ms(naive)} | {_kb(ours)} | {_kb(naive)}"
            f" | {_rate(ours)} | {_rate(naive)} |"
        )


def _tiles(keys: np.ndarray, z: int, count: int, rng: np.random.Generator) -> list[Tile]:
    x, y = deinterleave(rng.choice(keys, count) >> 2 * (24 - z))
    return [Tile(z, int(a), int(b)) for a, b in zip(x, y, strict=True)]


def _naive(session: Session, tile: Tile) -> bytes:
    values = {"z": tile.z, "x": tile.x, "y": tile.y}
    return bytes(scoped_sql(session, NAIVE, values).scalar_one())


def _timed(tiles: list[Tile], make: Callable[[Tile], bytes]) -> list[tuple[float, int]]:
    make(tiles[0])
    taken = []
    for tile in tiles:
        start = time.perf_counter()
        size = len(make(tile))
        taken.append((time.perf_counter() - start, size))
    return taken


def _ms(taken: list[tuple[float, int]]) -> str:
    times = [1000 * seconds for seconds, _ in taken]
    return f"{np.percentile(times, 50):.1f} / {np.percentile(times, 95):.1f}"


def _kb(taken: list[tuple[float, int]]) -> str:
    return f"{np.mean([size for _, size in taken]) / 1024:.1f}"


def _rate(taken: list[tuple[float, int]]) -> str:
    return f"{len(taken) / sum(seconds for seconds, _ in taken):.0f}"


if __name__ == "__main__":
    main()
