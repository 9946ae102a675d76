"""Boundaries in the database: loading them, asking for them, drawing them."""

import json
from collections.abc import Callable
from pathlib import Path

import mapbox_vector_tile
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat
from geocrm.errors import InvalidInput
from geocrm.places import files, queries
from geocrm.places.loading import load_boundaries
from geocrm.places.tiles import boundary_tile
from tests.places import drawn


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Files of a small country."""
    return drawn.write_country(tmp_path)


@pytest.fixture
def country(session: Session, directory: Path) -> Path:
    """The small country, loaded."""
    load_boundaries(session, directory)
    session.commit()
    return directory


@pytest.fixture
def change(directory: Path) -> Callable[..., None]:
    """Write the regencies again with one of them different, or without it."""

    def write(code: str, **changes: object) -> None:
        units = [
            drawn.unit(each.code, each.shape, **(changes if each.code == code else {}))
            for each in drawn.country()["idn-adm2"]
            if changes or each.code != code
        ]
        drawn.write_units(directory, "idn-adm2", units)

    return write


# -- loading -------------------------------------------------------------------------------------


def test_loading_brings_every_layer_and_its_neighbours(session, directory):
    assert load_boundaries(session, directory) == [
        *("wld-adm0", "wld-adm0 neighbours"),
        *("idn-adm1", "idn-adm1 neighbours"),
        *("idn-adm2", "idn-adm2 neighbours"),
    ]
    counts = {layer.code: layer.units for layer in queries.layers(session)}
    assert counts == {"wld-adm0": 1, "idn-adm1": 3, "idn-adm2": 5}


def test_loading_again_loads_nothing(session, country):
    assert load_boundaries(session, country) == []


def test_an_added_ferry_is_loaded_without_touching_the_units(session, country):
    ferry = files.EdgeRow("idn-adm2:11.01", "idn-adm2:13.01", "ferry", 400_000)
    files.write_edges("idn-adm2", [*files.edges("idn-adm2", country), ferry], country)
    assert load_boundaries(session, country) == ["idn-adm2 neighbours"]
    assert tuple(ferry) in queries.edges(session, "idn-adm2")


def test_an_edge_to_a_unit_that_is_not_there_is_refused_by_name(session, country):
    stray = files.EdgeRow("idn-adm2:11.01", "idn-adm2:99.99", "ferry", 1)
    files.write_edges("idn-adm2", [stray], country)
    with pytest.raises(InvalidInput, match=r"idn-adm2:99\.99"):
        load_boundaries(session, country)


def test_a_renamed_unit_keeps_its_row(session, country, change):
    before = session.scalar(text("SELECT geom FROM boundaries WHERE code = 'idn-adm2:11.01'"))
    change("idn-adm2:11.01", name="Kota Baru", population=7)
    assert load_boundaries(session, country) == ["idn-adm2", "idn-adm2 neighbours"]
    [unit] = queries.by_codes(session, ["idn-adm2:11.01"])
    assert (unit.name, unit.population) == ("Kota Baru", 7)
    after = session.scalar(text("SELECT geom FROM boundaries WHERE code = 'idn-adm2:11.01'"))
    assert after == before


def test_a_unit_that_left_its_file_leaves_the_table(session, country, change):
    change("idn-adm2:13.01")
    files.write_edges("idn-adm2", files.edges("idn-adm2", country)[:3], country)
    load_boundaries(session, country)
    assert "idn-adm2:13.01" not in [unit.code for unit in queries.units(session, "idn-adm2")]


def test_indonesia_loads_as_delivered(session, directory):
    for layer in ("idn-adm1", "idn-adm2"):
        for path in (files.units_file, files.edges_file):
            path(directory, layer).unlink()
            path(directory, layer).symlink_to(path(files.BOUNDARIES, layer))
    load_boundaries(session, directory)
    # Every unit has a parent; the database itself would only ask when the transaction ends.
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    monas = queries.containing(session, LonLat(106.8272, -6.1754))
    assert [unit.code for unit in monas] == ["idn-adm2:31.71", "idn-adm1:31"]
    assert len(queries.units(session, "idn-adm2", within="wld-adm0:IDN")) == 514
    outside = "SELECT count(*) FROM boundaries WHERE NOT ST_Covers(geom, centre)"
    assert session.scalar(text(outside)) == 0


# -- asking --------------------------------------------------------------------------------------


def test_layers_sum_their_people_and_name_their_source(session, country):
    layer = queries.layers(session)[-1]
    assert (layer.code, layer.parent, layer.population) == ("idn-adm2", "idn-adm1", 5000)
    assert layer.attribution == "Drawn by us"


def test_units_within_a_province_or_the_country(session, country):
    within = [unit.code for unit in queries.units(session, "idn-adm2", within="idn-adm1:12")]
    assert within == ["idn-adm2:12.01", "idn-adm2:12.02"]
    assert len(queries.units(session, "idn-adm2", within="wld-adm0:IDN")) == 5


def test_twenty_units_are_one_round_trip(session, country, statements):
    queries.by_codes(session, list(drawn.REGENCIES) * 4)
    assert len(statements) == 1


def test_units_come_in_the_order_asked_for(session, country):
    codes = ["idn-adm2:13.01", "wld-adm0:IDN", "idn-adm2:11.01"]
    assert [unit.code for unit in queries.by_codes(session, codes)] == codes


def test_an_unknown_level_is_answered_with_those_there_are(session, country):
    with pytest.raises(InvalidInput, match=r"'districts'.*idn-adm1, idn-adm2, wld-adm0"):
        queries.units(session, "districts")


@pytest.mark.parametrize(
    ("within", "reason"),
    [("idn-adm1:99", "no boundary unit idn-adm1:99"), ("idn-adm2:11.01", "contains no unit of")],
)
def test_an_area_that_cannot_hold_units_is_refused(session, country, within, reason):
    with pytest.raises(InvalidInput, match=reason):
        queries.units(session, "idn-adm1", within=within)


def test_a_place_on_a_border_lies_in_both_regencies_and_the_smallest_kind_comes_first(
    session, country
):
    found = queries.containing(session, LonLat(1.0, 0.5))
    assert [unit.code for unit in found] == [
        *("idn-adm2:11.01", "idn-adm2:11.02"),
        *("idn-adm1:11", "wld-adm0:IDN"),
    ]
    assert queries.containing(session, LonLat(4.2, 0.5)) == []


def test_neighbours_among_some_units_leave_out_edges_that_lead_away(session, country):
    among = ["idn-adm2:12.01", "idn-adm2:12.02", "idn-adm2:13.01"]
    kinds = [edge.kind for edge in queries.edges(session, "idn-adm2", among)]
    assert kinds == ["land", "ferry"]


def test_units_as_geojson(session, country):
    collection = json.loads(queries.geojson(session, ["idn-adm2:13.01", "idn-adm2:11.02"]))
    codes = [feature["properties"]["code"] for feature in collection["features"]]
    assert codes == ["idn-adm2:11.02", "idn-adm2:13.01"]
    shape = shapely.from_geojson(json.dumps(collection["features"][0]["geometry"]))
    assert shape.equals(drawn.REGENCIES["idn-adm2:11.02"])
    assert json.loads(queries.geojson(session, []))["features"] == []


# -- drawing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("z", "x", "y"), [(0, 0, 0), (3, 4, 3), (6, 32, 31)])
def test_a_tile_shows_the_units_in_it_and_their_borders_meet(session, country, z, x, y):
    tile = mapbox_vector_tile.decode(boundary_tile(session, "idn-adm2", z, x, y))
    found = {
        each["properties"]["code"]: each["geometry"] for each in tile["boundaries"]["features"]
    }
    assert {"idn-adm2:11.01", "idn-adm2:11.02"} <= set(found)
    west, east = (
        shapely.from_geojson(json.dumps(found[code]))
        for code in ("idn-adm2:11.01", "idn-adm2:11.02")
    )
    assert west.bounds[2] == east.bounds[0]
    assert tile["boundaries"]["features"][0]["properties"]["name"].startswith("Unit ")


def test_a_tile_of_the_open_sea_is_empty(session, country):
    assert boundary_tile(session, "idn-adm2", 6, 0, 0) == b""


def test_a_country_that_reaches_the_pole_can_be_drawn(session, directory):
    units = [drawn.unit("wld-adm0:IDN", shapely.box(-180, -90, 180, -60), name="Antarctica")]
    drawn.write_units(directory, "wld-adm0", units)
    load_boundaries(session, directory)
    for z, x, y in ((0, 0, 0), (2, 1, 3), (5, 9, 31)):
        assert boundary_tile(session, "wld-adm0", z, x, y)


@pytest.mark.parametrize(("z", "x", "y"), [(23, 0, 0), (2, 4, 0), (2, 0, -1), (-1, 0, 0)])
def test_a_tile_outside_the_map_is_refused(session, country, z, x, y):
    with pytest.raises(InvalidInput, match=f"no tile {z}/{x}/{y}"):
        boundary_tile(session, "idn-adm2", z, x, y)
