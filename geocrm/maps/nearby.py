"""Customers around a place, nearest first.

An index walk in order of distance is fast only while most customers it meets are wanted: with a
filter that few pass it reads everybody, one by one. So the search asks for a ring of ground at a
time, by the same GiST index, and widens it by how many it met. Where a few rings do not suffice,
one statement reads all that the filter passes: distances on the sphere, which cost a tenth, say
whose distance on the ellipsoid is wanted.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.db import scope as scopes
from geocrm.db import scoped_sql
from geocrm.db.postgis import LonLat
from geocrm.errors import InvalidInput
from geocrm.maps.cursors import Cursor
from geocrm.maps.filters import Filter
from geocrm.maps.queries import ROWS, Box, Row

_FIRST_RING_M: Final = 1_000.0
_GROWTH: Final = 8.0  # of the radius, when the ring met too few to judge by
_RINGS: Final = 7
# Where a ring of this size meets nobody, those who are wanted are few or far away.
_LONELY_M: Final = 60_000.0
# Distances on the sphere and on the ellipsoid differ by less than this share.
_FLATTENING: Final = 0.007
# Beyond this a box of degrees spares no work: a quarter of the way around the globe.
_LAST_RING_M: Final = 10_000_000.0
# The shortest degrees of WGS84, so that a box never cuts its circle.
_LAT_DEGREE_M: Final = 110_574.0
_LON_DEGREE_M: Final = 111_319.0
_MAX_DISTANCE_M: Final = 20_040_000.0


class Near(NamedTuple):
    """A customer, and how far away it is."""

    row: Row
    distance_m: float


class NearPage(NamedTuple):
    """Customers by distance, and where the next page begins; None when this is the last."""

    items: list[Near]
    next: Cursor | None


def nearby(
    session: Session,
    chosen: Filter,
    place: LonLat,
    *,
    after: Cursor | None = None,
    limit: int = 50,
) -> NearPage:
    """A page of the customers with a point, by distance on the ellipsoid, then by id."""
    order = f"distance from {place.lon},{place.lat}"
    begin = 0.0
    if after is not None:
        after.require(order, descending=False, check=_check_distance)
        begin = float(after.value)
    found = _nearest(session, chosen, place, after, begin, limit + 1)
    items = _with_rows(session, found[:limit])
    if len(found) <= limit:
        return NearPage(items, None)
    account_id, distance_m = found[limit - 1]
    return NearPage(items, Cursor(order, False, repr(distance_m), account_id))


def _check_distance(text: str) -> None:
    if not 0 <= float(text) <= _MAX_DISTANCE_M:
        raise ValueError("no distance on the globe")


def _nearest(
    session: Session,
    chosen: Filter,
    place: LonLat,
    after: Cursor | None,
    begin: float,
    wanted: int,
) -> list[tuple[int, float]]:
    """The ids and distances of the nearest, from rings of ground that grow until they suffice."""
    radius = max(_FIRST_RING_M, begin * 1.1)
    for _ring in range(_RINGS):
        if radius >= _LAST_RING_M:
            break
        found = _within(session, chosen, place, after, radius, wanted)
        if len(found) == wanted:
            return found
        if not found and radius >= _LONELY_M and not _wants_everybody(session, chosen):
            break
        # As many again in proportion to the ground, and a little more.
        few = len(found) < wanted / _GROWTH**2
        radius *= _GROWTH if few else 1.2 * math.sqrt(wanted / len(found))
    return _everywhere(session, chosen, place, after, begin, wanted)


def _wants_everybody(session: Session, chosen: Filter) -> bool:
    """Whether an empty ring is empty ground, and so costs nothing."""
    return chosen.is_everything and scopes.of(session).sees_all


def _everywhere(
    session: Session,
    chosen: Filter,
    place: LonLat,
    after: Cursor | None,
    begin: float,
    wanted: int,
) -> list[tuple[int, float]]:
    rows = scoped_sql(
        session,
        f"""
        WITH asked AS (SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS place),
        far AS MATERIALIZED (
            SELECT s.account_id, s.geom, ST_DistanceSphere(s.geom, asked.place) AS about_m
            FROM account_scope s, asked
            WHERE {{scope:s}} AND {chosen.sql} AND s.geom IS NOT NULL
        ), enough AS (
            SELECT about_m FROM far WHERE about_m >= :begin * (1 + :flattening)
            ORDER BY about_m OFFSET :wanted - 1 LIMIT 1
        )
        SELECT account_id, distance_m FROM (
            SELECT far.account_id,
                   ST_Distance(far.geom::geography, asked.place::geography) AS distance_m
            FROM far, asked
            WHERE about_m >= :begin * (1 - :flattening) AND about_m <= coalesce(
                (SELECT about_m * (1 + 2 * :flattening) + 1 FROM enough), 'infinity')
        ) exact
        WHERE {_beyond(after, "exact.distance_m", "exact.account_id")}
        ORDER BY distance_m, account_id LIMIT :wanted
        """,
        {
            **chosen.params,
            **_after_values(after),
            "lon": place.lon,
            "lat": place.lat,
            "begin": begin,
            "flattening": _FLATTENING,
            "wanted": wanted,
        },
    )
    return [(row.account_id, row.distance_m) for row in rows]


def _beyond(after: Cursor | None, distance: str, account_id: str) -> str:
    if after is None:
        return "TRUE"
    return (
        f"({distance}, {account_id})"
        " > (CAST(:after_m AS double precision), CAST(:after_id AS bigint))"
    )


def _after_values(after: Cursor | None) -> dict[str, Any]:
    return {} if after is None else {"after_m": float(after.value), "after_id": after.id}


def _within(
    session: Session,
    chosen: Filter,
    place: LonLat,
    after: Cursor | None,
    radius: float,
    wanted: int,
) -> list[tuple[int, float]]:
    box = box_around(place, radius)
    rows = scoped_sql(
        session,
        f"""
        SELECT s.account_id, near.distance_m
        FROM account_scope s
        CROSS JOIN LATERAL (SELECT ST_Distance(
            s.geom::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography
        ) AS distance_m OFFSET 0) near
        WHERE {{scope:s}} AND {chosen.sql} AND {box.sql} AND near.distance_m <= :radius
          AND {_beyond(after, "near.distance_m", "s.account_id")}
        ORDER BY near.distance_m, s.account_id LIMIT :wanted
        """,
        {
            **chosen.params,
            **box.params,
            **_after_values(after),
            "lon": place.lon,
            "lat": place.lat,
            "radius": radius,
            "wanted": wanted,
        },
    )
    return [(row.account_id, row.distance_m) for row in rows]


def box_around(place: LonLat, radius_m: float) -> Box:
    """A box that holds the circle, across the 180th meridian where that is so."""
    if not 0 < radius_m < math.inf:
        raise InvalidInput("{metres} m is not a radius", metres=str(radius_m))
    lat_span = radius_m / _LAT_DEGREE_M
    south, north = max(-90.0, place.lat - lat_span), min(90.0, place.lat + lat_span)
    furthest = max(abs(place.lat - lat_span), abs(place.lat + lat_span))
    if furthest >= 90:
        return Box(-180, south, 180, north)
    lon_span = radius_m / (_LON_DEGREE_M * math.cos(math.radians(furthest)))
    if lon_span >= 180:
        return Box(-180, south, 180, north)
    return Box(_turned(place.lon - lon_span), south, _turned(place.lon + lon_span), north)


def _turned(lon: float) -> float:
    return (lon + 180) % 360 - 180


def _with_rows(session: Session, found: Sequence[tuple[int, float]]) -> list[Near]:
    if not found:
        return []
    rows = scoped_sql(
        session,
        f"{ROWS.format(by='NULL')} WHERE {{scope:s}} AND s.account_id = ANY(:ids)",
        {"ids": [account_id for account_id, _ in found]},
    )
    by_id = {row[0]: Row._make(row) for row in rows}
    return [Near(by_id[id_], distance_m) for id_, distance_m in found if id_ in by_id]
