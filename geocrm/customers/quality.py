"""How good the points of customers are: by grade, and by the unit they lie in."""

from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.geocoding.address import Grade
from geocrm.places import queries as places

STREET_LEVEL: Final = (Grade.ROOFTOP, Grade.INTERPOLATED, Grade.STREET)


class GradeShare(NamedTuple):
    """How many customers have a point of this grade, and their revenue."""

    grade: str
    customers: int
    revenue: float


class Overview(NamedTuple):
    """Customers by grade, the finest first; how many a person placed, and how many wait."""

    grades: list[GradeShare]
    placed_by_hand: int
    settled: int
    open: int
    nowhere: int
    # Never looked up, or written otherwise since.
    pending: int

    @property
    def customers(self) -> int:
        """All of them."""
        return sum(each.customers for each in self.grades)


class UnitQuality(NamedTuple):
    """The customers of a unit: how many, and how many of them are known how well."""

    code: str | None
    name: str | None
    name_id: str | None
    parent: str | None
    customers: int
    street_level: int
    # Known to the village or postcode, but to no street.
    village_level: int
    # Known to the province or the country only, or not at all.
    untrustworthy: int
    open: int
    revenue: float
    weak_revenue: float
    # A point inside the unit.
    lon: float | None
    lat: float | None


def overview(session: Session) -> Overview:
    """The grades of all customers the actor sees. One statement."""
    rows = scoped_sql(session, _OVERVIEW).all()
    by_grade = {row.grade: GradeShare(row.grade, row.customers, row.revenue) for row in rows}
    shares = [by_grade[grade.value] for grade in Grade if grade.value in by_grade]
    return Overview(
        shares,
        *(sum(getattr(row, name) for row in rows) for name in Overview._fields[1:]),
    )


def by_unit(session: Session, layer: str) -> list[UnitQuality]:
    """The units of a layer that hold customers, the weakest first; those in no unit last.

    A customer whose address names a province and no more has no point in a unit, but belongs to
    that province all the same. InvalidInput for a layer that is not there. Two statements.
    """
    places.layer(session, layer)
    values = {"layer": layer, "street": [grade.value for grade in STREET_LEVEL]}
    return [UnitQuality._make(row) for row in scoped_sql(session, _BY_UNIT, values)]


_OVERVIEW: Final = """
    SELECT s.grade, count(*) AS customers, sum(s.revenue) AS revenue,
        count(*) FILTER (WHERE d.provider = 'pin') AS placed_by_hand,
        count(*) FILTER (WHERE d.review = 'settled') AS settled,
        count(*) FILTER (WHERE d.review = 'open') AS open,
        count(*) FILTER (WHERE d.review = 'nowhere') AS nowhere,
        count(*) FILTER (WHERE d.answered IS DISTINCT FROM d.fingerprint AND d.fingerprint <> ''
                           AND coalesce(d.provider, '') NOT IN ('pin', 'file')) AS pending
    FROM account_scope s JOIN addresses d ON d.account_id = s.account_id
    WHERE {scope:s} GROUP BY s.grade
"""
# Counted by unit first: there are few units, and their ancestors are looked up once each.
_BY_UNIT: Final = """
    WITH RECURSIVE regions AS MATERIALIZED (
        SELECT g.country, g.label, min(g.code) AS code FROM gazetteer_places g
        WHERE g.kind = 'region' GROUP BY g.country, g.label),
    here AS MATERIALIZED (
        SELECT coalesce(s.unit, r.code) AS unit, s.grade, s.revenue, d.review = 'open' AS open
        FROM account_scope s
        JOIN addresses d ON d.account_id = s.account_id
        LEFT JOIN regions r ON s.unit IS NULL AND s.grade = 'region'
            AND r.country = d.country AND r.label = d.label
        WHERE {scope:s}),
    counted AS MATERIALIZED (
        SELECT unit, count(*) AS customers,
            count(*) FILTER (WHERE grade = ANY(CAST(:street AS text[]))) AS street_level,
            count(*) FILTER (WHERE grade IN ('village', 'postcode')) AS village_level,
            count(*) FILTER (WHERE grade IN ('region', 'country', 'none')) AS untrustworthy,
            count(*) FILTER (WHERE open) AS open,
            sum(revenue) AS revenue,
            coalesce(sum(revenue) FILTER (WHERE grade <> ALL(CAST(:street AS text[]))), 0)
                AS weak_revenue
        FROM here GROUP BY unit),
    up(unit, code, layer, parent) AS (
        SELECT c.unit, b.code, b.layer, b.parent
        FROM counted c JOIN boundaries b ON b.code = c.unit
        UNION ALL
        SELECT up.unit, b.code, b.layer, b.parent FROM up JOIN boundaries b ON b.code = up.parent
        WHERE up.layer <> :layer)
    SELECT b.code, b.name, b.name_id, p.name AS parent,
        CAST(sum(c.customers) AS bigint), CAST(sum(c.street_level) AS bigint),
        CAST(sum(c.village_level) AS bigint), CAST(sum(c.untrustworthy) AS bigint),
        CAST(sum(c.open) AS bigint), sum(c.revenue), sum(c.weak_revenue),
        ST_X(b.centre), ST_Y(b.centre)
    FROM counted c
    LEFT JOIN up ON up.unit = c.unit AND up.layer = :layer
    LEFT JOIN boundaries b ON b.code = up.code
    LEFT JOIN boundaries p ON p.code = b.parent
    GROUP BY b.code, p.name
    ORDER BY b.code IS NULL, sum(c.customers - c.street_level) DESC, b.code
"""
