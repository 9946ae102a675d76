"""Streets: ways of one name near each other, and the streets that only addresses name.

An address joins the street it names: in its own municipality, or next door.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.places.packs.staging import LIST_SEPARATOR
from geocrm.places.street_names import street_keys

_LIMITS = {
    # Farther apart, two ways of a name in one municipality are two streets; where no municipality
    # is known, the street of the next village is taken for the same one less easily.
    "gap": 1_000,
    "unbounded_gap": 400,
    # Addresses of a street that no way bears.
    "address_gap": 500,
    # An address this far from the street it names means another, which is not in the pack.
    "own": 1_500,
    "next": 500,
}

_CELL_DEG = 0.05


def gather(session: Session) -> None:
    """Make `new_streets`, `new_street_keys` and `new_homesteads`: the street of each address."""
    session.execute(text(_JOIN_MEMBERS))
    _run(session, _NAMES)
    names = session.execute(text("SELECT name, country FROM new_names")).all()
    columns = ("name", "country", "key", "bare_key")
    copy_rows(session, "new_keys", columns, _keyed(names))
    _run(session, _STREETS + _ADDRESSES)


def _run(session: Session, statements: Iterable[str]) -> None:
    values = _LIMITS | {"separator": LIST_SEPARATOR}
    for statement in statements:
        wanted = {name: value for name, value in values.items() if f":{name}" in statement}
        session.execute(text(statement), wanted)


def _keyed(names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str, str | None]]:
    for name, country in names:
        keys = street_keys(name, country)
        if keys:
            yield name, country, keys[0], keys[1] if len(keys) > 1 else None


# A house that does not say its street may be a member of a relation that does.
_JOIN_MEMBERS = """
    UPDATE new_addresses a SET street = m.street
    FROM (SELECT osm_ref, min(street) AS street FROM new_members GROUP BY osm_ref) m
    WHERE m.osm_ref = a.osm_ref AND a.street = ''
