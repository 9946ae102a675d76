"""The page that shows how good the points of customers are, and where they contradict."""

from typing import Any

from flask import Blueprint, g, render_template

from geocrm.customers import queries
from geocrm.places import queries as places
from geocrm.web.access import permit
from geocrm.web.words import layer_name

bp = Blueprint("address_quality", __name__, url_prefix="/addresses/quality")


@bp.get("")
@permit("read", "account")
def show() -> str:
    """Shares by grade and region; the page fetches the figures."""
    return render_template(
        "addresses/quality.html",
        placed=queries.without_point(g.session),
        layers=_layers(),
    )


def _layers() -> list[dict[str, Any]]:
    """The divisions to choose from; countries say too little about where points are weak."""
    return [
        {"code": layer.code, "name": layer_name(layer.code, layer.name)}
        for layer in places.layers(g.session)
        if layer.units and layer.level > 0
    ]
