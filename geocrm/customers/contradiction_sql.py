"""SQL that finds points which contradict their address; one statement for each way to be wrong.

Each of `FOUND` gives account_id, kind, and the position proposed instead (lon, lat; NULL where the
address has to be looked up). `{some}` narrows the accounts and stands in every one of them.
"""

from typing import Final

from geocrm.customers.claims import KEY, TESTED
from geocrm.customers.scope import nearest_unit_sql

# Outlines are drawn coarsely: a point this near to one may lie in it.
OUTLINE_ERROR_M: Final = 3_000
# Nobody lives so far from the country that the address names.
FAR_ABROAD_M: Final = 50_000
METRES_PER_DEGREE: Final = 111_320
# So many different addresses at one point: not a building, a default.
PILE: Final = 5

# Only for what none of the other tests explains: a country's outline is long.
_IN_COUNTRY: Final = f"""EXISTS (
        SELECT FROM boundaries n
        CROSS JOIN (SELECT {FAR_ABROAD_M} / ({METRES_PER_DEGREE}
            * greatest(cos(radians(t.lat)), 0.05)) AS slack) f
        WHERE n.layer = 'wld-adm0' AND n.country = t.country
          AND n.geom && ST_Expand(t.geom, f.slack) AND ST_DWithin(n.geom, t.geom, f.slack))
"""
# Names are compared before any outline is read; what is left is held against the outlines, an
# outline at a time, together with the positions it would have with its signs or order changed.
_JUDGED: Final = f"""
    claim AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:claim_keys AS text[]), CAST(:claim_codes AS text[]),
            CAST(:claim_lons AS double precision[]), CAST(:claim_lats AS double precision[]),
            CAST(:claim_radii AS double precision[])) AS c(key, code, lon, lat, radius_m)),
    tested AS MATERIALIZED (
        SELECT s.account_id, s.geom, s.unit, u.parent, d.country, d.lon, d.lat,
            u.country IS NOT DISTINCT FROM d.country AS at_home,
            coalesce(s.radius_m, 0) AS radius_m, {KEY} AS key
        FROM account_scope s
        JOIN addresses d ON d.account_id = s.account_id
        LEFT JOIN boundaries u ON u.code = s.unit
        WHERE {TESTED} AND d.lon <> 0 AND d.lat <> 0 AND {{some}} AND {{scope:s}}),
    inside AS MATERIALIZED (
        SELECT t.account_id FROM tested t JOIN claim c ON c.key = t.key
        WHERE c.code IN (t.unit, t.parent)),
    doubtful AS MATERIALIZED (
        SELECT t.*, n.key IS NOT NULL AS named
        FROM tested t
        LEFT JOIN (SELECT DISTINCT key FROM claim) n ON n.key = t.key
        WHERE (n.key IS NOT NULL OR NOT t.at_home)
          AND NOT EXISTS (SELECT FROM inside i WHERE i.account_id = t.account_id)),
    spot AS MATERIALIZED (
        SELECT t.account_id, t.key, t.country, t.named, v.way,
            ST_SetSRID(ST_MakePoint(v.lon, v.lat), 4326) AS geom,
            ({OUTLINE_ERROR_M} + CASE WHEN v.way = 0 THEN t.radius_m ELSE 0 END) AS slack_m,
            1 / ({METRES_PER_DEGREE} * greatest(cos(radians(v.lat)), 0.05)) AS degree_per_m
        FROM doubtful t CROSS JOIN LATERAL (VALUES
            (0, t.lon, t.lat), (1, t.lat, t.lon), (2, t.lon, -t.lat), (3, -t.lon, t.lat),
            (4, -t.lon, -t.lat)) AS v(way, lon, lat)
        WHERE abs(v.lat) <= 90 AND (v.way <> 1 OR t.lon <> t.lat)),
    asked AS MATERIALIZED (
        SELECT c.code, x.account_id, x.way, x.geom, x.slack_m * x.degree_per_m AS slack
        FROM spot x JOIN claim c ON c.key = x.key
        UNION ALL
        SELECT w.code, x.account_id, x.way, x.geom,
            CASE WHEN x.way = 0 THEN {FAR_ABROAD_M} ELSE 0 END * x.degree_per_m
        FROM spot x JOIN boundaries w ON w.layer = 'wld-adm0' AND w.country = x.country
        WHERE NOT x.named),
    agreed AS MATERIALIZED (
        SELECT p.account_id, p.way
        FROM (SELECT a.code, array_agg(a.account_id) AS accounts, array_agg(a.way) AS ways,
                  array_agg(a.geom) AS geoms, array_agg(a.slack) AS slacks
              FROM asked a GROUP BY a.code) a
        JOIN boundaries b ON b.code = a.code
        CROSS JOIN LATERAL unnest(a.accounts, a.ways, a.geoms, a.slacks)
            AS p(account_id, way, geom, slack)
        WHERE b.geom && ST_Expand(p.geom, p.slack)
          AND (ST_Covers(b.geom, p.geom) OR p.slack > 0 AND ST_DWithin(b.geom, p.geom, p.slack))
        UNION
        SELECT x.account_id, x.way FROM spot x JOIN claim c ON c.key = x.key
        WHERE NOT EXISTS (SELECT FROM boundaries b WHERE b.code = c.code)
          AND ST_DistanceSphere(x.geom, ST_SetSRID(ST_MakePoint(c.lon, c.lat), 4326))
              <= c.radius_m + x.slack_m),
    way AS (
        SELECT account_id, bool_or(way = 0) AS as_is,
            min(way) FILTER (WHERE way > 0) AS other
        FROM agreed GROUP BY account_id),
    judged AS MATERIALIZED (
        SELECT t.account_id,
            CASE WHEN w.other = 1 THEN 'swapped'
                 WHEN w.other > 1 THEN 'sign'
                 WHEN t.unit IS NULL AND {nearest_unit_sql("t.geom")} IS NULL THEN 'sea'
                 WHEN NOT t.at_home AND NOT {_IN_COUNTRY} THEN 'country'
                 ELSE 'outside' END AS kind,
            CASE w.other WHEN 1 THEN t.lat WHEN 2 THEN t.lon WHEN 3 THEN -t.lon WHEN 4 THEN -t.lon
            END AS lon,
            CASE w.other WHEN 1 THEN t.lon WHEN 2 THEN -t.lat WHEN 3 THEN t.lat WHEN 4 THEN -t.lat
            END AS lat
        FROM doubtful t LEFT JOIN way w ON w.account_id = t.account_id
        WHERE NOT coalesce(w.as_is, false))
"""
_ZERO: Final = f"""
    judged AS MATERIALIZED (
        SELECT s.account_id, 'zero' AS kind, CAST(NULL AS double precision) AS lon,
            CAST(NULL AS double precision) AS lat
        FROM account_scope s JOIN addresses d ON d.account_id = s.account_id
        WHERE {TESTED} AND (d.lon = 0 OR d.lat = 0) AND {{some}} AND {{scope:s}})
"""
_PILE: Final = f"""
    fine AS MATERIALIZED (
        SELECT s.account_id, s.geom, d.fingerprint
        FROM account_scope s JOIN addresses d ON d.account_id = s.account_id
        WHERE {TESTED} AND s.grade IN ('rooftop', 'interpolated') AND d.fingerprint <> ''
          AND d.lon <> 0 AND d.lat <> 0 AND {{scope:s}}),
    judged AS MATERIALIZED (
        SELECT s.account_id, 'pile' AS kind, CAST(NULL AS double precision) AS lon,
            CAST(NULL AS double precision) AS lat
        FROM fine s
        JOIN (SELECT geom FROM fine GROUP BY geom HAVING count(DISTINCT fingerprint) >= {PILE}) p
          ON p.geom = s.geom
        WHERE {{some}})
"""
JUDGED_KINDS: Final = ("swapped", "sign", "sea", "country", "outside")
FOUND: Final = {"zero": _ZERO, **dict.fromkeys(JUDGED_KINDS, _JUDGED), "pile": _PILE}

