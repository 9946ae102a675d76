"""What pages say of providers: their states, their warnings, and what is noted of an answer."""

from datetime import timedelta
from typing import Final

from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from geocrm.geocoding import Note
from geocrm.geocoding.providers.pace import Why
from geocrm.geocoding.providers.standing import State

# The words of each state, and the kind of its tag.
STATES: Final[dict[State, tuple[LazyString, str]]] = {
    State.READY: (later("Ready"), "good"),
    State.OFF: (later("Off"), ""),
    State.NO_KEY: (later("Key missing"), "bad"),
    State.STOPPED: (later("Stopped"), "bad"),
    State.BROKEN: (later("Does not answer"), "warn"),
    State.PROBING: (later("Is tried again"), "warn"),
    State.CAPPED: (later("Monthly cap reached"), "warn"),
    State.LIMITED: (later("Asks to slow down"), "warn"),
}
_HELD: Final[dict[str, LazyString]] = {
    Why.PACED: later("It is busy with other addresses: try again in a moment"),
    Why.LIMITED: later("It asks us to slow down: try again later"),
    Why.BROKEN: later("It does not answer just now"),
    Why.CAPPED: later("Its monthly cap is reached"),
    Why.STOPPED: later("It was stopped: look at its settings"),
    Why.OFF: later("It is switched off"),
}
_WARNINGS: Final[dict[str, LazyString]] = {
    "nominatim": later(
        "The public server is not for bulk work: use your own for more than some hundreds."
    ),
    "photon": later(
        "The public server is not for bulk work: use your own for more than some hundreds."
    ),
    "google": later("Google's terms do not allow its points on a map that is not Google's."),
    "mapbox": later(
        "Without the permanent endpoint, Mapbox does not allow its points on other maps."
    ),
    "bing": later("Microsoft ends Bing Maps in June 2028."),
}


def warning(kind_code: str) -> str:
    """What an administrator should know of a kind before using it."""
    return str(_WARNINGS.get(kind_code, ""))


def held(trouble: str) -> str:
    """Why a provider was not asked; a provider's own words stay as they are."""
    return str(_HELD.get(trouble, trouble))


def kept(how_long: timedelta | None) -> str:
    """How long points may be kept."""
    if how_long is None:
        return str(_("for ever"))
    if not how_long:
        return str(_("not at all"))
    days = how_long.days
    return str(ngettext("%(count)s day", "%(count)s days", days, count=days))


def note(said: Note) -> str:
    """What should be known of an answer."""
    given = said.given
    words = {
        "contradiction": _("“%(given)s” lies elsewhere", given=given),
        "no_number": _("The street has no house %(given)s that is known", given=given),
        "no_locality": _("The address does not say where “%(given)s” is", given=given),
    }
    return str(words.get(said.code, f"{said.code}: {given}"))
