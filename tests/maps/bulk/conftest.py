"""Bulk actions as tests use them: asked for by somebody, run to their end, looked at."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from geocrm.customers.models import Account, AccountScope
from geocrm.db import copy_rows, make_engine, make_sessions, unit_of_work
from geocrm.maps.bulk import engine, queries, service
from geocrm.maps.bulk.action import Running
from geocrm.maps.bulk.models import BulkRun
from geocrm.maps.bulk.service import Asked
from geocrm.security import OPERATOR, Role
from geocrm.security import service as people
from geocrm.security.queries import user_by_email
from geocrm.wiring.bulk import ACTIONS
from tests.database import fresh_database, migrated_template

REP = "b@example.test"


def nothing(done: int, total: int) -> None:
    """Tell nobody."""


class Bulk:
    """Begins, runs and undoes bulk actions as somebody."""

    def __init__(self, sessions: Any, actor: Any, folder: Any) -> None:
        self.sessions, self.actor, self.folder = sessions, actor, folder

    def running(self, run_id: int, report: Any = nothing) -> Running:
        return Running(
            run_id,
            self.actor,
            lambda: unit_of_work(self.sessions, self.actor),
            report,
            self.folder,
        )

    def preview(self, action: str, params: Any = None, **meant: Any) -> service.Preview:
        with unit_of_work(self.sessions, self.actor) as session:
            asked = Asked(action, params or {}, **meant)
            return service.preview(session, self.actor, ACTIONS, asked)

    def begin(self, action: str, params: Any = None, **options: Any) -> int:
        kept = {name: options.pop(name, None) for name in ("fingerprint", "client_key")}
        with unit_of_work(self.sessions, self.actor) as session:
            asked = Asked(action, params or {}, **options)
            return service.begin(session, self.actor, ACTIONS, asked, **kept)[0].id

    def run(self, run_id: int, report: Any = nothing) -> BulkRun:
        engine.run(ACTIONS, self.running(run_id, report))
        return self.found(run_id)

    def do(self, action: str, params: Any = None, **options: Any) -> BulkRun:
        return self.run(self.begin(action, params, **options))

    def undo(self, run_id: int) -> BulkRun:
        with unit_of_work(self.sessions, self.actor) as session:
            service.begin_undo(session, self.actor, ACTIONS, run_id)
        engine.undo(ACTIONS, self.running(run_id))
        return self.found(run_id)

    def found(self, run_id: int) -> BulkRun:
        with unit_of_work(self.sessions, self.actor) as session:
            return queries.get(session, self.actor, run_id)

    def left_alone(self, run_id: int) -> dict[int, str]:
        with unit_of_work(self.sessions, self.actor) as session:
            return {each.account_id: each.reason for each in queries.left_alone(session, run_id)}


@pytest.fixture
def bulk_of(sessions: Any, actor_of: Any, tmp_path: Any) -> Callable[[Any], Bulk]:
    """Bulk actions as this user, or as the operator."""
    return lambda user: Bulk(sessions, actor_of(user) if user else OPERATOR, tmp_path / "exports")


@pytest.fixture
def look(session: Any) -> Callable[[Any], tuple[Account, AccountScope]]:
    """An account and its scope row as the database has them now."""

    def now(account: Any) -> tuple[Account, AccountScope]:
        session.commit()
        session.expire_all()
        kept = session.scalars(select(Account).where(Account.id == account.id)).one()
        return kept, session.get(AccountScope, account.id)

    return now


@contextmanager
def customers(rows: int) -> Iterator[str]:
    """The name of a database with so many customers, a rep and an administrator who has them."""
    name = f"geocrm_test_bulk_{rows}_{os.getpid()}"
    with fresh_database(name, template=migrated_template()) as url:
        own = make_engine(url)
        with unit_of_work(make_sessions(own), OPERATOR) as session:
            boss = people.add_user(
                session, OPERATOR, email="a@example.test", role=Role.ADMINISTRATOR
            )
            people.add_user(session, OPERATOR, email=REP, role=Role.FIELD_REP)
            ids = range(1, rows + 1)
            copy_rows(session, "accounts", ("id", "name"), ((i, f"Toko {i}") for i in ids))
            scopes = ((i, boss.id) for i in ids)
            copy_rows(session, "account_scope", ("account_id", "owner_id"), scopes)
            copy_rows(session, "addresses", ("account_id",), ((i,) for i in ids))
        own.dispose()
        yield name


@contextmanager
def own_customers(tmp_path: Any, like: str) -> Iterator[Any]:
    """A copy of such a database: its URL, engine, bulk actions, the rep."""
    with fresh_database(f"geocrm_test_killed_bulk_{os.getpid()}", template=like) as url:
        own = make_engine(url)
        sessions = make_sessions(own)
        with unit_of_work(sessions, OPERATOR) as session:
            rep_id = user_by_email(session, REP).id
        yield url, own, Bulk(sessions, OPERATOR, tmp_path), rep_id
        own.dispose()
