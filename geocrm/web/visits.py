"""The page of a rep's day, and the sheet to print."""

from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from flask_babel import format_date, gettext

from geocrm import clock
from geocrm.errors import NotFound
from geocrm.security import Role
from geocrm.security.models import User
from geocrm.visits import documents, queries, wishes
from geocrm.web.access import permit
from geocrm.web.api import visits as api
from geocrm.web.language import choose_locale

bp = Blueprint("visits", __name__, url_prefix="/visits")


@bp.get("")
@permit("read", "visit")
def index() -> str:
    """The next stop, the rest of the day and the form to plan it; a manager chooses a rep."""
    reps = [] if g.actor.role is Role.FIELD_REP else list(queries.visible_reps(g.session, g.actor))
    rep = _chosen(reps)
    if rep is None:
        return render_template("visits/nobody.html")
    day = api.day_of(request.args.get("date"), rep)
    found = queries.live_plan(g.session, rep.id, day)
    shown = documents.document(g.session, found, api.words()) if found else None
    plan = api.Plan.model_validate(shown).model_dump(mode="json", by_alias=True) if shown else None
    return render_template(
        "visits/index.html",
        rep=rep,
        reps=reps,
        day=day,
        today=clock.today(rep.timezone),
        setup=_setup(rep, day, plan),
        has_home=rep.home_lon is not None,
    )


@bp.get("/sheet")
@permit("read", "visit")
def sheet() -> Response:
    """The day as one file that prints and opens without a network."""
    rep = api.rep_of(request.args.get("rep", type=int))
    day = api.day_of(request.args.get("date"), rep)
    found = queries.live_plan(g.session, rep.id, day)
    if found is None:
        raise NotFound(gettext("There is no plan for %(day)s yet") % {"day": format_date(day)})
    html = documents.sheet(
        g.session,
        documents.document(g.session, found, api.words()),
        Path(str(current_app.static_folder)) / "vendor",
        title=gettext("Visits on %(day)s") % {"day": format_date(day, "full")},
        language=choose_locale(),
        _=gettext,
    )
    response = Response(html, mimetype="text/html")
    # Its script is inline, which our pages' policy would stop.
    response.headers["Content-Disposition"] = f"attachment; filename=visits-{day}.html"
    return response


def _chosen(reps: list[User]) -> User | None:
    asked = request.args.get("rep", type=int)
    if asked is not None or g.actor.role is Role.FIELD_REP:
        return api.rep_of(asked)
    return reps[0] if reps else None


def _setup(rep: User, day: date, plan: dict[str, Any] | None) -> dict[str, Any]:
    """What the page's module needs to know."""
    return {
        "user": g.actor.user_id,
        "rep": {"id": rep.id, "name": rep.name},
        "home": [rep.home_lon, rep.home_lat] if rep.home_lon is not None else None,
        "day": day.isoformat(),
        "today": clock.today(rep.timezone).isoformat(),
        "timezone": rep.timezone,
        "hours": wishes.DEFAULT_HOURS,
        "mayPlan": g.actor.may("plan", "visit"),
        "mayRecord": g.actor.may("record", "visit"),
        "plan": plan,
    }
