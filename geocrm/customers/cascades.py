"""Everything that goes when an account is deleted, read from the database's own catalogue.

Rooms above customers add tables that speak of accounts. None of them has to be named here: what
PostgreSQL deletes along with an account is exactly what is found, so nothing is forgotten.
"""

from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Link(NamedTuple):
    """A foreign key of one column."""

    child: str
    column: str
    parent: str
    parent_column: str
    # "c" deletes the child with its parent, "n" empties the column.
    on_delete: str


class Table(NamedTuple):
    """A table whose rows go with an account."""

    name: str
    columns: tuple[str, ...]
    # Columns that are written as text, since JSON would round them.
    shapes: tuple[str, ...]
    # SQL after FROM, with the rows as `x`, and the column that names the account.
    rows: str
    account: str
    # Foreign keys to rows that stay when the account goes.
    outside: tuple[Link, ...]


def tables(session: Session) -> list[Table]:
    """The tables, each after those it refers to; `accounts` itself is the first."""
    links = [Link(*row) for row in session.execute(text(_LINKS))]
    columns = session.execute(text(_COLUMNS)).all()
    way = dict(_ways(links))
    found = {
        name: Table(
            name,
            tuple(row.name for row in columns if row.owner == name),
            tuple(row.name for row in columns if row.owner == name and row.shape),
            rows,
            account,
            tuple(link for link in links if link.child == name and link.parent not in way),
        )
        for name, (rows, account) in way.items()
    }
    order = TopologicalSorter({
        name: {one.parent for one in links
               if one.child == name and one.parent in way and one.parent != name}
        for name in way
    })  # fmt: skip
    return [found[name] for name in order.static_order()]


def _ways(links: Sequence[Link]) -> Iterator[tuple[str, tuple[str, str]]]:
    """From each table to the account its rows hang on, by the fewest steps."""
    known: dict[str, tuple[str, str]] = {"accounts": ("accounts x", "x.id")}
    yield "accounts", known["accounts"]
    reached = ["accounts"]
    while reached:
        parent = reached.pop(0)
        for link in links:
            if link.parent != parent or link.on_delete != "c" or link.child in known:
                continue
            known[link.child] = _step(link, *known[parent])
            reached.append(link.child)
            yield link.child, known[link.child]


def _step(link: Link, rows: str, account: str) -> tuple[str, str]:
    if link.parent == "accounts":
        return f"{link.child} x", f"x.{link.column}"
    above = f"(SELECT x.*, {account} AS of_account FROM {rows})"
    return (
        f"{link.child} x JOIN {above} up ON up.{link.parent_column} = x.{link.column}",
        "up.of_account",
    )


_LINKS: Final = """
    SELECT c.conrelid::regclass::text, quote_ident(f.attname), c.confrelid::regclass::text,
        quote_ident(p.attname), c.confdeltype::text
    FROM pg_constraint c
    JOIN pg_attribute f ON f.attrelid = c.conrelid AND f.attnum = c.conkey[1]
    JOIN pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND c.conparentid = 0
    ORDER BY 1, 2
"""
_COLUMNS: Final = """
    SELECT a.attrelid::regclass::text AS owner, quote_ident(a.attname) AS name,
        t.typname IN ('geometry', 'geography') AS shape
    FROM pg_attribute a
    JOIN pg_class r ON r.oid = a.attrelid AND r.relkind IN ('r', 'p')
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND r.relnamespace = 'public'::regnamespace
    ORDER BY a.attrelid, a.attnum
"""
