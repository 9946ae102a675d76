"""Brings localities, streets and addresses of the staging tables into those of the pack."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.places.packs.localities import Ground, Locality, Named, locality, merged
from geocrm.places.packs.staging import LIST_SEPARATOR

# A locality that fewer of a street's addresses name says nothing about the street.
SHARE_OF_STREET = 0.2
_LOCALITY = ("id", "pack_id", "country", "name", "label", "keys", "wider")


def settle(session: Session, pack_id: int) -> None:
    """Fill pack_localities, pack_streets, pack_street_names and pack_addresses."""
    session.execute(text(_HOMES))
    homes = list(session.execute(text("SELECT id, ground_id, city, parts FROM new_homes")))
    grounds = _grounds(session)
    register = _Register()
    of_home = {
        row.id: register.number(locality(grounds[row.ground_id], row.city, _split(row.parts)))
        for row in homes
    }
    _write(session, "new_home_numbers", of_home.items())
    session.execute(text(_STREET_HOMES), {"share": SHARE_OF_STREET})
    of_street = (
        (street_id, register.number(merged(register.listed[of_home[home]] for home in home_ids)))
        for street_id, home_ids in session.execute(text(_HOMES_OF_STREETS))
    )
    _write(session, "new_street_numbers", list(of_street))
    _store(session, pack_id, register.listed)
    for statement in _INTO_PACK:
        session.execute(text(statement), {"pack": pack_id} if ":pack" in statement else {})


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


def _split(value: str | None) -> list[str]:
    return value.split(LIST_SEPARATOR) if value else []


def _grounds(session: Session) -> dict[int, Ground]:
    areas = {
        row.id: Named(row.name, tuple(_split(row.other_names)), level=row.level)
        for row in session.execute(text("SELECT id, level, name, other_names FROM new_areas"))
    }
    places = {
        row.id: Named(row.name, tuple(_split(row.other_names)), kind=row.kind)
        for row in session.execute(text("SELECT id, kind, name, other_names FROM new_places"))
    }
    units = {
        row.code: Named(row.name, (row.name_id,) if row.name_id else (), level=row.level)
        for row in session.execute(text(_UNITS))
    }
    countries = dict(session.execute(text(_COUNTRY_NAMES)).tuples().all())
    found = {}
    for row in session.execute(text(_GROUND_ROWS)):
        around = sorted((areas[i] for i in row.areas), key=lambda area: area.level)
        found[row.id] = Ground(
            row.country,
            countries.get(row.country, ""),
            tuple(around),
            tuple(sorted((units[c] for c in row.units), key=lambda unit: unit.level)),
            places.get(row.town_id) or (Named(row.gazetteer_name) if row.gazetteer_name else None),
            tuple(places[i] for i in row.near),
            tuple(places[i] for i in row.far),
            tuple(row.gazetteer_keys or ()),
        )
    return found


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
    # Keys are letters and digits only, so nothing needs quoting but NULL.
    return "{" + ",".join(f'"{key}"' for key in keys) + "}"


_UNITS = """
    SELECT b.code, b.name, b.name_id, l.level FROM boundaries b
    JOIN boundary_layers l ON l.code = b.layer
    WHERE b.code IN (SELECT DISTINCT unnest(units) FROM new_grounds)
"""
_COUNTRY_NAMES = """
    SELECT country, min(name) FROM boundaries WHERE layer = 'wld-adm0' AND country IS NOT NULL
    GROUP BY country
"""
_GROUND_ROWS = """
    SELECT g.*, p.name AS gazetteer_name,
        array(SELECT n.key FROM gazetteer_names n WHERE n.place_id = g.gazetteer_id
              AND n.key <> '' ORDER BY 1) AS gazetteer_keys
    FROM new_grounds g LEFT JOIN gazetteer_places p ON p.id = g.gazetteer_id
"""
_HOMES = """
    CREATE TEMP TABLE new_homes ON COMMIT DROP AS
    SELECT row_number() OVER () AS id, h.* FROM (
        SELECT s.ground_id, a.city, a.parts
        FROM new_addresses a JOIN new_stands s ON s.of = 'address' AND s.id = a.id
        UNION
        SELECT s.ground_id, '', '' FROM new_stands s WHERE s.of = 'way'
    ) h
"""
_STREET_HOMES = """
    CREATE TEMP TABLE new_street_homes ON COMMIT DROP AS
    WITH lived AS (
        SELECT t.street_id, h.id AS home_id, count(*) AS n,
            sum(count(*)) OVER (PARTITION BY t.street_id) AS total
        FROM new_homesteads t JOIN new_addresses a USING (id)
        JOIN new_stands s ON s.of = 'address' AND s.id = a.id
        JOIN new_homes h ON h.ground_id = s.ground_id AND h.city = a.city AND h.parts = a.parts
        GROUP BY 1, 2
    )
    SELECT street_id, home_id, n FROM lived WHERE n >= :share * total
    UNION ALL
    SELECT s.id, h.id, 0 FROM new_streets s CROSS JOIN LATERAL unnest(s.grounds) AS g(id)
    JOIN new_homes h ON h.ground_id = g.id AND h.city = '' AND h.parts = ''
"""
# A street named only by scattered addresses takes the locality of one of them.
_HOMES_OF_STREETS = """
    SELECT street_id, array_agg(home_id ORDER BY n DESC, home_id) FROM (
        SELECT street_id, home_id, max(n) AS n FROM new_street_homes GROUP BY 1, 2
    ) h GROUP BY street_id
"""
_INTO_PACK = (
    """
    CREATE TEMP TABLE new_homed ON COMMIT DROP AS
    SELECT a.id, t.street_id, l.id AS locality_id, s.geom
    FROM new_homesteads t JOIN new_addresses a USING (id)
    JOIN new_stands s ON s.of = 'address' AND s.id = a.id
    JOIN new_homes h ON h.ground_id = s.ground_id AND h.city = a.city AND h.parts = a.parts
    JOIN new_home_numbers n ON n.id = h.id
    JOIN new_locality_ids l ON l.number = n.number
    """,
    "ANALYZE new_homed",
    """
    INSERT INTO pack_streets
        (id, pack_id, locality_id, osm_ref, country, name, postcodes, geom, lon, lat, reach_m)
    SELECT s.id, :pack, l.id, s.osm_ref, s.country, s.name, coalesce(a.postcodes, '{}'), s.geom,
        ST_X(m.middle), ST_Y(m.middle), r.reach_m
    FROM new_streets s
    JOIN new_street_numbers n ON n.id = s.id
    JOIN new_locality_ids l ON l.number = n.number
    LEFT JOIN (
        SELECT h.street_id, ST_Collect(h.geom) AS points,
            array_agg(DISTINCT a.postcode) FILTER (WHERE a.postcode <> '') AS postcodes
        FROM new_homed h JOIN new_addresses a USING (id) GROUP BY h.street_id
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
    INSERT INTO pack_street_names (key, country, street_id, bare, weight)
    SELECT k.key, s.country, s.id, k.bare, ln(1 + s.reach_m)
    FROM new_street_keys k JOIN pack_streets s ON s.id = k.street_id
    """,
    """
    INSERT INTO pack_addresses (pack_id, street_id, locality_id, number, value, range_end,
        postcode, osm_ref, lon, lat)
    SELECT :pack, h.street_id, h.locality_id, a.number, a.value, a.range_end,
        nullif(a.postcode, ''), a.osm_ref, ST_X(h.geom), ST_Y(h.geom)
    FROM new_homed h JOIN new_addresses a USING (id)
    """,
)
