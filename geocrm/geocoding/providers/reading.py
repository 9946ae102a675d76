"""What readers of raw answers give, and how they pick it out.

A reader gets one result as the service sent it and gives the parts of a `Claim`, with the service's
words for kinds of places turned into ours. It believes nothing; how much of a claim holds is
`grading`'s business.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

from geocrm.geocoding.address import Grade
from geocrm.geocoding.countries import code_of

Raw = Mapping[str, Any]
Box = tuple[float, float, float, float]


class Reading(TypedDict, total=False):
    """The parts of a claim that a reader gives; `box` is west, south, east, north in degrees."""

    grade: Grade
    house_number: str
    street: str
    localities: tuple[str, ...]
    postcode: str
    region: str
    country: str
    box: Box


def word(parts: Raw, *names: str) -> str:
    """The first of these that holds something."""
    for name in names:
        value = parts.get(name)
        if isinstance(value, (str, int)) and str(value).strip():
            return str(value).strip()
    return ""


def words(parts: Raw, *names: str) -> tuple[str, ...]:
    """All of these that hold something, each once."""
    return tuple(dict.fromkeys(filter(None, (word(parts, name) for name in names))))


def country_of(code: str) -> str:
    """ISO alpha-2, whether two or three letters or a name were given."""
    return (code_of(code) or "") if code else ""


def house_or(grade: Grade, number: str, otherwise: Grade) -> Grade:
    """The grade of a house when it has a number, else the other."""
    return grade if number else otherwise
