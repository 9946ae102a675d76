"""Figures by region: the units of a boundary level, the live territories, or the segments.

An account knows the finest unit that holds it (`account_scope.unit`); a unit of a coarser level
stands for all below it, by `boundaries.parent`. Customers in no region of the level come as one
more row without a code, so the rows add up to what the filter chooses.

Customers counted beforehand give the figures where they know all that the filter asks for
(`geocrm.maps.layer_totals`, and of territories and segments the cells of `geocrm.maps.pyramid`);
else every customer is read.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.customers.models import SEGMENTS
from geocrm.db import elevated, scoped_sql
from geocrm.maps import layer_totals, pyramid
from geocrm.maps.beforehand import answer
from geocrm.maps.filters import Filter
from geocrm.maps.service import sees_individuals
from geocrm.security import Actor
from geocrm.security.disclosure import shown_amount, shown_count

TERRITORIES: Final = "territories"
SEGMENT: Final = "segments"


@dataclass(frozen=True, slots=True)
class Region:
    """A region's customers; the one without a code holds those in none."""

    code: str | int | None
    name: str | None
    name_id: str | None  # in Indonesian, where it is known
    count: int
    revenue: float
    segments: dict[str, int]
    # Of a territory: who works in it as rep, and the boundary units that it is made of.
    owner: str | None
    units: list[str] | None


def regions(session: Session, layer: str, chosen: Filter) -> list[Region]:
    """The regions that hold a customer, the largest first. One statement."""
    sql, values = statement(layer, chosen)
    return [
        Region(
            code=row["code"],
            name=row["name"],
            name_id=row["name_id"],
            count=row["count"],
            revenue=row["revenue"],
            segments={name: row[f"seg_{name}"] for name in SEGMENTS if row[f"seg_{name}"]},
            owner=row["owner"],
            units=row["units"],
        )
        for row in scoped_sql(session, sql, values).mappings()
    ]


def statement(layer: str, chosen: Filter) -> tuple[str, dict[str, Any]]:
    """The SQL of the figures, with its values."""
    if layer == TERRITORIES:
        sql, (figures, values) = _BY_TERRITORY, _by_kind("territory_id", chosen)
    elif layer == SEGMENT:
        sql, (figures, values) = _BY_SEGMENT, _by_kind("NULL::int", chosen)
    else:
        sql, (figures, values) = _BY_UNIT, layer_totals.by_unit(chosen)
        values["layer"] = layer
    return sql.replace("{figures}", figures), values


def _by_kind(part: str, chosen: Filter) -> tuple[str, dict[str, Any]]:
    found = answer(chosen)
    if found is None:
        return layer_totals.of_customers(part, chosen), dict(chosen.params)
    kinds, values = pyramid.kinds(chosen, found)
    sums = "sum(k.n)::int AS n, sum(k.revenue) AS revenue"
    figures = f"SELECT {part} AS part, k.segment, {sums} FROM ({kinds}) k GROUP BY 1, 2"
    # How good a point is, which `kinds` tell as well, is not asked here.
    return figures, values | {"coarse": []}


def shown_regions(session: Session, actor: Actor, layer: str, chosen: Filter) -> list[Region]:
    """The regions as the actor may know them; see `geocrm.security.disclosure`."""
    if sees_individuals(actor):
        return regions(session, layer, chosen)
    with elevated(session):
        found = regions(session, layer, chosen)
    return [_guarded(each) for each in found if shown_count(each.count)]


def _guarded(found: Region) -> Region:
    segments = {name: shown_count(number) for name, number in found.segments.items()}
    return replace(
        found,
        count=shown_count(found.count) or 0,
        revenue=shown_amount(found.revenue, found.count) or 0.0,
        segments={name: number for name, number in segments.items() if number},
        owner=None,
    )


_SUMS: Final = "sum(f.n)::int AS count, sum(f.revenue) AS revenue, " + ", ".join(
    f"(sum(f.n) FILTER (WHERE f.segment = '{name}'))::int AS \"seg_{name}\"" for name in SEGMENTS
)
_PLAIN: Final = "NULL AS name_id, NULL AS owner, NULL AS units"
_FIGURES: Final = "figures AS MATERIALIZED ({figures})"
_BY_UNIT: Final = f"""
    WITH RECURSIVE {_FIGURES}, above(part, code) AS (
        SELECT DISTINCT part, part FROM figures WHERE part IS NOT NULL
        UNION ALL
        SELECT above.part, b.parent FROM above JOIN boundaries b ON b.code = above.code
        WHERE b.layer <> :layer AND b.parent IS NOT NULL
    ), regions AS (
        SELECT above.part, b.code, b.name, b.name_id
        FROM above JOIN boundaries b ON b.code = above.code WHERE b.layer = :layer
    )
    SELECT r.code, min(r.name) AS name, min(r.name_id) AS name_id, {_SUMS},
           NULL AS owner, NULL AS units
    FROM figures f LEFT JOIN regions r ON r.part = f.part
    GROUP BY r.code ORDER BY count DESC, r.code
"""
_BY_TERRITORY: Final = f"""
    WITH {_FIGURES}, summed AS (
        SELECT f.part, {_SUMS} FROM figures f GROUP BY 1
    )
    SELECT summed.part AS code, t.name, NULL AS name_id, summed.*,
           (SELECT string_agg(u.name, ', ' ORDER BY u.name) FROM territory_members m
            JOIN users u ON u.id = m.user_id
            WHERE m.territory_id = t.id AND m.role = 'rep') AS owner,
           (SELECT array_agg(p.unit ORDER BY p.unit) FROM territory_units p
            WHERE p.territory_id = t.id AND p.plan_id = t.plan_id) AS units
    FROM summed LEFT JOIN territories t ON t.id = summed.part
    ORDER BY count DESC, t.number
"""
_BY_SEGMENT: Final = f"""
    WITH {_FIGURES}
    SELECT f.segment AS code, f.segment AS name, {_PLAIN}, {_SUMS}
    FROM figures f GROUP BY f.segment ORDER BY count DESC, f.segment
"""
