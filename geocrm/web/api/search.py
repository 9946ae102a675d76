"""API of the search box: customers by name, contact, phone or e-mail, places, territories."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from geocrm.geocoding import service as geocoding
from geocrm.maps import search as customers
from geocrm.maps.search import Hit
from geocrm.places.gazetteer import Place
from geocrm.territories import queries as territories
from geocrm.web.access import permit

bp = APIBlueprint("api_search", __name__, url_prefix="/api/v1", tag="Search")

_PER_GROUP = 6


class SearchQuery(BaseModel):
    """What was typed."""

    q: str = Field("", max_length=customers.LONGEST)


class Item(BaseModel):
    """One hit; it has a page, or a position, or both."""

    id: int | None = None
    label: str
    detail: str | None = None
    url: str | None = None
    lon: float | None = None
    lat: float | None = None
    zoom: float | None = None


class Group(BaseModel):
    """Hits of one kind."""

    kind: str
    title: str
    items: list[Item]


class Found(BaseModel):
    """Everything found, best kinds first; empty groups are left out."""

    groups: list[Group]


@bp.get("/search")
@bp.input(SearchQuery, location="query")
@bp.output(Found)
@bp.doc(summary="Search customers, places and territories", security="token")
@permit("read", "geocode")
def search(query_data: SearchQuery) -> Found:
    """What the words may mean, among what the visitor may see."""
    typed = query_data.q.replace("\x00", "").strip()
    if len(typed) < customers.SHORTEST or any(0xD800 <= ord(c) <= 0xDFFF for c in typed):
        return Found(groups=[])
    groups = [*_customers(typed), *_territories(typed), *_places(typed)]
    return Found(groups=[group for group in groups if group.items])


def _customers(typed: str) -> list[Group]:
    if not g.actor.may("read", "account"):
        return []
    ways: list[tuple[str, str, Any]] = [
        ("accounts", _("Customers"), customers.by_name),
        ("contacts", _("Contacts"), customers.by_contact),
        ("phones", _("Telephone"), customers.by_phone),
        ("emails", _("E-mail"), customers.by_email),
    ]
    return [
        Group(kind=kind, title=title, items=[_hit(h) for h in way(g.session, typed, _PER_GROUP)])
        for kind, title, way in ways
    ]


def _hit(hit: Hit) -> Item:
    return Item(
        id=hit.account_id,
        label=hit.name,
        detail=hit.found_by or hit.segment,
        url=f"/accounts/{hit.account_id}",
        lon=hit.lon,
        lat=hit.lat,
    )


def _territories(typed: str) -> list[Group]:
    if not g.actor.may("read", "territory"):
        return []
    seen = [t for t in territories.live_territories(g.session) if typed.lower() in t.name.lower()]
    items = [Item(id=t.id, label=t.name, url=f"/map?territories={t.id}") for t in seen[:_PER_GROUP]]
    return [Group(kind="territories", title=_("Territories"), items=items)]


def _places(typed: str) -> list[Group]:
    found = geocoding.suggest(g.session, typed, _PER_GROUP)
    return [Group(kind="places", title=_("Places"), items=[_place(place) for place in found])]


# How near the map goes to a place of each kind.
_ZOOMS = {"country": 4.5, "region": 7.5, "regency": 9.5, "city": 10.5, "district": 12.0}


def _place(place: Place) -> Item:
    return Item(
        label=place.name,
        detail=place.label,
        lon=place.lon,
        lat=place.lat,
        zoom=_ZOOMS.get(place.kind, 13.5),
    )
