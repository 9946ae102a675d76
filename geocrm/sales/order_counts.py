"""How many orders the customers of a unit placed, told to the rooms below."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import scoped_sql
from geocrm.sales.service import YEAR
from geocrm.territories import sources
from geocrm.territories.models import Measure


@sources.counts(Measure.ORDERS)
def by_unit(session: Session, units: Collection[str]) -> Mapping[str, float]:
    """Orders of the last 365 days in these units and in what lies below them. One statement.

    Of the accounts the session may see; units without an order are left out.
    """
    values = {"units": list(units), "since": clock.business_day() - YEAR}
    return {row.unit: float(row.orders) for row in scoped_sql(session, _BY_UNIT, values)}


# Counting comes before rolling up: the orders are read once, whatever the level.
_BY_UNIT: Final = """
    WITH RECURSIVE below(unit, code) AS (
        SELECT code, code FROM boundaries WHERE code = ANY(:units)
        UNION ALL
        SELECT below.unit, b.code FROM below JOIN boundaries b ON b.parent = below.code
    ), found AS MATERIALIZED (
        SELECT h.unit, count(*) AS orders
        FROM orders o JOIN (
            SELECT s.account_id, s.unit FROM account_scope s
            WHERE s.unit IS NOT NULL AND {scope:s}
            UNION ALL
            SELECT s.account_id, m.unit
            FROM unit_accounts m JOIN account_scope s ON s.account_id = m.account_id
            WHERE m.unit = ANY(:units) AND {scope:s}
        ) h ON h.account_id = o.account_id
        WHERE o.ordered_on > :since GROUP BY h.unit
    )
    SELECT below.unit, CAST(sum(found.orders) AS bigint) AS orders
    FROM below JOIN found ON found.unit = below.code GROUP BY below.unit
"""
