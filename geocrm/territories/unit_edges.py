"""Which units lie beside each other: a CSV table `a,b[,length]`, with or without a header."""

from collections.abc import Collection, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocrm.customers.imports import encoding
from geocrm.errors import InvalidInput, Phrase
from geocrm.territories import text_tables

_A: Final = ("a", "from", "source", "u", "i", "unit", "unit_a", "id", "id1", "node1", "src")
_B: Final = ("b", "to", "target", "v", "j", "neighbour", "neighbor", "unit_b", "id2", "node2",
             "dst")  # fmt: skip
_ENCODINGS: Final = ("utf-8", *encoding.LIKELY)
_LENGTH: Final = ("length", "length_m", "len", "border", "shared_perim", "weight")


class Edges(NamedTuple):
    """Neighbours as rows of the units, shape (e, 2), once each; lengths (e,) where all have one."""

    pairs: NDArray[np.intp]
    length: NDArray[np.float64] | None
    notes: tuple[str, ...]


def read(path: Path, ids: Sequence[str], called: str) -> Edges:
    """The neighbours that a file lists among these units; `called` is the file they are of."""
    rows = _rows(path, set(ids))
    start, columns = _edge_columns(rows, ids)
    at = text_tables.positions(ids)
    lengths: dict[tuple[int, int], float | None] = {}
    twice = 0
    for number, cells in rows[start:]:
        where = Phrase("{file}, row {number}", file=path.name, number=str(number))
        pair = _pair(cells, columns, at, where, called)
        length = _length(cells, columns, where)
        if pair in lengths:
            twice += 1
            _require_same(lengths[pair], length, ids, pair, where)
        lengths[pair] = length
    pairs = np.array(sorted(lengths), dtype=np.intp).reshape(-1, 2)
    known = [lengths[int(a), int(b)] for a, b in pairs]
    return Edges(
        pairs,
        None if None in known else np.array(known, dtype=np.float64),
        (f"{path.name} lists {twice:,} edges twice; they count once",) if twice else (),
    )


def _rows(path: Path, ids: Collection[str]) -> list[tuple[int, list[str]]]:
    """The rows of the file, decoded so that they name the units.

    An encoding is guessed, and of a few letters beyond ASCII two files may be guessed unlike.
    """
    rows = list(text_tables.read_rows(path)[1])
    strange = {name for _, cells in rows for name in cells if not name.isascii()} - set(ids)
    most = _known(rows, ids)
    for each in _ENCODINGS if strange else ():
        try:
            other = list(text_tables.read_rows(path, each)[1])
        except InvalidInput:
            continue
        if _known(other, ids) > most:
            rows, most = other, _known(other, ids)
    return rows


def _known(rows: Sequence[tuple[int, list[str]]], ids: Collection[str]) -> int:
    return sum(name in ids for _, cells in rows for name in cells[:2])


def _edge_columns(
    rows: Sequence[tuple[int, list[str]]], ids: Sequence[str]
) -> tuple[int, tuple[int, int, int | None]]:
    """How many rows are header, and where a, b and the length stand (None where there is none)."""
    if not rows:
        return 0, (0, 1, None)
    first = rows[0][1]
    known = set(ids)
    if len(first) >= 2 and first[0] in known and first[1] in known:
        return 0, (0, 1, 2 if len(first) > 2 else None)
    names = [text_tables.plain(cell) for cell in first]

    def column(words: Sequence[str]) -> int | None:
        plain = [text_tables.plain(word) for word in words]
        return next((names.index(word) for word in plain if word in names), None)

    a, b = column(_A), column(_B)
    if a is None or b is None:
        return 0, (0, 1, 2 if len(first) > 2 else None)
    return 1, (a, b, column(_LENGTH))


def _pair(
    cells: Sequence[str],
    columns: tuple[int, int, Any],
    at: Any,
    where: str,
    units_called: str,
) -> tuple[int, int]:
    if len(cells) <= max(columns[:2]):
        raise InvalidInput(
            "{place} names one unit, not two: write a,b or a,b,length",
            place=where,
        )
    ends = [cells[column] for column in columns[:2]]
    for name, column in zip(ends, "ab", strict=True):
        if name not in at:
            meant = _misread(name, at)
            if meant is not None:
                raise InvalidInput(
                    "{place}, column {column!r}: {unit} would be {other} in {file}, but the two"
                    " files are in different encodings: save both as UTF-8",
                    place=where,
                    column=column,
                    unit=text_tables.shown(name),
                    other=text_tables.shown(meant),
                    file=units_called,
                )
            raise InvalidInput(
                "{place}, column {column!r}: there is no unit {unit} in {file}: correct the id, or"
                " delete the row",
                place=where,
                column=column,
                unit=text_tables.shown(name),
                file=units_called,
            )
    a, b = sorted(at[name] for name in ends)
    if a == b:
        raise InvalidInput(
            "{place}: {unit!r} is named as its own neighbour: delete the row",
            place=where,
            unit=ends[0],
        )
    return a, b


def _misread(name: str, at: Collection[str]) -> str | None:
    """The unit that has this name's letters in another encoding."""
    for one, other in permutations(_ENCODINGS, 2) if not name.isascii() else ():
        try:
            unit = name.encode(one).decode(other)
        except UnicodeError:
            continue
        if unit in at:
            return unit
    return None


def _length(cells: Sequence[str], columns: tuple[int, int, int | None], where: str) -> float | None:
    column = columns[2]
    if column is None or column >= len(cells) or not cells[column]:
        return None
    try:
        length = text_tables.number_in(cells[column], decimal_comma=True)
    except ValueError as error:
        raise InvalidInput(
            "{place}, column 'length': the length {problem}", place=where, problem=error.args[0]
        ) from error
    if length < 0:
        raise InvalidInput(
            "{place}, column 'length': {length} is below 0: write 0 or more",
            place=where,
            length=length,
        )
    return length


def _require_same(
    one: float | None, other: float | None, ids: Sequence[str], pair: tuple[int, int], where: str
) -> None:
    if one != other:
        names = ",".join(ids[at] for at in pair)
        raise InvalidInput(
            "{place}: the edge {names} is listed twice with different lengths ({one} and {other}):"
            " delete one of the rows",
            place=where,
            names=names,
            one=one,
            other=other,
        )
