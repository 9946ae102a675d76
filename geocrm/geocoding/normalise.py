"""An address as typed, cleaned and cut into segments; what names no place is taken out."""

import re
import unicodedata
from dataclasses import dataclass

from geocrm.geocoding.address import MAX_TEXT

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAKS = re.compile(r"[,;\n\r\t|]+|\s[-–—]\s")
# A post-office box, in the words of many countries; the short ones only before a number.
PO_BOX = re.compile(
    r"\b(?:(?:g\.?\s?)?p\.?\s?o\.?\s?box|p\.?\s?o\.?\s?b\.?(?=\s*\d)|post\s+office\s+box|locked\s+bag|"
    r"private\s+bag|kotak\s+pos|tromol\s+pos|k\.?\s?pos|postfach|postbus|postbo(?:ks|x)|postilokero|"
    r"apartado(?:\s+(?:postal|de\s+correos))?|apdo\.?(?:\s+postal)?|casilla(?:\s+postal)?|"
    r"caixa\s+postal|casella\s+postale|bo[iî]te\s+postale|skr(?:ytka)?\.?\s+poczt(?:owa)?|"
    r"(?:b\.?p\.?|pl|pb|c\.p\.|cs)(?=\s*\d{1,5}\b))(?!\w)\.?\s*(?:no\.?\s*|nr\.?\s*)?[\w-]*",
    re.IGNORECASE,
)
RT_RW = re.compile(
    r"\brt\s*[./:]?\s*rw\s*[.:]?\s*\d+\s*[/.-]\s*\d+|"
    r"\brt\b\.?\s*:?\s*\d+(?:\s*[/.-]?\s*(?:\brw\b\.?\s*:?\s*)?\d+(?!\d))?|"
    r"\brw\b\.?\s*:?\s*\d+",
    re.IGNORECASE,
)
_HOUSE = re.compile(
    r"\b(?:no|nomor|nomer)\b\.?\s*:?\s*\d+\s*[a-z]?\b(?:\s*[-/]\s*\d+)?", re.IGNORECASE
)
_BLOCK = re.compile(
    r"\b(?:blok|kav|kavling|lantai|lt|unit)\b\.?\s*[a-z]{0,2}\s?[-./]?\s?\d*\b", re.IGNORECASE
)
_POSTCODE_ID = re.compile(
    r"(?<![\d/.-])\b(?:kode\s*pos\s*:?\s*)?([1-9]\d{4})\b(?![\d/.-])", re.IGNORECASE
)
# A label in the middle of a line begins a new segment: "Kel. Braga Kec. Sumur Bandung".
_LABEL_INSIDE = re.compile(
    r"(?<=\S)\s+(?=(?:kelurahan|kel\.?|desa|ds\.|kecamatan|kec\.?|kabupaten|kab\.?|kotamadya|kodya|"
    r"provinsi|propinsi|prov\.?|kota\s+administrasi|kota\s+adm\.?)\s+\S|(?:kel|kec|kab|prov|ds)\.\S|"
    r"kota\s+\S)",
    re.IGNORECASE,
)
STREET = re.compile(
    r"^(?:jalan|jln?|gang|gg|lorong|lrg?|perumahan|perum|kompleks?|komp|ruko|dusun|dsn|apartemen|"
    r"apt|gedung|pasar induk|raya)\b",
    re.IGNORECASE,
)


# "Jl. Merdeka 12 Braga Bandung": what follows the house number is no longer the street.
_AFTER_NUMBER = re.compile(r"(?<=\w\w\w)(\s+\d+\s?[a-z]?)\s+(?=[^\W\d]{3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A typed address: its segments in order, which of them are streets, its postcode."""

    segments: tuple[str, ...]
    streets: tuple[str, ...] = ()
    postcode: str = ""
    po_box: str = ""


def plain(text: str) -> str:
    """Unicode made uniform, control characters gone, cut at MAX_TEXT."""
    if text.isascii() and text.isprintable():
        return text[:MAX_TEXT].strip()
    return _CONTROL.sub(" ", unicodedata.normalize("NFKC", text[:MAX_TEXT])).strip()


def clean(text: str, country: str) -> Cleaned:
    """Cut a typed address of the country into segments."""
    if not text or text.isspace():
        return Cleaned((), ())
    bare = _CONTROL.sub(" ", text[:MAX_TEXT])
    box = PO_BOX.search(bare)
    po_box = plain(box[0]) if box else ""
    if box:
        bare = PO_BOX.sub(" , ", bare)
    postcode = ""
    if country == "ID":
        bare = RT_RW.sub(" , ", bare)
        bare = _HOUSE.sub(" , ", bare)
        bare = _BLOCK.sub(" , ", bare)
        bare, postcode = _take_postcode(bare)
        bare = _LABEL_INSIDE.sub(", ", bare)
    pieces = [_AFTER_NUMBER.sub(_cut_after, plain(piece)) for piece in _BREAKS.split(bare)]
    parts = [part.strip(" .-") for piece in pieces for part in piece.split(", ")]
    segments = [part for part in parts if part]
    streets = [part for part in segments if country == "ID" and STREET.match(part)]
    return Cleaned(
        tuple(part for part in segments if part not in streets), tuple(streets), postcode, po_box
    )


def _cut_after(number: re.Match[str]) -> str:
    return f"{number[1]}, "


def _take_postcode(text: str) -> tuple[str, str]:
    """The text without its last five-digit number, and that number."""
    found = list(_POSTCODE_ID.finditer(text))
    if not found:
        return text, ""
    last = found[-1]
    return text[: last.start()] + " , " + text[last.end() :], last[1]
