"""What a file is, by its content; its name says nothing about that."""

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from geocrm.errors import InvalidInput

MAX_PIXELS: Final = 64_000_000  # a picture of 8,000 x 8,000; larger ones are kept but not drawn
_HEAD_BYTES: Final = 64 * 1024
_MAX_MEMBERS: Final = 10_000  # parts of an office document; a long one has a few hundred
_TAKEN: Final = "PDF, PNG, JPEG, WebP, GIF, Word, Excel, PowerPoint, OpenDocument, text and CSV"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of file that is taken; the first extension is its usual one."""

    media_type: str
    extensions: tuple[str, ...]
    drawable: bool = False


PDF: Final = Kind("application/pdf", (".pdf",), drawable=True)
PNG: Final = Kind("image/png", (".png",), drawable=True)
JPEG: Final = Kind("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), drawable=True)
GIF: Final = Kind("image/gif", (".gif",), drawable=True)
WEBP: Final = Kind("image/webp", (".webp",), drawable=True)
TEXT: Final = Kind("text/plain", (".txt", ".text", ".log", ".md"))
CSV: Final = Kind("text/csv", (".csv", ".tsv"))
_OOXML: Final = "application/vnd.openxmlformats-officedocument"
_OFFICE: Final = {
    "word/document.xml": Kind(f"{_OOXML}.wordprocessingml.document", (".docx",)),
    "xl/workbook.xml": Kind(f"{_OOXML}.spreadsheetml.sheet", (".xlsx",)),
    "ppt/presentation.xml": Kind(f"{_OOXML}.presentationml.presentation", (".pptx",)),
}
_ODF: Final = "application/vnd.oasis.opendocument"
_OPEN: Final = {
    f"{_ODF}.text": Kind(f"{_ODF}.text", (".odt",)),
    f"{_ODF}.spreadsheet": Kind(f"{_ODF}.spreadsheet", (".ods",)),
    f"{_ODF}.presentation": Kind(f"{_ODF}.presentation", (".odp",)),
    f"{_ODF}.graphics": Kind(f"{_ODF}.graphics", (".odg",)),
}
_MARKUP: Final = (
    b"<!doctype",
    b"<html",
    b"<svg",
    b"<script",
    b"<?xml",
    b"<head",
    b"<body",
    b"<!--",
)
_LEGACY_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def kind_of(path: Path, name: str) -> tuple[Kind, bool]:
    """The kind of the file, and whether it can be drawn; InvalidInput when it is not taken."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if not head:
            raise InvalidInput(f"{_short(name)} is empty: choose the file again")
        kind = _by_signature(head) or _of_archive(file, head, name) or _of_text(file, head, name)
        if kind is None:
            raise InvalidInput(
                f"{_short(name)} is of a type that is not taken. Taken are {_TAKEN}; save it as one"
                " of these, best as PDF"
            )
        return kind, kind.drawable and (kind is PDF or _fits(file, head, kind, name))


def _by_signature(head: bytes) -> Kind | None:
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return None


def _of_archive(file: IO[bytes], head: bytes, name: str) -> Kind | None:
    """An office document by the names of its parts; nothing in it is unpacked but its mimetype."""
    if head.startswith(_LEGACY_OFFICE):
        raise InvalidInput(
            f"{_short(name)} is in an old office format that may hold macros: save it as .docx,"
            " .xlsx, .pptx or PDF"
        )
    if not head.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = {member.filename for member in members[:_MAX_MEMBERS]}
            if any("vbaproject" in part.lower() or part.startswith("Basic/") for part in names):
                raise InvalidInput(f"{_short(name)} holds macros: save it without, or as PDF")
            first = members[0] if members else None
            if first is not None and first.filename == "mimetype" and first.file_size < 200:
                return _OPEN.get(archive.read(first).decode("ascii", "replace").strip())
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise InvalidInput(f"{_short(name)} is damaged: open it once and save it again") from error
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind in _OFFICE.items() if part in names), None)


def _of_text(file: IO[bytes], head: bytes, name: str) -> Kind | None:
    """Text is what has no control characters and is no web page or drawing."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1024].lower()
    if any(mark in start for mark in _MARKUP):
        raise InvalidInput(
            f"{_short(name)} is a web page or a drawing in SVG, which could run scripts: send it as"
            " PDF or as a picture"
        )
    if b"\x00" in head:
        return None
    file.seek(0)
    while block := file.read(_HEAD_BYTES):
        if block.translate(None, _PRINTABLE):
            return None
    return CSV if name.lower().endswith(CSV.extensions) else TEXT


# All but the control characters that no text editor writes.
_PRINTABLE: Final = bytes({9, 10, 12, 13} | set(range(32, 256)) - {127})


def _fits(file: IO[bytes], head: bytes, kind: Kind, name: str) -> bool:
    """Whether the picture is small enough to draw; InvalidInput when it has no size at all."""
    try:
        width, height = _size(file, head, kind)
    except (struct.error, IndexError, ValueError) as error:
        raise InvalidInput(f"{_short(name)} is a damaged picture: choose another copy") from error
    if width < 1 or height < 1:
        raise InvalidInput(f"{_short(name)} is a picture without any points: choose another copy")
    return width * height <= MAX_PIXELS


def _size(file: IO[bytes], head: bytes, kind: Kind) -> tuple[int, int]:
    if kind is PNG:
        if head[12:16] != b"IHDR":
            raise ValueError("no header")
        return struct.unpack(">II", head[16:24])
    if kind is GIF:
        return struct.unpack("<HH", head[6:10])
    if kind is WEBP:
        return _webp_size(head)
    return _jpeg_size(file)


def _webp_size(head: bytes) -> tuple[int, int]:
    chunk = head[12:16]
    if chunk == b"VP8X":
        return _int24(head[24:27]) + 1, _int24(head[27:30]) + 1
    if chunk == b"VP8L":
        bits = struct.unpack("<I", head[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _int24(three: bytes) -> int:
    return int.from_bytes(three, "little")


def _jpeg_size(file: IO[bytes]) -> tuple[int, int]:
    """From the first frame header, skipping what cameras write before it."""
    file.seek(2)
    for _ in range(1_000):
        marker, length = struct.unpack(">HH", file.read(4))
        if marker >> 8 != 0xFF:
            raise ValueError("no marker")
        if 0xC0 <= marker & 0xFF <= 0xCF and marker & 0xFF not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", file.read(5)[1:])
            return width, height
        file.seek(length - 2, 1)
    raise ValueError("no frame")


def _short(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:60]}…{name[-15:]}")
