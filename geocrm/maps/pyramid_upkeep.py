"""Keeping the cells small, right, and checked against the customers they stand for."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import elevated, scoped_sql
from geocrm.maps import facet_upkeep, layer_upkeep
from geocrm.maps import pyramid_models as pyramid_models

# Fewer are read with every tile at no cost; writing the cells for each would cost more.
WORTH_FOLDING = 200


class Compared(NamedTuple):
    """Sums over the cells of a level against those over the customers."""

    customers: int
    counted: int
    wrong_levels: list[int]
    wrong_layers: list[str]

    @property
    def agree(self) -> bool:
        """Whether cells and totals stand for exactly these customers."""
        return not (self.wrong_levels or self.wrong_layers)


def fold(session: Session) -> int:
    """Move what changed into cells and layers' totals; how many rows of changes that were."""
    cells = int(session.scalar(text("SELECT fold_map_deltas()")) or 0)
    return cells + facet_upkeep.fold(session) + layer_upkeep.fold(session)


def fold_when_worthwhile(session: Session) -> int:
    """Fold unless next to nothing changed."""
    with elevated(session):
        waiting = scoped_sql(
            session,
            "SELECT count(*) FROM (SELECT FROM map_deltas d WHERE {scope:d} UNION ALL"
            " SELECT FROM facet_deltas f WHERE {scope:f} UNION ALL"
            " SELECT FROM layer_deltas l WHERE {scope:l} LIMIT :enough) waiting",
            {"enough": WORTH_FOLDING},
        ).scalar_one()
    return fold(session) if waiting >= WORTH_FOLDING else 0


def rebuild(session: Session) -> int:
    """Count cells and totals anew from the customers; how many rows of them there are now."""
    cells = int(session.scalar(text("SELECT rebuild_map_cells()")) or 0)
    return cells + facet_upkeep.rebuild(session) + layer_upkeep.rebuild(session)


def compare(session: Session) -> Compared:
    """Whether each level of cells, and of totals, with what changed, has the customers' sums."""
    with elevated(session):
        rows = scoped_sql(session, _COMPARE).all()
    base = next(tuple(row[1:]) for row in rows if row.level is None)
    levels = {row.level: tuple(row[1:]) for row in rows if row.level is not None}
    wrong = [level for level, sums in sorted(levels.items()) if sums != base]
    others = facet_upkeep.wrong(session) + layer_upkeep.wrong(session)
    return Compared(int(base[0]), int(levels[9][0]), wrong, others)


# Whole numbers and hundredths: equal or wrong, nothing between.
_COMPARE = """
    SELECT CAST(NULL AS int) AS level, count(*) AS n, sum(account_id) AS ids,
           coalesce(sum(CAST(round(revenue * 100) AS numeric)), 0) AS cents
    FROM account_scope s WHERE {scope:s}
    UNION ALL
    SELECT l.level, coalesce(c.n, 0) + coalesce(d.n, 0), coalesce(c.ids, 0) + coalesce(d.ids, 0),
           coalesce(c.cents, 0) + coalesce(d.cents, 0)
    FROM generate_series(3, 9) AS l(level)
    LEFT JOIN (SELECT level, sum(n) AS n, sum(ids) AS ids, sum(CAST(cents AS numeric)) AS cents
               FROM map_cells c WHERE {scope:c} GROUP BY level) c USING (level)
    CROSS JOIN (SELECT sum(n) AS n, sum(ids) AS ids, sum(CAST(cents AS numeric)) AS cents
                FROM map_deltas d WHERE {scope:d}) d
"""
