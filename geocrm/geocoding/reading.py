"""From an address to the streets and house numbers it may name. Pure text.

A line such as "123 Main St Springfield" does not say where the street ends, so every run of words
beside a number is one reading; which of them is a street is for the tables to say. What is left
over is what the street must lie in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from geocrm.geocoding.address import AddressQuery
from geocrm.geocoding.normalise import PO_BOX, RT_RW, plain
from geocrm.places.gazetteer_names import folded, name_key
from geocrm.places.house_numbers import HouseNumber, house_number
from geocrm.places.street_names import street_keys

MAX_WORDS_IN_STREET = 7
MAX_WORDS_IN_PLACE = 4
MAX_ITEMS = 40  # longer lines are no address; the rest is not read
_BREAKS = re.compile(r"[,;\n\r\t|]+|\s[-–—]\s")
# Parts of a building: they carry numbers that are no house number.
_UNIT = re.compile(
    r"(?:,\s*)?\b(?:apartment|flat|apartemen|appartement|apto|apt|appt|suite|unit|room|rm|floor|lantai|lt|level|"
    r"étage|etage|piso|stiege|top|blok|block|kav|kavling|ruko|lot|bât|bat|bldg|km)\b\.?\s*#?\s*"
    r"(?:no\b\.?\s*)?(?=[\w-]*\d|[a-z]{1,2}\b)[\w-]{1,6}(?:\s?[/&-]\s?\w{1,4})?",
    re.IGNORECASE,
)
_ORDINAL_FLOOR = re.compile(
    r"\b\d{1,3}(?:st|nd|rd|th|er|e|º|ª)?\s*(?:floor|fl|étage|etage|andar|piso)\b", re.IGNORECASE
)
_NUMBER = (
    r"(?:(?:no|nr|num|nomor|nomer|n(?=[.°º]))\b\s*[.:°º]?\s*|[#№]\s*)?"
    r"\d{1,5}(?:\s?[a-z](?![\w])|\s(?:bis|ter|quater)\b)?"
    r"(?:\s?[-/–]\s?\d{1,5}[a-z]?(?!\w)|\s?/\s?[a-z](?!\w))?(?!\w)"
)
_ITEM = re.compile(rf"(?P<number>(?<![\w]){_NUMBER})|(?P<word>[^\W_]+(?:['’.][^\W_]+)*)", re.I)
_POSTCODE = re.compile(
    r"\b(?:[a-z]{1,2}[-\s]?)?\d{3,6}\b|\b[a-z]{1,2}\d[a-z\d]?\s*\d[a-z]{2}\b", re.I
)
# A street in Indonesia says that it is one; then nothing before that word belongs to it.
_OPENING = {"ID": frozenset({"jl", "jln", "jalan", "gg", "gang", "lorong", "lrg"})}


class Item(NamedTuple):
    """A word or a number of a line, and the segment between commas it stands in."""

    text: str
    segment: int
    number: HouseNumber | None


class Reading(NamedTuple):
    """A street as one reading of the address has it, and the number that goes with it.

    `start` to `end` are the items of the street, `at` that of the number (-1 for none); `keys` are
    the street's comparable forms.
    """

    name: str
    keys: tuple[str, ...]
    number: HouseNumber | None
    start: int
    end: int
    at: int


@dataclass(frozen=True)
class Lines:
    """An address cut into items, with the parts that were given apart."""

    items: tuple[Item, ...]
    country: str
    stated: frozenset[str]  # keys of places given in fields of their own
    # The country as named: Monaco, Singapore and Luxembourg are cities, too.
    named_country: frozenset[str]
    postcodes: frozenset[str]

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """Every way to read a street out of it, each once."""
        return tuple(dict.fromkeys(_readings(self)))

    @cached_property
    def all_places(self) -> frozenset[str]:
        """Keys of all runs of words, the street's own among them, and of the fields."""
        return self._fields | frozenset(_runs(list(self.items), self.country))

    @property
    def _fields(self) -> frozenset[str]:
        return self.stated | self.named_country

    def places(self, reading: Reading) -> frozenset[str]:
        """Keys of all runs of words outside the street: among them is what the street lies in."""
        left = [
            item if not (reading.start <= i < reading.end or i == reading.at) else None
            for i, item in enumerate(self.items)
        ]
        return self._fields | frozenset(_runs(left, self.country))

    def segments(self, reading: Reading) -> frozenset[str]:
        """Keys of the fields, and of whole segments without the street: what surely is a place."""
        found: dict[int, list[str]] = {}
        for i, item in enumerate(self.items):
            if not (reading.start <= i < reading.end or i == reading.at) and item.number is None:
                found.setdefault(item.segment, []).append(item.text)
        keys = (name_key(" ".join(words), self.country) for words in found.values())
        return self.stated | frozenset(key for key in keys if len(key) > 2)


