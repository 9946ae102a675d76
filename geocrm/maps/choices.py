"""Values that customers have, to choose from while one filters, with how many have each.

Segments, territories and owners are counted beforehand. Of anything else counting stops after
`MAX_READ` customers: what is offered is still theirs, the counts are left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import elevated, scoped_sql
from geocrm.errors import Forbidden, NotFound
from geocrm.maps import pyramid
from geocrm.maps.beforehand import of_months
from geocrm.maps.catalogue import fields_for
from geocrm.maps.filter_fields import like_pattern
from geocrm.maps.filters import Filter
from geocrm.maps.service import sees_individuals
from geocrm.security import Actor
from geocrm.security.disclosure import shown_count

MAX_READ: Final = 200_000
MAX_SHOWN: Final = 100


class Choice(NamedTuple):
    """A value, its name, and how many customers have it; None where that is not said."""

    value: str | int
    label: str | None
    customers: int | None


def choices(
    session: Session, actor: Actor, field: str, *, q: str = "", values: Sequence[str] = ()
) -> list[Choice]:
    """Values of a field that begin with or hold `q`, or the named ones. One statement."""
    if field not in {info.name for info in fields_for(actor) if info.asks or info.kind == "place"}:
        raise _no_choices(field)
    if field in _LISTS:
        return _listed(session, actor, field, q, values)
    if values:
        return _named(session, field, values)
    return _counted(session, actor, field, q)


# Fields whose values are rows of a table of their own: value and name.
_LISTS: Final[Mapping[str, str]] = {
    "unit": (
        "SELECT code AS value, name AS label FROM boundaries"
        " WHERE layer NOT IN (SELECT code FROM boundary_layers WHERE made)"
    ),
    "location": "SELECT id AS value, name AS label FROM areas WHERE shared OR owner_id = :me",
    # The name of a file is its importer's, as everywhere else.
    "import": (
        "SELECT id AS value, file_name AS label FROM imports"
        " WHERE kind = :kind AND (CAST(:sees_all AS boolean) OR user_id = :me)"
    ),
}


def _listed(
    session: Session, actor: Actor, field: str, q: str, values: Sequence[str]
) -> list[Choice]:
    sql = (
        f"SELECT value, label FROM ({_LISTS[field]}) c"
        " WHERE (label ILIKE :pattern OR CAST(:q AS text) = '')"
        " AND (CAST(:only AS text[]) IS NULL OR CAST(value AS text) = ANY(CAST(:only AS text[])))"
        f" ORDER BY length(label), label LIMIT {MAX_SHOWN}"
    )
    bound = {
        "me": actor.user_id,
        "sees_all": actor.sees_all,
        # Bound, because the guard of plain SQL takes the word for the table of this name.
        "kind": "accounts",
        "q": q,
        "pattern": like_pattern(q, anywhere=True),
        "only": list(values) or None,
    }
    return [Choice(value, label, None) for value, label in session.execute(text(sql), bound)]


_NAMES: Final[Mapping[str, str]] = {"owner": "users", "territory": "territories"}


def _named(session: Session, field: str, values: Sequence[str]) -> list[Choice]:
    """The names of owners and territories; everything else is its own name."""
    table = _NAMES.get(field)
    if table is None:
        return [Choice(value, None, None) for value in values]
    ids = [int(value) for value in values if value.isdigit() and len(value) < 10]
    found = session.execute(
        text(f"SELECT id, name FROM {table} WHERE id = ANY(CAST(:ids AS int[]))"), {"ids": ids}
    )
    return [Choice(value, label, None) for value, label in found]


_OF_ADDRESS: Final = frozenset(
    {"region", "city", "district", "village", "postcode", "country", "provider"}
)


def _source(field: str) -> tuple[str, str]:
    """The value, and the rows that hold it."""
    if field == "tag":
        return "v.tag", (
            "accounts a ON a.id = s.account_id AND a.tags <> '{}'"
            " CROSS JOIN LATERAL unnest(a.tags) AS v(tag)"
        )
    if field in _OF_ADDRESS:
        return f"d.{field}", f"addresses d ON d.account_id = s.account_id AND d.{field} <> ''"
    raise _no_choices(field)


def _no_choices(field: str) -> NotFound:
    return NotFound("The field “{name}” has no choices of its own", name=field[:60])


# Those that sums know: the value in them, its name, and where that stands.
_IN_SUMS: Final[Mapping[str, tuple[str, str, str]]] = {
    "segment": ("k.segment", "k.segment", ""),
    "owner": ("k.owner_id", "n.name", "JOIN users n ON n.id = k.owner_id"),
    "territory": ("k.territory_id", "n.name", "JOIN territories n ON n.id = k.territory_id"),
}
_EVERYBODY: Final = Filter("TRUE", {}, "everybody")


def _sums(field: str, q: str) -> tuple[str, dict[str, Any]]:
    """SQL of values, names and counts, from sums; its values."""
    value, label, join = _IN_SUMS[field]
    found = of_months(_EVERYBODY)
    assert found is not None
    kinds, values = pyramid.kinds(_EVERYBODY, found)
    sql = f"""
        SELECT {value} AS value, min({label}), CAST(sum(k.n) AS bigint), 0
        FROM ({kinds}) k {join}
        WHERE {value} IS NOT NULL AND lower({label}) LIKE lower(:pattern)
        GROUP BY 1 ORDER BY 3 DESC, 2 LIMIT {MAX_SHOWN}
    """
    return sql, values | {"pattern": like_pattern(q, anywhere=field in _NAMES)}


def _of_customers(field: str, q: str) -> tuple[str, dict[str, Any]]:
    """The same from the customers, and how many were read."""
    value, rows = _source(field)
    wanted = f" AND lower({value}) LIKE lower(:pattern)" if q else ""
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT {value} AS value FROM account_scope s JOIN {rows}
            WHERE {{scope:s}}{wanted} LIMIT {MAX_READ})
        SELECT value, value, count(*), (SELECT count(*) FROM found) FROM found
        GROUP BY value ORDER BY 3 DESC, 2 LIMIT {MAX_SHOWN}
    """
    return sql, {"pattern": like_pattern(q, anywhere=field == "tag")} if q else {}


def _counted(session: Session, actor: Actor, field: str, q: str) -> list[Choice]:
    sql, bound = (_sums if field in _IN_SUMS else _of_customers)(field, q)
    if sees_individuals(actor):
        found = scoped_sql(session, sql, bound).all()
        return [Choice(v, name, n if read < MAX_READ else None) for v, name, n, read in found]
    if not actor.may("count", "account"):
        raise Forbidden(f"The role {actor.role.value} may not count account records")
    with elevated(session):
        found = scoped_sql(session, sql, bound).all()
    # A value that few people have would tell of them.
    kept = [(v, name, shown_count(n)) for v, name, n, _ in found]
    return [Choice(v, name, n) for v, name, n in kept if n is not None]
