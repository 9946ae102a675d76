"""Ratings of plans in the words of the page's language, and their drawing."""

import math
from collections.abc import Mapping
from typing import Any, Final

from flask_babel import LazyString, format_decimal, format_percent, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from geocrm.territories.ratings import Axis, Rating

AXES: Final[dict[Axis, LazyString]] = {
    Axis.BALANCE: later("Balance"),
    Axis.COMPACTNESS: later("Compactness"),
    Axis.TRAVEL: later("Travel"),
    Axis.STABILITY: later("Stability"),
    Axis.COVERAGE: later("Coverage"),
}
SCALES: Final[dict[Axis, LazyString]] = {
    Axis.BALANCE: later(
        "100 when all territories hold the same, 0 when one is off the mean by half or more."
    ),
    Axis.COMPACTNESS: later(
        "100 when every territory is a circle, 50 for rectangles three and a half times as long as"
        " wide: the moment of inertia of a circle of the same area over the territory's, mean of"
        " all territories."
    ),
    Axis.TRAVEL: later(
        "100 when customers are as near to the middle of their territory as in circles that hold"
        " equally many of them, 50 when they are twice as far. Straight lines."
    ),
    Axis.STABILITY: later(
        "The share of customers that keep their territory. Territories are matched by what they"
        " share, so another name moves nobody."
    ),
    Axis.COVERAGE: later(
        "The share of customers of the area that lie in a territory with somebody named in it. It"
        " cannot be said while the plan names nobody."
    ),
}


def figure_words(rating: Rating) -> str:
    """The figure behind a rating."""
    return str(_FIGURES[rating.axis](rating.figures))


def _balance(figures: Mapping[str, float]) -> Any:
    return _("largest deviation %(share)s", share=_share(figures["deviation"]))


def _compactness(figures: Mapping[str, float]) -> Any:
    if not figures:
        return _("the area of its units is not known")
    return _("%(share)s of a circle's compactness", share=_share(figures["share"], 0))


def _travel(figures: Mapping[str, float]) -> Any:
    if not figures:
        return _("there is nobody to travel to")
    return _(
        "%(km)s km from the middle, %(best)s in circles",
        km=_number(figures["km"]),
        best=_number(figures["circles_km"]),
    )


def _stability(figures: Mapping[str, float]) -> Any:
    if not figures:
        return _("no plan is live on this ground")
    return _("%(share)s of customers move", share=_share(figures["moved"]))


def _coverage(figures: Mapping[str, float]) -> Any:
    if not figures:
        return _("there is nobody to cover")
    if "share" not in figures:
        return _("nobody is named in this plan yet")
    words = [_("%(share)s of customers", share=_share(figures["share"]))]
    if figures["unstaffed"]:
        count = int(figures["unstaffed"])
        words.append(
            ngettext(
                "%(count)s territory without people", "%(count)s territories without people", count,
                count=format_decimal(count),
            )
        )  # fmt: skip
    return ", ".join(words)


_FIGURES: Final = {
    Axis.BALANCE: _balance,
    Axis.COMPACTNESS: _compactness,
    Axis.TRAVEL: _travel,
    Axis.STABILITY: _stability,
    Axis.COVERAGE: _coverage,
}


def _share(value: float, digits: int = 1) -> str:
    return str(format_percent(value, format="#,##0.0%" if digits else "#,##0%"))


def _number(value: float) -> str:
    return str(format_decimal(value, format="#,##0.0" if value < 10 else "#,##0"))


# ------------------------------------------------------------------------------ drawing

# Of the drawing, in its own units; names of the axes stand outside the circle.
WIDTH, HEIGHT, RADIUS = 350, 222, 84
CENTRE: Final = (WIDTH / 2, 112)
RINGS: Final = (25, 50, 75, 100)


def radar(plans: list[tuple[Rating, ...]]) -> dict[str, Any]:
    """Where a radar's lines, names and shapes go; an axis that cannot be said is left out."""
    known = [
        at for at in range(len(plans[0])) if all(ratings[at].score is not None for ratings in plans)
    ]
    spokes = {at: turn for turn, at in enumerate(known)}
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "centre": CENTRE,
        "rings": [
            _points([_spot(turn, len(known), ring) for turn in spokes.values()]) for ring in RINGS
        ],
        "axes": [
            _spoke(plans[0][at].axis, turn, len(known)) for at, turn in spokes.items()
        ],
        "shapes": [
            {
                "points": _points([
                    _spot(turn, len(known), ratings[at].score or 0.0)
                    for at, turn in spokes.items()
                ]),
                "dots": [
                    _spot(turn, len(known), ratings[at].score or 0.0)
                    for at, turn in spokes.items()
                ],
            }
            for ratings in plans
        ],
    }  # fmt: skip


def _spoke(axis: Axis, turn: int, count: int) -> dict[str, Any]:
    x, y = _spot(turn, count, 100)
    name_x, name_y = _spot(turn, count, 114)
    side = name_x - CENTRE[0]
    anchor = "middle" if abs(side) < 1 else "start" if side > 0 else "end"
    return {
        "x": x, "y": y, "name": AXES[axis], "name_x": name_x, "name_y": round(name_y + 3.5, 1),
        "anchor": anchor,
    }  # fmt: skip


def _spot(turn: int, count: int, score: float) -> tuple[float, float]:
    angle = 2 * math.pi * turn / max(count, 1) - math.pi / 2
    away = RADIUS * score / 100
    return round(CENTRE[0] + away * math.cos(angle), 1), round(
        CENTRE[1] + away * math.sin(angle), 1
    )


def _points(spots: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in spots)
