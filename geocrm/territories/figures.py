"""What lies in each unit: accounts, revenue, people; always within what the actor may see."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.db import scoped_sql
from geocrm.territories import sources
from geocrm.territories.balance import Balance
from geocrm.territories.models import Measure
from geocrm.territories.sources import cadence_today
from geocrm.territories.workload import workload_by_unit


class UnitFigures(NamedTuple):
    """Accounts of a unit and their revenue."""

    accounts: int = 0
    revenue: float = 0.0


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


def further(
    session: Session, units: Collection[str], balance: Balance
) -> dict[str, Mapping[str, float]]:
    """What else a plan balances, by measure and unit; empty units are left out.

    Orders are one statement, workload two, numbers out of a file none.
    """
    found: dict[str, Mapping[str, float]] = {}
    for name in balance.further:
        if name in balance.numbers:
            found[name] = balance.numbers[name]
        elif name == Measure.WORKLOAD:
            found[name] = workload_by_unit(session, units, balance.cadence or cadence_today())
        else:
            found[name] = sources.counted(session, Measure(name), units)
    return found


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
