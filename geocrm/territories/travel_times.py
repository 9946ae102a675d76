"""Minutes between units: those of a file, the shortest ways over these, straight lines beyond.

A way counts there and back: the mean of both directions, or the one that is known.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from geocrm.errors import InvalidInput
from geocrm.spatial.districting import Objective
from geocrm.spatial.geodesy import great_circle_m
from geocrm.territories.wishes import Wishes
from geocrm.territories.workload import METRES_PER_KM, Cadence

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]

# As on the way of a visit: 35 km/h, and a third longer than the straight line.
DEFAULT_SPEED_KMH: Final = Cadence().speed_m_s * 3.6
_DETOUR: Final = Cadence().detour
MINUTES_PER_HOUR: Final = 60.0
# The minutes of all pairs are in memory.
MAX_UNITS: Final = 3_000
_DIGITS: Final = 32
_CHECKSUM_DIGITS: Final = 12


class Pairs(NamedTuple):
    """How many pairs of units are in a file, joined by ways over those, or by neither."""

    known: int
    pieced: int
    straight: int


@dataclass(frozen=True, slots=True)
class Ways:
    """One-way minutes as a file has them: of each pair once, in the order of the rows of `ids`.

    `start`, `end` and `minutes` have shape (m,); `ids` are the units that the file may name.
    """

    called: str
    ids: tuple[str, ...]
    start: Int32s
    end: Int32s
    minutes: Floats

    @property
    def digest(self) -> str:
        """The same for the same times, in whatever order and under whatever name."""
        return _digest(self.ids, self.start, self.end, self.minutes)[:_DIGITS]

    def within(self, ids: Sequence[str]) -> "Net":
        """What is known between these units; InvalidInput where that is nothing."""
        if len(ids) > MAX_UNITS:
            raise InvalidInput(
                "Travel times are for up to {most} units, not {count}: divide a part of the area,"
                " or take larger units",
                most=MAX_UNITS,
                count=len(ids),
            )
        at = {code: row for row, code in enumerate(ids)}
        row = np.array([at.get(code, -1) for code in self.ids], dtype=np.int32)
        start, end = row[self.start], row[self.end]
        inside = (start >= 0) & (end >= 0)
        start, end, minutes = start[inside], end[inside], self.minutes[inside]
        net = _both_ways(self.called, tuple(ids), start, end, minutes)
        if not net.pairs.known and len(ids) > 1:
            raise InvalidInput(
                "{file} has no travel time between two of the units: name a file of this area",
                file=self.called,
            )
        return net


@dataclass(frozen=True, slots=True)
class Net:
    """Minutes there and back between n units, for each known pair (low, high) once."""

    called: str
    checksum: str
    ids: tuple[str, ...]
    low: Int32s
    high: Int32s
    minutes: Floats
    pairs: Pairs

    def travel(self, lonlat: Floats | None, speed_kmh: float) -> "Travel":
        """The minutes of all pairs; `lonlat`, shape (n, 2), places the units if that is known."""
        require_speed(speed_kmh)
        minutes = self._shortest()
        if self.pairs.straight:
            if lonlat is None:
                raise self._apart(minutes)
            _fill_by_line(minutes, lonlat, speed_kmh)
        minutes[self.low, self.high] = self.minutes
        minutes[self.high, self.low] = self.minutes
        return Travel(self.called, self.checksum, minutes, self.pairs, speed_kmh, lonlat)

    def record(self, speed_kmh: float) -> dict[str, Any]:
        """What is kept with a plan: enough to know the file again."""
        require_speed(speed_kmh)
        return _record(self.called, self.checksum, speed_kmh, self.pairs)

    def _shortest(self) -> Floats:
        """The shortest ways over known pairs, inf where none leads; 0s where all are known."""
        shape = (len(self.ids), len(self.ids))
        if not (self.pairs.pieced or self.pairs.straight):
            return np.zeros(shape)
        apart = self.low != self.high
        ends = (self.low[apart], self.high[apart])
        net = coo_array((self.minutes[apart], ends), shape=shape).tocsr()
        return np.asarray(dijkstra(net, directed=False))

    def _apart(self, minutes: Floats) -> InvalidInput:
        one, other = np.argwhere(np.isinf(minutes))[0].tolist()
        return InvalidInput(
            "{file} joins {one} and {other} by no pair or chain of pairs, and without lon and lat"
            " of the units nothing can be estimated: add a row for them",
            file=self.called,
            one=self.ids[one],
            other=self.ids[other],
        )


@dataclass(frozen=True, slots=True)
class Travel:
    """Minutes between n units, shape (n, n); `pairs` are straight lines at `speed_kmh` in part."""

    called: str
    checksum: str
    minutes: Floats
    pairs: Pairs
    speed_kmh: float
    lonlat: Floats | None

    def record(self) -> dict[str, Any]:
        """What is kept with a plan: enough to know the file again."""
        return _record(self.called, self.checksum, self.speed_kmh, self.pairs)

    def words(self) -> str:
        """Where the minutes come from."""
        known, pieced, straight = self.pairs
        found = f"{self.called} gives the minutes of {known:,} pairs of units"
        if pieced:
            found += f"; {pieced:,} go the shortest way over those"
        if straight:
            found += (
                f"; {straight:,} that no such way joins are estimated: the straight line"
                f" x {_DETOUR:g} at {self.speed_kmh:g} km/h"
            )
        return found

    def from_centres(self, centres: Sequence[tuple[float, float]]) -> Floats | None:
        """Minutes between each unit and each given centre, shape (n, k); None without centres.

        A centre is reached by its nearest unit, and from there on the straight line.
        """
        if not centres:
            return None
        if self.lonlat is None:
            raise InvalidInput("Centres need the place of each unit (lon and lat)")
        found = np.empty((len(self.minutes), len(centres)))
        for column, (lon, lat) in enumerate(centres):
            away = _straight(
                great_circle_m(self.lonlat[:, 0], self.lonlat[:, 1], lon, lat), self.speed_kmh
            )
            nearest = int(np.argmin(away))
            found[:, column] = self.minutes[:, nearest] + away[nearest]
        return found


def require_speed(speed_kmh: float) -> None:
    """Refuse a speed that nobody drives."""
    if not 0 < speed_kmh < np.inf:
        raise InvalidInput("A speed of {speed} km/h is not possible", speed=speed_kmh)


def speed_of(times: Mapping[str, Any]) -> float:
    """The speed of a `record`, km/h."""
    return float(times.get("speed_kmh", DEFAULT_SPEED_KMH))


def travel_of(wishes: Wishes, travel: Travel | None) -> Travel | None:
    """The travel times that are wished; InvalidInput where a plan had some that are not here."""
    if wishes.objective is not Objective.TRAVEL:
        return None
    if wishes.times and travel is None:
        raise InvalidInput(
            "This plan was designed with the travel times of {file}, which are not kept here: give"
            " that file again (--times)",
            file=str(wishes.times.get("file")),
        )
    return travel


def _both_ways(
    called: str, ids: tuple[str, ...], start: Int32s, end: Int32s, minutes: Floats
) -> Net:
    n = len(ids)
    key, which, count = np.unique(
        np.minimum(start, end).astype(np.int64) * n + np.maximum(start, end),
        return_inverse=True,
        return_counts=True,
    )
    low, high = (each.astype(np.int32) for each in np.divmod(key, max(n, 1)))
    apart = low != high
    net = coo_array((np.ones(int(apart.sum())), (low[apart], high[apart])), shape=(n, n))
    sizes = np.bincount(connected_components(net, directed=False)[1]).astype(np.int64)
    joined, known = int((sizes * (sizes - 1) // 2).sum()), int(apart.sum())
    return Net(
        called=called,
        checksum=_digest(ids, start, end, minutes)[:_CHECKSUM_DIGITS],
        ids=ids,
        low=low,
        high=high,
        minutes=np.bincount(which, weights=minutes, minlength=len(key)) / count,
        pairs=Pairs(known, joined - known, n * (n - 1) // 2 - joined),
    )


def _fill_by_line(minutes: Floats, lonlat: Floats, speed_kmh: float) -> None:
    """Straight lines where no way leads; a row at a time, as most of the pairs may be so."""
    for row, found in enumerate(minutes):
        apart = np.flatnonzero(np.isinf(found[row:])) + row
        lon, lat = lonlat[row]
        away = _straight(great_circle_m(lonlat[apart, 0], lonlat[apart, 1], lon, lat), speed_kmh)
        found[apart] = away
        minutes[apart, row] = away


def _straight(metres: Floats, speed_kmh: float) -> Floats:
    return metres / METRES_PER_KM * _DETOUR / speed_kmh * MINUTES_PER_HOUR


def _record(called: str, checksum: str, speed_kmh: float, pairs: Pairs) -> dict[str, Any]:
    return {
        "file": called,
        "checksum": checksum,
        "speed_kmh": speed_kmh,
        "pairs": pairs._asdict(),
    }


def _digest(ids: Sequence[str], start: Int32s, end: Int32s, minutes: Floats) -> str:
    """A fingerprint of the rows by the codes of their units, whatever else `ids` holds."""
    used = np.union1d(start, end).tolist()
    by_code = sorted(used, key=lambda row: ids[row])
    rank = np.full(len(ids), -1, dtype="<i4")
    rank[by_code] = np.arange(len(by_code))
    a, b = rank[start], rank[end]
    order = np.lexsort((b, a))
    said = hashlib.sha256("\n".join(ids[row] for row in by_code).encode())
    for column in (a, b, minutes.astype("<f8")):
        said.update(np.ascontiguousarray(column[order]).tobytes())
    return said.hexdigest()
