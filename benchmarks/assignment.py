"""How long it takes to find the boundary unit of every customer, against shapely in the same run.

PostGIS answers with the polygons outside (`geocrm.customers.reassigning`); shapely 2 with a tree of
the points and each polygon prepared, as `geopandas.sjoin` does, from what is already in memory.
Both give the first code to a point on a border. Counts and checksums must agree. Nothing is
written. The database is the one of the settings, filled by `geocrm demo load`.

    .venv/bin/python -m benchmarks.assignment
"""

import hashlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.config import Settings
from geocrm.customers import reassigning
from geocrm.customers.placing_many import COARSE
from geocrm.customers.scope import FINEST
from geocrm.db import cluster, make_engine, make_sessions, scoped_sql, unit_of_work
from geocrm.security import OPERATOR

_POINTS = f"""
    SELECT s.account_id, ST_X(s.geom), ST_Y(s.geom) FROM account_scope s
    WHERE s.geom IS NOT NULL AND s.grade NOT IN {COARSE} AND {{scope:s}}
"""
_UNITS = f"SELECT b.code, ST_AsBinary(b.geom) FROM boundaries b WHERE {FINEST} ORDER BY b.code"


def main() -> None:
    """Measure and print a table for docs/benchmarks.md."""
    settings = Settings.from_env(os.environ)
    engine = make_engine(settings.database_url or cluster.ensure_running(settings))
    with unit_of_work(make_sessions(engine), OPERATOR) as session:
        session.execute(text("SET max_parallel_workers_per_gather = 0"))
        points = np.array(scoped_sql(session, _POINTS).all())
        units = session.execute(text(_UNITS)).all()
        print(f"{clock.now():%Y-%m-%d}, {len(points):,} points, {len(units):,} units,", end=" ")
        print(f"load {os.getloadavg()[0]:.1f}\n\n| who | wall s | CPU s | found | checksum |")
        print("|---|---|---|---|---|")
        backend = Path(f"/proc/{session.scalar(text('SELECT pg_backend_pid()'))}/schedstat")
        by_tree = partial(_by_shapely, points, units)
        ours = _timed("PostGIS, polygons outside", partial(_by_postgis, session), _cpu_of(backend))
        theirs = _timed("shapely, tree of points", by_tree, time.process_time)
    engine.dispose()
    print(f"\n{'equal' if ours == theirs else 'DIFFERENT'}")


def _by_postgis(session: Session) -> Any:
    return sorted(map(tuple, scoped_sql(session, reassigning.covering_sql()).all()))


def _by_shapely(points: NDArray[np.float64], units: Any) -> Any:
    tree = shapely.STRtree(shapely.points(points[:, 1:]))
    shapes = shapely.from_wkb([bytes(wkb) for _, wkb in units])
    unit, place = tree.query(shapes, predicate="covers")
    first = np.full(len(points), len(units))
    np.minimum.at(first, place, unit)
    found = first < len(units)
    ids = points[found, 0].astype(int).tolist()
    return sorted(zip(ids, (units[i].code for i in first[found]), strict=True))


def _timed(name: str, ask: Callable[[], Any], cpu_s: Callable[[], float]) -> tuple[int, str]:
    began, cpu = time.perf_counter(), cpu_s()
    rows = ask()
    took, used = time.perf_counter() - began, cpu_s() - cpu
    checksum = hashlib.sha256("\n".join(f"{i} {code}" for i, code in rows).encode()).hexdigest()
    print(f"| {name} | {took:.1f} | {used:.1f} | {len(rows):,} | {checksum[:16]} |", flush=True)
    return len(rows), checksum


def _cpu_of(schedstat: Path) -> Callable[[], float]:
    return lambda: int(schedstat.read_text().split()[0]) / 1e9


if __name__ == "__main__":
    main()
