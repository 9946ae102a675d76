"""The widest tiles, from customers counted beforehand (migrations 0015 and 0023).

`geocrm.maps.beforehand` says which sums answer a filter and a colouring exactly, and of which
periods the customers are read one by one. Where none does, the next tier answers.
"""

from typing import Any, Final

from geocrm.maps import pyramid_models as pyramid_models
from geocrm.maps.beforehand import Answer, Kept
from geocrm.maps.colouring import TERRITORY, Colouring
from geocrm.maps.filters import Filter
from geocrm.maps.tile_sql import EXTENT, SEGMENT_COUNTS, drawn, gather, interleave, leading, told
from geocrm.spatial.morton import ZOOM, tile_range

MAX_ZOOM: Final = 6
COARSEST_LEVEL: Final = 3
FINEST_LEVEL: Final = 9  # of the cells that changes are written to
CELL_BITS: Final = 3  # 8 x 8 cells a tile
_PART_BITS: Final = 3  # customers read one by one lie at the middle of an eighth of a cell


def statement(
    z: int, x: int, y: int, chosen: Filter, found: Answer, by: Colouring = TERRITORY
) -> tuple[str, dict[str, Any]]:
    """The SQL of the tile z/x/y, with its values; `found` answers filter and colouring."""
    sql, values = counted(z, x, y, chosen, found, by)
    values |= {"scale": EXTENT / 2 ** (ZOOM - z), "left": EXTENT * x, "top": EXTENT * y}
    placed = _PLACED.replace("{leading}", leading(by)).replace("{told}", told(by))
    return f"WITH {sql}, {placed} {drawn(by)}", values


def counted(
    z: int, x: int, y: int, chosen: Filter, found: Answer, by: Colouring = TERRITORY
) -> tuple[str, dict[str, Any]]:
    """SQL of the common table `parts`: the customers of the tile by cell, segment and `lead`."""
    whole_sql, single_sql = (
        sql.replace("{lead}", by.value) for sql in (_of(found.kept, _WHOLE), _SINGLE)
    )
    level = z + CELL_BITS
    low, high = tile_range(z, x, y)
    cell_shift, finest_shift = 2 * (ZOOM - level), 2 * (ZOOM - FINEST_LEVEL)
    values: dict[str, Any] = {
        **chosen.params,
        "level": level,
        "cell_low": low >> cell_shift,
        "cell_high": high >> cell_shift,
        "fine_low": low >> finest_shift,
        "fine_high": high >> finest_shift,
        "coarser": cell_shift - finest_shift,
    }
    if not found.split:
        whole = whole_sql.replace("{filter}", chosen.sql)
        return f"parts AS MATERIALIZED ({whole})", values
    values |= {"low": low, "high": high, "part_shift": cell_shift - 2 * _PART_BITS}
    values["part_width"] = 1 << (ZOOM - level - _PART_BITS)
    apart, within = found.parted(values)
    whole = whole_sql.replace("{filter}", f"{chosen.sql} AND {apart}")
    single = single_sql.replace("{filter}", f"{chosen.sql} AND {within}")
    return f"parts AS MATERIALIZED ({whole} UNION ALL {single})", values


def kinds(chosen: Filter, found: Answer) -> tuple[str, dict[str, Any]]:
    """SQL of all the filter chooses, with a point or without, by segment, territory and owner."""
    values = {**chosen.params, "level": COARSEST_LEVEL}
    kinds_sql = _of(found.kept, _KINDS)
    if not found.split:
        return kinds_sql.replace("{filter}", chosen.sql), values
    apart, within = found.parted(values)
    whole = kinds_sql.replace("{filter}", f"{chosen.sql} AND {apart}")
    single = KINDS_OF_CUSTOMERS.replace(
        "{conditions}", f"{{scope:s}} AND {chosen.sql} AND {within}"
    )
    return f"{whole} UNION ALL {single}", values


