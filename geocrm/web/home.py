"""The front door: where each role starts, the language, and whether the system is well."""

from typing import Any

from flask import Blueprint, g, jsonify, redirect, request, session
from sqlalchemy import text

from geocrm.errors import InvalidInput
from geocrm.security import Role
from geocrm.security import service as people
from geocrm.web.access import public, signed_in
from geocrm.web.language import LOCALES

bp = Blueprint("home", __name__)

START = {
    Role.ADMINISTRATOR: "/map",
    Role.TERRITORY_MANAGER: "/map",
    Role.FIELD_REP: "/visits",
    Role.MARKETER: "/campaigns",
}


@bp.get("/")
@signed_in
def index() -> Any:
    """Take each person to where their day starts."""
    return redirect(START[g.actor.role])


@bp.post("/language")
@public
def language() -> Any:
    """Change the language, for this browser and, when signed in, for the person."""
    locale = request.form.get("locale", "")
    if locale not in LOCALES:
        raise InvalidInput(f"There is no language {locale!r}; there are {', '.join(LOCALES)}")
    session["locale"] = locale
    if "_user_id" in session and g.get("actor") and g.actor.user_id:
        people.set_language(g.session, g.actor.user_id, locale)
    return redirect(_local_path(request.form.get("next", "/")))


@bp.get("/healthz")
@public
def healthz() -> Any:
    """Whether the database answers, and what the workers are doing."""
    alive = g.session.execute(
        text(
            "SELECT count(*) FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - interval '60 s'"
        )
    ).scalar_one()
    waiting = g.session.execute(
        text("SELECT count(*) FROM job_runs WHERE state = 'waiting'")
    ).scalar_one()
    return jsonify(database="ok", workers={"alive": alive, "jobs_waiting": waiting})


def _local_path(target: str) -> str:
    """The target when it is a path on this server, else the front door."""
    # Browsers read a backslash as a slash and drop tabs and line breaks, so "/\t/host" leaves us.
    if (
        target.startswith("/")
        and target[1:2] != "/"
        and "\\" not in target
        and target.isprintable()
    ):
        return target
    return "/"
