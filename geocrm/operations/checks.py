"""What may be wrong with an installation, each finding with its remedy."""

import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from geocrm.config import Settings, unknown_variables
from geocrm.db import binaries, cluster, elevated, migrate
from geocrm.documents import service as document_service
from geocrm.errors import Conflict, ServiceUnavailable
from geocrm.maps import pyramid_upkeep
from geocrm.operations.servers import unsuitable
from geocrm.places.packs import by_products

_LOW_DISK_MB = 2048  # a million accounts with their indexes take about 1.5 GB
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEARTBEAT_S = 60


class State(StrEnum):
    """How bad a finding is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; the remedy is empty when all is well."""

    state: State
    subject: str
    message: str
    remedy: str = ""


def of_installation(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """What can be seen without asking the database."""
    yield _variables(environ)
    yield _secret(settings)
    yield _cookies(settings)
    yield _disk(settings)
    yield _assets(settings)
    yield _translations(settings)
    yield _base_map(settings)
    if not settings.database_url:
        yield _programs()


def of_database(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """What the database tells; a missing schema ends the list."""
    yield _server(connection)
    yield _durability(connection)
    version = _version(connection)
    yield version
    if version.state is State.OK:
        yield _places(connection)
        yield _gazetteer(connection)
        yield region_packs(connection, settings)
        yield _map_cells(connection)
        yield documents(connection, settings)
        yield _administrator(connection)
        yield _worker(connection)
        yield _failed_jobs(connection)


def _variables(environ: Mapping[str, str]) -> Finding:
    unknown = unknown_variables(environ)
    if unknown:
        return Finding(
            State.WARN,
            "Settings",
            f"{', '.join(unknown)} is read by nothing",
            "look for a slip in the name; docs/install.md lists all settings",
        )
    return Finding(State.OK, "Settings", "every variable is known and valid")


def _secret(settings: Settings) -> Finding:
    file = settings.var / "secret"
    if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Finding(
            State.FAIL, "Session key", f"{file} can be read by others", f"run: chmod 600 {file}"
        )
    return Finding(State.OK, "Session key", "kept from others")


def _cookies(settings: Settings) -> Finding:
    if settings.host not in _LOOPBACK and not settings.cookie_secure:
        return Finding(
            State.WARN,
            "Cookies",
            f"GeoCRM listens on {settings.host}, and sign-ins may travel unencrypted",
            "put a proxy with https before it and set GEOCRM_COOKIE_SECURE=yes",
        )
    return Finding(State.OK, "Cookies", "fit the address that is listened on")


def _disk(settings: Settings) -> Finding:
    free_mb = shutil.disk_usage(settings.var).free // 2**20
    if free_mb < cluster.MIN_FREE_MB:
        state = State.FAIL
    elif free_mb < _LOW_DISK_MB:
        state = State.WARN
    else:
        return Finding(State.OK, "Disk", f"{free_mb:,} MB free")
    return Finding(
        state,
        "Disk",
        f"only {free_mb} MB free for {settings.var}",
        "free some space, or move var/ to a larger disk and set GEOCRM_VAR",
    )


def _assets(settings: Settings) -> Finding:
    if (settings.root / "geocrm/web/static/vendor").is_dir():
        return Finding(State.OK, "Browser assets", "in place")
    return Finding(State.FAIL, "Browser assets", "missing: pages have no map", "run: make setup")


def _translations(settings: Settings) -> Finding:
    folder = settings.root / "geocrm/web/translations"
    stale = [
        file.parent.parent.name
        for file in folder.glob("*/LC_MESSAGES/*.po")
        if not file.with_suffix(".mo").exists()
    ]
    if stale:
        return Finding(
            State.WARN, "Translations", f"not compiled: {', '.join(stale)}", "run: make setup"
        )
    return Finding(State.OK, "Translations", "compiled")


def _base_map(settings: Settings) -> Finding:
    if (settings.var / "basemap" / "world.pmtiles").exists():
        return Finding(State.OK, "Base map", "in place")
    return Finding(
        State.WARN, "Base map", "missing: customers float on an empty page", "run: make setup"
    )


def _programs() -> Finding:
    try:
        found = binaries.newest(binaries.installed())
    except ServiceUnavailable as error:
        sentence, _, remedy = str(error).partition(". ")
        return Finding(State.FAIL, "PostgreSQL", sentence, remedy)
    return Finding(State.OK, "PostgreSQL", f"version {found.major} with PostGIS is installed")


def _server(connection: Connection) -> Finding:
    major = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    rows = connection.execute(
        text(
            "SELECT name, coalesce(installed_version, default_version) AS version"
            " FROM pg_available_extensions WHERE name = ANY(:names)"
        ),
        {"names": list(binaries.EXTENSIONS)},
    )
    versions = {row.name: row.version for row in rows}
    problem = unsuitable(major, versions)
    if problem:
        return Finding(State.FAIL, "Server", problem, "upgrade that server")
    postgis = versions["postgis"]
    return Finding(State.OK, "Server", f"PostgreSQL {major} with PostGIS {postgis} answers")


def _durability(connection: Connection) -> Finding:
    if connection.execute(text("SHOW fsync")).scalar_one() != "on":
        return Finding(
            State.FAIL, "Durability", "fsync is off: a power cut loses data", "set fsync = on there"
        )
    return Finding(State.OK, "Durability", "what is saved survives a crash")


def _version(connection: Connection) -> Finding:
    try:
        pending = migrate.pending_revisions(connection)
    except Conflict as error:
        sentence, _, remedy = str(error).partition(": ")
        return Finding(State.FAIL, "Tables", sentence, remedy)
    if pending:
        return Finding(
            State.FAIL, "Tables", f"{len(pending)} migrations are missing", "run: geocrm migrate"
        )
    return Finding(State.OK, "Tables", "at the version of the code")


def _places(connection: Connection) -> Finding:
    units = _count(connection, "boundaries")
    if not units:
        return Finding(State.FAIL, "Boundaries", "none are loaded", "run: geocrm boundaries load")
    return Finding(State.OK, "Boundaries", f"{units:,} units")


def _gazetteer(connection: Connection) -> Finding:
    places = _count(connection, "gazetteer_places")
    if not places:
        return Finding(
            State.FAIL,
            "Gazetteer",
            "empty: no address can be found",
            "run: geocrm gazetteer load",
        )
    return Finding(State.OK, "Gazetteer", f"{places:,} places")


def region_packs(connection: Connection, settings: Settings) -> Finding:
    """Whether the files of each pack are there; a backup holds its rows only."""
    rows = connection.execute(text("SELECT name, folder FROM region_packs ORDER BY name")).all()
    lacking = [
        f"{row.name} lacks {', '.join(lost)}"
        for row in rows
        if (lost := by_products.missing(settings.var / "packs" / row.folder))
    ]
    if lacking:
        return Finding(
            State.WARN,
            "Region packs",
            f"{'; '.join(lacking)} (addresses are found all the same)",
            "run: geocrm places update NAME FILE with the extract",
        )
    return Finding(State.OK, "Region packs", f"{len(rows)} with their files")


def documents(connection: Connection, settings: Settings) -> Finding:
    """Whether every document has its file, and every file a document."""
    folder = settings.var / "documents"
    with Session(connection) as session, elevated(session):
        found = document_service.compare(session, folder)
    if found.missing:
        names = ", ".join(found.missing[:3]) + (" …" if len(found.missing) > 3 else "")
        return Finding(
            State.FAIL,
            "Documents",
            f"the file of {len(found.missing)} of {found.contents} is missing in {folder}: {names}",
            "bring a backup back that holds them (geocrm restore FILE), or upload them again",
        )
    if found.unnamed:
        return Finding(
            State.WARN,
            "Documents",
            f"{found.unnamed} files in {folder} belong to no document",
            "run: geocrm worker, which deletes them once a day (accounts.tidy_records)",
        )
    return Finding(State.OK, "Documents", f"{found.contents} with their files")


def _map_cells(connection: Connection) -> Finding:
    """Whether what wide tiles read adds up to the customers."""
    with Session(connection) as session:
        found = pyramid_upkeep.compare(session)
    if found.agree:
        return Finding(State.OK, "Map", f"{found.customers:,} customers are counted by cell")
    wrong = [f"zoom {level - 3}" for level in found.wrong_levels] + found.wrong_layers
    return Finding(
        State.FAIL,
        "Map",
        f"cells count {found.counted:,} of {found.customers:,} customers;"
        f" wrong: {', '.join(wrong)}",
        "run: geocrm map rebuild",
    )


def _administrator(connection: Connection) -> Finding:
    found = connection.execute(
        text(
            "SELECT count(*) FROM users"
            " WHERE role = 'administrator' AND active AND password IS NOT NULL"
        )
    ).scalar_one()
    if not found:
        return Finding(
            State.WARN,
            "Administrator",
            "nobody can sign in as administrator",
            "run: geocrm init (or make demo for a look around)",
        )
    return Finding(State.OK, "Administrator", f"{found} can sign in")


def _worker(connection: Connection) -> Finding:
    alive = connection.execute(
        text(
            "SELECT count(*) FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => :age)"
        ),
        {"age": _HEARTBEAT_S},
    ).scalar_one()
    waiting = connection.execute(
        text("SELECT count(*) FROM job_runs WHERE state IN ('waiting', 'running')")
    ).scalar_one()
    if alive:
        return Finding(State.OK, "Worker", f"{alive} alive, {waiting} jobs to do")
    return Finding(
        State.FAIL if waiting else State.WARN,
        "Worker",
        f"none is running, and {waiting} jobs wait for one",
        "run: geocrm worker (or geocrm serve --with-worker)",
    )


def _failed_jobs(connection: Connection) -> Finding:
    row = connection.execute(
        text(
            "SELECT count(*), max(message) FROM job_runs"
            " WHERE state = 'failed' AND finished_at > now() - interval '1 day'"
        )
    ).one()
    if row[0]:
        return Finding(
            State.WARN,
            "Jobs",
            f"{row[0]} failed in the last day, the last with: {_one_line(row[1])}",
            "read the worker's log and start them again",
        )
    return Finding(State.OK, "Jobs", "none failed in the last day")


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _one_line(message: str) -> str:
    return re.sub(r"\s+", " ", message)[:200]
