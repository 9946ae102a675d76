"""The base map over HTTP: the world, and the streets of region packs, by byte range."""

from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, g, jsonify, request, send_file
from werkzeug.exceptions import NotFound

from geocrm.places.packs import street_maps
from geocrm.web.access import signed_in

bp = Blueprint("basemap", __name__, url_prefix="/basemap")

_HOUR_S: Final = 3_600


@bp.get("/world.pmtiles")
@signed_in
def world() -> Any:
    """The offline base map of the world."""
    path = _var() / "basemap" / "world.pmtiles"
    if not path.exists():
        raise NotFound("The base map has not been built; run: make setup")
    return _by_range(path)


@bp.get("/packs.json")
@signed_in
def packs() -> Any:
    """The street maps there are, with the area and the attribution of each."""
    answer = jsonify([
        {
            "folder": each.folder,
            "url": f"/basemap/packs/{each.folder}.pmtiles?v={each.version}",
            "box": each.box,
            "attribution": each.attribution,
            "data_date": each.data_date and each.data_date.date().isoformat(),
        }
        for each in street_maps.ready(g.session, _packs())
    ])  # fmt: skip
    # Asked for by every page with a map; unchanged, it is not sent again.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    return answer.make_conditional(request)


@bp.get("/packs/<folder>.pmtiles")
@signed_in
def streets(folder: str) -> Any:
    """The street tiles of one region pack."""
    return _by_range(street_maps.file_of(_packs(), folder))


def _by_range(path: Path) -> Response:
    return send_file(path, conditional=True, max_age=_HOUR_S, mimetype="application/octet-stream")


def _packs() -> Path:
    return _var() / "packs"


def _var() -> Path:
    return Path(current_app.config["GEOCRM_SETTINGS"].var)
