"""Vector tiles of customers, from the narrow table's Morton key.

A tile is one contiguous range of keys and a cell of it a bit shift, so no geometry is read: up to
`CLUSTER_MAX_ZOOM` the answer comes from an index alone. Every customer of the range is in exactly
one feature of one tile, so the features of a zoom add up to the customers that have a point:

* a customer alone: `id`, `segment`, its value of the colouring (`geocrm.maps.colouring`; usually
  `territory`), and from `NAMES_FROM_ZOOM` on `name`, and how
  good its point is: `grade`, and `radius_m`, by how much it may be off;
* a stack, customers on one and the same point (a zoom-24 cell, 2.4 m at the equator):
  `point_count` and `stack`, the key that lists them (`geocrm.maps.queries.in_stack`);
* a cluster: `point_count`. Stacks and clusters have `revenue`, how many are of each segment
  (`seg_A` ... and `seg_other`) and the value of the colouring that most of them have.

Above `CLUSTER_MAX_ZOOM` points are drawn one by one; in a tile with more than `MAX_POINTS` of them
small clusters take their place, so nobody is dropped.

Who counts customers without seeing any gets `geocrm.maps.anonymous_tiles` instead.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps import pyramid
from geocrm.maps.colouring import TERRITORY, Colouring
from geocrm.maps.filters import Filter
from geocrm.maps.recency import span_days
from geocrm.maps.tile_sql import EXTENT, SEGMENT_COUNTS, drawn, gather
from geocrm.spatial.morton import ZOOM, tile_range

MAX_ZOOM: Final = 22
CLUSTER_MAX_ZOOM: Final = 11
NAMES_FROM_ZOOM: Final = 12  # above CLUSTER_MAX_ZOOM: what is told from here on is in no index
MAX_POINTS: Final = 2_000
# Up to here a tile may hold far more customers than a rep has, so theirs are found by theirs.
BRANCHES_MAX_ZOOM: Final = 9
_INDEXED: Final = frozenset({"segment", "owner", "territory", "revenue", "last_order", "has_point"})
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
            raise InvalidInput(
                "There are no tiles at zoom {zoom}: zoom is 0 to {finest}",
                zoom=self.z,
                finest=MAX_ZOOM,
            )
        if not (0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise InvalidInput(
                "There is no tile {tile}: at zoom {zoom} x and y are 0 to {most}",
                tile=f"{self.z}/{self.x}/{self.y}",
                zoom=self.z,
                most=2**self.z - 1,
            )

    @property
    def keys(self) -> tuple[int, int]:
        """Its range of Morton keys, the upper end excluded."""
        return tile_range(self.z, self.x, self.y)


def account_tile(
    session: Session,
    tile: Tile,
    chosen: Filter,
    by: Colouring = TERRITORY,
    *,
    today: date | None = None,
) -> bytes:
    """The customers in the tile whom the session may see and the filter chooses. One statement.

    `today` is asked for by what changes with the day.
    """
    sql, values = statement(tile, chosen, by)
    if by.dated and today:
        values |= span_days(today)
    once = _one_plan_is_good(tile, chosen, by)
    return bytes(scoped_sql(session, sql, values, plan_once=once).scalar_one())


def statement(tile: Tile, chosen: Filter, by: Colouring = TERRITORY) -> tuple[str, dict[str, Any]]:
    """The SQL of a tile, with its values; from the first tier that can answer it exactly."""
    if tile.z <= pyramid.MAX_ZOOM and by.counted:
        split = pyramid.split_months(chosen)
        if split is not None:
            return pyramid.statement(tile.z, tile.x, tile.y, chosen, split, by)
    return _from_keys(tile, chosen, by)


def _one_plan_is_good(tile: Tile, chosen: Filter, by: Colouring) -> bool:
    """Whether the way to the rows does not depend on the values: then planning is half the work."""
    if tile.z <= pyramid.MAX_ZOOM and by.counted:
        return pyramid.split_months(chosen) == frozenset()
    return tile.z > BRANCHES_MAX_ZOOM and chosen.fields <= _INDEXED


def _from_keys(tile: Tile, chosen: Filter, by: Colouring) -> tuple[str, dict[str, Any]]:
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
    }
    customers = _BRANCHES if tile.z <= BRANCHES_MAX_ZOOM else _CUSTOMERS
    customers = customers.replace("{lead}", by.value).replace("{filter}", chosen.sql)
    sql = _TILE.replace("{customers}", customers)
    sql += drawn(by, with_names=tile.z >= NAMES_FROM_ZOOM)
    return sql, {**chosen.params, **values}


_FOUND_BY = (
    "SELECT s.qk, s.segment, {lead} AS lead, s.revenue, s.account_id FROM account_scope s"
    " WHERE s.qk >= :low AND s.qk < :high AND {%s:s} AND {filter}"
)
_CUSTOMERS: Final = f"({_FOUND_BY % 'scope'}) s"
_BRANCHES: Final = f"({_FOUND_BY % 'scope_owner'} UNION ALL {_FOUND_BY % 'scope_territory'}) s"
_PART = f"(p.low >> greatest(g.shift - {2 * _PART_BITS}, 0))"
_TILE: Final = f"""
    WITH parts AS MATERIALIZED (
        SELECT s.qk >> :part_shift AS part, s.segment, s.lead, count(*) AS n,
               sum(s.revenue) AS revenue, min(s.account_id) AS account_id,
               min(s.qk) AS low, max(s.qk) AS high
        FROM {{customers}}
        GROUP BY 1, 2, 3
    ), grid AS MATERIALIZED (
        SELECT CASE WHEN count(DISTINCT part) > :max_points THEN CAST(:dense_shift AS int)
                    ELSE CAST(:cell_shift AS int) END AS shift
        FROM parts
    ), cells AS (
        SELECT p.low >> g.shift AS cell, g.shift, sum(p.n)::int AS n, sum(p.revenue) AS revenue,
               min(p.account_id) AS account_id, min(p.segment) AS segment, {SEGMENT_COUNTS}
               min(p.low) AS low, min(p.low) = max(p.high) AS one_point,
               sum(p.n * ({gather(_PART, _PART_BITS)} + 0.5)) / sum(p.n) AS across,
               sum(p.n * ({gather(f"({_PART} >> 1)", _PART_BITS)} + 0.5)) / sum(p.n) AS down
        FROM parts p CROSS JOIN grid g GROUP BY 1, 2
    ), largest AS (
        SELECT DISTINCT ON (cell) cell, lead FROM (
            SELECT p.low >> g.shift AS cell, p.lead, sum(p.n) AS n
            FROM parts p CROSS JOIN grid g GROUP BY 1, 2) t
        ORDER BY cell, n DESC, lead
    ), spots AS (
        SELECT c.*, l.lead, (c.low - :low) >> :unit_shift AS at,
               {EXTENT} / power(2, (:below - c.shift) / 2) AS width
        FROM cells c JOIN largest l USING (cell)
        OFFSET 0
    ), placed AS (
        SELECT spots.*,
               CASE WHEN one_point THEN (x + 0.5) * :unit
                    ELSE (floor(x * :unit / width) + across / {1 << _PART_BITS}) * width END AS gx,
               CASE WHEN one_point THEN (y + 0.5) * :unit
                    ELSE (floor(y * :unit / width) + down / {1 << _PART_BITS}) * width END AS gy
        FROM spots
        CROSS JOIN LATERAL (SELECT {gather("at", _EXTENT_BITS)} AS x,
                                   {gather("(at >> 1)", _EXTENT_BITS)} AS y) lattice
    )
"""
