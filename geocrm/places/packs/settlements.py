"""Villages, hamlets and quarters that only the extract knows join the gazetteer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.places.gazetteer_names import MAX_SPELLING_LENGTH, MIN_SPELLING_LENGTH, name_key
from geocrm.places.gazetteer_rows import NameRow, weight_of_town
from geocrm.places.packs.staging import unlisted

# kind -> radius where addresses do not tell it, and weight where the population does not.
_KINDS = {
    "city": (5_000, 60.0),
    "town": (3_000, 50.0),
    "village": (2_000, 30.0),
    "borough": (3_000, 30.0),
    "suburb": (1_500, 25.0),
    "quarter": (1_000, 20.0),
    "neighbourhood": (1_000, 20.0),
    "hamlet": (1_000, 20.0),
    "isolated_dwelling": (500, 10.0),
    "locality": (1_000, 10.0),
}
_TOWNS = ("city", "town")
# One of the same name that near is the same.
SAME_TOWN_M, SAME_VILLAGE_M = 5_000, 2_000
MIN_ADDRESSES = 10
MIN_RADIUS_M = 200
# An address farther off than this from a town, or from a village, names a namesake.
TOWN_MAX_M, VILLAGE_MAX_M = 30_000, 8_000


def store(session: Session, pack_id: int) -> None:
    """Add the settlements that the gazetteer does not know, with their names and misspellings."""
    rows = session.execute(text(_CANDIDATES), {"kinds": list(_KINDS)}).all()
    _write_keys(session, rows)
    values = {"towns": list(_TOWNS), "town": SAME_TOWN_M, "village": SAME_VILLAGE_M}
    session.execute(text(_UNKNOWN), values)
    unknown = {row.id: row.place_id for row in session.execute(text("SELECT * FROM new_unknown"))}
    added = [(unknown[row.id], row) for row in rows if row.id in unknown]
    reach_m = _reach(session, pack_id)
    copy_rows(session, "gazetteer_places", _PLACE, _places(added, reach_m, pack_id))
    copy_rows(session, "gazetteer_names", (*NameRow._fields, "pack_id"), _names(added, pack_id))
    session.execute(
        text(_SPELLINGS),
        {"pack": pack_id, "shortest": MIN_SPELLING_LENGTH, "longest": MAX_SPELLING_LENGTH},
    )


def _write_keys(session: Session, rows: Sequence[Any]) -> None:
    session.execute(text("CREATE TEMP TABLE new_place_keys (id bigint, key text) ON COMMIT DROP"))
    keys = ((row.id, name_key(row.name, row.country)) for row in rows)
    copy_rows(session, "new_place_keys", ("id", "key"), (pair for pair in keys if pair[1]))
    session.execute(text("CREATE INDEX ON new_place_keys (id)"))
    session.execute(text("ANALYZE new_place_keys"))


def _reach(session: Session, pack_id: int) -> dict[int, int]:
    """How far 95 % of the addresses that name each place lie from it, where there are enough."""
    values = {
        "pack": pack_id,
        "enough": MIN_ADDRESSES,
        "towns": list(_TOWNS),
        "town": TOWN_MAX_M,
        "village": VILLAGE_MAX_M,
    }
    return {
        row.id: max(MIN_RADIUS_M, round(row.reach_m))
        for row in session.execute(text(_REACH), values)
    }


def _places(
    added: Iterable[tuple[int, Any]], reach_m: Mapping[int, int], pack_id: int
) -> Iterator[tuple[Any, ...]]:
    for place_id, row in added:
        yield (
            place_id,
            f"osm:{'nwr'[row.osm_ref % 4]}{row.osm_ref // 4}",
            "city" if row.kind in _TOWNS else "village",
            row.country,
            row.name,
            _label(row),
            row.region_id,
            row.regency_id,
            row.population,
            row.lon,
            row.lat,
            reach_m.get(row.id, _KINDS[row.kind][0]),
            pack_id,
        )


def _names(added: Iterable[tuple[int, Any]], pack_id: int) -> Iterator[tuple[Any, ...]]:
    for place_id, row in added:
        weight = weight_of_town(row.population) if row.population else _KINDS[row.kind][1]
        names = (row.name, *unlisted(row.other_names))
        for key in dict.fromkeys(name_key(name, row.country) for name in names):
            if key:
                yield (*NameRow(key, row.country, place_id, weight), pack_id)


def _label(row: Any) -> str:
    parts = (row.name, *(row.label or "").split(", "), row.country_name or "")
    return ", ".join(part for part in dict.fromkeys(parts) if part)


_PLACE = (
    *("id", "code", "kind", "country", "name", "label", "region_id", "regency_id"),
    *("population", "lon", "lat", "radius_m", "pack_id"),
)
_CANDIDATES = """
    SELECT p.id, p.osm_ref, p.kind, p.name, p.other_names, p.population, s.country,
        ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat, l.label, c.name AS country_name,
        (SELECT g.id FROM new_frame f JOIN gazetteer_places g ON g.code = f.code
         WHERE f.level = 1 AND g.kind = 'region' AND ST_Intersects(f.geom, s.geom) LIMIT 1
        ) AS region_id,
        (SELECT g.id FROM new_frame f JOIN gazetteer_places g ON g.code = f.code
         WHERE f.level = 2 AND g.kind = 'regency' AND ST_Intersects(f.geom, s.geom) LIMIT 1
        ) AS regency_id
    FROM new_places p JOIN new_stands s ON s.of = 'place' AND s.id = p.id
    LEFT JOIN new_labels l ON l.ground_id = s.ground_id
    LEFT JOIN gazetteer_places c ON c.kind = 'country' AND c.country = s.country
    WHERE p.kind = ANY(:kinds)
