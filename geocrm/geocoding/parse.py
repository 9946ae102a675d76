"""From an address to mentions: names that may be places, and what is said about them. Pure text."""

import re
from functools import lru_cache
from typing import NamedTuple

from geocrm.geocoding import countries
from geocrm.geocoding.address import AddressQuery
from geocrm.geocoding.normalise import STREET, clean, plain
from geocrm.places.gazetteer_names import name_key, words

ANY = "any"
VILLAGE, DISTRICT, CITY, REGION, POSTCODE = "village", "district", "city", "region", "postcode"
_BREAKS = re.compile(r"[,;\n]")
MAX_WORDS_IN_NAME = 5
MAX_WORDS_IN_COUNTRY = 4
MIN_COUNTRY_NAME = 4  # shorter ones are more often words or states
MAX_WORDS_IN_SEGMENT = 12
_LABELS = (
    (re.compile(r"^(?:kelurahan|kel|desa|ds)\b[.:\s]*", re.IGNORECASE), VILLAGE, ""),
    (re.compile(r"^(?:kecamatan|kec|distrik)\b[.:\s]*", re.IGNORECASE), DISTRICT, ""),
    (
        re.compile(r"^(?:kabupaten|kab|regency of)\b[.:\s]*(?:adm(?:inistrasi)?\b[.\s]*)?", re.I),
        CITY,
        "kabupaten",
    ),
    (
        re.compile(
            r"^(?:kotamadya|kodya|kota|city of)\b[.:\s]*(?:adm(?:inistrasi)?\b[.\s]*)?", re.I
        ),
        CITY,
        "kota",
    ),
    (re.compile(r"^(?:provinsi|propinsi|prov|province of)\b[.:\s]*", re.IGNORECASE), REGION, ""),
)
_TRAILING = (
    (re.compile(r"\s+(?:regency)$", re.IGNORECASE), CITY, "kabupaten"),
    (re.compile(r"\s+(?:city)$", re.IGNORECASE), CITY, "kota"),
    (re.compile(r"\s+(?:province)$", re.IGNORECASE), REGION, ""),
    (re.compile(r"\s+(?:district)$", re.IGNORECASE), DISTRICT, ""),
)
_MAYBE_LABEL = re.compile(r"^(?:kel|ds|desa|kec|dist|kab|reg|ko|city|pro)", re.IGNORECASE)
_MAYBE_TRAILING = re.compile(r"(?:regency|city|province|district)$", re.IGNORECASE)


class Mention(NamedTuple):
    """A name in an address that may be a place.

    `keys` are its comparable forms. A mention is a piece of segment number `segment`: its words
    from `start` up to `end` of `size`. `slot` says what it was given as, `unit` whether it was
    called kota or kabupaten.
    """

    keys: tuple[str, ...]
    slot: str
    segment: int
    given: str
    unit: str = ""
    start: int = 0
    end: int = 1
    size: int = 1
    # From typed text, where one line may hold several places; a field of a form holds one.
    divisible: bool = False

    @property
    def whole(self) -> bool:
        """True when it is all of its segment."""
        return self.end - self.start == self.size


class Parsed(NamedTuple):
    """What an address mentions; `text` is its free part without the country.

    `named_country`: whether it says its country itself.
    """

    country: str
    mentions: tuple[Mention, ...]
    streets: tuple[str, ...] = ()
    named_country: bool = False
    po_box: str = ""
    unknown_country: str = ""
    text: str = ""


def parse(query: AddressQuery, expected_country: str) -> Parsed:
    """Read the address; `expected_country` (ISO) is taken when it names none."""
    country, named, unknown, text = _country(query, expected_country)
    cleaned = clean(text, country)
    mentions: list[Mention] = []
    for slot in (VILLAGE, DISTRICT, CITY, REGION):
        for i, segment in enumerate(_field_parts(getattr(query, slot))):
            mentions += _mention(segment, slot if i == 0 else ANY, len(mentions), country, False)
    for segment in cleaned.segments:
        mentions += _mention(segment, ANY, len(mentions), country, True)
    for postcode in filter(None, (name_key(query.postcode), cleaned.postcode)):
        mentions.append(Mention((postcode,), POSTCODE, len(mentions), postcode))
    return Parsed(
        country, _distinct(mentions), cleaned.streets, named, cleaned.po_box, unknown, text
    )


def _field_parts(value: str) -> list[str]:
    """A field of a structured address, cut where someone put several places into it."""
    if not value:
        return []
    parts = (piece.strip(" .-") for piece in _BREAKS.split(plain(value)))
    return [part for part in parts if part]


