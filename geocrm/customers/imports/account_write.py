"""SQL that writes the staged accounts. Each statement carries the scope of the importer."""

import json
from typing import Final

from geocrm.customers.answers import COLUMNS, NO_POINT
from geocrm.customers.scope import CHANNEL_BIT, territories_sql

_FOLDED = (
    "name", "segment", "website", "currency", "annual_revenue", "visits_per_year", "tag_list",
    "owner_email",
)  # fmt: skip
_PLACED = (
    "typed", "street", "house_number", "village", "district", "city", "region", "postcode",
    "stated_country", "country", *COLUMNS, "geom", "unit",
)  # fmt: skip
PARTS = ("street", "house_number", "village", "district", "city", "region", "postcode")
# What an address keeps of the answer; a row without one has none of it.
_ANSWER: Final = {name: f"r.{name}" for name in COLUMNS} | {
    "grade": "coalesce(r.grade, 'none')", "ambiguous": "coalesce(r.ambiguous, false)",
    "candidates": "coalesce(r.candidates, '[]')", "notes": "coalesce(r.notes, '[]')",
}  # fmt: skip
_HAS_ADDRESS = f"coalesce(typed, {', '.join(PARTS)}) IS NOT NULL"

ANY_FOLLOWS: Final = """
    SELECT EXISTS (SELECT FROM import_stage WHERE leader < row_no AND outcome = 'updated')
"""
# Rows of one customer become one: what a later row fills in counts, its address as a whole.
FOLD: Final = f"""
    UPDATE import_stage r SET
        {", ".join(f"{name} = coalesce(w.{name}, r.{name})" for name in _FOLDED)},
        owner_id = coalesce(w.owner_id, r.owner_id)
    FROM (
        SELECT leader,
            {
    ", ".join(
        f"(array_agg({name} ORDER BY row_no DESC) FILTER (WHERE {name} IS NOT NULL))[1] AS {name}"
        for name in _FOLDED
    )
},
            (array_agg(owner_id ORDER BY row_no DESC)
                FILTER (WHERE owner_email IS NOT NULL))[1] AS owner_id
        FROM import_stage WHERE outcome IN ('created', 'updated')
        GROUP BY leader HAVING count(*) > 1
    ) w WHERE w.leader = r.row_no
"""
FOLD_PLACES: Final = f"""
    UPDATE import_stage r SET {", ".join(f"{name} = w.{name}" for name in _PLACED)}
    FROM (
        SELECT DISTINCT ON (leader) leader, {", ".join(_PLACED)}
        FROM import_stage
        WHERE outcome IN ('created', 'updated') AND (provider = 'file' OR {_HAS_ADDRESS})
        ORDER BY leader, row_no DESC
    ) w WHERE w.leader = r.row_no AND w.leader IN
        (SELECT leader FROM import_stage WHERE leader < row_no AND outcome = 'updated')
"""

NEW_IDS: Final = """
    UPDATE import_stage SET target_id = nextval(CAST(:sequence AS regclass))
    WHERE outcome = 'created'
"""
FOLLOW: Final = """
    UPDATE import_stage r SET target_id = l.target_id
    FROM import_stage l WHERE l.row_no = r.leader AND r.leader < r.row_no
"""

# The owner of a new account is one whose accounts the importer sees: `{scope:r}` on the staged row.
CREATE: Final = """
    INSERT INTO accounts (id, external_id, name, segment, annual_revenue, currency, website, tags,
                          visits_per_year, import_id, created_by, updated_by)
    SELECT r.target_id, r.external_id, r.name, r.segment, r.annual_revenue,
        coalesce(r.currency, :currency), r.website,
        ARRAY(SELECT json_array_elements_text(coalesce(r.tag_list, '[]')::json)),
        r.visits_per_year, :import_id, :importer_id, :importer_id
    FROM import_stage r WHERE r.outcome = 'created' AND {scope:r}
"""
CREATE_ADDRESS: Final = f"""
    INSERT INTO addresses (account_id, typed, {", ".join(PARTS)}, country, {", ".join(_ANSWER)},
                           geocoded_at)
    SELECT r.target_id, coalesce(r.typed, ''), {", ".join(f"r.{part}" for part in PARTS)},
        r.country, {", ".join(_ANSWER.values())},
        CASE WHEN r.grade IS NOT NULL THEN clock_timestamp() END
    FROM import_stage r WHERE r.outcome = 'created' AND {{scope:r}}
"""
CREATE_SCOPE: Final = """
    INSERT INTO account_scope (account_id, owner_id, territory_id, unit, geom, grade, radius_m,
                               segment, revenue)
    SELECT r.target_id, r.owner_id, u.territory_id, r.unit, r.geom, coalesce(r.grade, 'none'),
        r.radius_m, r.segment, coalesce(r.annual_revenue, 0)
    FROM import_stage r LEFT JOIN import_units u ON u.unit = r.unit
    WHERE r.outcome = 'created' AND {scope:r}
"""
# The live territory of the block's units, looked up once each.
UNITS_OF_BLOCK: Final = f"""
    CREATE TEMP TABLE import_units ON COMMIT DROP AS
    {territories_sql("SELECT unit FROM import_stage")}
"""

