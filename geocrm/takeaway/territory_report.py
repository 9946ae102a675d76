"""The territory report: a map of coloured areas, a bar per territory, a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import folium

from geocrm.takeaway.content import Area, Bar, Geometry, Heading, Table
from geocrm.takeaway.page import as_text, box_of, new_map, render


def territory_report(
    heading: Heading,
    areas: Sequence[Area],
    bars: Sequence[Bar],
    table: Table,
    *,
    vendor: Path,
    land: Geometry | None = None,
    ideal: float | None = None,
    tolerance: float = 0.0,
    bars_title: str = "",
) -> str:
    """One HTML file that opens without a network.

    Parameters: `vendor`, the directory of browser assets; `land`, a (multi)polygon drawn below the
    areas; `ideal` and `tolerance` (a share, 0.05 is 5 %), the line and the shaded band of the bars.
    """
    drawn = new_map(land, box_of(area.geometry for area in areas))
    if areas:
        _add_areas(drawn, areas)
    longest = max([bar.value for bar in bars] + [(ideal or 0.0) * (1 + tolerance)], default=0.0)
    content: dict[str, Any] = {
        "bars": bars,
        "bars_title": bars_title,
        "table": table,
        "scale": 100 / (longest * 1.02) if longest else 0.0,
        "ideal": ideal,
        "tolerance": tolerance,
    }
    return render("territory_report.html", heading, drawn, vendor, content)


def _add_areas(drawn: folium.Map, areas: Sequence[Area]) -> None:
    """All areas as one layer, with the figures of each in its popup."""
    features = [_feature(index, area) for index, area in enumerate(areas)]
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=_style,
        highlight_function=lambda _feature: {"weight": 3, "fillOpacity": 0.75},
        tooltip=folium.GeoJsonTooltip(fields=["name"], labels=False, sticky=True),
        popup=folium.GeoJsonPopup(fields=["text"], labels=False, max_width=320),
    ).add_to(drawn)


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    colour = feature["properties"]["colour"]
    return {"fillColor": colour, "color": colour, "weight": 1.25, "fillOpacity": 0.55}


def _feature(index: int, area: Area) -> dict[str, Any]:
    # folium writes these two into the page as markup, so they are made text here.
    figures = "".join(
        f"<br>{as_text(label)}: <b>{as_text(value)}</b>" for label, value in area.figures
    )
    properties = {
        "name": as_text(area.name),
        "text": f"<strong>{as_text(area.name)}</strong>{figures}",
        "colour": area.colour,
    }
    return {
        "type": "Feature",
        "id": str(index),
        "geometry": dict(area.geometry),
        "properties": properties,
    }
