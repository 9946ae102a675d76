"""Plans out of files: which unit goes to which territory, whoever wrote it.

A scenario of ours opens with comment lines. Any other table has two columns for it, with or without
a header, cut by commas, semicolons, tabs, spaces, or not at all (a block-equivalency file).
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import InvalidInput, Phrase
from geocrm.territories import text_tables
from geocrm.territories.text_tables import listed

_UNIT: Final = re.compile(
    r"(unit|id|code|unitcode|unitid|geoid\d*|geocode|fips\w*|blockid|block\w*|county\w*|precinct"
    r"|kode\w*|tract\w*)"
)
_TERRITORY: Final = re.compile(
    r"(territory\w*|district\w*|dist|assignment|assigned|cd\d*\w*|sldu\w*|sldl\w*|wilayah|plan"
    r"|newdistrict|part|region|zone)"
)
_HEAD_LINE: Final = re.compile(r"#\s*([a-z_]+):\s*(.*)")
_TERRITORY_LINE: Final = re.compile(r"#\s*territory (\S+):\s*(.*)")
_FIRST_LINE: Final = "# geocrm scenario "
_THE_UNITS: Final = Phrase("the units")

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """Units, each with the label of its territory, in the order of the file.

    `head` holds what the comment lines of a scenario say; `rows` the row each unit stands in.
    """

    called: str
    units: tuple[str, ...]
    labels: tuple[str, ...]
    rows: tuple[int, ...]
    head: Mapping[str, Any] = field(default_factory=dict)

    @property
    def vintage(self) -> str | None:
        """The boundaries the plan was made on, where it says."""
        found = self.head.get("vintage")
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Matched:
    """A plan on units we know: the territory of each, from 0, and the labels of the territories.

    `names` are what people call them, where they have names.
    """

    district: NDArray[np.intp]
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def read_plan(path: Path) -> PlanFile:
    """A plan file; InvalidInput names file, row, value and remedy.

    A unit that is named twice is refused, also when it is given the same territory: one of the rows
    is a mistake.
    """
    text_tables.require_usable(path)
    with path.open("rb") as file:
        ours = file.read(4).removeprefix(b"\xef\xbb\xbf").startswith(b"#")
    head, rows = _scenario(path) if ours else ({}, _table(path))
    if not rows:
        raise InvalidInput(
            "{file} assigns no unit: add a row unit,territory for each",
            file=path.name,
        )
    seen: dict[str, int] = {}
    for number, (unit, label) in rows:
        if not unit or not label:
            raise _incomplete(path.name, number, unit)
        if unit in seen:
            raise InvalidInput(
                "{file}, row {number}: the unit {unit!r} was assigned already in row {other}:"
                " delete one of the rows",
                file=path.name,
                number=str(number),
                unit=unit,
                other=str(seen[unit]),
            )
        seen[unit] = number
    return PlanFile(
        path.name, tuple(seen), tuple(cells[1] for _, cells in rows), tuple(seen.values()), head
    )


def matched(
    plan: PlanFile,
    ids: Sequence[str],
    *,
    vintage: str | None = None,
    among: str = _THE_UNITS,
) -> Matched:
    """The plan on these units; every one of them must be in it, and no other.

    Units are known by their id, by their official code (what follows the colon), that without dots,
    and without the zeros in front that a spreadsheet takes away. Raises InvalidInput naming units
    that are unknown or missing, and the vintage when it is another one.
    """
    find = finder(ids)
    at = text_tables.positions(ids)
    found = [find(unit) for unit in plan.units]
    unknown = [
        Phrase("{unit!r} (row {number})", unit=unit, number=str(row))
        for unit, row, known in zip(plan.units, plan.rows, found, strict=True)
        if known is None
    ]
    other = _other_vintage(plan, vintage)
    if unknown:
        raise InvalidInput(
            "{file} assigns units that are not among {among} ({count}): {units}. {remedy}",
            file=plan.called,
            count=len(unknown),
            among=among,
            units=listed(unknown),
            remedy=other or Phrase("Correct their codes, or delete the rows"),
        )
    order = label_order(plan.labels)
    number = {label: index for index, label in enumerate(order)}
    district = np.full(len(ids), -1, dtype=np.intp)
    for unit, known, label in zip(plan.units, found, plan.labels, strict=True):
        assert known is not None
        if district[at[known]] >= 0:
            raise InvalidInput(
                "{file}: {unit!r} means {known}, which is there already",
                file=plan.called,
                unit=unit,
                known=known,
            )
        district[at[known]] = number[label]
    missing = [ids[row] for row in np.flatnonzero(district < 0).tolist()]
    if missing:
        raise InvalidInput(
            "{file} assigns no territory to {count} of {among}: {units}. {remedy}",
            file=plan.called,
            count=len(missing),
            among=among,
            units=listed(missing),
            remedy=other or Phrase("Add a row for each"),
        )
    return Matched(district, order, _notes(plan, found, other))


def finder(ids: Sequence[str]) -> Callable[[str], str | None]:
    """What each way to write a unit's code means; a way that two units share means nothing."""
    ways: dict[str, str | None] = {}
    for name in ids:
        official, short = (name.partition(":")[2] or name).casefold(), _bare(name).casefold()
        for way in {official, short, short.lstrip("0")}:
            ways[way] = None if way in ways else name
    exact = {name: name for name in ids}
    return lambda code: exact.get(code) or ways.get(code.casefold())


