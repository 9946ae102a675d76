"""Keeping the totals of the layers small, right, and checked against the customers."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import elevated, scoped_sql
from geocrm.maps import layer_models as layer_models
from geocrm.maps.layer_totals import COARSEST_SQUARES, FINEST_SQUARES


def fold(session: Session) -> int:
    """Move what changed into the totals; how many rows of changes that were."""
    return int(session.scalar(text("SELECT fold_layer_deltas()")) or 0)


def rebuild(session: Session) -> int:
    """Count all totals anew from the customers; how many rows there are now."""
    return int(session.scalar(text("SELECT rebuild_layer_totals()")) or 0)


def wrong(session: Session) -> list[str]:
    """Which totals, with what changed, have not the sums of the customers."""
    with elevated(session):
        rows = scoped_sql(session, _COMPARE).all()
    return [row.name for row in rows if (row.n, row.cents) != (row.all_n, row.all_cents)]


_CENTS = "coalesce(sum(CAST(cents AS numeric)), 0) AS cents"
# Whole numbers and hundredths: equal or wrong, nothing between.
_COMPARE = f"""
    WITH everybody AS MATERIALIZED (
        SELECT count(*) AS n, {_CENTS}, qk IS NOT NULL AS placed
        FROM (SELECT s.qk, CASE WHEN abs(s.revenue) <= 1e15 THEN round(s.revenue * 100)
                                ELSE 0 END AS cents
              FROM account_scope s WHERE {{scope:s}}) s
        GROUP BY 3
    ), changes AS MATERIALIZED (
        SELECT coalesce(sum(n), 0) AS n, {_CENTS}, cell >= 0 AS placed
        FROM layer_deltas d WHERE {{scope:d}} GROUP BY 3
    ), totals AS (
        SELECT 'regions' AS name, ARRAY[true, false] AS of, coalesce(sum(n), 0) AS n, {_CENTS}
        FROM region_totals r WHERE {{scope:r}}
        UNION ALL
        SELECT 'squares of zoom ' || l.level, ARRAY[true], coalesce(sum(q.n), 0), {_CENTS}
        FROM generate_series({COARSEST_SQUARES}, {FINEST_SQUARES}) AS l(level)
        LEFT JOIN (SELECT * FROM square_totals q WHERE {{scope:q}}) q USING (level) GROUP BY l.level
    )
    SELECT t.name,
           t.n + coalesce((SELECT sum(c.n) FROM changes c WHERE c.placed = ANY(t.of)), 0) AS n,
           t.cents + coalesce((SELECT sum(c.cents) FROM changes c WHERE c.placed = ANY(t.of)), 0)
               AS cents,
           coalesce((SELECT sum(e.n) FROM everybody e WHERE e.placed = ANY(t.of)), 0) AS all_n,
           coalesce((SELECT sum(e.cents) FROM everybody e WHERE e.placed = ANY(t.of)), 0)
               AS all_cents
    FROM totals t ORDER BY length(t.name), t.name
"""
