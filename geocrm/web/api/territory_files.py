"""API of territory plans as files to take away."""

from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, current_app, g
from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from geocrm.territories import exporting, queries
from geocrm.territories.report_style import Style
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_files", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class Which(BaseModel):
    """The number of the one territory that is wanted; all without."""

    territory: int | None = Field(None, ge=0, lt=2**31)


@bp.get("/plans/<int:plan_id>/export.<kind>")
@bp.input(Which, location="query", arg_name="which")
@bp.doc(
    summary="The plan, or one territory, as geojson, kml, gpkg, shp (zip), csv, bef, scenario, pdf,"
    " or html that opens without network",
    security="token",
)
@permit("export", "territory")
def export(plan_id: int, kind: str, which: Which) -> Response:
    """A file to take away."""
    number = which.territory
    content = exporting.render(g.session, g.actor, plan_id, kind, _style(), number)
    answer = Response(content, content_type=exporting.MEDIA_TYPES[kind])
    plan = queries.plan(g.session, g.actor, plan_id)
    name = exporting.file_name(plan.name, kind, number)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _style() -> Style:
    return Style(
        vendor=Path(str(current_app.static_folder)) / "vendor",
        language=str(get_locale()).replace("_", "-"),
        number=lambda value: str(format_decimal(round(value))),
        share=lambda value: str(format_percent(value, "+0.0 %;-0.0 %")),
        territory=_("Territory"),
        responsible=_("Responsible"),
        units=_("Units"),
        code=_("Code"),
        load=_("Load"),
        deviation=_("Off the mean"),
        accounts=_("Customers"),
        revenue=_("Revenue"),
        population=_("Population"),
        orders=_("Orders in a year"),
        workload=_("Workload (hours a year)"),
        shared=_("Shared out evenly"),
        in_scale=_("{mixture}, in the scale of {measure}"),
        largest_deviation=_("Largest deviation"),
        tolerance=_("Tolerance"),
        not_counted=_("Customers without a trustworthy point, not counted"),
    )
