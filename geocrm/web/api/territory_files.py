"""API of territory plans as files to take away."""

from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, current_app, g
from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _

from geocrm.territories import exporting
from geocrm.territories.exporting import Style
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_files", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


@bp.get("/plans/<int:plan_id>/export.<kind>")
@bp.doc(summary="The plan as geojson, csv, or html that opens without network", security="token")
@permit("export", "territory")
def export(plan_id: int, kind: str) -> Response:
    """A file to take away."""
    content = exporting.render(g.session, g.actor, plan_id, kind, _style())
    answer = Response(content, content_type=exporting.MEDIA_TYPES[kind])
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"territories-{plan_id}.{kind}"
    )
    return answer


def _style() -> Style:
    return Style(
        vendor=Path(str(current_app.static_folder)) / "vendor",
        language=str(get_locale()),
        number=lambda value: str(format_decimal(round(value))),
        share=lambda value: str(format_percent(value, "+0.0 %;-0.0 %")),
        territory=_("Territory"),
        responsible=_("Responsible"),
        units=_("Units"),
        load=_("Load"),
        deviation=_("Off the mean"),
        accounts=_("Customers"),
        revenue=_("Revenue"),
        population=_("Population"),
        largest_deviation=_("Largest deviation"),
        tolerance=_("Tolerance"),
        not_counted=_("Customers without a trustworthy point, not counted"),
    )
