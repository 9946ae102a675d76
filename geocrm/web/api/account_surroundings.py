"""API of what lies around a customer: the nearest ones, its territory, its boundary unit."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel

from geocrm.customers import queries, surroundings
from geocrm.places import queries as places
from geocrm.territories import queries as territories
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_account_surroundings", __name__, url_prefix="/api/v1/accounts", tag="Customers"
)


class Neighbour(BaseModel):
    """A customer near by."""

    id: int
    name: str
    segment: str | None
    lon: float
    lat: float
    grade: str
    distance_m: float


class Area(BaseModel):
    """A territory or boundary unit with its outline, coarse, as GeoJSON."""

    name: str
    outline: dict[str, Any] | None


class Surroundings(BaseModel):
    """What lies around; nothing near a customer without a point."""

    nearest: list[Neighbour]
    territory: Area | None
    unit: Area | None
    owner: str


@bp.get("/<int:account_id>/surroundings")
@bp.output(Surroundings)
@bp.doc(summary="The nearest customers, the territory and the unit around a customer",
        security="token")  # fmt: skip
@permit("read", "account")
def show(account_id: int) -> Surroundings:
    """Up to ten customers by distance, and two outlines."""
    record = queries.record(g.session, account_id)
    territory_id, unit = record.scope.territory_id, record.scope.unit
    territory = territories.outline(g.session, territory_id) if territory_id else None
    shape = places.outline(g.session, unit) if unit else None
    return Surroundings(
        nearest=[
            Neighbour(
                id=each.account_id,
                name=each.name,
                segment=each.segment,
                lon=each.lon,
                lat=each.lat,
                grade=each.grade,
                distance_m=each.distance_m,
            )
            for each in surroundings.nearest(g.session, account_id)
        ],
        territory=Area(name=territory[0], outline=territory[1]) if territory else None,
        unit=Area(name=record.unit_name or unit, outline=shape) if unit else None,
        owner=record.owner_name,
    )
