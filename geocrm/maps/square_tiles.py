"""Tiles of zoom 7 to 9 for those who see many customers, from squares counted beforehand.

A cluster of these zooms is a hundred squares and a tile of a dense country holds a few thousand of
them, however many customers lie in it. The squares (`square_totals` of migration 0020) know owner,
territory and segment; a filter or a colour of anything else is read from the customers.
"""

from typing import Any, Final

from geocrm.maps import layer_models as layer_models
from geocrm.maps.colouring import Colouring
from geocrm.maps.filters import Filter
from geocrm.maps.layer_totals import FINEST_SQUARES, squares_answer
from geocrm.spatial.morton import ZOOM

MAX_ZOOM: Final = 9
PART_BITS: Final = 6  # a tile is 64 x 64 squares


def answer(z: int, chosen: Filter, by: Colouring) -> bool:
    """Whether squares tell whom the filter chooses in tiles of the zoom, by their colour."""
    few = "owner" in chosen.fields  # theirs are found by an index
    return z <= MAX_ZOOM and not few and by.facet is None and squares_answer(chosen, z + PART_BITS)


def parts(
    z: int, keys: tuple[int, int], chosen: Filter, by: Colouring
) -> tuple[str, dict[str, Any]]:
    """SQL of the common table `parts`: customers by square, segment and `lead`; its values."""
    low, high = keys
    level = z + PART_BITS
    part_shift, finest_shift = 2 * (ZOOM - level), 2 * (ZOOM - FINEST_SQUARES)
    values = {
        "level": level,
        "first_part": low >> part_shift,
        "last_part": (high >> part_shift) - 1,
        "first_fine": low >> finest_shift,
        "last_fine": (high >> finest_shift) - 1,
        "coarser": part_shift - finest_shift,
        "part_shift": part_shift,
        "within_cell": PART_BITS,  # 8 x 8 squares a cluster
    }
    return _PARTS.replace("{lead}", by.value).replace("{filter}", chosen.sql), values


_KINDS = "owner_id, territory_id, segment, n, cents"
# Where one square is a whole cluster, it may be one customer or one point: that is read from them.
_PARTS: Final = f"""
    squares AS MATERIALIZED (
        SELECT CAST(s.part AS bigint) AS part, s.segment, {{lead}} AS lead, sum(s.n) AS n,
               sum(s.cents) / 100 AS revenue
        FROM (
            SELECT cell AS part, cell AS qk, {_KINDS} FROM square_totals
            WHERE level = :level AND cell BETWEEN :first_part AND :last_part
            UNION ALL
            SELECT cell >> :coarser, cell, {_KINDS} FROM layer_deltas
            WHERE cell BETWEEN :first_fine AND :last_fine
        ) s
        WHERE {{scope:s}} AND {{filter}} GROUP BY 1, 2, 3 HAVING sum(s.n) > 0
    ), lone AS MATERIALIZED (
        SELECT min(part) AS part FROM squares
        GROUP BY part >> :within_cell HAVING min(part) = max(part)
    ), parts AS MATERIALIZED (
        SELECT part, segment, lead, n, revenue, CAST(NULL AS int) AS account_id,
               part << :part_shift AS low, part << :part_shift AS high
        FROM squares WHERE part NOT IN (SELECT part FROM lone)
        UNION ALL
        SELECT l.part, s.segment, s.lead, count(*), sum(s.revenue), min(s.account_id),
               min(s.qk), max(s.qk)
        FROM lone l CROSS JOIN LATERAL (
            SELECT s.segment, {{lead}} AS lead, s.revenue, s.account_id, s.qk
            FROM account_scope s
            WHERE s.qk >= l.part << :part_shift AND s.qk < (l.part + 1) << :part_shift
                  AND {{scope:s}} AND {{filter}}
            OFFSET 0
        ) s
        GROUP BY 1, 2, 3
    )
"""
