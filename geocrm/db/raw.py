"""Plain SQL: set-based work and tiles, where the ORM would be in the way."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session

from geocrm.db import scope as scopes
from geocrm.db.prepared import MAX_KEPT, for_driver, prepared
from geocrm.errors import MissingActor

_PLACEHOLDER = re.compile(r"\{scope(_owner|_territory|):(\w+)\}")


def scoped_sql(
    session: Session,
    sql: str,
    params: Mapping[str, Any] | None = None,
    *,
    plan_once: bool = False,
) -> CursorResult[*tuple[Any, ...]]:
    """Run plain SQL on scoped tables, narrowed to what the session's actor may see.

    The SQL must say where the narrowing goes: `{scope:s}`, with the alias of an `account_scope` in
    it, stands for the predicate. Two queries put together by UNION ALL, one with `{scope_owner:s}`
    and one with `{scope_territory:s}`, give the same rows, each once and each half from the index
    that suits it. Raises MissingActor when no place is named or the session has no actor.

    With `plan_once` the connection plans the statement when it first meets it, for any values.
    """
    scope = scopes.of(session)
    narrowed = _narrowed(sql, scope.sees_all)
    bound = dict(params or {})
    if not scope.sees_all:
        bound |= {
            "visible_owner_ids": sorted(scope.owner_ids),
            "visible_territory_ids": sorted(scope.territory_ids),
        }
    return _run(session, narrowed, bound, plan_once)


def unscoped_sql(
    session: Session, sql: str, params: Mapping[str, Any]
) -> CursorResult[*tuple[Any, ...]]:
    """Run plain SQL that reads nobody's records; the connection plans it once, for any values.

    Raises MissingActor when it names a table that holds somebody's.
    """
    touched = scopes.scoped_tables_in_sql(sql)
    if touched:
        raise MissingActor(f"SQL on {', '.join(sorted(touched))} must go through scoped_sql")
    return _run(session, sql, params, plan_once=True)


def _run(
    session: Session, sql: str, params: Mapping[str, Any], plan_once: bool
) -> CursorResult[*tuple[Any, ...]]:
    # As the driver has it: what SQLAlchemy reads in a long text it would read at each request.
    statement = prepared(session, sql) if plan_once else for_driver(sql)
    return session.connection().exec_driver_sql(statement, dict(params))


@lru_cache(maxsize=MAX_KEPT)
def _narrowed(sql: str, sees_all: bool) -> str:
    parts = {match[1] for match in _PLACEHOLDER.finditer(sql)}
    if not ("" in parts or parts == {"_owner", "_territory"}):
        raise MissingActor("SQL on scoped tables needs {scope:alias}")
    return _PLACEHOLDER.sub(lambda match: _predicate(sees_all, *match.groups()), sql)


def _predicate(sees_all: bool, part: str, alias: str) -> str:
    if sees_all:
        return "FALSE" if part == "_territory" else "TRUE"
    own = f"{alias}.owner_id = ANY(CAST(:visible_owner_ids AS int[]))"
    ground = f"{alias}.territory_id = ANY(CAST(:visible_territory_ids AS int[]))"
    if part == "_owner":
        return own
    return f"({ground} AND NOT {own})" if part else f"({own} OR {ground})"


def driver_connection(session: Session) -> Any:
    """The psycopg2 connection of the session's transaction, for COPY and for enqueuing jobs."""
    return session.connection().connection.driver_connection


def copy_rows(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """COPY rows into a table inside the session's transaction; None becomes NULL.

    Rows are streamed, so any number fits in memory. `table` and `columns` come from our code.
    """
    stream = _CsvStream(rows)
    with driver_connection(session).cursor() as cursor:
        cursor.copy_expert(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv, NULL '\\N')", stream
        )
    return stream.count


class _CsvStream(io.TextIOBase):
    """A readable file over an iterator of rows, written as CSV a block at a time."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = iter(rows)
        self._block = ""
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        wanted = size if size and size > 0 else None
        while wanted is None or len(self._block) < wanted:
            more = self._next_block()
            if not more:
                break
            self._block += more
        out, self._block = self._block[:wanted], self._block[wanted:] if wanted else ""
        return out

    def _next_block(self) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, quoting=csv.QUOTE_MINIMAL)
        for _ in range(500):
            row = next(self._rows, None)
            if row is None:
                break
            self.count += 1
            writer.writerow([_field(value) for value in row])
            # A row may be a large shape, and what is not yet read is copied at each read.
            if buffer.tell() > 65_536:
                break
        return buffer.getvalue()


def _field(value: Any) -> Any:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        # PostgreSQL text cannot hold NUL.
        return value.replace("\x00", "")
    return value
