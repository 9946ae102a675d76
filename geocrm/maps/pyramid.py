"""The widest tiles, from customers counted beforehand (`map_cells` of migration 0015).

The cells know owner, territory, segment and the month of the last order, so they answer a filter
and a scope of these exactly. A date inside a month splits that month: its customers are read one by
one, all others as sums, and the answer stays exact. Whatever else a filter asks for is not known
here; then the next tier answers.
"""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from geocrm.maps import pyramid_models as pyramid_models
from geocrm.maps.colouring import TERRITORY, Colouring
from geocrm.maps.filters import Filter
from geocrm.maps.tile_sql import EXTENT, SEGMENT_COUNTS, drawn, gather, interleave
from geocrm.spatial.morton import ZOOM, tile_range

MAX_ZOOM: Final = 6
COARSEST_LEVEL: Final = 3
FINEST_LEVEL: Final = 9  # of the cells that changes are written to
CELL_BITS: Final = 3  # 8 x 8 cells a tile
_PART_BITS: Final = 3  # customers of a split month lie at the middle of an eighth of a cell
_MAX_SPLIT_MONTHS: Final = 2

_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "segment": frozenset({"in", "not_in", "eq", "ne", "empty"}),
    "territory": frozenset({"in", "not_in", "eq", "ne", "empty"}),
    "owner": frozenset({"in", "not_in", "eq", "ne"}),
    "has_point": frozenset({"eq"}),
    "last_order": frozenset(
        {"gte", "lt", "gt", "lte", "eq", "ne", "between", "empty"}
        | {"within_days", "not_within_days"}
    ),
}


def split_months(chosen: Filter) -> frozenset[date] | None:
    """The months whose customers must be read one by one; None when the cells cannot answer."""
    if chosen.is_everything:
        return frozenset()
    if chosen.tree is None or chosen.today is None:
        return None
    found = _split(chosen.tree, chosen.today)
    return None if found is None or len(found) > _MAX_SPLIT_MONTHS else found


def _split(node: Mapping[str, Any], today: date) -> frozenset[date] | None:
    for word in ("and", "or"):
        if word in node:
            return _united([_split(part, today) for part in node[word]])
    if "not" in node:
        return _split(node["not"], today)
    field, op = node["field"], node["op"]
    if op not in _KNOWN.get(field, ()):
        return None
    if field != "last_order" or op == "empty":
        return frozenset()
    return frozenset(
        _month(day) for day, first in _bounds(op, node["value"], today) if not _at_edge(day, first)
    )


def _united(parts: list[frozenset[date] | None]) -> frozenset[date] | None:
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None


def _bounds(op: str, value: Any, today: date) -> list[tuple[date, bool | None]]:
    """Days that part the dates, each with whether it is the first of a side (None: neither)."""
    if op in ("within_days", "not_within_days"):
        return [(today - timedelta(days=int(value)), True)]
    if op == "between":
        return [(date.fromisoformat(value[0]), True), (date.fromisoformat(value[1]), False)]
    first = {"gte": True, "lt": True, "lte": False, "gt": False}.get(op)
    return [(date.fromisoformat(value), first)]


def _at_edge(day: date, first: bool | None) -> bool:
    """Whether no month has days on both sides."""
    if first is None:
        return False
    return day.day == (1 if first else calendar.monthrange(day.year, day.month)[1])


def _month(day: date) -> date:
    return day.replace(day=1)


