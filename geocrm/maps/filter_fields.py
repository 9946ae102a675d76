"""The fields of the filter language: which operations each has and what SQL they become.

An operation takes a `Binder` and the value as sent, checks the value and answers with a condition
on `account_scope s`. SQL text is made from constants of this module alone; values are bound.

What the narrow table does not hold is asked of the table that does, as `account_id IN (SELECT
...)`, so that an index there may answer and a condition of few customers comes first.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from geocrm.customers.models import Channel
from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.geocoding.address import Grade
from geocrm.maps import filter_places as places
from geocrm.maps import filter_values as read
from geocrm.maps.filter_values import Binder, Operation

Wrap = Callable[[str], str]


def _plain(condition: str) -> str:
    return condition


def _of_account(condition: str) -> str:
    return f"s.account_id IN (SELECT a.id FROM accounts a WHERE {condition})"


def _of_address(condition: str) -> str:
    return f"s.account_id IN (SELECT d.account_id FROM addresses d WHERE {condition})"


def _not(operation: Operation) -> Operation:
    return lambda b, value: f"({operation(b, value)}) IS NOT TRUE"


def _one(build: Operation) -> Operation:
    return lambda b, value: build(b, [value])


def _list_ops(build: Operation) -> dict[str, Operation]:
    return {"in": build, "not_in": _not(build), "eq": _one(build), "ne": _not(_one(build))}


def _empty(column: str, wrap: Wrap = _plain) -> dict[str, Operation]:
    def empty(b: Binder, value: Any) -> str:
        return wrap(f"{column} IS {'' if read.yes(value) else 'NOT '}NULL")

    return {"empty": empty}


_SIGNS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "eq": "=", "ne": "<>"}


def _compare(
    column: str, check: Callable[[Any], Any], cast: str, wrap: Wrap = _plain
) -> dict[str, Operation]:
    def against(sign: str) -> Operation:
        return lambda b, value: wrap(f"{column} {sign} CAST({b.bind(check(value))} AS {cast})")

    def between(b: Binder, value: Any) -> str:
        low, high = (f"CAST({b.bind(check(each))} AS {cast})" for each in read.pair(value))
        return wrap(f"{column} BETWEEN {low} AND {high}")

    return {name: against(sign) for name, sign in _SIGNS.items()} | {"between": between}


def _numbers(column: str, wrap: Wrap = _plain) -> dict[str, Operation]:
    return _compare(column, read.number, "double precision", wrap)


def _within_days(since: Operation) -> dict[str, Operation]:
    def within_days(b: Binder, value: Any) -> str:
        return since(b, (b.today - timedelta(days=read.days(value))).isoformat())

    return {"within_days": within_days, "not_within_days": _not(within_days)}


def _dates(column: str) -> dict[str, Operation]:
    compare = _compare(column, read.day, "date")
    return compare | _within_days(compare["gte"]) | _empty(column)


def _moments(column: str) -> dict[str, Operation]:
    """Moments, compared as the days they fall on where the asker is."""

    def begins(b: Binder, value: Any, later: str = "") -> str:
        """The midnight at which the day begins, or the one after it."""
        day, zone = b.bind(read.day(value)), b.bind(b.asker.timezone)
        return f"timezone({zone}, CAST({day} AS timestamp){later})"

    ends = partial(begins, later=" + interval '1 day'")

    def against(sign: str, edge: Callable[[Binder, Any], str]) -> Operation:
        return lambda b, value: _of_account(f"{column} {sign} {edge(b, value)}")

    def between(b: Binder, value: Any) -> str:
        first, last = read.pair(value)
        return _of_account(f"{column} >= {begins(b, first)} AND {column} < {ends(b, last)}")

    def on(b: Binder, value: Any) -> str:
        return between(b, [value, value])

    compare = {
        "gte": against(">=", begins),
        "gt": against(">=", ends),
        "lt": against("<", begins),
        "lte": against("<", ends),
        "between": between,
        "eq": on,
        "ne": _not(on),
    }
    return compare | _within_days(compare["gte"])


def _account(b: Binder, value: Any) -> str:
    return f"s.account_id = ANY(CAST({b.bind(read.ids(read.listed(value)))} AS bigint[]))"


def _segment(b: Binder, value: Any) -> str:
    return f"s.segment = ANY(CAST({b.bind(read.texts(value))} AS text[]))"


def _owner(b: Binder, value: Any) -> str:
    """Owners by id or by e-mail address."""
    values = read.listed(value)
    emails = [each for each in values if isinstance(each, str)]
    ids = read.ids([each for each in values if not isinstance(each, str)])
    parts = [f"s.owner_id = ANY(CAST({b.bind(ids)} AS int[]))"] if ids else []
    if emails:
        bound = b.bind(read.texts(emails))
        parts.append(
            f"s.owner_id IN (SELECT id FROM users WHERE email = ANY(CAST({bound} AS citext[])))"
        )
    return " OR ".join(parts)


def _territory(b: Binder, value: Any) -> str:
    """Territories by id, or by their name in the live plan."""
    values = read.listed(value)
    names = [each for each in values if isinstance(each, str)]
    ids = read.ids([each for each in values if not isinstance(each, str)])
    parts = [f"s.territory_id = ANY(CAST({b.bind(ids)} AS int[]))"] if ids else []
    if names:
        parts.append(
            "s.territory_id IN (SELECT t.id FROM territories t"
            " JOIN territory_plans p ON p.id = t.plan_id AND p.state = 'live' AND p.type = 'sales'"
            f" WHERE t.name = ANY(CAST({b.bind(read.texts(names))} AS text[])))"
        )
    return " OR ".join(parts)


def _import(b: Binder, value: Any) -> str:
    bound = b.bind(read.ids(read.listed(value)))
    return _of_account(f"a.import_id = ANY(CAST({bound} AS bigint[]))")


_GRADES: Final = tuple(grade.value for grade in Grade)
REVIEWS: Final = ("open", "settled", "nowhere")


def _grade(b: Binder, value: Any) -> str:
    return f"s.grade = ANY(CAST({b.bind(read.choices(_GRADES, value))} AS text[]))"


def _at_least(b: Binder, value: Any) -> str:
    (wanted,) = read.choices(_GRADES, [value])
    return _grade(b, list(_GRADES[: _GRADES.index(wanted) + 1]))


def _trustworthy(b: Binder, value: Any) -> str:
    word = "<> ALL" if read.yes(value) else "= ANY"
    return f"s.grade {word} (CAST({b.bind(list(UNTRUSTWORTHY))} AS text[]))"


def _tags(sign: str, b: Binder, value: Any) -> str:
    bound = b.bind(read.texts(value))
    return _of_account(f"a.tags <> '{{}}' AND a.tags {sign} CAST({bound} AS text[])")


def _no_tag(b: Binder, value: Any) -> str:
    return _of_account(f"a.tags {'=' if read.yes(value) else '<>'} '{{}}'")


def like_pattern(text: str, *, anywhere: bool) -> str:
    """A LIKE pattern for the text itself, its own wildcards taken literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{'%' if anywhere else ''}{escaped}%"


