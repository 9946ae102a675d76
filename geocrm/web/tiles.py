"""Vector tiles over HTTP: asked for by the map, kept by the browser, checked at every use."""

import hashlib
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, current_app, g, request
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.maps import service
from geocrm.maps.boundary_names import name_tile
from geocrm.maps.colouring import colouring
from geocrm.maps.tiles import Tile
from geocrm.places import queries as places
from geocrm.places.tiles import boundary_tile
from geocrm.territories import made_levels
from geocrm.web import packing
from geocrm.web.access import permit
from geocrm.web.tile_cache import TileCache

bp = Blueprint("tiles", __name__, url_prefix="/tiles")

_MVT: Final = "application/vnd.mapbox-vector-tile"
# Higher levels cost more than the query that made the tile, and save 5 % more.
_GZIP_LEVEL: Final = 4
_BROTLI_QUALITY: Final = 1
_WORTH_ZIPPING: Final = 256  # bytes


@bp.get("/accounts/<int:z>/<int:x>/<int:y>.mvt")
@permit("count", "account")
def accounts(z: int, x: int, y: int) -> Any:
    """Customers of the tile that the visitor may see and the filter chooses."""
    wanted = read_tile(z, x, y)
    chosen = service.filter_for(g.actor, request.args.get("filter"))
    by = colouring(request.args.get("colour"))
    if request.if_none_match:
        version = service.tile_version(g.session, g.actor, chosen, by)
        if request.if_none_match.contains_weak(version):
            return unchanged(version)
    return answer(*service.tile(g.session, g.actor, wanted, chosen, by))


@bp.get("/boundaries/<layer>/<int:z>/<int:x>/<int:y>.mvt")
@permit("read", "boundary")
def boundaries(layer: str, z: int, x: int, y: int) -> Any:
    """Outlines of a boundary layer, and in `names` a point inside each unit for its name."""
    wanted = read_tile(z, x, y)
    if not made_levels.visible(g.session, g.actor, layer):
        raise NotFound("There is no boundary level {level}", level=layer)
    version = _layer_version(g.session, layer)
    if request.if_none_match.contains_weak(version):
        return unchanged(version)

    def draw() -> bytes:
        # Layers of a tile follow each other, so two tiles make one.
        return boundary_tile(g.session, layer, z, x, y) + name_tile(g.session, layer, wanted)

    return answer(kept_tile(f"{layer}-{version}", wanted, draw), version)


def kept_tile(name: str, tile: Tile, draw: Callable[[], bytes]) -> bytes:
    """A tile that is the same for everybody, drawn when it is first asked for."""
    folder = current_app.config["GEOCRM_SETTINGS"].var / "cache" / "boundaries"
    cache = TileCache(folder, name)
    body = cache.get(tile.z, tile.x, tile.y)
    if body is None:
        body = draw()
        cache.put(tile.z, tile.x, tile.y, body)
    return body


def read_tile(z: int, x: int, y: int) -> Tile:
    """The tile of an address, or a refusal that says what is in range."""
    if z > 99 or x > 2**32 or y > 2**32:
        raise NotFound(f"There is no tile {str(z)[:9]}/{str(x)[:9]}/{str(y)[:9]}")
    return Tile(z, x, y)


def _layer_version(session: Session, code: str) -> str:
    layer = places.layer(session, code)
    return hashlib.sha256(f"{code} {layer.units_sha256} {layer.loaded_at}".encode()).hexdigest()[
        :32
    ]


def answer(body: bytes, version: str) -> Response:
    """The tile, packed when that pays and is understood."""
    response = Response(body, mimetype=_MVT)
    coding = packing.coding()
    if len(body) > _WORTH_ZIPPING and coding:
        small = packing.packed(body, coding, brotli_quality=_BROTLI_QUALITY, gzip_level=_GZIP_LEVEL)
        response.set_data(small)
        response.headers["Content-Encoding"] = coding
    return kept(response, version)


def unchanged(version: str) -> Response:
    """What the browser has still holds."""
    return kept(Response(status=304), version)


def kept(response: Response, version: str) -> Response:
    """Kept by one browser and used only after asking whether it still holds."""
    response.set_etag(version, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding, Authorization, Cookie"
    return response
