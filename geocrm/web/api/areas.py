"""API of areas that people keep: list, draw, bring files, rename, share, delete."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from geocrm.errors import InvalidInput
from geocrm.maps.areas import queries, service
from geocrm.maps.areas.package import MAX_BYTES
from geocrm.web.access import permit

bp = APIBlueprint("api_areas", __name__, url_prefix="/api/v1/areas", tag="Areas")


class DrawnIn(BaseModel):
    """An area that was drawn."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    geometry: dict[str, Any] = Field(description="A GeoJSON Polygon or MultiPolygon, WGS84")


class AreaChange(BaseModel):
    """A new name, or who may use it; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=120)
    shared: bool | None = None


class OutlineQuery(BaseModel):
    """Whether the outline shall have all its corners."""

    exact: bool = False


class AreaOut(BaseModel):
    """An area in a list; `mine` says whether the asker may change it."""

    id: int
    name: str
    owner: str
    mine: bool
    shared: bool
    source: str | None
    created: datetime
    km2: float
    box: tuple[float, float, float, float]


class Areas(BaseModel):
    """The areas one may use."""

    items: list[AreaOut]


class Kept(BaseModel):
    """An area that was kept."""

    id: int
    name: str
    shared: bool


class Brought(BaseModel):
    """What a file brought, what was put right in it, and what was left out and why."""

    items: list[Kept]
    notes: list[str]
    left_out: list[str]


class Outline(BaseModel):
    """The shape of an area."""

    id: int
    name: str
    geometry: dict[str, Any]


@bp.get("")
@bp.output(Areas)
@bp.doc(summary="Areas of one's own and shared ones", security="token")
@permit("count", "account")
def areas() -> Areas:
    """The areas one may filter by, by name."""
    found = queries.listed(g.session, g.actor)
    return Areas(
        items=[
            AreaOut(
                id=area.id,
                name=area.name,
                owner=area.owner,
                mine=area.owner_id == g.actor.user_id,
                shared=area.shared,
                source=area.source,
                created=area.created_at,
                km2=area.km2,
                box=(area.west, area.south, area.east, area.north),
            )
            for area in found
        ]
    )


@bp.post("")
@bp.input(DrawnIn)
@bp.output(Kept, status_code=201)
@bp.doc(summary="Keep a drawn area", security="token")
@permit("count", "account")
def draw(json_data: DrawnIn) -> Kept:
    """Keep the polygon under the name."""
    area = service.add_drawn(g.session, g.actor, json_data.name, json_data.geometry)
    return Kept(id=area.id, name=area.name, shared=area.shared)


@bp.post("/files")
@bp.output(Brought, status_code=201)
@bp.doc(
    summary="Keep the areas of a file",
    description="multipart/form-data with `file`: GeoJSON, KML, KMZ, GeoPackage, zipped shapefile",
    security="token",
)
@permit("count", "account")
def upload() -> Brought:
    """Keep each polygon of the file as an area."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise InvalidInput(_("Choose a file: GeoJSON, KML, KMZ, GeoPackage or a zipped shapefile"))
    with TemporaryDirectory(prefix="geocrm-upload-") as folder:
        path = Path(folder) / "upload"
        # One byte over the limit is enough to know that it is too large.
        path.write_bytes(given.stream.read(MAX_BYTES + 1))
        added = service.add_file(g.session, g.actor, path, given.filename)
    return Brought(
        items=[Kept(id=area.id, name=area.name, shared=area.shared) for area in added.areas],
        notes=added.notes,
        left_out=added.left_out,
    )


@bp.get("/<int:area_id>")
@bp.input(OutlineQuery, location="query")
@bp.output(Outline)
@bp.doc(summary="The shape of an area", security="token")
@permit("count", "account")
def outline(area_id: int, query_data: OutlineQuery) -> Outline:
    """Its outline, simplified for the map unless it shall be exact."""
    area = queries.get(g.session, g.actor, area_id)
    geometry = queries.outline(g.session, g.actor, area_id, exact=query_data.exact)
    return Outline(id=area.id, name=area.name, geometry=geometry)


@bp.patch("/<int:area_id>")
@bp.input(AreaChange)
@bp.output(Kept)
@bp.doc(summary="Rename or share an area", security="token")
@permit("count", "account")
def change(area_id: int, json_data: AreaChange) -> Kept:
    """Rename the area, or let everybody use it."""
    area = service.change(g.session, g.actor, area_id, name=json_data.name, shared=json_data.shared)
    return Kept(id=area.id, name=area.name, shared=area.shared)


@bp.delete("/<int:area_id>")
@bp.doc(summary="Delete an area", security="token", responses=[204])
@permit("count", "account")
def remove(area_id: int) -> tuple[str, int]:
    """Delete an area of one's own."""
    service.remove(g.session, g.actor, area_id)
    return "", 204
