"""What goes into a document; texts arrive translated and figures formatted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from geocrm.errors import InvalidInput

Geometry = Mapping[str, Any]  # a GeoJSON geometry, WGS84

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


def _check_colour(colour: str) -> None:
    if not _COLOUR.fullmatch(colour):
        raise InvalidInput(f"{colour!r} is not a colour such as #0b6b66")


@dataclass(frozen=True, slots=True)
class Heading:
    """The head and foot of a document; `facts` are short figures beside the title."""

    title: str
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    attribution: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Area:
    """A coloured area of the map and the figures that a click on it shows."""

    name: str
    colour: str
    geometry: Geometry
    figures: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what a map cannot draw."""
        _check_colour(self.colour)
        if self.geometry.get("type") not in {"Polygon", "MultiPolygon"}:
            raise InvalidInput(f"The area {self.name!r} needs a polygon to be drawn")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a comparison: its length is `value`, what is written beside it `text`."""

    label: str
    value: float
    text: str
    colour: str = "#0b6b66"

    def __post_init__(self) -> None:
        """Refuse what has no length."""
        _check_colour(self.colour)
        if not (isfinite(self.value) and self.value >= 0):
            raise InvalidInput(f"The bar {self.label!r} cannot be {self.value} long")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings; `numeric` says which columns stand to the right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numeric: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a ragged table."""
        for row in self.rows:
            if len(row) != len(self.headings):
                raise InvalidInput(
                    f"A row has {len(row)} cells, but there are {len(self.headings)} headings"
                )


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on a route. `lines` are what the rep needs at the door: address, contact, note."""

    name: str
    lon: float
    lat: float
    arrive: str = ""
    depart: str = ""
    lines: tuple[str, ...] = ()
    phone: str = ""

    def __post_init__(self) -> None:
        """Refuse a place that is not on the globe."""
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise InvalidInput(f"({self.lon}, {self.lat}) is not a lon/lat position")


@dataclass(frozen=True, slots=True)
class SheetWords:
    """The words of a route sheet, in the person's language."""

    number: str = "No."
    arrive: str = "Arrive"
    depart: str = "Leave"
    customer: str = "Customer"
    result: str = "Result"
