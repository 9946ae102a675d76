"""Pages of people: everybody's own profile, and the administrator's list of who signs in."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, session
from flask_babel import gettext as _

from geocrm.errors import Conflict, InvalidInput
from geocrm.security import Role, queries, service
from geocrm.web.access import permit, signed_in

bp = Blueprint("people", __name__)
TIME_ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")


@bp.get("/profile")
@signed_in
def profile() -> str:
    """Name, home, time zone, password and keys of the person signed in."""
    return _profile_page()


@bp.post("/profile")
@signed_in
def save_profile() -> Any:
    """Change name, time zone and where the day starts."""
    form = request.form
    service.update_profile(
        g.session,
        g.actor,
        name=form.get("name", ""),
        timezone=form.get("timezone", ""),
        home=_home(form.get("home", "")),
    )
    flash(_("Saved"), "good")
    return redirect("/profile")


@bp.post("/profile/password")
@signed_in
def change_password() -> Any:
    """Change the password; every other browser is signed out."""
    form = request.form
    if form.get("new") != form.get("again"):
        raise InvalidInput(_("The two new passwords differ"))
    user = service.change_own_password(g.session, g.actor, form.get("old", ""), form.get("new", ""))
    session["_user_id"] = user.fs_uniquifier  # this browser stays signed in
    session.rotate()  # type: ignore[attr-defined]
    flash(_("The password is changed; other browsers are signed out"), "good")
    return redirect("/profile")


@bp.post("/profile/tokens")
@permit("create", "token")
def create_token() -> str:
    """Make a key and show it once."""
    user = queries.user(g.session, g.actor.user_id)
    key = service.create_token(g.session, g.actor, user, request.form.get("name", "").strip()[:80])
    g.session.flush()
    return _profile_page(new_token=key)


@bp.post("/profile/tokens/<int:token_id>/delete")
@permit("delete", "token")
def delete_token(token_id: int) -> Any:
    """Make a key useless."""
    service.delete_token(g.session, g.actor, token_id)
    flash(_("The key no longer works"), "good")
    return redirect("/profile")


@bp.get("/settings")
@permit("update", "user")
def people() -> str:
    """Who signs in, with which role, and to whom they report."""
    return _people_page()


@bp.post("/settings/people")
@permit("create", "user")
def add() -> Any:
    """Add somebody; their first password is shown once."""
    form = request.form
    password = service.new_password()
    try:
        added = service.add_user(
            g.session,
            g.actor,
            email=form.get("email", ""),
            name=form.get("name", ""),
            role=form.get("role", ""),
            manager_id=_id(form.get("manager")),
            password=password,
        )
    except (InvalidInput, Conflict) as error:
        return _people_page(problem=str(error)), 422
    return _people_page(added=added.email, password=password)


@bp.post("/settings/people/<int:user_id>")
@permit("update", "user")
def update(user_id: int) -> Any:
    """Change role, manager, and whether somebody may sign in."""
    form = request.form
    service.update_user(
        g.session,
        g.actor,
        user_id,
        role=form.get("role", ""),
        manager_id=_id(form.get("manager")),
        active=form.get("active") == "1",
    )
    flash(_("Saved"), "good")
    return redirect("/settings")


@bp.post("/settings/people/<int:user_id>/password")
@permit("update", "user")
def reset_password(user_id: int) -> str:
    """Give somebody a new password, shown once."""
    user = queries.user(g.session, user_id)
    password = service.new_password()
    service.set_password(g.session, g.actor, user, password)
    return _people_page(added=user.email, password=password)


def _profile_page(new_token: str | None = None) -> str:
    user = queries.user(g.session, g.actor.user_id)
    return render_template(
        "people/profile.html",
        user=user,
        tokens=queries.tokens(g.session, user.id),
        new_token=new_token,
        time_zones=[(zone, zone) for zone in sorted({*TIME_ZONES, user.timezone})],
    )


def _people_page(**more: Any) -> str:
    return render_template(
        "people/index.html",
        people=queries.users(g.session),
        roles=[(role.value, words) for role, words in _role_words().items()],
        **more,
    )


def _role_words() -> dict[Role, str]:
    return {
        Role.ADMINISTRATOR: _("Administrator"),
        Role.TERRITORY_MANAGER: _("Territory manager"),
        Role.FIELD_REP: _("Field rep"),
        Role.MARKETER: _("Marketer"),
    }


def _id(value: str | None) -> int | None:
    if not value:
        return None
    if not value.isdecimal() or len(value) > 9:
        raise InvalidInput(f"{value!r} is not the number of a person")
    return int(value)


def _home(text: str) -> tuple[float, float] | None:
    """A home typed as "latitude, longitude", the way phones and maps show it."""
    if not text.strip():
        return None
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInput(
            _("%(text)s is not a place: write latitude, longitude, such as -6.2, 106.8", text=text)
        ) from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise InvalidInput(
            _("%(text)s lies outside the globe: latitude comes first here", text=text)
        )
    return lon, lat
