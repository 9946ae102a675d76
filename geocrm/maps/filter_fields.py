"""The fields of the filter language: which operations each has and what SQL they become.

An operation takes a `Binder` and the value as sent, checks the value and answers with a condition
on `account_scope s`. SQL text is made from constants of this module alone; values are bound.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from geocrm.customers.models import Channel
from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.errors import InvalidInput
from geocrm.geocoding.address import Grade
from geocrm.maps import shapes

MAX_VALUES: Final = 1_000
MAX_TEXT: Final = 200
MAX_AMOUNT: Final = 1e15
MAX_DAYS: Final = 36_500
_MAX_ID: Final = 2**31 - 1


class Binder:
    """Collects the values of a filter under names that its SQL uses."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.params: dict[str, Any] = {}
        self.corners = 0

    def bind(self, value: Any) -> str:
        """The placeholder that stands for the value."""
        name = f"f{len(self.params)}"
        self.params[name] = value
        return f":{name}"


Operation = Callable[[Binder, Any], str]


def shown(value: Any) -> str:
    """The value as a message repeats it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# ------------------------------------------------------------------------- reading values


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{shown(value)} is not a text")
    if len(value) > MAX_TEXT:
        raise InvalidInput(f"{shown(value)} is longer than {MAX_TEXT} characters")
    if "\x00" in value or (not value.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in value)):
        raise InvalidInput(f"{shown(value)} holds a character that no name has")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise InvalidInput(f"a list of values is needed, not {shown(value)}")
    if len(value) > MAX_VALUES:
        raise InvalidInput(f"{len(value):,} values are too many; at most {MAX_VALUES:,}")
    return list(value)


def _texts(value: Any) -> list[str]:
    return sorted({_text(each) for each in _list(value)})


def _ids(values: list[Any]) -> list[int]:
    for each in values:
        if isinstance(each, bool) or not isinstance(each, int) or not 0 < each <= _MAX_ID:
            raise InvalidInput(f"{shown(each)} is not an id")
    return sorted(set(values))


def _number(value: Any) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not math.isfinite(value) or abs(value) > MAX_AMOUNT:
        raise InvalidInput(f"{shown(value)} is not a number between -1e15 and 1e15")
    return float(value)


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError as error:
        raise InvalidInput(f"{shown(value)} is not a date; write 2026-01-31") from error


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"{shown(value)} is neither true nor false")
    return value


def _choices(known: tuple[str, ...], value: Any) -> list[str]:
    found = _texts(value)
    unknown = [each for each in found if each not in known]
    if unknown:
        raise InvalidInput(f"there is no {shown(unknown[0])}; there are {', '.join(known)}")
    return found


# ------------------------------------------------------------------------- building conditions


def _not(operation: Operation) -> Operation:
    return lambda b, value: f"({operation(b, value)}) IS NOT TRUE"


def _list_ops(build: Operation) -> dict[str, Operation]:
    return {"in": build, "not_in": _not(build), "eq": _one(build), "ne": _not(_one(build))}


def _one(build: Operation) -> Operation:
    return lambda b, value: build(b, [value])


def _empty(column: str) -> Operation:
    return lambda b, value: f"s.{column} IS {'' if _yes(value) else 'NOT '}NULL"


def _compare(column: str, read: Callable[[Any], Any], cast: str) -> dict[str, Operation]:
    def against(sign: str) -> Operation:
        return lambda b, value: f"s.{column} {sign} CAST({b.bind(read(value))} AS {cast})"

    def between(b: Binder, value: Any) -> str:
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise InvalidInput(f"between takes two values, not {shown(value)}")
        low, high = (f"CAST({b.bind(read(each))} AS {cast})" for each in value)
        return f"s.{column} BETWEEN {low} AND {high}"

    signs = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "eq": "=", "ne": "<>"}
    return {name: against(sign) for name, sign in signs.items()} | {"between": between}


def _dates(column: str) -> dict[str, Operation]:
    def within_days(b: Binder, value: Any) -> str:
        days = _number(value)
        if days != int(days) or not 0 <= days <= MAX_DAYS:
            raise InvalidInput(f"{shown(value)} is not a number of days from 0 to {MAX_DAYS:,}")
        since = b.bind(b.today - timedelta(days=int(days)))
        return f"s.{column} >= CAST({since} AS date)"

    compare = _compare(column, _day, "date")
    return compare | {
        "within_days": within_days,
        "not_within_days": _not(within_days),
        "empty": _empty(column),
    }


def _account(b: Binder, value: Any) -> str:
    return f"s.account_id = ANY(CAST({b.bind(_ids(_list(value)))} AS bigint[]))"


def _segment(b: Binder, value: Any) -> str:
    return f"s.segment = ANY(CAST({b.bind(_texts(value))} AS text[]))"


def _owner(b: Binder, value: Any) -> str:
    """Owners by id or by e-mail address."""
    values = _list(value)
    emails = [each for each in values if isinstance(each, str)]
    ids = _ids([each for each in values if not isinstance(each, str)])
    parts = [f"s.owner_id = ANY(CAST({b.bind(ids)} AS int[]))"] if ids else []
    if emails:
        bound = b.bind(_texts(emails))
        parts.append(
            f"s.owner_id IN (SELECT id FROM users WHERE email = ANY(CAST({bound} AS citext[])))"
        )
    return " OR ".join(parts)


def _territory(b: Binder, value: Any) -> str:
    """Territories by id, or by their name in the live plan."""
    values = _list(value)
    names = [each for each in values if isinstance(each, str)]
    ids = _ids([each for each in values if not isinstance(each, str)])
    parts = [f"s.territory_id = ANY(CAST({b.bind(ids)} AS int[]))"] if ids else []
    if names:
        parts.append(
            "s.territory_id IN (SELECT t.id FROM territories t"
            " JOIN territory_plans p ON p.id = t.plan_id AND p.state = 'live'"
            f" WHERE t.name = ANY(CAST({b.bind(_texts(names))} AS text[])))"
        )
    return " OR ".join(parts)


def _unit(b: Binder, value: Any) -> str:
    """Units and all that lies in them; a customer knows the finest unit that holds them."""
    codes = b.bind(_texts(value))
    inside = (
        "s.unit IN (WITH RECURSIVE below(code) AS ("
        f" SELECT unnest(CAST({codes} AS text[]))"
        " UNION SELECT u.code FROM boundaries u JOIN below ON u.parent = below.code)"
        " SELECT code FROM below)"
    )
    # A country with finer layers of its own has two divisions into states; a customer there knows
    # only the finer one, so states of the world's layer are looked up by their shape.
    if not any(code.startswith("wld-adm1:") for code in b.params[codes[1:]]):
        return inside
    return (
        f"{inside} OR (s.geom IS NOT NULL AND EXISTS (SELECT 1 FROM boundaries w"
        f" WHERE w.code = ANY(CAST({codes} AS text[])) AND w.layer = 'wld-adm1'"
        " AND w.country IN (SELECT country FROM boundary_layers)"
        " AND w.geom && s.geom AND ST_Covers(w.geom, s.geom)))"
    )


def _grade(b: Binder, value: Any) -> str:
    known = tuple(grade.value for grade in Grade)
    return f"s.grade = ANY(CAST({b.bind(_choices(known, value))} AS text[]))"


def _at_least(b: Binder, value: Any) -> str:
    known = tuple(grade.value for grade in Grade)
    (wanted,) = _choices(known, [value])
    return _grade(b, list(known[: known.index(wanted) + 1]))


def _trustworthy(b: Binder, value: Any) -> str:
    word = "<> ALL" if _yes(value) else "= ANY"
    return f"s.grade {word} (CAST({b.bind(list(UNTRUSTWORTHY))} AS text[]))"


def _of_account(condition: str) -> str:
    return f"s.account_id IN (SELECT a.id FROM accounts a WHERE {condition})"


def _any_tag(b: Binder, value: Any) -> str:
    bound = b.bind(_texts(value))
    return _of_account(f"a.tags <> '{{}}' AND a.tags && CAST({bound} AS text[])")


def _all_tags(b: Binder, value: Any) -> str:
    bound = b.bind(_texts(value))
    return _of_account(f"a.tags <> '{{}}' AND a.tags @> CAST({bound} AS text[])")


def like_pattern(text: str, *, anywhere: bool) -> str:
    """A LIKE pattern for the text itself, its own wildcards taken literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{'%' if anywhere else ''}{escaped}%"


