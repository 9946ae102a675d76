"""Reads of administrative boundaries. Each function is one round trip unless it says otherwise.

Boundaries belong to nobody: everyone may read them.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat, point
from geocrm.errors import InvalidInput
from geocrm.places.models import Boundary, BoundaryEdge, BoundaryLayer


class Layer(NamedTuple):
    """A layer with what is in it."""

    code: str
    name: str
    country: str | None
    level: int
    parent: str | None
    units: int
    # Sum over the units whose population is known; None when it is known of none.
    population: int | None
    vintage: str
    source: str
    licence: str
    attribution: str


class Unit(NamedTuple):
    """A unit without its shape; lon and lat are a point inside it."""

    code: str
    layer: str
    name: str
    name_id: str | None
    parent: str | None
    country: str | None
    population: int | None
    area_km2: float
    lon: float
    lat: float


class Edge(NamedTuple):
    """Two neighbouring units, a < b; kind is land, ferry or bridge."""

    a: str
    b: str
    kind: str
    length_m: float


def layers(session: Session) -> list[Layer]:
    """The administrative layers, countries first, then what divides them."""
    return _layers(session, ~BoundaryLayer.made)


def made_layers(session: Session, codes: Collection[str]) -> list[Layer]:
    """Of these layers those that somebody made, by code."""
    return _layers(session, BoundaryLayer.made & BoundaryLayer.code.in_(codes))


def _layers(session: Session, condition: ColumnElement[bool]) -> list[Layer]:
    units, people = func.count(Boundary.code), func.sum(Boundary.population)
    about = (
        BoundaryLayer.vintage,
        BoundaryLayer.source,
        BoundaryLayer.licence,
        BoundaryLayer.attribution,
    )
    rows = session.execute(
        select(
            BoundaryLayer.code,
            BoundaryLayer.name,
            BoundaryLayer.country,
            BoundaryLayer.level,
            BoundaryLayer.parent,
            units,
            people,
            *about,
        )
        .outerjoin(Boundary, Boundary.layer == BoundaryLayer.code)
        .where(condition)
        .group_by(BoundaryLayer.code)
        .order_by(BoundaryLayer.level, BoundaryLayer.code)
    )
    return [
        Layer(*row[:6], None if row[6] is None else int(row[6]), *row[7:]) for row in rows.all()
    ]


def layer(session: Session, code: str) -> BoundaryLayer:
    """The layer; InvalidInput naming those there are when there is none (a second round trip)."""
    found = session.get(BoundaryLayer, code)
    if found is None:
        known = session.scalars(
            select(BoundaryLayer.code).where(~BoundaryLayer.made).order_by(BoundaryLayer.code)
        ).all()
        remedy = f"choose one of {', '.join(known)}" if known else "run geocrm boundaries load"
        raise InvalidInput(f"There is no boundary level {code!r}: {remedy}")
    return found


def units(session: Session, layer_code: str, within: str | None = None) -> list[Unit]:
    """The units of a layer by code; with `within` those anywhere below that unit.

    Raises InvalidInput for a layer or a unit that does not exist, and when the layer has no unit
    below `within`. Two round trips, three with `within`.
    """
    layer(session, layer_code)
    asked = _unit_rows().where(Boundary.layer == layer_code)
    if within is not None:
        by_codes(session, [within])
        asked = asked.where(Boundary.code.in_(below(within)))
    found = [Unit(*row) for row in session.execute(asked.order_by(Boundary.code))]
    if within is not None and not found:
        raise InvalidInput(f"{within} contains no unit of {layer_code}: choose a unit above it")
    return found


def _unit_rows() -> Select[Any]:
    return select(
        Boundary.code,
        Boundary.layer,
        Boundary.name,
        Boundary.name_id,
        Boundary.parent,
        Boundary.country,
        Boundary.population,
        Boundary.area_km2,
        func.ST_X(Boundary.centre),
        func.ST_Y(Boundary.centre),
    )


def above(code: str) -> Select[tuple[str]]:
    """Codes of the unit and of everything that it lies in."""
    tree = select(Boundary.code, Boundary.parent).where(Boundary.code == code)
    up = tree.cte("above", recursive=True)
    parent = select(Boundary.code, Boundary.parent).join(up, Boundary.code == up.c.parent)
    return select(up.union_all(parent).c.code)


def below(code: str) -> Select[tuple[str]]:
    """Codes of the unit and of everything that lies in it."""
    tree = select(Boundary.code).where(Boundary.code == code).cte("below", recursive=True)
    tree = tree.union_all(select(Boundary.code).join(tree, Boundary.parent == tree.c.code))
    return select(tree.c.code)


def lying_in(session: Session, codes: Collection[str], within: Collection[str]) -> dict[str, str]:
    """Which of the units `within` each of the others lies in; left out where in none."""
    rows = session.execute(text(_LYING_IN), {"codes": list(codes), "within": list(within)})
    return dict(rows.all())


def by_codes(session: Session, codes: Collection[str]) -> list[Unit]:
    """The units with these codes, in the order given; InvalidInput names those there are not."""
    rows = session.execute(_unit_rows().where(Boundary.code.in_(set(codes))))
    found = {unit.code: unit for unit in (Unit(*row) for row in rows)}
    unknown = [code for code in dict.fromkeys(codes) if code not in found]
    if unknown:
        shown = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        raise InvalidInput(
            f"There is no boundary unit {shown}: codes look like idn-adm1:32, idn-adm2:32.73,"
            " usa-adm2:06037 or wld-adm0:IDN"
        )
    return [found[code] for code in codes]


_LYING_IN = """
    WITH RECURSIVE up(unit, code) AS (
        SELECT b.code, b.parent FROM boundaries b
        WHERE b.code = ANY(:codes) AND b.parent IS NOT NULL
        UNION ALL
        SELECT up.unit, b.parent FROM up JOIN boundaries b ON b.code = up.code
        WHERE b.parent IS NOT NULL
    )
    SELECT unit, code FROM up WHERE code = ANY(:within)
