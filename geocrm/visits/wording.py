"""Why a customer is visited now, or left out and the cheapest way to fit them, in words.

`_` is the translation of the person's language; the command line speaks English.
"""

from collections.abc import Callable, Mapping
from datetime import date
from math import ceil
from typing import Any

from geocrm.spatial import tours
from geocrm.visits.planning import NO_POINT

Say = Callable[[str], str]


def english(text: str) -> str:
    """The text as it is."""
    return text


def why_now(why: Mapping[str, Any], day: Callable[[date], str] = str, _: Say = english) -> str:
    """Why this customer now, such as "Not visited for 74 days, due every 30"."""
    kind = why.get("kind")
    if kind == "never":
        return _("Never visited")
    if kind == "due":
        return _("Not visited for %(days)s days, due every %(every)s") % dict(why)
    if kind == "soon":
        return _("Visited %(days)s days ago, due every %(every)s") % dict(why)
    if kind == "postponed":
        return _("Postponed to %(day)s") % {"day": day(date.fromisoformat(why["to"]))}
    if kind == "nobody":
        return _("Nobody was there on %(day)s") % {"day": day(date.fromisoformat(why["on"]))}
    if kind == "waiting":
        return _("Asked to wait until %(day)s") % {"day": day(date.fromisoformat(why["until"]))}
    if kind == "unwanted":
        return _("Wants no regular visits")
    return _("Visited on the way")


def left_out(reason: str, figures: Mapping[str, Any], _: Say = english) -> str:
    """Why a customer is not visited on the day, and the cheapest way to change that."""
    if reason == NO_POINT:
        return _("No trustworthy place on the map: complete the address or set the pin")
    if reason == tours.WINDOW_CLOSED:
        return _(
            "A visit of %(visit)s min does not fit: between opening and the end of the working"
            " hours are %(room)s min. Shorten the visit or move the window"
        ) % {"visit": minutes(figures["visit_s"]), "room": int(figures["room_s"] // 60)}
    if reason == tours.TOO_FAR:
        if figures["needs_s"] <= figures["has_s"]:
            return _("Cannot be reached before it closes: start earlier or move the window")
        return _(
            "Too far for this day: there, the visit and back take %(needs)s of %(has)s. Start"
            " nearer or end the day there"
        ) % {"needs": span(figures["needs_s"], _), "has": span(figures["has_s"], _)}
    longer = figures.get("longer_s")
    if longer is None:
        return _("Its window fits nowhere between the other visits: move it, or take another day")
    if longer < 1:
        return _("Others come first on this day: tick this customer to prefer them")
    return _("The day is full: %(longer)s min longer and this visit would fit") % {
        "longer": minutes(longer)
    }


def minutes(seconds: float) -> int:
    """Whole minutes, rounded up."""
    return ceil(seconds / 60 - 1e-9)


def span(seconds: float, _: Say = english) -> str:
    """A length of time as 5:20 h."""
    whole = minutes(seconds)
    return _("%(time)s h") % {"time": f"{whole // 60}:{whole % 60:02d}"}
