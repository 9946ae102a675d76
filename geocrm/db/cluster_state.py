"""What is remembered of the private cluster: where it is, its port and its passwords."""

import hashlib
import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from geocrm.config import Settings
from geocrm.errors import ServiceUnavailable

SUPERUSER = "postgres"
APP_ROLE = "geocrm"
DATABASE = "geocrm"
_SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 including the name of the socket


@dataclass(frozen=True, slots=True)
class ClusterState:
    """The private cluster as `var/cluster.json` describes it."""

    folder: Path
    major: int
    port: int
    superuser_password: str = field(repr=False)
    app_password: str = field(repr=False)
    # True once the role, the database and the extensions are there.
    prepared: bool = False
    # True after `geocrm db down`, so that a watching server does not start it again.
    stopped: bool = False

    @classmethod
    def new(cls, folder: Path, major: int, port: int) -> "ClusterState":
        """A cluster that is about to be made, with passwords nobody knows."""
        return cls(folder, major, port, secrets.token_urlsafe(24), secrets.token_urlsafe(24))

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The log of the current run of the server."""
        return self.folder / "postgres.log"

    @property
    def pid_file(self) -> Path:
        """Where the server writes its process id and state."""
        return self.data / "postmaster.pid"

    @property
    def socket_folder(self) -> Path:
        """The folder of the unix socket: inside the cluster, unless that path is too long."""
        inside = self.folder / "socket"
        if len(str(inside / ".s.PGSQL.65535").encode()) <= _SOCKET_PATH_LIMIT:
            return inside
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"geocrm-{name}"

    def url(self, role: str, database: str) -> str:
        """The address of a database for SQLAlchemy."""
        return (
            f"postgresql+psycopg2://{role}:{self._password(role)}@127.0.0.1:{self.port}/{database}"
        )

    def dsn(self, role: str, database: str) -> str:
        """The same for libpq."""
        return (
            f"host=127.0.0.1 port={self.port} dbname={database} user={role}"
            f" password={self._password(role)} connect_timeout=10"
        )

    def _password(self, role: str) -> str:
        return self.superuser_password if role == SUPERUSER else self.app_password


def load(settings: Settings) -> ClusterState | None:
    """The remembered cluster, or None when none was made yet."""
    file = settings.var / "cluster.json"
    try:
        values = json.loads(file.read_text())
        return ClusterState(**{**values, "folder": Path(values["folder"])})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ServiceUnavailable(
            f"Cannot read {file} ({error.strerror}): run as the owner of {settings.var}, or set"
            " GEOCRM_VAR to a folder of your own"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceUnavailable(
            f"{file} is damaged. It holds the database's passwords: restore it from a copy, or"
            f" delete it together with {settings.var / 'cluster'} and restore a backup"
        ) from error


def save(settings: Settings, state: ClusterState) -> None:
    """Remember the cluster, all or nothing, readable by the owner of `var` only."""
    file = settings.var / "cluster.json"
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump({**asdict(state), "folder": str(state.folder)}, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    owner = settings.var.stat()
    if os.geteuid() == 0:
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.replace(file)
