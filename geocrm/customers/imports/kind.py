"""What an import of some kind of record must be able to do; the engine does the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from geocrm.customers.imports.fields import Fields
from geocrm.customers.imports.plan import Plan
from geocrm.customers.imports.source import Row
from geocrm.db import scoped_sql
from geocrm.security import Actor

# What the temporary table of every kind begins with. `outcome` is decided by the kind's `settle`.
COMMON_DDL = """
    row_no integer PRIMARY KEY,
    problem text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    cells text,
    outcome text,
    target_id bigint,
    leader integer,
    version integer,
    before jsonb
"""
COMMON_COLUMNS = ("row_no", "problem", "note", "cells")


@dataclass(frozen=True, slots=True)
class Context:
    """Whose import it is and how it is done; the same for each of its blocks."""

    import_id: int
    actor: Actor
    plan: Plan
    # Owner of what no column gives an owner to.
    owner_id: int
    dry: bool = False

    @property
    def params(self) -> dict[str, Any]:
        """Bound in every statement of a kind."""
        return {
            "import_id": self.import_id,
            "importer_id": self.actor.user_id,
            "owner_id": self.owner_id,
            "owner_ids": sorted(self.actor.owner_ids),
            "assigns_all": self.actor.sees_all,
            "update": self.plan.options.on_duplicate == "update",
            "currency": self.plan.options.currency,
            "country": self.plan.options.country,
        }


@dataclass(slots=True)
class Staged:
    """A row read: the values of the kind's columns, what is wrong with it, what to tell."""

    row: Row
    values: dict[str, Any]
    problems: list[str]
    notes: list[str]


class Kind(Protocol):
    """Accounts, orders: how their rows are read, matched, written and taken back."""

    @property
    def name(self) -> str:
        """What `imports.kind` says."""

    @property
    def fields(self) -> Fields:
        """What a column can mean."""

    @property
    def number_fields(self) -> Sequence[str]:
        """Fields whose columns are looked through for how numbers are written."""

    @property
    def date_fields(self) -> Sequence[str]:
        """Fields whose columns are looked through for how dates are written."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Further columns of the temporary table that reading fills, with their types."""

    @property
    def worked_out(self) -> Mapping[str, str]:
        """Further columns of the temporary table that `settle` fills, with their types."""

    @property
    def indexes(self) -> Sequence[str]:
        """What the temporary table is indexed by."""

    def read(self, session: Session, context: Context, rows: Sequence[Row]) -> list[Staged]:
        """The values of the rows."""

    def settle(self, session: Session, context: Context) -> None:
        """Decide the outcome of each row of `import_stage`, changing nothing else."""

    def remember(self, session: Session, context: Context) -> None:
        """In a dry run: keep what the block would have created, for the blocks after it."""

    def apply(self, session: Session, context: Context) -> None:
        """Write the rows of `import_stage` that are created or updated."""

    def finish(self, session: Session, context: Context) -> None:
        """Work that is done once, after the last block."""

    def undo(self, session: Session, import_id: int, targets: Sequence[int]) -> tuple[int, int]:
        """Take the import back from these records: how many, and how many were spared."""


def run_sql(session: Session, sql: str, params: Mapping[str, Any]) -> CursorResult[Any]:
    """Run one statement; one on people's records carries the scope and is narrowed by it."""
    if "{scope:" in sql:
        return scoped_sql(session, sql, params)
    result = session.execute(text(sql), dict(params))
    assert isinstance(result, CursorResult)
    return result
