"""Hexagons of customers: how many there are, their revenue and their segments, by even cells.

The hexagons of a zoom lie on one lattice for the whole world, pointed at the top, with `COLUMNS` of
them across a tile: panning moves none, and each zoom has its own, so that they keep their size on
the screen. A customer is put into the hexagon that holds the middle of a small square around it, a
128th of a tile a side, which the Morton key gives without reading the geometry; so it is in exactly
one hexagon of a zoom, whichever tile is drawn. Up to zoom 8 these squares are counted beforehand
(`geocrm.maps.layer_totals`); nearer, or where they do not know what a filter asks for, customers
are read from the index of keys.

A browser cuts what sticks out of a tile, so a hexagon on a border is drawn whole, with all its
customers, in each tile it touches, under one id: the hexagons of a zoom, each id once, add up to
the customers that have a point. A tile therefore reads a rim of cells around itself, each a short
range of the same index. The tile also has the middles of the hexagons as points, each in the one
tile where it lies: heat is drawn from them, and nobody warms the map twice.

Who counts customers without seeing any gets whole tens, no revenue, no hexagon with fewer than ten
(`geocrm.security.disclosure`) and none smaller than the squares of their tiles.
"""

import json
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers.models import SEGMENTS
from geocrm.db import elevated, scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps.filters import Filter
from geocrm.maps.layer_totals import FINEST_SQUARES, SQUARES, squares_answer
from geocrm.maps.queries import Box
from geocrm.maps.service import sees_individuals
from geocrm.maps.tile_sql import EXTENT
from geocrm.maps.tiles import Tile
from geocrm.security import Actor
from geocrm.security.disclosure import shown_count
from geocrm.spatial.morton import ZOOM, lattice, tile_range

LAYER_NAME: Final = "hexagons"
MIDDLES: Final = "middles"
COLUMNS: Final = 20  # 26 px wide at 512 px a tile
MAX_ZOOM: Final = 14  # about 120 m at the equator
# Of who only counts: 15.7 km wide at the equator; one zoom more were smaller than their squares.
ANONYMOUS_MAX_ZOOM: Final = 7
# Classes are found over the tiles, so many zooms further out, that a view touches.
_BLOCK_LEVELS: Final = 1
_PART_BITS: Final = 7
_PARTS: Final = 1 << _PART_BITS  # a side of a tile
_CELL_BITS: Final = 4
_CELL_PARTS: Final = 1 << (_PART_BITS - _CELL_BITS)  # a little more than a hexagon is high
_WIDTH: Final = _PARTS / COLUMNS  # of a hexagon, in parts
_RADIUS: Final = _WIDTH / sqrt(3)  # from the middle to a corner
_ROW: Final = 1.5 * _RADIUS  # from row to row; odd rows stand half a hexagon to the right


@dataclass(frozen=True, slots=True)
class Hexagon:
    """A hexagon with somebody in it; `id` is unique within a zoom."""

    id: int
    # Its column, and its middle in parts, both from the corner of the tile.
    col: float
    x: float
    y: float
    count: int
    revenue: float
    segments: dict[str, int]


@dataclass(slots=True)
class _Ground:
    """Squares that are read together: their ranges of keys, and their corners.

    Corners count in parts from that of the tile, and go on beyond the 180th meridian, where the
    keys begin again.
    """

    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    across: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)

    def add(self, z: int, x: int, y: int, across: int, down: int) -> None:
        low, high = tile_range(z, x % (1 << z), y)
        self.low.append(low)
        self.high.append(high)
        self.across.append(across)
        self.down.append(down)


def hexagon_tile(session: Session, tile: Tile, chosen: Filter) -> bytes:
    """The hexagons that touch the tile, of customers whom the session may see. One statement.

    Features have `count`, `revenue` and how many are of each segment, `seg_A` ...; the layer
    `middles` has points with `count` and `revenue`, of hexagons whose middle is in the tile.
    """
    sql, values = statement(tile, chosen)
    return bytes(scoped_sql(session, sql, values).scalar_one())


def statement(tile: Tile, chosen: Filter) -> tuple[str, dict[str, Any]]:
    """The SQL of a tile, with its values."""
    _check(tile, MAX_ZOOM)
    sql = f"WITH {_hexagons(_PART_BITS, tile.z, chosen)} {_ENCODE}"
    return sql, {**chosen.params, **_values(tile, _with_rim(tile))}


def anonymous_hexagon_tile(session: Session, tile: Tile, chosen: Filter) -> bytes:
    """The same of everybody's customers, for who may only count; two statements.

    The caller answers for the right to count everybody.
    """
    _check(tile, ANONYMOUS_MAX_ZOOM)
    with elevated(session):
        found = _read(session, tile, _with_rim(tile), _PART_BITS, chosen)
    rows = [_row(each) for each in map(_guarded, found) if each is not None]
    values = {"rows": json.dumps(rows)}
    return bytes(session.execute(text(f"WITH {_GIVEN} {_ENCODE}"), values).scalar_one())


