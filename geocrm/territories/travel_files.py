"""Travel times between units out of a file, from whatever source: `from,to,minutes`.

A pair that the file leaves out takes the shortest way over pairs that it has, so a file of
neighbours is enough; where no such way leads, the straight line at a stated speed.
"""

from array import array
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from geocrm.errors import InvalidInput, Phrase
from geocrm.territories.plan_files import finder
from geocrm.territories.text_tables import Table, shown, tables
from geocrm.territories.travel_times import DEFAULT_SPEED_KMH, Floats, Int32s, Travel, Ways

# Rows that are in memory as text at a time.
_ROWS: Final = 20_000
_FROM: Final = ("from", "origin", "from_id", "source", "a", "dari")
_TO: Final = ("to", "destination", "to_id", "target", "b", "ke")
_MINUTES: Final = ("minutes", "min", "mins", "time_min", "duration_min", "travel_minutes", "menit")


def read(
    path: Path,
    ids: Sequence[str],
    lonlat: Floats | None = None,
    *,
    elsewhere: Collection[str] = (),
    speed_kmh: float = DEFAULT_SPEED_KMH,
) -> Travel:
    """The minutes between these units; those of units `elsewhere` are no matter."""
    ways = read_ways(path, list(dict.fromkeys((*ids, *elsewhere))))
    return ways.within(ids).travel(lonlat, speed_kmh)


def read_ways(path: Path, ids: Sequence[str]) -> Ways:
    """The times of the file, between units that are all among `ids`.

    Raises InvalidInput, naming row and remedy, for a unit that there is not, for a cell that holds
    no number from 0 up, and for a pair that has two different times.
    """
    rows = _Rows(ids)
    for table in tables(path, _ROWS):
        rows.take(table)
    start, end, minutes = rows.once(path.name)
    return Ways(path.name, tuple(ids), start, end, minutes)


class _Rows:
    """What has been read, a part of the file at a time."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids
        self._at = {code: row for row, code in enumerate(ids)}
        self._find: Callable[[str], str | None] = finder(ids)
        # What a text was found to mean: a file says the same few thousand again and again.
        self._known: dict[str, int] = {}
        self._start, self._end, self._number = array("i"), array("i"), array("q")
        self._minutes: list[Floats] = []

    def take(self, table: Table) -> None:
        """Add rows."""
        start, end, minutes = _columns(table)
        self._minutes.append(table.values(minutes, Phrase("the travel time"), least=0.0))
        for held, column in ((self._start, start), (self._end, end)):
            held.extend(self._unit(table, row, column) for row in range(len(table)))
        self._number.extend(table.numbers)

    def once(self, called: str) -> tuple[Int32s, Int32s, Floats]:
        """Each pair once, in the order of their ends; InvalidInput for one with two times."""
        start, end = (np.array(each, dtype=np.int32) for each in (self._start, self._end))
        minutes = np.concatenate(self._minutes)
        key = start.astype(np.int64) * len(self._ids) + end
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        other = np.flatnonzero(minutes != minutes[first][which])
        if len(other):
            row, before = int(other[0]), int(first[which[other[0]]])
            raise InvalidInput(
                "{place}: from {one} to {other} it is {minutes} here and {before} in a row above:"
                " keep one of the two",
                place=Phrase(
                    "{file}, {row}",
                    file=called,
                    row=Phrase("row {number}", number=str(self._number[row])),
                ),
                one=self._ids[start[row]],
                other=self._ids[end[row]],
                minutes=float(minutes[row]),
                before=float(minutes[before]),
            )
        return start[first], end[first], minutes[first]

    def _unit(self, table: Table, row: int, column: int) -> int:
        # Out of a file all cells are text.
        text = table.cells[row][column]
        found = self._known.get(text)
        if found is None:
            code = self._find(text)
            if code is None:
                raise InvalidInput(
                    "{place}: {unit} is none of the units: correct its id, or delete the row",
                    place=table.at(row, column),
                    unit=shown(text),
                )
            found = self._known[text] = self._at[code]
        return found


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