"""


def containing(session: Session, place: LonLat, layer_code: str | None = None) -> list[Unit]:
    """The administrative units that contain the place, the smallest kind first.

    On a border both sides.
    """
    asked = (
        _unit_rows()
        .join(BoundaryLayer, BoundaryLayer.code == Boundary.layer)
        .where(~BoundaryLayer.made, func.ST_Covers(Boundary.geom, point(place)))
        .order_by(BoundaryLayer.level.desc(), Boundary.code)
    )
    if layer_code is not None:
        asked = asked.where(Boundary.layer == layer_code)
    return [Unit(*row) for row in session.execute(asked)]


def edges(session: Session, layer_code: str, among: Collection[str] | None = None) -> list[Edge]:
    """The neighbour graph of a layer by code; with `among` only edges between those units.

    Raises InvalidInput for a layer that does not exist. Two round trips.
    """
    layer(session, layer_code)
    asked = select(BoundaryEdge.a, BoundaryEdge.b, BoundaryEdge.kind, BoundaryEdge.length_m).where(
        BoundaryEdge.layer == layer_code
    )
    rows = session.execute(asked.order_by(BoundaryEdge.a, BoundaryEdge.b))
    chosen = None if among is None else set(among)
    return [Edge(*row) for row in rows if chosen is None or (row.a in chosen and row.b in chosen)]


def geojson(session: Session, codes: Sequence[str], decimals: int = 5) -> str:
    """A GeoJSON FeatureCollection of these units with code, name, parent and population."""
    collection = session.scalar(text(_GEOJSON), {"codes": list(codes), "decimals": decimals})
    return str(collection)


_GEOJSON = """
    SELECT jsonb_build_object('type', 'FeatureCollection', 'features',
        coalesce(jsonb_agg(feature ORDER BY feature -> 'properties' ->> 'code'), '[]'))::text
    FROM (
        SELECT jsonb_build_object(
            'type', 'Feature',
            'id', code,
            'properties', jsonb_build_object(
                'code', code, 'name', name, 'parent', parent, 'population', population),
            'geometry', ST_AsGeoJSON(geom, :decimals)::jsonb) AS feature
        FROM boundaries WHERE code = ANY(:codes)
    ) features
"""


def outline(session: Session, code: str) -> dict[str, Any] | None:
    """The coarse outline of a unit as GeoJSON, for drawing; None when there is no such unit."""
    found: dict[str, Any] | None = session.execute(
        text(
            "SELECT ST_AsGeoJSON(ST_Transform(b.outline, 4326), 4)::jsonb FROM boundaries b"
            " WHERE b.code = :code"
        ),
        {"code": code},
    ).scalar_one_or_none()
    return found
