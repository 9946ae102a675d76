"""The road graph of an extract, as a small extract of its own for the road engine.

It is written in a process of its own: osmium ends the process it runs in when a disk is full.
"""

import subprocess
import sys
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray

from geocrm.config import ROOT
from geocrm.errors import ServiceUnavailable
from geocrm.places.packs.reading import node_positions, opened

# What people walk, ride or drive on today.
_HIGHWAYS = frozenset(
    (
        *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential"),
        *("motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link"),
        *("living_street", "service", "pedestrian", "track", "road", "busway", "bus_guideway"),
        *("footway", "bridleway", "steps", "corridor", "path", "cycleway"),
    )
)
_DATE = "osmosis_replication_timestamp"


def write_roads(source: Path, target: Path) -> None:
    """Write the road graph of the extract; ServiceUnavailable when it cannot be written."""
    command = [sys.executable, "-m", __name__, str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["the process ended"]
        raise ServiceUnavailable(
            f"The road graph could not be written to {target.parent} ({words[-1].strip()[:200]}):"
            " is the disk full? Nothing was loaded"
        )


def write(source: Path, target: Path) -> None:
    """Write the roads and ferries of the extract with their nodes and turn restrictions.

    Every node and way that something refers to is in it: where the edge of the extract cut a road,
    the longest part that has all its nodes stays.
    """
    found = _Found()
    with node_positions(source, target.parent) as index:
        for way in _ways(source, index):
            found.add(way)
    with osmium.SimpleWriter(_pbf(target), header=_header(source)) as writer:
        _write_nodes(source, writer, found.sorted_nodes())
        for way in _ways(source):
            if way.id in found.ways:
                cut = found.cut.get(way.id)
                writer.add_way(way.replace(nodes=cut) if cut else way)
        for relation in _restrictions(source):
            if found.holds(relation.members):
                writer.add_relation(relation)


class _Found:
    """Which ways there are and which nodes they need, in little memory."""

    def __init__(self) -> None:
        self.ways: set[int] = set()
        # Ways of which the extract lacks nodes -> the nodes that stay.
        self.cut: dict[int, list[int]] = {}
        # osmium's own sets of ids take a gigabyte for nodes from all over the world.
        self._nodes = array("q")
        self._shapes = osmium.geom.WKBFactory()

    def add(self, way: Any) -> None:
        nodes = [node.ref for node in way.nodes]
        try:
            self._shapes.create_linestring(way)
        except (RuntimeError, osmium.InvalidLocationError):
            nodes = _longest_known(way)
            if len(nodes) < 2:
                return
            self.cut[way.id] = nodes
        self.ways.add(way.id)
        self._nodes.extend(nodes)

    def sorted_nodes(self) -> NDArray[np.int64]:
        return np.unique(np.frombuffer(self._nodes, dtype=np.int64))

    def holds(self, members: Iterable[Any]) -> bool:
        """Whether the ways of a restriction are there; its junction is one of their nodes."""
        listed = list(members)
        return bool(listed) and all(m.type == "n" or m.ref in self.ways for m in listed)


def _ways(source: Path, index: str | None = None) -> Iterator[Any]:
    """The roads and ferries; with an index their nodes know where they are."""
    if index is None:
        read = osmium.FileProcessor(opened(source), osmium.osm.WAY)
    else:
        both = osmium.osm.NODE | osmium.osm.WAY
        read = osmium.FileProcessor(opened(source), both).with_locations(index)
    ways = read.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)).with_filter(
        osmium.filter.KeyFilter("highway", "route")
    )
    return (way for way in ways if _is_road(way.tags))


def _is_road(tags: Any) -> bool:
    if tags.get("route") == "ferry":
        return True
    return tags.get("highway") in _HIGHWAYS and tags.get("area") != "yes"


def _longest_known(way: Any) -> list[int]:
    longest: list[int] = []
    run: list[int] = []
    for node in way.nodes:
        run = [*run, node.ref] if node.location.valid() else []
        longest = max(longest, run, key=len)
    return longest


def _write_nodes(source: Path, writer: Any, wanted: NDArray[np.int64]) -> None:
    """Both the file and the wanted ids go upwards, so one pass side by side is enough."""
    ids = iter(array("q", wanted.tobytes()))
    next_id = next(ids, None)
    for node in osmium.FileProcessor(opened(source), osmium.osm.NODE):
        while next_id is not None and next_id < node.id:
            next_id = next(ids, None)
        if node.id == next_id:
            writer.add_node(node)


def _restrictions(source: Path) -> Iterator[Any]:
    rules = osmium.filter.KeyFilter("restriction", "restriction:conditional")
    read = osmium.FileProcessor(opened(source), osmium.osm.RELATION).with_filter(rules)
    return (relation for relation in read if relation.tags.get("type") == "restriction")


def _pbf(target: Path) -> Any:
    return osmium.io.File(str(target), "pbf")


def _header(source: Path) -> Any:
    with osmium.io.Reader(opened(source), osmium.osm.NOTHING) as reader:
        date = reader.header().get(_DATE)
    header = osmium.io.Header()
    header.set("generator", "GeoCRM")
    if date:
        header.set(_DATE, date)
    return header


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
