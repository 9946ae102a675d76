"""Reads of region packs' streets and addresses: by name, by number.

Each function is one statement, for one address or for thousands.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

# Of the streets of one name as many are looked at; those that agree with the address come first.
MAX_NAMESAKES = 12
# A house that covers several numbers begins at most so far below (house_numbers.MAX_SPAN).
_MAX_SPAN = 200
_MAX_AT_NUMBER = 40


class Wanted(NamedTuple):
    """A street name asked for on behalf of address number `asker`, and what it should lie in."""

    asker: int
    country: str
    key: str
    places: Collection[str]
    postcodes: Collection[str]


class Street(NamedTuple):
    """A street of a locality. `bare`: found by its name without the type word."""

    id: int
    name: str
    country: str
    lon: float
    lat: float
    reach_m: float
    postcodes: frozenset[str]
    locality_id: int
    locality: str
    label: str
    keys: frozenset[str]
    wider: frozenset[str]
    key: str
    bare: bool


class House(NamedTuple):
    """An address point; `gap_m` when it was put between two others."""

    number: str
    value: int
    end: int | None
    postcode: str | None
    gap_m: float | None
    lon: float
    lat: float


class Houses(NamedTuple):
    """What is known around a number: at it, and next to it below and above, nearest first."""

    at: tuple[House, ...] = ()
    below: tuple[House, ...] = ()
    above: tuple[House, ...] = ()


def countries(session: Session) -> frozenset[str]:
    """ISO codes of the countries that packs know streets of."""
    rows = session.execute(
        text(
            "WITH RECURSIVE c AS (SELECT min(country) AS country FROM pack_localities"
            " UNION ALL SELECT (SELECT min(l.country) FROM pack_localities l"
            "                   WHERE l.country > c.country) FROM c WHERE c.country IS NOT NULL)"
            " SELECT country FROM c WHERE country IS NOT NULL"
        )
    )
    return frozenset(rows.scalars())


def named(session: Session, wanted: Sequence[Wanted]) -> dict[int, list[Street]]:
    """For each asker the streets of the wanted names, those that agree with the address first."""
    found: dict[int, list[Street]] = defaultdict(list)
    if not wanted:
        return found
    rows = session.execute(
        _NAMED,
        {
            "askers": [each.asker for each in wanted],
            "countries": [each.country for each in wanted],
            "keys": [each.key for each in wanted],
            "places": ["|".join(each.places) for each in wanted],
            "postcodes": ["|".join(each.postcodes) for each in wanted],
        },
    )
    for asker, *row in rows:
        found[asker].append(_street(row))
    return found


# Statements are made once: to read one for its parameters takes as long as to plan it.
_NAMED = text(f"""
    SELECT w.asker, x.*
    FROM unnest(CAST(:askers AS int[]), CAST(:countries AS text[]), CAST(:keys AS text[]),
                CAST(:places AS text[]), CAST(:postcodes AS text[]))
        AS w(asker, country, key, places, postcodes)
    CROSS JOIN LATERAL (
        SELECT s.id, s.name, s.country, s.lon, s.lat, s.reach_m, s.postcodes, l.id AS lid,
            l.name AS locality, l.label, l.keys, l.wider, n.key, n.bare
        FROM pack_street_names n
        JOIN pack_streets s ON s.id = n.street_id
        JOIN pack_localities l ON l.id = s.locality_id
        WHERE n.key = w.key AND n.country = w.country
        ORDER BY l.keys && string_to_array(w.places, '|') DESC,
            s.postcodes && string_to_array(w.postcodes, '|') DESC,
            l.wider && string_to_array(w.places, '|') DESC, n.bare, s.id
        LIMIT {MAX_NAMESAKES}) x
