"""Sessions and the unit of work. Nothing below the entry points commits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from geocrm.db.scope import Scope

_REST_S: Final = 1.0


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def make_engine(url: str, *, name: str = "geocrm", options: str = "") -> Engine:
    """An engine whose connections show up in the server as `name` and survive a restart of it.

    `options` are more settings of its connections, such as "-c work_mem=64MB".
    """
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=10,
        connect_args={
            "application_name": name,
            "connect_timeout": 5,
            # All moments are stored and compared in UTC; pages show them in the person's zone.
            "options": f"-c timezone=UTC -c jit=off {options}",
        },
    )
    _ping_after_a_rest(engine)
    return engine


def _ping_after_a_rest(engine: Engine) -> None:
    """Look whether a connection still answers before it is used, unless it did a moment ago.

    What `pool_pre_ping` does at every use: a server that went meanwhile costs no request. A tile
    takes so little that asking each time would be a tenth of it.
    """

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["answered"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("answered", 0.0) < _REST_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """A factory of sessions on the engine."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def unit_of_work(sessions: sessionmaker[Session], scope: Scope) -> Iterator[Session]:
    """Commit when the block ends well, roll back when it raises; reads are within the scope."""
    with sessions() as session, session.begin():
        session.info["scope"] = scope
        yield session