def hexagons_around(session: Session, z: int, box: Box, chosen: Filter) -> list[Hexagon]:
    """The hexagons of a zoom in the blocks of tiles that the view touches. One statement.

    A block is a tile one zoom further out: while a view moves within its blocks, the answer stays.
    Hexagons at the edge of all blocks hold only who is in a block.
    """
    level = max(0, z - _BLOCK_LEVELS)
    deeper = z - level
    columns, rows = lattice([box.west, box.east], [box.north, box.south], level)
    first, last = int(columns[0]), int(columns[1])
    if box.west > box.east:
        last += 1 << level
    top = int(rows[0])
    ground = _Ground()
    for x in range(first, min(last, first + (1 << level) - 1) + 1):
        for y in range(top, int(rows[1]) + 1):
            parts = _PARTS << deeper
            ground.add(level, x, y, (x - first) * parts, (y - top) * parts)
    corner = Tile(z, first << deeper, top << deeper)
    return _read(session, corner, ground, _PART_BITS + deeper, chosen, everywhere=True)


def shown_around(session: Session, actor: Actor, z: int, box: Box, chosen: Filter) -> list[Hexagon]:
    """The same as the actor may know it, of the finest zoom that is drawn for them."""
    if sees_individuals(actor):
        return hexagons_around(session, z, box, chosen)
    with elevated(session):
        found = hexagons_around(session, min(z, ANONYMOUS_MAX_ZOOM), box, chosen)
    return [each for each in map(_guarded, found) if each is not None]


def _guarded(found: Hexagon) -> Hexagon | None:
    number = shown_count(found.count)
    if number is None:
        return None
    segments = {name: shown_count(n) for name, n in found.segments.items()}
    return replace(
        found, count=number, revenue=0.0, segments={name: n for name, n in segments.items() if n}
    )


def _check(tile: Tile, finest: int) -> None:
    if tile.z > finest:
        raise InvalidInput(
            "There are no hexagons at zoom {zoom}: zoom is 0 to {finest}",
            zoom=tile.z,
            finest=finest,
        )


def _with_rim(tile: Tile) -> _Ground:
    """The tile, and the cells around it that its outermost hexagons reach into."""
    ground = _Ground()
    ground.add(tile.z, tile.x, tile.y, 0, 0)
    side = 1 << _CELL_BITS
    z = tile.z + _CELL_BITS
    for i in range(-1, side + 1):
        for j in range(-1, side + 1):
            y = tile.y * side + j
            outside = i in (-1, side) or j in (-1, side)
            if outside and 0 <= y < 1 << z:
                ground.add(z, tile.x * side + i, y, i * _CELL_PARTS, j * _CELL_PARTS)
    return ground


def _read(
    session: Session,
    tile: Tile,
    ground: _Ground,
    bits: int,
    chosen: Filter,
    *,
    everywhere: bool = False,
) -> list[Hexagon]:
    sql = f"WITH {_hexagons(bits, tile.z, chosen)} SELECT * FROM hexagons"
    values = {**chosen.params, **_values(tile, ground)} | {"everywhere": everywhere}
    rows = scoped_sql(session, sql, values).mappings()
    return [
        Hexagon(
            row["id"],
            row["col"],
            row["x"],
            row["y"],
            row["count"],
            row["revenue"],
            {name: row[f"seg_{name}"] for name in SEGMENTS if row[f"seg_{name}"]},
        )
        for row in rows
    ]


def _row(found: Hexagon) -> dict[str, Any]:
    segments = {f"seg_{name}": number for name, number in found.segments.items()}
    place = {"id": found.id, "col": found.col, "x": found.x, "y": found.y}
    return {**place, "count": found.count, **segments}


def _values(tile: Tile, ground: _Ground) -> dict[str, Any]:
    level = tile.z + _PART_BITS
    return {
        "low": ground.low,
        "high": ground.high,
        "across": ground.across,
        "down": ground.down,
        "level": level,
        "shift": 2 * (ZOOM - level),
        "finest_shift": 2 * (ZOOM - FINEST_SQUARES),
        "coarser": 2 * (FINEST_SQUARES - level),
        # A tile's corner is one of the lattice's columns, but not one of its rows.
        "columns_before": COLUMNS * tile.x,
        "parts_above": float(_PARTS * tile.y),
        "columns": COLUMNS << tile.z,
        "everywhere": False,
    }


def _gather(code: str, bits: int) -> str:
    """SQL for every second bit of a Morton code, the lowest first: its column."""
    return "(" + " | ".join(f"({code} >> {i} & {1 << i})" for i in range(bits)) + ")"


# Without the type it is a decimal number, which takes ten times as long to add.
_HALF: Final = "CAST(0.5 AS float8)"
_SUMS: Final = ", ".join(f'nullif(sum("seg_{name}"), 0)::int AS "seg_{name}"' for name in SEGMENTS)


