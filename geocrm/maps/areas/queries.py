"""Reads of areas: one's own and the shared ones. Each function is one round trip."""

import json
from datetime import datetime
from typing import Any, Final, NamedTuple

from geoalchemy2 import Geography
from sqlalchemy import ColumnElement, cast, func, or_, select, true
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.maps.areas.models import Area
from geocrm.security import Actor
from geocrm.security.models import User

MAX_LISTED: Final = 500
_OUTLINE_TOLERANCE: Final = 0.002  # degrees; a quarter of a pixel at zoom 8
_M2_PER_KM2: Final = 1e6


class Listed(NamedTuple):
    """An area in a list."""

    id: int
    name: str
    owner_id: int
    owner: str
    shared: bool
    source: str | None
    created_at: datetime
    km2: float
    west: float
    south: float
    east: float
    north: float


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Which areas the actor sees: their own, the shared ones, and all as the operator."""
    if actor.user_id is None:
        return true()
    return or_(Area.owner_id == actor.user_id, Area.shared)


def listed(session: Session, actor: Actor) -> list[Listed]:
    """The areas the actor sees, by name."""
    rows = session.execute(
        select(
            Area.id,
            Area.name,
            Area.owner_id,
            User.name,
            Area.shared,
            Area.source,
            Area.created_at,
            func.ST_Area(cast(Area.geom, Geography), False) / _M2_PER_KM2,
            func.ST_XMin(Area.geom),
            func.ST_YMin(Area.geom),
            func.ST_XMax(Area.geom),
            func.ST_YMax(Area.geom),
        )
        .join(User, User.id == Area.owner_id)
        .where(seen_by(actor))
        .order_by(func.lower(Area.name), Area.id)
        .limit(MAX_LISTED)
    )
    return [Listed._make(row) for row in rows]


def get(session: Session, actor: Actor, area_id: int) -> Area:
    """The area, or NotFound, also when it is somebody else's and not shared."""
    found = session.scalar(select(Area).where(Area.id == area_id, seen_by(actor)))
    if found is None:
        raise NotFound(f"No area {area_id}")
    return found


def outline(session: Session, actor: Actor, area_id: int, *, exact: bool) -> dict[str, Any]:
    """Its GeoJSON geometry, for the map simplified unless `exact`, or NotFound."""
    shape: Any = Area.geom
    if not exact:
        shape = func.ST_SimplifyPreserveTopology(Area.geom, _OUTLINE_TOLERANCE)
    text = session.scalar(
        select(func.ST_AsGeoJSON(func.ST_Multi(shape), 6)).where(Area.id == area_id, seen_by(actor))
    )
    if text is None:
        raise NotFound(f"No area {area_id}")
    geometry: dict[str, Any] = json.loads(text)
    return geometry
