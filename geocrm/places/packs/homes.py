"""Brings localities, streets and addresses of the staging tables into those of the pack."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.places.packs.localities import Ground, Locality, Named, locality, merged
from geocrm.places.packs.staging import unlisted

# A locality that fewer of a street's addresses name says nothing about the street.
SHARE_OF_STREET = 0.2
# Points of one number this near each other are one house: its entrance, its shop, its outline.
SAME_HOUSE_M = 80
_LOCALITY = ("id", "pack_id", "country", "name", "label", "keys", "wider")


def settle(session: Session, pack_id: int) -> None:
    """Fill pack_localities, pack_streets, pack_street_names and pack_addresses.

    Leaves `new_labels`: how a point of a ground is labelled that has no address.
    """
    for statement in (_HOMES, "ANALYZE new_homes", _AT_HOME, "ANALYZE new_at_home"):
        session.execute(text(statement))
    register = _Register()
    of_home = _localities_of_homes(session, register)
    _write(session, "new_home_numbers", of_home.items())
    session.execute(text(_STREET_HOMES), {"share": SHARE_OF_STREET})
    of_street = [
        (street_id, register.number(merged(register.listed[of_home[home]] for home in home_ids)))
        for street_id, home_ids in session.execute(text(_HOMES_OF_STREETS))
    ]
    _write(session, "new_street_numbers", of_street)
    _store(session, pack_id, register.listed)
    values = {"pack": pack_id, "same": SAME_HOUSE_M}
    for statement in _INTO_PACK:
        wanted = {name: value for name, value in values.items() if f":{name}" in statement}
        session.execute(text(statement), wanted)


class _Register:
    """Localities, each once, by the number of their first appearance."""

    def __init__(self) -> None:
        self.listed: list[Locality] = []
        self._numbers: dict[Locality, int] = {}

    def number(self, one: Locality) -> int:
        known = self._numbers.setdefault(one, len(self.listed))
        if known == len(self.listed):
            self.listed.append(one)
        return known


def _localities_of_homes(session: Session, register: _Register) -> dict[int, int]:
    homes = session.execute(text("SELECT id, ground_id, city, parts FROM new_homes")).all()
    grounds = _grounds(session)
    return {
        home.id: register.number(locality(grounds[home.ground_id], home.city, unlisted(home.parts)))
        for home in homes
    }


def _grounds(session: Session) -> dict[int, Ground]:
    areas = {
        row.id: Named(row.name, unlisted(row.other_names), level=row.level)
        for row in session.execute(text("SELECT id, level, name, other_names FROM new_areas"))
    }
    places = {
        row.id: Named(row.name, unlisted(row.other_names), kind=row.kind)
        for row in session.execute(text("SELECT id, kind, name, other_names FROM new_places"))
    }
    units = {
        row.code: Named(row.name, tuple(row.other_names), level=row.level)
        for row in session.execute(text(_UNITS))
    }
    countries = {
        row.country: Named(row.name, tuple(row.other_names))
        for row in session.execute(text(_COUNTRIES))
    }
    rows = session.execute(text(_GROUND_ROWS))
    return {row.id: _ground(row, areas, places, units, countries) for row in rows}


def _ground(
    row: Any,
    areas: Mapping[int, Named],
    places: Mapping[int, Named],
    units: Mapping[str, Named],
    countries: Mapping[str, Named],
) -> Ground:
    stand_in = Named(row.gazetteer_name) if row.gazetteer_name else None
    return Ground(
        row.country,
        countries.get(row.country, Named("")),
        tuple(sorted((areas[i] for i in row.areas), key=lambda area: area.level)),
        tuple(sorted((units[code] for code in row.units), key=lambda unit: unit.level)),
        places.get(row.town_id) or stand_in,
        tuple(places[i] for i in row.near),
        tuple(places[i] for i in row.far),
        tuple(row.gazetteer_keys),
    )


def _write(session: Session, table: str, pairs: Iterable[tuple[int, int]]) -> None:
    session.execute(text(f"CREATE TEMP TABLE {table} (id bigint, number int) ON COMMIT DROP"))
    copy_rows(session, table, ("id", "number"), pairs)
    session.execute(text(f"CREATE INDEX ON {table} (id)"))
    session.execute(text(f"ANALYZE {table}"))


def _store(session: Session, pack_id: int, localities: list[Locality]) -> None:
    ids = session.scalars(
        text(
            "SELECT nextval(pg_get_serial_sequence('pack_localities', 'id'))"
            " FROM generate_series(1, :n)"
        ),
        {"n": len(localities)},
    ).all()
    copy_rows(session, "pack_localities", _LOCALITY, _rows(ids, pack_id, localities))
    _write(session, "new_locality_ids", [(int(i), n) for n, i in enumerate(ids)])


def _rows(ids: Iterable[int], pack_id: int, localities: list[Locality]) -> Iterator[Any]:
    for i, one in zip(ids, localities, strict=True):
        yield i, pack_id, one.country, one.name, one.label, _array(one.keys), _array(one.wider)


def _array(keys: Iterable[str]) -> str:
    """An array as PostgreSQL writes it; keys are letters and digits, so nothing is escaped."""
    return "{" + ",".join(f'"{key}"' for key in keys) + "}"


# Of our own units the gazetteer knows more names, of countries all. It is read once, not once a
# ground: nothing there is found by the place.
_UNITS = """
    SELECT b.code, b.name, l.level,
        array_remove(array_agg(DISTINCT n.key) || b.name_id, NULL) AS other_names
    FROM boundaries b JOIN boundary_layers l ON l.code = b.layer
    LEFT JOIN gazetteer_places p ON p.code = b.code
    LEFT JOIN gazetteer_names n ON n.place_id = p.id
    WHERE b.code IN (SELECT DISTINCT unnest(units) FROM new_grounds)
    GROUP BY b.code, b.name, b.name_id, l.level
