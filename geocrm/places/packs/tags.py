"""What the tags of an OpenStreetMap object say. Pure: mappings in, names and numbers out."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

from geocrm.places.house_numbers import HouseNumber, house_numbers

_NAME_KEYS = ("alt_name", "official_name", "short_name", "loc_name", "int_name", "old_name")
_IN_A_LANGUAGE = re.compile(r"(?:alt_|official_|short_|old_)?name:[a-z]{2,3}(?:[-_]\w{2,8})?")
MAX_NAMES = 30
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
# Where streets have no names, houses are numbered through the place.
_STREET_KEYS = ("addr:street", "addr:place", "addr:hamlet")
NUMBER_KEYS = ("addr:housenumber", "addr:conscriptionnumber")
POI_KEYS = (
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
_POSTCODE = re.compile(r"(?=.*\d)[0-9A-Z][0-9A-Z -]{1,10}")


class Tags(Protocol):
    """A mapping of tags, as the reader hands them out."""

    def get(self, key: str, default: str | None = None, /) -> str | None:
        """The value, or the default."""

    def __iter__(self) -> Iterator[tuple[str, str]]: ...


class Address(NamedTuple):
    """An address as tagged; `street` is empty where nothing but a relation names it."""

    numbers: list[HouseNumber]
    street: str
    city: str
    parts: list[str]
    postcode: str
    country: str


def clean(value: str | None) -> str:
    """One line without surplus spaces, of a sensible length."""
    return " ".join(value.split())[:MAX_NAME_LENGTH] if value else ""


def name(tags: Tags) -> str:
    """The name, or "" for none."""
    return clean(tags.get("name"))


def other_names(tags: Tags) -> list[str]:
    """Alternate, official, short, old and foreign names, each once and without the name itself.

    A capital has a name in two hundred languages. Those in a script that neither the name itself
    nor most of the world's keyboards have are left out.
    """
    own = name(tags)
    listed = [tags.get(key) or "" for key in _NAME_KEYS]
    readable = {"LATIN", _script(own)}
    foreign = [value for key, value in tags if _IN_A_LANGUAGE.fullmatch(key)]
    listed += [value for value in foreign if _script(value) in readable]
    single = dict.fromkeys(clean(part) for value in listed for part in value.split(";"))
    return [part for part in single if part and part != own][:MAX_NAMES]


@lru_cache(maxsize=10_000)
def _script(value: str) -> str:
    """The script of the first letter, as Unicode names it: LATIN, CYRILLIC, CJK."""
    letter = next((c for c in value if c.isalpha()), "a")
    return unicodedata.name(letter, "LATIN").partition(" ")[0]


def has_number(tags: Tags) -> bool:
    """Whether the object bears a house number, readable or not."""
    return any(tags.get(key) for key in NUMBER_KEYS)


def address(tags: Tags) -> Address:
    """The address that the object bears; `numbers` is empty where none can be read."""
    written = next((value for key in NUMBER_KEYS if (value := tags.get(key))), "")
    parts = [clean(value) for key in PART_KEYS if (value := tags.get(key))]
    country = clean(tags.get("addr:country")).upper()
    street = next((value for key in _STREET_KEYS if (value := clean(tags.get(key)))), "")
    return Address(
        house_numbers(written),
        street,
        _city(tags),
        list(dict.fromkeys(parts)),
        postcode(tags.get("addr:postcode")),
        country if len(country) == 2 and country.isalpha() and country.isascii() else "",
    )


def _city(tags: Tags) -> str:
    """The city; a number in its place is a slip."""
    city = clean(tags.get("addr:city"))
    return city if any(c.isalpha() for c in city) else ""


def postcode(value: str | None) -> str:
    """One postcode as people write it, upper case; "" for a list or a sentence."""
    if not value:
        return ""
    found = clean(value).upper()
    return found if _POSTCODE.fullmatch(found) else ""


def category(tags: Tags) -> str:
    """What kind of point of interest it is, as `shop=bakery`, or ""."""
    for key in POI_KEYS:
        value = tags.get(key)
        if value and value != "no":
            return f"{key}={value}"[:100]
    for key, value in _STATIONS:
        if tags.get(key) == value:
            return f"{key}={value}"
    return ""


def admin_level(tags: Tags) -> int | None:
    """The level of an administrative boundary, 1 to 15, or None for anything else."""
    level = tags.get("admin_level") or ""
    if tags.get("boundary") != "administrative" or not re.fullmatch(r"[1-9]|1[0-5]", level):
        return None
    return int(level)


def country_code(tags: Tags) -> str:
    """The ISO code on a country's boundary, or ""."""
    code = clean(tags.get("ISO3166-1:alpha2") or tags.get("ISO3166-1")).upper()
    return code if re.fullmatch("[A-Z]{2}", code) else ""


def population(tags: Tags) -> int:
    """How many people live there, 0 when it is not said."""
    people = re.sub(r"[ ,.']", "", tags.get("population") or "")
    return int(people) if people.isascii() and people.isdigit() and len(people) < 10 else 0