def _name(anywhere: bool, b: Binder, value: Any) -> str:
    return _of_account(f"a.name ILIKE {b.bind(like_pattern(_text(value), anywhere=anywhere))}")


def _name_is(b: Binder, value: Any) -> str:
    return _of_account(f"lower(a.name) = lower({b.bind(_text(value))})")


def _within(b: Binder, value: Any) -> str:
    shape = shapes.area(value)
    b.corners += sum(len(part.exterior.coords) for part in shape.geoms)
    if b.corners > 2 * shapes.MAX_VERTICES:
        raise InvalidInput(f"the areas have more than {2 * shapes.MAX_VERTICES:,} corners together")
    # Hex of the shape's bytes: no digit is lost, and PostGIS reads it once, as a constant.
    return f"ST_Covers(ST_SetSRID(CAST({b.bind(shape.wkb_hex)} AS geometry), 4326), s.geom)"


def _has_point(b: Binder, value: Any) -> str:
    return f"s.qk IS {'NOT ' if _yes(value) else ''}NULL"


def _mask(value: Any) -> int:
    known = tuple(channel.value for channel in Channel)
    return sum(Channel(name).bit for name in _choices(known, value))


def _any_channel(bits: str, b: Binder, value: Any) -> str:
    return f"({bits} & CAST({b.bind(_mask(value))} AS int)) <> 0"


def _all_channels(bits: str, b: Binder, value: Any) -> str:
    mask = b.bind(_mask(value))
    return f"({bits} & CAST({mask} AS int)) = CAST({mask} AS int)"


def _channel_ops(bits: str) -> dict[str, Operation]:
    return _list_ops(partial(_any_channel, bits)) | {"all": partial(_all_channels, bits)}


FIELDS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "id": _list_ops(_account),
    "segment": _list_ops(_segment) | {"empty": _empty("segment")},
    "owner": _list_ops(_owner),
    "territory": _list_ops(_territory) | {"empty": _empty("territory_id")},
    "unit": _list_ops(_unit) | {"empty": _empty("unit")},
    "revenue": _compare("revenue", _number, "double precision"),
    "last_order": _dates("last_order"),
    "last_visit": _dates("last_visit"),
    "grade": _list_ops(_grade) | {"at_least": _at_least},
    "trustworthy": {"eq": _trustworthy},
    "tag": _list_ops(_any_tag) | {"all": _all_tags},
    "name": {"contains": partial(_name, True), "starts": partial(_name, False), "eq": _name_is},
    "location": {"within": _within, "not_within": _not(_within)},
    "has_point": {"eq": _has_point},
    "consent": _channel_ops("s.consent"),
    "reach": _channel_ops("s.reach"),
    # Consented to, and there is an address for it.
    "reachable": _channel_ops("(s.consent & s.reach)"),
}
