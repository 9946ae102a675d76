"""Where the names of boundary units stand: one point a unit, however many tiles its shape fills."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.maps.tile_sql import EXTENT
from geocrm.maps.tiles import Tile

LAYER_NAME: Final = "names"


def name_tile(session: Session, layer: str, tile: Tile) -> bytes:
    """A tile with the one layer `names`; features have `code`, `name`, `name_id`. One statement."""
    values = {"layer": layer, "z": tile.z, "x": tile.x, "y": tile.y}
    return bytes(session.execute(text(_NAMES), values).scalar_one())


_NAMES: Final = f"""
    WITH tile AS MATERIALIZED (SELECT ST_TileEnvelope(:z, :x, :y) AS box),
    named AS (
        SELECT b.code, b.name, b.name_id,
               ST_AsMVTGeom(ST_Transform(b.centre, 3857), tile.box, {EXTENT}, 0) AS geom
        FROM tile JOIN boundaries b ON b.layer = :layer
             AND b.centre && ST_Transform(tile.box, 4326)
        WHERE abs(ST_Y(b.centre)) < 85
    )
    SELECT ST_AsMVT(named, '{LAYER_NAME}', {EXTENT}, 'geom') FROM named WHERE geom IS NOT NULL
"""
