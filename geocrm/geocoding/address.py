"""What is asked of the geocoder and what it answers."""

from dataclasses import dataclass
from datetime import datetime
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
    unknown_country: `given` is no country; no_number: the street has no house of that number;
    no_locality: the street's place is not named, so it could be another of that name.
    """

    code: str
    given: str


@dataclass(frozen=True, slots=True)
class Chances:
    """How probable it is that the true place lies within 50, 200, 1,000 and 5,000 m (0 to 1)."""

    p50: float
    p200: float
    p1000: float
    p5000: float


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

    About 95 % of the addresses with this answer lie within `radius_m` of the point; `chances` says
    more. Nothing found is grade `none` without a point. `ambiguous`: the alternatives are as good.
    `place_code` is the gazetteer's code of the place. `way` is how the point was found, `length_m`
    the length that its error goes with (`geocrm.geocoding.confidence`). `retain_until`: the
    provider's terms forbid to keep the point longer; None is for ever.
    """

    grade: Grade
    lon: float | None = None
    lat: float | None = None
    radius_m: int | None = None
    chances: Chances | None = None
    provider: str = ""
    label: str = ""
    place_code: str = ""
    way: str = ""
    length_m: float | None = None
    ambiguous: bool = False
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[Note, ...] = ()
    licence: str = ""
    attribution: str = ""
    retain_until: datetime | None = None

    @property
    def found(self) -> bool:
        """True when there is a point."""
        return self.grade is not Grade.NONE
