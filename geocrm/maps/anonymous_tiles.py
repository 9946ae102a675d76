"""Tiles for people who count customers everywhere but see nobody, such as marketers.

What they get is made so that it tells nothing about few people:

* cells are fixed squares of the tile pyramid, never finer than `FINEST_CELL_ZOOM`, and a cell is
  drawn at its middle, so neither its place nor a deeper zoom tells where somebody is;
* counts follow `geocrm.security.disclosure`: whole tens, and a cell with fewer than ten is not
  drawn at all, so it looks like an empty one; taking four quarters from their whole tells nothing;
* no ids, names, revenue or territories.
"""

import json
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers.models import SEGMENTS
from geocrm.db import elevated, scoped_sql
from geocrm.maps import pyramid
from geocrm.maps.beforehand import answer
from geocrm.maps.filters import Filter
from geocrm.maps.tile_sql import EXTENT, LAYER_NAME
from geocrm.maps.tiles import Tile
from geocrm.security.disclosure import shown_count
from geocrm.spatial.morton import ZOOM, deinterleave

FINEST_CELL_ZOOM: Final = 12  # about 10 km a side at the equator
_CELL_BITS: Final = 3


def anonymous_tile(session: Session, tile: Tile, chosen: Filter) -> bytes:
    """Counts of all customers the filter chooses, by cell; two statements, or none.

    The caller answers for the right to count everybody.
    """
    around = _cells_of(tile)
    if around is None:
        return b""
    low, high = around.keys
    cell_zoom = min(tile.z + _CELL_BITS, FINEST_CELL_ZOOM)
    found = answer(chosen) if tile.z <= pyramid.MAX_ZOOM else None
    if found is not None:
        parts, values = pyramid.counted(tile.z, tile.x, tile.y, chosen, found)
        sql = f"WITH {parts} {_FROM_PARTS}"
    else:
        values = {**chosen.params, "low": low, "high": high, "shift": 2 * (ZOOM - cell_zoom)}
        sql = _COUNTS.replace("{filter}", chosen.sql)
    with elevated(session):
        rows = scoped_sql(session, sql, values).mappings().all()
    drawn = [_drawn(tile, cell_zoom, dict(row)) for row in rows if shown_count(row["n"])]
    encoded = {"rows": json.dumps(drawn), "layer": LAYER_NAME}
    return bytes(session.execute(text(_ENCODE), encoded).scalar_one())


def _cells_of(tile: Tile) -> Tile | None:
    """The tile whose cells are drawn here.

    Beyond the finest cells that is the one cell around the tile, in the tile that has its middle.
    """
    deeper = tile.z - FINEST_CELL_ZOOM
    if deeper <= 0:
        return tile
    middle = 1 << (deeper - 1)
    last = (1 << deeper) - 1
    if tile.x & last != middle or tile.y & last != middle:
        return None
    return Tile(FINEST_CELL_ZOOM, tile.x >> deeper, tile.y >> deeper)


def _drawn(tile: Tile, cell_zoom: int, row: dict[str, Any]) -> dict[str, Any]:
    columns, rows = deinterleave([row["cell"]])
    scale = 2.0 ** (tile.z - cell_zoom)
    feature: dict[str, Any] = {
        "x": round(((int(columns[0]) + 0.5) * scale - tile.x) * EXTENT),
        "y": round(((int(rows[0]) + 0.5) * scale - tile.y) * EXTENT),
        "point_count": shown_count(row["n"]),
    }
    for name in SEGMENTS:
        feature[f"seg_{name}"] = shown_count(row[f"seg_{name}"])
    return feature


_BY_SEGMENT: Final = ", ".join(
    f"count(*) FILTER (WHERE s.segment = '{name}') AS \"seg_{name}\"" for name in SEGMENTS
)
_COUNTS: Final = f"""
    SELECT s.qk >> :shift AS cell, count(*) AS n, {_BY_SEGMENT}
    FROM account_scope s
    WHERE s.qk >= :low AND s.qk < :high AND {{scope:s}} AND {{filter}}
    GROUP BY 1
"""
_SUMMED: Final = ", ".join(
    f"coalesce(sum(n) FILTER (WHERE segment = '{name}'), 0)::int AS \"seg_{name}\""
    for name in SEGMENTS
)
_FROM_PARTS: Final = f"SELECT cell, sum(n)::int AS n, {_SUMMED} FROM parts GROUP BY 1"
_ENCODE: Final = f"""
    SELECT ST_AsMVT(drawn, :layer, {EXTENT}, 'geom') FROM (
        SELECT point_count, {", ".join(f'"seg_{name}"' for name in SEGMENTS)},
               ST_MakePoint(x, y) AS geom
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            x int, y int, point_count int, {", ".join(f'"seg_{name}" int' for name in SEGMENTS)})
    ) drawn
"""
