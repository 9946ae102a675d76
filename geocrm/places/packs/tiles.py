"""The street map of a region pack: an OpenStreetMap extract cut into one archive of vector tiles.

The extract is read once, a batch of objects at a time, and each batch goes down a pipe to
tippecanoe, so memory holds the positions of nodes (in a file, when the extract is large), the
coastline and one batch, whatever the size of the extract.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from osmium.osm import AREA, NODE, WAY

from geocrm.errors import InvalidInput, ServiceUnavailable
from geocrm.places import tippecanoe
from geocrm.places.packs import drawing
from geocrm.places.packs.drawing import Look
from geocrm.spatial import coast

ATTRIBUTION: Final = "© OpenStreetMap contributors"
_POINTS: Final = ("place", "addr:housenumber")
_SHAPES: Final = (
    "highway", "railway", "waterway", "natural", "landuse", "leisure", "building", "route",
    "aeroway", "man_made", "amenity", "place", "addr:housenumber",
)  # fmt: skip
# Above this size the positions of nodes wait in a file; below, memory holds them (16 bytes each).
_NODES_IN_MEMORY_BYTES: Final = 40_000_000
_BATCH: Final = 5_000
# An area shows from the zoom at which it covers this many pixels (256 a tile), a name from more.
_SEEN_PX: Final = 12.0
_NAMED_PX: Final = 4_000.0
_EQUATOR_M: Final = 40_075_016.7


def build_tiles(source: Path, target: Path) -> None:
    """Write the street tiles of the extract to `target`, which appears when it is complete.

    Raises InvalidInput when the extract cannot be read or holds nothing to draw, and
    ServiceUnavailable when tippecanoe fails, as on a full disk.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".streets-") as folder:
        made = Path(folder) / "streets.pmtiles"
        with _tippecanoe(made) as pipe:
            count = _draw(source, Path(folder), pipe)
            if not count:
                raise InvalidInput(f"{source.name} holds no street, water, building or place")
        os.replace(made, target)


@contextmanager
def _tippecanoe(out: Path) -> Iterator[IO[bytes]]:
    """The pipe that takes features, one a line; the archive is there when the block is left."""
    with tempfile.TemporaryFile() as words:
        program = subprocess.Popen(_command(out), stdin=subprocess.PIPE, stderr=words)
        assert program.stdin is not None
        try:
            with program.stdin as pipe:
                yield pipe
            broken = program.wait() != 0
        except BrokenPipeError:
            broken = True
        except BaseException:  # also when interrupted the other program must not run on
            program.kill()
            raise
        finally:
            program.wait()
        if broken:
            words.seek(0)
            said = words.read().decode(errors="replace").strip()[-300:]
            raise ServiceUnavailable(f"The street tiles could not be made: {said}")


def _command(out: Path) -> list[str]:
    return [
        str(tippecanoe.program()),
        f"--output={out}",
        f"--temporary-directory={out.parent}",
        f"--minimum-zoom={drawing.MIN_ZOOM}",
        f"--maximum-zoom={drawing.MAX_ZOOM}",
        f"--attribution={ATTRIBUTION}",
        "--name=Streets",
        "--description=Roads, water, green, buildings and names",
        "--quiet",
        # Zooms are given feature by feature; nothing else is dropped, whatever the tile weighs.
        "--drop-rate=1",
        "--no-feature-limit",
        "--no-tile-size-limit",
        "--no-tile-stats",
        "--simplification=4",
        "--simplification-at-maximum-zoom=1",
        "--buffer=8",
    ]


def _draw(source: Path, folder: Path, pipe: IO[bytes]) -> int:
    """Send everything there is to draw; how many features that were."""
    sheet = _Sheet(pipe)
    try:
        for thing in _things(source, folder):
            sheet.add(thing)
    except RuntimeError as error:  # osmium's for what it cannot read
        raise InvalidInput(
            f"{source.name} cannot be read as an OpenStreetMap extract: {error}"
        ) from error
    sheet.flush()
    sheet.add_ground(_box(source))
    return sheet.num_features


def _things(source: Path, folder: Path) -> Iterator[Any]:
    """Nodes of places, and ways and areas that may be drawn, with their positions."""
    large = source.stat().st_size > _NODES_IN_MEMORY_BYTES
    storage = f"sparse_file_array,{folder / 'nodes'}" if large else "flex_mem"
    places, shapes = (osmium.filter.KeyFilter(*keys) for keys in (_POINTS, _SHAPES))
    places.enable_for(NODE)
    shapes.enable_for(WAY | AREA)
    return iter(
        osmium.FileProcessor(osmium.io.File(str(source), "pbf"))
        .with_locations(storage)
        .with_areas(osmium.filter.KeyFilter(*_SHAPES))
        .with_filter(osmium.filter.EntityFilter(NODE | WAY | AREA))
        .with_filter(places)
        .with_filter(shapes)
    )


def _box(source: Path) -> coast.Box | None:
    """Where the extract says it is complete."""
    box = osmium.FileProcessor(osmium.io.File(str(source), "pbf")).header.box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return low.lon, low.lat, high.lon, high.lat


