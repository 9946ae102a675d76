"""Who may see a row, enforced where rows are read.

Each table that holds someone's records is registered with a criterion. A hook adds the criterion of
the session's scope to every ORM statement that touches such a table, and refuses a statement it
cannot narrow: one without a scope, one in plain SQL outside `scoped_sql`, or a bulk update by key.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Executable, TextClause, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql.util import find_tables

from geocrm.errors import MissingActor


class Scope(Protocol):
    """What a session must know of the person or job it reads for."""

    @property
    def sees_all(self) -> bool:
        """True for the administrator and the operator."""

    @property
    def owner_ids(self) -> frozenset[int]:
        """Users whose records are visible: the person and everyone who reports to them."""

    @property
    def territory_ids(self) -> frozenset[int]:
        """Territories whose records are visible."""


@dataclass(frozen=True, slots=True)
class Everything:
    """The scope of work done for the system itself; see `elevated`."""

    sees_all: bool = True
    owner_ids: frozenset[int] = frozenset()
    territory_ids: frozenset[int] = frozenset()


RowCriterion = Callable[[Any], ColumnElement[bool]]
Criterion = Callable[[list[int], list[int]], RowCriterion]
Entity = TypeVar("Entity", bound=type)
_CRITERIA: dict[type, Criterion] = {}
_NAMES: set[str] = set()


def scoped(criterion: Criterion) -> Callable[[Entity], Entity]:
    """Register a mapped class whose rows belong to someone.

    The criterion gets the visible owners and the visible territories and answers with a lambda:
    from the class, or an alias of it, to the condition a row must meet. A lambda, because a plain
    expression is not adapted to aliased joins; SQLAlchemy tells lambdas apart by their code, so
    each criterion writes its own.
    """

    def register(entity: Entity) -> Entity:
        _CRITERIA[entity] = criterion
        _NAMES.add(entity.__table__.name)  # type: ignore[attr-defined]
        return entity

    return register


def scoped_table_names() -> frozenset[str]:
    """Names of all tables that hold someone's records."""
    return frozenset(_NAMES)


def of(session: Session) -> Scope:
    """The scope the session reads for, or MissingActor."""
    scope: Scope | None = session.info.get("scope")
    if scope is None:
        raise MissingActor("This session has no actor, so it may not read customers' records")
    return scope


@contextmanager
def elevated(session: Session) -> Iterator[None]:
    """Read and write all rows for the length of the block.

    For work whose result the caller is allowed to cause although they may not see every row it
    touches, such as handing accounts over when a territory plan goes live.
    """
    before = session.info.get("scope")
    session.info["scope"] = Everything()
    try:
        yield
    finally:
        session.info["scope"] = before


@event.listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    if state.is_column_load:
        return
    touched = _scoped_tables_in(state.statement)
    if not touched:
        return
    scope = of(state.session)
    if not state.is_orm_statement:
        raise MissingActor(
            f"Plain SQL on {', '.join(sorted(touched))} must go through geocrm.db.scoped_sql"
        )
    if state.is_update and isinstance(state.parameters, list):
        raise MissingActor("A bulk update by primary key escapes the scope; update with a WHERE")
    if not scope.sees_all:
        state.statement = state.statement.options(
            *_criteria(sorted(scope.owner_ids), sorted(scope.territory_ids))
        )


def _scoped_tables_in(statement: Executable) -> frozenset[str]:
    if isinstance(statement, TextClause):
        return scoped_tables_in_sql(statement.text)
    tables = find_tables(
        statement,  # type: ignore[arg-type]
        check_columns=True,
        include_joins=False,
        include_selects=True,
        include_crud=True,
    )
    return scoped_table_names() & {getattr(table, "name", "") for table in tables}


def scoped_tables_in_sql(sql: str) -> frozenset[str]:
    """Names of the tables in the statement that hold someone's records."""
    return scoped_table_names() & _words_in(sql)


@lru_cache(maxsize=1_000)
def _words_in(sql: str) -> frozenset[str]:
    """The words of a statement; the same few statements come again and again."""
    return frozenset(re.findall(r"\w+", sql.lower()))


def _criteria(owner_ids: list[int], territory_ids: list[int]) -> list[Any]:
    return [
        with_loader_criteria(entity, criterion(owner_ids, territory_ids), include_aliases=True)
        for entity, criterion in _CRITERIA.items()
    ]
