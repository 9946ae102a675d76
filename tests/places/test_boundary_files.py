"""The boundaries we deliver tile, nest and are complete, and their papers are right."""

from functools import lru_cache

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geocrm.errors import InvalidInput
from geocrm.places import files

LAYERS = [layer.code for layer in files.layers()]
NOTICE = (files.BOUNDARIES / "NOTICE.md").read_text(encoding="utf-8")


@lru_cache
def units(layer: str) -> list[files.UnitRow]:
    return files.units(layer)


def shapes(layer: str) -> np.ndarray:
    return np.array([unit.shape for unit in units(layer)], dtype=object)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_units_of_a_layer_tile_without_gaps_or_overlaps(layer):
    assert shapely.is_valid(shapes(layer)).all()
    assert not shapely.is_empty(shapes(layer)).any()
    assert shapely.coverage_is_valid(shapes(layer))


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        ("idn-adm1", 38),
        ("idn-adm2", 514),
        ("usa-adm1", 56),
        ("usa-adm2", 3233),
        ("wld-adm0", 251),
        ("wld-adm1", 4596),
    ],
)
def test_no_unit_is_missing(layer, count):
    assert len(units(layer)) == count


@pytest.mark.parametrize("layer", ["idn-adm1", "idn-adm2"])
def test_the_people_of_indonesia_are_counted_once(layer):
    assert sum(unit.population for unit in units(layer)) == 284_973_643


def test_a_code_names_one_unit_in_all_layers_and_begins_with_its_layer():
    codes = [(layer, unit.code) for layer in LAYERS for unit in units(layer)]
    assert len({code for _, code in codes}) == len(codes)
    assert all(code.startswith(f"{layer}:") for layer, code in codes)


def test_indonesian_codes_are_those_of_the_ministry():
    names = {unit.code: unit.name for unit in units("idn-adm2")}
    assert names["idn-adm2:32.73"] == "Kota Bandung"
    assert names["idn-adm2:94.04"] == "Kabupaten Mimika"


@pytest.mark.parametrize("layer", [layer for layer in files.layers() if layer.parent])
def test_a_unit_lies_in_its_parent(layer):
    above = {unit.code: unit for unit in units(layer.parent)}
    assert {unit.parent for unit in units(layer.code)} <= set(above)
    if layer.code == "usa-adm1" or layer.code == "idn-adm1":
        return  # their outlines come from another source than the world's
    inside = shapely.point_on_surface(shapes(layer.code))
    parents = np.array([above[unit.parent].shape for unit in units(layer.code)], dtype=object)
    assert shapely.covers(parents, inside).all()


@pytest.mark.parametrize("layer", files.layers(), ids=lambda layer: layer.code)
def test_the_notice_states_checksum_licence_and_attribution_of_each_layer(layer):
    section = NOTICE.partition(f"## {layer.code}:")[2].partition("\n## ")[0]
    assert files.sha256(files.units_file(files.BOUNDARIES, layer.code)) in section
    for statement in (layer.source, layer.vintage, layer.licence, layer.attribution):
        assert statement in section


def test_what_is_delivered_stays_small():
    size = sum(path.stat().st_size for path in files.BOUNDARIES.rglob("*") if path.is_file())
    assert size < 15_000_000


@pytest.mark.parametrize("layer", LAYERS)
def test_each_country_hangs_together_by_land_and_ferry(layer):
    number = {unit.code: i for i, unit in enumerate(units(layer))}
    grounds = [files.ground(unit) for unit in units(layer)]
    edges = [(number[edge.a], number[edge.b]) for edge in files.edges(layer)]
    domestic = np.array([(a, b) for a, b in edges if grounds[a] == grounds[b]]).reshape(-1, 2)
    graph = coo_array((np.ones(len(domestic)), domestic.T), shape=(len(number), len(number)))
    parts, _ = connected_components(graph, directed=False)
    assert parts == len(set(grounds))


def test_the_neighbours_of_the_regencies_are_what_their_shapes_give():
    # Fails after an edge is edited by hand: then list that edge here, with the reason.
    # The Suramadu bridge joins Surabaya to Madura.
    suramadu = ("idn-adm2:35.26", "idn-adm2:35.78")
    edited = {files.EdgeRow(*suramadu, kind, 2504) for kind in ("ferry", "bridge")}
    derived = set(files.derived_edges(units("idn-adm2")))
    assert set(files.edges("idn-adm2")) ^ derived == edited


def test_names_have_their_accents():
    names = {unit.name for layer in LAYERS for unit in units(layer)}
    assert "Doña Ana County" in names
    assert not [name for name in names if "Ã" in name or "\N{REPLACEMENT CHARACTER}" in name]


def test_java_and_sumatra_are_joined_by_a_ferry():
    ferries = {(edge.a, edge.b) for edge in files.edges("idn-adm1") if edge.kind == "ferry"}
    assert ("idn-adm1:18", "idn-adm1:36") in ferries


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("idn-adm2:11.01,idn-adm2:11.02,tunnel,5", "line 2: kind is tunnel"),
        ("idn-adm2:11.01,idn-adm2:11.02,land", "line 2: expected a,b,kind,length_m"),
        ("idn-adm2:11.01,idn-adm2:11.02,land,far", "line 2: expected a,b,kind,length_m"),
        ("idn-adm2:11.01,idn-adm2:11.02,land,inf", "line 2: expected a,b,kind,length_m"),
        ("idn-adm2:11.01,idn-adm2:11.01,land,5", "line 2: an edge joins two units"),
    ],
)
def test_a_mistake_in_an_edited_neighbour_list_is_named_by_its_line(tmp_path, line, reason):
    files.write_edges("idn-adm2", [], tmp_path)
    path = files.edges_file(tmp_path, "idn-adm2")
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(InvalidInput, match=reason):
        files.edges("idn-adm2", tmp_path)


def test_an_edge_may_be_written_in_either_direction(tmp_path):
    files.write_edges("idn-adm2", [files.EdgeRow("idn-adm2:b", "idn-adm2:a", "ferry", 7)], tmp_path)
    assert files.edges("idn-adm2", tmp_path) == [("idn-adm2:a", "idn-adm2:b", "ferry", 7)]