COUNT: Final = """
    WITH <found>
    SELECT j.kind, count(*) AS customers, coalesce(sum(s.revenue), 0) AS revenue
    FROM judged j JOIN account_scope s ON s.account_id = j.account_id
    WHERE {scope:s} GROUP BY j.kind
"""
ROWS: Final = """
    WITH <found>
    SELECT s.account_id, a.name, s.revenue, a.currency, d.typed, d.street, d.house_number,
        d.postcode, d.village, d.district, d.city, d.region, d.country, d.lon, d.lat, d.grade,
        d.radius_m, d.provider, d.label, d.notes, d.licence, d.attribution, d.retain_until,
        u.name AS unit, j.kind, j.lon AS to_lon, j.lat AS to_lat, md5(CAST(d AS text)) AS seen
    FROM judged j
    JOIN account_scope s ON s.account_id = j.account_id
    JOIN addresses d ON d.account_id = j.account_id
    JOIN accounts a ON a.id = j.account_id
    LEFT JOIN boundaries u ON u.code = s.unit
    WHERE j.kind = :kind AND {scope:s} AND <after>
    ORDER BY s.revenue DESC, s.account_id LIMIT :limit
"""
IDS: Final = """
    WITH <found>
    SELECT j.account_id FROM judged j JOIN account_scope s ON s.account_id = j.account_id
    WHERE j.kind = :kind AND {scope:s} ORDER BY 1
"""
