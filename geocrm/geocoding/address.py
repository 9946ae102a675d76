"""What is asked of the geocoder and what it answers."""

from dataclasses import dataclass
from enum import StrEnum

# Longer texts are no address; the rest is not read.
MAX_TEXT = 1_000


class Grade(StrEnum):
    """How fine an answer is, finest first. `regency` stands for a city or a regency."""

    ROOFTOP = "rooftop"
    INTERPOLATED = "interpolated"
    STREET = "street"
    POSTCODE = "postcode"
    VILLAGE = "village"
    DISTRICT = "district"
    REGENCY = "regency"
    REGION = "region"
    COUNTRY = "country"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AddressQuery:
    """An address: as typed (`text`), or in parts; both may be given, parts count as labelled.

    `city` is a city or a regency, `region` a province or state, `country` a name or an ISO code.
    """

    text: str = ""
    street: str = ""
    house_number: str = ""
    postcode: str = ""
    village: str = ""
    district: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something the person should know about an answer, as a code for which the page has words.

    contradiction: `given` names a place elsewhere; unknown: no place is called `given`;
    respelt: `given` was read as the name in the label; po_box: the address is a post-office box;
    unknown_country: `given` is no country.
    """

    code: str
    given: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """A runner-up."""

    label: str
    grade: Grade
    lon: float
    lat: float
    radius_m: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the address is, how sure that is, and what else it could be.

    About 95 % of the addresses with this answer lie within `radius_m` of the point. Nothing found
    is grade `none` without a point. `place_code` is the gazetteer's code of the place.
    """

    grade: Grade
    lon: float | None = None
    lat: float | None = None
    radius_m: int | None = None
    provider: str = ""
    label: str = ""
    place_code: str = ""
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def found(self) -> bool:
        """True when there is a point."""
        return self.grade is not Grade.NONE
