"""Vector tiles of the live territories: each one shape, without the borders of its units.

A tile is drawn from the units it touches: clipped, projected, taken to the tile's own grid and
united there. So a tile costs as much as what lies in it, no union of a whole country is kept, and
two territories meet on the same line, as they are snapped to the same grid.
"""

from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.maps.tile_sql import EXTENT
from geocrm.maps.tiles import Tile
from geocrm.places.tiles import OUTLINE_MAX_ZOOM

LAYER_NAME: Final = "territories"


class Ground(NamedTuple):
    """The live plan, and what its tiles depend on: it counts up with every change of the plan."""

    plan_id: int
    version: str


def live_ground(session: Session) -> Ground | None:
    """The live plan; None when none is live."""
    row = session.execute(text(_GROUND)).one_or_none()
    return None if row is None else Ground(*row)


def territory_tile(session: Session, ground: Ground, tile: Tile) -> bytes:
    """A tile with the one layer `territories`; features have `code`, an id, and `name`."""
    sql = _COARSE if tile.z <= OUTLINE_MAX_ZOOM else _FINE
    values = {"plan_id": ground.plan_id, "z": tile.z, "x": tile.x, "y": tile.y}
    return bytes(session.execute(text(sql), values).scalar_one() or b"")


_GROUND: Final = """
    SELECT p.id, concat_ws('-', p.id, p.version, l.units_sha256, extract(epoch FROM l.loaded_at))
    FROM territory_plans p JOIN boundary_layers l ON l.code = p.level
    WHERE p.state = 'live' AND p.type = 'sales'
"""
# A grid of half a pixel of the screen: the union holds what can be seen at the zoom. A union of one
# shape alone is not taken to the grid, so that is said again.
_TILE: Final = f"""
    WITH tile AS MATERIALIZED (
        SELECT ST_TileEnvelope(:z, :x, :y) AS box,
               ST_TileEnvelope(:z, :x, :y, margin => 0.03125) AS wide,
               (ST_XMax(ST_TileEnvelope(:z, :x, :y)) - ST_XMin(ST_TileEnvelope(:z, :x, :y)))
               / 1024 AS grid
    ), drawn AS (
        SELECT u.territory_id AS code,
               ST_ReducePrecision(ST_Union({{shape}}, tile.grid), tile.grid) AS shape
        FROM tile JOIN boundaries b ON {{touches}}
        JOIN territory_units u ON u.unit = b.code AND u.plan_id = :plan_id
        GROUP BY u.territory_id, tile.grid
    ), placed AS (
        SELECT t.id AS code, t.name, ST_AsMVTGeom(drawn.shape, tile.box, {EXTENT}, 64) AS geom
        FROM drawn JOIN territories t ON t.id = drawn.code, tile
    )
    SELECT ST_AsMVT(placed, '{LAYER_NAME}', {EXTENT}, 'geom') FROM placed WHERE geom IS NOT NULL
"""
_COARSE: Final = _TILE.format(shape="b.outline", touches="b.outline && tile.wide")
# Clipping comes before projecting: less to project, and no pole, which web mercator cannot show.
_FINE: Final = _TILE.format(
    shape="ST_Transform(ST_ClipByBox2D(b.geom, ST_Transform(tile.wide, 4326)), 3857)",
    touches="b.geom && ST_Transform(tile.wide, 4326)",
)