def read(query: AddressQuery, text: str, country: str) -> Lines:
    """Cut the address (`text` is its free part without the country) into items."""
    street = plain(query.street)
    number = plain(query.house_number)
    head = f"{street} {number}" if number and number.lower() not in street.lower() else street
    if number and not street:
        head = ""
    items = [*_items(head, 0), *_items(text, 100)][:MAX_ITEMS]
    fields = (query.village, query.district, query.city, query.region)
    stated = frozenset(
        key
        for field in fields
        for part in _BREAKS.split(plain(field))
        for key in place_keys(part, country)
    )
    codes = [query.postcode, *_POSTCODE.findall(folded(plain(text)))]
    left_out = plain(query.text)[len(text) :] if plain(query.text).startswith(text) else ""
    return Lines(
        tuple(items),
        country,
        stated,
        frozenset(place_keys(left_out.strip(" ,."), country) | place_keys(query.country, country)),
        frozenset(key for code in codes if (key := postcode_key(code))),
    )


def is_box(query: AddressQuery) -> bool:
    """Whether it is a post-office box, which stands in no street."""
    return any(PO_BOX.search(part) for part in (query.text, query.street, query.house_number))


def postcode_key(code: str) -> str:
    """A postcode in comparable form: no spaces and no country before it (FI-00100, AD 500)."""
    bare = re.sub(r"[^a-z\d]", "", folded(code))
    found = re.fullmatch(r"[a-z]{1,2}(\d{3,6})", bare)
    return found[1] if found else bare


def place_keys(name: str, country: str) -> set[str]:
    """Comparable forms of a place as given: whole, and without what kind of unit it says it is."""
    words = folded(name).replace(".", " ").split()
    bare = [word for word in words if word not in _KINDS]
    return {key for given in (words, bare) if len(key := name_key(" ".join(given), country)) > 1}


_KINDS = frozenset(
    {"kelurahan", "kel", "desa", "ds", "kecamatan", "kec", "kabupaten", "kab", "kota", "kodya"}
    | {"city", "of", "town", "village", "municipality", "district", "regency", "cedex"}
)


def _items(text: str, first_segment: int) -> Iterator[Item]:
    bare = _ORDINAL_FLOOR.sub(" , ", RT_RW.sub(" , ", PO_BOX.sub(" , ", text)))
    bare = _UNIT.sub(" , ", bare)
    segment = first_segment
    for piece in _BREAKS.split(bare):
        segment += 1
        for found in _ITEM.finditer(piece):
            number = house_number(found["number"]) if found["number"] else None
            yield Item(found[0], segment, number)


def _readings(lines: Lines) -> Iterator[Reading]:
    items = lines.items
    for at, item in enumerate(items):
        if item.number is None:
            continue
        yield from (_reading(lines, start, at, at) for start in _starts(lines, at))
        yield from (_reading(lines, at + 1, end, at) for end in _ends(items, at + 1))
    for start, end in _segments(items):
        yield from (_reading(lines, s, end, -1) for s in _starts(lines, end))
        yield from (_reading(lines, start, e, -1) for e in _ends(items, start))


def _reading(lines: Lines, start: int, end: int, at: int) -> Reading:
    name = " ".join(item.text for item in lines.items[start:end])
    number = lines.items[at].number if at >= 0 else None
    return Reading(name, street_keys(name, lines.country), number, start, end, at)


def _starts(lines: Lines, end: int) -> Iterator[int]:
    """Where a street that ends before item `end` may begin, in that item's segment."""
    items = lines.items
    if end == 0:
        return
    segment = items[end - 1].segment
    opening = _OPENING.get(lines.country, frozenset())
    first = max(0, end - MAX_WORDS_IN_STREET)
    possible = [i for i in range(first, end) if items[i].segment == segment]
    opened = [i for i in possible if folded(items[i].text).strip(".") in opening]
    for start in opened or possible:
        if any(item.number is None for item in items[start:end]):
            yield start


def _ends(items: tuple[Item, ...], start: int) -> Iterator[int]:
    """Where a street that begins with item `start` may end, in that item's segment."""
    for end in range(start + 1, min(start + MAX_WORDS_IN_STREET, len(items)) + 1):
        if items[end - 1].segment != items[start].segment:
            return
        if any(item.number is None for item in items[start:end]):
            yield end


def _segments(items: tuple[Item, ...]) -> Iterator[tuple[int, int]]:
    start = 0
    for i in range(1, len(items) + 1):
        if i == len(items) or items[i].segment != items[start].segment:
            yield start, i
            start = i


def _runs(items: list[Item | None], country: str) -> Iterator[str]:
    """Keys of the runs of words that neither a number, a comma nor the street interrupts."""
    for start, first in enumerate(items):
        if first is None or first.number is not None:
            continue
        words: list[str] = []
        for item in items[start : start + MAX_WORDS_IN_PLACE]:
            if item is None or item.number is not None or item.segment != first.segment:
                break
            words.append(item.text)
            key = name_key(" ".join(words), country)
            if len(key) > 1:
                yield key
