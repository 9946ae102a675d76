"""API of the search box: customers by name, contact, phone or e-mail, places, territories."""

from apiflask import APIBlueprint
from flask import current_app, g
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from geocrm.geocoding.suggest import Suggestion, suggestions
from geocrm.maps import search as customers
from geocrm.maps.search import Hit
from geocrm.places import streets
from geocrm.places.beginnings import View
from geocrm.territories import queries as territories
from geocrm.web.access import permit
from geocrm.web.api.places import USUAL_ZOOM, ZOOMS, Looking, readable

bp = APIBlueprint("api_search", __name__, url_prefix="/api/v1", tag="Search")

_PER_GROUP = 6


class SearchQuery(Looking):
    """What was typed, and where the person looks."""

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
    # Of a place: address, street, poi, or the kind of unit.
    kind: str | None = None


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
    typed = readable(query_data.q).strip()
    if len(typed) < customers.SHORTEST:
        return Found(groups=[])
    groups = [*_customers(typed), *_territories(typed), *_places(typed, query_data.view())]
    return Found(groups=[group for group in groups if group.items])


def _customers(typed: str) -> list[Group]:
    if not g.actor.may("read", "account"):
        return []
    understood = customers.understand(g.session, typed)
    region = current_app.config["GEOCRM_SETTINGS"].default_country
    named = customers.by_name(g.session, understood, _PER_GROUP)
    # A word that names customers is no slip in the name of a person.
    people = customers.by_contact(g.session, understood, _PER_GROUP, corrected=not named)
    ways = [
        ("accounts", _("Customers"), named),
        ("contacts", _("Contacts"), people),
        ("phones", _("Telephone"), customers.by_phone(g.session, typed, _PER_GROUP, region)),
        ("emails", _("E-mail"), customers.by_email(g.session, typed, _PER_GROUP)),
    ]
    return [
        Group(kind=kind, title=title, items=[_hit(hit) for hit in hits])
        for kind, title, hits in ways
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


def _places(typed: str, view: View | None) -> list[Group]:
    found = suggestions(g.session, typed, country=_country(), view=view, limit=_PER_GROUP)
    return [Group(kind="places", title=_("Places"), items=[_place(each) for each in found])]


def _country() -> str | None:
    """Where places are looked for: the installation's country, or everywhere with region packs."""
    default: str = current_app.config["GEOCRM_SETTINGS"].default_country
    return None if streets.countries(g.session) - {default} else default


def _place(found: Suggestion) -> Item:
    return Item(
        label=found.label,
        detail=found.detail,
        lon=found.lon,
        lat=found.lat,
        zoom=ZOOMS.get(found.kind, USUAL_ZOOM),
        kind=found.kind,
    )
