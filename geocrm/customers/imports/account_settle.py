"""SQL that decides what becomes of each staged row of accounts, changing only `import_stage`.

`{scope:s}` marks what the importer may see: others' accounts are matched by id only, to refuse it.
"""

from typing import Final

from geocrm.customers.scope import (
    FINEST,
    account_of_id_sql,
    covering_units_sql,
    nearest_unit_sql,
)

# Points of these grades are places, not areas: two of one name this near are one customer.
NEAR_M: Final = 100
FINE: Final = "('rooftop', 'interpolated', 'street', 'postcode', 'village')"
# A point that stands for a whole province says nothing about the regency.
COARSE: Final = "('region', 'country', 'none')"

OWNERS: Final = """
    UPDATE import_stage r SET owner_id = w.owner_id, problem = coalesce(w.problem, r.problem)
    FROM (
        SELECT i.row_no,
            CASE WHEN i.owner_email IS NULL THEN :owner_id ELSE u.id END AS owner_id,
            CASE WHEN i.owner_email IS NULL OR u.id IS NOT NULL THEN NULL
                 ELSE 'the owner ''' || i.owner_email || ''' is no active user you may give'
                      || ' customers to' END AS problem
        FROM import_stage i
        LEFT JOIN users u ON u.email = i.owner_email AND u.active AND u.role <> 'marketer'
            AND (:assigns_all OR u.id = ANY(CAST(:owner_ids AS int[])))
        WHERE i.problem = ''
    ) w WHERE w.row_no = r.row_no
"""

PLACES: Final = """
    UPDATE import_stage SET
        name_key = account_name_key(name),
        country = coalesce(stated_country, :country),
        area_key = nullif(concat_ws('|', lower(postcode)), ''),
        village_key = CASE WHEN village IS NOT NULL
            THEN account_name_key(concat_ws(' ', village, district, city)) END,
        geom = CASE WHEN lon IS NOT NULL THEN ST_SetSRID(ST_MakePoint(lon, lat), 4326) END
    WHERE problem = ''
"""
# Without fresh statistics the planner takes a handful of rows for granted and loops over thousands.
STATISTICS: Final = "ANALYZE import_stage"

UNITS: Final = f"""
    UPDATE import_stage r SET unit = w.unit
    FROM ({covering_units_sql("import_stage", "row_no")}) w
    WHERE w.row_no = r.row_no AND r.grade NOT IN {COARSE}
"""
COAST: Final = f"""
    UPDATE import_stage r SET unit = w.unit
    FROM (SELECT i.row_no, {nearest_unit_sql("i.geom")} AS unit FROM import_stage i
          WHERE i.unit IS NULL AND i.geom IS NOT NULL AND i.grade NOT IN {COARSE}) w
    WHERE w.row_no = r.row_no AND w.unit IS NOT NULL
"""

# A position from the file outside the stated country, whose mirror image lies inside it.
SWAPPED: Final = f"""
    UPDATE import_stage r SET lon = r.lat, lat = r.lon, unit = w.unit,
        geom = ST_SetSRID(ST_MakePoint(r.lat, r.lon), 4326),
        note = concat_ws('; ', nullif(r.note, ''),
            'latitude and longitude were swapped; read as ' || r.lon || ', ' || r.lat)
    FROM (
        SELECT i.row_no, t.code AS unit
        FROM import_stage i
        LEFT JOIN boundaries h ON h.code = i.unit
        CROSS JOIN LATERAL (
            SELECT b.code FROM boundaries b
            WHERE {FINEST} AND b.country = i.country
              AND b.geom && ST_SetSRID(ST_MakePoint(i.lat, i.lon), 4326)
              AND ST_Covers(b.geom, ST_SetSRID(ST_MakePoint(i.lat, i.lon), 4326)) LIMIT 1) t
        WHERE i.provider = 'file' AND i.problem = '' AND abs(i.lon) <= 90
          AND h.country IS DISTINCT FROM i.country
    ) w WHERE w.row_no = r.row_no
"""
ABROAD: Final = """
    UPDATE import_stage r SET note = concat_ws('; ', nullif(r.note, ''),
        'the position ' || r.lat || ', ' || r.lon || ' lies in ' || b.country
        || ', not in the stated country ' || r.stated_country)
    FROM boundaries b
    WHERE r.provider = 'file' AND r.problem = '' AND r.stated_country IS NOT NULL
      AND b.code = r.unit AND b.country <> r.stated_country
"""