LOCK: Final = """
    SELECT a.id FROM accounts a JOIN account_scope s ON s.account_id = a.id
    WHERE {scope:s} AND a.id IN (SELECT target_id FROM import_stage WHERE outcome = 'updated')
    ORDER BY a.id FOR UPDATE
"""
# A point that may be kept for a while only is not kept here.
BEFORE: Final = """
    UPDATE import_stage r SET before = w.before
    FROM (
        SELECT a.id, jsonb_build_object(
            'account', to_jsonb(a) - '{created_at,created_by,import_id,demo}'::text[],
            'address', to_jsonb(d) || CASE WHEN d.retain_until IS NULL THEN '{}'::jsonb
                ELSE '{no_point}'::jsonb END,
            'scope', jsonb_build_object('owner_id', s.owner_id, 'territory_id', s.territory_id,
                'unit', s.unit, 'grade', s.grade, 'radius_m', s.radius_m, 'segment', s.segment,
                'revenue', s.revenue, 'lon', ST_X(s.geom), 'lat', ST_Y(s.geom),
                'consent', s.consent) || CASE
                WHEN d.retain_until IS NULL THEN '{}'::jsonb
                ELSE '{"lon": null, "lat": null, "grade": "none", "radius_m": null}'::jsonb END
            ) AS before
        FROM accounts a
        JOIN account_scope s ON s.account_id = a.id
        LEFT JOIN addresses d ON d.account_id = a.id
        WHERE {scope:s} AND a.id IN (SELECT target_id FROM import_stage WHERE outcome = 'updated')
    ) w WHERE w.id = r.target_id AND r.leader = r.row_no AND r.outcome = 'updated'
""".replace("{no_point}", json.dumps(NO_POINT))
UPDATE: Final = """
    UPDATE accounts a SET
        name = coalesce(r.name, a.name),
        segment = coalesce(r.segment, a.segment),
        annual_revenue = coalesce(r.annual_revenue, a.annual_revenue),
        currency = coalesce(r.currency, a.currency),
        website = coalesce(r.website, a.website),
        tags = CASE WHEN r.tag_list IS NULL THEN a.tags ELSE ARRAY(
            SELECT unnest(a.tags) UNION SELECT json_array_elements_text(r.tag_list::json)
            ORDER BY 1) END,
        visits_per_year = coalesce(r.visits_per_year, a.visits_per_year),
        version = a.version + 1, updated_at = now(), updated_by = :importer_id
    FROM import_stage r JOIN account_scope s ON s.account_id = r.target_id
    WHERE a.id = r.target_id AND r.outcome = 'updated' AND r.leader = r.row_no AND {scope:s}
"""
# What the address is after the import, where it differs from what it was; pinned points stay.
MOVED: Final = f"""
    SELECT r.row_no, coalesce(r.typed, d.typed) AS typed,
        {", ".join(f"coalesce(r.{part}, d.{part}) AS {part}" for part in PARTS)},
        coalesce(r.stated_country, d.country) AS country
    FROM import_stage r
    JOIN addresses d ON d.account_id = r.target_id
    JOIN account_scope s ON s.account_id = r.target_id
    WHERE r.outcome = 'updated' AND r.leader = r.row_no AND {{scope:s}}
      AND coalesce(r.provider, '') <> 'file' AND coalesce(d.provider, '') <> 'pin'
      AND (coalesce(r.typed, d.typed) IS DISTINCT FROM d.typed OR {
    " OR ".join(f"coalesce(r.{part}, d.{part}) IS DISTINCT FROM d.{part}" for part in PARTS)
}
          OR coalesce(r.stated_country, d.country) <> d.country)
"""
UPDATE_ADDRESS: Final = f"""
    UPDATE addresses d SET
        typed = coalesce(r.typed, d.typed),
        {", ".join(f"{part} = coalesce(r.{part}, d.{part})" for part in PARTS)},
        country = coalesce(r.stated_country, d.country),
        {
    ", ".join(
        f"{name} = CASE WHEN r.moves THEN {value} ELSE d.{name} END"
        for name, value in (_ANSWER | {"geocoded_at": "clock_timestamp()"}).items()
    )
}
    FROM import_stage r JOIN account_scope s ON s.account_id = r.target_id
    WHERE d.account_id = r.target_id AND r.outcome = 'updated' AND r.leader = r.row_no AND
    {{scope:s}}
"""
# A position that is the point we have is no news: our own export, brought in again, moves nobody.
MOVES: Final = """
    UPDATE import_stage r SET moves = coalesce(d.provider, '') <> 'pin'
        AND (r.provider = 'file' OR r.again)
        AND NOT coalesce(r.provider = 'file' AND abs(r.lon - d.lon) < 1e-7
                         AND abs(r.lat - d.lat) < 1e-7, false)
    FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
    WHERE d.account_id = r.target_id AND r.outcome = 'updated' AND r.leader = r.row_no AND {scope:s}
"""
UPDATE_SCOPE: Final = """
    UPDATE account_scope s SET
        owner_id = CASE WHEN r.owner_email IS NOT NULL
            AND (:assigns_all OR s.owner_id = ANY(CAST(:owner_ids AS int[])))
            THEN r.owner_id ELSE s.owner_id END,
        segment = coalesce(r.segment, s.segment),
        revenue = CASE WHEN r.annual_revenue IS NOT NULL
            AND coalesce(s.last_order < current_date - 365, true)
            THEN r.annual_revenue ELSE s.revenue END,
        geom = CASE WHEN r.moves THEN r.geom ELSE s.geom END,
        grade = CASE WHEN r.moves THEN coalesce(r.grade, 'none') ELSE s.grade END,
        radius_m = CASE WHEN r.moves THEN r.radius_m ELSE s.radius_m END,
        unit = CASE WHEN r.moves THEN r.unit ELSE s.unit END,
        territory_id = CASE WHEN r.moves THEN u.territory_id ELSE s.territory_id END
    FROM import_stage r LEFT JOIN import_units u ON u.unit = r.unit
    WHERE s.account_id = r.target_id AND r.outcome = 'updated' AND r.leader = r.row_no AND {scope:s}
"""

