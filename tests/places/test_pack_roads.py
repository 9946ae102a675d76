"""The road graph beside a pack: roads, ferries and turn restrictions with all they refer to."""

from pathlib import Path

import osmium
import pytest

from geocrm.errors import ServiceUnavailable
from geocrm.places.packs.roads import write_roads
from tests.places.extract import Extract


def _written(extract: Extract, tmp_path: Path):
    target = tmp_path / "roads.osm.pbf"
    write_roads(extract.write(tmp_path / "town.osm.pbf"), target)
    found: dict[str, dict] = {"n": {}, "w": {}, "r": {}}
    for each in osmium.FileProcessor(str(target)):
        if each.is_node():
            found["n"][each.id] = dict(each.tags)
        elif each.is_way():
            found["w"][each.id] = [node.ref for node in each.nodes]
        else:
            found["r"][each.id] = [(m.type, m.ref) for m in each.members]
    return found


def test_roads_and_ferries_come_with_their_nodes(tmp_path):
    town = Extract()
    crossing = town.node((100, 0), highway="traffic_signals")
    road = town.way((0, 0), crossing, (200, 0), highway="residential")
    ferry = town.way((0, 500), (900, 500), route="ferry")
    town.way((0, 900), (90, 900), highway="proposed")
    town.way((0, 950), (90, 950), building="yes")
    square = [town.node(c) for c in ((0, 990), (9, 990), (9, 999))]
    town.way(*square, square[0], highway="pedestrian", area="yes")
    found = _written(town, tmp_path)
    assert set(found["w"]) == {road, ferry}
    assert {node for nodes in found["w"].values() for node in nodes} == set(found["n"])
    assert found["n"][crossing] == {"highway": "traffic_signals"}


def test_a_turn_restriction_stays_when_its_roads_do(tmp_path):
    town = Extract()
    via = town.node((100, 0))
    here = town.way((0, 0), via, highway="residential")
    there = town.way(via, (200, 0), highway="residential")
    kept = town.relation(
        ("w", here, "from"), ("n", via, "via"), ("w", there, "to"),
        type="restriction", restriction="no_left_turn",
    )  # fmt: skip
    town.relation(
        ("w", here, "from"), ("n", via, "via"), ("w", 999_999, "to"),
        type="restriction", restriction="no_u_turn",
    )  # fmt: skip
    assert set(_written(town, tmp_path)["r"]) == {kept}


def test_of_a_road_cut_by_the_edge_the_longest_known_part_stays(tmp_path):
    town = Extract()
    nodes = [town.node((x, 0)) for x in (0, 100, 200)]
    cut = town.way(888_881, *nodes, 888_882, nodes[0], highway="residential")
    gone = town.way(888_883, nodes[0], 888_884, highway="residential")
    found = _written(town, tmp_path)
    assert found["w"] == {cut: nodes}
    assert gone not in found["w"]


def test_a_target_that_cannot_be_written_is_said(tmp_path):
    source = Extract()
    source.way((0, 0), (9, 0), highway="path")
    file = source.write(tmp_path / "town.osm.pbf")
    with pytest.raises(ServiceUnavailable, match="road graph could not be written"):
        write_roads(file, tmp_path / "nowhere" / "roads.osm.pbf")
