"""Brings the boundary files into their tables.

Loading again is cheap: a file whose checksum is that of the last load is not read.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import copy_rows
from geocrm.errors import InvalidInput
from geocrm.places import files
from geocrm.places.models import Boundary, BoundaryEdge, BoundaryLayer

# Half a pixel of a 512-pixel tile at zoom 3; outlines are drawn up to there.
OUTLINE_TOLERANCE_DEG = 0.04
# Web mercator ends here: the map is a square.
MERCATOR_MAX_LAT = 85.05112878
MERCATOR_RADIUS_M = 6_378_137.0
_STAGED = (*files.PROPERTIES, "geom", "outline", "centre")


def load_boundaries(session: Session, directory: Path = files.BOUNDARIES) -> list[str]:
    """Load what changed since the last load and name it, as `idn-adm2` or `idn-adm2 neighbours`.

    Units keep their rows, so that what refers to them stays. Raises InvalidInput when a file is
    broken or an edge names a unit that is not there.
    """
    loaded = []
    for row in files.layers(directory):
        layer = _register(session, row)
        units_sha256 = files.sha256(files.units_file(directory, row.code))
        edges_sha256 = files.sha256(files.edges_file(directory, row.code))
        if layer.units_sha256 != units_sha256:
            _replace_units(session, row.code, files.units(row.code, directory))
            loaded.append(row.code)
        if (layer.units_sha256, layer.edges_sha256) != (units_sha256, edges_sha256):
            _replace_edges(session, row.code, files.edges(row.code, directory))
            loaded.append(f"{row.code} neighbours")
            layer.loaded_at = clock.now()
        layer.units_sha256, layer.edges_sha256 = units_sha256, edges_sha256
    session.flush()
    if loaded:
        # Whoever reads next should not wait for autovacuum to notice.
        session.execute(text("ANALYZE boundaries, boundary_edges"))
    return loaded


def put_made_layer(
    session: Session,
    row: files.LayerRow,
    units: Sequence[files.UnitRow],
    edges: Sequence[files.EdgeRow],
) -> None:
    """Add a layer that somebody made, with its units and which of them lie beside each other."""
    layer = BoundaryLayer(**row._asdict(), made=True, loaded_at=clock.now())
    session.add(layer)
    session.flush()
    _replace_units(session, row.code, units)
    _replace_edges(session, row.code, edges)
    session.execute(text("ANALYZE boundaries, boundary_edges"))


def remove_made_layer(session: Session, code: str) -> None:
    """Remove a layer that somebody made; the caller has seen that nothing is built of it."""
    session.execute(delete(Boundary).where(Boundary.layer == code))
    session.execute(delete(BoundaryLayer).where(BoundaryLayer.code == code, BoundaryLayer.made))


def _register(session: Session, row: files.LayerRow) -> BoundaryLayer:
    values = row._asdict()
    described = insert(BoundaryLayer).values(**values)
    session.execute(
        described.on_conflict_do_update(index_elements=["code"], set_=values | {"code": row.code})
    )
    return session.get_one(BoundaryLayer, row.code, populate_existing=True)


def _replace_units(session: Session, layer: str, units: Sequence[files.UnitRow]) -> None:
    session.execute(text(_STAGE))
    copy_rows(session, "boundary_staging", _STAGED, _staged(units))
    session.execute(text(_UPSERT), {"layer": layer})
    session.execute(text(_REMOVE), {"layer": layer})
    session.execute(text(_ORPHANED))
    session.execute(text("DROP TABLE boundary_staging"))


_STAGE = f"""
    CREATE TEMPORARY TABLE boundary_staging ON COMMIT DROP AS
    SELECT {", ".join(_STAGED)} FROM boundaries WITH NO DATA
"""
_UPSERT = f"""
    INSERT INTO boundaries (layer, {", ".join(_STAGED)})
    SELECT :layer, {", ".join(_STAGED)} FROM boundary_staging
    ON CONFLICT (code) DO UPDATE
    SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _STAGED if name != "code")}
"""
_REMOVE = """
    DELETE FROM boundaries b
    WHERE layer = :layer AND NOT EXISTS (SELECT FROM boundary_staging s WHERE s.code = b.code)
"""

# Units that somebody made of ground that a new vintage calls otherwise stay as they are.
_ORPHANED = """
    UPDATE boundaries b SET parent = NULL
    FROM boundary_layers l
    WHERE l.code = b.layer AND l.made AND b.parent IS NOT NULL
      AND NOT EXISTS (SELECT FROM boundaries p WHERE p.code = b.parent)
"""


def _staged(units: Sequence[files.UnitRow]) -> Iterator[tuple[Any, ...]]:
    shapes = np.array([unit.shape for unit in units], dtype=object)
    geom = _hex(_multi(shapes), 4326)
    outline = _hex(_multi(mercator(outlines(shapes))), 3857)
    centre = _hex(shapely.point_on_surface(_largest_parts(shapes)), 4326)
    for row, unit in enumerate(units):
        yield (
            *(getattr(unit, name) for name in files.PROPERTIES),
            geom[row],
            outline[row],
            centre[row],
        )


def outlines(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """The shapes with only the vertices that show at low zoom; they still tile."""
    return np.asarray(shapely.coverage_simplify(shapes, OUTLINE_TOLERANCE_DEG), dtype=object)


def mercator(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Shapes in degrees as shapes in metres of the web map; what lies beyond its edge is cut."""
    bounds = shapely.bounds(shapes)
    beyond = (bounds[:, 1] < -MERCATOR_MAX_LAT) | (bounds[:, 3] > MERCATOR_MAX_LAT)
    cut = shapes.copy()
    cut[beyond] = shapely.clip_by_rect(
        shapes[beyond], -180, -MERCATOR_MAX_LAT, 180, MERCATOR_MAX_LAT
    )
    return np.asarray(shapely.transform(cut, _to_mercator), dtype=object)


def _to_mercator(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    return MERCATOR_RADIUS_M * np.stack([lon, np.arctanh(np.sin(lat))], axis=1)


def _largest_parts(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Of each shape the part with the largest area, so that a centre lies where most of it is."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    order = np.lexsort((shapely.area(parts), owner))
    last = np.searchsorted(owner[order], np.arange(len(shapes)), side="right") - 1
    return np.asarray(parts[order][last], dtype=object)


def _multi(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    return np.asarray(shapely.multipolygons(parts, indices=owner), dtype=object)


def _hex(shapes: NDArray[np.object_], srid: int) -> list[str]:
    marked = shapely.set_srid(shapes, srid)
    return [str(wkb) for wkb in shapely.to_wkb(marked, hex=True, include_srid=True)]


def _replace_edges(session: Session, layer: str, edges: Sequence[files.EdgeRow]) -> None:
    known = set(
        session.scalars(text("SELECT code FROM boundaries WHERE layer = :layer"), {"layer": layer})
    )
    unknown = sorted({code for edge in edges for code in edge[:2]} - known)
    if unknown:
        raise InvalidInput(
            f"The neighbours of {layer} name {', '.join(unknown[:5])}, which is no unit of it:"
            f" correct data/boundaries/neighbours/{layer}.csv"
        )
    session.execute(delete(BoundaryEdge).where(BoundaryEdge.layer == layer))
    rows = {edge[:2]: (*edge, layer) for edge in edges}.values()
    copy_rows(session, "boundary_edges", (*files.EDGE_HEADER, "layer"), rows)
