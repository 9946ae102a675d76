"""Bring a database to the version of the code."""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

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
            _run(connection)
            connection.commit()
            return pending
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")
            connection.commit()


def pending_revisions(connection: Connection) -> list[str]:
    """Revisions the database lacks, oldest first; Conflict when it knows one the code does not."""
    # By their names, which begin with their numbers: every command asks, and loading alembic and
    # all migrations would take half a second of each.
    known = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*_*.py"))
    current = _current_revision(connection)
    if current is None:
        return known
    if current not in known:
        raise Conflict(
            f"The database is at version {current}, newer than this code ({known[-1]}):"
            " update GeoCRM, or restore a backup made with this version"
        )
    return known[known.index(current) + 1 :]


def _current_revision(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _run(connection: Connection) -> None:
    # Only here, where something is missing.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
