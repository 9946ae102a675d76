"""Fixtures every test may use: a real PostGIS, people of each role, builders with defaults."""

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func
from sqlalchemy.orm import Session, sessionmaker

from geocrm import wiring
from geocrm.cli import context
from geocrm.config import Settings
from geocrm.customers.models import Account, AccountScope, Address
from geocrm.db import make_engine
from geocrm.security import OPERATOR, Actor, Role
from geocrm.security import service as people
from geocrm.security.models import User
from geocrm.web.app import create_app
from tests.chromium import launch_arguments
from tests.database import fresh_database, migrated_template

PASSWORD = "correct horse battery"
SECRET_KEY = "t" * 64


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """One browser for all tests of a process, whichever folder asks first."""
    return launch_arguments()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A migrated database of this test process alone."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with fresh_database(f"geocrm_test_{os.getpid()}_{worker}", template=migrated_template()) as url:
        yield url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on that database."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Iterator[sessionmaker[Session]]:
    """Sessions whose commits vanish when the test ends."""
    with engine.connect() as connection:
        outer = connection.begin()
        yield sessionmaker(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        outer.rollback()


@pytest.fixture
def on_the_test_sessions(sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands use the sessions of the test, whose commits vanish."""
    monkeypatch.setattr(context, "open_sessions", lambda *_: nullcontext(sessions))


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """One such session, reading everything."""
    with sessions() as session:
        session.info["scope"] = OPERATOR
        yield session


@pytest.fixture
def add_user(session: Session) -> Callable[..., User]:
    """Add somebody; every field has a default. Their password is `PASSWORD`."""
    count = 0

    def add(role: Role = Role.FIELD_REP, **fields: Any) -> User:
        nonlocal count
        count += 1
        fields = {"email": f"{role.value}{count}@example.test", "password": None} | fields
        user = people.add_user(session, OPERATOR, role=role, **fields)
        session.commit()
        return user

    return add


@pytest.fixture
def actor_of(session: Session) -> Callable[[User], Actor]:
    """The actor a user is right now, with everything they may see."""
    return lambda user: wiring.actor_for(session, user)


@pytest.fixture
def manager(add_user: Callable[..., User]) -> User:
    """A territory manager."""
    return add_user(Role.TERRITORY_MANAGER)


@pytest.fixture
def rep(add_user: Callable[..., User], manager: User) -> User:
    """A field rep who reports to the manager."""
    return add_user(Role.FIELD_REP, manager_id=manager.id)


@pytest.fixture
def marketer(add_user: Callable[..., User]) -> User:
    """A marketer."""
    return add_user(Role.MARKETER)


@pytest.fixture
def administrator(add_user: Callable[..., User]) -> User:
    """An administrator."""
    return add_user(Role.ADMINISTRATOR)


@pytest.fixture
def actor() -> Actor:
    """The operator, who sees everything."""
    return OPERATOR


@pytest.fixture
def add_account(session: Session, add_user: Callable[..., User]) -> Callable[..., Account]:
    """Add an account with its scope row and address; every field has a default."""
    someone: list[User] = []

    def add(
        name: str = "Toko Maju",
        *,
        owner: User | None = None,
        at: tuple[float, float] | None = (106.8, -6.2),
        territory_id: int | None = None,
        unit: str | None = None,
        segment: str | None = "B",
        revenue: float = 100.0,
        last_order: date | None = None,
        last_visit: date | None = None,
        grade: str = "village",
        consent: int = 0,
        reach: int = 0,
        **fields: Any,
    ) -> Account:
        if owner is None:
            if not someone:
                someone.append(add_user(Role.FIELD_REP, email="somebody@example.test"))
            owner = someone[0]
        account = Account(name=name, segment=segment, annual_revenue=revenue, **fields)
        session.add(account)
        session.flush()
        grade = grade if at else "none"
        session.add(
            AccountScope(
                account_id=account.id,
                owner_id=owner.id,
                territory_id=territory_id,
                unit=unit,
                geom=func.ST_SetSRID(func.ST_MakePoint(*at), 4326) if at else None,
                grade=grade,
                radius_m=500.0 if at else None,
                segment=segment,
                revenue=revenue,
                last_order=last_order,
                last_visit=last_visit,
                consent=consent,
                reach=reach,
            )
        )
        lon, lat = at or (None, None)
        session.add(Address(account_id=account.id, lon=lon, lat=lat, grade=grade, typed=""))
        session.commit()
        return account

    return add


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings of the environment, with a key of the tests' own."""
    return replace(Settings.from_env(os.environ), secret_key=SECRET_KEY)


@pytest.fixture(scope="session")
def built_app(engine: Engine) -> Any:
    """The web application, built once, because that takes most of a second."""
    settings = replace(Settings.from_env(os.environ), secret_key=SECRET_KEY)
    app = create_app(settings, sessionmaker(engine))
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def app(built_app: Any, settings: Settings, sessions: sessionmaker[Session]) -> Iterator[Any]:
    """The application around the test's settings and sessions; changes of its config vanish."""
    config = dict(built_app.config)
    built_app.config["GEOCRM_SETTINGS"] = settings
    built_app.extensions["geocrm_sessions"] = sessions
    yield built_app
    built_app.config.clear()
    built_app.config.update(config)


@pytest.fixture
def client_of(app: Any, session: Session) -> Callable[[User | None], FlaskClient]:
    """A browser signed in as the user (by token, so that forms need no CSRF field)."""

    def client(user: User | None) -> FlaskClient:
        browser = app.test_client()
        if user is not None:
            token = people.create_token(session, OPERATOR, user)
            session.commit()
            browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return browser

    return client


@pytest.fixture
def signed_in_as(app: Any) -> Callable[[User], FlaskClient]:
    """A browser signed in as the user by its session, for pages."""

    def client(user: User) -> FlaskClient:
        visitor = app.test_client()
        with visitor.session_transaction() as browser_session:
            browser_session["_user_id"] = user.fs_uniquifier
            browser_session["_fresh"] = True
        return visitor

    return client


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """The SQL statements sent while the test runs."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)
