"""Regions and wide hexagons from customers counted beforehand (migration 0020).

`region_totals` know what `map_cells` do and the boundary unit instead of a place, so they answer
the same filters (`geocrm.maps.beforehand.of_months`). `square_totals` know owner, territory and
segment, but no date: fine squares by month were as many as the customers. Both answer exactly;
whatever else a filter asks for is read from the customers themselves.
"""

from typing import Any, Final

from geocrm.maps import layer_models as layer_models
from geocrm.maps.beforehand import of_months
from geocrm.maps.filters import Filter

COARSEST_SQUARES: Final = 7
FINEST_SQUARES: Final = 15  # of the squares that changes are written to


def squares_answer(chosen: Filter, level: int) -> bool:
    """Whether squares of the zoom `level` are kept and know all that the filter asks for."""
    kept = COARSEST_SQUARES <= level <= FINEST_SQUARES
    return kept and "last_order" not in chosen.fields and of_months(chosen) is not None


def by_unit(chosen: Filter) -> tuple[str, dict[str, Any]]:
    """SQL of all the filter chooses, by `part`, the unit they know, and segment; its values."""
    values = dict(chosen.params)
    found = of_months(chosen)
    if found is None:
        return of_customers("s.unit", chosen), values
    if not found.split:
        return _BY_UNIT.replace("{filter}", chosen.sql), values
    apart, within = found.parted(values)
    whole = _BY_UNIT.replace("{filter}", f"{chosen.sql} AND {apart}")
    return f"{whole} UNION ALL {of_customers('s.unit', chosen, within)}", values


def of_customers(part: str, chosen: Filter, within: str = "TRUE") -> str:
    """SQL of the same from the customers themselves, by any column of theirs."""
    return (
        f"SELECT {part} AS part, s.segment, count(*)::int AS n, sum(s.revenue) AS revenue"
        f" FROM account_scope s WHERE {{scope:s}} AND {chosen.sql} AND {within} GROUP BY 1, 2"
    )


# Under the names of account_scope, so that a filter's and a scope's conditions fit both.
_KINDS = "owner_id, territory_id, segment"
_BY_UNIT: Final = f"""
    SELECT s.unit AS part, s.segment, sum(s.n)::int AS n, sum(s.cents) / 100 AS revenue
    FROM (
        SELECT unit, CASE WHEN placed THEN 0 END AS qk, {_KINDS}, last_order, n, cents
        FROM region_totals
        UNION ALL
        SELECT unit, nullif(cell, -1), {_KINDS}, last_order, n, cents FROM layer_deltas
    ) s
    WHERE {{scope:s}} AND {{filter}} GROUP BY 1, 2 HAVING sum(s.n) > 0
"""
# The squares of `:level` in the range of keys `g`, by their number within it; `{counts}` are more
# sums of `s`.
SQUARES: Final = f"""
    SELECT (s.cell - (g.low >> :shift))::int AS part, sum(s.n)::int AS n,
           sum(s.cents) / 100 AS revenue, {{counts}}
    FROM (
        SELECT cell, cell AS qk, {_KINDS}, n, cents FROM square_totals
        WHERE level = :level AND cell >= (g.low >> :shift)::int AND cell < (g.high >> :shift)::int
        UNION ALL
        SELECT cell >> :coarser, cell, {_KINDS}, n, cents FROM layer_deltas
        WHERE cell >= (g.low >> :finest_shift)::int AND cell < (g.high >> :finest_shift)::int
    ) s
    WHERE {{scope:s}} AND {{filter}} GROUP BY 1 HAVING sum(s.n) > 0
"""
