"""The map page."""

from typing import Any

from flask import Blueprint, g, render_template, request
from flask_babel import gettext as _

from geocrm.customers import queries as accounts
from geocrm.customers.models import SEGMENTS
from geocrm.maps import queries as customers
from geocrm.maps import service
from geocrm.maps.views import following
from geocrm.maps.views import queries as views
from geocrm.places import queries as places
from geocrm.security import Role
from geocrm.territories import queries as territories
from geocrm.web.access import permit
from geocrm.web.words import layer_name

bp = Blueprint("map", __name__)

_MODES = ("map", "split", "table", "board", "chart")
_MODES_OF_COUNTS = ("map", "chart")


@bp.get("/map")
@permit("count", "account")
def show() -> str:
    """The map of customers; for those who only count, of how many there are."""
    return workspace("split")


def workspace(mode: str) -> str:
    """The page of customers, in this mode unless its address names another."""
    individuals = service.sees_individuals(g.actor)
    usual = mode if individuals else "map"
    wanted = request.args.get("mode", usual)
    return render_template(
        "map/map.html",
        individuals=individuals,
        usual=usual,
        # Known before the scripts run, so that the page does not change its parts under them.
        mode=wanted if wanted in (_MODES if individuals else _MODES_OF_COUNTS) else usual,
        page={
            "individuals": individuals,
            "segments": SEGMENTS,
            "territories": _territories(),
            "layers": _layers(),
            "box": _home(),
            "may": {
                "update": g.actor.may("update", "account"),
                "create": g.actor.may("create", "account"),
            },
            "owners": _owners(),
            "view": _first_view(),
            "roles": _roles(),
        },
    )


def _owners() -> list[dict[str, Any]]:
    """Those the person may hand a customer to."""
    if not g.actor.may("update", "account"):
        return []
    among = None if g.actor.sees_all else g.actor.owner_ids
    found = accounts.assignable_owners(g.session, among)
    return [{"id": each.id, "name": each.name} for each in found]


def _home() -> list[float] | None:
    """Where the map opens: around the customers of somebody who sees a part of them."""
    if g.actor.sees_all or not service.sees_individuals(g.actor):
        return None
    box = customers.extent(g.session)
    return None if box is None else [box.west, box.south, box.east, box.north]


def _first_view() -> dict[str, Any] | None:
    """What the person's role begins with, for an address that asks for nothing else."""
    view = None if request.args else views.default_of(g.session, g.actor)
    if view is None:
        return None
    return {"id": view.id, "state": following.states(g.session, [view])[0]}


def _roles() -> dict[str, str]:
    """For whom the person may choose what they begin with."""
    if not g.actor.may("default", "view"):
        return {}
    words = {
        Role.TERRITORY_MANAGER: _("Territory managers"),
        Role.FIELD_REP: _("Field reps"),
        Role.MARKETER: _("Marketers"),
    }
    if g.actor.sees_all:
        words[Role.ADMINISTRATOR] = _("Administrators")
    return {role.value: name for role, name in words.items()}


def _territories() -> list[dict[str, Any]]:
    if not g.actor.may("read", "territory"):
        return []
    live = territories.live_territories(g.session)
    return [{"id": each.id, "name": each.name, "colour": each.colour} for each in live]


def _layers() -> list[dict[str, Any]]:
    return [
        {
            "code": layer.code,
            "name": layer_name(layer.code, layer.name),
            "level": layer.level,
            "by": layer.attribution,
        }
        for layer in places.layers(g.session)
        if layer.units
    ]
