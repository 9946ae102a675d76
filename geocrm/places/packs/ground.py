"""What every point of an extract lies in: areas, the settlements around it, the country.

Points are gathered in cells of about 200 m that lie in the same areas; settlements are looked for
once a cell. Cells that say the same are one ground.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

# How far a settlement of a kind reaches from its node where no boundary says so.
REACH_M = {
    "city": 15_000,
    "town": 7_000,
    "village": 4_000,
    "hamlet": 2_000,
    "isolated_dwelling": 1_000,
    "suburb": 2_000,
    "quarter": 2_000,
    "neighbourhood": 2_000,
}
_TIERS = {"city": 1, "town": 1, "village": 1, "hamlet": 2, "isolated_dwelling": 2}
_PART = 3
CELL_DEG = 0.002
GAZETTEER_REACH_M = 30_000


def survey(session: Session) -> None:
    """Make `new_grounds` and `new_points`, which has the ground of each address, way and POI."""
    for statement in _POINTS + _AREAS + _CELLS + _COUNTRIES:
        session.execute(text(statement))
    for kind, reach_m in REACH_M.items():
        session.execute(
            text(_NEAR.format(kind=kind, tier=_TIERS.get(kind, _PART))), {"reach": reach_m}
        )
    for statement in _GROUNDS:
        session.execute(text(statement), {"reach": GAZETTEER_REACH_M})


# A building is where its middle is, or a point inside when the middle is not.
_POINTS = (
    """
    CREATE TEMP TABLE new_points ON COMMIT DROP AS
    SELECT 'address' AS of, id, CASE
        WHEN GeometryType(shape) = 'POINT' THEN shape
        WHEN NOT ST_IsClosed(shape) THEN ST_LineInterpolatePoint(shape, 0.5)
        WHEN ST_Covers(area, ST_Centroid(area)) THEN ST_Centroid(area)
        ELSE ST_PointOnSurface(area) END AS geom
    FROM (SELECT id, shape, CASE
              WHEN GeometryType(shape) LIKE '%POLYGON' THEN shape
              WHEN ST_IsClosed(shape) AND ST_NPoints(shape) > 3
              THEN ST_MakeValid(ST_MakePolygon(shape)) ELSE shape END AS area
          FROM new_addresses) a
    UNION ALL
    SELECT 'way', id, ST_LineInterpolatePoint(shape, 0.5) FROM new_ways
    """,
    "CREATE INDEX ON new_points USING gist (geom)",
    "ANALYZE new_points",
)
_AREAS = (
    """
    CREATE TEMP TABLE new_pieces ON COMMIT DROP AS
    SELECT id AS area_id, level, ST_Subdivide(ST_MakeValid(shape), 64) AS geom
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
    """
    CREATE TEMP TABLE new_place_within ON COMMIT DROP AS
    SELECT p.id, array_agg(DISTINCT a.area_id) AS areas
    FROM new_pieces a JOIN new_places p ON ST_Intersects(a.geom, ST_PointOnSurface(p.shape))
    GROUP BY p.id
    """,
)
# Of the areas one lies in, the municipality: the finest of levels 6 to 8.
_MUNICIPALITY = """(SELECT a.id FROM new_areas a WHERE a.id = ANY({areas})
    AND a.level BETWEEN 6 AND 8 ORDER BY a.level DESC, a.id LIMIT 1)"""