def _last_of(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def statement(
    z: int, x: int, y: int, chosen: Filter, split: frozenset[date], by: Colouring = TERRITORY
) -> tuple[str, dict[str, Any]]:
    """The SQL of the tile z/x/y, with its values; `split` are the filter's `split_months`."""
    sql, values = counted(z, x, y, chosen, split, by)
    values |= {"scale": EXTENT / 2 ** (ZOOM - z), "left": EXTENT * x, "top": EXTENT * y}
    return f"WITH {sql}, {_PLACED} {drawn(by)}", values


def counted(
    z: int, x: int, y: int, chosen: Filter, split: frozenset[date], by: Colouring = TERRITORY
) -> tuple[str, dict[str, Any]]:
    """SQL of the common table `parts`: the customers of the tile by cell, segment and `lead`."""
    whole_sql, single_sql = (sql.replace("{lead}", by.value) for sql in (_WHOLE, _SINGLE))
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
    if not split:
        whole = whole_sql.replace("{filter}", chosen.sql)
        return f"parts AS MATERIALIZED ({whole})", values
    values |= {"low": low, "high": high, "part_shift": cell_shift - 2 * _PART_BITS}
    values["part_width"] = 1 << (ZOOM - level - _PART_BITS)
    apart, within = parted(split, values)
    whole = whole_sql.replace("{filter}", f"{chosen.sql} AND {apart}")
    single = single_sql.replace("{filter}", f"{chosen.sql} AND {within}")
    return f"parts AS MATERIALIZED ({whole} UNION ALL {single})", values


def kinds(chosen: Filter, split: frozenset[date]) -> tuple[str, dict[str, Any]]:
    """SQL of all the filter chooses, with a point or without, by segment, territory and owner."""
    values = {**chosen.params, "level": COARSEST_LEVEL}
    if not split:
        return _KINDS.replace("{filter}", chosen.sql), values
    apart, within = parted(split, values)
    whole = _KINDS.replace("{filter}", f"{chosen.sql} AND {apart}")
    single = KINDS_OF_CUSTOMERS.replace(
        "{conditions}", f"{{scope:s}} AND {chosen.sql} AND {within}"
    )
    return f"{whole} UNION ALL {single}", values


def parted(split: frozenset[date], values: dict[str, Any]) -> tuple[str, str]:
    """The conditions of being outside the split months, and inside; adds their values."""
    values["split_months"] = sorted(split)
    spans = []
    for i, month in enumerate(sorted(split)):
        values |= {f"from{i}": month, f"until{i}": _last_of(month)}
        spans.append(f"s.last_order >= :from{i} AND s.last_order <= :until{i}")
    # Who never ordered has no month, so is in none that is split.
    apart = "(s.last_order = ANY(CAST(:split_months AS date[]))) IS NOT TRUE"
    return apart, f"({' OR '.join(spans)})"


_COLUMNS = "owner_id, territory_id, segment, last_order, n, cents, weak, ids, x, y, spread"
# Under the names of account_scope, so that a filter's and a scope's conditions fit both.
_WHOLE: Final = f"""
    SELECT s.cell, s.segment, {{lead}} AS lead, sum(s.n) AS n, sum(s.cents) / 100 AS revenue,
           sum(s.ids) AS ids, sum(s.x) AS x, sum(s.y) AS y, sum(s.spread) AS spread,
           CAST(NULL AS bigint) AS low, CAST(NULL AS bigint) AS high
    FROM (
        SELECT cell, cell AS qk, {_COLUMNS} FROM map_cells
        WHERE level = :level AND cell >= :cell_low AND cell < :cell_high
        UNION ALL
        SELECT cell >> :coarser, cell, {_COLUMNS} FROM map_deltas
        WHERE cell >= :fine_low AND cell < :fine_high
    ) s
    WHERE {{scope:s}} AND {{filter}}
    GROUP BY 1, 2, 3 HAVING sum(s.n) > 0
"""
_KINDS: Final = f"""
    SELECT s.segment, s.territory_id, s.owner_id, sum(s.n) AS n, sum(s.cents) / 100 AS revenue,
           sum(s.weak) AS weak, coalesce(sum(s.n) FILTER (WHERE s.qk IS NULL), 0) AS unplaced
    FROM (
        SELECT nullif(cell, -1) AS qk, {_COLUMNS} FROM map_cells WHERE level = :level
        UNION ALL SELECT nullif(cell, -1), {_COLUMNS} FROM map_deltas
    ) s
    WHERE {{scope:s}} AND {{filter}}
    GROUP BY 1, 2, 3 HAVING sum(s.n) > 0
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
_PART_X = f"(({gather('part', ZOOM // 2)} + 0.5) * :part_width - 0.5)"
_PART_Y = f"(({gather('(part >> 1)', ZOOM // 2)} + 0.5) * :part_width - 0.5)"
_SINGLE: Final = f"""
    SELECT CAST(part >> {2 * _PART_BITS} AS int), segment, lead, sum(n), sum(revenue),
           sum(ids), sum(n * {_PART_X}), sum(n * {_PART_Y}), NULL, min(low), max(high)
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
        SELECT DISTINCT ON (cell) cell, lead FROM (
            SELECT p.cell, p.lead, sum(p.n) AS n FROM parts p GROUP BY 1, 2) t
        ORDER BY cell, n DESC, lead
    ), one AS MATERIALIZED (
        SELECT o.*, l.lead,
               coalesce(o.point, o.low) AS at,
               CASE WHEN summed = 0 THEN o.low = o.high
                    WHEN o.low IS NULL THEN point IS NOT NULL
                    ELSE o.low = o.high AND point = o.low IS TRUE END AS one_point
        FROM points o JOIN largest l USING (cell)
    ), placed AS (
        SELECT n, revenue, account_id, segment, lead, one_point, at AS low,
               "seg_A", "seg_B", "seg_C", "seg_D", seg_other,
               ((CASE WHEN one_point THEN {gather("at", ZOOM)} ELSE mean_x END) + 0.5) * :scale
                   - :left AS gx,
               ((CASE WHEN one_point THEN {gather("(at >> 1)", ZOOM)} ELSE mean_y END) + 0.5)
                   * :scale - :top AS gy
        FROM one
    )
"""