def by_value(value: str, chosen: Filter, found: Answer) -> tuple[str, dict[str, Any]]:
    """SQL of all the filter chooses, with a point or without, by an expression over `s`."""
    values: dict[str, Any] = {**chosen.params, "level": COARSEST_LEVEL}
    whole = _of(found.kept, _BY_VALUE).replace("{value}", value)
    if not found.split:
        return whole.replace("{filter}", chosen.sql), values
    apart, within = found.parted(values)
    parts = [
        whole.replace("{filter}", f"{chosen.sql} AND {apart}"),
        _CUSTOMERS_BY_VALUE.replace("{value}", value).replace(
            "{filter}", f"{chosen.sql} AND {within}"
        ),
    ]
    sums = "SELECT value, sum(n) AS n, sum(revenue) AS revenue"
    return f"{sums} FROM ({' UNION ALL '.join(parts)}) part GROUP BY 1", values


def _of(kept: Kept, sql: str) -> str:
    """The SQL over the tables of these sums."""
    columns = f"owner_id, territory_id, segment, {kept.own} AS {kept.column}, {_SUMS}"
    for name, value in {
        "{cells}": kept.table,
        "{deltas}": kept.deltas,
        "{kept}": kept.where,
        "{columns}": columns,
    }.items():
        sql = sql.replace(name, value)
    return sql


