"""What an uploaded file is, and its parts taken out of a ZIP container under names of our own.

A container is judged by its list of members before anything is unpacked, and again by what it
really unpacks to, as the list may lie. No name from the container ever becomes a path.
"""

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from geocrm.errors import InvalidInput

MAX_BYTES: Final = 20 * 2**20
MAX_UNPACKED: Final = 40 * 2**20
MAX_MEMBERS: Final = 200
MAX_RATIO: Final = 100
_RATIO_MATTERS_FROM: Final = 2**20
_BLOCK: Final = 2**18
_ARCHIVES: Final = frozenset({"zip", "kmz", "gz", "tgz", "tar", "bz2", "xz", "7z", "rar", "zst"})
_SHAPEFILE: Final = frozenset({"shp", "shx", "dbf", "prj", "cpg"})
_READABLE: Final = frozenset({"shp", "gpkg", "geojson", "json", "kml"})
_SQLITE: Final = b"SQLite format 3\x00"
_SHAPE: Final = b"\x00\x00\x27\x0a"
FORMATS: Final = "GeoJSON, KML, KMZ, GeoPackage, or a ZIP with a shapefile"


class Part(NamedTuple):
    """A file to read: where it is, what it is, and what people call it."""

    path: Path
    kind: str  # geojson, kml, gpkg, shp
    called: str


def parts_of(path: Path, name: str, folder: Path) -> list[Part]:
    """The files with areas in an upload; those of a container are unpacked into the folder."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InvalidInput(
            f"{name} has {size / 2**20:,.0f} MB; bring at most {MAX_BYTES // 2**20} MB: simplify"
            " the shapes or split the file"
        )
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise InvalidInput(f"{name} is empty")
    if head.startswith(b"PK"):
        return _unpack(path, name, folder)
    kind = _kind(head, name)
    # GDAL goes by the ending, so that is ours to say.
    target = folder / f"upload.{kind}"
    target.write_bytes(path.read_bytes())
    return [Part(target, kind, name)]


def _kind(head: bytes, name: str) -> str:
    if head.startswith(_SQLITE):
        return "gpkg"
    if head.startswith(_SHAPE):
        raise InvalidInput(
            f"{name} is one part of a shapefile: pack .shp, .shx, .dbf and .prj into a ZIP and"
            " bring that"
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "geojson"
    if text.startswith(b"<"):
        return "kml"
    raise InvalidInput(f"{name} holds no areas that can be read: bring {FORMATS}")


def _unpack(path: Path, name: str, folder: Path) -> list[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _require_harmless(members, name)
            wanted = [each for each in members if _ending(each) in _READABLE | _SHAPEFILE]
            taken = _Taken(name)
            return _named(archive, wanted, folder, taken)
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError,
        RuntimeError,
    ) as error:  # fmt: skip
        raise InvalidInput(f"{name} is damaged and cannot be unpacked: pack it anew") from error


def _require_harmless(members: list[zipfile.ZipInfo], name: str) -> None:
    if len(members) > MAX_MEMBERS:
        raise InvalidInput(
            f"{name} holds {len(members):,} files; bring at most {MAX_MEMBERS}: pack only the areas"
        )
    for member in members:
        inside = f"{_short(member.filename)} in {name}"
        place = PurePosixPath(member.filename)
        outside = place.is_absolute() or ".." in place.parts or "\\" in member.filename
        if outside or ":" in member.filename or "\x00" in member.filename:
            raise InvalidInput(f"{inside} points outside of the container: pack it anew")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InvalidInput(f"{inside} is a link, not a file: pack the file itself")
        if member.flag_bits & 1:
            raise InvalidInput(f"{name} is protected with a password: pack it without")
        if _ending(member) in _ARCHIVES:
            raise InvalidInput(f"{inside} is packed once more: unpack it and bring it alone")
        large = member.file_size > _RATIO_MATTERS_FROM
        if large and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise InvalidInput(_bomb(name))
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise InvalidInput(_bomb(name))


def _named(
    archive: zipfile.ZipFile, wanted: list[zipfile.ZipInfo], folder: Path, taken: "_Taken"
) -> list[Part]:
    """Unpack; the members of a shapefile get one name, by which GDAL finds them together."""
    parts: list[Part] = []
    stems: dict[str, int] = {}
    for member in wanted:
        if PurePosixPath(member.filename).name.startswith((".", "__")):
            continue  # what macOS adds
        ending = _ending(member)
        number = stems.setdefault(member.filename.rpartition(".")[0], len(stems))
        target = folder / f"part{number}.{'geojson' if ending == 'json' else ending}"
        taken.write(archive, member, target)
        if ending in _READABLE:
            called = f"{PurePosixPath(member.filename).name} in {taken.name}"
            parts.append(_checked(Part(target, target.suffix[1:], called)))
    if not parts:
        raise InvalidInput(f"{taken.name} holds no areas that can be read: bring {FORMATS}")
    return parts


def _checked(part: Part) -> Part:
    """The part, whose content is what its ending says."""
    head = part.path.read_bytes()[:512]
    if part.kind == "shp":
        if not head.startswith(_SHAPE):
            raise InvalidInput(f"{part.called} is no shapefile: export it anew")
        return part
    kind = _kind(head, part.called)
    if kind != part.kind:
        raise InvalidInput(f"{part.called} is not what its ending says: name it .{kind}")
    return part


class _Taken:
    """How much came out of a container so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._bytes = 0

    def write(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
        with archive.open(member) as packed, target.open("wb") as out:
            while block := packed.read(_BLOCK):
                self._bytes += len(block)
                if self._bytes > MAX_UNPACKED:
                    raise InvalidInput(_bomb(self.name))
                out.write(block)


def _bomb(name: str) -> str:
    return (
        f"{name} unpacks to more than {MAX_UNPACKED // 2**20} MB, or to more than {MAX_RATIO} times"
        " its size: it looks like a ZIP bomb. If the areas are real, simplify them"
    )


def _ending(member: zipfile.ZipInfo) -> str:
    return member.filename.rpartition(".")[2].lower()


def _short(text: str) -> str:
    shown = ascii(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
