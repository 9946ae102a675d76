"""The street map of a region pack: what an extract becomes, at which zoom, and what it refuses."""

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
from pmtiles.reader import MmapSource, Reader

from geocrm.errors import InvalidInput
from geocrm.places.packs import drawing
from geocrm.places.packs.tiles import build_tiles
from geocrm.spatial.morton import lattice
from tests.places.ground_plan import Extract, Place

HERE: Place = (106.8, -6.2)


Built = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def built(tmp_path: Path) -> Iterator[Callable[[Extract], Built]]:
    """Builds the tiles of an extract; then gives the features of a layer at a zoom and place."""
    opened = []

    def build(extract: Extract) -> Built:
        target = tmp_path / "packs" / "town" / "streets.pmtiles"
        build_tiles(extract.write(tmp_path), target)
        assert os.listdir(target.parent) == ["streets.pmtiles"]
        file = target.open("rb")
        opened.append(file)
        reader = Reader(MmapSource(file))

        def features(layer: str, zoom: int = 15, at: Place = extract.at) -> list[dict[str, Any]]:
            x, y = lattice(at[0], at[1], zoom)
            packed = reader.get(zoom, int(x), int(y))
            tile = mapbox_vector_tile.decode(gzip.decompress(packed)) if packed else {}
            found: list[dict[str, Any]] = tile.get(layer, {}).get("features", [])
            return found

        features.metadata = reader.metadata()  # type: ignore[attr-defined]
        return features

    yield build
    for file in opened:
        file.close()


def kinds(features: list[dict[str, Any]]) -> set[str]:
    return {feature["properties"]["kind"] for feature in features}


def test_each_road_shows_from_the_zoom_of_its_class_on(built):
    extract = Extract()
    for row, highway in enumerate(("motorway", "primary", "residential", "footway")):
        extract.way((0, row * 20), (300, row * 20), highway=highway)
    features = built(extract)
    shown = {zoom: kinds(features("roads", zoom)) for zoom in range(9, 16)}
    assert shown[9] == {"motorway"}
    assert shown[10] == shown[12] == {"motorway", "primary"}
    assert shown[13] == {"motorway", "primary", "minor"}
    assert shown[14] == shown[15] == {"motorway", "primary", "minor", "path"}


def test_a_road_says_what_the_style_asks(built):
    extract = Extract()
    extract.way(
        (0, 0), (300, 0), highway="primary", name="Jalan Café", ref="1", oneway="-1", bridge="yes"
    )
    extract.way((0, 40), (300, 40), highway="motorway_link", tunnel="yes")
    extract.way((0, 80), (300, 80), railway="rail", service="yard")
    drawn = {f["properties"]["kind"]: f["properties"] for f in built(extract)("roads")}
    road, ramp, siding = drawn["primary"], drawn["motorway"], drawn["rail"]
    assert (road["name"], road["ref"], road["oneway"], road["bridge"]) == (
        "Jalan Café", "1", -1, True,
    )  # fmt: skip
    assert (ramp["link"], ramp["tunnel"], siding["yard"]) == (True, True, True)
    assert siding["rank"] > ramp["rank"] > road["rank"]


def test_areas_show_from_the_zoom_at_which_they_are_seen_on(built):
    extract = Extract()
    extract.ring(0, 0, 900, natural="wood")
    extract.ring(0, 0, 40, leisure="park")
    extract.ring(100, 0, 40, building="yes")
    extract.ring(200, 0, 40, building="no")
    features = built(extract)
    assert kinds(features("green", 10)) == {"wood"}
    assert kinds(features("green", 15)) == {"wood", "park"}
    assert not features("buildings", 13)
    assert len(features("buildings", 14)) == 1


def test_a_lake_keeps_its_island(built):
    extract = Extract()
    lake, island = extract.ring(0, 0, 400), extract.ring(150, 150, 100)
    extract.relation(lake, island, natural="water", name="Danau Kecil")
    features = built(extract)
    (water,) = features("water")
    assert len(water["geometry"]["coordinates"]) == 2
    (label,) = features("names")
    assert label["properties"]["name"] == "Danau Kecil"
    assert label["geometry"]["type"] == "Point"


def test_places_are_named_and_shops_are_not(built):
    extract = Extract()
    extract.node(0, 0, place="suburb", name="Menteng")
    extract.node(20, 0, place="city", name="Jakarta", **{"name:en": "Djakarta"})
    extract.node(50, 0, shop="bakery", name="Roti Enak")
    names = [feature["properties"] for feature in built(extract)("names")]
    assert {each["name"] for each in names} == {"Menteng", "Jakarta"}
    assert [each.get("name_en") for each in names if each["kind"] == "city"] == ["Djakarta"]


