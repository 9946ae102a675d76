"""A town to ask, and providers that ask it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session, sessionmaker

from geocrm.db import make_sessions
from geocrm.geocoding.providers import administration
from geocrm.geocoding.providers.administration import Setup
from geocrm.geocoding.providers.models import Provider
from geocrm.security import OPERATOR
from tests.geocoding.providers.town import Town, running


@pytest.fixture
def town() -> Iterator[Town]:
    """A server on this machine."""
    with running() as town:
        yield town


@pytest.fixture
def add_provider(session: Session, town: Town) -> Callable[..., Provider]:
    """Add a provider that asks the town; every field has a default."""
    return lambda name="town", **given: _add(session, town, name, **given)


@pytest.fixture
def lasting(engine: Engine) -> Iterator[sessionmaker[Session]]:
    """Sessions that really commit, for tests with several threads or processes."""
    sessions = make_sessions(engine)
    yield sessions
    with sessions.begin() as session:
        session.execute(delete(Provider))


@pytest.fixture
def add_lasting(lasting: sessionmaker[Session], town: Town) -> Callable[..., Provider]:
    """Add a provider that every connection sees."""

    def add(name: str = "town", **given: Any) -> Provider:
        with lasting.begin() as session:
            return _add(session, town, name, **given)

    return add


def _add(session: Session, town: Town, name: str, key: str = "", **given: Any) -> Provider:
    setup = Setup(
        name,
        "nominatim",
        domain=town.domain,
        scheme="http",
        allow_private=True,
        timeout_s=1.0,
        rate_per_s=1_000.0,
    )
    provider = administration.add(session, OPERATOR, replace(setup, **given), key)
    session.commit() if not session.in_nested_transaction() else session.flush()
    return provider
