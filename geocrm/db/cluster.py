"""The private PostGIS cluster: made, started and stopped here, so that nobody has to set one up.

It lives below `var/`, listens on a unix socket and one loopback port, and asks everybody for a
generated password. As root it runs as user `postgres`, because PostgreSQL refuses root. It goes on
when the command that started it ends, and it is durable: what was committed survives any kill.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from psycopg2 import sql

from geocrm.config import Settings
from geocrm.db import binaries, ports, server_conf
from geocrm.db import server_process as server
from geocrm.db.cluster_state import APP_ROLE, DATABASE, SUPERUSER, ClusterState, load, save
from geocrm.db.server_process import Say
from geocrm.errors import InvalidInput, ServiceUnavailable

FIRST_PORT = 54320
MIN_FREE_MB = 400  # a fresh cluster with PostGIS and its first write-ahead log takes about 100
_MIN_FREE_TO_START_MB = 64  # recovery writes a checkpoint and a few segments of log
_FALLBACK = Path("/var/lib/geocrm")
_STOP_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What `geocrm db status` tells."""

    managed: bool
    exists: bool
    running: bool
    folder: str | None = None
    port: int | None = None
    version: int | None = None
    process_id: int | None = None


def ensure_running(settings: Settings, say: Say = lambda _: None) -> str:
    """The address of the database, whose private cluster is made and started when needed.

    With GEOCRM_DATABASE_URL set it is only handed back. Raises ServiceUnavailable with a remedy.
    """
    if settings.database_url:
        return settings.database_url
    state = load(settings)
    if state is None or not state.prepared or not server.is_ready(state):
        with _locked(settings):
            state = _up(settings, say)
    elif settings.db_port not in (None, state.port):
        raise _wrong_port(settings, state)
    return state.url(APP_ROLE, DATABASE)


def revive(settings: Settings, say: Say = lambda _: None) -> bool:
    """Start the private cluster again when it died; True when that was done.

    One that was stopped on purpose, or never made, is left alone.
    """
    if settings.database_url:
        return False
    state = load(settings)
    if state is None or state.stopped or server.is_ready(state):
        return False
    with _locked(settings):
        if server.is_ready(load(settings) or state):
            return False
        _up(settings, say)
    return True


def stop(settings: Settings) -> bool:
    """Stop the private cluster; False when it was not running."""
    _refuse_foreign(settings)
    with _locked(settings):
        state = load(settings)
        if state is None or server.server_process(state) is None:
            return False
        save(settings, replace(state, stopped=True))
        server.pg_ctl(state, "stop", "-m", "fast", "-t", str(_STOP_TIMEOUT_S))
        return True


def destroy(settings: Settings) -> bool:
    """Delete the private cluster and everything in it; False when there is none."""
    stop(settings)
    with _locked(settings):
        state = load(settings)
        if state is None:
            return False
        shutil.rmtree(state.folder, ignore_errors=False)
        _state_file(settings).unlink()
        return True


def status(settings: Settings) -> ClusterStatus:
    """Whether the cluster exists and runs, without changing anything."""
    if settings.database_url:
        return ClusterStatus(managed=False, exists=False, running=False)
    state = load(settings)
    if state is None or not state.data.exists():
        return ClusterStatus(managed=True, exists=False, running=False)
    process_id = server.server_process(state)
    return ClusterStatus(
        managed=True,
        exists=True,
        running=process_id is not None,
        folder=str(state.folder),
        port=state.port,
        version=state.major,
        process_id=process_id,
    )


def superuser_url(settings: Settings, database: str = "postgres") -> str:
    """The address for the cluster's own administrator; for maintenance, not for the application."""
    _refuse_foreign(settings)
    state = load(settings)
    if state is None:
        raise ServiceUnavailable("There is no private database yet. Run: geocrm db up")
    return state.url(SUPERUSER, database)


def _refuse_foreign(settings: Settings) -> None:
    if settings.database_url:
        raise InvalidInput(
            "GEOCRM_DATABASE_URL is set, so the database is not managed here: start, stop and"
            " delete it with its own tools, or unset the variable to use the private cluster"
        )


# ------------------------------------------------------------------------------ coming up


def _up(settings: Settings, say: Say) -> ClusterState:
    state = load(settings)
    if state is None or not state.data.exists():
        state = _create(settings, state, say)
    if server.server_process(state) is None:
        state = _start(settings, state, say)
    elif settings.db_port not in (None, state.port):
        raise _wrong_port(settings, state)
    else:
        server.await_ready(state)
    if not state.prepared:
        _prepare(state)
        state = replace(state, prepared=True)
        save(settings, state)
    return state


def _create(settings: Settings, earlier: ClusterState | None, say: Say) -> ClusterState:
    programs = binaries.newest(binaries.installed())
    account = _account()
    folder = earlier.folder if earlier else _choose_folder(settings, account, say)
    _need_space(folder, MIN_FREE_MB)
    say(f"Making a PostgreSQL {programs.major} cluster in {folder} (once, a few seconds)")
    state = ClusterState.new(folder, programs.major, settings.db_port or FIRST_PORT)
    save(settings, state)
    _initdb(state, programs, account)
    return state


