"""Importing in tests: a file's text in, figures out, as any person."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from geocrm.customers.imports import engine, queries, service
from geocrm.customers.imports.kind import Kind
from geocrm.customers.imports.plan import Options, sha256_of
from geocrm.customers.models import Account, AccountScope, Address
from geocrm.db import unit_of_work
from geocrm.sales.tasks import KINDS
from geocrm.security import OPERATOR, Actor, Role
from geocrm.security import service as people
from geocrm.security.models import User


def somebody_with_a_customer(session: Session, role: Role, email: str) -> tuple[User, Account]:
    """A person and a customer of theirs that are really there, for transactions that overlap."""
    owner = people.add_user(session, OPERATOR, role=role, email=email)
    account = Account(name="Toko")
    session.add(account)
    session.flush()
    session.add(AccountScope(account_id=account.id, owner_id=owner.id))
    session.add(Address(account_id=account.id))
    session.flush()
    return owner, account


class Done(NamedTuple):
    """What an import came to, with the messages by row number."""

    id: int
    created: int
    updated: int
    skipped: int
    failed: int
    messages: dict[int, str]


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[..., Path]:
    """A file with this content: text, or bytes as they are."""
    count = 0

    def write(content: str | bytes, name: str = "customers.csv") -> Path:
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        folder.mkdir()
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def batches(sessions: sessionmaker[Session]) -> Callable[[Actor], engine.OpenBatch]:
    """Units of work of an actor."""

    def of(actor: Actor) -> engine.OpenBatch:
        @contextmanager
        def open_batch():
            with unit_of_work(sessions, actor) as session:
                yield session
                # Within one outer transaction temporary tables do not go at the end of a batch.
                for table in ("import_units", "import_points", "import_seen", "sales_figures"):
                    session.execute(text(f"DROP TABLE IF EXISTS {table}"))

        return open_batch

    return of


@pytest.fixture
def bring_in(write_file, batches, administrator) -> Callable[..., Done]:
    """Import a file's content; options by name, `dry=True` only says what would happen."""

    def run(
        content: str | bytes | Path,
        *,
        kind: str = "accounts",
        actor: Actor = OPERATOR,
        name: str = "customers.csv",
        **options: Any,
    ) -> Done:
        path = content if isinstance(content, Path) else write_file(content, name)
        chosen: Kind = KINDS[kind]
        plan = service.plan_file(path, chosen, Options(**options))
        open_batch = batches(actor)
        with open_batch() as session:
            found, _ = service.begin(
                session, actor, chosen, plan, file_name=path.name, sha256=sha256_of(path)
            )
            import_id = found.id
        service.run(open_batch, chosen, actor, import_id, plan, lambda _done, _total: None)
        with open_batch() as session:
            found = queries.get(session, actor, import_id)
            rows = {row.row_no: row.message for row in queries.told_rows(session, import_id)}
            counted = (found.created, found.updated, found.skipped, found.failed)
        return Done(import_id, *counted, rows)

    return run


@pytest.fixture
def take_back(batches) -> Callable[..., tuple[int, int]]:
    """Undo an import; how many records, and how many were spared."""

    def run(import_id: int, actor: Actor = OPERATOR) -> tuple[int, int]:
        open_batch = batches(actor)
        with open_batch() as session:
            kind = KINDS[service.begin_undo(session, actor, import_id).kind]
        engine.undo(open_batch, kind, import_id, lambda _done, _total: None)
        with open_batch() as session:
            found = queries.get(session, actor, import_id)
            return found.undone, found.spared

    return run