"""
_NAMES = (
    """
    CREATE TEMP TABLE new_names ON COMMIT DROP AS
    SELECT w.name, s.country FROM new_ways w JOIN new_stands s ON s.of = 'way' AND s.id = w.id
    UNION
    SELECT unnest(string_to_array(nullif(w.other_names, ''), :separator)), s.country
    FROM new_ways w JOIN new_stands s ON s.of = 'way' AND s.id = w.id
    UNION
    SELECT a.street, s.country
    FROM new_addresses a JOIN new_stands s ON s.of = 'address' AND s.id = a.id
    WHERE a.street <> ''
    """,
    """
    CREATE TEMP TABLE new_keys (name text, country text, key text, bare_key text) ON COMMIT DROP
    """,
)
# Degrees become metres around the middle of what is compared; where no municipality is known,
# metres grow, and one gap serves both.
_METRES = """ST_Scale({shape}, 111320 * cos(radians({lat})) * {wider}, 110540 * {wider})"""
_WIDER = "(CASE WHEN municipality = 0 THEN :gap / CAST(:unbounded_gap AS float) ELSE 1 END)"
_STREETS = (
    "CREATE INDEX ON new_keys (name, country)",
    "ANALYZE new_keys",
    f"""
    CREATE TEMP TABLE new_parts ON COMMIT DROP AS
    SELECT id, osm_ref, ground_id, key, country, municipality, name, shape,
        ST_ClusterDBSCAN({_METRES.format(shape="shape", lat="lat", wider=_WIDER)}, :gap, 1)
            OVER (PARTITION BY key, country, municipality) AS cluster
    FROM (
        SELECT w.id, w.osm_ref, s.ground_id, k.key, s.country,
            coalesce(s.municipality, 0) AS municipality, w.name, w.shape,
            avg(ST_Y(s.geom)) OVER (PARTITION BY k.key, s.country, s.municipality) AS lat
        FROM new_ways w JOIN new_stands s ON s.of = 'way' AND s.id = w.id
        JOIN new_keys k ON k.name = w.name AND k.country = s.country
    ) w
    """,
    """
    CREATE TEMP TABLE new_streets ON COMMIT DROP AS
    SELECT nextval(pg_get_serial_sequence('pack_streets', 'id')) AS id, key, country, municipality,
        mode() WITHIN GROUP (ORDER BY name) AS name,
        ST_Multi(ST_LineMerge(ST_Collect(shape))) AS geom, array_agg(id) AS parts,
        array_agg(DISTINCT ground_id) AS grounds, array_agg(DISTINCT osm_ref) AS osm_refs
    FROM new_parts GROUP BY key, country, municipality, cluster
    """,
    # In metres, each street by its own latitude: a distance costs a tenth of one on the sphere.
    """
    CREATE TEMP TABLE new_lines ON COMMIT DROP AS
    SELECT id, country, municipality, geom, east_m,
        ST_Scale(geom, east_m, 110540) AS metres
    FROM (SELECT *, 111320 * cos(radians(ST_Y(ST_Centroid(geom)))) AS east_m FROM new_streets) s
    """,
    "CREATE INDEX ON new_lines (id)",
    "ANALYZE new_lines",
    """
    CREATE TEMP TABLE new_street_keys ON COMMIT DROP AS
    WITH named AS (
        SELECT s.id AS street_id, s.country, n.name
        FROM new_streets s CROSS JOIN LATERAL unnest(s.parts) AS part(id)
        JOIN new_ways w ON w.id = part.id
        CROSS JOIN LATERAL (
            SELECT w.name UNION
            SELECT unnest(string_to_array(nullif(w.other_names, ''), :separator))
        ) n
    ), keyed AS (
        SELECT n.street_id, k.key, false AS bare FROM named n
        JOIN new_keys k ON k.name = n.name AND k.country = n.country
        UNION ALL
        SELECT n.street_id, k.bare_key, true FROM named n
        JOIN new_keys k ON k.name = n.name AND k.country = n.country
        WHERE k.bare_key IS NOT NULL
    )
    SELECT street_id, key, bool_and(bare) AS bare FROM keyed GROUP BY street_id, key
    """,
    "CREATE INDEX ON new_street_keys (key)",
    "CREATE INDEX ON new_streets (id)",
    "ANALYZE new_street_keys",
    "ANALYZE new_streets",
)
_ADDRESSES = (
    """
    CREATE TEMP TABLE new_sought ON COMMIT DROP AS
    SELECT a.id, a.osm_ref, a.street, k.key, k.bare_key, s.country,
        coalesce(s.municipality, 0) AS municipality, s.geom
    FROM new_addresses a JOIN new_stands s ON s.of = 'address' AND s.id = a.id
    JOIN new_keys k ON k.name = a.street AND k.country = s.country
    """,
    "ANALYZE new_sought",
    # A country has a thousand streets of one name: they are looked up by name and place, not by
    # name alone.
    f"""
    CREATE TEMP TABLE new_street_cells ON COMMIT DROP AS
    SELECT k.key, k.bare, k.street_id, x, y
    FROM new_street_keys k JOIN new_lines s ON s.id = k.street_id,
        generate_series(floor((ST_XMin(s.geom) - 0.03) / {_CELL_DEG})::int,
                        floor((ST_XMax(s.geom) + 0.03) / {_CELL_DEG})::int) AS x,
        generate_series(floor((ST_YMin(s.geom) - 0.015) / {_CELL_DEG})::int,
                        floor((ST_YMax(s.geom) + 0.015) / {_CELL_DEG})::int) AS y
    """,
    "CREATE INDEX ON new_street_cells (key, x, y)",
    "ANALYZE new_street_cells",
    f"""
    CREATE TEMP TABLE new_homesteads ON COMMIT DROP AS
    SELECT DISTINCT ON (a.id) a.id, s.id AS street_id
    FROM new_sought a
    CROSS JOIN LATERAL (VALUES (a.key, 0), (a.bare_key, 1)) AS w(key, loose)
    JOIN new_street_cells k ON k.key = w.key AND k.x = floor(ST_X(a.geom) / {_CELL_DEG})::int
        AND k.y = floor(ST_Y(a.geom) / {_CELL_DEG})::int AND NOT (k.bare AND w.loose = 1)
    JOIN new_lines s ON s.id = k.street_id AND s.country = a.country
    CROSS JOIN LATERAL (
        SELECT ST_Distance(s.metres, ST_Scale(a.geom, s.east_m, 110540)) AS distance_m
    ) d
    WHERE d.distance_m <= CASE WHEN s.municipality = a.municipality THEN :own ELSE :next END
    ORDER BY a.id, s.municipality = a.municipality DESC, w.loose + k.bare::int, d.distance_m, s.id
    """,
    "CREATE INDEX ON new_homesteads (id)",
    "ANALYZE new_homesteads",
    f"""
    CREATE TEMP TABLE new_alone ON COMMIT DROP AS
    SELECT id, osm_ref, street, key, bare_key, country, municipality, geom,
        ST_ClusterDBSCAN({_METRES.format(shape="geom", lat="lat", wider="1")}, :address_gap, 1)
            OVER (PARTITION BY key, country, municipality) AS cluster
    FROM (
        SELECT a.*, avg(ST_Y(geom)) OVER (PARTITION BY key, country, municipality) AS lat
        FROM new_sought a WHERE NOT EXISTS (SELECT FROM new_homesteads h WHERE h.id = a.id)
    ) a
    """,
    """
    WITH made AS (
        SELECT nextval(pg_get_serial_sequence('pack_streets', 'id')) AS id, key,
            min(bare_key) AS bare_key, country, municipality,
            mode() WITHIN GROUP (ORDER BY street) AS name, array_agg(id) AS inhabited,
            array_agg(DISTINCT osm_ref) AS osm_refs
        FROM new_alone GROUP BY key, country, municipality, cluster
    ), streets AS (
        INSERT INTO new_streets (id, key, country, municipality, name, parts, grounds, osm_refs)
        SELECT id, key, country, municipality, name, '{}', '{}', osm_refs FROM made
    ), keys AS (
        INSERT INTO new_street_keys (street_id, key, bare)
        SELECT id, key, false FROM made
        UNION ALL SELECT id, bare_key, true FROM made WHERE bare_key IS NOT NULL
    )
    INSERT INTO new_homesteads (id, street_id) SELECT unnest(inhabited), id FROM made
    """,
    "ANALYZE new_homesteads",
)
