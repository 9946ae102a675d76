"""Sessions and the unit of work. Nothing below the entry points commits."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from geocrm.db.scope import Scope


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
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        connect_args={
            "application_name": name,
            "connect_timeout": 5,
            # All moments are stored and compared in UTC; pages show them in the person's zone.
            "options": f"-c timezone=UTC -c jit=off {options}",
        },
    )


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """A factory of sessions on the engine."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def unit_of_work(sessions: sessionmaker[Session], scope: Scope) -> Iterator[Session]:
    """Commit when the block ends well, roll back when it raises; reads are within the scope."""
    with sessions() as session, session.begin():
        session.info["scope"] = scope
        yield session
