"""API of what the live plan leaves uncovered, and of the nearest reps of an account."""

from apiflask import APIBlueprint
from flask import Response, g
from flask_babel import gettext as _
from pydantic import BaseModel

from geocrm.takeaway.csv_safe import csv_lines
from geocrm.territories import coverage
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_coverage", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class Unit(BaseModel):
    """A unit with fewer customers than comparable ones."""

    code: str
    name: str
    territory: str
    population: int
    accounts: int
    expected: float
    revenue: float
    potential: float


class Doubled(BaseModel):
    """Somebody who works in several territories today."""

    name: str
    territories: list[str]


class Stray(BaseModel):
    """An account in no territory, with the rep who lives nearest."""

    id: int
    name: str
    rep: str | None
    distance_m: float | None


class Uncovered(BaseModel):
    """What is not covered; `strays` are the first by revenue."""

    white_space: list[Unit]
    unstaffed: list[str]
    doubled: list[Doubled]
    strays: list[Stray]
    num_strays: int


class Rep(BaseModel):
    """A rep and how far their home is."""

    id: int
    name: str
    distance_m: float


class Reps(BaseModel):
    """The nearest first."""

    items: list[Rep]


@bp.get("/coverage")
@bp.output(Uncovered)
@bp.doc(summary="White space, territories and accounts that nobody has", security="token")
@permit("design", "territory")
def show() -> Uncovered:
    """What the live plan leaves uncovered."""
    return Uncovered.model_validate(coverage.coverage(g.session, g.actor), from_attributes=True)


@bp.get("/coverage.csv")
@bp.doc(summary="White space as a table", security="token")
@permit("export", "territory")
def table() -> Response:
    """A row for each unit with fewer customers than comparable ones."""
    found = coverage.coverage(g.session, g.actor).white_space
    header = (
        *(_("Code"), _("Unit"), _("Territory"), _("Population"), _("Customers")),
        *(_("Expected customers"), _("Revenue"), _("Potential revenue")),
    )
    rows = [(*one[:5], round(one.expected, 1), round(one.revenue), round(one.potential))
            for one in found]  # fmt: skip
    answer = Response("".join(csv_lines(header, rows)), content_type="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename="coverage.csv")
    return answer


@bp.get("/nearest-reps/<int:account_id>")
@bp.output(Reps)
@bp.doc(summary="Reps whose homes are nearest to an account", security="token")
@permit("design", "territory")
def nearest(account_id: int) -> Reps:
    """Of the reps the asker leads, great-circle."""
    found = coverage.nearest_reps(g.session, g.actor, account_id)
    return Reps(items=[Rep(**one._asdict()) for one in found])
