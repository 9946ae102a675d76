"""The page of regional campaigns: regions, people, who may be reached, and the saved lists."""

from flask import Blueprint, g, render_template

from geocrm.campaigns import queries
from geocrm.campaigns.queries import count_shown_to
from geocrm.customers.models import SEGMENTS
from geocrm.places import queries as places
from geocrm.territories import queries as territories
from geocrm.web.access import permit

bp = Blueprint("campaigns", __name__, url_prefix="/campaigns")


@bp.get("")
@permit("read", "audience")
def index() -> str:
    """The map of regions, the choice of people, and the saved audiences."""
    return render_template(
        "campaigns/index.html",
        layers=places.layers(g.session),
        territories=territories.live_territories(g.session),
        segments=SEGMENTS,
        audiences=[
            (one, count_shown_to(g.actor, one.reachable))
            for one in queries.audiences(g.session, g.actor)
        ],
    )
