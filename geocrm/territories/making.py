"""Units of one's own making: what is wished for, what it needs to know, and the cells.

Reading needs the database and is short; cutting needs none and may take a minute, so whoever calls
keeps no transaction open meanwhile.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any, Final, Self

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput, Phrase
from geocrm.places import queries as places
from geocrm.places.models import Boundary
from geocrm.places.queries import Unit
from geocrm.security import Actor
from geocrm.spatial import unit_making
from geocrm.spatial.neighbours import Edges, neighbour_edges
from geocrm.spatial.unit_making import Cells, Hexagons, Nearest, Part, Plane

MAX_UNITS: Final = 50_000
MAX_NAME: Final = 60
# A hexagon of which less than this share lies on the ground goes to its neighbour.
LEAST_SHARE: Final = 0.25
# Beyond this the earth is a sphere that no hexagon fits.
MAX_SIZE_KM: Final = 1_000.0
# Codes of administrative levels, those to come included.
_RESERVED: Final = re.compile(r"[a-z]{3}-adm\d")

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cutting:
    """How ground is cut: into hexagons so wide, cells of so many customers, or so many cells."""

    kind: str  # "hexagons", "customers" or "cells"
    amount: float

    def __post_init__(self) -> None:
        """Refuse a cutting that makes no units."""
        if self.kind == "hexagons":
            if not 0 < self.amount <= MAX_SIZE_KM:
                raise InvalidInput(
                    "Hexagons of {width} km cannot be made: give a width above 0 and up to {most}"
                    " km",
                    width=self.amount,
                    most=MAX_SIZE_KM,
                )
        elif self.kind not in ("customers", "cells"):
            raise InvalidInput(
                "{kind!r} is no way to cut: hexagons, customers or cells", kind=self.kind
            )
        elif self.amount < 1 or self.amount != int(self.amount):
            if self.kind == "customers":
                raise InvalidInput(
                    "{count} customers are not possible: give 1 or more", count=self.amount
                )
            raise InvalidInput("{count} cells are not possible: give 1 or more", count=self.amount)


@dataclass(frozen=True, slots=True)
class Wish:
    """Units that are wished for: ground, how all of it is cut, or how some of its units are."""

    name: str
    level: str | None = None  # of the ground's units; None is the finest there is
    within: str | None = None
    whole: Cutting | None = None
    splits: Mapping[str, Cutting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what can be refused without looking at the ground."""
        if not self.name.strip() or len(self.name.strip()) > MAX_NAME:
            raise InvalidInput("Units need a name of 1 to {most} characters", most=MAX_NAME)
        if not code_of(self.name):
            raise InvalidInput(
                "{name!r} has no letter or digit: give a name with some", name=self.name
            )
        if _RESERVED.match(code_of(self.name)):
            raise InvalidInput(
                "{name!r} reads like an administrative level: choose another name",
                name=self.name,
            )
        if (self.whole is None) == (not self.splits):
            raise InvalidInput(
                "Say how to cut: all of an area into hexagons or by customers, or some units of a"
                " level"
            )
        if self.whole is not None and self.within is None:
            raise InvalidInput("Say in which area to make units, such as idn-adm1:32")
        if self.splits and self.level is None:
            raise InvalidInput("Say of which level units are split, such as idn-adm2")

    def record(self) -> dict[str, Any]:
        """The wish as JSON."""
        return {
            "name": self.name,
            "level": self.level,
            "within": self.within,
            "whole": self.whole and asdict(self.whole),
            "splits": {code: asdict(cutting) for code, cutting in self.splits.items()},
        }

    @classmethod
    def of_record(cls, kept: Mapping[str, Any]) -> Self:
        """The wish that `record` made."""
        whole = kept["whole"]
        return cls(
            kept["name"],
            kept["level"],
            kept["within"],
            None if whole is None else Cutting(**whole),
            {code: Cutting(**one) for code, one in kept["splits"].items()},
        )


