"""Sends every object of an extract to the staging tables that want it."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import osmium

from geocrm.places.packs import tags as meaning
from geocrm.places.packs.staging import Staging, listed

NODE, WAY, RELATION = 0, 1, 2
_KINDS = {"n": NODE, "w": WAY, "r": RELATION}
# Objects without any of these say nothing here and never leave the reader.
KEYS = (
    *meaning.NUMBER_KEYS,
    *("addr:interpolation", "highway", "place", "boundary", "type", "railway", "aeroway"),
    *meaning.POI_KEYS,
)
_HOUSE_ROLES = ("house", "address", "addr:houselink", "")
_SRID = "20E6100000"  # in the hexadecimal form of a geometry: it has a reference system, 4326
_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)

Shape = Callable[[], str]


class Disorder(Exception):
    """Objects come twice, or ways before nodes."""

    def __init__(self, *, repeated: bool) -> None:
        super().__init__("out of order")
        self.repeated = repeated


def osm_ref(kind: int, osm_id: int) -> int:
    """One number for an object: its id, and in the last two bits node, way or relation."""
    return osm_id * 4 + kind


class Sieve:
    """Sorts objects by what their tags say."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._shapes = osmium.geom.WKBFactory()
        self._before = (NODE, 0)
        self.counts: Counter[str] = Counter()
        self._newest = _UNDATED

    @property
    def newest(self) -> datetime | None:
        """When the newest object was written, or None when none says so."""
        return self._newest if self._newest > _UNDATED else None

    def take(self, thing: Any) -> None:
        """Put the object into each table that wants it."""
        kind = thing.type_str()
        if kind == "a":
            self._area(thing)
            return
        self._in_order(_KINDS[kind], thing.id)
        self._newest = max(self._newest, thing.timestamp)
        if kind == "n":
            self._node(thing)
        elif kind == "w":
            self._way(thing)
        else:
            self._relation(thing)

    def _in_order(self, kind: int, osm_id: int) -> None:
        before, self._before = self._before, (kind, osm_id)
        if kind < before[0]:
            raise Disorder(repeated=False)
        if self._before == before and osm_id != 0:
            raise Disorder(repeated=True)

    def _node(self, node: Any) -> None:
        if node.location.valid():
            self._described(osm_ref(NODE, node.id), node.tags, lambda: self._point(node))

    def _point(self, node: Any) -> str:
        return _located(self._shapes.create_point(node))

    def _way(self, way: Any) -> None:
        ref, tags = osm_ref(WAY, way.id), way.tags
        line: list[str] = []

        def shape() -> str:
            if not line:
                line.append(self._line(way))
            return line[0]

        self._described(ref, tags, shape)
        named = meaning.name(tags)
        if named and (tags.get("highway") or tags.get("place") == "square") and shape():
            others = listed(meaning.other_names(tags))
            self._staging.add("new_ways", ref, named, others, shape())
        if tags.get("addr:interpolation") and shape():
            nodes = ",".join(str(node.ref) for node in way.nodes)
            rule = tags.get("addr:interpolation")
            row = (ref, rule, *_columns(meaning.address(tags)), nodes, shape())
            self._staging.add("new_interpolations", *row)

    def _line(self, way: Any) -> str:
        try:
            return _located(self._shapes.create_linestring(way))
        except (RuntimeError, osmium.InvalidLocationError):
            return _line_of_known_nodes(way)

    def _relation(self, relation: Any) -> None:
        tags = relation.tags
        if meaning.admin_level(tags):
            self.counts["boundaries"] += 1
        if tags.get("type") in ("associatedStreet", "street"):
            street = meaning.clean(tags.get("name") or tags.get("addr:street"))
            for member in relation.members if street else ():
                if member.role in _HOUSE_ROLES:
                    self._staging.add(
                        "new_members", osm_ref(_KINDS[member.type], member.ref), street
                    )

    def _area(self, area: Any) -> None:
        tags = area.tags
        kind = WAY if area.from_way() else RELATION
        ref = osm_ref(kind, area.orig_id())

        def shape() -> str:
            try:
                return _located(self._shapes.create_multipolygon(area))
            except RuntimeError:
                return ""  # rings that cross or do not close

        if kind == RELATION:
            self._described(ref, tags, shape)
        level = meaning.admin_level(tags)
        if level:
            self.counts["boundaries_whole"] += kind == RELATION and bool(shape())
            code = meaning.country_code(tags) if level == 2 else ""
            self._boundary(ref, tags, level, code, "", shape)
        elif tags.get("boundary") == "postal_code":
            postcode = meaning.postcode(tags.get("postal_code") or tags.get("ref"))
            self._boundary(ref, tags, 0, "", postcode, shape)

    def _boundary(
        self, ref: int, tags: Any, level: int, country: str, postcode: str, shape: Shape
    ) -> None:
        named = meaning.name(tags)
        if ((level and named) or postcode) and shape():
            others = listed(meaning.other_names(tags))
            self._staging.add("new_areas", ref, level, country, named, others, postcode, shape())

    def _described(self, ref: int, tags: Any, shape: Shape) -> None:
        """Address, place and point of interest: what may be said of any object."""
        if meaning.has_number(tags):
            self._house(ref, tags, shape)
        named = meaning.name(tags)
        if not named:
            return
        kind = tags.get("place")
        if kind and shape():
            others = listed(meaning.other_names(tags))
            people = meaning.population(tags)
            self._staging.add("new_places", ref, kind, named, others, people, shape())
        category = meaning.category(tags)
        if category and shape():
            self._staging.add("new_pois", ref, named, category, shape())

    def _house(self, ref: int, tags: Any, shape: Shape) -> None:
        found = meaning.address(tags)
        if not found.numbers:
            self.counts["unreadable_numbers"] += 1
        elif shape():
            rest = (*_columns(found), None, shape())
            for number in found.numbers:
                row = (ref, number.text, number.value, number.end, *rest)
                self._staging.add("new_addresses", *row)


def _columns(found: meaning.Address) -> tuple[str, str, str, str, str]:
    return found.street, found.city, listed(found.parts), found.postcode, found.country


def _located(wkb: str) -> str:
    """The hexadecimal form with its reference system, so that no table is written twice."""
    return f"{wkb[:8]}{_SRID}{wkb[10:]}"


def _line_of_known_nodes(way: Any) -> str:
    """The line through those nodes of a way that the extract holds; "" for less than two."""
    known = [node for node in way.nodes if node.location.valid()]
    points = [(node.lon, node.lat) for node in known]
    if len(set(points)) < 2:
        return ""
    return f"SRID=4326;LINESTRING({','.join(f'{lon} {lat}' for lon, lat in points)})"
