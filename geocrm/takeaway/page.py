"""From a folium map and some content to one HTML text without any outside address."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final, cast

import folium
from branca.element import Figure
from jinja2 import Environment, PackageLoader, StrictUndefined

from geocrm.errors import ServiceUnavailable
from geocrm.takeaway.content import Geometry, Heading

Box = tuple[float, float, float, float]  # west, south, east, north

_LAND_STYLE: Final = {"fillColor": "#f4f2ec", "fillOpacity": 1, "color": "#b4bdb9", "weight": 0.7}
# Characters with a meaning in what folium makes of a text: a template, then a JavaScript literal.
_LITERAL: Final = str.maketrans({sign: f"&#{ord(sign)};" for sign in "`$\\{}"})
# folium draws each marker with Leaflet's own pin before it sets ours; that pin is a picture.
_NO_PICTURES: Final = (
    "L.Icon.Default.prototype.createIcon=function(){return document.createElement('span')};"
    "L.Icon.Default.prototype.createShadow=function(){return null};"
)
_RELATIVE_IMAGE: Final = re.compile(r"url\((?!data:)[^)]*\)")
_SCRIPT_END: Final = re.compile(r"</(script)", re.IGNORECASE)

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("geocrm.takeaway"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class LocalMap(folium.Map):
    """A folium map that asks nobody for scripts or styles: the page carries them."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own way to say it
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


def as_text(value: str) -> str:
    """The value so that folium's templates, its script and HTML show it as it is."""
    return escape(value, quote=True).translate(_LITERAL)


def new_map(land: Geometry | None, box: Box) -> folium.Map:
    """A map of the box, on the outline of the land when there is one."""
    drawn = LocalMap(
        tiles=None,
        max_zoom=18,
        zoom_control=True,
        attribution_control=False,
        zoom_snap=0.25,
        prefer_canvas=False,
    )
    if land is not None:
        # Land that is drawn as one quiet shape, below everything and deaf to the pointer.
        folium.GeoJson(
            {"type": "Feature", "geometry": dict(land), "properties": {}},
            style_function=lambda _feature: dict(_LAND_STYLE),
            interactive=False,
            name="land",
        ).add_to(drawn)
    west, south, east, north = box
    drawn.fit_bounds([[south, west], [north, east]], padding=(16, 16))
    return drawn


def box_of(geometries: Iterable[Geometry]) -> Box:
    """The smallest box around all geometries; the world when there is none."""
    points = [point for geometry in geometries for point in _points(geometry["coordinates"])]
    if not points:
        return (-180.0, -60.0, 180.0, 75.0)
    longitudes, latitudes = zip(*points, strict=True)
    return (min(longitudes), min(latitudes), max(longitudes), max(latitudes))


def render(
    template: str, heading: Heading, drawn: folium.Map, vendor: Path, content: Mapping[str, Any]
) -> str:
    """The whole document; `vendor` is where the browser assets were copied to at set-up."""
    figure = cast("Figure", drawn.get_root())
    figure.render()
    script, style = _leaflet(vendor)
    return _ENVIRONMENT.get_template(template).render(
        heading=heading,
        leaflet_js=script,
        leaflet_css=style,
        map_head=figure.header.render(),
        map_body=figure.html.render(),
        map_script=figure.script.render(),
        **content,
    )


@cache
def _leaflet(vendor: Path) -> tuple[str, str]:
    """Leaflet's script and style, safe to stand inside <script> and <style>."""
    try:
        script = (vendor / "leaflet" / "leaflet.js").read_text(encoding="utf-8")
        style = (vendor / "leaflet" / "leaflet.css").read_text(encoding="utf-8")
    except OSError as error:
        raise ServiceUnavailable(
            f"Documents need Leaflet, which is not in {vendor}; run: make setup"
        ) from error
    # Our maps use none of its pictures (default pin, layer switch), so none is asked for.
    quiet = _SCRIPT_END.sub(r"<\\/\1", script) + "\n;" + _NO_PICTURES
    return quiet, _RELATIVE_IMAGE.sub("none", style)


def _points(coordinates: Any) -> Iterable[tuple[float, float]]:
    """Positions at any depth of a GeoJSON coordinate array."""
    if coordinates and isinstance(coordinates[0], int | float):
        yield (float(coordinates[0]), float(coordinates[1]))
        return
    for part in coordinates:
        yield from _points(part)