# What a row brings besides, also the rows that follow another.
TOUCHED: Final = (
    "SELECT DISTINCT target_id FROM import_stage WHERE outcome IN ('created', 'updated')"
)
ADD_NUMBERS: Final = """
    INSERT INTO phones (account_id, e164, typed, import_id)
    SELECT DISTINCT ON (r.target_id, n.pair ->> 0) r.target_id, n.pair ->> 0, n.pair ->> 1,
    :import_id
    FROM import_stage r JOIN account_scope s ON s.account_id = r.target_id
    CROSS JOIN LATERAL json_array_elements(r.numbers::json) n(pair)
    WHERE r.outcome IN ('created', 'updated') AND r.numbers IS NOT NULL AND {scope:s}
      AND NOT EXISTS (SELECT FROM phones p WHERE p.account_id = r.target_id AND p.e164 = n.pair
      ->> 0)
    ORDER BY r.target_id, n.pair ->> 0, r.row_no
"""
ADD_MAILS: Final = """
    INSERT INTO emails (account_id, address, import_id)
    SELECT DISTINCT r.target_id, m.address::citext, CAST(:import_id AS bigint)
    FROM import_stage r JOIN account_scope s ON s.account_id = r.target_id
    CROSS JOIN LATERAL json_array_elements_text(r.mails::json) m(address)
    WHERE r.outcome IN ('created', 'updated') AND r.mails IS NOT NULL AND {scope:s}
      AND NOT EXISTS (SELECT FROM emails e
                      WHERE e.account_id = r.target_id AND e.address = m.address::citext)
"""
ADD_PEOPLE: Final = """
    INSERT INTO contacts (account_id, name, title, import_id)
    SELECT DISTINCT ON (r.target_id, lower(r.contact_name)) r.target_id, r.contact_name,
        r.contact_title, :import_id
    FROM import_stage r JOIN account_scope s ON s.account_id = r.target_id
    WHERE r.outcome IN ('created', 'updated') AND r.contact_name IS NOT NULL AND {scope:s}
      AND NOT EXISTS (SELECT FROM contacts c WHERE c.account_id = r.target_id
                      AND lower(c.name) = lower(r.contact_name))
    ORDER BY r.target_id, lower(r.contact_name), r.row_no DESC
"""
# A statement is noted when it says something new about its channel.
ADD_CONSENTS: Final = f"""
    INSERT INTO consents (account_id, channel, granted, source, user_id)
    SELECT w.target_id, w.channel, w.granted, 'import ' || :import_id, :importer_id
    FROM (
        SELECT DISTINCT ON (r.target_id, c.channel) r.target_id, c.channel, r.row_no,
            r.refused & {CHANNEL_BIT} = 0 AS granted
        FROM import_stage r JOIN account_scope s ON s.account_id = r.target_id
        CROSS JOIN (VALUES ('email'), ('sms'), ('whatsapp'), ('phone'), ('post')) c(channel)
        WHERE r.outcome IN ('created', 'updated') AND {{scope:s}}
          AND (r.granted | r.refused) & {CHANNEL_BIT} <> 0
        ORDER BY r.target_id, c.channel, r.row_no DESC
    ) w
    WHERE w.granted IS DISTINCT FROM (
        SELECT l.granted FROM consents l
        WHERE l.account_id = w.target_id AND l.channel = w.channel
        ORDER BY l.at DESC, l.id DESC LIMIT 1)
    ORDER BY w.row_no
"""
VERSIONS: Final = """
    UPDATE import_stage r SET version = a.version
    FROM accounts a JOIN account_scope s ON s.account_id = a.id
    WHERE a.id = r.target_id AND r.outcome IN ('created', 'updated') AND {scope:s}
"""
