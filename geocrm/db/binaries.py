"""The PostgreSQL programs of this machine."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geocrm.errors import ServiceUnavailable

MIN_POSTGRESQL = 15
MIN_POSTGIS = (3, 3)
EXTENSIONS = ("postgis", "pg_trgm", "btree_gist", "citext", "unaccent", "fuzzystrmatch")
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL: its major version and the folder of its programs."""

    major: int
    folder: Path

    def program(self, name: str) -> str:
        """The full path of one of its programs."""
        return str(self.folder / name)

    @property
    def has_postgis(self) -> bool:
        """Whether PostGIS is installed for this version."""
        return self._has_extension("postgis")

    @property
    def has_lz4(self) -> bool:
        """Whether it was built with LZ4; not known is no."""
        told = self.folder / "pg_config"
        return told.exists() and "--with-lz4" in _output([str(told), "--configure"])

    @property
    def missing_extensions(self) -> list[str]:
        """Extensions GeoCRM needs that are not installed for this version."""
        return [name for name in EXTENSIONS if not self._has_extension(name)]

    def _has_extension(self, name: str) -> bool:
        return any((folder / f"{name}.control").exists() for folder in self._extension_folders())

    def _extension_folders(self) -> list[Path]:
        return [
            Path(f"/usr/share/postgresql/{self.major}/extension"),
            self.folder.parent / "share" / "extension",
            self.folder.parent / "share" / "postgresql" / "extension",
        ]


def installed() -> list[Binaries]:
    """Every PostgreSQL server on this machine, newest first."""
    found = {
        int(folder.parent.name): folder
        for folder in _DEBIAN.glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "initdb").exists()
    }
    pg_config = shutil.which("pg_config")
    if pg_config:
        folder = Path(_output([pg_config, "--bindir"]))
        major = re.search(r"\d+", _output([pg_config, "--version"]))
        if major and (folder / "initdb").exists():
            found.setdefault(int(major[0]), folder)
    return [Binaries(major, found[major]) for major in sorted(found, reverse=True)]


def newest(candidates: Sequence[Binaries]) -> Binaries:
    """The newest PostgreSQL that can run GeoCRM; ServiceUnavailable names the missing package."""
    servers = [server for server in candidates if server.major >= MIN_POSTGRESQL]
    if not servers:
        raise ServiceUnavailable(
            f"PostgreSQL {MIN_POSTGRESQL} or newer is not installed. Run: make setup"
            " (or: apt-get install postgresql postgresql-contrib postgis, as root), or set"
            " GEOCRM_DATABASE_URL to a server you have"
        )
    usable = [server for server in servers if server.has_postgis]
    if not usable:
        raise ServiceUnavailable(_no_postgis(servers[0].major))
    return _complete(usable[0])


def of_major(major: int) -> Binaries:
    """The PostgreSQL a cluster of this major version needs."""
    server = next((server for server in installed() if server.major == major), None)
    if server is None:
        raise ServiceUnavailable(
            f"The database was made by PostgreSQL {major}, which is no longer installed. Run:"
            f" apt-get install postgresql-{major} postgresql-{major}-postgis-3, as root"
        )
    if not server.has_postgis:
        raise ServiceUnavailable(_no_postgis(major))
    return _complete(server)


def _complete(server: Binaries) -> Binaries:
    missing = server.missing_extensions
    if missing:
        raise ServiceUnavailable(
            f"PostgreSQL {server.major} lacks the extensions {', '.join(missing)}. Run:"
            " apt-get install postgresql-contrib, as root"
        )
    return server


def _no_postgis(major: int) -> str:
    return (
        f"PostgreSQL {major} is installed without PostGIS. Run: make setup"
        f" (or: apt-get install postgresql-{major}-postgis-3, as root)"
    )


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def client(program: str, server_major: int) -> str:
    """The newest `pg_dump` or `pg_restore` here, which must not be older than the server."""
    for server in installed():
        if server.major >= server_major and (server.folder / program).exists():
            return server.program(program)
    raise ServiceUnavailable(
        f"{program} of PostgreSQL {server_major} or newer is not installed. Run:"
        f" apt-get install postgresql-{server_major}, as root"
    )
