"""What a spreadsheet's ZIP container really unpacks to, found out before any library opens it."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from geocrm.errors import InvalidInput

MAX_UNPACKED = 400 * 2**20
MAX_MEMBERS = 2_000
# Sheets of real registers unpack to 5-25 times their packed size; a bomb to a thousand.
MAX_RATIO = 200
_RATIO_MATTERS_FROM = 16 * 2**20
# A reader lays cells out as a full rectangle: as many rows of 16 columns as a sheet can have.
MAX_CELLS = 16_777_216
_BLOCK = 2**20
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_CELL_COLUMN = re.compile(rb"""\sr=["']([A-Z]{1,3})\d""")
_ROW = re.compile(rb"""\sr=["'][A-Z]{0,3}(\d{1,7})["']""")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def require_workbook(path: Path) -> None:
    """Raise InvalidInput unless the file is an XLSX workbook of a size that can be read."""
    try:
        with path.open("rb") as handle:
            if handle.read(8) == _OLE:
                raise InvalidInput(_old_or_locked(path))
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
        raise InvalidInput(_broken(path)) from error
    names = {member.filename for member in members}
    if "xl/workbook.xml" not in names:
        raise InvalidInput(
            f"{path.name!r} is a ZIP file but no XLSX workbook: unpack it and bring the spreadsheet"
            " inside, or save that as XLSX or CSV"
        )
    if len(members) > MAX_MEMBERS:
        raise InvalidInput(
            f"{path.name!r} holds {len(members):,} parts; a workbook has a few dozen"
        )
    _measure(path, members)


def _measure(path: Path, members: list[zipfile.ZipInfo]) -> None:
    total = 0
    for member in members:
        if member.flag_bits & 1:
            raise InvalidInput(_locked(path))
        extent = _Extent()
        size = 0
        for block in _unpacked(path, member):
            size += len(block)
            total += len(block)
            too_dense = size > _RATIO_MATTERS_FROM and size > MAX_RATIO * member.compress_size
            if total > MAX_UNPACKED or too_dense:
                raise InvalidInput(
                    f"{path.name!r} unpacks to more than {total // 2**20:,} MB from"
                    f" {path.stat().st_size / 2**20:.1f} MB: it looks like a ZIP bomb. If it"
                    f" is a real"
                    " register, save it as CSV"
                )
            if member.filename.startswith("xl/worksheets/"):
                extent.look_at(block)
        extent.require_small(path)


class _Extent:
    """How many rows and columns the cells of a sheet span."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns = 0
        self._rest = b""

    def look_at(self, block: bytes) -> None:
        text = self._rest + block
        self._rest = text[-32:]
        for number in set(_ROW.findall(text)):
            self._rows = max(self._rows, int(number))
        for letters in set(_CELL_COLUMN.findall(text)):
            self._columns = max(self._columns, _column_number(letters))

    def require_small(self, path: Path) -> None:
        if self._rows * self._columns > MAX_CELLS:
            raise InvalidInput(
                f"A sheet of {path.name!r} spans {self._rows:,} rows and {self._columns:,} columns,"
                f" more than {MAX_CELLS:,} cells: delete stray cells far right or far below,"
                f" or save it"
                " as CSV"
            )


def _column_number(letters: bytes) -> int:
    number = 0
    for character in letters:
        number = number * 26 + character - 64
    return number


def _unpacked(path: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's bytes as they really unpack: the sizes in the directory may lie."""
    with path.open("rb") as handle:
        handle.seek(member.header_offset)
        try:
            mark, name_length, extra_length = _LOCAL_HEADER.unpack(handle.read(30))
        except struct.error as error:
            raise InvalidInput(_broken(path)) from error
        if mark != b"PK\x03\x04" or member.compress_type not in (0, 8):
            raise InvalidInput(_broken(path))
        handle.seek(name_length + extra_length, 1)
        left = member.compress_size
        inflate = zlib.decompressobj(-15) if member.compress_type == 8 else None
        while left > 0 and (packed := handle.read(min(_BLOCK, left))):
            left -= len(packed)
            if inflate is None:
                yield packed
                continue
            try:
                yield from _inflated(inflate, packed)
            except zlib.error as error:
                raise InvalidInput(_broken(path)) from error


def _inflated(inflate: "zlib._Decompress", packed: bytes) -> Iterator[bytes]:
    while packed:
        yield inflate.decompress(packed, _BLOCK)
        packed = inflate.unconsumed_tail


def _old_or_locked(path: Path) -> str:
    with path.open("rb") as handle:
        content = handle.read(2**20)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return _locked(path)
    return (
        f"{path.name!r} is an old Excel file (.xls): open it, save it as XLSX or CSV, and try again"
    )


def _locked(path: Path) -> str:
    return (
        f"{path.name!r} is protected with a password: open it in your spreadsheet program,"
        f" remove the"
        " password (File, Info, Protect Workbook), save it and try again"
    )


def _broken(path: Path) -> str:
    return (
        f"{path.name!r} is damaged and cannot be opened as XLSX: open it in your spreadsheet"
        f" program,"
        " save it anew, or save it as CSV"
    )
