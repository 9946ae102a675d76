"""An address as it is put to a provider: in one line and in fields, with the country settled."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from babel import Locale

from geocrm.geocoding import countries
from geocrm.geocoding.address import MAX_TEXT, AddressQuery
from geocrm.places.gazetteer_names import folded

# Longer lines are refused by some services, and no address is that long.
MAX_LINE = 250


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `country` is the ISO code the answer must lie in."""

    query: AddressQuery
    country: str

    @classmethod
    def of(cls, query: AddressQuery, expected: str) -> "Question":
        """The question; `expected` (ISO or name) is taken where the address names no country."""
        fallback = countries.require_code(expected)
        named = countries.code_of(query.country) if query.country else None
        last = query.text.rpartition(",")[2].strip()
        if named is None and last and last != query.text.strip():
            named = countries.named_in_text(last, fallback)
        return cls(query, named or fallback)

    @property
    def number_and_street(self) -> str:
        """The street line: number first, which every service reads."""
        return f"{self.query.house_number} {self.query.street}".strip()

    @property
    def in_fields(self) -> bool:
        """Whether a street was given in a field of its own."""
        return bool(self.query.street.strip())

    @property
    def line(self) -> str:
        """The whole address in one line, without the country when that is in a field."""
        query = self.query
        parts = [
            query.text,
            f"{query.street} {query.house_number}",
            query.village,
            query.district,
            f"{query.postcode} {query.city}",
            query.region,
        ]
        line = ", ".join(cleaned for part in parts if (cleaned := _cleaned(part)))
        return line[:MAX_LINE]

    @property
    def line_with_country(self) -> str:
        """The same with the country's name at its end."""
        name = country_name(self.country)
        if folded(name) in folded(self.line):
            return self.line
        return f"{self.line}, {name}"

    @property
    def empty(self) -> bool:
        """Whether there is nothing to ask."""
        return not self.line

    def key(self, settings: Mapping[str, Any]) -> bytes:
        """What answers are kept under: alike for the same address, however it is spaced and cased.

        `settings` are those of a provider that change its answer.
        """
        fields = {name: folded(_cleaned(value)) for name, value in asdict(self.query).items()}
        document = json.dumps([fields, self.country, settings], sort_keys=True)
        return hashlib.sha256(document.encode()).digest()


def country_name(code: str) -> str:
    """The English name of a country."""
    return str(Locale("en").territories.get(code, code))


def _cleaned(text: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text[:MAX_TEXT])
    # A semicolon parts several questions where many may be asked at once.
    return " ".join(printable.replace(";", ",").split()).strip(" ,")
