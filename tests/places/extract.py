"""Small OpenStreetMap extracts, drawn in metres around a point of the drawn country.

The point lies at 47.1 degrees north in a country of its own, which `country` puts on the map.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import osmium
from osmium.osm import mutable
from sqlalchemy import text
from sqlalchemy.orm import Session

HOME = (9.5, 47.1)
EAST, NORTH = 1 / 75_780, 1 / 111_200  # degrees a metre there
WHEN = datetime(2024, 5, 1, tzinfo=UTC)

Spot = tuple[float, float]


def at(east_m: float, north_m: float) -> Spot:
    """The place so many metres from home."""
    return HOME[0] + east_m * EAST, HOME[1] + north_m * NORTH


class Extract:
    """Objects of an extract; places are metres east and north of home."""

    def __init__(self, first_id: int = 1) -> None:
        self._objects: dict[str, list[Any]] = {"n": [], "w": [], "r": []}
        self._next = first_id

    def node(self, spot: Spot, *, osm_id: int | None = None, **tags: Any) -> int:
        """A node; double underscores in the names of tags stand for colons."""
        return self._add("n", mutable.Node, osm_id, tags, location=at(*spot))

    def way(self, *spots: Spot | int, osm_id: int | None = None, **tags: Any) -> int:
        """A way through these places, or through nodes that are there already."""
        nodes = [spot if isinstance(spot, int) else self.node(spot) for spot in spots]
        return self._add("w", mutable.Way, osm_id, tags, nodes=nodes)

    def relation(self, *members: tuple[str, int, str], **tags: Any) -> int:
        """A relation of (kind, id, role)."""
        return self._add("r", mutable.Relation, None, tags, members=list(members))

    def street(self, name: str, *spots: Spot, **tags: Any) -> int:
        """A residential street."""
        return self.way(*spots, highway="residential", name=name, **tags)

    def house(self, street: str, number: str, spot: Spot, **tags: Any) -> int:
        """An address on a node."""
        return self.node(spot, addr__street=street, addr__housenumber=number, **tags)

    def area(self, west: float, south: float, east: float, north: float, **tags: Any) -> int:
        """A relation around a rectangle."""
        corners = [
            self.node(c) for c in ((west, south), (east, south), (east, north), (west, north))
        ]
        ring = self.way(*corners, corners[0])
        return self.relation(("w", ring, "outer"), type="boundary", **tags)

    def write(
        self, file: Path, *, date: str | None = "2024-05-01T00:00:00Z", form: str = "pbf"
    ) -> Path:
        """Write everything, sorted; the form `osh.pbf` says that it holds every version."""
        written = osmium.io.Header()
        if date:
            written.set("osmosis_replication_timestamp", date)
        file.unlink(missing_ok=True)
        with osmium.SimpleWriter(osmium.io.File(str(file), form), header=written) as writer:
            for kind in "nwr":
                for each in sorted(self._objects[kind], key=lambda each: each.id):
                    writer.add(each)
        return file

    def _add(
        self, kind: str, make: Callable[..., Any], osm_id: int | None, tags: Any, **given: Any
    ) -> int:
        if osm_id is None:
            osm_id, self._next = self._next, self._next + 1
        named = {key.replace("__", ":"): str(value) for key, value in tags.items()}
        self._objects[kind].append(make(id=osm_id, version=1, timestamp=WHEN, tags=named, **given))
        return osm_id


def country(
    session: Session, code: str = "LI", name: str = "Liechtenstein", around: Spot = HOME
) -> None:
    """A square country around the place, one degree each way, in the table of boundaries."""
    west, south = around[0] - 1, around[1] - 1
    square = f"ST_MakeEnvelope({west}, {south}, {west + 2}, {south + 2}, 4326)"
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, level, source, vintage, licence, attribution)"
            " VALUES ('wld-adm0', 'Countries', 0, '', '', '', '') ON CONFLICT DO NOTHING"
        )
    )
    session.execute(
        text(
            "INSERT INTO boundaries (code, layer, name, country, area_km2, geom, outline, centre)"
            f" VALUES (:code, 'wld-adm0', :name, :country, 1, ST_Multi({square}),"
            f" ST_Multi(ST_Transform({square}, 3857)), ST_Centroid({square}))"
        ),
        {"code": f"wld-adm0:{code}", "name": name, "country": code},
    )


def rows(session: Session, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """What the statement finds."""
    return [tuple(row) for row in session.execute(text(sql), values)]


def column(session: Session, sql: str, **values: Any) -> Sequence[Any]:
    """The first column of what the statement finds."""
    return [row[0] for row in rows(session, sql, **values)]