def test_houses_are_numbered(built):
    extract = Extract()
    extract.node(0, 0, **{"addr:housenumber": "12A"})
    extract.ring(50, 0, 20, building="yes", **{"addr:housenumber": "14"})
    numbers = [feature["properties"]["number"] for feature in built(extract)("numbers")]
    assert sorted(numbers) == ["12A", "14"]


def test_the_sea_lies_right_of_the_coast_and_land_left(built):
    extract = Extract()
    # Northwards along the coast of a land in the west, cut by the extract at both ends.
    extract.way(*((0, north) for north in range(-6000, 6001, 500)), natural="coastline")
    extract.way((-300, 0), (-100, 0), highway="residential")
    extract.way((0, 100), (4000, 100), route="ferry")
    features = built(extract)
    assert kinds(features("land", 12)) == {"land", "sea"}
    assert kinds(features("land", 15, (HERE[0] + 0.03, HERE[1]))) == {"sea"}
    assert "land" in kinds(features("land", 15, (HERE[0] - 0.01, HERE[1])))


def test_without_a_coast_the_ground_is_left_to_the_map_of_the_world(built):
    extract = Extract()
    extract.way((0, 0), (300, 0), highway="residential")
    assert built(extract)("land") == []


def test_what_crosses_the_antimeridian_is_cut_there(built):
    extract = Extract(at=(179.999, -17.0))
    extract.way_of(
        [
            extract.node(0, 0),
            # The next place lies beyond the line, on the other side of the numbers.
            extract.node(-359.998 * 111_320.0, 0),
        ],
        highway="primary",
    )
    features = built(extract)
    assert features("roads", 12)
    assert features("roads", 12, (-179.999, -17.0))
    assert not features("roads", 12, (0.0, -17.0))


def test_a_way_whose_nodes_are_partly_elsewhere_is_drawn_as_far_as_it_is_known(built):
    extract = Extract()
    known = [extract.node(0, 0), extract.node(100, 0)]
    more = [extract.node(400, 0), extract.node(500, 0)]
    extract.way_of([*known, 999, *more], highway="primary")
    extract.ring(0, 50, 40, building="yes")
    extract.way_of([known[0], 998, 999, known[0]], building="yes")
    features = built(extract)
    assert len(features("roads")) == 2
    assert len(features("buildings")) == 1


def test_the_map_says_whose_data_it_is(built):
    extract = Extract()
    extract.way((0, 0), (300, 0), highway="primary")
    assert built(extract).metadata["attribution"] == "© OpenStreetMap contributors"


def test_a_large_extract_leaves_the_positions_of_its_nodes_on_disk(built, monkeypatch):
    monkeypatch.setattr("geocrm.places.packs.tiles._NODES_IN_MEMORY_BYTES", 0)
    extract = Extract()
    extract.way((0, 0), (300, 0), highway="primary")
    assert kinds(built(extract)("roads")) == {"primary"}


@pytest.mark.parametrize("kept", [0, 100, 0.6], ids=["nothing", "the header", "most"])
def test_a_broken_file_is_refused_and_leaves_what_was_there(tmp_path, kept):
    extract = Extract()
    for row in range(3_000):
        extract.way((0, row), (300, row), highway="residential", name=f"Jalan {row}")
    path, target = extract.write(tmp_path), tmp_path / "streets.pmtiles"
    target.write_bytes(b"as it was")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept if kept == 0 or kept > 1 else kept * len(whole))])
    with pytest.raises(InvalidInput, match="town"):
        build_tiles(path, target)
    assert target.read_bytes() == b"as it was"
    assert sorted(os.listdir(tmp_path)) == ["streets.pmtiles", "town.osm.pbf"]


def test_an_extract_with_nothing_to_draw_is_refused(tmp_path):
    extract = Extract()
    extract.node(0, 0, amenity="bench")
    with pytest.raises(InvalidInput, match="no street"):
        build_tiles(extract.write(tmp_path), tmp_path / "streets.pmtiles")
    assert not (tmp_path / "streets.pmtiles").exists()


def test_every_kind_of_road_has_its_place_among_the_others():
    drawn = {drawing.line({"highway": each}).properties["rank"] for each in drawing._ROADS}
    assert len(drawn) == len({kind for kind, _zoom in drawing._ROADS.values()})
