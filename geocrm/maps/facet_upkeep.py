"""Keeping the sums by facet small, right, and checked against the customers."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import elevated, scoped_sql
from geocrm.maps import pyramid_models as pyramid_models
from geocrm.maps.pyramid import COARSEST_LEVEL, FINEST_LEVEL


def fold(session: Session) -> int:
    """Move what changed into the cells; how many rows of changes that were."""
    return int(session.scalar(text("SELECT fold_facet_deltas()")) or 0)


def rebuild(session: Session) -> int:
    """Count all cells anew from the customers; how many rows there are now."""
    return int(session.scalar(text("SELECT rebuild_facet_cells()")) or 0)


def wrong(session: Session) -> list[str]:
    """Which facets, with what changed, have not the sums of the customers."""
    with elevated(session):
        rows = scoped_sql(session, _COMPARE).all()
    return [f"{row.facet} of level {row.level}" for row in rows]


_SUMS = "sum(n) AS n, sum(ids) AS ids, sum(CAST(cents AS numeric)) AS cents"
# Whole numbers and hundredths: equal or wrong, nothing between. By period and grade, so that a
# customer counted in another one is seen.
_COMPARE = f"""
    WITH truth AS MATERIALIZED (
        SELECT facet, week, grade, {_SUMS} FROM (
            SELECT f.*, 1 AS n, s.account_id AS ids,
                   CASE WHEN abs(s.revenue) <= 1e15 THEN round(s.revenue * 100) ELSE 0 END AS cents
            FROM account_scope s CROSS JOIN LATERAL (VALUES
                ('last_order', CAST(date_trunc('week', s.last_order) AS date), NULL),
                ('last_visit', CAST(date_trunc('week', s.last_visit) AS date), NULL),
                ('grade', NULL, s.grade)) AS f(facet, week, grade)
            WHERE {{scope:s}}) each
        GROUP BY 1, 2, 3
    ), changes AS MATERIALIZED (
        SELECT facet, week, grade, {_SUMS} FROM facet_deltas d WHERE {{scope:d}} GROUP BY 1, 2, 3
    ), kept AS (
        SELECT level, facet, week, grade, sum(n) AS n, sum(ids) AS ids, sum(cents) AS cents FROM (
            SELECT level, facet, week, grade, {_SUMS} FROM facet_cells c WHERE {{scope:c}}
            GROUP BY 1, 2, 3, 4
            UNION ALL SELECT l.level, d.* FROM changes d
            CROSS JOIN generate_series({COARSEST_LEVEL}, {FINEST_LEVEL}) AS l(level)) each
        GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 OR sum(ids) <> 0 OR sum(cents) <> 0
    ), missing AS (
        SELECT l.level, t.facet, t.week, t.grade, t.n, t.ids, t.cents FROM truth t
        CROSS JOIN generate_series({COARSEST_LEVEL}, {FINEST_LEVEL}) AS l(level)
    ), differing AS (
        (TABLE kept EXCEPT TABLE missing) UNION ALL (TABLE missing EXCEPT TABLE kept)
    )
    SELECT DISTINCT facet, level FROM differing ORDER BY facet, level
"""