BY_ID: Final = f"""
    UPDATE import_stage r SET
        target_id = CASE WHEN w.visible THEN w.id END,
        problem = CASE WHEN w.visible THEN '' ELSE 'the customer ID ''' || r.external_id
            || ''' is taken by a customer you may not change: use another ID' END
    FROM (
        SELECT i.row_no, i.id, {{scope:s}} AS visible
        FROM (SELECT row_no, {account_of_id_sql("x.external_id")} AS id
              FROM import_stage x WHERE problem = '' AND external_id IS NOT NULL) i
        JOIN account_scope s ON s.account_id = i.id
    ) w WHERE w.row_no = r.row_no
"""
BY_POINT: Final = f"""
    UPDATE import_stage r SET target_id = w.id
    FROM (
        SELECT DISTINCT ON (i.row_no) i.row_no, a.id
        FROM import_stage i
        JOIN account_scope s ON s.geom && ST_Expand(i.geom, 0.002)
        JOIN accounts a ON a.id = s.account_id AND account_name_key(a.name) = i.name_key
        WHERE i.problem = '' AND i.external_id IS NULL AND i.target_id IS NULL
          AND i.grade IN {FINE} AND s.grade IN {FINE} AND {{scope:s}}
          AND ST_DistanceSphere(s.geom, i.geom) <= {NEAR_M}
        ORDER BY i.row_no, ST_DistanceSphere(s.geom, i.geom), a.id
    ) w WHERE w.row_no = r.row_no
"""
BY_AREA: Final = """
    UPDATE import_stage r SET target_id = w.id
    FROM (
        SELECT DISTINCT ON (i.row_no) i.row_no, a.id
        FROM import_stage i
        JOIN accounts a ON account_name_key(a.name) = i.name_key
        JOIN addresses d ON d.account_id = a.id
        JOIN account_scope s ON s.account_id = a.id
        WHERE i.problem = '' AND i.external_id IS NULL AND i.target_id IS NULL AND {scope:s}
          AND (lower(d.postcode) = i.area_key
               OR d.village IS NOT NULL AND i.village_key =
                  account_name_key(concat_ws(' ', d.village, d.district, d.city)))
        ORDER BY i.row_no, a.id
    ) w WHERE w.row_no = r.row_no
"""

# In a dry run: rows of earlier blocks, which a real run would find among the accounts.
SEEN_TABLE: Final = """
    CREATE TEMP TABLE IF NOT EXISTS import_seen (
        row_no integer, external_id text, name_key text, area_key text, village_key text,
        grade text, geom geometry(Point, 4326)) ON COMMIT DROP;
    CREATE INDEX IF NOT EXISTS import_seen_id ON import_seen (external_id);
    CREATE INDEX IF NOT EXISTS import_seen_name ON import_seen (name_key)
"""
REMEMBER: Final = """
    INSERT INTO import_seen
    SELECT row_no, external_id, name_key, area_key, village_key, grade, geom
    FROM import_stage WHERE outcome = 'created'
"""
BY_SEEN: Final = f"""
    UPDATE import_stage r SET target_id = -w.row_no
    FROM (
        SELECT DISTINCT ON (f.own) f.own, f.row_no
        FROM (
            SELECT i.row_no AS own, o.row_no
            FROM import_stage i JOIN import_seen o ON o.external_id = i.external_id
            WHERE i.problem = '' AND i.target_id IS NULL
            UNION ALL
            SELECT i.row_no, o.row_no
            FROM import_stage i JOIN import_seen o ON o.name_key = i.name_key
            WHERE i.problem = '' AND i.target_id IS NULL AND i.external_id IS NULL AND (
                o.area_key = i.area_key OR o.village_key = i.village_key
                OR o.grade IN {FINE} AND i.grade IN {FINE}
                   AND ST_DistanceSphere(o.geom, i.geom) <= {NEAR_M})
        ) f ORDER BY f.own, f.row_no
    ) w WHERE w.own = r.row_no
"""

