"""API of administrative boundaries: which layers there are."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel

from geocrm.places import queries
from geocrm.web.access import permit

bp = APIBlueprint("api_boundaries", __name__, url_prefix="/api/v1/boundaries", tag="Boundaries")


class Layer(BaseModel):
    """A division of the world or of a country; its tiles are at `tiles`."""

    code: str
    name: str
    country: str | None
    level: int
    parent: str | None
    units: int
    population: int | None
    attribution: str
    tiles: str


class Layers(BaseModel):
    """All layers, countries first."""

    items: list[Layer]


@bp.get("/layers")
@bp.output(Layers)
@bp.doc(summary="Boundary layers", security="token")
@permit("read", "boundary")
def layers() -> Layers:
    """What can be switched on on the map."""
    return Layers(
        items=[
            Layer(
                code=layer.code,
                name=layer.name,
                country=layer.country,
                level=layer.level,
                parent=layer.parent,
                units=layer.units,
                population=layer.population,
                attribution=layer.attribution,
                tiles=f"/tiles/boundaries/{layer.code}/{{z}}/{{x}}/{{y}}.mvt",
            )
            for layer in queries.layers(g.session)
        ]
    )
