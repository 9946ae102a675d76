"""Vector tiles of the map's layers other than points: hexagons, territories."""

import hashlib
from typing import Any

from flask import Blueprint, g, request

from geocrm.maps import hexagons, service, territory_tiles
from geocrm.web.access import permit
from geocrm.web.tiles import answer, kept_tile, read_tile, unchanged

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


@bp.get("/territories/<int:z>/<int:x>/<int:y>.mvt")
@permit("read", "territory")
def territory_tile(z: int, x: int, y: int) -> Any:
    """The live territories, each as one shape; empty while no plan is live."""
    wanted = read_tile(z, x, y)
    ground = territory_tiles.live_ground(g.session)
    version = hashlib.sha256((ground.version if ground else "none").encode()).hexdigest()[:32]
    if request.if_none_match.contains_weak(version):
        return unchanged(version)
    if ground is None:
        return answer(b"", version)

    def draw() -> bytes:
        return territory_tiles.territory_tile(g.session, ground, wanted)

    return answer(kept_tile(f"territories-{version}", wanted, draw), version)
