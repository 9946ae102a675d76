"""One pass over an extract: every object that says something goes into its staging table."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import osmium

from geocrm.errors import InvalidInput
from geocrm.places.packs import tags as meaning
from geocrm.places.packs.staging import Staging, listed

_KEYS = (
    *("addr:housenumber", "addr:conscriptionnumber", "addr:interpolation", "highway", "place"),
    *("boundary", "type", "shop", "amenity", "tourism", "office", "leisure", "healthcare"),
    *("craft", "public_transport", "railway", "aeroway"),
)
# Above this size the positions of nodes wait in a file; below, memory holds them (16 bytes a node).
NODES_IN_MEMORY_BYTES = 40_000_000
_NAMED_WAY = "highway"
_POSITIONS = "%s,%s"
NODE, WAY, RELATION = 0, 1, 2


@dataclass
class Seen:
    """What was met on the way."""

    newest: datetime | None = None
    num_objects: int = 0
    west: float = 180.0
    south: float = 90.0
    east: float = -180.0
    north: float = -90.0
    counts: Counter[str] = field(default_factory=Counter)


def osm_ref(kind: int, osm_id: int) -> int:
    """One number for an object: its id, and in the last two bits node, way or relation."""
    return osm_id * 4 + kind


def header_date(path: Path) -> datetime | None:
    """Check that the file is an extract we can read; how new its header says it is."""
    try:
        with osmium.io.Reader(osmium.io.File(str(path), "pbf"), osmium.osm.NOTHING) as reader:
            header = reader.header()
    except RuntimeError as error:
        raise InvalidInput(
            f"{path} is no OpenStreetMap extract in PBF form ({error}): give a file that ends in"
            " .osm.pbf"
        ) from error
    if header.has_multiple_object_versions or ".osh." in path.name:
        raise InvalidInput(
            f"{path} is a history file, which holds every version of every object: take the plain"
            " extract of the same region (.osm.pbf)"
        )
    written = header.get("osmosis_replication_timestamp")
    return datetime.fromisoformat(written.replace("Z", "+00:00")) if written else None


def read(path: Path, staging: Staging, folder: Path) -> Seen:
    """Fill the staging tables from the file; `folder` takes what does not fit in memory."""
    sieve = _Sieve(staging)
    try:
        for thing in _objects(path, folder):
            sieve.take(thing)
    except RuntimeError as error:
        raise InvalidInput(
            f"{path} is damaged or was cut short ({error}): fetch it again. Nothing was loaded"
        ) from error
    staging.finish()
    return sieve.seen


def _objects(path: Path, folder: Path) -> Any:
    index = "sparse_mem_array"
    if os.path.getsize(path) > NODES_IN_MEMORY_BYTES:
        index = f"sparse_file_array,{folder / 'nodes.positions'}"
    return (
        osmium.FileProcessor(osmium.io.File(str(path), "pbf"))
        .with_locations(index)
        .with_areas(osmium.filter.KeyFilter("boundary", "addr:housenumber"))
        .with_filter(osmium.filter.KeyFilter(*_KEYS))
    )


class _Sieve:
    """Sends objects where they belong."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._shapes = osmium.geom.WKBFactory()
        self.seen = Seen()

    def take(self, thing: Any) -> None:
        """Put the object into each table that wants it."""
        kind = thing.type_str()
        if kind == "a":
            if not thing.from_way():
                self._area(thing)
            return
        self.seen.num_objects += 1
        if kind == "n":
            self._node(thing)
        elif kind == "w":
            self._way(thing)
        else:
            self._relation(thing)

    def _node(self, node: Any) -> None:
        if not node.location.valid():
            return
        ref, tags = osm_ref(NODE, node.id), node.tags
        shape: Callable[[], str] = lambda: self._shapes.create_point(node)
        self._address(ref, tags, shape)
        self._place(ref, tags, shape)
        self._poi(ref, tags, shape)

    def _way(self, way: Any) -> None:
        ref, tags = osm_ref(WAY, way.id), way.tags
        shape: Callable[[], str] = lambda: self._line(way)
        self._address(ref, tags, shape)
        self._place(ref, tags, shape)
        self._poi(ref, tags, shape)
        named = meaning.name(tags)
        if named and (tags.get("highway") or tags.get("place") == "square"):
            line = self._line(way)
            if line:
                self._staging.add("new_ways", ref, named, listed(meaning.other_names(tags)), line)
        if tags.get("addr:interpolation"):
            self._interpolation(way, ref, tags)

    def _line(self, way: Any) -> str:
        try:
            return str(self._shapes.create_linestring(way))
        except (RuntimeError, osmium.InvalidLocationError):
            return _line_of_known_nodes(way)

    def _relation(self, relation: Any) -> None:
        tags = relation.tags
        if tags.get("boundary") == "administrative" and tags.get("admin_level"):
            self.seen.counts["boundaries"] += 1
        if tags.get("type") in ("associatedStreet", "street"):
            street = meaning.clean(tags.get("name") or tags.get("addr:street") or "")
            for member in relation.members if street else ():
                if member.role in ("house", "address", "addr:houselink", ""):
                    kind = {"n": NODE, "w": WAY, "r": RELATION}[member.type]
                    self._staging.add("new_members", osm_ref(kind, member.ref), street)

    def _area(self, area: Any) -> None:
        ref, tags = osm_ref(RELATION, area.orig_id()), area.tags
        shape: Callable[[], str] = lambda: str(self._shapes.create_multipolygon(area))
        self._address(ref, tags, shape)
        self._place(ref, tags, shape)
        boundary = tags.get("boundary")
        level = tags.get("admin_level") or ""
        if boundary == "administrative" and level.isdigit() and 1 <= int(level) <= 15:
            self._boundary(ref, tags, int(level), "", shape)
        elif boundary == "postal_code":
            code = meaning.postcode(tags.get("postal_code") or tags.get("ref") or "")
            if code:
                self._boundary(ref, tags, 0, code, shape)

    def _boundary(
        self, ref: int, tags: Any, level: int, postcode: str, shape: Callable[[], str]
    ) -> None:
        named = meaning.name(tags)
        if named or postcode:
            iso = (tags.get("ISO3166-1:alpha2") or tags.get("ISO3166-1") or "").strip().upper()
            self._staging.add(
                "new_areas",
                ref,
                level,
                iso if level == 2 and len(iso) == 2 else "",
                named,
                listed(meaning.other_names(tags)),
                postcode,
                shape(),
            )

    def _address(self, ref: int, tags: Any, shape: Callable[[], str]) -> None:
        if not (tags.get("addr:housenumber") or tags.get("addr:conscriptionnumber")):
            return
        found = meaning.address(tags)
        if found is None:
            self.seen.counts["unreadable_numbers"] += 1
            return
        where = shape()
        if not where:
            return
        for number in found.numbers:
            self._staging.add(
                "new_addresses",
                ref,
                number.text,
                number.value,
                number.end,
                found.street,
                found.city,
                listed(found.parts),
                found.postcode,
                found.country,
                where,
            )

    def _interpolation(self, way: Any, ref: int, tags: Any) -> None:
        found = meaning.address_parts(tags, [])
        line = self._line(way)
        if line:
            self._staging.add(
                "new_interpolations",
                ref,
                tags.get("addr:interpolation"),
                found.street,
                found.city,
                listed(found.parts),
                found.postcode,
                found.country,
                ",".join(str(node.ref) for node in way.nodes),
                line,
            )

    def _place(self, ref: int, tags: Any, shape: Callable[[], str]) -> None:
        kind = tags.get("place")
        named = meaning.name(tags)
        if not kind or not named:
            return
        people = (tags.get("population") or "").replace(",", "").replace(" ", "")
        where = shape()
        if where:
            self._staging.add(
                "new_places",
                ref,
                kind,
                named,
                listed(meaning.other_names(tags)),
                int(people) if people.isdigit() and len(people) < 11 else 0,
                where,
            )

    def _poi(self, ref: int, tags: Any, shape: Callable[[], str]) -> None:
        named = meaning.name(tags)
        category = meaning.category(tags) if named else ""
        where = shape() if category else ""
        if where:
            self._staging.add("new_pois", ref, named, category, where)


def _line_of_known_nodes(way: Any) -> str:
    """The line through those nodes of a way that the extract holds; "" for less than two."""
    known = [node for node in way.nodes if node.location.valid()]
    points = list(dict.fromkeys((node.lon, node.lat) for node in known))
    if len(points) < 2:
        return ""
    return f"LINESTRING({','.join(f'{lon} {lat}' for lon, lat in points)})"


def now_or(moment: datetime | None) -> datetime:
    """The moment, or now."""
    return moment or datetime.now(UTC)
