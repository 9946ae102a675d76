"""API of the customers around a place."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.db.postgis import LonLat
from geocrm.maps import nearby, service
from geocrm.maps.cursors import read_cursor
from geocrm.maps.queries import MAX_PAGE
from geocrm.web.access import permit
from geocrm.web.api.account_list import Customer, shown_customer

bp = APIBlueprint("api_nearby", __name__, url_prefix="/api/v1/accounts", tag="Customers")


class NearbyQuery(BaseModel):
    """Around which place, which customers, from where in the list."""

    lon: float
    lat: float
    filter: str | None = Field(None, description="A filter as JSON; see docs/filters-and-views.md")
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, description="`next` of the page before")


class NearCustomer(Customer):
    """A customer, and how far away it is."""

    distance_m: float


class NearCustomers(BaseModel):
    """Customers, nearest first; `next` is the cursor of the page after, null on the last."""

    items: list[NearCustomer]
    next: str | None


@bp.get("/nearby")
@bp.input(NearbyQuery, location="query")
@bp.output(NearCustomers)
@bp.doc(summary="Customers around a place, nearest first", security="token")
@permit("read", "account")
def around(query_data: NearbyQuery) -> NearCustomers:
    """The customers with a point that the filter chooses, by distance in metres."""
    page = nearby.nearby(
        g.session,
        service.filter_for(g.actor, query_data.filter),
        LonLat(query_data.lon, query_data.lat),
        after=read_cursor(query_data.cursor),
        limit=query_data.limit,
    )
    items = [
        NearCustomer(**dict(shown_customer(near.row)), distance_m=round(near.distance_m, 1))
        for near in page.items
    ]
    return NearCustomers(items=items, next=str(page.next) if page.next else None)