_CELLS = (
    f"""
    CREATE TEMP TABLE new_cells ON COMMIT DROP AS
    SELECT row_number() OVER () AS id, c.*, {_MUNICIPALITY.format(areas="c.areas")} AS municipality,
        ST_SetSRID(ST_MakePoint(x * {CELL_DEG}, y * {CELL_DEG}), 4326) AS geom
    FROM (
        SELECT DISTINCT coalesce(w.areas, '{{}}') AS areas, round(ST_X(p.geom) / {CELL_DEG}) AS x,
            round(ST_Y(p.geom) / {CELL_DEG}) AS y
        FROM new_points p LEFT JOIN new_within w USING (of, id)
    ) c
    """,
    "ANALYZE new_cells",
    f"""
    CREATE TEMP TABLE new_settlements ON COMMIT DROP AS
    SELECT p.id, p.kind, ST_PointOnSurface(p.shape) AS geom,
        {_MUNICIPALITY.format(areas="w.areas")} AS municipality
    FROM new_places p LEFT JOIN new_place_within w USING (id)
    WHERE p.kind IN ({", ".join(repr(kind) for kind in REACH_M)})
    """,
    *(
        f"CREATE INDEX ON new_settlements USING gist (geom) WHERE kind = '{kind}'"
        for kind in REACH_M
    ),
    "ANALYZE new_settlements",
    """
    CREATE TEMP TABLE new_near (cell_id bigint, place_id bigint, tier int, share real, same boolean)
    ON COMMIT DROP
    """,
)
_COUNTRIES = (
    """
    CREATE TEMP TABLE new_frame ON COMMIT DROP AS
    SELECT b.code, l.level, b.country, ST_Subdivide(ST_ClipByBox2D(b.geom, e.box), 64) AS geom
    FROM (SELECT ST_Expand(ST_Extent(geom)::geometry, 0.5) AS box FROM new_cells) e
    JOIN boundaries b ON b.geom && ST_SetSRID(e.box, 4326)
    JOIN boundary_layers l ON l.code = b.layer
    WHERE b.country IS NOT NULL
    """,
    "CREATE INDEX ON new_frame USING gist (geom)",
    "ANALYZE new_frame",
    """
    CREATE TEMP TABLE new_framed ON COMMIT DROP AS
    SELECT c.id, coalesce(
            (SELECT a.country FROM new_areas a
             WHERE a.id = ANY(c.areas) AND a.country <> '' LIMIT 1),
            (SELECT f.country FROM new_frame f WHERE f.level = 0 AND ST_Intersects(f.geom, c.geom)
             LIMIT 1),
            (SELECT f.country FROM new_frame f WHERE f.level = 0 ORDER BY f.geom <-> c.geom LIMIT 1)
        ) AS country,
        -- Our own provinces are coarse: where the extract knows the region, it knows it better.
        array(SELECT DISTINCT f.code FROM new_frame f
              WHERE f.level > 0 AND ST_Intersects(f.geom, c.geom)
                AND NOT EXISTS (SELECT FROM new_areas a WHERE a.id = ANY(c.areas)
                                AND a.level BETWEEN 3 AND 6)
              ORDER BY 1) AS units
    FROM new_cells c
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
    CREATE TEMP TABLE new_described ON COMMIT DROP AS
    WITH ranked AS (
        SELECT *, row_number() OVER (PARTITION BY cell_id, tier ORDER BY share, place_id) AS rank
        FROM new_near
    ), near AS (
        SELECT cell_id,
            min(place_id) FILTER (WHERE tier = 1 AND rank = 1) AS town_id,
            array_agg(place_id ORDER BY tier DESC, share)
                FILTER (WHERE same OR rank = 1 OR tier = 3) AS near,
            array_agg(place_id ORDER BY tier, share)
                FILTER (WHERE NOT (same OR rank = 1 OR tier = 3)) AS far
        FROM ranked GROUP BY cell_id
    )
    SELECT c.id AS cell_id, f.country, c.areas, f.units, n.town_id,
        coalesce(n.near, '{}') AS near, coalesce(n.far, '{}') AS far,
        CASE WHEN n.town_id IS NULL AND c.municipality IS NULL THEN (
            SELECT g.id FROM (
                SELECT * FROM gazetteer_places
                WHERE kind IN ('village', 'city') AND pack_id IS NULL
                ORDER BY ST_SetSRID(ST_MakePoint(lon, lat), 4326) <-> c.geom LIMIT 8
            ) g WHERE ST_DistanceSphere(ST_MakePoint(g.lon, g.lat), c.geom) < :reach
            ORDER BY ST_DistanceSphere(ST_MakePoint(g.lon, g.lat), c.geom), g.id LIMIT 1
        ) END AS gazetteer_id, c.municipality
    FROM new_cells c JOIN new_framed f USING (id) LEFT JOIN near n ON n.cell_id = c.id
    """,
    """
    CREATE TEMP TABLE new_grounds ON COMMIT DROP AS
    SELECT row_number() OVER () AS id, g.* FROM (
        SELECT DISTINCT country, areas, units, town_id, near, far, gazetteer_id, municipality
        FROM new_described
    ) g
    """,
    "ANALYZE new_grounds",
    f"""
    CREATE TEMP TABLE new_stands ON COMMIT DROP AS
    SELECT p.of, p.id, p.geom, g.id AS ground_id, g.country, g.municipality
    FROM new_points p LEFT JOIN new_within w USING (of, id)
    JOIN new_cells c ON c.areas = coalesce(w.areas, '{{}}')
        AND c.x = round(ST_X(p.geom) / {CELL_DEG}) AND c.y = round(ST_Y(p.geom) / {CELL_DEG})
    JOIN new_described d ON d.cell_id = c.id
    JOIN new_grounds g ON (g.country, g.areas, g.units, g.near, g.far)
        = (d.country, d.areas, d.units, d.near, d.far)
        AND g.town_id IS NOT DISTINCT FROM d.town_id
        AND g.gazetteer_id IS NOT DISTINCT FROM d.gazetteer_id
        AND g.municipality IS NOT DISTINCT FROM d.municipality
    """,
    "CREATE INDEX ON new_stands (of, id)",
    "ANALYZE new_stands",
)
