"""What the tags of an OpenStreetMap object say. Pure: mappings in, names and numbers out."""

import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from geocrm.places.house_numbers import HouseNumber, house_numbers

_NAME_KEYS = ("alt_name", "official_name", "short_name", "loc_name", "int_name", "old_name")
_IN_A_LANGUAGE = re.compile(r"(?:alt_|official_|short_|old_)?name:[a-z]{2,3}(?:[-_]\w{2,8})?")
MAX_NAMES = 40  # a capital is named in hundreds of languages; these tell nobody more
MAX_NAME_LENGTH = 200
# The parts of an address beside street and city, smallest first.
PART_KEYS = (
    "addr:place",
    "addr:hamlet",
    "addr:village",
    "addr:neighbourhood",
    "addr:quarter",
    "addr:suburb",
    "addr:subdistrict",
    "addr:district",
    "addr:municipality",
)
_CATEGORIES = (
    "shop",
    "amenity",
    "tourism",
    "office",
    "leisure",
    "healthcare",
    "craft",
    "public_transport",
)
_STATIONS = (("railway", "station"), ("aeroway", "aerodrome"))


class Tags(Protocol):
    """A mapping of tags, as the reader hands them out."""

    def get(self, key: str, default: str | None = None, /) -> str | None: ...

    def __iter__(self) -> Iterator[tuple[str, str]]: ...


class Address(NamedTuple):
    """An address as tagged; `street` is empty where only a relation names it."""

    numbers: list[HouseNumber]
    street: str
    city: str
    parts: list[str]
    postcode: str
    country: str


def name(tags: Tags) -> str:
    """The name, or "" for none."""
    return clean(tags.get("name") or "")


def clean(value: str) -> str:
    """One line without surplus spaces, of a sensible length."""
    return " ".join(value.split())[:MAX_NAME_LENGTH]


def other_names(tags: Tags) -> list[str]:
    """Alternate, official, short, old and foreign names, each once and without the name itself."""
    listed = [tags.get(key) or "" for key in _NAME_KEYS]
    listed += [value for key, value in tags if _IN_A_LANGUAGE.fullmatch(key)]
    single = dict.fromkeys(clean(part) for value in listed for part in value.split(";"))
    return [part for part in single if part and part != name(tags)][:MAX_NAMES]


def address(tags: Tags) -> Address | None:
    """The address that the object bears, or None when it has no number that can be read."""
    written = tags.get("addr:housenumber") or tags.get("addr:conscriptionnumber")
    numbers = house_numbers(written) if written else []
    if not numbers:
        return None
    return address_parts(tags, numbers)


def address_parts(tags: Tags, numbers: list[HouseNumber]) -> Address:
    """The address without regard to its number."""
    street = clean(tags.get("addr:street") or "") or clean(tags.get("addr:place") or "")
    parts = [clean(tags.get(key) or "") for key in PART_KEYS]
    country = (tags.get("addr:country") or "").strip().upper()
    return Address(
        numbers,
        street,
        clean(tags.get("addr:city") or ""),
        [part for part in dict.fromkeys(parts) if part],
        postcode(tags.get("addr:postcode") or ""),
        country if re.fullmatch("[A-Z]{2}", country) else "",
    )


def postcode(value: str) -> str:
    """One postcode as people write it, upper case; "" for a list or a sentence."""
    found = clean(value).upper()
    return found if re.fullmatch(r"(?=.*\d)[0-9A-Z][0-9A-Z -]{1,10}", found) else ""


def category(tags: Tags) -> str:
    """What kind of point of interest it is, as `shop=bakery`, or ""."""
    for key in _CATEGORIES:
        value = tags.get(key)
        if value and value != "no":
            return f"{key}={value}"[:100]
    for key, value in _STATIONS:
        if tags.get(key) == value:
            return f"{key}={value}"
    return ""