def code_of(name: str) -> str:
    """What a level with this name is called by."""
    return re.sub(r"[^a-z0-9]+", "-", name.strip().lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Ground:
    """The units to cut, with the customers that the actor sees in them, by place.

    `lonlat` (m, 2) are places, `count` (m,) the customers at each, `home` (m,) the unit.
    """

    units: list[Unit]
    shapes: NDArray[np.object_]
    lonlat: Floats
    count: Indices
    home: Indices
    # These units and all that lies below them.
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Made:
    """The cells of a ground, which lie beside each other, and how many customers lie in each."""

    wish: Wish
    ground: Ground
    cells: Cells
    edges: Edges
    population: Floats  # NaN where it is not known
    area_km2: Floats
    customers: Indices

    def names(self) -> list[str]:
        """A name for each cell: of a whole unit its own, else that of most of its ground."""
        parent, part = self.cells.parent(), self.cells.part
        found, seen = [], dict[int, int]()
        for unit, made in zip(parent.tolist(), (part >= 0).tolist(), strict=True):
            name = self.ground.units[unit].name
            seen[unit] = seen.get(unit, 0) + 1
            found.append(f"{name} {seen[unit]}" if made else name)
        return found


# ------------------------------------------------------------------------------ reading


def read(session: Session, actor: Actor, wish: Wish) -> Ground:
    """The ground of a wish; refuses what cannot be made of it.

    Raises InvalidInput for a level, area or unit that does not exist.
    """
    actor.require("design", "territory")
    level = wish.level or _finest(session, str(wish.within))
    if places.layer(session, level).made:
        raise InvalidInput("{level} was made already: cut an administrative level", level=level)
    units = places.units(session, level, wish.within)
    codes = [unit.code for unit in units]
    strange = [code for code in wish.splits if code not in set(codes)]
    if strange:
        area = Phrase("{level} in {area}", level=level, area=wish.within) if wish.within else level
        raise InvalidInput(
            "{unit} is no unit of {level}: split units that the level has",
            unit=strange[0],
            level=area,
        )
    below = [tuple(row) for row in session.execute(text(_BELOW), {"units": codes})]
    rows = scoped_sql(
        session, _CUSTOMERS, {"homes": [b for _, b in below], "units": [u for u, _ in below]}
    ).all()
    at = {code: row for row, code in enumerate(codes)}
    found = Ground(
        units,
        _shapes(session, codes),
        np.array([row[:2] for row in rows], dtype=np.float64).reshape(-1, 2),
        np.array([row[2] for row in rows], dtype=np.intp),
        np.array([at[row[3]] for row in rows], dtype=np.intp),
        sorted({code for _, code in below}),
    )
    _require_usable(wish, found)
    return found


def _finest(session: Session, within: str) -> str:
    """The finest administrative level that divides an area."""
    places.by_codes(session, [within])
    return str(session.execute(text(_FINEST), {"within": within}).scalar_one())


def _shapes(session: Session, codes: Collection[str]) -> NDArray[np.object_]:
    rows = session.execute(select(Boundary.code, Boundary.geom).where(Boundary.code.in_(codes)))
    shape = {code: shapely.from_wkb(bytes(geom.data)) for code, geom in rows.all()}
    return np.array([shape[code] for code in codes], dtype=object)


def _require_usable(wish: Wish, ground: Ground) -> None:
    at = {unit.code: row for row, unit in enumerate(ground.units)}
    for code, cutting in wish.splits.items() or [(str(wish.within), wish.whole)]:
        these = ground.home == at[code] if code in wish.splits else np.ones(len(ground.home), bool)
        if cutting is None or cutting.kind == "hexagons":
            continue
        if not these.any():
            raise InvalidInput(
                "You see no customers with a trustworthy place in {area}: import or geocode some,"
                " or make hexagons",
                area=code,
            )
        if cutting.kind == "customers":
            capacity = int(cutting.amount)
            _require_room(ground.lonlat[these], ground.count[these], capacity)
            cells = ceil(int(ground.count[these].sum()) / capacity)
            if cells > MAX_UNITS:
                raise _too_many(cells)


def _require_room(lonlat: Floats, count: Indices, capacity: int) -> None:
    most = int(np.argmax(count))
    if count[most] > capacity:
        lon, lat = lonlat[most]
        raise InvalidInput(
            "{count} customers stand on one point ({lon}, {lat}), which no outline can divide: ask"
            " for {count} or more a cell, or give them places of their own",
            count=int(count[most]),
            lon=f"{lon:.5f}",
            lat=f"{lat:.5f}",
        )


# ------------------------------------------------------------------------------ cutting


def make(wish: Wish, ground: Ground) -> Made:
    """Cut the ground. Raises InvalidInput when more than `MAX_UNITS` units would come out."""
    plane = Plane.of(ground.shapes)
    spots, count, home = _spots(ground, plane)
    at = {unit.code: row for row, unit in enumerate(ground.units)}
    parts = [
        _part(cutting, members, ground, plane, (spots, count, home))
        for cutting, members in (
            [(wish.whole, np.arange(len(ground.units)))]
            if wish.whole is not None
            else [(cutting, np.array([at[code]])) for code, cutting in wish.splits.items()]
        )
    ]
    cells = unit_making.cut(ground.shapes, plane, parts)
    if len(cells) > MAX_UNITS:
        raise _too_many(len(cells))
    parent = cells.parent()
    country = np.array([unit.country or "" for unit in ground.units])[parent]
    people = np.array(
        [np.nan if unit.population is None else unit.population for unit in ground.units]
    )
    return Made(
        wish=wish,
        ground=ground,
        cells=cells,
        edges=neighbour_edges(cells.shapes, country),
        population=cells.counted_out(people),
        # By the areas of the ground, which were measured on the ellipsoid.
        area_km2=cells.shared_out(np.array([unit.area_km2 for unit in ground.units])),
        customers=_counted(cells, plane, spots, count),
    )


def _part(
    cutting: Cutting,
    members: Indices,
    ground: Ground,
    plane: Plane,
    customers: tuple[Floats, Indices, Indices],
) -> Part:
    there = plane.unwrapped(ground.shapes[members])
    if cutting.kind == "hexagons":
        return _hexagons(cutting.amount, members, there, plane)
    spots, count, home = customers
    these = np.isin(home, members)
    km, weight, total = spots[these], count[these], int(count[these].sum())
    if cutting.kind == "customers":
        capacity, wanted = int(cutting.amount), None
        _require_room(plane.degrees(km), weight, capacity)
    else:
        wanted = int(cutting.amount)
        if wanted > len(km):
            raise InvalidInput(
                "{count} cells are more than the {places} places where customers are: ask for"
                " fewer",
                count=wanted,
                places=len(km),
            )
        # So even that a plan can balance them, so loose that outlines stay round.
        capacity = max(ceil(1.1 * total / wanted), int(weight.max()))
    found = unit_making.cluster(km, weight, capacity, wanted)
    if len(found) > MAX_UNITS:
        raise _too_many(len(found))
    pattern = Nearest(plane, km, found.cell)
    return Part(members, pattern, pattern.lines(there))


def _hexagons(width_km: float, members: Indices, there: Any, plane: Plane) -> Part:
    area = unit_making.hexagon_area_km2(width_km)
    least = float(plane.area_km2(there).sum()) / area
    if least > MAX_UNITS:
        raise _too_many(round(least))
    pattern = Hexagons(plane, width_km)
    return Part(members, pattern, pattern.lines(pattern.over(there)), LEAST_SHARE * area)


def _too_many(count: int) -> InvalidInput:
    return InvalidInput(
        "That would be about {count} units, and at most {most} can be made: make them larger, or"
        " choose a smaller area",
        count=count,
        most=MAX_UNITS,
    )


def _spots(ground: Ground, plane: Plane) -> tuple[Floats, Indices, Indices]:
    """Places of customers on the plane, each once, brought ashore where they lie just off it."""
    if not len(ground.lonlat):
        return np.empty((0, 2)), ground.count, ground.home
    points: Any = shapely.points(ground.lonlat)
    homes = ground.shapes[ground.home]
    off = np.flatnonzero(~shapely.covers(homes, points))
    points[off] = shapely.get_point(shapely.shortest_line(points[off], homes[off]), -1)
    km = plane.flat(shapely.get_coordinates(points))
    # A millimetre apart is the same place.
    _, first, which = np.unique(np.round(km, 6), axis=0, return_index=True, return_inverse=True)
    count = np.bincount(which.reshape(-1), weights=ground.count).astype(np.intp)
    return km[first], count, ground.home[first]


def _counted(cells: Cells, plane: Plane, spots: Floats, count: Indices) -> Indices:
    """How many customers lie in each cell; of those on a border in the first."""
    if not len(spots):
        return np.zeros(len(cells), dtype=np.intp)
    lonlat = plane.degrees(spots)
    lonlat[:, 0] = (lonlat[:, 0] + 180) % 360 - 180
    nearest = shapely.STRtree(cells.shapes).query_nearest(shapely.points(lonlat))
    spot, first = np.unique(nearest[0], return_index=True)
    found = np.bincount(nearest[1][first], weights=count[spot], minlength=len(cells))
    return found.astype(np.intp)


# ------------------------------------------------------------------------------ SQL

_FINEST: Final = """
    WITH RECURSIVE below(code) AS (
        SELECT code FROM boundaries WHERE code = :within
        UNION ALL
        SELECT b.code FROM below JOIN boundaries b ON b.parent = below.code
    )
    SELECT l.code FROM below JOIN boundaries b USING (code)
    JOIN boundary_layers l ON l.code = b.layer
    WHERE NOT l.made GROUP BY l.code, l.level ORDER BY l.level DESC, count(*) DESC LIMIT 1
"""
_BELOW: Final = """
    WITH RECURSIVE below(unit, code) AS (
        SELECT code, code FROM boundaries WHERE code = ANY(:units)
        UNION ALL
        SELECT below.unit, b.code FROM below JOIN boundaries b ON b.parent = below.code
        JOIN boundary_layers l ON l.code = b.layer WHERE NOT l.made
    )
    SELECT unit, code FROM below
"""
_CUSTOMERS: Final = """
    SELECT ST_X(s.geom), ST_Y(s.geom), count(*), h.unit
    FROM account_scope s
    JOIN unnest(CAST(:homes AS text[]), CAST(:units AS text[])) h(home, unit) ON h.home = s.unit
    WHERE s.geom IS NOT NULL AND {scope:s}
    GROUP BY 1, 2, 4 ORDER BY 1, 2, 4
"""