"""
_COUNTRIES = """
    SELECT c.country, coalesce(min(b.name), '') AS name,
        array_remove(array_agg(DISTINCT n.key), NULL) AS other_names
    FROM (SELECT DISTINCT country FROM new_grounds) c
    LEFT JOIN boundaries b ON b.layer = 'wld-adm0' AND b.country = c.country
    LEFT JOIN gazetteer_places p ON p.kind = 'country' AND p.country = c.country
    LEFT JOIN gazetteer_names n ON n.place_id = p.id AND n.country = c.country
    GROUP BY c.country
"""
_GROUND_ROWS = """
    WITH known AS (
        SELECT p.id, p.name, array_agg(DISTINCT n.key) AS keys
        FROM (SELECT DISTINCT gazetteer_id AS id FROM new_grounds) g
        JOIN gazetteer_places p USING (id) JOIN gazetteer_names n ON n.place_id = p.id
        WHERE n.key <> '' GROUP BY p.id
    )
    SELECT g.*, k.name AS gazetteer_name, coalesce(k.keys, '{}') AS gazetteer_keys
    FROM new_grounds g LEFT JOIN known k ON k.id = g.gazetteer_id
"""
_HOMES = """
    CREATE TEMP TABLE new_homes ON COMMIT DROP AS
    SELECT row_number() OVER () AS id, h.* FROM (
        SELECT s.ground_id, a.city, a.parts
        FROM new_homesteads t JOIN new_addresses a USING (id)
        JOIN new_stands s ON s.of = 'address' AND s.id = a.id
        UNION
        SELECT s.ground_id, '', '' FROM new_stands s WHERE s.of IN ('way', 'poi', 'place')
    ) h
"""
_AT_HOME = """
    CREATE TEMP TABLE new_at_home ON COMMIT DROP AS
    SELECT t.id, t.street_id, h.id AS home_id, s.geom
    FROM new_homesteads t JOIN new_addresses a USING (id)
    JOIN new_stands s ON s.of = 'address' AND s.id = a.id
    JOIN new_homes h ON h.ground_id = s.ground_id AND h.city = a.city AND h.parts = a.parts
"""
_STREET_HOMES = """
    CREATE TEMP TABLE new_street_homes ON COMMIT DROP AS
    WITH lived AS (
        SELECT street_id, home_id, count(*) AS n,
            sum(count(*)) OVER (PARTITION BY street_id) AS total,
            row_number() OVER (PARTITION BY street_id ORDER BY count(*) DESC, home_id) AS rank
        FROM new_at_home GROUP BY 1, 2
    )
    SELECT street_id, home_id, n FROM lived WHERE n >= :share * total OR rank = 1
    UNION ALL
    SELECT s.id, h.id, 0 FROM new_streets s CROSS JOIN LATERAL unnest(s.grounds) AS g(id)
    JOIN new_homes h ON h.ground_id = g.id AND h.city = '' AND h.parts = ''
"""
_HOMES_OF_STREETS = """
    SELECT street_id, array_agg(home_id ORDER BY n DESC, home_id) FROM (
        SELECT street_id, home_id, max(n) AS n FROM new_street_homes GROUP BY 1, 2
    ) h GROUP BY street_id