def _initdb(state: ClusterState, programs: binaries.Binaries, account: pwd.struct_passwd) -> None:
    draft = state.folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    _own_folder(state.folder, account)
    with tempfile.NamedTemporaryFile("w", dir=state.folder, prefix=".pw") as password:
        password.write(state.superuser_password)
        password.flush()
        _give(Path(password.name), account)
        command = [
            *(programs.program("initdb"), "-D", str(draft), "-U", SUPERUSER, "-E", "UTF8"),
            *("--auth=scram-sha-256", f"--pwfile={password.name}", "--no-instructions"),
            *server_conf.locale_options(programs.major),
        ]
        done = server.run_as(command, account, state.folder)
    if done.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        raise ServiceUnavailable(server.explain("making the database cluster", done.stdout, state))
    with (draft / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude 'geocrm.conf'\n")
    draft.rename(state.data)


def _start(settings: Settings, state: ClusterState, say: Say) -> ClusterState:
    programs = binaries.of_major(state.major)
    _need_space(state.folder, _MIN_FREE_TO_START_MB)
    server.forget_stale_pid(state, say)
    state = _with_free_port(settings, state, say)
    say(f"Starting the database on 127.0.0.1:{state.port}")
    account = server.owner_of(state.folder)
    _own_folder(state.socket_folder, account)
    _write_conf(state, account, programs)
    state.log.unlink(missing_ok=True)
    server.pg_ctl(state, "start", "-t", str(server.START_TIMEOUT_S), "-l", str(state.log))
    state = replace(state, stopped=False)
    save(settings, state)
    return state


def _write_conf(
    state: ClusterState, account: pwd.struct_passwd, programs: binaries.Binaries
) -> None:
    conf = state.data / "geocrm.conf"
    conf.write_text(server_conf.render(state.port, state.socket_folder, lz4=programs.has_lz4))
    _give(conf, account)


def _with_free_port(settings: Settings, state: ClusterState, say: Say) -> ClusterState:
    """The state with a port nobody else listens on; remembered, so that it stays the same."""
    wanted = settings.db_port or state.port
    if not ports.is_free(wanted):
        if settings.db_port:
            raise ServiceUnavailable(
                f"Port {wanted}, asked for by GEOCRM_DB_PORT, is taken by {ports.holder(wanted)}:"
                " stop that, choose another number, or unset GEOCRM_DB_PORT to get a free one"
            )
        other = ports.first_free(FIRST_PORT)
        if other is None:
            raise ServiceUnavailable(
                f"No port from {FIRST_PORT} on is free: set GEOCRM_DB_PORT to one that is"
            )
        say(f"Port {wanted} is taken by {ports.holder(wanted)}; the database moves to {other}")
        wanted = other
    if wanted != state.port:
        state = replace(state, port=wanted)
        save(settings, state)
    return state


def _wrong_port(settings: Settings, state: ClusterState) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"The database runs on port {state.port}, but GEOCRM_DB_PORT asks for {settings.db_port}."
        " Run: geocrm db down, and then: geocrm db up"
    )


def _prepare(state: ClusterState) -> None:
    """Make the application's role and database, and put the extensions where new ones inherit them.

    Every step may already be done: the process may have been killed half-way last time.
    """
    with _connected(state, "template1") as cursor:
        for extension in binaries.EXTENSIONS:
            cursor.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
            )
    with _connected(state, "postgres") as cursor:
        role = sql.Identifier(APP_ROLE)
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,))
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
        cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD %s").format(role), (state.app_password,))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if not cursor.fetchone():
            cursor.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role)
            )


@contextmanager
def _connected(state: ClusterState, database: str) -> Iterator["psycopg2.extensions.cursor"]:
    connection = psycopg2.connect(state.dsn(SUPERUSER, database))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


# ------------------------------------------------------------------------------ folders and people


def _account() -> pwd.struct_passwd:
    """Whom the server runs as: this user, or `postgres` when this is root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError as error:
        raise ServiceUnavailable(
            "PostgreSQL does not run as root, and there is no user postgres to run it as. Run:"
            " make setup, or work as an ordinary user"
        ) from error


def _choose_folder(settings: Settings, account: pwd.struct_passwd, say: Say) -> Path:
    """`var/cluster`, or a folder outside the checkout when the server's user may not enter it."""
    wanted = settings.var / "cluster"
    settings.var.mkdir(parents=True, exist_ok=True)
    barrier = _first_barrier(settings.var, account)
    if barrier is None:
        return wanted
    name = hashlib.sha256(str(settings.var).encode()).hexdigest()[:10]
    say(
        f"User {account.pw_name} may not enter {barrier}, so the database goes to"
        f" {_FALLBACK / name} instead of {wanted}"
    )
    _FALLBACK.mkdir(mode=0o755, parents=True, exist_ok=True)
    return _FALLBACK / name


def _first_barrier(folder: Path, account: pwd.struct_passwd) -> Path | None:
    """The outermost folder on the way that the account may not enter."""
    if account.pw_uid == os.geteuid():
        return None
    for step in [*reversed(folder.parents), folder]:
        if server.run_as(["test", "-x", str(step)], account, Path("/")).returncode:
            return step
    return None


def _own_folder(folder: Path, account: pwd.struct_passwd) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    _give(folder, account)


def _give(path: Path, account: pwd.struct_passwd) -> None:
    if os.geteuid() == 0:
        os.chown(path, account.pw_uid, account.pw_gid)


def _need_space(folder: Path, need_mb: int) -> None:
    place = next(step for step in [folder, *folder.parents] if step.exists())
    free_mb = shutil.disk_usage(place).free // 2**20
    if free_mb < need_mb:
        raise ServiceUnavailable(
            f"Only {free_mb} MB are free on the disk of {folder}, and the database needs at least"
            f" {need_mb}: free some space, or set GEOCRM_VAR to a folder on a larger disk"
        )


@contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """One process at a time may change the cluster; the others wait."""
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
        handle = (settings.var / "cluster.lock").open("a")
    except OSError as error:
        raise ServiceUnavailable(
            f"Cannot write to {settings.var} ({error.strerror}): run as its owner, or set"
            " GEOCRM_VAR to a folder of your own"
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _state_file(settings: Settings) -> Path:
    return settings.var / "cluster.json"