@dataclass
class _Sheet:
    """Takes what osmium gives and sends it on in batches."""

    pipe: IO[bytes]
    num_features: int = 0
    _looks: list[Look] = field(default_factory=list)
    _wkb: list[str] = field(default_factory=list)
    _coast: list[NDArray[np.float64]] = field(default_factory=list)
    _dry: set[coast.Cell] = field(default_factory=set)
    _factory: Any = field(default_factory=osmium.geom.WKBFactory)

    def add(self, thing: Any) -> None:
        """Take a node, way or area."""
        if thing.is_way():
            self._add_way(thing)
        elif thing.is_area():
            self._add_area(thing)
        elif thing.location.valid():
            for look in (drawing.name(thing.tags), drawing.number(thing.tags)):
                if look is not None:
                    self._keep(look, self._factory.create_point(thing))

    def _add_way(self, way: Any) -> None:
        is_coast = way.tags.get("natural") == "coastline"
        look = drawing.line(way.tags)
        if look is None and not is_coast:
            return
        runs = _runs(way, self._factory)
        if is_coast:
            parts = shapely.get_parts(_cut(shapely.from_wkb(np.array(runs, dtype=object))))
            self._coast += [shapely.get_coordinates(part) for part in parts]
        if look is not None:
            for run in runs:
                self._keep(look, run)

    def _add_area(self, area: Any) -> None:
        look = drawing.area(area.tags)
        looks = [look, drawing.name(area.tags, look), drawing.number(area.tags)]
        if not any(looks):
            return
        try:
            shape = self._factory.create_multipolygon(area)
        except RuntimeError:  # its nodes are not all in the extract
            return
        for each in looks:
            if each is not None:
                self._keep(each, shape)

    def _keep(self, look: Look, wkb: str) -> None:
        self._looks.append(look)
        self._wkb.append(wkb)
        if len(self._looks) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what has been taken."""
        shapes = _cut(shapely.from_wkb(np.array(self._wkb, dtype=object)))
        looks, self._looks, self._wkb = self._looks, [], []
        if looks:
            self._note_dry(looks, shapes)
            self._send(looks, shapes)

    def _note_dry(self, looks: list[Look], shapes: Any) -> None:
        """Remember where something stands on land."""
        dry = np.array([_stands(look) for look in looks], dtype=bool)
        lon, lat = shapely.get_coordinates(shapes[dry]).T
        self._dry |= coast.cells_of(lon, lat)

    def add_ground(self, within: coast.Box | None) -> None:
        """Send land and sea, when there is a coast."""
        if not self._coast:
            return
        ground = coast.ground(self._coast, self._dry, within)
        for kind, shapes in (("sea", ground.sea), ("land", ground.land)):
            look = Look("land", {"kind": kind}, drawing.MIN_ZOOM)
            self._send([look] * len(shapes), np.array(shapes, dtype=object))

    def _send(self, looks: list[Look], shapes: Any) -> None:
        zooms = _zooms(looks, shapes)
        shown = np.flatnonzero(zooms <= drawing.MAX_ZOOM)
        points = np.array([look.layer in ("names", "numbers") for look in looks], dtype=bool)
        shapes = np.where(points, shapely.point_on_surface(shapes), shapes)
        for geometry, at in zip(shapely.to_geojson(shapes[shown]), shown, strict=True):
            self.pipe.write(_feature(looks[at], int(zooms[at]), geometry))
        self.num_features += len(shown)


def _runs(way: Any, factory: Any) -> list[str]:
    """The way as lines, parted where nodes are not in the extract."""
    try:
        return [factory.create_linestring(way)]
    except osmium.InvalidLocationError:
        pass
    except RuntimeError:  # a way of one place
        return []
    runs: list[list[tuple[float, float]]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            runs[-1].append((node.lon, node.lat))
        elif runs[-1]:
            runs.append([])
    return [shapely.to_wkb(shapely.linestrings(run), hex=True) for run in runs if len(run) > 1]


def _stands(look: Look) -> bool:
    """Whether what looks so stands on land."""
    about = look.properties
    if look.layer == "roads":
        afloat = about["kind"] in ("ferry", "pier") or "bridge" in about or "tunnel" in about
        return not afloat
    # Mud flats and mangroves lie on the sea's side of the coastline.
    return look.layer in ("buildings", "green") and about.get("kind") != "wetland"


def _zooms(looks: list[Look], shapes: Any) -> NDArray[np.int64]:
    """The zoom from which each is shown; of areas without one of their own, by their size."""
    given = np.array([-1 if look.min_zoom is None else look.min_zoom for look in looks])
    pixels = np.array([_NAMED_PX if look.layer == "names" else _SEEN_PX for look in looks])
    _west, south, _east, north = shapely.bounds(shapes).T
    shrink = np.cos(np.radians((south + north) / 2))
    # The area as web mercator draws it, as a share of the world's square.
    share = np.maximum(shapely.area(shapes) / shrink / 360.0**2, 1e-18)
    seen = np.ceil(np.log2(pixels / share) / 2) - 8
    by_size = np.clip(seen, drawing.MIN_ZOOM, drawing.MAX_ZOOM + 1)
    return np.where(given >= 0, given, by_size).astype(np.int64)


def _cut(shapes: Any) -> Any:
    """The shapes, those that cross the antimeridian cut at it."""
    west, _south, east, _north = shapely.bounds(shapes).T
    for at in np.flatnonzero(east - west > 180):
        shapes[at] = _halves(shapes[at])
    return shapes


def _halves(shape: Any) -> Any:
    """A shape whose positions jump from one side of the world to the other, as its two sides."""
    east = shapely.transform(shape, lambda c: np.stack([c[:, 0] % 360.0, c[:, 1]], axis=1))
    here = shapely.intersection(east, shapely.box(0, -90, 180, 90))
    there = shapely.intersection(east, shapely.box(180, -90, 360, 90))
    return shapely.union_all([here, shapely.transform(there, lambda c: c - (360.0, 0.0))])


def _feature(look: Look, min_zoom: int, geometry: str) -> bytes:
    about = {"layer": look.layer, "minzoom": min_zoom}
    return (
        f'{{"type":"Feature","tippecanoe":{json.dumps(about)},'
        f'"properties":{json.dumps(look.properties, ensure_ascii=False)},"geometry":{geometry}}}\n'
    ).encode()
