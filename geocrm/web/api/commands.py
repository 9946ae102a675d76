"""API of what the person may do from anywhere, for the palette."""

from collections.abc import Iterator

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _
from pydantic import BaseModel

from geocrm.web.access import signed_in
from geocrm.web.language import LOCALES, choose_locale

bp = APIBlueprint("api_commands", __name__, url_prefix="/api/v1", tag="Search")


class Command(BaseModel):
    """Something to do: a page to open, or what the browser does itself when there is no url."""

    id: str
    label: str
    icon: str
    url: str | None = None
    # Other words that it is found by.
    words: str = ""


class Commands(BaseModel):
    """Everything the person may do, most used first."""

    items: list[Command]


@bp.get("/commands")
@bp.output(Commands)
@bp.doc(summary="What one may do from anywhere", security="token")
@signed_in
def commands() -> Commands:
    """The commands of this person's role, in their language."""
    return Commands(items=[*_pages(), *_switches()])


def _pages() -> Iterator[Command]:
    pages = (
        ("account", "create", "new-customer", _("New customer"), "user-plus", "/accounts/new"),
        ("visit", "plan", "plan-visits", _("Plan today's visits"), "route", "/visits"),
        ("account", "count", "map", _("Go to the map"), "map-2", "/map"),
        ("account", "read", "customers", _("Go to customers"), "users", "/accounts"),
        ("territory", "read", "territories", _("Go to territories"), "polygon", "/territories"),
        ("audience", "read", "campaigns", _("Go to campaigns"), "speakerphone", "/campaigns"),
        ("account", "read", "pop", _("Who is calling"), "phone-call", "/pop"),
        ("account", "import", "import", _("Import a file"), "file-import", "/imports"),
        ("account", "update", "addresses", _("Look up addresses"), "map-pin-check", "/addresses"),
        ("user", "update", "people", _("People and roles"), "users-group", "/settings"),
        ("setting", "update", "geocoding", _("Geocoding"), "map-pins", "/settings/geocoding"),
    )
    for target, action, name, label, icon, url in pages:
        if g.actor.may(action, target):
            yield Command(id=name, label=label, icon=icon, url=url)
    yield Command(id="profile", label=_("Your profile"), icon="user-circle", url="/profile")


def _switches() -> Iterator[Command]:
    words = _("theme dark light")
    label = _("Switch between light and dark")
    yield Command(id="theme", label=label, icon="sun-moon", words=words)
    here = choose_locale()
    for code, name in LOCALES.items():
        if code != here:
            label = _("Language: %(name)s", name=name)
            yield Command(
                id=f"language:{code}", label=label, icon="language", words="language bahasa"
            )
    yield Command(id="sign-out", label=_("Sign out"), icon="logout")
