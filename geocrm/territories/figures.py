"""What lies in each unit: accounts, revenue, people; always within what the actor may see."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.db import scoped_sql
from geocrm.territories.models import Measure


class UnitFigures(NamedTuple):
    """Accounts of a unit and their revenue."""

    accounts: int = 0
    revenue: float = 0.0

    def of(self, measure: Measure, population: int | None) -> float:
        """The figure that a plan balances."""
        if measure is Measure.ACCOUNTS:
            return float(self.accounts)
        return self.revenue if measure is Measure.REVENUE else float(population or 0)


class Unplaced(NamedTuple):
    """Accounts no unit can be trusted to hold, and their revenue."""

    accounts: int
    revenue: float


def by_unit(session: Session, units: Collection[str]) -> dict[str, UnitFigures]:
    """Accounts and revenue in these units and in what lies below them; empty units are left out.

    An account knows its finest unit, so a regency counts for its province too. One statement.
    """
    rows = scoped_sql(session, _BY_UNIT, {"units": list(units)})
    return {row[0]: UnitFigures._make(row[1:]) for row in rows}


def unplaced(session: Session) -> Unplaced:
    """Accounts without a trustworthy point, which no territory can count. One statement."""
    row = scoped_sql(session, _UNPLACED, {"coarse": list(UNTRUSTWORTHY)}).one()
    return Unplaced._make(row)


# Counting comes before rolling up: the accounts are read once, whatever the level.
_BY_UNIT = """
    WITH RECURSIVE below(unit, code) AS (
        SELECT code, code FROM boundaries WHERE code = ANY(:units)
        UNION ALL
        SELECT below.unit, b.code FROM below JOIN boundaries b ON b.parent = below.code
    ), found AS MATERIALIZED (
        SELECT s.unit, count(*) AS accounts, sum(s.revenue) AS revenue
        FROM account_scope s WHERE s.unit IS NOT NULL AND {scope:s} GROUP BY s.unit
    )
    SELECT below.unit, CAST(sum(found.accounts) AS bigint), sum(found.revenue)
    FROM below JOIN found ON found.unit = below.code GROUP BY below.unit
    UNION ALL
    SELECT m.unit, count(*), sum(s.revenue)
    FROM unit_accounts m JOIN account_scope s ON s.account_id = m.account_id
    WHERE m.unit = ANY(:units) AND {scope:s} GROUP BY m.unit
"""
_UNPLACED = """
    SELECT count(*), coalesce(sum(s.revenue), 0)
    FROM account_scope s WHERE {scope:s} AND (s.unit IS NULL OR s.grade = ANY(:coarse))
"""
