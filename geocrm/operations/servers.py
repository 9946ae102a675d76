"""Whether a PostgreSQL server can carry GeoCRM."""

import psycopg2
from sqlalchemy.engine import make_url

from geocrm.db.binaries import EXTENSIONS, MIN_POSTGIS, MIN_POSTGRESQL
from geocrm.errors import ServiceUnavailable


def libpq_dsn(url: str) -> str:
    """The connection string of the PostgreSQL programs for one of SQLAlchemy's addresses."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def require_suitable(url: str) -> None:
    """Raise ServiceUnavailable with the remedy when the server is too old or lacks extensions."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        major = int(_scalar(cursor)) // 10_000
        cursor.execute(
            "SELECT name, coalesce(installed_version, default_version)"
            " FROM pg_available_extensions WHERE name = ANY(%s)",
            (list(EXTENSIONS),),
        )
        versions = dict(cursor.fetchall())
    problem = unsuitable(major, versions)
    if problem:
        raise ServiceUnavailable(problem)


def unsuitable(major: int, extensions: dict[str, str]) -> str | None:
    """What is wrong with a server of this version that offers these extensions, or None."""
    if major < MIN_POSTGRESQL:
        return f"The server is PostgreSQL {major}, but GeoCRM needs {MIN_POSTGRESQL} or newer"
    missing = [name for name in EXTENSIONS if name not in extensions]
    if missing:
        return (
            f"The server lacks the extensions {', '.join(missing)}: install"
            f" postgresql-{major}-postgis-3 and postgresql-contrib there"
        )
    postgis = tuple(int(part) for part in extensions["postgis"].split(".")[:2])
    if postgis < MIN_POSTGIS:
        return (
            f"The server has PostGIS {extensions['postgis']}, but GeoCRM needs"
            f" {'.'.join(map(str, MIN_POSTGIS))} or newer"
        )
    return None


def _scalar(cursor: "psycopg2.extensions.cursor") -> str:
    row = cursor.fetchone()
    assert row is not None
    return str(row[0])


def _connected(url: str) -> "psycopg2.extensions.connection":
    try:
        return psycopg2.connect(libpq_dsn(url), connect_timeout=5)
    except psycopg2.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise ServiceUnavailable(
            f"The database does not answer ({reason}): check GEOCRM_DATABASE_URL and that server"
        ) from error
