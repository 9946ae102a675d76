"""The page of what the live plan leaves uncovered."""

from flask import Blueprint, g, render_template

from geocrm.territories import coverage, next_plan, queries
from geocrm.web.access import permit

bp = Blueprint("territory_coverage", __name__, url_prefix="/territories")


@bp.get("/coverage")
@permit("design", "territory")
def show() -> str:
    """White space on a map and in a list; territories, people and accounts that need somebody."""
    found = coverage.coverage(g.session, g.actor) if queries.live_plan(g.session) else None
    units = found.white_space if found else ()
    shapes = next_plan.outlines(g.session, [unit.code for unit in units])
    most = max((unit.missing for unit in units), default=1.0)
    return render_template(
        "territories/coverage.html",
        found=found,
        shapes=[
            {
                "type": "Feature",
                "properties": {"code": unit.code, "name": unit.name, "share": unit.missing / most},
                "geometry": shapes[unit.code],
            }
            for unit in units
            if unit.code in shapes
        ],
    )
