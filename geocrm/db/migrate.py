"""Bring a database to the version of the code."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from geocrm.errors import Conflict

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_ADVISORY_LOCK = 0x6E0C_0001  # one migration at a time; the number is arbitrary


def upgrade(engine: Engine) -> list[str]:
    """Run the migrations that are missing and name them.

    Raises Conflict when the database is newer than the code.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
        connection.commit()
        try:
            pending = pending_revisions(connection)
            connection.commit()
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            return pending
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")
            connection.commit()


def pending_revisions(connection: Connection) -> list[str]:
    """Revisions the database lacks, oldest first; Conflict when it knows one the code does not."""
    script = ScriptDirectory.from_config(_config())
    known = [revision.revision for revision in reversed(list(script.walk_revisions()))]
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return known
    if current not in known:
        raise Conflict(
            f"The database is at version {current}, newer than this code ({known[-1]}):"
            " update GeoCRM, or restore a backup made with this version"
        )
    return known[known.index(current) + 1 :]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
