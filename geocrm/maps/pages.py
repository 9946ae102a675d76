"""Which customers are on a page of a sorted list: one statement that never reads for long.

Two ways lead to the first of many by an order. Walking the index of the order is fast where many
are chosen, and walks for ever where few are, or where those chosen lie at its far end (the oldest
orders of the last 90 days). Gathering all who are chosen and sorting them is fast where they are
few. The database guesses which, from figures that know nothing of how columns hang together, and
was wrong by a factor of a hundred. So it walks a little, sees how many it meets, and walks on only
when that will fill the page soon; else it gathers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

# Steps of a first walk, and of one that takes as long as gathering: from an index alone, or by
# whatever else a filter asks for (a part of a name, say, of thirty thousand names).
_STEPS_IF_INDEXED: Final = (1_000, 24_000)
_STEPS_ELSE: Final = (2_000, 80_000)
# What the indexes by owner and by territory hold, so that a rep's customers are read from them.
INDEXED: Final = frozenset({"segment", "owner", "territory", "revenue", "last_order", "has_point"})


@dataclass(frozen=True, slots=True)
class Sort:
    """What a list may be sorted by: the value, the key that settles ties, and the type.

    Value and key stand together in one index, of accounts where `row` is a, of account_scope where
    it is s. `check` raises ValueError for what is no such value. `step_cost` is what a step along
    that index takes, in those of the cheapest; `indexed` says that the value is in the indexes of
    `INDEXED`, too.
    """

    by: str
    row: str
    cast: str
    check: Callable[[str], Any]
    step_cost: int = 1
    indexed: bool = False

    @property
    def key(self) -> str:
        """The id of the account."""
        return "a.id" if self.row == "a" else "s.account_id"


def _check_day(text: str) -> None:
    if text != "-infinity":
        date.fromisoformat(text)


# Unknown dates count as older than every other.
SORTS: Final[Mapping[str, Sort]] = {
    "name": Sort("lower(a.name)", "a", "text", str, step_cost=3),
    "revenue": Sort("s.revenue", "s", "double precision", float, indexed=True),
    "last_order": Sort(
        "coalesce(s.last_order, '-infinity'::date)", "s", "date", _check_day, indexed=True
    ),
    "last_visit": Sort("coalesce(s.last_visit, '-infinity'::date)", "s", "date", _check_day),
    "updated": Sort("a.updated_at", "a", "timestamptz", datetime.fromisoformat),
}


def page(
    order: Sort, descending: bool, conditions: str, *, begun: bool, indexed: bool
) -> tuple[str, dict[str, Any]]:
    """SQL of the common table `page` (`id`, `sort_value`), up to `:wanted` rows, and its values.

    `conditions` are those of `account_scope s`, besides the scope; with `begun` the page comes
    after `:after_value`, `:after_id`. `indexed` says that the conditions ask for `INDEXED` alone.
    """
    walk = _WALK_ACCOUNTS if order.row == "a" else _WALK_SCOPE
    gather = _gathering(order, at_once=order.indexed or not indexed)
    mine = " UNION ALL ".join(
        gather.mine.replace("{scope}", f"{{{part}:s}}")
        for part in (("scope_owner", "scope_territory") if indexed else ("scope",))
    )
    first, most = (n // order.step_cost for n in (_STEPS_IF_INDEXED if indexed else _STEPS_ELSE))
    words = {
        "{first_walk}": walk.replace("{steps}", ":first_steps"),
        "{long_walk}": walk.replace("{steps}", ":most_steps"),
        "{mine}": mine,
        "{from}": gather.found,
        "{unfilled}": _UNFILLED,
        "{after}": _AFTER if begun else "TRUE",
        "{conditions}": conditions,
        "{by}": order.by,
        "{key}": order.key,
        "{cast}": order.cast,
        "{way}": "DESC" if descending else "ASC",
        "{sign}": "<" if descending else ">",
    }
    sql = _PAGE
    for word, meaning in words.items():  # a word stands in those before it
        sql = sql.replace(word, meaning)
    # Met in the first steps, so many of a page say that the most steps fill it.
    return sql, {"first_steps": first, "most_steps": most, "worth_walking": first / most}


class _Gathering(NamedTuple):
    """SQL of all who are chosen, `mine`, and of those among them who are `found`, with values."""

    mine: str
    found: str


def _gathering(order: Sort, *, at_once: bool) -> _Gathering:
    mine = "FROM account_scope s WHERE {unfilled} AND {scope} AND {conditions}"
    if order.row == "s" and at_once:
        mine = f"SELECT s.account_id AS id, {{by}} AS sort_value {mine} AND {{after}}"
        return _Gathering(mine, "SELECT id, sort_value FROM mine")
    table = "accounts a" if order.row == "a" else "account_scope s"
    found = (
        f"SELECT {{key}} AS id, {{by}} AS sort_value FROM mine JOIN {table} ON {{key}} = mine.id"
    )
    return _Gathering(f"SELECT s.account_id AS id {mine}", f"{found} WHERE {{after}}")


_AFTER: Final = "({by}, {key}) {sign} (CAST(:after_value AS {cast}), :after_id)"
_WALK_ACCOUNTS: Final = """
    SELECT w.id, w.sort_value FROM (
        SELECT a.id, {by} AS sort_value FROM accounts a WHERE {after}
        ORDER BY {by} {way}, {key} {way} LIMIT {steps}) w
    CROSS JOIN LATERAL (
        SELECT FROM account_scope s WHERE s.account_id = w.id AND {scope:s} AND {conditions}
        OFFSET 0) met
    ORDER BY w.sort_value {way}, w.id {way} LIMIT :wanted
"""
_WALK_SCOPE: Final = """
    SELECT s.account_id AS id, s.sort_value FROM (
        SELECT s.*, {by} AS sort_value FROM account_scope s WHERE {after}
        ORDER BY {by} {way}, {key} {way} LIMIT {steps}) s
    WHERE {scope:s} AND {conditions}
    ORDER BY s.sort_value {way}, s.account_id {way} LIMIT :wanted
"""
_UNFILLED: Final = (
    "(SELECT count(*) FROM walked) < :wanted AND (SELECT count(*) FROM further) < :wanted"
)
_PAGE: Final = """
    walked AS MATERIALIZED ({first_walk}),
    further AS MATERIALIZED (
        SELECT * FROM ({long_walk}) more WHERE (SELECT count(*) FROM walked) < :wanted
            AND (SELECT count(*) FROM walked) >= :wanted * :worth_walking
    ), mine AS MATERIALIZED ({mine}),
    page AS MATERIALIZED (
        SELECT * FROM walked WHERE (SELECT count(*) FROM walked) = :wanted
        UNION ALL SELECT * FROM further WHERE (SELECT count(*) FROM further) = :wanted
        UNION ALL (SELECT * FROM ({from}) gathered
                   ORDER BY sort_value {way}, id {way} LIMIT :wanted)
    )
"""
