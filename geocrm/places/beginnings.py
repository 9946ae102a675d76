"""Reads for a search box: streets and points of interest a name of which begins as was typed.

The index gives names in their order, so a short beginning could stand before tens of thousands of
rows: each way looks at a bounded number of them, those in view first.
"""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat

# Rows looked at before the best are chosen; bounds the time of one keystroke.
POOL = 1_500
# Streets of a view so large are looked through by name, not by place.
WIDEST_VIEW_DEG = 0.5
_END = chr(0x10FFFF)


class View(NamedTuple):
    """Where the person looks: the middle, and half of its width in degrees."""

    at: LonLat
    half_deg: float


class StreetHit(NamedTuple):
    """A street, the best postcode known of it, and how far it is from the middle of the view."""

    id: int
    name: str
    country: str
    postcode: str | None
    locality: str
    label: str
    lon: float
    lat: float
    distance_m: float | None


class PoiHit(NamedTuple):
    """A shop, school or other point of interest."""

    name: str
    category: str
    country: str
    label: str
    lon: float
    lat: float
    distance_m: float | None


def streets(
    session: Session, key: str, country: str | None, view: View | None, limit: int
) -> list[StreetHit]:
    """Streets a name of which begins so; exact names first, then the nearest to the view."""
    rows = session.execute(text(_streets_sql(view)), _values(key, country, view, limit))
    return [StreetHit._make(row) for row in rows]


def pois(
    session: Session, key: str, country: str | None, view: View | None, limit: int
) -> list[PoiHit]:
    """Points of interest a name of which begins so, in the same order."""
    rows = session.execute(
        text(
            f"""
            SELECT name, category, country, label, lon, lat, {_AWAY} FROM (
                SELECT * FROM pack_pois p WHERE {_BEGINS.format(row="p")} ORDER BY key LIMIT {POOL}
            ) s ORDER BY key = :key DESC, away NULLS LAST, name, id LIMIT :limit
            """
        ),
        _values(key, country, view, limit),
    )
    return [PoiHit._make(row) for row in rows]


_BEGINS = (
    "{row}.key >= :key AND {row}.key < :end"
    " AND (CAST(:country AS text) IS NULL OR {row}.country = :country)"
)
_AWAY = "ST_DistanceSphere(ST_MakePoint(s.lon, s.lat), ST_MakePoint(:lon, :lat)) AS away"
_BY_NAME = f"""
    SELECT street_id, key FROM (
        SELECT n.street_id, n.key FROM pack_street_names n
        WHERE {_BEGINS.format(row="n")} ORDER BY n.key LIMIT {POOL}) named
"""
_IN_VIEW = f"""
    SELECT n.street_id, n.key FROM (
        SELECT id FROM pack_streets v
        WHERE v.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) LIMIT {8 * POOL}) v
    JOIN pack_street_names n ON n.street_id = v.id WHERE {_BEGINS.format(row="n")}
"""


def _streets_sql(view: View | None) -> str:
    near = view is not None and view.half_deg <= WIDEST_VIEW_DEG
    return f"""
        WITH hit AS MATERIALIZED (
            SELECT street_id, bool_or(key = :key) AS whole
            FROM ({_BY_NAME} {f"UNION ALL {_IN_VIEW}" if near else ""}) h GROUP BY street_id)
        SELECT s.id, s.name, s.country, s.postcodes[1], l.name, l.label, s.lon, s.lat, {_AWAY}
        FROM hit JOIN pack_streets s ON s.id = hit.street_id
        JOIN pack_localities l ON l.id = s.locality_id
        ORDER BY hit.whole DESC, away NULLS LAST, s.name, s.id LIMIT :limit
    """


def _values(key: str, country: str | None, view: View | None, limit: int) -> dict[str, object]:
    lon, lat, half = (view.at.lon, view.at.lat, view.half_deg) if view else (None, None, 0.0)
    return {
        "key": key,
        "end": key + _END,
        "country": country,
        "limit": limit,
        "lon": lon,
        "lat": lat,
        "west": (lon or 0.0) - half,
        "east": (lon or 0.0) + half,
        "south": (lat or 0.0) - half,
        "north": (lat or 0.0) + half,
    }
