"""The route sheet: a day's stops in order, on a map and as a list to print."""

from collections.abc import Sequence
from pathlib import Path

import folium

from geocrm.takeaway.content import Geometry, Heading, SheetWords, Stop
from geocrm.takeaway.page import as_text, box_of, new_map, render


def route_sheet(
    heading: Heading,
    stops: Sequence[Stop],
    *,
    vendor: Path,
    start: Stop | None = None,
    end: Stop | None = None,
    line: Geometry | None = None,
    land: Geometry | None = None,
    note: str = "",
    words: SheetWords | None = None,
) -> str:
    """One HTML file that opens without a network and prints on A4.

    Parameters: `line`, a LineString of the way, else straight lines join the stops; `note`, what
    must be read first, such as that the travel times are estimates.
    """
    places = [place for place in (start, *stops, end) if place is not None]
    way = line or _straight(places)
    shapes: list[Geometry] = [_point(place) for place in places]
    drawn = new_map(land, _roomy(box_of([*shapes, way] if way else shapes)))
    if way:
        folium.GeoJson(
            {"type": "Feature", "geometry": dict(way), "properties": {}},
            style_function=lambda _feature: {"color": "#0b6b66", "weight": 3, "opacity": 0.85},
            interactive=False,
        ).add_to(drawn)
    if start is not None:
        _pin(drawn, start, "A", "pin pin-end")
    if end is not None and not _same_place(start, end):
        _pin(drawn, end, "B", "pin pin-end")
    for number, stop in enumerate(stops, start=1):
        _pin(drawn, stop, str(number), "pin")
    content = {
        "stops": stops,
        "start": start,
        "end": end,
        "note": note,
        "words": words or SheetWords(),
    }
    return render("route_sheet.html", heading, drawn, vendor, content)


def _pin(drawn: folium.Map, place: Stop, label: str, kind: str) -> None:
    """A numbered pin with the customer's name; the label is ours, the name is made text."""
    parts = [part for part in (place.arrive, place.name) if part]
    folium.Marker(
        location=(place.lat, place.lon),
        icon=folium.DivIcon(
            html=f"<span>{label}</span>", class_name=kind, icon_size=(26, 26), icon_anchor=(13, 13)
        ),
        tooltip=folium.Tooltip(as_text(" ".join(parts))),
    ).add_to(drawn)


def _same_place(one: Stop | None, other: Stop) -> bool:
    return one is not None and (one.lon, one.lat) == (other.lon, other.lat)


def _point(place: Stop) -> Geometry:
    return {"type": "Point", "coordinates": [place.lon, place.lat]}


def _straight(places: Sequence[Stop]) -> Geometry | None:
    if len(places) < 2:
        return None
    return {"type": "LineString", "coordinates": [[place.lon, place.lat] for place in places]}


def _roomy(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """At least a kilometre or so around a single place, so that the map shows where it is."""
    west, south, east, north = box
    margin = max(0.0, 0.01 - max(east - west, north - south)) / 2
    return (west - margin, south - margin, east + margin, north + margin)
