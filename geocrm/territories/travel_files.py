"""Travel times between units out of a file, from whatever source: `from,to,minutes`.

A way counts there and back: the mean of both directions, or the one that is known. A pair that the
file leaves out takes the shortest way over pairs that it has, so a file of neighbours is enough;
where no such way leads, the straight line at a stated speed.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geocrm.errors import InvalidInput, Phrase
from geocrm.spatial.districting import Objective
from geocrm.spatial.geodesy import distance_matrix_m, great_circle_m
from geocrm.territories.plan_files import finder
from geocrm.territories.text_tables import Table, read_table, shown
from geocrm.territories.wishes import Wishes
from geocrm.territories.workload import METRES_PER_KM, Cadence

Floats = NDArray[np.float64]

# As on the way of a visit: 35 km/h, and a third longer than the straight line.
DEFAULT_SPEED_KMH: Final = Cadence().speed_m_s * 3.6
_DETOUR: Final = Cadence().detour
MINUTES_PER_HOUR: Final = 60.0
# The minutes of all pairs are in memory, several times.
MAX_UNITS: Final = 3_000
_FROM: Final = ("from", "origin", "from_id", "source", "a", "dari")
_TO: Final = ("to", "destination", "to_id", "target", "b", "ke")
_MINUTES: Final = ("minutes", "min", "mins", "time_min", "duration_min", "travel_minutes", "menit")
_CHECKSUM_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Travel:
    """Minutes between n units.

    `minutes` has shape (n, n). Of the pairs of units, `known` stand in the file, `pieced` are the
    shortest way over those, and `straight` are estimated by straight lines at `speed_kmh`.
    """

    called: str
    checksum: str
    minutes: Floats
    known: int
    pieced: int
    straight: int
    speed_kmh: float
    lonlat: Floats | None

    def record(self) -> dict[str, Any]:
        """What is kept with a plan: enough to know the file again."""
        return {
            "file": self.called,
            "checksum": self.checksum,
            "speed_kmh": self.speed_kmh,
            "pairs": {"known": self.known, "pieced": self.pieced, "straight": self.straight},
        }

    def words(self) -> str:
        """Where the minutes come from."""
        found = f"{self.called} gives the minutes of {self.known:,} pairs of units"
        if self.pieced:
            found += f"; {self.pieced:,} go the shortest way over those"
        if self.straight:
            found += (
                f"; {self.straight:,} that no such way joins are estimated: the straight line"
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


def travel_of(wishes: Wishes, travel: Travel | None) -> Travel | None:
    """The travel times that are wished; InvalidInput where a plan had some that are not here."""
    if wishes.objective is not Objective.TRAVEL:
        return None
    if wishes.times and travel is None:
        raise InvalidInput(
            "This plan was designed with the travel times of {file}: name that file with --times",
            file=str(wishes.times.get("file")),
        )
    return travel


def read(
    path: Path,
    ids: Sequence[str],
    lonlat: Floats | None = None,
    *,
    elsewhere: Collection[str] = (),
    speed_kmh: float = DEFAULT_SPEED_KMH,
) -> Travel:
    """The minutes between these units; those of units `elsewhere` are no matter.

    Raises InvalidInput, naming row and remedy, for a unit that there is not, for a cell that holds
    no number from 0 up, and for a pair that has two different times.
    """
    if len(ids) > MAX_UNITS:
        raise InvalidInput(
            "Travel times are for up to {most} units, not {count}: divide a part of the area, or"
            " take larger units",
            most=MAX_UNITS,
            count=len(ids),
        )
    if not 0 < speed_kmh < np.inf:
        raise InvalidInput("A speed of {speed} km/h is not possible", speed=speed_kmh)
    one_way = _one_way(read_table(path), ids, elsewhere)
    return _filled(path.name, one_way, ids, lonlat, speed_kmh)


def _one_way(table: Table, ids: Sequence[str], elsewhere: Collection[str]) -> Floats:
    """Minutes from (row) each unit to (column) each, NaN where the file has none."""
    start, end, minutes = _columns(table)
    values = table.values(minutes, Phrase("the travel time"), least=0.0)
    find = finder(list(dict.fromkeys((*ids, *elsewhere))))
    at = {code: row for row, code in enumerate(ids)}
    found = np.full((len(ids), len(ids)), np.nan)
    for row in range(len(table)):
        ends = [_unit(table, row, column, find) for column in (start, end)]
        if ends[0] not in at or ends[1] not in at:
            continue
        a, b = at[ends[0]], at[ends[1]]
        if not np.isnan(found[a, b]) and found[a, b] != values[row]:
            raise InvalidInput(
                "{place}: from {one} to {other} it is {minutes} here and {before} in a row above:"
                " keep one of the two",
                place=table.at(row),
                one=ends[0],
                other=ends[1],
                minutes=float(values[row]),
                before=float(found[a, b]),
            )
        found[a, b] = values[row]
    return found


def _unit(table: Table, row: int, column: int, find: Callable[[str], str | None]) -> str:
    text = table.text(row, column)
    code = find(text)
    if code is None:
        raise InvalidInput(
            "{place}: {unit} is none of the units: correct its id, or delete the row",
            place=table.at(row, column),
            unit=shown(text),
        )
    return code


def _columns(table: Table) -> tuple[int, int, int]:
    start, end, minutes = (table.column(*names) for names in (_FROM, _TO, _MINUTES))
    if start is None or end is None or minutes is None:
        raise InvalidInput(
            "{file} needs the columns from, to and minutes (found: {columns}): name them so in the"
            " first row",
            file=table.called,
            columns=", ".join(table.columns),
        )
    return start, end, minutes


def _filled(
    called: str, one_way: Floats, ids: Sequence[str], lonlat: Floats | None, speed_kmh: float
) -> Travel:
    checksum = _checksum(one_way, ids)
    minutes = np.where(np.isnan(one_way), one_way.T, one_way)
    minutes = (minutes + minutes.T) / 2
    own = np.arange(len(ids))
    minutes[own, own] = np.where(np.isnan(minutes[own, own]), 0.0, minutes[own, own])
    missing = np.isnan(minutes)
    upper = np.triu(np.ones_like(missing), 1)
    known = int((upper & ~missing).sum())
    if not known and len(ids) > 1:
        raise InvalidInput(
            "{file} has no travel time between two of the units: name a file of this area",
            file=called,
        )
    if missing.any():
        minutes[missing] = _over_known(minutes, upper & ~missing)[missing]
    apart = np.isinf(minutes)
    if apart.any():
        minutes[apart] = _by_line(called, ids, lonlat, speed_kmh, apart)[apart]
    return Travel(
        called=called,
        checksum=checksum,
        minutes=minutes,
        known=known,
        pieced=int((upper & missing & ~apart).sum()),
        straight=int((upper & apart).sum()),
        speed_kmh=speed_kmh,
        lonlat=lonlat,
    )


def _over_known(minutes: Floats, pairs: NDArray[np.bool_]) -> Floats:
    """The shortest ways over known pairs, inf where none leads."""
    a, b = np.nonzero(pairs)
    net = coo_array((minutes[a, b], (a, b)), shape=minutes.shape).tocsr()
    return np.asarray(dijkstra(net, directed=False))


def _by_line(
    called: str,
    ids: Sequence[str],
    lonlat: Floats | None,
    speed_kmh: float,
    apart: NDArray[np.bool_],
) -> Floats:
    if lonlat is None:
        a, b = np.argwhere(apart)[0].tolist()
        raise InvalidInput(
            "{file} joins {one} and {other} by no pair or chain of pairs, and without lon and lat"
            " of the units nothing can be estimated: add a row for them",
            file=called,
            one=ids[a],
            other=ids[b],
        )
    return _straight(distance_matrix_m(lonlat[:, 0], lonlat[:, 1]), speed_kmh)


def _straight(metres: Floats, speed_kmh: float) -> Floats:
    return metres / METRES_PER_KM * _DETOUR / speed_kmh * MINUTES_PER_HOUR


def _checksum(one_way: Floats, ids: Sequence[str]) -> str:
    """The same for the same times of these units, in whatever order the file has them."""
    a, b = np.nonzero(~np.isnan(one_way))
    rows = sorted(
        f"{ids[i]},{ids[j]},{one_way[i, j]!r}" for i, j in zip(a.tolist(), b.tolist(), strict=True)
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:_CHECKSUM_DIGITS]
