"""Vector tiles of customers, from the narrow table's Morton key.

A tile is one contiguous range of keys and a cell of it a bit shift, so no geometry is read: up to
`CLUSTER_MAX_ZOOM` the answer comes from an index alone. Every customer of the range is in exactly
one feature of one tile, so the features of a zoom add up to the customers that have a point:

* a customer alone: `id`, `segment`, `territory`, and from `NAMES_FROM_ZOOM` on `name`, and how
  good its point is: `grade`, and `radius_m`, by how much it may be off;
* a stack, customers on one and the same point (a zoom-24 cell, 2.4 m at the equator):
  `point_count` and `stack`, the key that lists them (`geocrm.maps.queries.in_stack`);
* a cluster: `point_count`. Stacks and clusters have `revenue`, how many are of each segment
  (`seg_A` ... and `seg_other`) and `territory`, the one most of them lie in.

Above `CLUSTER_MAX_ZOOM` points are drawn one by one; in a tile with more than `MAX_POINTS` of them
small clusters take their place, so nobody is dropped.

Who counts customers without seeing any gets `geocrm.maps.anonymous_tiles` instead.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.customers.models import SEGMENTS
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps.filters import Filter
from geocrm.spatial.morton import ZOOM, tile_range

MAX_ZOOM: Final = 22
CLUSTER_MAX_ZOOM: Final = 11
NAMES_FROM_ZOOM: Final = 12  # above CLUSTER_MAX_ZOOM: what is told from here on is in no index
MAX_POINTS: Final = 2_000
LAYER_NAME: Final = "accounts"
EXTENT: Final = 4096  # units a side, as in other tiles
_EXTENT_BITS: Final = 12
_CELL_BITS: Final = 3  # 8 x 8 clusters a tile, 64 px each
_DENSE_CELL_BITS: Final = 5  # 32 x 32 where single points are too many
# A cluster lies at the mean of its parts: 8 x 8 a cell, so to an eighth of it.
_PART_BITS: Final = 3


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of the web-mercator pyramid."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        """Refuse what is no tile."""
        if not 0 <= self.z <= MAX_ZOOM:
            raise InvalidInput(f"There are no tiles at zoom {self.z}: zoom is 0 to {MAX_ZOOM}")
        if not (0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise InvalidInput(
                f"There is no tile {self.z}/{self.x}/{self.y}: at zoom {self.z} x and y are 0 to"
                f" {2**self.z - 1}"
            )

    @property
    def keys(self) -> tuple[int, int]:
        """Its range of Morton keys, the upper end excluded."""
        return tile_range(self.z, self.x, self.y)


def account_tile(session: Session, tile: Tile, chosen: Filter) -> bytes:
    """The customers in the tile whom the session may see and the filter chooses. One statement."""
    sql, values = statement(tile, chosen)
    return bytes(scoped_sql(session, sql, values).scalar_one())


def statement(tile: Tile, chosen: Filter) -> tuple[str, dict[str, Any]]:
    """The SQL of a tile, with its values."""
    low, high = tile.keys
    below = 2 * (ZOOM - tile.z)  # bits of a key that tell places of the tile apart
    points = tile.z > CLUSTER_MAX_ZOOM
    cell_shift = 0 if points else below - 2 * _CELL_BITS
    unit_bits = min(_EXTENT_BITS, ZOOM - tile.z)
    values = {
        "low": low,
        "high": high,
        "part_shift": 0 if points else cell_shift - 2 * _PART_BITS,
        "cell_shift": cell_shift,
        "dense_shift": max(below - 2 * _DENSE_CELL_BITS, 2 * _PART_BITS),
        "max_points": MAX_POINTS if points else 4 ** (_CELL_BITS + _PART_BITS),
        "below": below,
        "unit_shift": below - 2 * unit_bits,
        "unit": float(EXTENT >> unit_bits),
        "names": tile.z >= NAMES_FROM_ZOOM,
    }
    return _TILE.replace("{filter}", chosen.sql), {**chosen.params, **values}


def _gather(code: str, bits: int) -> str:
    """SQL for every second bit of a Morton code, the lowest first: its column."""
    return "(" + " | ".join(f"({code} >> {i} & {1 << i})" for i in range(bits)) + ")"


_SEGMENT_COUNTS = "".join(
    f" nullif(sum(p.n) FILTER (WHERE p.segment = '{name}'), 0)::int AS \"seg_{name}\","
    for name in SEGMENTS
)
_KNOWN_SEGMENTS = ", ".join(f"'{name}'" for name in SEGMENTS)
_MIX = ", ".join(
    f'CASE WHEN n > 1 THEN "seg_{name}" END AS "seg_{name}"' for name in (*SEGMENTS, "other")
)
_PART = f"(p.low >> greatest(g.shift - {2 * _PART_BITS}, 0))"
_TILE: Final = f"""
    WITH parts AS MATERIALIZED (
        SELECT s.qk >> :part_shift AS part, s.segment, s.territory_id, count(*) AS n,
               sum(s.revenue) AS revenue, min(s.account_id) AS account_id,
               min(s.qk) AS low, max(s.qk) AS high
        FROM account_scope s
        WHERE s.qk >= :low AND s.qk < :high AND {{scope:s}} AND {{filter}}
        GROUP BY 1, 2, 3
    ), grid AS MATERIALIZED (
        SELECT CASE WHEN count(DISTINCT part) > :max_points THEN CAST(:dense_shift AS int)
                    ELSE CAST(:cell_shift AS int) END AS shift
        FROM parts
    ), cells AS (
        SELECT p.low >> g.shift AS cell, g.shift, sum(p.n)::int AS n, sum(p.revenue) AS revenue,
               min(p.account_id) AS account_id, min(p.segment) AS segment, {_SEGMENT_COUNTS}
               nullif(sum(p.n) FILTER (
                   WHERE (p.segment IN ({_KNOWN_SEGMENTS})) IS NOT TRUE), 0)::int AS seg_other,
               min(p.low) AS low, min(p.low) = max(p.high) AS one_point,
               sum(p.n * ({_gather(_PART, _PART_BITS)} + 0.5)) / sum(p.n) AS across,
               sum(p.n * ({_gather(f"({_PART} >> 1)", _PART_BITS)} + 0.5)) / sum(p.n) AS down
        FROM parts p CROSS JOIN grid g GROUP BY 1, 2
    ), largest AS (
        SELECT DISTINCT ON (cell) cell, territory_id FROM (
            SELECT p.low >> g.shift AS cell, p.territory_id, sum(p.n) AS n
            FROM parts p CROSS JOIN grid g GROUP BY 1, 2) t
        ORDER BY cell, n DESC, territory_id
    ), placed AS (
        SELECT c.*, l.territory_id, (c.low - :low) >> :unit_shift AS at,
               {EXTENT} / power(2, (:below - c.shift) / 2) AS width
        FROM cells c JOIN largest l USING (cell)
        OFFSET 0
    ), drawn AS (
        SELECT CASE WHEN n = 1 THEN placed.account_id END AS fid,
               CASE WHEN n = 1 THEN placed.account_id END AS id,
               CASE WHEN n = 1 THEN a.name END AS name,
               CASE WHEN n = 1 THEN u.grade END AS grade,
               CASE WHEN n = 1 THEN round(u.radius_m)::int END AS radius_m,
               CASE WHEN n = 1 THEN placed.segment END AS segment,
               placed.territory_id AS territory,
               CASE WHEN n > 1 THEN n END AS point_count,
               CASE WHEN n > 1 THEN placed.revenue END AS revenue,
               CASE WHEN n > 1 AND one_point THEN low END AS stack,
               {_MIX},
               ST_MakePoint(
                   CASE WHEN one_point THEN (x + 0.5) * :unit
                        ELSE (floor(x * :unit / width) + across / {1 << _PART_BITS}) * width END,
                   CASE WHEN one_point THEN (y + 0.5) * :unit
                        ELSE (floor(y * :unit / width) + down / {1 << _PART_BITS}) * width END
               ) AS geom
        FROM placed
        CROSS JOIN LATERAL (SELECT {_gather("at", _EXTENT_BITS)} AS x,
                                   {_gather("(at >> 1)", _EXTENT_BITS)} AS y) lattice
        LEFT JOIN accounts a ON CAST(:names AS boolean) AND n = 1 AND a.id = placed.account_id
        LEFT JOIN account_scope u
            ON CAST(:names AS boolean) AND n = 1 AND u.account_id = placed.account_id
    )
    SELECT ST_AsMVT(drawn, '{LAYER_NAME}', {EXTENT}, 'geom', 'fid') FROM drawn
"""