def label_order(labels: Sequence[str]) -> tuple[str, ...]:
    """The territories of a plan, by number where all labels are numbers, else by name."""
    distinct = set(labels)
    if all(label.isdecimal() for label in distinct):
        return tuple(sorted(distinct, key=lambda label: (int(label), label)))
    return tuple(sorted(distinct))


def _incomplete(called: str, number: int, unit: str) -> InvalidInput:
    if not unit:
        return InvalidInput(
            "{file}, row {number} names no unit: add it", file=called, number=str(number)
        )
    return InvalidInput(
        "{file}, row {number} names no territory for {unit!r}: add it",
        file=called,
        number=str(number),
        unit=unit,
    )


def _other_vintage(plan: PlanFile, vintage: str | None) -> Phrase | None:
    if vintage is None or plan.vintage is None or plan.vintage == vintage:
        return None
    return Phrase(
        "It was made on other boundaries ({made_on}; here: {here}): assign these units anew, or"
        " load those boundaries",
        made_on=plan.vintage,
        here=vintage,
    )


def _notes(plan: PlanFile, found: Sequence[str | None], other: Phrase | None) -> tuple[str, ...]:
    notes: list[str] = []
    if other:
        notes.append(
            Phrase(
                "{file} was made on other boundaries ({vintage})",
                file=plan.called,
                vintage=plan.vintage,
            )
        )
    shortened = sum(
        known is not None and _bare(known) != unit and _bare(known).lstrip("0") == unit
        for unit, known in zip(plan.units, found, strict=True)
    )
    if shortened:
        notes.append(
            Phrase(
                "{count} codes in {file} lack the zeros in front; they were found without",
                count=shortened,
                file=plan.called,
            )
        )
    return tuple(notes)


def _bare(code: str) -> str:
    """The official code of a unit without our prefix and without dots."""
    return (code.partition(":")[2] or code).replace(".", "")


# ------------------------------------------------------------------------------ reading