_SUMS: Final = "n, cents, weak, ids, x, y, spread"
# Under the names of account_scope, so that a filter's and a scope's conditions fit both.
_WHOLE: Final = """
    SELECT s.cell, s.segment, {lead} AS lead, sum(s.n) AS n, sum(s.cents) / 100 AS revenue,
           sum(s.ids) AS ids, sum(s.x) AS x, sum(s.y) AS y, sum(s.spread) AS spread,
           CAST(NULL AS bigint) AS low, CAST(NULL AS bigint) AS high
    FROM (
        SELECT cell, cell AS qk, {columns} FROM {cells}
        WHERE {kept} AND level = :level AND cell >= :cell_low AND cell < :cell_high
        UNION ALL
        SELECT cell >> :coarser, cell, {columns} FROM {deltas}
        WHERE {kept} AND cell >= :fine_low AND cell < :fine_high
    ) s
    WHERE {scope:s} AND {filter}
    GROUP BY 1, 2, 3 HAVING sum(s.n) > 0
"""
_KINDS: Final = """
    SELECT s.segment, s.territory_id, s.owner_id, sum(s.n) AS n, sum(s.cents) / 100 AS revenue,
           sum(s.weak) AS weak, coalesce(sum(s.n) FILTER (WHERE s.qk IS NULL), 0) AS unplaced
    FROM (
        SELECT nullif(cell, -1) AS qk, {columns} FROM {cells} WHERE {kept} AND level = :level
        UNION ALL SELECT nullif(cell, -1), {columns} FROM {deltas} WHERE {kept}
    ) s
    WHERE {scope:s} AND {filter}
    GROUP BY 1, 2, 3 HAVING sum(s.n) > 0
"""
_BY_VALUE: Final = """
    SELECT {value} AS value, sum(s.n) AS n, sum(s.cents) / 100 AS revenue
    FROM (
        SELECT nullif(cell, -1) AS qk, {columns} FROM {cells} WHERE {kept} AND level = :level
        UNION ALL SELECT nullif(cell, -1), {columns} FROM {deltas} WHERE {kept}
    ) s
    WHERE {scope:s} AND {filter}
    GROUP BY 1 HAVING sum(s.n) > 0
"""
_CUSTOMERS_BY_VALUE: Final = """
    SELECT {value} AS value, count(*) AS n, sum(s.revenue) AS revenue
    FROM account_scope s WHERE {scope:s} AND {filter} GROUP BY 1
"""
# The same from the customers themselves.
KINDS_OF_CUSTOMERS: Final = """
    SELECT s.segment, s.territory_id, s.owner_id, count(*) AS n, sum(s.revenue) AS revenue,
           count(*) FILTER (WHERE s.grade = ANY(CAST(:coarse AS text[]))) AS weak,
           count(*) FILTER (WHERE s.qk IS NULL) AS unplaced
    FROM account_scope s WHERE {conditions}
    GROUP BY 1, 2, 3
"""
# Cells of the finest level that hold somebody, by column and row.
OCCUPIED: Final = f"""
    SELECT cell, {gather("cell", FINEST_LEVEL)} AS x, {gather("(cell >> 1)", FINEST_LEVEL)} AS y
    FROM (
        SELECT s.cell FROM (
            SELECT cell, owner_id, territory_id, n FROM map_cells
            WHERE level = {FINEST_LEVEL} AND cell >= 0
            UNION ALL SELECT cell, owner_id, territory_id, n FROM map_deltas WHERE cell >= 0) s
        WHERE {{scope:s}} GROUP BY 1 HAVING sum(s.n) > 0
    ) held
"""
CELL_SHIFT: Final = 2 * (ZOOM - FINEST_LEVEL)  # from a key to its cell of the finest level
# The middle of a part, doubled: whole numbers, because decimal ones take longer than all the rest.
_TWICE_X = f"(({gather('part', ZOOM // 2)} * 2 + 1) * CAST(:part_width AS bigint) - 1)"
_TWICE_Y = f"(({gather('(part >> 1)', ZOOM // 2)} * 2 + 1) * CAST(:part_width AS bigint) - 1)"
_SINGLE: Final = f"""
    SELECT CAST(part >> {2 * _PART_BITS} AS int), segment, lead, sum(n), sum(revenue),
           sum(ids), sum(n * {_TWICE_X}) / 2, sum(n * {_TWICE_Y}) / 2, NULL, min(low), max(high)
    FROM (
        SELECT s.qk >> :part_shift AS part, s.segment, {{lead}} AS lead, count(*) AS n,
               sum(s.revenue) AS revenue, sum(s.account_id) AS ids, min(s.qk) AS low,
               max(s.qk) AS high
        FROM account_scope s
        WHERE s.qk >= :low AND s.qk < :high AND {{scope:s}} AND {{filter}}
        GROUP BY 1, 2, 3
    ) single GROUP BY 1, 2, 3
"""
_MEAN_X, _MEAN_Y = (f"CAST({axis} / summed AS bigint)" for axis in "xy")
_OF_SUMS = "FILTER (WHERE p.low IS NULL)"
# Materialised, because an expression of 24 bits put into another makes a plan that takes 90 ms.
# All customers of sums lie on one point where the squares say that nothing differs from the mean.
_PLACED: Final = f"""
    cells AS MATERIALIZED (
        SELECT p.cell, sum(p.n)::int AS n, sum(p.revenue) AS revenue,
               CAST(sum(p.ids) AS bigint) AS account_id, min(p.segment) AS segment,
               {SEGMENT_COUNTS}
               sum(p.x) / sum(p.n) AS mean_x, sum(p.y) / sum(p.n) AS mean_y,
               coalesce(sum(p.n) {_OF_SUMS}, 0) AS summed, sum(p.spread) AS spread,
               sum(p.x) {_OF_SUMS} AS x, sum(p.y) {_OF_SUMS} AS y,
               min(p.low) AS low, max(p.high) AS high
        FROM parts p GROUP BY 1
    ), points AS MATERIALIZED (
        SELECT c.*, CASE WHEN summed > 0 AND summed * spread = x * x + y * y
                         THEN {interleave(_MEAN_X, _MEAN_Y)}
                    END AS point
        FROM cells c
    ), largest AS (
        {{leading}} FROM (SELECT cell, lead, sum(n) AS n FROM parts GROUP BY 1, 2) t GROUP BY cell
    ), one AS MATERIALIZED (
        SELECT o.*, {{told}},
               coalesce(o.point, o.low) AS at,
               CASE WHEN summed = 0 THEN o.low = o.high
                    WHEN o.low IS NULL THEN point IS NOT NULL
                    ELSE o.low = o.high AND point = o.low IS TRUE END AS one_point
        FROM points o JOIN largest l USING (cell)
    ), placed AS (
        SELECT n, revenue, account_id, segment, {{told}}, one_point, at AS low,
               "seg_A", "seg_B", "seg_C", "seg_D", seg_other,
               ((CASE WHEN one_point THEN {gather("at", ZOOM)} ELSE mean_x END) + 0.5) * :scale
                   - :left AS gx,
               ((CASE WHEN one_point THEN {gather("(at >> 1)", ZOOM)} ELSE mean_y END) + 0.5)
                   * :scale - :top AS gy
        FROM one
    )
"""
