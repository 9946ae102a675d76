"""Giving every customer the boundary unit it lies in anew, as after new boundaries.

One statement with the polygons outside: each finds the customers in its box in the index of their
points. A customer exactly on a border lies in all units that share it and gets the one whose code
comes first; one in no unit gets the nearest within `OFF_COAST_M`. That is what `scope.place` does
for one. Polygons are not cut into pieces for it: a cut puts new corners on a border, rounded, and
somebody exactly on it would then lie on one side only.
"""

from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers.placing_many import COARSE
from geocrm.customers.scope import covering_units_sql, nearest_unit_sql, territories_sql
from geocrm.db import elevated, scoped_sql


class Assigned(NamedTuple):
    """Customers whose point tells where they are, and what became of them."""

    customers: int
    off_coast: int
    outside: int  # of all units, and further than `OFF_COAST_M` from any
    changed: int


def assign_units(session: Session) -> Assigned:
    """Give everybody the unit they lie in, and the territory of it to those whose unit changed.

    Points that stand for a whole region or country say nothing about the unit: such customers stay
    as they are. The caller answers for the right to write everybody.
    """
    with elevated(session):
        session.execute(text(_TABLE))
        scoped_sql(session, _IN_UNITS)
        scoped_sql(session, _OFF_COAST)
        session.execute(text("ANALYZE new_units"))
        customers, off_coast, outside = session.execute(text(_COUNT)).one()
        changed = scoped_sql(session, _WRITE).rowcount
    return Assigned(customers, off_coast, outside, changed)


def covering_sql() -> str:
    """SQL that gives (account_id, unit) of everybody who lies in a unit or on its border."""
    return covering_units_sql(
        "account_scope", "account_id", f"x.grade NOT IN {COARSE} AND {{scope:x}}"
    )


_TABLE: Final = """
    DROP TABLE IF EXISTS new_units;
    CREATE TEMP TABLE new_units (account_id bigint, unit text, off_coast boolean) ON COMMIT DROP
"""
_IN_UNITS: Final = f"INSERT INTO new_units SELECT found.*, false FROM ({covering_sql()}) found"
_OFF_COAST: Final = f"""
    INSERT INTO new_units
    SELECT s.account_id, {nearest_unit_sql("s.geom")}, true
    FROM account_scope s
    WHERE s.geom IS NOT NULL AND s.grade NOT IN {COARSE} AND {{scope:s}}
      AND NOT EXISTS (SELECT FROM new_units w WHERE w.account_id = s.account_id)
"""
_COUNT: Final = """
    SELECT count(*), count(unit) FILTER (WHERE off_coast), count(*) FILTER (WHERE unit IS NULL)
    FROM new_units
"""
_WRITE: Final = f"""
    WITH ground AS MATERIALIZED ({territories_sql("SELECT unit FROM new_units")})
    UPDATE account_scope s SET unit = w.unit, territory_id = w.territory_id
    FROM (SELECT n.account_id, n.unit, g.territory_id
          FROM new_units n LEFT JOIN ground g ON g.unit = n.unit) w
    WHERE w.account_id = s.account_id AND s.unit IS DISTINCT FROM w.unit AND {{scope:s}}
"""
