"""What every point of an extract lies in: areas, the settlements around it, the country.

Points are gathered in cells of about 200 m that lie in the same areas; settlements are looked for
once a cell. Cells that say the same are one ground.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.errors import ServiceUnavailable

# How far a settlement of a kind reaches from its node where no boundary says so.
REACH_M = {
    "city": 15_000,
    "town": 7_000,
    "village": 4_000,
    "hamlet": 2_000,
    "isolated_dwelling": 1_000,
    "borough": 3_000,
    "suburb": 2_000,
    "quarter": 2_000,
    "neighbourhood": 2_000,
}
# Of towns and villages the nearest for its size counts, of parts of a town each kind.
_TIERS = {"city": 1, "town": 1, "village": 1, "hamlet": 2, "isolated_dwelling": 2}
_PART = 3
CELL_DEG = 0.002
CITY_MAX_M2 = 6_000_000_000  # Istanbul has 5,300 square kilometres, Greater London 1,600
# The gazetteer's place stands in where the extract names none.
GAZETTEER_REACH_M = 30_000


def survey(session: Session) -> None:
    """Make `new_grounds`, and `new_stands`: the ground of every address, way, place and POI."""
    for statement in _POINTS + _AREAS + _SPOTS + _COUNTRIES + _SETTLEMENTS:
        session.execute(text(statement))
    if session.scalar(text("SELECT EXISTS (SELECT FROM new_framed WHERE country IS NULL)")):
        raise ServiceUnavailable(
            "The boundaries that say which country a place is in are missing: run geocrm boundaries"
            " load first"
        )
    for kind, reach_m in REACH_M.items():
        statement = _NEAR.format(kind=kind, tier=_TIERS.get(kind, _PART))
        session.execute(text(statement), {"reach": reach_m})
    for statement in _GROUNDS:
        wanted = {"reach": GAZETTEER_REACH_M} if ":reach" in statement else {}
        session.execute(text(statement), wanted)


# An area is where its middle is, or a point inside when the middle is not; a line halfway.
_POINTS = (
    """
    CREATE TEMP TABLE new_points ON COMMIT DROP AS
    WITH shaped AS (
        SELECT 'address' AS of, id, shape FROM new_addresses
        UNION ALL SELECT 'way', id, shape FROM new_ways
        UNION ALL SELECT 'place', id, shape FROM new_places
        UNION ALL SELECT 'poi', id, shape FROM new_pois
    ), areas AS (
        SELECT of, id, CASE
            WHEN of <> 'way' AND GeometryType(shape) = 'LINESTRING' AND ST_IsClosed(shape)
                AND ST_NPoints(shape) > 3
            THEN ST_MakeValid(ST_MakePolygon(shape)) ELSE shape END AS shape
        FROM shaped
    )
    SELECT of, id, CASE GeometryType(shape)
        WHEN 'POINT' THEN shape
        WHEN 'LINESTRING' THEN ST_LineInterpolatePoint(shape, 0.5)
        ELSE CASE WHEN ST_Covers(shape, ST_Centroid(shape)) THEN ST_Centroid(shape)
                  ELSE ST_PointOnSurface(shape) END
        END AS geom
    FROM areas
    """,
    "CREATE INDEX ON new_points USING gist (geom)",
    "ANALYZE new_points",
)
_AREAS = (
    """
    CREATE TEMP TABLE new_pieces ON COMMIT DROP AS
    SELECT id AS area_id, ST_Subdivide(ST_MakeValid(shape), 64) AS geom
    FROM new_areas WHERE level > 0
    """,
    """
    CREATE TEMP TABLE new_within ON COMMIT DROP AS
    SELECT p.of, p.id, array_agg(DISTINCT a.area_id) AS areas
    FROM new_pieces a CROSS JOIN LATERAL (
        SELECT of, id FROM new_points p
        WHERE p.geom && a.geom AND ST_Intersects(a.geom, p.geom) OFFSET 0
    ) p GROUP BY p.of, p.id
    """,
    "CREATE INDEX ON new_points (id) WHERE of = 'place'",
    "CREATE INDEX ON new_within (id) WHERE of = 'place'",
    "ANALYZE new_within",
)
_LEVEL = """(SELECT a.id FROM new_areas a WHERE a.id = ANY(areas) AND {levels}
        ORDER BY a.level DESC, a.id LIMIT 1)"""
_SPOTS = (
    f"""
    CREATE TEMP TABLE new_bounds ON COMMIT DROP AS
    SELECT areas, {_LEVEL.format(levels="a.level = 5")} AS regency,
        {_LEVEL.format(levels="a.level BETWEEN 6 AND 8")} AS municipality,
        (SELECT a.country FROM new_areas a WHERE a.id = ANY(areas) AND a.country <> '' LIMIT 1)
            AS country
    FROM (SELECT DISTINCT areas FROM new_within UNION SELECT '{{}}') w
    """,
    f"""
    CREATE TEMP TABLE new_spots ON COMMIT DROP AS
    SELECT row_number() OVER () AS id, c.*, b.municipality, b.regency, b.country,
        ST_SetSRID(ST_MakePoint(x * {CELL_DEG}, y * {CELL_DEG}), 4326) AS geom
    FROM (
        SELECT DISTINCT coalesce(w.areas, '{{}}') AS areas, round(ST_X(p.geom) / {CELL_DEG}) AS x,
            round(ST_Y(p.geom) / {CELL_DEG}) AS y
        FROM new_points p LEFT JOIN new_within w USING (of, id)
    ) c JOIN new_bounds b USING (areas)
    """,
    "ANALYZE new_spots",
)
_NEAR_BORDER_DEG = 0.05  # our own borders of countries are that coarse
_FLAG_DEG = 0.01
# Outside a country whose whole area the extract holds, one is in another.
_OTHER = "f.country NOT IN (SELECT a.country FROM new_areas a WHERE a.country <> '')"
_COUNTRIES = (
    """
    CREATE TEMP TABLE new_frame ON COMMIT DROP AS
    SELECT b.code, l.level, b.country, ST_Subdivide(ST_ClipByBox2D(b.geom, e.box), 64) AS geom
    FROM (SELECT ST_SetSRID(ST_Expand(ST_Extent(geom)::geometry, 0.5), 4326) AS box
          FROM new_spots) e
    JOIN boundaries b ON b.geom && e.box
    JOIN boundary_layers l ON l.code = b.layer
    WHERE NOT l.made AND b.country IS NOT NULL
    """,
    "CREATE INDEX ON new_frame USING gist (geom)",
    "ANALYZE new_frame",
    # Near a border the nearest address that names its country knows better than our coarse line.
    f"""
    CREATE TEMP TABLE new_flags ON COMMIT DROP AS
    SELECT p.geom, a.country FROM new_addresses a
    JOIN new_points p ON p.of = 'address' AND p.id = a.id
    WHERE a.country IN (SELECT country FROM new_frame WHERE level = 0)
      AND (SELECT count(DISTINCT country) FROM new_frame WHERE level = 0) > 1
      AND EXISTS (SELECT FROM new_frame f WHERE f.level = 0 AND f.country <> a.country
                  AND ST_DWithin(f.geom, p.geom, {_NEAR_BORDER_DEG}))
    """,
    "CREATE INDEX ON new_flags USING gist (geom)",
    "ANALYZE new_flags",
    f"""
    CREATE TEMP TABLE new_framed ON COMMIT DROP AS
    SELECT c.id, c.areas, c.x, c.y, c.geom, c.municipality, c.regency, coalesce(
            c.country,
            (SELECT f.country FROM new_flags f WHERE ST_DWithin(f.geom, c.geom, {_FLAG_DEG})
             AND {_OTHER} ORDER BY f.geom <-> c.geom LIMIT 1),
            (SELECT f.country FROM new_frame f WHERE f.level = 0 AND ST_Intersects(f.geom, c.geom)
             AND {_OTHER} LIMIT 1),
            (SELECT f.country FROM new_frame f WHERE f.level = 0
             AND {_OTHER} ORDER BY f.geom <-> c.geom LIMIT 1),
            (SELECT b.country FROM boundaries b
             WHERE b.layer = 'wld-adm0' AND b.country IS NOT NULL
             ORDER BY b.geom <-> c.geom LIMIT 1)
        ) AS country
    FROM new_spots c
    """,
    # The municipality is the finest area of levels 6 to 8; in Indonesia the regency or city.
    """
    CREATE TEMP TABLE new_cells ON COMMIT DROP AS
    SELECT id, areas, x, y, geom, country,
        CASE WHEN country = 'ID' THEN regency ELSE municipality END AS municipality
    FROM new_framed
    """,
    "CREATE INDEX ON new_cells (x, y)",
    "ANALYZE new_cells",
)
_SETTLEMENTS = (
    f"""
    CREATE TEMP TABLE new_settlements ON COMMIT DROP AS
    SELECT s.id, s.kind, p.geom, c.municipality
    FROM new_places s JOIN new_points p ON p.of = 'place' AND p.id = s.id
    LEFT JOIN new_within w ON w.of = 'place' AND w.id = s.id
    JOIN new_cells c ON c.areas = coalesce(w.areas, '{{}}')
        AND c.x = round(ST_X(p.geom) / {CELL_DEG}) AND c.y = round(ST_Y(p.geom) / {CELL_DEG})
    WHERE s.kind IN ({", ".join(repr(kind) for kind in REACH_M)})
    """,
    *(
        f"CREATE INDEX ON new_settlements USING gist (geom) WHERE kind = '{kind}'"
        for kind in REACH_M
    ),
    "ANALYZE new_settlements",
    # London is more than the borough its node lies in: the finest area called after a city is the
    # city, unless it is a whole region.
    f"""
    CREATE TEMP TABLE new_city_areas ON COMMIT DROP AS
    SELECT DISTINCT ON (s.id) s.id AS place_id, a.id AS area_id
    FROM new_settlements s JOIN new_places p USING (id)
    JOIN new_within w ON w.of = 'place' AND w.id = s.id
    JOIN new_areas a ON a.id = ANY(w.areas)
    WHERE s.kind = 'city' AND a.level BETWEEN 3 AND 8
      AND position(lower(p.name) IN lower(a.name)) > 0
      AND ST_Area(a.shape::geography) < {CITY_MAX_M2}
    ORDER BY s.id, a.level DESC, a.id
    """,
    """
    CREATE TEMP TABLE new_near (cell_id bigint, place_id bigint, tier int, share real, same boolean)
    ON COMMIT DROP
    """,
)
_NEAR = """
    INSERT INTO new_near (cell_id, place_id, tier, share, same)
    SELECT c.id, p.id, {tier}, p.distance_m / :reach, p.same
    FROM new_cells c CROSS JOIN LATERAL (
        SELECT s.id, ST_DistanceSphere(s.geom, c.geom) AS distance_m,
            coalesce(s.municipality = c.municipality, false) AS same
        FROM new_settlements s
        WHERE s.kind = '{kind}'
          AND s.geom && ST_Expand(c.geom, :reach / 111320.0 / cos(radians(least(ST_Y(c.geom), 85))),
                                  :reach / 110540.0)
          AND (s.municipality = c.municipality
               OR s.municipality IS NULL OR c.municipality IS NULL)
        ORDER BY 2, 1 LIMIT 1
    ) p WHERE p.distance_m <= :reach
