"""The filter language: which customers are meant. One compiled form for everything that selects.

A filter is a tree in JSON:

    {"and": [{"field": "segment", "op": "in", "value": ["A", "B"]},
             {"or": [{"field": "revenue", "op": "gte", "value": 1000000},
                     {"not": {"field": "last_order", "op": "within_days", "value": 90}}]},
             {"field": "location", "op": "within", "value": {"type": "Polygon", ...}}]}

`compile_filter` turns it into a condition on `account_scope s` for `geocrm.db.scoped_sql`, with
every value bound. A comparison with an unknown value is false, and `not` of it is true.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from geocrm.errors import InvalidInput
from geocrm.maps.filter_fields import FIELDS
from geocrm.maps.filter_values import NOBODY, Asker, Binder, shown

MAX_DEPTH: Final = 20
MAX_NODES: Final = 200
MAX_TEXT: Final = 1_000_000  # characters; 10,000 corners with all their digits take about half


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on `account_scope s`: `WHERE {scope:s} AND {filter.sql}`, run with `params`.

    `key` names the filter: equal conditions with equal values have equal keys, across processes.
    `fields` are those it asks for, `notes` say what was read otherwise than it was written.
    """

    sql: str
    params: Mapping[str, Any]
    key: str
    fields: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    # What it was compiled from, and the day it was compiled for; None when it is put together.
    tree: Mapping[str, Any] | None = None
    today: date | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nobody is left out."""
        return self.sql == "TRUE"


def compile_filter(
    source: str | Mapping[str, Any] | None, *, today: date, asker: Asker = NOBODY
) -> Filter:
    """The condition of a filter given as JSON text or as the tree itself; None means everybody.

    `today` is what "within_days" counts from; `asker` decides which saved areas there are. Raises
    InvalidInput naming what is wrong.
    """
    tree = read_tree(source) if isinstance(source, str) else source
    binder = Binder(today, asker)
    compiler = _Compiler(binder)
    sql = "TRUE" if tree is None else compiler.node(tree, 1)
    values = json.dumps([sql, binder.params], sort_keys=True, default=str)
    return Filter(
        sql,
        binder.params,
        hashlib.sha256(values.encode()).hexdigest()[:24],
        frozenset(compiler.fields),
        tuple(dict.fromkeys(binder.notes)),
        tree,
        today,
    )


def read_tree(text: str) -> Mapping[str, Any] | None:
    """The tree of a JSON text; None when the text is blank."""
    if not text.strip():
        return None
    if len(text) > MAX_TEXT:
        raise InvalidInput(
            "The filter is longer than {most} characters; simplify it", most=MAX_TEXT
        )
    try:
        tree = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidInput(
            "The filter is nested deeper than {most} levels", most=MAX_DEPTH
        ) from error
    except ValueError as error:
        raise InvalidInput("The filter is not JSON: {why}", why=str(error)) from error
    if not isinstance(tree, dict):
        raise InvalidInput(
            "A filter is an object such as {example}, not {given}",
            example=_EXAMPLE,
            given=shown(tree),
        )
    return tree


_WHERE: Final = "{field} {op}: {why}"
_EXAMPLE: Final = '{"field": "segment", "op": "in", "value": ["A"]}'


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


class _Compiler:
    """Walks a tree; counts its nodes on the way."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._nodes = 0
        self.fields: set[str] = set()

    def node(self, tree: Any, depth: int) -> str:
        """The condition of one node."""
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise InvalidInput("The filter is nested deeper than {most} levels", most=MAX_DEPTH)
        if self._nodes > MAX_NODES:
            raise InvalidInput("The filter has more than {most} parts; simplify it", most=MAX_NODES)
        if not isinstance(tree, Mapping):
            raise InvalidInput(
                "{given} is not a part of a filter; write {example}",
                given=shown(tree),
                example=_EXAMPLE,
            )
        keys = set(tree)
        if keys == {"and"}:
            return self._several(tree["and"], "AND", "TRUE", depth)
        if keys == {"or"}:
            return self._several(tree["or"], "OR", "FALSE", depth)
        if keys == {"not"}:
            return f"({self.node(tree['not'], depth + 1)} IS NOT TRUE)"
        if keys == {"field", "op", "value"}:
            return self._condition(tree["field"], tree["op"], tree["value"])
        raise InvalidInput(
            "A part of a filter has either and, or, not, or field, op and value;"
            " this one has {keys}",
            keys=", ".join(sorted(map(str, keys))) or "nothing",
        )

    def _several(self, parts: Any, word: str, of_none: str, depth: int) -> str:
        if not isinstance(parts, list | tuple):
            raise InvalidInput(
                "{word} takes a list, not {given}", word=word.lower(), given=shown(parts)
            )
        conditions = [self.node(part, depth + 1) for part in parts]
        return f"({f' {word} '.join(conditions)})" if conditions else of_none

    def _condition(self, name: Any, op: Any, value: Any) -> str:
        field = FIELDS.get(name) if isinstance(name, str) else None
        if field is None:
            raise InvalidInput(
                "There is no field {name}; fields are {choices}",
                name=shown(name),
                choices=", ".join(sorted(FIELDS)),
            )
        build = field.get(op) if isinstance(op, str) else None
        if build is None:
            raise InvalidInput(
                "The field {field} has no operation {op}; it has {choices}",
                field=name,
                op=shown(op),
                choices=", ".join(sorted(field)),
            )
        self.fields.add(str(name))
        try:
            return f"({build(self._binder, value)})"
        except InvalidInput as error:
            raise InvalidInput(_WHERE, field=name, op=op, why=error) from error
