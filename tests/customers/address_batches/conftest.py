"""Batches in tests: a database with the places of a province, customers never looked up, runs."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select, update

from geocrm.customers.address_batches import engine as batches
from geocrm.customers.address_batches import service as address_batches
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.address_batches.online import NoServices
from geocrm.customers.models import AccountScope, Address
from geocrm.db import make_engine, make_sessions, unit_of_work
from geocrm.places.gazetteer_loading import load_gazetteer
from geocrm.security import OPERATOR
from tests.customers.address_batches.given import DATA_DIR, FILLED_IN, SLICE
from tests.database import fresh_database, migrated_template


class Look:
    """Rows as they are in the database now."""

    def __init__(self, session):
        self._session = session

    def batch(self, batch_id):
        self._session.expire_all()
        return self._session.get_one(AddressBatch, batch_id)

    def address(self, account_id):
        return self._of(Address, account_id)

    def scope(self, account_id):
        return self._of(AccountScope, account_id)

    def _of(self, kind, account_id):
        self._session.expire_all()
        return self._session.scalars(select(kind).where(kind.account_id == account_id)).one()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A database with the places of a province."""
    name = f"geocrm_test_batches_{os.getpid()}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with fresh_database(name, template=migrated_template()) as url:
        engine = make_engine(url)
        with make_sessions(engine)() as session, session.begin():
            load_gazetteer(session, DATA_DIR, SLICE)
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on that database."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def add(session, add_account):
    """Add a customer whose address was never looked up."""

    def add(**parts):
        account = add_account(at=None, owner=parts.pop("owner", None))
        session.execute(
            update(Address)
            .where(Address.account_id == account.id)
            .values(**{**FILLED_IN, **parts})
            .execution_options(synchronize_session=False)
        )
        session.commit()
        return account.id

    return add


@pytest.fixture
def begin(sessions):
    """Begin a batch; its id."""

    def begin(choice="pending", actor=OPERATOR, online=False):
        with unit_of_work(sessions, actor) as session:
            return address_batches.begin(
                session, actor, choice, online=online, country="ID"
            ).id  # fmt: skip

    return begin


@pytest.fixture
def go_on(sessions):
    """Run what is left of a batch."""

    def go_on(batch_id, actor=OPERATOR, services=None, report=lambda *_: None):
        batches.run(
            lambda: unit_of_work(sessions, actor), sessions, batch_id, services or NoServices(),
            report,
        )  # fmt: skip

    return go_on


@pytest.fixture
def look(session):
    """The batch, the address of an account, as they are in the database now."""
    return Look(session)
