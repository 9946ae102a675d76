"""Units and their neighbours out of files, so that territories can be designed without a database.

Units: a CSV table `id,weight[,lon,lat | x,y][,more numbers]`, or GeoJSON whose shared borders make
the neighbours. Neighbours: `unit_edges`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import InvalidInput, Phrase
from geocrm.spatial.districting import bridges, components
from geocrm.territories import text_tables, unit_edges, unit_shapes
from geocrm.territories.text_tables import Table, listed

MAX_UNITS: Final = 250_000
_ID: Final = ("id", "code", "unit", "geoid", "geoid10", "geoid20", "fips", "kode", "name")
_LON: Final = ("lon", "lng", "long", "longitude")
_LAT: Final = ("lat", "latitude")
_PARENT: Final = ("parent", "parent_id")
_AREA: Final = ("area_km2",)
_WEIGHT: Final = "weight"
_GEOJSON: Final = (".geojson", ".json")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnitFile:
    """Units with their loads, places and neighbours, n of them in the order of the file.

    Either lon and lat (degrees) or x and y (planar, any unit) are known, or neither. `weights` has
    shape (n, m), a column for each of `measures`; `edges` has shape (e, 2); `edge_length` (e,) is
    in the unit of the file, metres where it was measured on outlines. `unusable` says of numeric
    columns that are no measure why not; `notes` what the person should know although all is fine.
    """

    called: str
    ids: tuple[str, ...]
    measures: tuple[str, ...]
    weights: Floats
    edges: NDArray[np.intp]
    edge_length: Floats | None = None
    lon: Floats | None = None
    lat: Floats | None = None
    x: Floats | None = None
    y: Floats | None = None
    area_km2: Floats | None = None
    parents: tuple[str, ...] | None = None
    # Valid (multi)polygons in degrees, shape (n,), where the file has outlines.
    shapes: NDArray[np.object_] | None = None
    unusable: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def weight(self, measure: str | None = None) -> Floats:
        """The load of each unit, shape (n,), by the measure of this name, or by the first.

        Raises InvalidInput for a column that there is not, or that holds something else than loads.
        """
        if measure is None:
            return self.weights[:, 0]
        return self.weights[:, self.measures.index(self.measure(measure))]

    def measure(self, called: str) -> str:
        """The measure that somebody calls so, in whatever case; InvalidInput when there is none."""
        wanted = text_tables.plain(called)
        for name in self.measures:
            if text_tables.plain(name) == wanted:
                return name
        for name, reason in self.unusable:
            if text_tables.plain(name) == wanted:
                raise InvalidInput(reason)
        raise InvalidInput(
            "{file} has no column {measure!r}: choose among {columns}",
            file=self.called,
            measure=called,
            columns=listed(self.measures, 12),
        )

    def lonlat(self) -> Floats | None:
        """Places in degrees, shape (n, 2), where they are known."""
        if self.lon is None or self.lat is None:
            return None
        return np.column_stack([self.lon, self.lat])

    def led_by(self, measure: str | None) -> "UnitFile":
        """The same units with this measure first, where there is such a one."""
        if measure not in self.measures:
            return self
        first = self.measures.index(measure)
        order = [first, *(at for at in range(len(self.measures)) if at != first)]
        return replace(
            self,
            measures=tuple(self.measures[at] for at in order),
            weights=self.weights[:, order],
        )


def read(units: Path, edges: Path | None = None, measures: Sequence[str] = ()) -> UnitFile:
    """The units of a file, with the neighbours of another where one is given.

    `measures` are the columns that must hold loads; without them `weight`, or the first column of
    numbers. Raises InvalidInput, naming file, row, column, value and remedy.
    """
    found = read_units(units, measures, with_neighbours=edges is None)
    return found if edges is None else with_edges(found, edges)


def read_units(
    path: Path, measures: Sequence[str] = (), *, with_neighbours: bool = True
) -> UnitFile:
    """The units of a CSV or GeoJSON file; neighbours come from shared borders, where it has any."""
    if path.suffix.lower() not in _GEOJSON and not _opens_json(path):
        return _units(text_tables.read_table(path), measures)
    table, shapes = unit_shapes.read_features(path)
    found = _units(table, measures)
    where = unit_shapes.placed(shapes, found.ids, table, with_neighbours=with_neighbours)
    return replace(
        found,
        lon=where.lon,
        lat=where.lat,
        x=None,
        y=None,
        area_km2=where.area_km2 if where.area_km2 is not None else found.area_km2,
        shapes=where.shapes,
        edges=found.edges if where.edges is None else where.edges,
        edge_length=where.edge_length_m,
        notes=where.notes,
    )


def with_edges(units: UnitFile, path: Path) -> UnitFile:
    """The units with the neighbours that a file lists, instead of any they had."""
    found = unit_edges.read(path, units.ids, units.called)
    return replace(
        units,
        edges=found.pairs,
        edge_length=found.length,
        notes=(*units.notes, *found.notes),
    )


def require_connected(units: UnitFile) -> None:
    """Refuse units that their edges do not join into one piece, naming the pieces."""
    if len(units) > 1 and not len(units.edges):
        raise InvalidInput(
            "No edges are known between the {count} units of {file}: name a file a,b[,length] with"
            " --edges, or give outlines as GeoJSON",
            count=len(units),
            file=units.called,
        )
    part = components(len(units), units.edges)
    count = int(part.max()) + 1
    if count == 1:
        return
    sizes = np.bincount(part)
    largest = np.argsort(-sizes, kind="stable")
    pieces = [_piece(units, np.flatnonzero(part == at)) for at in largest[:4]]
    if count > 4:
        pieces.append(Phrase("and {count} more pieces", count=count - 4))
    raise InvalidInput(
        "The {units} units of {file} are in {count} pieces that no edge joins, of {pieces}. Add"
        " edges {between}, or design each piece by itself",
        units=len(units),
        file=units.called,
        count=count,
        pieces=tuple(pieces),
        between=_closest(units),
    )


def _piece(units: UnitFile, members: NDArray[np.intp]) -> Phrase:
    """How many units a piece has, and some of them."""
    some = listed([units.ids[at] for at in members[:4]], 3)
    if len(members) > 4:
        return Phrase("{count} ({units}, ...)", count=len(members), units=some)
    return Phrase("{count} ({units})", count=len(members), units=some)


def _closest(units: UnitFile) -> Phrase:
    """Where an edge would help, with the shortest such one where places are known."""
    if units.lon is None or units.lat is None:
        return Phrase("between them")
    a, b = bridges(units.lon, units.lat, units.edges)[0]
    edge = f"{units.ids[a]},{units.ids[b]}"
    return Phrase("between them (the closest: {edge})", edge=edge)


# ------------------------------------------------------------------------------ units


def _units(table: Table, measures: Sequence[str]) -> UnitFile:
    if len(table) > MAX_UNITS:
        raise InvalidInput(
            "{file} has {count} units, more than {most}: divide a part, or join small units first",
            file=table.called,
            count=len(table),
            most=MAX_UNITS,
        )
    ids = _ids(table)
    lon, lat = _degrees(table)
    x, y = (None, None) if lon is not None else _pair_of(table, ("x",), ("y",), Phrase("the place"))
    area = table.column(*_AREA)
    parent = table.column(*_PARENT)
    names, weights, unusable = _loads(table, measures)
    return UnitFile(
        called=table.called,
        ids=ids,
        measures=names,
        weights=weights,
        edges=np.empty((0, 2), dtype=np.intp),
        lon=lon,
        lat=lat,
        x=x,
        y=y,
        area_km2=None if area is None else table.values(area, Phrase("the area"), least=0),
        parents=None
        if parent is None
        else tuple(table.text(row, parent) for row in range(len(table))),
        unusable=unusable,
    )


def _ids(table: Table) -> tuple[str, ...]:
    column = table.column(*_ID)
    if column is None:
        raise InvalidInput(
            "{file} has no column 'id' that names the units (found: {columns}): call it id",
            file=table.called,
            columns=listed(table.columns, 8),
        )
    first: dict[str, int] = {}
    for row in range(len(table)):
        name = table.text(row, column)
        if not name:
            raise InvalidInput(
                "{place}: the unit has no id: give it one",
                place=table.at(row, column),
            )
        if len(name) > text_tables.MAX_TEXT:
            raise InvalidInput(
                "{place}: the id {unit} has {count} characters: {most} are the most",
                place=table.at(row, column),
                unit=text_tables.shown(name),
                count=len(name),
                most=text_tables.MAX_TEXT,
            )
        if name in first:
            raise InvalidInput(
                "{place}: the unit {unit!r} is there already, in {first}: every unit needs an id of"
                " its own; join its parts into one",
                place=table.at(row, column),
                unit=name,
                first=table.row(first[name]),
            )
        first[name] = row
    return tuple(first)


def _loads(
    table: Table, wanted: Sequence[str]
) -> tuple[tuple[str, ...], Floats, tuple[tuple[str, str], ...]]:
    """The columns that hold loads, those asked for first; and of the others why they do not."""
    required = _required(table, wanted)
    reserved = {
        table.column(*names)
        for names in (_ID, _LON, _LAT, _PARENT, _AREA, ("x",), ("y",), ("name",))
    }
    names, columns, unusable = [], [], []
    others = [at for at in range(len(table.columns)) if at not in reserved and at not in required]
    for at in (*required, *others):
        try:
            column = table.values(
                at, Phrase("the weight") if at in required else Phrase("the value"), least=0
            )
        except InvalidInput as reason:
            if at in required:
                raise
            unusable.append((table.columns[at], reason.phrase))
            continue
        names.append(table.columns[at])
        columns.append(column)
    if not columns:
        raise InvalidInput(
            "{file} has no column 'weight' with the load of each unit (found: {columns}): add one"
            " with numbers of 0 or more",
            file=table.called,
            columns=listed(table.columns, 8),
        )
    return tuple(names), np.column_stack(columns), tuple(unusable)


def _required(table: Table, wanted: Sequence[str]) -> list[int]:
    if not wanted:
        column = table.column(_WEIGHT)
        return [] if column is None else [column]
    found = []
    for name in dict.fromkeys(wanted):
        column = table.column(name)
        if column is None:
            raise InvalidInput(
                "{file} has no column {name!r} (found: {columns}): name a column with the load of"
                " each unit",
                file=table.called,
                name=name,
                columns=listed(table.columns, 12),
            )
        found.append(column)
    return found


def _degrees(table: Table) -> tuple[Floats, Floats] | tuple[None, None]:
    lon, lat = _pair_of(table, _LON, _LAT, Phrase("the place"))
    if lon is None or lat is None:
        return None, None
    wrong = (np.abs(lon) > 180) | (np.abs(lat) > 90)
    if not wrong.any():
        return lon, lat
    row = int(np.flatnonzero(wrong)[0])
    where = Phrase(
        "{place}: lon {lon}, lat {lat} is no place in degrees",
        place=table.at(row),
        lon=lon[row],
        lat=lat[row],
    )
    if (np.abs(lat) <= 180).all() and (np.abs(lon) <= 90).all():
        raise InvalidInput(
            "{place}: lon and lat look swapped; exchange the names of the columns",
            place=where,
        )
    raise InvalidInput(
        "{place}: write degrees (lon -180 to 180, lat -90 to 90), or call planar columns x and y",
        place=where,
    )


def _pair_of(
    table: Table, one: Sequence[str], other: Sequence[str], purpose: str
) -> tuple[Floats, Floats] | tuple[None, None]:
    """Two columns that only make sense together."""
    a, b = table.column(*one), table.column(*other)
    if a is None and b is None:
        return None, None
    if a is None or b is None:
        there, lacking = (table.columns[a], other[0]) if a is not None else ("", one[0])
        there = there or table.columns[b or 0]
        raise InvalidInput(
            "{file} has a column {there!r} but no {lacking!r}: add it, or leave out both",
            file=table.called,
            there=there,
            lacking=lacking,
        )
    return table.values(a, purpose), table.values(b, purpose)


def _opens_json(path: Path) -> bool:
    """Whether a file of another ending is JSON all the same."""
    text_tables.require_usable(path)
    with path.open("rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
