"""Where customers are, in filters: in a shape, around a point, in saved areas, in boundaries."""

import math
from typing import Any, Final

from geocrm.errors import InvalidInput
from geocrm.maps import shapes
from geocrm.maps.filter_values import Binder, ids, listed, number, shown, texts

MAX_RADIUS_M: Final = 5_000_000.0
MAX_AREAS: Final = 50
# A degree of latitude of WGS84 is shortest at the equator, 110,574 m.
_SHORTEST_DEGREE_M: Final = 110_570.0
_STEEP: Final = 0.9


def within(b: Binder, value: Any) -> str:
    """Customers in a shape, its edge included."""
    drawn = shapes.read(value)
    b.notes.extend(drawn.notes)
    b.corners += drawn.corners
    if b.corners > 2 * shapes.MAX_VERTICES:
        raise InvalidInput(
            "the areas have more than {most} corners together", most=2 * shapes.MAX_VERTICES
        )
    # Hex of the shape's bytes: no digit is lost, and PostGIS reads it once, as a constant.
    shape = b.bind(drawn.shape.wkb_hex)
    return f"ST_Covers(ST_SetSRID(CAST({shape} AS geometry), 4326), s.geom)"


def near(b: Binder, value: Any) -> str:
    """Customers at most so far from a point, along the globe.

    The box lets the index choose; the distance on the spheroid decides.
    """
    lon, lat, radius_m = _circle(value)
    lon_sql, lat_sql = b.bind(lon), b.bind(lat)
    box = " OR ".join(
        f"s.geom && ST_MakeEnvelope({', '.join(b.bind(edge) for edge in edges)}, 4326)"
        for edges in boxes_around(lon, lat, radius_m)
    )
    there = f"CAST(ST_SetSRID(ST_MakePoint({lon_sql}, {lat_sql}), 4326) AS geography)"
    # Not ST_DWithin: the planner takes it to hold for one in 10,000 and reads lists wrongly.
    return (
        f"({box}) AND ST_Distance(CAST(s.geom AS geography), {there})"
        f" <= CAST({b.bind(radius_m)} AS double precision)"
    )


_EXAMPLE: Final = '{"lon": 106.8, "lat": -6.2, "radius_m": 5000}'


def _circle(value: Any) -> tuple[float, float, float]:
    if not isinstance(value, dict) or set(value) != {"lon", "lat", "radius_m"}:
        raise InvalidInput("write {example}, not {value}", example=_EXAMPLE, value=shown(value))
    lon, lat, radius_m = (number(value[name]) for name in ("lon", "lat", "radius_m"))
    if abs(lat) > 90 and abs(lon) <= 90:
        raise InvalidInput("lon {lon}, lat {lat} look swapped", lon=f"{lon:g}", lat=f"{lat:g}")
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidInput(
            "lon {lon}, lat {lat} is no place on the globe: -180 to 180, -90 to 90",
            lon=f"{lon:g}",
            lat=f"{lat:g}",
        )
    if not 0 < radius_m <= MAX_RADIUS_M:
        raise InvalidInput("radius_m is more than 0 and at most {most}", most=int(MAX_RADIUS_M))
    return lon, lat, radius_m


def boxes_around(
    lon: float, lat: float, radius_m: float
) -> list[tuple[float, float, float, float]]:
    """Boxes in degrees that hold the circle: one, or two where it crosses the 180th meridian."""
    reach = radius_m / _SHORTEST_DEGREE_M
    south, north = lat - reach, lat + reach
    if south <= -90 or north >= 90:  # a pole lies inside: every meridian passes through
        return [(-180.0, max(south, -90.0), 180.0, min(north, 90.0))]
    # The meridian that touches a circle on the sphere; 1 % more covers the spheroid, except close
    # to a pole, where meridians lie too near each other for that.
    ratio = math.sin(math.radians(reach)) / math.cos(math.radians(lat))
    if ratio > _STEEP:
        return [(-180.0, south, 180.0, north)]
    wide = 1.01 * math.degrees(math.asin(ratio))
    west, east = lon - wide, lon + wide
    if west < -180:
        return [(west + 360, south, 180.0, north), (-180.0, south, east, north)]
    if east > 180:
        return [(west, south, 180.0, north), (-180.0, south, east - 360, north)]
    return [(west, south, east, north)]


def in_area(b: Binder, value: Any) -> str:
    """Customers in saved areas, of the asker or shared; others' areas hold nobody.

    Each area is a scalar query, run once, so that the index on the customers' points serves it.
    """
    chosen = ids(listed(value))
    if len(chosen) > MAX_AREAS:
        raise InvalidInput(
            "{count} areas are too many; at most {most}", count=len(chosen), most=MAX_AREAS
        )
    me = b.bind(b.asker.user_id)
    return " OR ".join(
        "ST_Covers((SELECT ar.geom FROM areas ar"
        f" WHERE ar.id = CAST({b.bind(one)} AS int)"
        f" AND (ar.shared OR ar.owner_id = CAST({me} AS int))), s.geom)"
        for one in chosen
    )


def unit(b: Binder, value: Any) -> str:
    """Units and all that lies in them; a customer knows the finest unit that holds them."""
    codes = b.bind(texts(value))
    inside = (
        "s.unit IN (WITH RECURSIVE below(code) AS ("
        f" SELECT unnest(CAST({codes} AS text[]))"
        " UNION SELECT u.code FROM boundaries u JOIN below ON u.parent = below.code)"
        " SELECT code FROM below)"
    )
    # A country with finer layers of its own has two divisions into states; a customer there knows
    # only the finer one, so states of the world's layer are looked up by their shape.
    if not any(code.startswith("wld-adm1:") for code in b.params[codes[1:]]):
        return inside
    return (
        f"{inside} OR (s.geom IS NOT NULL AND EXISTS (SELECT 1 FROM boundaries w"
        f" WHERE w.code = ANY(CAST({codes} AS text[])) AND w.layer = 'wld-adm1'"
        " AND w.country IN (SELECT country FROM boundary_layers)"
        " AND w.geom && s.geom AND ST_Covers(w.geom, s.geom)))"
    )
