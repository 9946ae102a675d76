"""What a column of a file can mean, and guessing it from the column's name and content."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from geocrm.customers.imports.source import Cell, letter, text_of
from geocrm.errors import InvalidInput

IGNORE = ("-", "ignore", "none")


@dataclass(frozen=True, slots=True)
class Field:
    """Something a record has. `names` are column names that mean it, in comparable form.

    `many` says that several columns may hold it, `looks` recognises a value of it.
    """

    key: str
    label: str
    names: frozenset[str]
    group: str = ""
    required: bool = False
    many: bool = False
    looks: Callable[[str], bool] | None = None
    # Column names that contain one of these words mean it when nothing fits better.
    words: frozenset[str] = field(default_factory=frozenset)


Fields = Sequence[Field]
Mapped = Mapping[str, tuple[int, ...]]


def names(*given: str) -> frozenset[str]:
    """Column names in comparable form."""
    return frozenset(comparable(name) for name in given)


def comparable(name: str) -> str:
    """A column name without case, accents, punctuation and doubled spaces."""
    bare = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).casefold()
    letters = "".join(c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return " ".join(letters.split())


def is_known(fields: Fields) -> Callable[[str], bool]:
    """A test for words that are the name of a column we recognise."""
    every = frozenset(name for one in fields for name in one.names) | {one.key for one in fields}
    return lambda words: comparable(words) in every or words.strip() in every


def guess(fields: Fields, columns: Sequence[str], sample: Sequence[Sequence[Cell]]) -> Mapped:
    """Which columns hold which field: by exact name, then by a word in it, then by content."""
    found: dict[str, list[int]] = {}
    free = dict.fromkeys(range(len(columns)))
    spoken = [comparable(name) for name in columns]

    def take(index: int, one: Field) -> None:
        if index in free and (one.many or one.key not in found):
            found.setdefault(one.key, []).append(index)
            del free[index]

    for one in fields:
        for index in list(free):
            if spoken[index] in one.names or columns[index].strip() == one.key:
                take(index, one)
    for one in fields:
        for index in list(free):
            if one.words & set(spoken[index].split()):
                take(index, one)
    for one in fields:
        if one.looks is not None and one.key not in found:
            for index in list(free):
                if _mostly(one.looks, (row[index] for row in sample if index < len(row))):
                    take(index, one)
                    break
    return {key: tuple(indexes) for key, indexes in found.items()}


def _mostly(looks: Callable[[str], bool], cells: Iterable[Cell]) -> bool:
    values = [text_of(cell) for cell in cells]
    filled = [value for value in values if value]
    return len(filled) >= 3 and sum(map(looks, filled)) >= 0.8 * len(filled)


def edited(
    fields: Fields, columns: Sequence[str], guessed: Mapped, changes: Mapping[str, str]
) -> Mapped:
    """The guess with a person's changes (column -> field, or "-" for none) applied.

    Raises InvalidInput for a column or a field there is not.
    """
    keys = {one.key: one for one in fields}
    found = {key: list(indexes) for key, indexes in guessed.items()}
    for column, key in changes.items():
        index = _index_of(columns, column)
        for indexes in found.values():
            if index in indexes:
                indexes.remove(index)
        if key in IGNORE:
            continue
        if key not in keys:
            raise InvalidInput(f"There is no field {key!r}; fields are {', '.join(keys)}")
        if keys[key].many:
            found[key] = sorted({*found.get(key, ()), index})
        else:
            found[key] = [index]
    return {key: tuple(indexes) for key, indexes in found.items() if indexes}


def _index_of(columns: Sequence[str], column: str) -> int:
    for index, name in enumerate(columns):
        if column in (name, letter(index)) or comparable(column) == comparable(name) != "":
            return index
    shown = ", ".join(map(repr, columns[:20])) + (" ..." if len(columns) > 20 else "")
    raise InvalidInput(f"There is no column {column!r}; the file has {shown}")


def require(fields: Fields, columns: Sequence[str], mapped: Mapped) -> None:
    """Raise InvalidInput when a field nobody can do without has no column."""
    for one in fields:
        if one.required and one.key not in mapped:
            shown = ", ".join(map(repr, columns[:12])) + (" ..." if len(columns) > 12 else "")
            raise InvalidInput(
                f"No column holds the {one.label.lower()}: the file has {shown}. Say which it"
                f" is with"
                f" --map COLUMN={one.key}, or put column names into the first row"
            )
