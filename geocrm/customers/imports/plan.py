"""How a file will be read: which column is what, how its numbers and dates are written."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from geocrm.customers.imports import fields as columns_of
from geocrm.customers.imports.fields import Fields, Mapped
from geocrm.customers.imports.reading import open_source
from geocrm.customers.imports.source import Cell, Source, clean_name, text_of
from geocrm.customers.imports.values import (
    DayOrder,
    Decimal,
    day_order_of,
    decide_decimal,
    decimal_of,
)
from geocrm.errors import InvalidInput

SAMPLE_ROWS = 200
ON_DUPLICATE = ("update", "skip")
_BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Options:
    """What the person chose; what is left None is guessed."""

    on_duplicate: str = "update"
    # Column name -> field, or "-" for a column that is not imported.
    mapping: Mapping[str, str] = field(default_factory=dict)
    country: str = "ID"
    currency: str = "IDR"
    owner: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.on_duplicate not in ON_DUPLICATE:
            raise InvalidInput(
                f"Duplicates can be {' or '.join(ON_DUPLICATE)}d, not {self.on_duplicate!r}"
            )
        if self.decimal not in (None, *Decimal):
            raise InvalidInput(f"Decimals stand behind a point or a comma, not {self.decimal!r}")

    def as_json(self) -> dict[str, Any]:
        """The options as they are kept."""
        return asdict(self) | {"mapping": dict(self.mapping)}

    @property
    def digest(self) -> str:
        """Equal for equal options."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """A file, understood: enough to import it, and the same each time it is made from it."""

    source: Source
    mapped: Mapped
    options: Options
    total: int
    decimals: Mapping[str, Decimal | None]
    day_orders: Mapping[str, DayOrder | None]

    @property
    def columns(self) -> Sequence[str]:
        """Names of the file's columns."""
        return self.source.columns

    def column_names(self, key: str) -> str:
        """The column or columns a field comes from, for a message."""
        return " / ".join(self.columns[index] for index in self.mapped.get(key, ()))


def make_plan(
    path: Path,
    fields: Fields,
    options: Options,
    *,
    numbers: Sequence[str] = (),
    dates: Sequence[str] = (),
    limit: int | None = None,
) -> Plan:
    """Understand the file; InvalidInput when it cannot be, with what to do.

    `numbers` and `dates` are fields whose columns are read through to see how they are written.
    With `limit` only so many rows are looked at.
    """
    source = open_source(
        path, columns_of.is_known(fields), encoding=options.encoding, sheet=options.sheet
    )
    sample = _sample(source)
    guessed = columns_of.guess(fields, source.columns, sample)
    mapped = columns_of.edited(fields, source.columns, guessed, options.mapping)
    columns_of.require(fields, source.columns, mapped)
    survey = _survey(source, mapped, [*numbers], [*dates], limit)
    if survey.rows == 0:
        raise InvalidInput(
            f"{clean_name(path.name)!r} has column names but no rows below them: nothing to import"
        )
    given = Decimal(options.decimal) if options.decimal else None
    return Plan(
        source=replace(source, notes=(*source.notes, *_unused(source, mapped))),
        mapped=mapped,
        options=options,
        total=survey.rows,
        decimals={key: given or decide_decimal(survey.decimals[key]) for key in numbers},
        day_orders={key: _one(survey.orders[key]) or _usual(options.country) for key in dates},
    )


def sha256_of(path: Path) -> str:
    """The checksum by which a file is recognised."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@dataclass(slots=True)
class _Survey:
    rows: int = 0
    decimals: dict[str, list[Decimal]] = field(default_factory=dict)
    orders: dict[str, set[DayOrder]] = field(default_factory=dict)


def _survey(
    source: Source, mapped: Mapped, numbers: list[str], dates: list[str], limit: int | None
) -> _Survey:
    """Count the rows and see how numbers and dates are written."""
    found = _Survey(0, {key: [] for key in numbers}, {key: set() for key in dates})
    watched: list[tuple[int, Callable[[str], object]]] = []
    shown: dict[str, set[Decimal]] = {key: set() for key in numbers}
    for key in numbers:
        watched += [(index, _noting(decimal_of, shown[key])) for index in mapped.get(key, ())]
    for key in dates:
        watched += [(i, _noting(day_order_of, found.orders[key])) for i in mapped.get(key, ())]
    for row in source.open_rows():
        found.rows += 1
        for index, note in watched:
            cell = row.cells[index] if index < len(row.cells) else None
            if isinstance(cell, str):
                note(cell.strip())
        if limit is not None and found.rows >= limit:
            break
    found.decimals = {key: list(kinds) for key, kinds in shown.items()}
    return found


def _noting(shows: Callable[[str], Any], kinds: set[Any]) -> Callable[[str], None]:
    def note(value: str) -> None:
        kind = shows(value) if value else None
        if kind is not None:
            kinds.add(kind)

    return note


def _one(kinds: set[DayOrder]) -> DayOrder | None:
    return next(iter(kinds)) if len(kinds) == 1 else None


def _usual(country: str) -> DayOrder:
    """What comes first in the country's dates."""
    return DayOrder.MONTH if country in ("US", "PH") else DayOrder.DAY


def _sample(source: Source) -> list[Sequence[Cell]]:
    rows = source.open_rows()
    return [row.cells for row, _ in zip(rows, range(SAMPLE_ROWS), strict=False) if not row.broken]


def _unused(source: Source, mapped: Mapped) -> list[str]:
    used = {index for indexes in mapped.values() for index in indexes}
    unused = [name for index, name in enumerate(source.columns) if index not in used]
    if not unused:
        return []
    shown = ", ".join(map(repr, unused[:8])) + (" ..." if len(unused) > 8 else "")
    return [f"{len(unused):,} of {len(source.columns):,} columns are not imported: {shown}"]


def sample_texts(source: Source, rows: int = 3) -> list[list[str]]:
    """The first cells of each column, for the person who maps them."""
    head = _sample(source)[:rows]
    return [
        [text_of(cells[index])[:60] for cells in head if index < len(cells)]
        for index in range(len(source.columns))
    ]