def pieces(mention: Mention, country: str) -> list[Mention]:
    """The mention's runs of words as mentions of their own, without the whole.

    Only those from its beginning are still what the label before them says.
    """
    if not mention.divisible:
        return []
    found = words(mention.given, country)[-MAX_WORDS_IN_SEGMENT:]
    size = len(found)
    return [
        Mention(
            ("".join(found[start:end]),), ANY if start else mention.slot, mention.segment,
            " ".join(found[start:end]), "", start, end, size,
        )
        for start in range(size)
        for end in range(start + 1, min(start + MAX_WORDS_IN_NAME, size) + 1)
        if end - start < size and len("".join(found[start:end])) > 1
    ]  # fmt: skip


def street_pieces(street: str, segment: int, country: str) -> list[Mention]:
    """The ends of a street line that may be the town: never its first two words, "Jalan X"."""
    found = words(street, country)[-MAX_WORDS_IN_SEGMENT:]
    size = len(found)
    return [
        Mention(
            ("".join(found[start:end]),), ANY, segment, " ".join(found[start:end]), "",
            start, end, size,
        )
        for start in range(2, size)
        for end in range(start + 1, min(start + MAX_WORDS_IN_NAME, size) + 1)
        if len("".join(found[start:end])) > 1
    ]  # fmt: skip


def _country(query: AddressQuery, expected: str) -> tuple[str, bool, str, str]:
    """ISO code, whether the address names it, an unknown name, the text without it."""
    head, comma, last = plain(query.text).rpartition(",")
    if query.country:
        code = countries.code_of(query.country)
        if code is None:
            return expected, False, plain(query.country), query.text
        same = countries.code_of(last) == code and bool(comma)
        return code, True, "", head if same else query.text
    if not last:
        return expected, False, "", query.text
    tail = last.strip(" .")
    code = countries.named_in_text(tail, expected) if tail else None
    if code is not None and (comma or code == expected or len(tail) > 3):
        # Two letters may be a state as well: alone they are no proof of the country.
        return code, len(tail) > 2 or code == expected, "", head
    return _country_at_end(query.text, expected) or (expected, False, "", query.text)


def _country_at_end(text: str, expected: str) -> tuple[str, bool, str, str] | None:
    """The country that the last words of a line name, as in "Palora Ecuador"; never all of it.

    A line of an Indonesian street or unit ends with names of countries, too: Jalan Malaysia.
    """
    if expected == "ID" and (STREET.match(text.strip()) or _MAYBE_LABEL.match(text.strip())):
        return None
    found = text.split()
    for size in range(min(MAX_WORDS_IN_COUNTRY, len(found) - 1), 0, -1):
        name = " ".join(found[-size:]).strip(" .")
        if len(name) >= MIN_COUNTRY_NAME and (code := countries.named_in_text(name, expected)):
            return code, True, "", " ".join(found[:-size])
    return None


def _mention(segment: str, slot: str, number: int, country: str, divisible: bool) -> list[Mention]:
    """The segment as one mention; nothing when it holds no name."""
    read = _labelled(segment, slot, country)
    if read is None:
        return []
    return [Mention(*read[:2], number, *read[2:], divisible=divisible)]


# Districts, cities and regions recur from row to row.
@lru_cache(maxsize=20_000)
def _labelled(
    segment: str, slot: str, country: str
) -> tuple[tuple[str, ...], str, str, str] | None:
    """Keys, slot, bare name and unit of a segment, its label read; None when it holds no name."""
    bare, unit, full = segment, "", name_key(segment, country)
    if country == "ID" and _MAYBE_LABEL.match(bare):
        for label, named_slot, named_unit in _LABELS:
            if label.match(bare):
                stripped = label.sub("", bare)
                if name_key(stripped):
                    bare, slot, unit = stripped, named_slot if slot == ANY else slot, named_unit
                break
    for label, named_slot, named_unit in _TRAILING if _MAYBE_TRAILING.search(bare) else ():
        if label.search(bare) and slot in (ANY, named_slot):
            bare, slot, unit = label.sub("", bare), named_slot, named_unit or unit
            break
    key = name_key(bare, country)
    if country != "ID" and not key.isdigit():
        without_numbers = [word for word in words(bare, country) if not word[0].isdigit()]
        key = "".join(without_numbers) or key
    if len(key) < 2 or key.isdigit():
        return None
    return (key, full) if full != key else (key,), slot, bare, unit


def _distinct(mentions: list[Mention]) -> tuple[Mention, ...]:
    """Without the repetition of a name that a part and the text both give."""
    kept: list[Mention] = []
    named_parts = {m.keys[0] for m in mentions if m.slot not in (ANY, POSTCODE)}
    for mention in mentions:
        if mention.slot == ANY and mention.keys[0] in named_parts:
            continue
        if mention.slot == POSTCODE and any(k.slot == POSTCODE for k in kept):
            continue
        kept.append(mention)
    return tuple(kept)
