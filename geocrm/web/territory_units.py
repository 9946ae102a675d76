"""The page on which units are made: hexagons, cells of customers, units split."""

from flask import Blueprint, g, render_template

from geocrm.places import queries as places
from geocrm.territories import figures, made_levels
from geocrm.web.access import permit

bp = Blueprint("territory_units", __name__, url_prefix="/territories")


@bp.get("/units")
@permit("design", "territory")
def units() -> str:
    """The form, the map for what it makes, and the units there are."""
    return render_template(
        "territories/units.html",
        levels=made_levels.levels(g.session, g.actor),
        layers=[layer for layer in places.layers(g.session) if layer.level > 0 and layer.units],
        unplaced=figures.unplaced(g.session).accounts,
    )
