"""What the street map draws of an object of OpenStreetMap, by its tags.

Layers and their properties, as the pages' style reads them:

- `land`: `kind` land, sea, sand, paved (squares and piers);
- `green`: `kind` park, wood, grass, cemetery, pitch, wetland;
- `water`: areas and lines; `kind` water, or of a line river, canal, stream, ditch, with `name`;
- `buildings`: no properties;
- `roads`: `kind` motorway, trunk, primary, secondary, tertiary, minor, pedestrian, service, track,
  path, rail, tram, ferry, runway, pier; `rank` (the larger is drawn above), `name`, `ref`, and
  where it holds `link`, `oneway` (1 along the line, -1 against it), `bridge`, `tunnel`, `yard`
  (sidings, drives, crossings);
- `names`: points; `kind` city, town, island, village, suburb, quarter, neighbourhood, hamlet,
  locality, square, water, green; `name`, `rank`, and `name_en` where it differs;
- `numbers`: points of houses; `number`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

# The world's base map holds nothing between its provinces and the street.
MIN_ZOOM: Final = 9
MAX_ZOOM: Final = 15
BUILDINGS_ZOOM: Final = 14
MAX_NAME: Final = 120
MAX_NUMBER: Final = 10


class Tags(Protocol):
    """What this module asks of a list of tags."""

    def get(self, key: str, default: str | None = None, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Look:
    """How something is drawn; `min_zoom` None means as soon as it is large enough to be seen."""

    layer: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    min_zoom: int | None = None


_ROADS: Final = {
    "motorway": ("motorway", 9), "trunk": ("trunk", 9), "primary": ("primary", 10),
    "secondary": ("secondary", 11), "tertiary": ("tertiary", 12), "unclassified": ("minor", 13),
    "residential": ("minor", 13), "living_street": ("minor", 13), "road": ("minor", 13),
    "busway": ("minor", 13), "pedestrian": ("pedestrian", 13), "track": ("track", 13),
    "service": ("service", 14), "footway": ("path", 14), "path": ("path", 14),
    "cycleway": ("path", 14), "bridleway": ("path", 14), "steps": ("path", 14),
}  # fmt: skip
_RAILS: Final = {
    "rail": ("rail", 10), "narrow_gauge": ("rail", 11), "light_rail": ("tram", 12),
    "subway": ("tram", 13), "tram": ("tram", 13), "funicular": ("tram", 13),
    "monorail": ("tram", 13),
}  # fmt: skip
_RUNWAYS: Final = {"runway": 11, "taxiway": 13}
# Drawn from below to above, where they cross at one level.
_RANKS: Final = (
    "pier", "ferry", "runway", "path", "track", "service", "pedestrian", "minor", "tertiary",
    "secondary", "primary", "trunk", "motorway", "tram", "rail",
)  # fmt: skip
_STREAMS: Final = {
    "river": 9, "canal": 11, "stream": 13, "ditch": 14, "drain": 14, "tidal_channel": 13,
}  # fmt: skip
_NO: Final = (None, "no", "false", "0")


def line(tags: Tags) -> Look | None:
    """How a way is drawn as a line."""
    if tags.get("area") == "yes":
        return None
    return _road(tags) or _rail(tags) or _stream(tags) or _others(tags)


def _road(tags: Tags) -> Look | None:
    value = tags.get("highway") or ""
    kind = _ROADS.get(value.removesuffix("_link"))
    if kind is None:
        return None
    name, min_zoom = kind
    yard = tags.get("footway") in ("sidewalk", "crossing") or tags.get("service") in (
        "parking_aisle", "driveway", "drive-through",
    )  # fmt: skip
    more: dict[str, Any] = {"link": True} if value.endswith("_link") else {}
    if name in ("motorway", "trunk", "primary"):
        more["ref"] = _words(tags.get("ref"))
    if tags.get("oneway") in ("yes", "1", "true", "-1") and name not in ("path", "pedestrian"):
        more["oneway"] = -1 if tags.get("oneway") == "-1" else 1
    # A ramp tells nobody anything before the roads it joins can be told apart.
    zoom = max(min_zoom, 11) if more.get("link") else MAX_ZOOM if yard else min_zoom
    return _way(tags, name, zoom, yard=yard, **more)


def _rail(tags: Tags) -> Look | None:
    kind = _RAILS.get(tags.get("railway") or "")
    if kind is None:
        return None
    name, min_zoom = kind
    yard = tags.get("service") is not None
    return _way(tags, name, max(min_zoom, 13) if yard else min_zoom, yard=yard)


def _others(tags: Tags) -> Look | None:
    if tags.get("route") == "ferry":
        return _way(tags, "ferry", 10)
    if tags.get("man_made") == "pier":
        return _way(tags, "pier", 14)
    min_zoom = _RUNWAYS.get(tags.get("aeroway") or "")
    return None if min_zoom is None else _way(tags, "runway", min_zoom)


def _way(tags: Tags, kind: str, min_zoom: int, *, yard: bool = False, **more: Any) -> Look:
    properties = {
        "kind": kind,
        "rank": _RANKS.index(kind),
        "name": _words(tags.get("name")),
        "bridge": tags.get("bridge") not in _NO or None,
        "tunnel": tags.get("tunnel") not in _NO or tags.get("covered") == "yes" or None,
        "yard": yard or None,
        **more,
    }
    return Look("roads", _kept(properties), min_zoom)


def _stream(tags: Tags) -> Look | None:
    value = tags.get("waterway") or ""
    min_zoom = _STREAMS.get(value)
    if min_zoom is None or tags.get("tunnel") not in _NO:
        return None
    kind = {"drain": "ditch", "tidal_channel": "stream"}.get(value, value)
    return Look("water", _kept({"kind": kind, "name": _words(tags.get("name"))}), min_zoom)


# Key and value of an area to its layer and kind; the first key that fits counts.
_AREAS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "natural": {
        "water": ("water", "water"), "wood": ("green", "wood"), "scrub": ("green", "grass"),
        "heath": ("green", "grass"), "grassland": ("green", "grass"),
        "wetland": ("green", "wetland"), "beach": ("land", "sand"), "sand": ("land", "sand"),
    },
    "waterway": {"riverbank": ("water", "water"), "dock": ("water", "water")},
    "landuse": {
        "reservoir": ("water", "water"), "basin": ("water", "water"), "forest": ("green", "wood"),
        "grass": ("green", "grass"), "meadow": ("green", "grass"),
        "village_green": ("green", "park"), "recreation_ground": ("green", "park"),
        "allotments": ("green", "park"), "orchard": ("green", "grass"),
        "vineyard": ("green", "grass"), "plant_nursery": ("green", "grass"),
        "flowerbed": ("green", "grass"), "cemetery": ("green", "cemetery"),
    },
    "leisure": {
        "park": ("green", "park"), "garden": ("green", "park"), "golf_course": ("green", "park"),
        "dog_park": ("green", "park"), "playground": ("green", "park"),
        "pitch": ("green", "pitch"), "track": ("green", "pitch"),
        "swimming_pool": ("water", "water"),
    },
    "amenity": {"grave_yard": ("green", "cemetery")},
    "man_made": {"pier": ("land", "paved")},
    "highway": {"pedestrian": ("land", "paved"), "footway": ("land", "paved")},
    "place": {"square": ("land", "paved")},
}  # fmt: skip


def area(tags: Tags) -> Look | None:
    """How an area is drawn."""
    if tags.get("building") not in _NO:
        return Look("buildings", {}, BUILDINGS_ZOOM)
    for key, values in _AREAS.items():
        found = values.get(tags.get(key) or "")
        # A square of paths is a ring of lines, unless it says that it is an area.
        if found and (key != "highway" or tags.get("area") == "yes"):
            layer, kind = found
            return Look(layer, {"kind": kind}, 13 if kind == "paved" else None)
    return None


# Places from the widest to the narrowest, with the zoom from which each is named.
_PLACES: Final = {
    "city": 11, "town": 11, "island": 11, "village": 11, "suburb": 12, "quarter": 13,
    "hamlet": 13, "neighbourhood": 14, "islet": 14, "isolated_dwelling": 14, "locality": 14,
    "square": 15,
}  # fmt: skip
_PLACE_RANKS: Final = {kind: rank for rank, kind in enumerate(_PLACES)}
_NAMED_AREAS: Final = {"water": "water", "park": "green", "wood": "green", "cemetery": "green"}
_AREA_RANK: Final = len(_PLACES)
_FLOWING: Final = ("river", "stream", "canal", "ditch")


def name(tags: Tags, look: Look | None = None) -> Look | None:
    """How a place is named; `look` is how its area is drawn, if it has one."""
    words, place = _words(tags.get("name")), tags.get("place") or ""
    if words is None:
        return None
    if place in _PLACES:
        kind = {"islet": "island", "isolated_dwelling": "hamlet"}.get(place, place)
        english = _words(tags.get("name:en"))
        properties = {
            "kind": kind,
            "name": words,
            "name_en": english if english != words else None,
            "rank": _PLACE_RANKS[place],
        }
        return Look("names", _kept(properties), _PLACES[place])
    area_kind = _NAMED_AREAS.get(look.properties.get("kind", "") if look else "")
    # The line along the middle of a river carries its name.
    if area_kind is None or tags.get("water") in _FLOWING or tags.get("waterway") == "riverbank":
        return None
    return Look("names", {"kind": area_kind, "name": words, "rank": _AREA_RANK})


def number(tags: Tags) -> Look | None:
    """How a house is numbered."""
    words = tags.get("addr:housenumber")
    fits = words is not None and len(words) <= MAX_NUMBER
    return Look("numbers", {"number": words}, MAX_ZOOM) if fits else None


def _words(value: str | None) -> str | None:
    return value[:MAX_NAME] if value else None


def _kept(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if value is not None}