""")


def _street(row: Sequence[Any]) -> Street:
    named = Street._make(row)
    return named._replace(
        postcodes=frozenset(named.postcodes),
        keys=frozenset(named.keys),
        wider=frozenset(named.wider),
    )


def houses(session: Session, wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], Houses]:
    """What is known around each (street, number); up to two houses a side and parity."""
    if not wanted:
        return {}
    rows = session.execute(
        _HOUSES,
        {"streets": [street for street, _ in wanted], "numbers": [value for _, value in wanted]},
    )
    sides: Mapping[tuple[int, int], dict[str, list[House]]] = defaultdict(lambda: defaultdict(list))
    for street_id, value, side, *house in rows:
        sides[street_id, value][side].append(House(*house))
    return {
        which: Houses(tuple(side["at"]), tuple(side["below"]), tuple(side["above"]))
        for which, side in sides.items()
    }


_WANTED = "unnest(CAST(:streets AS bigint[]), CAST(:numbers AS int[])) AS w(street_id, value)"
_HOUSE = "p.number, p.value, p.range_end, p.postcode, p.gap_m, p.lon, p.lat"


def _beside(side: str, parity: int) -> str:
    sign, order = ("<", "DESC") if side == "below" else (">", "ASC")
    return (
        f"(SELECT '{side}' AS side, {_HOUSE} FROM pack_addresses p"
        f" WHERE p.street_id = w.street_id AND p.value {sign} w.value AND p.gap_m IS NULL"
        f" AND (p.value - w.value) % 2 {'=' if parity == 0 else '<>'} 0"
        f" ORDER BY p.value {order}, p.id LIMIT 2)"
    )


_AROUND = " UNION ALL ".join([
    f"(SELECT 'at' AS side, {_HOUSE} FROM pack_addresses p WHERE p.street_id = w.street_id"
    f" AND p.value BETWEEN w.value - {_MAX_SPAN} AND w.value"
    " AND coalesce(p.range_end, p.value) >= w.value"
    f" ORDER BY p.value DESC, p.gap_m NULLS FIRST, p.id LIMIT {_MAX_AT_NUMBER})",
    *(_beside(side, parity) for side in ("below", "above") for parity in (0, 1)),
])  # fmt: skip
_HOUSES = text(f"SELECT w.street_id, w.value, x.* FROM {_WANTED} CROSS JOIN LATERAL ({_AROUND}) x")


def lines(session: Session, street_ids: Iterable[int]) -> dict[int, shapely.Geometry]:
    """The geometries of the streets that have one."""
    rows = session.execute(
        text(
            "SELECT id, ST_AsBinary(geom) FROM pack_streets"
            " WHERE id = ANY(CAST(:ids AS bigint[])) AND geom IS NOT NULL"
        ),
        {"ids": sorted(set(street_ids))},
    ).all()
    shapes = shapely.from_wkb([bytes(wkb) for _, wkb in rows])
    return {row[0]: shape for row, shape in zip(rows, shapes, strict=True)}


class Nearest(NamedTuple):
    """An address or a street beside a point; `number` is empty for a street alone."""

    number: str
    street: str
    country: str
    postcode: str | None
    locality: str
    label: str
    lon: float
    lat: float
    distance_m: float


def nearest(session: Session, lon: float, lat: float, within_m: float) -> Nearest | None:
    """The address nearest to the point on its side of borders, else the street; one statement.

    An address or a street in another administrative unit than the point is not its address,
    however near it lies.
    """
    row = session.execute(
        text(_NEAREST), {"lon": lon, "lat": lat, "within": within_m, "pool": _POOL}
    ).one_or_none()
    return None if row is None else Nearest._make(row)


# Degrees choose the pool by the index, metres choose within it.
_POOL = 12
_SAME_SIDE = """
    (here.unit IS NULL OR ST_Covers(here.unit, {point}))
"""
_NEAREST = f"""
    WITH here AS MATERIALIZED (
        SELECT p.point, (
            SELECT b.geom FROM boundaries b JOIN boundary_layers y ON y.code = b.layer
            WHERE NOT y.made AND b.geom && p.point AND ST_Covers(b.geom, p.point)
            ORDER BY y.level DESC, b.code LIMIT 1) AS unit
        FROM (SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS point) p
    ), house AS (
        SELECT a.number, s.name, s.country, a.postcode, l.name AS locality, l.label, a.lon, a.lat,
            ST_DistanceSphere(ST_MakePoint(a.lon, a.lat), here.point) AS away
        FROM here CROSS JOIN LATERAL (
            SELECT * FROM pack_addresses
            ORDER BY ST_SetSRID(ST_MakePoint(lon, lat), 4326) <-> here.point LIMIT :pool) a
        JOIN pack_streets s ON s.id = a.street_id
        JOIN pack_localities l ON l.id = a.locality_id
        WHERE {_SAME_SIDE.format(point="ST_SetSRID(ST_MakePoint(a.lon, a.lat), 4326)")}
        ORDER BY away LIMIT 1
    ), way AS (
        SELECT '', s.name, s.country, s.postcodes[1], l.name, l.label, ST_X(s.foot), ST_Y(s.foot),
            ST_DistanceSphere(s.foot, here.point) AS away
        FROM here CROSS JOIN LATERAL (
            SELECT n.*, ST_ClosestPoint(n.geom, here.point) AS foot FROM pack_streets n
            WHERE n.geom IS NOT NULL ORDER BY n.geom <-> here.point LIMIT :pool) s
        JOIN pack_localities l ON l.id = s.locality_id
        WHERE {_SAME_SIDE.format(point="s.foot")}
        ORDER BY away LIMIT 1
    )
    SELECT number, name, country, postcode, locality, label, lon, lat, away FROM (
        SELECT *, 0 AS rank FROM house UNION ALL SELECT *, 1 FROM way) found
    WHERE away <= :within ORDER BY rank LIMIT 1
"""
