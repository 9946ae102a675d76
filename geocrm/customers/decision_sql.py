"""The SQL of decisions about addresses: change with an image kept, restore, place in the scope."""

from typing import Final

from geocrm.customers.scope import FINEST, TERRITORY_OF_UNIT, nearest_unit_sql

_WRITTEN: Final = "typed,street,house_number,postcode,village,district,city,region,country"
_WANTED: Final = """
    SELECT w.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w(
        account_id bigint, lon double precision, lat double precision, grade text,
        radius_m double precision, provider text, label text, p50 real, p200 real, p1000 real,
        p5000 real, ambiguous boolean, candidates jsonb, notes jsonb, licence text,
        attribution text, retain_until timestamptz, review text, seen text)
"""


# Changes the wanted addresses, keeps their images, and gives the changed accounts.
_CHANGE: Final = """
    WITH wanted AS MATERIALIZED (<wanted>),
    old AS MATERIALIZED (
        SELECT d.account_id, d AS image
        FROM wanted w
        JOIN addresses d ON d.account_id = w.account_id
        JOIN account_scope s ON s.account_id = d.account_id
        WHERE {scope:s} ORDER BY d.account_id FOR UPDATE OF d),
    new AS (
        UPDATE addresses d SET <assignments>
        FROM wanted w JOIN old ON old.account_id = w.account_id
        WHERE d.account_id = w.account_id AND coalesce(w.seen = md5(CAST(d AS text)), true)
        RETURNING d.account_id, md5(CAST(d AS text)) AS digest)
    INSERT INTO address_decision_rows AS r (decision_id, account_id, before, after)
    SELECT :decision, new.account_id, to_jsonb(old.image) - CAST('<written>' AS text[]), new.digest
    FROM new JOIN old ON old.account_id = new.account_id
    -- Changed twice under one decision: the first image is the one to go back to.
    ON CONFLICT (decision_id, account_id) DO UPDATE SET after = EXCLUDED.after
    RETURNING r.account_id
""".replace("<wanted>", _WANTED).replace("<written>", f"{{{_WRITTEN}}}")


def _changing(assignments: str) -> str:
    return _CHANGE.replace("<assignments>", assignments)


_POINT: Final = (
    "lon", "lat", "grade", "radius_m", "provider", "label", "p50", "p200", "p1000", "p5000",
    "ambiguous", "candidates", "notes", "licence", "attribution", "retain_until",
)  # fmt: skip
_REVIEWED: Final = "reviewed_at = clock_timestamp(), reviewed_by = :user"
PLACE: Final = _changing(
    ", ".join(f"{column} = w.{column}" for column in _POINT)
    + """, geocoded_at = clock_timestamp(), review = w.review,
    placed_by = CASE WHEN w.provider = 'pin' THEN CAST(:user AS int) END,
    reviewed_at = CASE WHEN w.review IN ('settled', 'nowhere') THEN clock_timestamp() END,
    reviewed_by = CASE WHEN w.review IN ('settled', 'nowhere') THEN CAST(:user AS int) END"""
)
# The point stands for the address as it is written now, whichever it was found for.
KEEP: Final = _changing(
    f"""review = 'settled', {_REVIEWED}, ambiguous = false, answered = d.fingerprint,
    answered_address = NULL,
    notes = (SELECT coalesce(jsonb_agg(n), '[]') FROM jsonb_array_elements(d.notes) n
             WHERE n ->> 'code' <> 'moved_address')"""
)
COUNT_UP: Final = """
    UPDATE accounts a SET version = a.version + 1, updated_at = now(), updated_by = :user
    FROM account_scope s
    WHERE a.id = ANY(CAST(:ids AS bigint[])) AND s.account_id = a.id AND {scope:s}
"""
PLACE_IN_SCOPE: Final = f"""
    WITH points AS MATERIALIZED (
        SELECT d.* FROM (
            SELECT d.account_id, d.grade, d.radius_m,
                ST_SetSRID(ST_MakePoint(d.lon, d.lat), 4326) AS geom
            FROM addresses d WHERE d.account_id = ANY(CAST(:ids AS bigint[]))) d
        JOIN account_scope i ON i.account_id = d.account_id
        WHERE (d.geom, d.grade, d.radius_m) IS DISTINCT FROM (i.geom, i.grade, i.radius_m)),
    units AS MATERIALIZED (
        SELECT i.geom, coalesce(
            (SELECT b.code FROM boundaries b WHERE {FINEST} AND b.geom && i.geom
               AND ST_Covers(b.geom, i.geom) ORDER BY b.code LIMIT 1),
            {nearest_unit_sql("i.geom")}) AS unit
        FROM (SELECT DISTINCT p.geom FROM points p
              WHERE p.geom IS NOT NULL AND p.grade <> ALL(CAST(:coarse AS text[]))) i),
    held AS MATERIALIZED (
        SELECT u.unit, {TERRITORY_OF_UNIT.format(unit="u.unit")} AS territory_id
        FROM (SELECT DISTINCT unit FROM units) u)
    UPDATE account_scope s SET geom = p.geom, grade = p.grade, radius_m = p.radius_m,
        unit = u.unit, territory_id = h.territory_id
    FROM points p
    LEFT JOIN units u ON u.geom = p.geom AND p.grade <> ALL(CAST(:coarse AS text[]))
    LEFT JOIN held h ON h.unit = u.unit
    WHERE s.account_id = p.account_id AND {{scope:s}}
"""
SOME: Final = """
    SELECT r.account_id FROM address_decision_rows r
    JOIN account_scope s ON s.account_id = r.account_id
    WHERE r.decision_id = :id AND {scope:s} ORDER BY r.account_id LIMIT :limit
"""
RESTORED: Final = (
    *_POINT, "geocoded_at", "placed_by", "review", "reviewed_by", "reviewed_at",
)  # fmt: skip
_IMAGES: Final = """
    image AS MATERIALIZED (
        SELECT r.account_id, r.after,
            jsonb_populate_record(CAST(NULL AS addresses), r.before) AS i
        FROM address_decision_rows r
        JOIN account_scope s ON s.account_id = r.account_id
        WHERE r.decision_id = :id AND r.account_id = ANY(CAST(:ids AS bigint[])) AND {scope:s})
"""
RESTORE: Final = f"""
    WITH {_IMAGES}
    UPDATE addresses d SET {", ".join(f"{column} = (image.i).{column}" for column in RESTORED)}
    FROM image
    WHERE d.account_id = image.account_id AND md5(CAST(d AS text)) = image.after
      AND coalesce((image.i).retain_until > now(), true)
    RETURNING d.account_id
"""
RESTORE_ANSWERED: Final = f"""
    WITH {_IMAGES}
    UPDATE addresses d
    SET answered = (image.i).answered, answered_address = (image.i).answered_address
    FROM image
    WHERE d.account_id = image.account_id AND (d.answered, d.answered_address)
        IS DISTINCT FROM ((image.i).answered, (image.i).answered_address)
"""
DROP_IMAGES: Final = """
    DELETE FROM address_decision_rows r USING account_scope s
    WHERE r.decision_id = :id AND r.account_id = ANY(CAST(:ids AS bigint[]))
      AND s.account_id = r.account_id AND {scope:s}
"""
FORGET: Final = """
    DELETE FROM address_decision_rows r USING account_scope s
    WHERE CAST(r.before ->> 'retain_until' AS timestamptz) <= now()
      AND s.account_id = r.account_id AND {scope:s}
"""
