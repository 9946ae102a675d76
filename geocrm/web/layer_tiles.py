"""Vector tiles of the map's layers other than points: hexagons."""

from typing import Any

from flask import Blueprint, g, request

from geocrm.maps import hexagons, service
from geocrm.web.access import permit
from geocrm.web.tiles import answer, read_tile, unchanged

bp = Blueprint("layer_tiles", __name__, url_prefix="/tiles")


@bp.get("/hexagons/<int:z>/<int:x>/<int:y>.mvt")
@permit("count", "account")
def hexagon_tile(z: int, x: int, y: int) -> Any:
    """Hexagons of the customers that the visitor may count and the filter chooses."""
    wanted = read_tile(z, x, y)
    chosen = service.filter_for(g.actor, request.args.get("filter"))
    version = service.tile_version(g.session, g.actor, chosen)
    if request.if_none_match.contains_weak(version):
        return unchanged(version)
    if service.sees_individuals(g.actor):
        return answer(hexagons.hexagon_tile(g.session, wanted, chosen), version)
    return answer(hexagons.anonymous_hexagon_tile(g.session, wanted, chosen), version)
