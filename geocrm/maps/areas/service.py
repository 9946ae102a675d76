"""Keeping areas: drawn, or read from a file in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.config import ROOT
from geocrm.db.postgis import WGS84
from geocrm.errors import Forbidden, InvalidInput
from geocrm.maps import shapes
from geocrm.maps.areas import queries
from geocrm.maps.areas.models import Area
from geocrm.security import Actor

_WALL_S: Final = 60
# pyogrio loads geopandas and pandas where they are there: a second and 80 MB that nothing needs.
PROGRAM: Final = (
    "import sys; sys.modules['geopandas'] = sys.modules['pandas'] = sys.modules['pyarrow'] = None;"
    " from geocrm.maps.areas.reading import main; main(*sys.argv[1:4])"
)
ENVIRONMENT: Final = {
    "PYTHONPATH": str(ROOT),
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    # One thread: each of their own would take memory that the file may need.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "GDAL_NUM_THREADS": "1",
    "PROJ_NETWORK": "OFF",
    # Drivers that ask other hosts or open what a file names.
    "GDAL_SKIP": "LIBKML,VRT,HTTP,WMS,WMTS,WCS,OGCAPI,STACIT,STACTA,PLMOSAIC,EEDAI,DAAS,NGW,GTI",
    "OGR_SKIP": "VRT,WFS,OAPIF,GeoRSS,EEDA,Carto,Elasticsearch,CSW,MongoDBv3,PLSCENES,MySQL,ODBC",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing",
    "SHAPE_RESTORE_SHX": "YES",
}
_MAX_NAME: Final = 120
MAX_OWN: Final = 2_000


@dataclass(frozen=True, slots=True)
class Added:
    """The areas that came out of a file, and what there is to know about them."""

    areas: list[Area]
    notes: list[str]
    left_out: list[str]


def add_drawn(session: Session, actor: Actor, name: str, geojson: Any) -> Area:
    """Keep a GeoJSON polygon under a name."""
    area = Area(
        name=_named(name),
        owner_id=_owner(actor),
        geom=from_shape(shapes.area(geojson), srid=WGS84),
    )
    _require_room(session, area.owner_id, 1)
    session.add(area)
    session.flush()
    return area


def add_file(session: Session, actor: Actor, path: Path, name: str) -> Added:
    """Keep each polygon of a file as an area; InvalidInput with the reason when there is none."""
    owner_id = _owner(actor)
    name = _file_name(name)
    found = read_apart(path, name)
    _require_room(session, owner_id, len(found["areas"]))
    areas = [
        Area(
            name=_named(called),
            owner_id=owner_id,
            source=name,
            geom=from_shape(shapely.from_wkb(wkb), srid=WGS84),
        )
        for called, wkb in found["areas"]
    ]
    session.add_all(areas)
    session.flush()
    return Added(areas, found["notes"], found["left_out"])


def read_apart(path: Path, name: str) -> dict[str, Any]:
    """What `reading` finds in the file, in a process with limits."""
    command = [sys.executable, "-c", PROGRAM, str(path), name]
    with TemporaryDirectory(prefix="geocrm-areas-") as folder:
        try:
            done = subprocess.run(
                [*command, folder],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_WALL_S,
                check=False,
                env=ENVIRONMENT,
                cwd=folder,
            )
        except subprocess.TimeoutExpired as error:
            raise InvalidInput(f"{name} takes too long to read: simplify or split it") from error
    if done.returncode != 0:
        raise InvalidInput(
            f"{name} needs more time or memory than a file of areas may, or is damaged: simplify"
            " it, or export it anew"
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    if "refused" in answer:
        raise InvalidInput(answer["refused"])
    return answer


def change(
    session: Session,
    actor: Actor,
    area_id: int,
    *,
    name: str | None = None,
    shared: bool | None = None,
) -> Area:
    """Rename an area, or let everybody use it; only who made it may."""
    area = _own(session, actor, area_id)
    if name is not None:
        area.name = _named(name)
    if shared is not None:
        area.shared = shared
    session.flush()
    return area


def remove(session: Session, actor: Actor, area_id: int) -> None:
    """Delete an area of one's own."""
    session.delete(_own(session, actor, area_id))
    session.flush()


def _own(session: Session, actor: Actor, area_id: int) -> Area:
    area = queries.get(session, actor, area_id)
    if actor.user_id is not None and area.owner_id != actor.user_id:
        raise Forbidden("This area is shared with you; only who made it may change it")
    return area


def _owner(actor: Actor) -> int:
    if actor.user_id is None:
        raise InvalidInput("An area belongs to a person: say whose with --as EMAIL")
    return actor.user_id


def _require_room(session: Session, owner_id: int, more: int) -> None:
    kept = len(session.scalars(select(Area.id).where(Area.owner_id == owner_id)).all())
    if kept + more > MAX_OWN:
        raise InvalidInput(
            f"You keep {kept:,} areas, and {more:,} more would be over {MAX_OWN:,}: delete some"
        )


def _named(name: str) -> str:
    kept = "".join(letter for letter in name if letter.isprintable()).strip()
    if not kept:
        raise InvalidInput("An area needs a name")
    if len(kept) > _MAX_NAME:
        raise InvalidInput(f"The name of an area has at most {_MAX_NAME} characters")
    return kept


def _file_name(name: str) -> str:
    """The name a message calls the file by: no path, nothing unprintable."""
    base = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in base if letter.isprintable()).strip()
    return kept[:100] or "The file"
