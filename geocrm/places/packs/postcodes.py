"""Postcodes: from areas to the addresses that lack one, and from addresses to the gazetteer."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.places.gazetteer_names import name_key

WEIGHT = 20.0  # as of the gazetteer's own postcodes
MIN_RADIUS_M = 300


def complete(session: Session) -> None:
    """Give addresses without a postcode that of the postal area they lie in, all in one form."""
    session.execute(text(_FROM_AREAS))
    session.execute(text(_ONE_FORM))


def store(session: Session, pack_id: int) -> None:
    """Add the postcodes of the pack's addresses that the gazetteer does not know to it."""
    session.execute(text(_GATHER), {"pack": pack_id, "least": MIN_RADIUS_M})
    rows = session.execute(text("SELECT id, postcode, country FROM new_postcodes")).all()
    session.execute(text("CREATE TEMP TABLE new_postcode_keys (id int, key text) ON COMMIT DROP"))
    copy_rows(session, "new_postcode_keys", ("id", "key"), _keyed(rows))
    session.execute(text(_FORGET_KNOWN))
    session.execute(text(_PLACES), {"pack": pack_id})
    session.execute(text(_NAMES), {"pack": pack_id, "weight": WEIGHT})


def _keyed(rows: Any) -> Iterator[tuple[int, str]]:
    for row in rows:
        key = name_key(row.postcode, row.country)
        if key:
            yield row.id, key


_FROM_AREAS = """
    UPDATE new_addresses a SET postcode = w.postcode
    FROM (
        SELECT p.id, min(o.postcode) AS postcode
        FROM (SELECT postcode, ST_Subdivide(ST_MakeValid(shape), 64) AS geom
              FROM new_areas WHERE postcode <> '') o
        JOIN new_points p ON p.of = 'address' AND ST_Intersects(o.geom, p.geom)
        GROUP BY p.id
    ) w
    WHERE w.id = a.id AND a.postcode = ''
"""
# LI-9490 beside a majority of plain 9490 is the same; where most bear the letters, they stay.
_ONE_FORM = """
    WITH written AS (
        SELECT a.id, s.country, a.postcode ~ '^[A-Z]{1,3}-[0-9]' AS lettered
        FROM new_addresses a JOIN new_stands s ON s.of = 'address' AND s.id = a.id
        WHERE a.postcode <> ''
    ), usual AS (
        SELECT country FROM written GROUP BY country HAVING avg(lettered::int) < 0.5
    )
    UPDATE new_addresses a SET postcode = regexp_replace(a.postcode, '^[A-Z]+-', '')
    FROM written w JOIN usual USING (country) WHERE w.id = a.id AND w.lettered
"""
# The median of the addresses, so that one with a slip in its postcode moves nothing.
_GATHER = """
    CREATE TEMP TABLE new_postcodes ON COMMIT DROP AS
    WITH house AS (
        SELECT l.country, a.postcode, l.name, a.lon, a.lat
        FROM pack_addresses a JOIN pack_localities l ON l.id = a.locality_id
        WHERE a.pack_id = :pack AND a.postcode IS NOT NULL
    ), middle AS (
        SELECT country, postcode, percentile_cont(0.5) WITHIN GROUP (ORDER BY lon) AS lon,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY lat) AS lat,
            mode() WITHIN GROUP (ORDER BY name) AS place
        FROM house GROUP BY country, postcode
    ), reach AS (
        SELECT country, postcode, percentile_cont(0.95) WITHIN GROUP (ORDER BY ST_DistanceSphere(
            ST_MakePoint(h.lon, h.lat), ST_MakePoint(m.lon, m.lat))) AS reach_m
        FROM house h JOIN middle m USING (country, postcode) GROUP BY country, postcode
    )
    SELECT nextval('pack_place_ids')::int AS id, country, postcode, m.lon, m.lat, m.place,
        greatest(:least, r.reach_m)::int AS radius_m
    FROM middle m JOIN reach r USING (country, postcode)
"""
_FORGET_KNOWN = """
    DELETE FROM new_postcodes p USING new_postcode_keys k, gazetteer_names n, gazetteer_places g
    WHERE k.id = p.id AND n.key = k.key AND n.country = p.country AND g.id = n.place_id
      AND g.kind = 'postcode'
"""
_PLACES = """
    INSERT INTO gazetteer_places (id, code, kind, country, name, label, population, lon, lat,
        radius_m, pack_id)
    SELECT p.id, 'osm-post:' || p.country || '-' || p.postcode, 'postcode', p.country, p.postcode,
        concat_ws(', ', p.postcode, p.place, c.name), 0, p.lon, p.lat, p.radius_m, :pack
    FROM new_postcodes p
    LEFT JOIN gazetteer_places c ON c.kind = 'country' AND c.country = p.country
"""
_NAMES = """
    INSERT INTO gazetteer_names (key, country, place_id, weight, pack_id)
    SELECT k.key, p.country, p.id, :weight, :pack
    FROM new_postcodes p JOIN new_postcode_keys k USING (id)
"""
