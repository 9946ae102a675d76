"""API of places: what an address is, what lies at a point, and what a few letters may become."""

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import current_app, g
from pydantic import BaseModel, Field

from geocrm.db.postgis import LonLat
from geocrm.geocoding import AddressQuery, countries, service
from geocrm.geocoding.reverse import reverse
from geocrm.geocoding.suggest import Suggestion, suggestions
from geocrm.places.beginnings import View
from geocrm.web.access import permit

bp = APIBlueprint("api_places", __name__, url_prefix="/api/v1", tag="Places")

_LONGEST = 300
_WIDEST_DEG = 180.0


class Looking(BaseModel):
    """Where the person looks: the middle of the map and its zoom."""

    lon: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    zoom: float = Field(10.0, ge=0, le=24, allow_inf_nan=False)

    def view(self) -> View | None:
        """The view, when a point was given."""
        if self.lon is None or self.lat is None:
            return None
        return View(LonLat(self.lon, self.lat), min(_WIDEST_DEG, 360.0 / 2**self.zoom))


class SuggestQuery(Looking):
    """What was typed, and where the person looks."""

    q: str = Field("", max_length=_LONGEST)
    country: str = Field("", max_length=60, description="Name or ISO code; empty for everywhere")
    limit: int = Field(8, ge=1, le=20)


class Parts(BaseModel):
    """The parts of an address, as a form has them; empty where there is none."""

    street: str = ""
    house_number: str = ""
    postcode: str = ""
    village: str = ""
    district: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


class SuggestItem(BaseModel):
    """Something that may have been meant."""

    label: str
    detail: str
    kind: str
    grade: str
    lon: float
    lat: float
    zoom: float
    parts: Parts


class Suggested(BaseModel):
    """What may have been meant, best first."""

    items: list[SuggestItem]


class PointQuery(BaseModel):
    """A position in degrees."""

    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)


class BoundaryItem(BaseModel):
    """A unit that contains the point."""

    code: str
    layer: str
    name: str


class At(BaseModel):
    """What lies at a point: the nearest address with its distance, and the units around it."""

    label: str
    grade: str
    lon: float | None
    lat: float | None
    distance_m: float | None
    provider: str
    parts: Parts
    boundaries: list[BoundaryItem]


class GeocodeQuery(BaseModel):
    """An address: as typed, in parts, or both."""

    q: str = Field("", max_length=1_000)
    street: str = Field("", max_length=_LONGEST)
    house_number: str = Field("", max_length=60)
    postcode: str = Field("", max_length=60)
    village: str = Field("", max_length=_LONGEST)
    district: str = Field("", max_length=_LONGEST)
    city: str = Field("", max_length=_LONGEST)
    region: str = Field("", max_length=_LONGEST)
    country: str = Field("", max_length=60)


class Runner(BaseModel):
    """Another place that the address could be."""

    label: str
    grade: str
    lon: float
    lat: float
    radius_m: int


class Remark(BaseModel):
    """Something to know about the answer, as a code and the words it is about."""

    code: str
    given: str


class Shares(BaseModel):
    """How probable it is that the true place is within 50, 200, 1,000 and 5,000 m."""

    p50: float
    p200: float
    p1000: float
    p5000: float


class Geocoded(BaseModel):
    """Where the address is, how sure that is, and what else it could be."""

    grade: str
    lon: float | None
    lat: float | None
    radius_m: int | None
    chances: Shares | None
    provider: str
    label: str
    ambiguous: bool
    alternatives: list[Runner]
    notes: list[Remark]
    licence: str
    attribution: str


@bp.get("/places/suggest")
@bp.input(SuggestQuery, location="query")
@bp.output(Suggested)
@bp.doc(summary="What a few letters of an address may become", security="token")
@permit("read", "geocode")
def suggest(query_data: SuggestQuery) -> Suggested:
    """Streets, points of interest and places that begin so, the nearest to the view first."""
    given = query_data.country.strip()
    country = countries.require_code(given) if given else None
    found = suggestions(
        g.session,
        readable(query_data.q),
        country=country,
        view=query_data.view(),
        limit=query_data.limit,
    )
    return Suggested(items=[_item(each) for each in found])


@bp.get("/reverse")
@bp.input(PointQuery, location="query")
@bp.output(At)
@bp.doc(summary="What lies at a point", security="token")
@permit("read", "geocode")
def at(query_data: PointQuery) -> Any:
    """The boundaries that contain the point, and the nearest address with its distance."""
    found = reverse(g.session, LonLat(query_data.lon, query_data.lat))
    return At(
        label=found.label,
        grade=found.grade.value,
        lon=found.lon,
        lat=found.lat,
        distance_m=None if found.distance_m is None else round(found.distance_m, 1),
        provider=found.provider,
        parts=Parts(**found.parts),
        boundaries=[
            BoundaryItem(code=unit.code, layer=unit.layer, name=unit.name) for unit in found.units
        ],
    )


@bp.get("/geocode")
@bp.input(GeocodeQuery, location="query")
@bp.output(Geocoded)
@bp.doc(summary="Where an address is", security="token")
@permit("read", "geocode")
def geocode(query_data: GeocodeQuery) -> Any:
    """Find an address offline; grade `none` when nothing is found."""
    parts = {name: readable(words) for name, words in query_data.model_dump().items()}
    settings = current_app.config["GEOCRM_SETTINGS"]
    query = AddressQuery(text=parts.pop("q"), **parts)
    answer = service.geocode(g.session, query, settings.default_country)
    return Geocoded(
        grade=answer.grade.value,
        lon=answer.lon,
        lat=answer.lat,
        radius_m=answer.radius_m,
        chances=None if answer.chances is None else Shares(**asdict(answer.chances)),
        provider=answer.provider,
        label=answer.label,
        ambiguous=answer.ambiguous,
        alternatives=[
            Runner(label=a.label, grade=a.grade.value, lon=a.lon, lat=a.lat, radius_m=a.radius_m)
            for a in answer.alternatives
        ],
        notes=[Remark(code=note.code, given=note.given) for note in answer.notes],
        licence=answer.licence,
        attribution=answer.attribution,
    )


def readable(typed: str) -> str:
    """The words without what no database holds: NUL and halves of characters."""
    return "".join(c for c in typed if c != "\x00" and not 0xD800 <= ord(c) <= 0xDFFF)


# How near the map goes to a finding of each kind.
ZOOMS = {
    "country": 4.5, "region": 7.5, "regency": 9.5, "city": 10.5, "district": 12.0, "street": 15.5,
    "address": 17.0, "poi": 17.0,
}  # fmt: skip
USUAL_ZOOM = 13.5


def _item(found: Suggestion) -> SuggestItem:
    return SuggestItem(
        label=found.label,
        detail=found.detail,
        kind=found.kind,
        grade=found.grade.value,
        lon=found.lon,
        lat=found.lat,
        zoom=ZOOMS.get(found.kind, USUAL_ZOOM),
        parts=Parts(**found.parts),
    )