"""
_INTO_PACK = (
    """
    CREATE TEMP TABLE new_homed ON COMMIT DROP AS
    SELECT t.id, t.street_id, l.id AS locality_id, t.geom, a.number, a.gap_m, a.osm_ref,
        (a.postcode = '')::int + (a.city = '')::int AS lacks,
        avg(ST_Y(t.geom)) OVER (PARTITION BY t.street_id) AS lat
    FROM new_at_home t JOIN new_addresses a USING (id)
    JOIN new_home_numbers n ON n.id = t.home_id
    JOIN new_locality_ids l ON l.number = n.number
    """,
    "ANALYZE new_homed",
    # A house counts once; a number that is mapped is not interpolated.
    """
    CREATE TEMP TABLE new_houses ON COMMIT DROP AS
    WITH near AS (
        SELECT *, ST_ClusterDBSCAN(ST_Scale(geom, 111320 * cos(radians(lat)), 110540), :same, 1)
            OVER (PARTITION BY street_id, number, gap_m IS NULL) AS cluster
        FROM new_homed
    )
    SELECT DISTINCT ON (street_id, number, gap_m IS NULL, cluster)
        id, street_id, locality_id, geom
    FROM near n
    WHERE gap_m IS NULL OR NOT EXISTS (
        SELECT FROM new_homed r
        WHERE r.street_id = n.street_id AND r.number = n.number AND r.gap_m IS NULL)
    ORDER BY street_id, number, gap_m IS NULL, cluster, lacks, osm_ref, id
    """,
    "ANALYZE new_houses",
    """
    INSERT INTO pack_streets
        (id, pack_id, locality_id, osm_refs, country, name, postcodes, geom, lon, lat, reach_m)
    SELECT s.id, :pack, l.id, s.osm_refs, s.country, s.name, coalesce(a.postcodes, '{}'), s.geom,
        ST_X(m.middle), ST_Y(m.middle), r.reach_m
    FROM new_streets s
    JOIN new_street_numbers n ON n.id = s.id
    JOIN new_locality_ids l ON l.number = n.number
    LEFT JOIN (
        SELECT h.street_id, ST_Collect(h.geom) AS points,
            array_agg(DISTINCT a.postcode) FILTER (WHERE a.postcode <> '') AS postcodes
        FROM new_houses h JOIN new_addresses a USING (id) GROUP BY h.street_id
    ) a ON a.street_id = s.id
    CROSS JOIN LATERAL (
        SELECT ST_ClosestPoint(coalesce(s.geom, a.points),
                               ST_Centroid(coalesce(s.geom, a.points))) AS middle
    ) m
    CROSS JOIN LATERAL (
        SELECT percentile_cont(0.95) WITHIN GROUP (
            ORDER BY ST_DistanceSphere(d.geom, m.middle)) AS reach_m
        FROM (
            SELECT (ST_DumpPoints(ST_Segmentize(s.geom, 0.0005))).geom
            UNION ALL SELECT (ST_DumpPoints(a.points)).geom
        ) d
    ) r
    """,
    """
    CREATE TEMP TABLE new_labels ON COMMIT DROP AS
    SELECT h.ground_id, l.label, l.name
    FROM new_homes h JOIN new_home_numbers n USING (id)
    JOIN new_locality_ids i ON i.number = n.number JOIN pack_localities l ON l.id = i.id
    WHERE h.city = '' AND h.parts = ''
    """,
    """
    INSERT INTO pack_street_names (key, country, street_id, bare, weight)
    SELECT k.key, s.country, s.id, k.bare, ln(1 + s.reach_m)
    FROM new_street_keys k JOIN pack_streets s ON s.id = k.street_id
    """,
    """
    INSERT INTO pack_addresses (pack_id, street_id, locality_id, number, value, range_end,
        postcode, osm_ref, gap_m, lon, lat)
    SELECT :pack, h.street_id, h.locality_id, a.number, a.value, a.range_end,
        nullif(a.postcode, ''), a.osm_ref, a.gap_m, ST_X(h.geom), ST_Y(h.geom)
    FROM new_houses h JOIN new_addresses a USING (id)
    ORDER BY h.street_id, a.value
    """,
    # Those that only gave a place or a shop its label say nothing about an address.
    """
    DELETE FROM pack_localities l WHERE l.pack_id = :pack
      AND NOT EXISTS (SELECT FROM pack_streets s WHERE s.locality_id = l.id)
      AND NOT EXISTS (SELECT FROM pack_addresses a WHERE a.locality_id = l.id)
    """,
    # What follows joins these rows, and the planner should know how many there are.
    "ANALYZE pack_addresses, pack_localities, pack_streets, pack_street_names",
)