"""
_GROUNDS = (
    """
    CREATE TEMP TABLE new_around ON COMMIT DROP AS
    WITH ranked AS (
        SELECT *, row_number() OVER (PARTITION BY cell_id, tier ORDER BY share, place_id) AS rank
        FROM new_near
    )
    SELECT cell_id,
        min(place_id) FILTER (WHERE tier = 1 AND rank = 1) AS town_id,
        array_agg(place_id ORDER BY tier DESC, share)
            FILTER (WHERE same OR rank = 1 OR tier = 3) AS near,
        array_agg(place_id ORDER BY tier, share)
            FILTER (WHERE NOT (same OR rank = 1 OR tier = 3)) AS far
    FROM ranked GROUP BY cell_id
    """,
    """
    CREATE TEMP TABLE new_described ON COMMIT DROP AS
    SELECT c.id AS cell_id, c.country, c.areas, c.municipality,
        coalesce(n.town_id, o.cities[1]) AS town_id,
        coalesce(n.near, '{}') || o.cities AS near, coalesce(n.far, '{}') AS far,
        -- Our own provinces are coarse: where the extract knows the region, it knows it better.
        CASE WHEN EXISTS (SELECT FROM new_areas a WHERE a.id = ANY(c.areas)
                          AND a.level BETWEEN 3 AND 6) THEN '{}'
        ELSE array(SELECT DISTINCT u.code FROM new_frame u
                   WHERE u.level > 0 AND u.country = c.country AND ST_Intersects(u.geom, c.geom)
                   ORDER BY 1) END AS units,
        CASE WHEN n.town_id IS NULL AND c.municipality IS NULL THEN (
            SELECT g.id FROM (
                SELECT * FROM gazetteer_places
                WHERE kind IN ('village', 'city') AND pack_id IS NULL AND country = c.country
                ORDER BY ST_SetSRID(ST_MakePoint(lon, lat), 4326) <-> c.geom LIMIT 8
            ) g WHERE ST_DistanceSphere(ST_MakePoint(g.lon, g.lat), c.geom) < :reach
            ORDER BY ST_DistanceSphere(ST_MakePoint(g.lon, g.lat), c.geom), g.id LIMIT 1
        ) END AS gazetteer_id
    FROM new_cells c LEFT JOIN new_around n ON n.cell_id = c.id
    CROSS JOIN LATERAL (
        SELECT array(SELECT u.place_id FROM new_city_areas u WHERE u.area_id = ANY(c.areas)
                       AND NOT u.place_id = ANY(coalesce(n.near, '{}'))
                     ORDER BY 1) AS cities
    ) o
    """,
    """
    CREATE TEMP TABLE new_grounds ON COMMIT DROP AS
    SELECT row_number() OVER () AS id, array_agg(cell_id) AS cells, country, areas, municipality,
        town_id, near, far, units, gazetteer_id
    FROM new_described
    GROUP BY country, areas, municipality, town_id, near, far, units, gazetteer_id
    """,
    """
    CREATE TEMP TABLE new_cell_grounds ON COMMIT DROP AS
    SELECT c.areas, c.x, c.y, g.id AS ground_id, g.country, g.municipality
    FROM new_grounds g CROSS JOIN LATERAL unnest(g.cells) AS o(cell_id)
    JOIN new_cells c ON c.id = o.cell_id
    """,
    "ANALYZE new_cell_grounds",
    f"""
    CREATE TEMP TABLE new_stands ON COMMIT DROP AS
    SELECT p.of, p.id, p.geom, c.ground_id, c.country, c.municipality
    FROM new_points p LEFT JOIN new_within w USING (of, id)
    JOIN new_cell_grounds c ON c.areas = coalesce(w.areas, '{{}}')
        AND c.x = round(ST_X(p.geom) / {CELL_DEG}) AND c.y = round(ST_Y(p.geom) / {CELL_DEG})
    """,
    "CREATE INDEX ON new_stands (of, id)",
    "ANALYZE new_stands",
    "ANALYZE new_grounds",
)
