"""Customers grouped by one of their properties: the columns of a board, the bars of a chart.

One statement a question. Each group comes with the filter that chooses exactly its customers, so
that a click on it, a column of cards and the map never disagree.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import elevated, scoped_sql
from geocrm.errors import Forbidden, InvalidInput
from geocrm.maps.filters import Filter
from geocrm.maps.queries import Box
from geocrm.maps.recency import span_days, span_part, span_sql
from geocrm.maps.service import sees_individuals
from geocrm.security import Actor
from geocrm.security.disclosure import shown_amount, shown_count

MAX_GROUPS: Final = 100
_UNIT: Final = "unit:"


class Group(NamedTuple):
    """Customers that share a value; None stands for those without one."""

    value: str | int | None
    label: str | None
    customers: int
    revenue: float


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group as the actor may know it, and the filter that chooses it (None: there is none)."""

    value: str | int | None
    label: str | None
    customers: int
    revenue: float | None
    part: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class _By:
    """What customers are grouped by: the value of `account_scope s`, and its label's source."""

    value: str
    join: str = ""
    label: str = "NULL"
    label_join: str = ""


_BY: Final[Mapping[str, _By]] = {
    "segment": _By("s.segment"),
    "territory": _By(
        "s.territory_id", label="t.name", label_join="LEFT JOIN territories t ON t.id = g.value"
    ),
    "owner": _By("s.owner_id", label="u.name", label_join="LEFT JOIN users u ON u.id = g.value"),
    "grade": _By("s.grade"),
    "recency": _By(span_sql("s.last_order")),
    "visited": _By(span_sql("s.last_visit")),
    "month": _By("to_char(s.last_order, 'YYYY-MM')"),
}
# The date that is told in spans.
_SPANNED: Final[Mapping[str, str]] = {"recency": "last_order", "visited": "last_visit"}
# A unit of the layer stands for all that lies in it.
_BY_UNIT: Final = _By(
    "below.top",
    join="LEFT JOIN below ON below.code = s.unit",
    label="b.name",
    label_join="LEFT JOIN boundaries b ON b.code = g.value",
)
NAMES: Final = (*_BY, f"{_UNIT}<layer>")


def groups(
    session: Session, chosen: Filter, by: str, *, today: date, box: Box | None = None
) -> list[Group]:
    """The groups with the most customers first, at most `MAX_GROUPS`."""
    how = _how(by)
    conditions = " AND ".join(["{scope:s}", chosen.sql] + ([box.sql] if box else []))
    values: dict[str, Any] = {**chosen.params, **(box.params if box else {})}
    if by in _SPANNED:
        values |= span_days(today)
    if by.startswith(_UNIT):
        values["layer"] = by.removeprefix(_UNIT)
    rows = scoped_sql(
        session,
        f"""
        WITH RECURSIVE {_BELOW if how is _BY_UNIT else ""} g AS (
            SELECT {how.value} AS value, count(*) AS n, sum(s.revenue) AS revenue
            FROM account_scope s {how.join} WHERE {conditions} GROUP BY 1
        )
        SELECT g.value, {how.label} AS label, g.n, g.revenue FROM g {how.label_join}
        ORDER BY g.n DESC, g.value LIMIT {MAX_GROUPS}
        """,
        values,
    )
    return [Group(row.value, row.label, row.n, row.revenue or 0.0) for row in rows]


def shown_groups(
    session: Session, actor: Actor, chosen: Filter, by: str, *, box: Box | None = None
) -> list[ShownGroup]:
    """The groups as the actor may know them; too few people are left out for who only counts."""
    today = clock.today(actor.timezone)
    if sees_individuals(actor):
        found = groups(session, chosen, by, today=today, box=box)
        return [ShownGroup(*group, part_of(by, group.value)) for group in found]
    if by == "owner":
        raise Forbidden(f"The role {actor.role.value} may not group customers by their owner")
    with elevated(session):
        found = groups(session, chosen, by, today=today, box=box)
    return [
        ShownGroup(
            group.value,
            group.label,
            number,
            shown_amount(group.revenue, group.customers),
            part_of(by, group.value),
        )
        for group in found
        if (number := shown_count(group.customers)) is not None
    ]


def part_of(by: str, value: Any) -> dict[str, Any] | None:
    """The filter that chooses exactly the group; None when the language has none for it."""
    if by in ("segment", "territory", "owner", "grade"):
        if value is None:
            return {"field": by, "op": "empty", "value": True}
        return {"field": by, "op": "in", "value": [value]}
    if by in _SPANNED:
        return span_part(_SPANNED[by], value)
    if by == "month":
        return _in_month(value)
    return None if value is None else {"field": "unit", "op": "in", "value": [value]}


def _in_month(value: str | None) -> dict[str, Any]:
    if value is None:
        return {"field": "last_order", "op": "empty", "value": True}
    year, month = (int(part) for part in value.split("-"))
    days = [f"{value}-01", f"{value}-{monthrange(year, month)[1]:02d}"]
    return {"field": "last_order", "op": "between", "value": days}


def _how(by: str) -> _By:
    if by.startswith(_UNIT) and len(by) <= 60:
        return _BY_UNIT
    if by not in _BY:
        raise InvalidInput(
            "Customers cannot be grouped by “{name}”; choose {choices}",
            name=by[:60],
            choices=", ".join(NAMES),
        )
    return _BY[by]


_BELOW: Final = """
    below(code, top) AS (
        SELECT code, code FROM boundaries WHERE layer = :layer
        UNION ALL SELECT b.code, below.top FROM boundaries b JOIN below ON b.parent = below.code
    ),
"""
