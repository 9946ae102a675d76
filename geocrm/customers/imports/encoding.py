"""In which encoding a text file is, and which of its lines do not follow it."""

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

from geocrm.errors import InvalidInput

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 65_536
_BLOCK_BYTES = 2**20
# Encodings that can be told apart by what they give. The western ones cannot: of those cp1252 is
# taken, which spreadsheet programs write nearly everywhere, and --encoding names another.
LIKELY = ["cp1252", "cp1251", "cp1253", "gb18030", "shift_jis", "big5", "euc_kr"]


def guess(path: Path) -> str:
    """The encoding of the file; InvalidInput when it is no text."""
    with path.open("rb") as handle:
        head = handle.read(_SAMPLE_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if b"\x00" in head:
        return _without_mark(head, path)
    good, bad, telling = _utf8_lines(path)
    # A few broken lines in a UTF-8 file fail alone; the file is still UTF-8.
    if bad == 0 or good > 4 * bad:
        return "utf-8"
    found = from_bytes(telling, cp_isolation=LIKELY).best()
    return found.encoding if found is not None else "cp1252"


def require(name: str) -> str:
    """The codec of this name, or InvalidInput."""
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise InvalidInput(
            f"There is no encoding {name!r}; usual ones are utf-8, cp1252"
        ) from error


def _without_mark(head: bytes, path: Path) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 5 and even < odd // 4:
        return "utf-16-le"
    if even > len(head) // 5 and odd < even // 4:
        return "utf-16-be"
    raise InvalidInput(
        f"{path.name!r} is no text file: save it as CSV (UTF-8), XLSX or GeoJSON and try again"
    )


def _utf8_lines(path: Path) -> tuple[int, int, bytes]:
    """Lines beyond ASCII that are and that are not UTF-8, and a sample of them."""
    good = bad = 0
    telling = bytearray()
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK_BYTES):
            if block.isascii():
                continue
            block += handle.readline(_BLOCK_BYTES)
            for line in block.split(b"\n"):
                if line.isascii():
                    continue
                if len(telling) < _SAMPLE_BYTES:
                    telling += line[:2_000] + b"\n"
                try:
                    line.decode("utf-8")
                    good += 1
                except UnicodeDecodeError:
                    bad += 1
    return good, bad, bytes(telling)