def _name(anywhere: bool, b: Binder, value: Any) -> str:
    return _of_account(f"a.name ILIKE {b.bind(like_pattern(read.text(value), anywhere=anywhere))}")


def _name_is(b: Binder, value: Any) -> str:
    return _of_account(f"lower(a.name) = lower({b.bind(read.text(value))})")


def _words(column: str, wrap: Wrap) -> dict[str, Operation]:
    """A text of few words, compared in any case; what is blank counts as not there."""

    def one_of(b: Binder, value: Any) -> str:
        # Each a constant, so that the planner knows how many rows have it.
        wanted = ", ".join(f"lower({b.bind(each)})" for each in read.texts(value))
        return wrap(f"lower({column}) IN ({wanted})")

    def starts(b: Binder, value: Any) -> str:
        pattern = b.bind(like_pattern(read.text(value), anywhere=False))
        return wrap(f"lower({column}) LIKE lower({pattern})")

    def empty(b: Binder, value: Any) -> str:
        there = f"coalesce({column}, '') {'=' if read.yes(value) else '<>'} ''"
        return wrap(there)

    return _list_ops(one_of) | {"starts": starts, "empty": empty}


def _yes_no(condition: str) -> dict[str, Operation]:
    def eq(b: Binder, value: Any) -> str:
        return condition if read.yes(value) else f"({condition}) IS NOT TRUE"

    return {"eq": eq}


