"""Pieces of SQL that the tiers of tiles share: bits of Morton keys, the mix of a cell, its drawing.

A tier makes `parts` (customers by cell, segment and `lead`, the value of the colouring: `n`) and
from them `placed`, a row a feature: `n`, `revenue`, `account_id`, `segment`, the columns of
`SEGMENT_COUNTS`, what `leading` tells of its colours, `one_point` with `low`, the key of that
point, and `gx`, `gy`, its place in units of the tile. `drawn` makes the tile of it.
"""

from typing import Final

from geocrm.customers.models import SEGMENTS
from geocrm.maps.colouring import Colouring
from geocrm.spatial.morton import ZOOM

LAYER_NAME: Final = "accounts"
EXTENT: Final = 4096  # units a side, as in other tiles


def gather(code: str, bits: int) -> str:
    """SQL for every second bit of a Morton code, the lowest first: its column."""
    return "(" + " | ".join(f"({code} >> {i} & {1 << i})" for i in range(bits)) + ")"


def interleave(x: str, y: str) -> str:
    """SQL for the Morton key of a place of the zoom-24 lattice."""
    # Operators of one rank go from left to right, hence the brackets.
    spread = (
        f"((({x} >> {i}) & 1) << {2 * i}) | ((({y} >> {i}) & 1) << {2 * i + 1})"
        for i in range(ZOOM)
    )
    return "(" + " | ".join(spread) + ")"


_KNOWN_SEGMENTS = ", ".join(f"'{name}'" for name in SEGMENTS)
SEGMENT_COUNTS: Final = "".join(
    f" nullif(sum(p.n) FILTER (WHERE p.segment = '{name}'), 0)::int AS \"seg_{name}\","
    for name in SEGMENTS
) + (
    " nullif(sum(p.n) FILTER ("
    f"WHERE (p.segment IN ({_KNOWN_SEGMENTS})) IS NOT TRUE), 0)::int AS seg_other,"
)
_MIX = ", ".join(
    f'CASE WHEN n > 1 THEN "seg_{name}" END AS "seg_{name}"' for name in (*SEGMENTS, "other")
)
_FEATURE = f"""
    CASE WHEN n = 1 THEN placed.segment END AS segment,
    placed.lead AS {{property}},
    CASE WHEN n > 1 THEN n END AS point_count,
    CASE WHEN n > 1 THEN placed.revenue END AS revenue,
    CASE WHEN n > 1 AND one_point THEN low END AS stack,
    {_MIX}, {{mix}} ST_MakePoint(gx, gy) AS geom
"""
_ALONE = "CASE WHEN n = 1 THEN placed.account_id END"
_DRAWN: Final = f"""
    SELECT ST_AsMVT(drawn, '{LAYER_NAME}', {EXTENT}, 'geom', 'fid') FROM (
        SELECT {_ALONE} AS fid, {_ALONE} AS id, {_FEATURE} FROM placed
    ) drawn
"""
# With what no index holds: told only where tiles are small.
_DRAWN_WITH_NAMES: Final = f"""
    SELECT ST_AsMVT(drawn, '{LAYER_NAME}', {EXTENT}, 'geom', 'fid') FROM (
        SELECT {_ALONE} AS fid, {_ALONE} AS id, a.name, u.grade,
               round(u.radius_m)::int AS radius_m, {_FEATURE}
        FROM placed
        LEFT JOIN accounts a ON n = 1 AND a.id = placed.account_id
        LEFT JOIN account_scope u ON n = 1 AND u.account_id = placed.account_id
    ) drawn
"""


def drawn(by: Colouring, *, with_names: bool = False) -> str:
    """SQL of the tile of `placed`, whose `lead` is a value of the colouring."""
    mix = "".join(f'CASE WHEN n > 1 THEN "{name}" END AS "{name}", ' for name in by.mix().values())
    sql = _DRAWN_WITH_NAMES if with_names else _DRAWN
    return sql.replace("{property}", by.property).replace("{mix}", mix)


def leading(by: Colouring) -> str:
    """SQL that selects, of rows of `cell`, `lead` and `n`, each cell's `told`; to be grouped."""
    mix = "".join(
        f", (sum(n) FILTER (WHERE lead = '{value}'))::int AS \"{name}\""
        for value, name in by.mix().items()
    )
    return f"SELECT cell, (array_agg(lead ORDER BY n DESC, lead))[1] AS lead{mix}"


def told(by: Colouring) -> str:
    """The columns that `leading` makes: the value of most, and how many have each."""
    return ", ".join(("lead", *(f'"{name}"' for name in by.mix().values())))
