"""Vector tiles of a boundary layer.

Up to zoom 3 they are cut from outlines that were simplified together when they were loaded, above
from the shapes themselves. Neighbours snap to the same grid, so borders stay closed.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.places import queries

MAX_ZOOM = 22
OUTLINE_MAX_ZOOM = 3
LAYER_NAME = "boundaries"


def boundary_tile(session: Session, layer: str, z: int, x: int, y: int) -> bytes:
    """The tile as Mapbox vector tile with the one layer `boundaries`; empty bytes where nothing is.

    Features have `code`, `name` and, where known, `name_id`. Raises InvalidInput when there is no
    such layer or tile.
    """
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise InvalidInput(
            "There is no tile {tile}: zoom is 0 to {finest}", tile=f"{z}/{x}/{y}", finest=MAX_ZOOM
        )
    queries.layer(session, layer)
    sql = _COARSE if z <= OUTLINE_MAX_ZOOM else _FINE
    tile = session.scalar(text(sql), {"layer": layer, "z": z, "x": x, "y": y})
    return bytes(tile or b"")


_TILE = f"""
    WITH tile AS MATERIALIZED (
        SELECT ST_TileEnvelope(:z, :x, :y) AS box,
               ST_TileEnvelope(:z, :x, :y, margin => 0.03125) AS wide
    ), drawn AS (
        SELECT b.code, b.name, b.name_id, ST_AsMVTGeom({{shape}}, tile.box, 4096, 64) AS geom
        FROM tile JOIN boundaries b ON b.layer = :layer AND {{touches}}
    )
    SELECT ST_AsMVT(drawn, '{LAYER_NAME}', 4096, 'geom') FROM drawn WHERE geom IS NOT NULL
"""
_COARSE = _TILE.format(shape="b.outline", touches="b.outline && tile.wide")
# Clipping comes before projecting: less to project, and no pole, which web mercator cannot show.
_FINE = _TILE.format(
    shape="ST_Transform(ST_ClipByBox2D(b.geom, ST_Transform(tile.wide, 4326)), 3857)",
    touches="b.geom && ST_Transform(tile.wide, 4326)",
)
