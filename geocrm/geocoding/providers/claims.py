"""What a provider says of one place, in one form for all of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from geocrm.geocoding.address import Grade


@dataclass(frozen=True, slots=True)
class Claim:
    """One result of a provider, not yet believed.

    `grade` is what the provider takes it for, `localities` the names of what it lies in, from the
    village up to the city or county. `country` is an ISO alpha-2 code or "". `extent_m` is the
    distance from the point to the corners of the box it gives, None when it gives none.
    """

    grade: Grade
    lon: float
    lat: float
    label: str
    house_number: str = ""
    street: str = ""
    localities: tuple[str, ...] = ()
    postcode: str = ""
    region: str = ""
    country: str = ""
    extent_m: int | None = None

    def document(self) -> dict[str, Any]:
        """The claim as it is kept in the cache."""
        return asdict(self)

    @classmethod
    def from_document(cls, kept: Mapping[str, Any]) -> "Claim":
        """The claim that was kept."""
        fields = dict(kept)
        fields["grade"] = Grade(fields["grade"])
        fields["localities"] = tuple(fields["localities"])
        return cls(**fields)
