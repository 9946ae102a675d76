"""Packs that overlap: a street that two packs hold answers once, from the newer one.

Nothing is thrown away, so that either pack may be removed again. The names of a street that a newer
pack holds whole wait in `pack_hidden_names`, its points of interest in `pack_hidden_pois`; of a
street cut by the edge of the newer extract, both remain.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session


def arrange(session: Session) -> None:
    """Show each street and point of interest once; to be called after any change of packs."""
    for statement in _SHOW_ALL + _COVERED + _HIDE:
        session.execute(text(statement))


def neighbours(session: Session, name: str) -> list[str]:
    """The packs whose ground the pack shares."""
    return list(
        session.scalars(
            text(
                "SELECT b.name FROM region_packs a JOIN region_packs b ON b.id <> a.id"
                " AND ST_Intersects(a.box, b.box) WHERE a.name = :name ORDER BY 1"
            ),
            {"name": name},
        )
    )


def hand_over(session: Session, pack_id: int) -> None:
    """Before a pack goes: places of the gazetteer that lie in another pack stay with that one."""
    session.execute(text(_HEIRS), {"pack": pack_id})
    for table, column in (("places", "id"), ("names", "place_id")):
        session.execute(
            text(
                f"UPDATE gazetteer_{table} g SET pack_id = h.heir FROM new_heirs h"
                f" WHERE h.id = g.{column} AND g.pack_id = :pack"
            ),
            {"pack": pack_id},
        )
    session.execute(text(_HEIR_SPELLINGS), {"pack": pack_id})
    session.execute(text("DROP TABLE new_heirs"))


_SHOW_ALL = (
    "INSERT INTO pack_street_names SELECT * FROM pack_hidden_names",
    "DELETE FROM pack_hidden_names",
    "INSERT INTO pack_pois SELECT * FROM pack_hidden_pois",
    "DELETE FROM pack_hidden_pois",
)
# Of two packs on one ground the one with older data; the one loaded first when both are as old.
_PAIRS = """
    SELECT o.id AS older, n.id AS newer FROM region_packs o JOIN region_packs n
    ON n.id <> o.id AND ST_Intersects(o.box, n.box) AND (coalesce(o.data_date, '-infinity'), o.id)
        < (coalesce(n.data_date, '-infinity'), n.id)
"""
_COVERED = (
    f"CREATE TEMP TABLE new_pairs ON COMMIT DROP AS {_PAIRS}",
    """
    CREATE TEMP TABLE new_refs ON COMMIT DROP AS
    SELECT s.pack_id, s.id AS street_id, cardinality(s.osm_refs) AS num_refs, r.ref
    FROM pack_streets s CROSS JOIN LATERAL unnest(s.osm_refs) AS r(ref)
    WHERE s.pack_id IN (SELECT older FROM new_pairs UNION SELECT newer FROM new_pairs)
    """,
    "CREATE INDEX ON new_refs (ref)",
    "ANALYZE new_refs",
    """
    CREATE TEMP TABLE new_covered ON COMMIT DROP AS
    SELECT DISTINCT o.street_id
    FROM new_pairs p JOIN new_refs o ON o.pack_id = p.older
    JOIN new_refs n ON n.ref = o.ref AND n.pack_id = p.newer
    GROUP BY o.street_id, o.num_refs, n.street_id HAVING count(*) = o.num_refs
    """,
)
_HIDE = (
    """
    WITH gone AS (
        DELETE FROM pack_street_names n USING new_covered c
        WHERE c.street_id = n.street_id RETURNING n.*
    )
    INSERT INTO pack_hidden_names SELECT * FROM gone
    """,
    """
    WITH gone AS (
        DELETE FROM pack_pois o USING new_pairs p, pack_pois n
        WHERE o.pack_id = p.older AND n.pack_id = p.newer AND n.osm_ref = o.osm_ref RETURNING o.*
    )
    INSERT INTO pack_hidden_pois SELECT DISTINCT * FROM gone
    """,
    "DROP TABLE new_pairs, new_refs, new_covered",
)
_HEIRS = """
    CREATE TEMP TABLE new_heirs ON COMMIT DROP AS
    SELECT DISTINCT ON (g.id) g.id, p.id AS heir
    FROM gazetteer_places g JOIN region_packs p ON p.id <> :pack
        AND ST_Covers(p.box, ST_SetSRID(ST_MakePoint(g.lon, g.lat), 4326))
    WHERE g.pack_id = :pack ORDER BY g.id, p.id
"""
_HEIR_SPELLINGS = """
    UPDATE gazetteer_spellings s SET pack_id = k.heir FROM (
        SELECT DISTINCT ON (n.key, n.country) n.key, n.country, h.heir
        FROM new_heirs h JOIN gazetteer_names n ON n.place_id = h.id AND n.pack_id = h.heir
        ORDER BY 1, 2, 3
    ) k WHERE s.pack_id = :pack AND s.key = k.key AND s.country = k.country
"""