"""
# A place is mapped as a node and again as an area: the node counts.
_UNKNOWN = """
    CREATE TEMP TABLE new_unknown ON COMMIT DROP AS
    WITH candidate AS (
        SELECT p.id, p.osm_ref, p.kind, k.key, s.country, s.geom,
            CASE WHEN p.kind = ANY(:towns) THEN :town ELSE :village END AS same_m
        FROM new_places p JOIN new_place_keys k ON k.id = p.id
        JOIN new_stands s ON s.of = 'place' AND s.id = p.id
    ), unknown AS (
        SELECT c.* FROM candidate c WHERE NOT EXISTS (
            SELECT FROM gazetteer_names n JOIN gazetteer_places g ON g.id = n.place_id
            WHERE n.key = c.key AND n.country = c.country
              AND g.kind IN ('village', 'city', 'district')
              AND ST_DistanceSphere(ST_MakePoint(g.lon, g.lat), c.geom) < c.same_m)
    ), single AS (
        SELECT u.* FROM unknown u WHERE NOT EXISTS (
            SELECT FROM unknown o WHERE o.key = u.key AND o.country = u.country AND o.id <> u.id
              AND ST_DistanceSphere(o.geom, u.geom) < u.same_m
              AND (o.osm_ref % 4, o.osm_ref) < (u.osm_ref % 4, u.osm_ref))
    )
    SELECT s.id, s.key, s.country, s.kind, s.geom, nextval('pack_place_ids')::int AS place_id
    FROM single s
    WHERE NOT EXISTS (SELECT FROM gazetteer_places g WHERE g.code =
        'osm:' || substr('nwr', (s.osm_ref % 4)::int + 1, 1) || s.osm_ref / 4)
"""
# Localities bear the names of places far away as well; only those around are measured.
_REACH = """
    WITH lived AS (
        SELECT l.id, l.country, l.keys,
            ST_SetSRID(ST_Extent(ST_MakePoint(a.lon, a.lat))::geometry, 4326) AS box
        FROM pack_localities l JOIN pack_addresses a ON a.locality_id = l.id
        WHERE l.pack_id = :pack GROUP BY l.id
    ), named AS (
        SELECT u.id, u.geom, l.id AS locality_id, f.far_m
        FROM new_unknown u
        CROSS JOIN LATERAL (
            SELECT CASE WHEN u.kind = ANY(:towns) THEN :town ELSE :village END AS far_m
        ) f
        JOIN (SELECT id, country, unnest(keys) AS key, box FROM lived) l
            ON l.key = u.key AND l.country = u.country
            AND ST_DWithin(l.box, u.geom, f.far_m / 60000.0)
    ), away AS (
        SELECT n.id, n.far_m,
            ST_DistanceSphere(n.geom, ST_MakePoint(a.lon, a.lat)) AS distance_m
        FROM named n JOIN pack_addresses a ON a.locality_id = n.locality_id
    )
    SELECT id, percentile_cont(0.95) WITHIN GROUP (ORDER BY distance_m) AS reach_m
    FROM away WHERE distance_m < far_m GROUP BY id HAVING count(*) >= :enough
"""
_SPELLINGS = """
    INSERT INTO gazetteer_spellings (form, country, key, pack_id)
    SELECT DISTINCT left(key, i - 1) || substr(key, i + 1), country, key, :pack
    FROM new_unknown, generate_series(1, length(key) + 1) AS i
    WHERE length(key) BETWEEN :shortest AND :longest
"""
