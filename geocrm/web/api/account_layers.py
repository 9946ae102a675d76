"""API of what layers of the map are coloured by: figures by region, and classes of values."""

from dataclasses import asdict
from functools import partial
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import after_this_request, g, request
from pydantic import BaseModel, Field

from geocrm.errors import InvalidInput
from geocrm.maps import hexagons, measures, regions, service
from geocrm.maps.filters import Filter
from geocrm.maps.measures import Measure, classify
from geocrm.maps.regions import SEGMENT, TERRITORIES, Region
from geocrm.places import queries as places
from geocrm.territories import queries as plans
from geocrm.web.access import permit
from geocrm.web.api.account_list import read_box
from geocrm.web.tiles import kept, unchanged

bp = APIBlueprint("api_account_layers", __name__, url_prefix="/api/v1/accounts", tag="Customers")


class Coloured(BaseModel):
    """Which customers, and what colours stand for."""

    filter: str | None = Field(None, description="A filter as JSON; see docs/filters-and-views.md")
    measure: Literal["count", "revenue", "average", "share"] = "count"
    share: str = Field("A", description="The segment whose share is meant", max_length=60)
    classes: Literal["quantile", "natural", "equal"] = "quantile"


class RegionsQuery(Coloured):
    """Which regions."""

    layer: str = Field(
        description=f"A boundary level such as idn-adm1, {TERRITORIES} or {SEGMENT}", max_length=60
    )


class HexagonsQuery(Coloured):
    """Which hexagons: those of a zoom around a view."""

    bbox: str = Field(description="west,south,east,north in degrees")
    zoom: int = Field(ge=0, le=hexagons.MAX_ZOOM)


class ClassesOut(BaseModel):
    """Class i holds breaks[i - 1] <= value < breaks[i]; `sizes` says how many values it holds."""

    breaks: list[float]
    sizes: list[int]
    least: float | None
    largest: float | None


class RegionOut(BaseModel):
    """A region's customers; without a code, those in none. `value` is the measure asked for."""

    code: str | int | None
    name: str | None
    name_id: str | None
    owner: str | None
    count: int
    revenue: float
    average: float
    segments: dict[str, int]
    units: list[str] | None
    value: float


class RegionsOut(BaseModel):
    """Regions with customers, the largest first, and the classes of their values."""

    items: list[RegionOut]
    classes: ClassesOut
    level: str | None = Field(description="The boundary level whose tiles draw the regions")
    rounded: bool


@bp.get("/regions")
@bp.input(RegionsQuery, location="query")
@bp.output(RegionsOut)
@bp.doc(summary="Figures by boundary unit, territory or segment", security="token")
@permit("count", "account")
def by_region(query_data: RegionsQuery) -> Any:
    """Count, revenue and segments of each region that holds a customer."""
    measure = Measure(query_data.measure, query_data.share)
    level = _level(query_data.layer)
    chosen = service.filter_for(g.actor, query_data.filter)
    # Who works in a territory is told, too, and does not raise the version.
    version = None if query_data.layer == TERRITORIES else _version(chosen)
    if version and request.if_none_match.contains_weak(version):
        return unchanged(version)
    found = regions.shown_regions(g.session, g.actor, query_data.layer, chosen)
    inside = [measure.of(each) for each in found if each.code is not None]
    return RegionsOut(
        items=[_region(each, measure) for each in found],
        classes=_classes(inside, query_data.classes),
        level=level,
        rounded=not service.sees_individuals(g.actor),
    )


@bp.get("/hexagons/classes")
@bp.input(HexagonsQuery, location="query")
@bp.output(ClassesOut)
@bp.doc(summary="Classes of the hexagons around a view", security="token")
@permit("count", "account")
def hexagon_classes(query_data: HexagonsQuery) -> Any:
    """Breaks between the values of hexagons of the tiles, a zoom out, that the view touches."""
    measure = Measure(query_data.measure, query_data.share)
    chosen = service.filter_for(g.actor, query_data.filter)
    box = read_box(query_data.bbox)
    if box is None:
        raise InvalidInput("Say which view: bbox=west,south,east,north")
    version = _version(chosen)
    if request.if_none_match.contains_weak(version):
        return unchanged(version)
    found = hexagons.shown_around(g.session, g.actor, query_data.zoom, box, chosen)
    return _classes([measure.of(each) for each in found], query_data.classes)


def _version(chosen: Filter) -> str:
    """What the answer depends on besides its address; the browser keeps the answer under it."""
    version = service.tile_version(g.session, g.actor, chosen)
    after_this_request(partial(kept, version=version))
    return version


def _level(layer: str) -> str | None:
    """The boundary level that draws the layer; InvalidInput when there is no such layer."""
    if layer == SEGMENT:
        return None
    if layer == TERRITORIES:
        g.actor.require("read", "territory")
        live = plans.live_plan(g.session)
        return None if live is None else live.level
    return places.layer(g.session, layer).code


def _region(found: Region, measure: Measure) -> RegionOut:
    return RegionOut(**asdict(found), average=found.revenue / found.count, value=measure.of(found))


def _classes(values: list[float], method: str) -> ClassesOut:
    found: measures.Classes = classify(values, method)
    return ClassesOut(
        breaks=found.breaks, sizes=found.sizes, least=found.least, largest=found.largest
    )