# The first row of the block that means the same customer.
LEADERS: Final = f"""
    UPDATE import_stage r SET leader = w.leader
    FROM (
        SELECT i.row_no, least(
            min(i.row_no) OVER (PARTITION BY CASE WHEN i.external_id IS NULL
                THEN 'r' || i.row_no ELSE 'x' || i.external_id END),
            min(i.row_no) OVER (PARTITION BY CASE WHEN i.target_id IS NULL
                THEN 'r' || i.row_no ELSE 't' || i.target_id END),
            min(i.row_no) OVER (PARTITION BY CASE
                WHEN i.external_id IS NOT NULL OR i.area_key IS NULL
                THEN 'r' || i.row_no ELSE i.name_key || '|' || i.area_key END),
            min(i.row_no) OVER (PARTITION BY CASE
                WHEN i.external_id IS NOT NULL OR i.village_key IS NULL
                THEN 'r' || i.row_no ELSE i.name_key || '|' || i.village_key END),
            CASE WHEN i.external_id IS NULL AND i.grade IN {FINE} THEN (
                SELECT min(o.row_no) FROM import_stage o
                WHERE o.geom && ST_Expand(i.geom, 0.002) AND o.name_key = i.name_key
                  AND o.row_no < i.row_no AND o.problem = '' AND o.external_id IS NULL
                  AND o.grade IN {FINE} AND ST_DistanceSphere(o.geom, i.geom) <= {NEAR_M}) END
        ) AS leader
        FROM import_stage i WHERE i.problem = ''
    ) w WHERE w.row_no = r.row_no
"""
# The leader of a leader leads both; run until nothing changes.
LEAD_ON: Final = """
    UPDATE import_stage r SET leader = l.leader
    FROM import_stage l WHERE l.row_no = r.leader AND l.leader < r.leader
"""
# Whoever leads stands for the account that any of the group was found to be.
TARGETS: Final = """
    UPDATE import_stage r SET target_id = w.target_id
    FROM (SELECT leader, min(target_id) AS target_id FROM import_stage
          WHERE target_id IS NOT NULL AND problem = '' GROUP BY leader) w
    WHERE w.leader = r.leader AND r.problem = ''
"""
OUTCOMES: Final = """
    UPDATE import_stage r SET outcome = w.outcome, note = concat_ws('; ', nullif(r.note, ''),
        CASE WHEN w.outcome = 'failed' THEN NULL
            WHEN r.leader < r.row_no THEN 'the same customer as row ' || r.leader
            WHEN r.target_id < 0 THEN 'the same customer as row ' || -r.target_id END,
        CASE WHEN w.outcome <> 'created' OR r.geom IS NOT NULL THEN NULL
            WHEN coalesce(r.typed, r.street, r.village, r.district, r.city, r.region, r.postcode)
                IS NULL
            THEN 'there is neither an address nor a position; the customer has no point yet'
            ELSE 'the address was not found; the customer has no point on the map yet' END)
    FROM (
        SELECT row_no, CASE
            WHEN problem <> '' THEN 'failed'
            WHEN target_id IS NULL AND leader = row_no THEN 'created'
            WHEN :update THEN 'updated' ELSE 'skipped' END AS outcome
        FROM import_stage
    ) w WHERE w.row_no = r.row_no
"""