def _of_choices(column: str, known: tuple[str, ...]) -> dict[str, Operation]:
    def one_of(b: Binder, value: Any) -> str:
        bound = b.bind(read.choices(known, value))
        return _of_address(f"{column} = ANY(CAST({bound} AS text[]))")

    return _list_ops(one_of) | _empty(column, _of_address)


def _has_point(b: Binder, value: Any) -> str:
    return f"s.qk IS {'NOT ' if read.yes(value) else ''}NULL"


def _mask(value: Any) -> int:
    known = tuple(channel.value for channel in Channel)
    return sum(Channel(name).bit for name in read.choices(known, value))


def _any_channel(bits: str, b: Binder, value: Any) -> str:
    return f"({bits} & CAST({b.bind(_mask(value))} AS int)) <> 0"


def _all_channels(bits: str, b: Binder, value: Any) -> str:
    mask = b.bind(_mask(value))
    return f"({bits} & CAST({mask} AS int)) = CAST({mask} AS int)"


def _channel_ops(bits: str) -> dict[str, Operation]:
    return _list_ops(partial(_any_channel, bits)) | {"all": partial(_all_channels, bits)}


FIELDS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "id": _list_ops(_account),
    "external_id": _words("a.external_id", _of_account),
    "name": {
        "contains": partial(_name, True),
        "not_contains": _not(partial(_name, True)),
        "starts": partial(_name, False),
        "eq": _name_is,
    },
    "segment": _list_ops(_segment) | _empty("s.segment"),
    "tag": _list_ops(partial(_tags, "&&")) | {"all": partial(_tags, "@>"), "empty": _no_tag},
    "owner": _list_ops(_owner),
    "territory": _list_ops(_territory) | _empty("s.territory_id"),
    "revenue": _numbers("s.revenue"),
    "annual_revenue": _numbers("a.annual_revenue", _of_account)
    | _empty("a.annual_revenue", _of_account),
    "last_order": _dates("s.last_order"),
    "last_visit": _dates("s.last_visit"),
    "visits_per_year": _numbers("a.visits_per_year", _of_account)
    | _empty("a.visits_per_year", _of_account),
    "created": _moments("a.created_at"),
    "updated": _moments("a.updated_at"),
    "import": _list_ops(_import) | _empty("a.import_id", _of_account),
    "has_website": _yes_no(_of_account("a.website <> ''")),
    "has_contact": _yes_no("s.account_id IN (SELECT c.account_id FROM contacts c)"),
    "location": {
        "within": places.within,
        "not_within": _not(places.within),
        "near": places.near,
        "not_near": _not(places.near),
        "in_area": places.in_area,
        "not_in_area": _not(places.in_area),
    },
    "unit": _list_ops(places.unit) | _empty("s.unit"),
    "village": _words("d.village", _of_address),
    "district": _words("d.district", _of_address),
    "city": _words("d.city", _of_address),
    "region": _words("d.region", _of_address),
    "postcode": _words("d.postcode", _of_address),
    "country": _words("d.country", _of_address),
    "grade": _list_ops(_grade) | {"at_least": _at_least},
    "trustworthy": {"eq": _trustworthy},
    "has_point": {"eq": _has_point},
    "ambiguous": _yes_no(_of_address("d.ambiguous")),
    "review": _of_choices("d.review", REVIEWS),
    "provider": _words("d.provider", _of_address),
    "consent": _channel_ops("s.consent"),
    "reach": _channel_ops("s.reach"),
    # Consented to, and there is an address for it.
    "reachable": _channel_ops("(s.consent & s.reach)"),
}
