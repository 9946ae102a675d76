"""What the gazetteer's tables are filled with."""

import math
from typing import NamedTuple


class PlaceRow(NamedTuple):
    """One row of gazetteer_places, in the order of its columns."""

    id: int
    code: str
    kind: str
    country: str
    name: str
    label: str
    postcode_id: int | None
    district_id: int | None
    regency_id: int | None
    region_id: int | None
    population: int
    lon: float
    lat: float
    radius_m: int


class NameRow(NamedTuple):
    """One row of gazetteer_names, in the order of its columns."""

    key: str
    country: str
    place_id: int
    weight: float


class Rows(NamedTuple):
    """Places, their names, and the (country, key) pairs whose misspellings are to be mended."""

    places: list[PlaceRow]
    names: list[NameRow]
    mendable: set[tuple[str, str]]


def weight_of_town(population: int) -> float:
    """How likely a person who types a name means the town of it: ten points a tenfold."""
    return 20 + 10 * math.log10(population + 1)
