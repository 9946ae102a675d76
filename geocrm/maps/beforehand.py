"""Which sums that were counted beforehand answer a question exactly.

Sums know owner, territory and segment, and one thing more: the month of the last order
(`map_cells`, `region_totals`), or one facet of `facet_cells`: the week of the last order, the week
of the last visit, or the grade. A date inside such a period splits it: its customers are read one
by one, all others as sums, and the answer stays exact. Whatever else is asked for is not known.
"""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from geocrm.maps.colouring import TERRITORY, Colouring
from geocrm.maps.filters import Filter
from geocrm.maps.recency import span_days

_ALWAYS_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "segment": frozenset({"in", "not_in", "eq", "ne", "empty"}),
    "territory": frozenset({"in", "not_in", "eq", "ne", "empty"}),
    "owner": frozenset({"in", "not_in", "eq", "ne"}),
    "has_point": frozenset({"eq"}),
}
_OF_DATES: Final = frozenset(
    {"gte", "lt", "gt", "lte", "eq", "ne", "between", "empty", "within_days", "not_within_days"}
)
_OF_GRADES: Final = frozenset({"in", "not_in", "eq", "ne", "at_least"})


@dataclass(frozen=True, slots=True)
class Kept:
    """Sums by one `column` of account_scope, named `own` in their table.

    `by_week` says how dates are put together: by week or by month; None where it is no date.
    """

    column: str
    own: str
    table: str
    deltas: str
    by_week: bool | None
    most_split: int = 0  # periods: more would read too many customers one by one

    @property
    def where(self) -> str:
        """SQL that chooses its rows of the tables."""
        return f"facet = '{self.column}'" if self.table == "facet_cells" else "TRUE"

    @property
    def known(self) -> frozenset[str]:
        """What may be asked of its column."""
        return _OF_GRADES if self.by_week is None else _OF_DATES

    def first(self, day: date) -> date:
        """The first day of the period that holds the day."""
        return day - timedelta(days=day.weekday()) if self.by_week else day.replace(day=1)

    def days(self, first: date) -> list[date]:
        """All days of a period."""
        long = 7 if self.by_week else calendar.monthrange(first.year, first.month)[1]
        return [first + timedelta(days=i) for i in range(long)]


MONTHS: Final = Kept("last_order", "last_order", "map_cells", "map_deltas", False, 2)
_FACETS: Final[Mapping[str, Kept]] = {
    column: Kept(column, own, "facet_cells", "facet_deltas", by_week, most)
    for column, own, by_week, most in (
        ("last_order", "week", True, 8),
        ("last_visit", "week", True, 8),
        ("grade", "grade", None, 0),
    )
}
# In this order: the fewest rows first.
_OF_FILTERS: Final = (MONTHS, _FACETS["grade"], _FACETS["last_visit"])


@dataclass(frozen=True, slots=True)
class Answer:
    """The sums to read, and the first days of the periods whose customers are read one by one."""

    kept: Kept
    split: frozenset[date]

    def parted(self, values: dict[str, Any]) -> tuple[str, str]:
        """The conditions of being outside the split periods, and inside; adds their values."""
        values["split_firsts"] = sorted(self.split)
        values["split_days"] = sorted(day for first in self.split for day in self.kept.days(first))
        column = f"s.{self.kept.column}"
        # Who has no date has no period, so is in none that is split. Days one by one, because
        # an index that begins with the day answers them without the table.
        apart = f"({column} = ANY(CAST(:split_firsts AS date[]))) IS NOT TRUE"
        return apart, f"{column} = ANY(CAST(:split_days AS date[]))"


def answer(chosen: Filter, by: Colouring = TERRITORY, today: date | None = None) -> Answer | None:
    """The sums that tell whom the filter chooses, by their colour; None when no sums do."""
    if by.dated and today is None:
        return None
    kept = (_FACETS[by.facet],) if by.facet else _OF_FILTERS
    ends = span_days(today).values() if by.dated and today else ()
    for each in kept:
        found = split(chosen, each, ends)
        if found is not None:
            return Answer(each, found)
    return None


def of_months(chosen: Filter) -> Answer | None:
    """The same where nothing but months is kept."""
    found = split(chosen, MONTHS)
    return None if found is None else Answer(MONTHS, found)


def split(chosen: Filter, kept: Kept, begins: Iterable[date] = ()) -> frozenset[date] | None:
    """The periods that the filter, or one of the days on which something begins, cuts in two.

    None when these sums cannot answer the filter, or would have too many periods cut.
    """
    cut = _cuts(chosen, kept)
    if cut is None:
        return None
    found = cut | {kept.first(day) for day in begins if day != kept.first(day)}
    return None if len(found) > kept.most_split else found


def _cuts(chosen: Filter, kept: Kept) -> frozenset[date] | None:
    if chosen.is_everything:
        return frozenset()
    if chosen.tree is None or chosen.today is None:
        return None
    return _cut(chosen.tree, chosen.today, kept)


def _cut(node: Mapping[str, Any], today: date, kept: Kept) -> frozenset[date] | None:
    for word in ("and", "or"):
        if word in node:
            return _united([_cut(part, today, kept) for part in node[word]])
    if "not" in node:
        return _cut(node["not"], today, kept)
    field, op = node["field"], node["op"]
    known = kept.known if field == kept.column else _ALWAYS_KNOWN.get(field, frozenset())
    if op not in known:
        return None
    if field != kept.column or kept.by_week is None or op == "empty":
        return frozenset()
    return frozenset(
        kept.first(day)
        for day, begins in _bounds(op, node["value"], today)
        if not _at_edge(day, begins, kept)
    )


def _united(parts: list[frozenset[date] | None]) -> frozenset[date] | None:
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None


def _bounds(op: str, value: Any, today: date) -> list[tuple[date, bool | None]]:
    """Days that part the dates, each with whether it is the first of a side (None: neither)."""
    if op in ("within_days", "not_within_days"):
        return [(today - timedelta(days=int(value)), True)]
    if op == "between":
        return [(date.fromisoformat(value[0]), True), (date.fromisoformat(value[1]), False)]
    first = {"gte": True, "lt": True, "lte": False, "gt": False}.get(op)
    return [(date.fromisoformat(value), first)]


def _at_edge(day: date, begins: bool | None, kept: Kept) -> bool:
    """Whether no period has days on both sides."""
    if begins is None:
        return False
    days = kept.days(kept.first(day))
    return day == (days[0] if begins else days[-1])
