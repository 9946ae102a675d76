"""Draws an OpenStreetMap extract in metres around a place near the equator."""

from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Relation, Way

Place = tuple[float, float]
METRES_PER_DEGREE = 111_320.0


class Extract:
    """Things on the ground, by metres east and north of the middle; ids count from 1."""

    def __init__(self, at: Place = (106.8, -6.2)) -> None:
        self.at = at
        self._nodes: list[Node] = []
        self._ways: list[Way] = []
        self._relations: list[Relation] = []

    def node(self, east: float, north: float, **tags: str) -> int:
        place = (self.at[0] + east / METRES_PER_DEGREE, self.at[1] + north / METRES_PER_DEGREE)
        self._nodes.append(Node(id=len(self._nodes) + 1, location=place, tags=tags))
        return len(self._nodes)

    def way(self, *places: Place, **tags: str) -> int:
        return self.way_of([self.node(*place) for place in places], **tags)

    def way_of(self, nodes: list[int], **tags: str) -> int:
        self._ways.append(Way(id=len(self._ways) + 1, nodes=nodes, tags=tags))
        return len(self._ways)

    def ring(self, east: float, north: float, side: float, **tags: str) -> int:
        corners = [(0, 0), (side, 0), (side, side), (0, side)]
        nodes = [self.node(east + x, north + y) for x, y in corners]
        return self.way_of([*nodes, nodes[0]], **tags)

    def relation(self, outer: int, inner: int, **tags: str) -> None:
        members = [("w", outer, "outer"), ("w", inner, "inner")]
        tags = {"type": "multipolygon"} | tags
        self._relations.append(Relation(id=len(self._relations) + 1, members=members, tags=tags))

    def write(self, folder: Path) -> Path:
        path = folder / "town.osm.pbf"
        with osmium.SimpleWriter(str(path)) as writer:
            for node in self._nodes:
                writer.add_node(node)
            for way in self._ways:
                writer.add_way(way)
            for relation in self._relations:
                writer.add_relation(relation)
        return path