def _customers(z: int, chosen: Filter) -> str:
    """SQL of the customers in the range of keys `g`, by square."""
    if squares_answer(chosen, z + _PART_BITS):
        sql = SQUARES.replace("{counts}", _counts("sum(s.n)"))
    else:
        sql = _FROM_KEYS.replace("{counts}", _counts("count(*)"))
    return sql.replace("{filter}", chosen.sql)


def _counts(number: str) -> str:
    return ", ".join(
        f"({number} FILTER (WHERE s.segment = '{name}'))::int AS \"seg_{name}\""
        for name in SEGMENTS
    )


_FROM_KEYS: Final = """
    SELECT ((s.qk - g.low) >> :shift)::int AS part, count(*)::int AS n, sum(s.revenue) AS revenue,
           {counts}
    FROM account_scope s WHERE s.qk >= g.low AND s.qk < g.high AND {scope:s} AND {filter}
    GROUP BY 1
"""


def _hexagons(bits: int, z: int, chosen: Filter) -> str:
    """Common tables that end in `hexagons` of a zoom, over squares of `2 ** bits` parts a side.

    The nearest middle of even rows and the nearest of odd rows are found by rounding; the nearer of
    both is the hexagon.
    """
    return f"""
    squares AS (
        SELECT g.across, g.down, found.*
        FROM unnest(CAST(:low AS bigint[]), CAST(:high AS bigint[]), CAST(:across AS int[]),
                    CAST(:down AS int[])) AS g(low, high, across, down)
        CROSS JOIN LATERAL ({_customers(z, chosen)}) found
    ), placed AS (
        SELECT (across + {_gather("part", bits)})::float8 + {_HALF} AS x,
               (down + {_gather("(part >> 1)", bits)})::float8 + {_HALF} + :parts_above AS y,
               squares.*
        FROM squares OFFSET 0
    ), candidates AS (
        SELECT placed.*, floor(x / {_WIDTH} + 0.5) AS even_column,
               2 * floor(y / {2 * _ROW} + 0.5) AS even_row,
               floor(x / {_WIDTH}) + 0.5 AS odd_column, 2 * floor(y / {2 * _ROW}) + 1 AS odd_row
        FROM placed OFFSET 0
    ), nearest AS (
        SELECT c.*, power(x - even_column * {_WIDTH}, 2) + power(y - even_row * {_ROW}, 2)
                    <= power(x - odd_column * {_WIDTH}, 2) + power(y - odd_row * {_ROW}, 2) AS even
        FROM candidates c OFFSET 0
    ), gathered AS (
        SELECT CASE WHEN even THEN even_column ELSE odd_column END AS col,
               CASE WHEN even THEN even_row ELSE odd_row END AS line,
               sum(n)::int AS count, sum(revenue) AS revenue, {_SUMS}
        FROM nearest GROUP BY 1, 2
    ), hexagons AS (
        SELECT line::bigint * 2 * :columns + mod(
                   (2 * col)::bigint + 2 * (:columns_before + :columns), 2 * :columns) AS id,
               col * {_WIDTH} AS x, line * {_ROW} - :parts_above AS y, gathered.*
        FROM gathered
        WHERE CAST(:everywhere AS boolean)
           OR (col BETWEEN -0.5 AND {COLUMNS + 0.5}
               AND line * {_ROW} - :parts_above BETWEEN {-_RADIUS} AND {_PARTS + _RADIUS})
    )"""


_CORNERS: Final = ", ".join(
    f"ST_MakePoint(round((x + {across * _WIDTH / 2}) * {EXTENT // _PARTS}),"
    f" round((y + {down * _RADIUS}) * {EXTENT // _PARTS}))"
    for across, down in ((0, -1), (1, -0.5), (1, 0.5), (0, 1), (-1, 0.5), (-1, -0.5), (0, -1))
)
_ENCODE: Final = f"""
    SELECT (SELECT ST_AsMVT(drawn, '{LAYER_NAME}', {EXTENT}, 'geom', 'fid') FROM (
        SELECT id AS fid, count, revenue, {", ".join(f'"seg_{name}"' for name in SEGMENTS)},
               ST_MakePolygon(ST_MakeLine(ARRAY[{_CORNERS}])) AS geom
        FROM hexagons
    ) drawn) || (SELECT ST_AsMVT(drawn, '{MIDDLES}', {EXTENT}, 'geom') FROM (
        SELECT count, revenue,
               ST_MakePoint(x * {EXTENT // _PARTS}, y * {EXTENT // _PARTS}) AS geom
        FROM hexagons WHERE col >= 0 AND col < {COLUMNS} AND y >= 0 AND y < {_PARTS}
    ) drawn)
"""
_GIVEN: Final = f"""
    hexagons AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            id bigint, col float8, x float8, y float8, count int, revenue float8,
            {", ".join(f'"seg_{name}" int' for name in SEGMENTS)})
    )
"""