def _scenario(path: Path) -> tuple[dict[str, Any], Rows]:
    """The comment lines and the rows of a scenario."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "{file} is not UTF-8 text: export the scenario anew", file=path.name
        ) from error
    lines = text.splitlines()
    head: dict[str, Any] = {}
    start = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if lines[0].startswith(_FIRST_LINE):
        head["format"] = lines[0].removeprefix(_FIRST_LINE).strip()
    for number, line in enumerate(lines[:start], 1):
        if found := _HEAD_LINE.fullmatch(line):
            head[found[1]] = _value(path.name, number, found[1], found[2])
        elif found := _TERRITORY_LINE.fullmatch(line):
            known = head.setdefault("territories", {})
            known[found[1]] = _value(path.name, number, "territory", found[2])
    if "\x00" in text:
        raise InvalidInput(
            "{file} holds a NUL character: export the scenario anew",
            file=path.name,
        )
    reader = csv.reader(io.StringIO("\n".join(lines[start:])))
    rows = [(start + reader.line_num, [c.strip() for c in row]) for row in reader if any(row)]
    return head, _two_columns(path.name, rows)


def _value(called: str, number: int, name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "{file}, line {number}: what follows {name!r} cannot be read ({text!r}): write texts"
            " in quotes, numbers plain",
            file=called,
            number=str(number),
            name=name,
            text=text[:40],
        ) from error


def _table(path: Path) -> Rows:
    rows = list(text_tables.read_rows(path)[1])
    if all(len(cells) == 1 for _, cells in rows):
        rows = [(number, _pieces(cells[0], path.name, number)) for number, cells in rows]
    return _two_columns(path.name, rows)


def _pieces(line: str, called: str, number: int) -> list[str]:
    """Unit and district of a line without a delimiter.

    Spaces stand between them, or the district follows a census block's code of 15 digits.
    """
    cells = line.split()
    if len(cells) == 1 and (found := re.fullmatch(r"(\d{15})(\w{1,3})", line)):
        return [found[1], found[2]]
    if len(cells) < 2:
        raise InvalidInput(
            "{file}, row {number}: {line} is not a unit and a territory: write unit,territory",
            file=called,
            number=str(number),
            line=text_tables.shown(line),
        )
    return cells


def _two_columns(called: str, rows: Rows) -> Rows:
    """Only unit and territory of each row, without the header."""
    if not rows:
        return []
    unit, territory, start = _columns(called, rows)
    found = []
    for number, cells in rows[start:]:
        if len(cells) <= max(unit, territory):
            raise InvalidInput(
                "{file}, row {number} has {count} cells, too few for a unit and its territory:"
                " write unit,territory",
                file=called,
                number=str(number),
                count=len(cells),
            )
        found.append((number, [cells[unit], cells[territory]]))
    return found


def _columns(called: str, rows: Rows) -> tuple[int, int, int]:
    """Where unit and territory stand, and how many rows are header."""
    names = [text_tables.plain(cell) for cell in rows[0][1]]
    units = [at for at, name in enumerate(names) if _UNIT.fullmatch(name)]
    homes = [at for at, name in enumerate(names) if _TERRITORY.fullmatch(name)]
    if units and homes:
        return units[0], next((at for at in homes if at != units[0]), homes[0]), 1
    if len(names) == 2:
        header = bool(units or homes) or _is_header(rows)
        if homes == [0] or units == [1]:
            return 1, 0, 1
        return 0, 1, int(header)
    if units or homes or _is_header(rows):
        lacking = "territory" if units else "unit"
        raise InvalidInput(
            "{file} has no column {lacking!r} (found: {columns}): write unit,territory",
            file=called,
            lacking=lacking,
            columns=listed(rows[0][1], 8),
        )
    if len(names) < 2:
        raise InvalidInput("{file} has one column only: write unit,territory", file=called)
    if not any(any(cells[2:]) for _, cells in rows):
        return 0, 1, 0
    raise InvalidInput(
        "{file} has {count} columns without names: write unit,territory above those two",
        file=called,
        count=len(names),
    )


def _is_header(rows: Rows) -> bool:
    """Whether the first row holds words above columns of codes."""
    if any(character.isdigit() for cell in rows[0][1] for character in cell):
        return False
    below = [cells[0] for _, cells in rows[1:] if cells]
    coded = sum(any(character.isdigit() for character in cell) for cell in below)
    return coded * 2 > len(below)
