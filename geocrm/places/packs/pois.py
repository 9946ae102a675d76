"""Points of interest: what has a name and is a shop, an office, a sight, a station."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.places.gazetteer_names import name_key

# Of one name and kind, nearer than this, they are one: a school's outline and its gate.
SAME_POI_M = 100


def store(session: Session, pack_id: int) -> None:
    """Fill pack_pois."""
    names = session.execute(text(_NAMES)).all()
    session.execute(
        text("CREATE TEMP TABLE new_poi_keys (name text, country text, key text) ON COMMIT DROP")
    )
    keyed = ((name, country, name_key(name, country)) for name, country in names)
    copy_rows(session, "new_poi_keys", ("name", "country", "key"), (row for row in keyed if row[2]))
    session.execute(text("CREATE INDEX ON new_poi_keys (name, country)"))
    session.execute(text("ANALYZE new_poi_keys"))
    session.execute(text(_INTO_PACK), {"pack": pack_id, "same": SAME_POI_M})


_NAMES = """
    SELECT DISTINCT p.name, s.country
    FROM new_pois p JOIN new_stands s ON s.of = 'poi' AND s.id = p.id
"""
_INTO_PACK = """
    INSERT INTO pack_pois (pack_id, osm_ref, country, name, key, category, label, lon, lat)
    SELECT DISTINCT ON (key, category, country, cluster)
        :pack, osm_ref, country, name, key, category, label, ST_X(geom), ST_Y(geom)
    FROM (
        SELECT *, ST_ClusterDBSCAN(ST_Scale(geom, 111320 * cos(radians(lat)), 110540), :same, 1)
            OVER (PARTITION BY key, category, country) AS cluster
        FROM (
            SELECT p.osm_ref, s.country, p.name, k.key, p.category, l.label, s.geom,
                avg(ST_Y(s.geom)) OVER (PARTITION BY k.key, p.category, s.country) AS lat
            FROM new_pois p JOIN new_stands s ON s.of = 'poi' AND s.id = p.id
            JOIN new_poi_keys k ON k.name = p.name AND k.country = s.country
            JOIN new_labels l ON l.ground_id = s.ground_id
        ) p
    ) c ORDER BY key, category, country, cluster, osm_ref
"""
