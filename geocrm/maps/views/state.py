"""What a view remembers, and whether it makes sense: checked when it is saved.

The keys are those of the page's state. A key left out means the page's own default, so that a
view says no more than its maker meant.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from geocrm.errors import InvalidInput
from geocrm.maps import colouring, shapes
from geocrm.maps.filter_values import shown

MAX_STATE: Final = 262_144  # bytes of JSON; a drawn area of 5,000 corners takes about half
MAX_WORD: Final = 100
MAX_WORDS: Final = 100
MAX_IDS: Final = 1_000

Check = Callable[[Any], bool]


def _word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_WORD and value.isprintable()


def _words(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_WORDS and all(map(_word, value))


def _one_of(*known: str) -> Check:
    return lambda value: isinstance(value, str) and value in known


def _ids(value: Any) -> bool:
    return value is None or (
        isinstance(value, list)
        and len(value) <= MAX_IDS
        and all(type(each) is int and 0 < each < 2**31 for each in value)
    )


def _at(value: Any) -> bool:
    """A position of the map: zoom/lat/lon."""
    try:
        zoom, lat, lon = (float(part) for part in value.split("/"))
    except (AttributeError, ValueError):
        return False
    return 0 <= zoom <= 24 and -90 <= lat <= 90 and -540 <= lon <= 540


def _selection(value: Any) -> bool:
    if value is not None:
        shapes.read(value)
    return True


def _filter(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


CHECKS: Final[Mapping[str, Check]] = {
    "filter": _filter,
    "mode": _one_of("map", "split", "table", "board", "chart"),
    "layer": _one_of("points", "heat", "hexagons", "regions"),
    "colour": _one_of(*colouring.NAMES),
    "size": _one_of("count", "revenue"),
    "measure": _one_of("count", "revenue", "average", "share"),
    "share": _word,
    "regions": _word,
    "classes": _one_of("quantile", "natural", "equal"),
    "focus": _words,
    "borders": _words,
    "sort": _word,
    "columns": _words,
    "group": _word,
    "selection": _selection,
    "ids": _ids,
    "at": _at,
}


def checked(state: Any) -> dict[str, Any]:
    """The state, or InvalidInput saying which part of it cannot be kept."""
    if not isinstance(state, Mapping):
        raise InvalidInput(f"The state of a view is an object, not {shown(state)}")
    unknown = sorted(set(state) - set(CHECKS))
    if unknown:
        raise InvalidInput(
            f"A view remembers no {shown(unknown[0])}; it remembers {', '.join(sorted(CHECKS))}"
        )
    for name, value in state.items():
        if not CHECKS[name](value):
            raise InvalidInput(f"A view cannot have {shown(value)} as its {name}")
    size = len(json.dumps(state).encode())
    if size > MAX_STATE:
        raise InvalidInput(
            f"The view takes {size:,} bytes and may take {MAX_STATE:,}; save its drawn area as an"
            " area of its own, or simplify it"
        )
    return dict(state)
