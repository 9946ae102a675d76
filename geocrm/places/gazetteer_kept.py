"""Keeps what region packs added to the gazetteer while its own files are loaded again.

The tables are emptied at once, which is faster than a deletion; what packs added is little and is
put back at the end, without the places that the gazetteer has come to know itself.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

SAME_TOWN_M, SAME_VILLAGE_M = 5_000, 2_000
_TABLES = ("gazetteer_places", "gazetteer_names", "gazetteer_spellings")


class PackRows:
    """The rows of packs, out of the way."""

    def __init__(self, session: Session) -> None:
        self._session = session
        session.execute(text("DROP TABLE IF EXISTS kept_places, kept_names, kept_spellings"))
        session.execute(text(_KEEP_PLACES))
        for table in ("names", "spellings"):
            session.execute(
                text(
                    f"CREATE TEMP TABLE kept_{table} ON COMMIT DROP AS"
                    f" SELECT * FROM gazetteer_{table} WHERE pack_id IS NOT NULL"
                )
            )

    def put_back(self) -> None:
        """Put them back; to be called when the tables are full and indexed again."""
        values = {"town": SAME_TOWN_M, "village": SAME_VILLAGE_M}
        self._session.execute(text(_FORGET_KNOWN), values)
        for statement in _PUT_BACK:
            self._session.execute(text(statement))


# The numbers of regions and regencies change with a load, their codes do not.
_KEEP_PLACES = """
    CREATE TEMP TABLE kept_places ON COMMIT DROP AS
    SELECT p.*, r.code AS region_code, g.code AS regency_code
    FROM gazetteer_places p
    LEFT JOIN gazetteer_places r ON r.id = p.region_id
    LEFT JOIN gazetteer_places g ON g.id = p.regency_id
    WHERE p.pack_id IS NOT NULL
"""
_FORGET_KNOWN = """
    DELETE FROM kept_places k USING kept_names m, gazetteer_names n, gazetteer_places p
    WHERE m.place_id = k.id AND n.key = m.key AND n.country = m.country AND p.id = n.place_id
      AND CASE WHEN k.kind = 'postcode' THEN p.kind = 'postcode'
          ELSE p.kind IN ('village', 'city', 'district') AND p.name = k.name
              AND ST_DistanceSphere(ST_MakePoint(p.lon, p.lat), ST_MakePoint(k.lon, k.lat))
                  < CASE WHEN k.kind = 'city' THEN :town ELSE :village END
          END
"""
_PUT_BACK = (
    """
    INSERT INTO gazetteer_places (id, code, kind, country, name, label, region_id, regency_id,
        population, lon, lat, radius_m, pack_id)
    SELECT k.id, k.code, k.kind, k.country, k.name, k.label, r.id, g.id, k.population, k.lon, k.lat,
        k.radius_m, k.pack_id
    FROM kept_places k
    LEFT JOIN gazetteer_places r ON r.code = k.region_code
    LEFT JOIN gazetteer_places g ON g.code = k.regency_code
    """,
    """
    INSERT INTO gazetteer_names
    SELECT n.* FROM kept_names n JOIN kept_places p ON p.id = n.place_id
    """,
    "INSERT INTO gazetteer_spellings SELECT * FROM kept_spellings",
    "DROP TABLE kept_places, kept_names, kept_spellings",
)
