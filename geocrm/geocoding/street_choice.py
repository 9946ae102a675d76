"""Choose among the streets an address may name: the one its other parts agree with. Pure.

A street is known by name and locality, and the same name stands in many places. So what counts is
what the address says besides: the locality and the postcode. Without either a street is only a
possibility, however well its name fits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import OSA

from geocrm.geocoding.reading import Lines, Reading, postcode_key
from geocrm.places.streets import Street
from geocrm.spatial.geodesy import great_circle_m

# What each agreement is worth. A street whose locality and postcode agree beats one that is spelt
# better but lies elsewhere.
EXACT, BARE = 1.0, 0.85
SLIPS = {0: 0.0, 1: 0.15, 2: 0.3}
LOCALITY, POSTCODE, WIDER, NEAR = 0.6, 0.5, 0.15, 0.25
OTHER_POSTCODE, OTHER_LOCALITY = -0.25, -0.6
BESIDE_NUMBER = 0.08
NUMBER_KNOWN = 0.2
LONGER_NAME = 0.02  # a word: Main Street North rather than Main Street
TIE = 0.1
SAME_STREET_M = 200.0
# Slips forgiven in the name of a locality, by its length.
_FORGIVEN = ((9, 2), (5, 1))
MAX_CANDIDATES = 8


class Near(NamedTuple):
    """A place that the address names, from the gazetteer."""

    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A street under one reading of the address, and what speaks for it.

    `locality` and `postcode`: whether the address names the street's own; None is that it names
    none (or that none is known of the street). `near`: a named place lies around the street.
    """

    street: Street
    reading: Reading
    slips: int
    locality: bool | None
    postcode: bool | None
    near: bool
    score: float
    respelt: tuple[str, ...] = ()

    @property
    def agreed(self) -> bool:
        """Whether locality or postcode of the address are the street's own."""
        return bool(self.locality or self.postcode)


def candidates(
    lines: Lines,
    found: Iterable[tuple[Reading, int, Street]],
    known_places: Mapping[str, Sequence[Near]],
) -> list[Candidate]:
    """The streets (with slips in their name) weighed against the address, best first.

    `known_places`: where the gazetteer knows the keys of the address's segments.
    """
    best: dict[int, Candidate] = {}
    for reading, slips, street in found:
        weighed = _weigh(lines, reading, slips, street, known_places)
        if weighed is not None and weighed.score > getattr(best.get(street.id), "score", 0.0):
            best[street.id] = weighed
    ranked = sorted(best.values(), key=lambda c: (-c.score, c.street.id))
    return ranked[:MAX_CANDIDATES]


def level(scored: Sequence[tuple[Candidate, float]]) -> list[Candidate]:
    """The best of candidates with their worth, and those as good; one of each street."""
    kept: list[Candidate] = []
    for candidate, worth in scored:
        if worth < scored[0][1] - TIE:
            break
        if not any(_same(candidate.street, other.street) for other in kept):
            kept.append(candidate)
    return kept


def _weigh(
    lines: Lines,
    reading: Reading,
    slips: int,
    street: Street,
    known_places: Mapping[str, Sequence[Near]],
) -> Candidate | None:
    places, surely = lines.places(reading), lines.segments(reading)
    named, respelt = _locality(street, places, surely)
    postcode = _postcode(street, lines.postcodes, reading)
    near = _near(street, (n for key in surely for n in known_places.get(key, ())))
    elsewhere = not named and any(key in known_places for key in surely - street.wider)
    locality = True if named else (False if elsewhere else None)
    # A misspelt name, or one without its type word, is no street unless the place agrees.
    if (slips or street.bare) and not (locality or postcode):
        return None
    score = (BARE if street.bare else EXACT) - SLIPS[slips]
    score += LONGER_NAME * (reading.end - reading.start - 1)
    score += BESIDE_NUMBER if reading.at in (reading.start - 1, reading.end) else 0.0
    score += LOCALITY if locality else (OTHER_LOCALITY if elsewhere and not near else 0.0)
    score += {True: POSTCODE, False: OTHER_POSTCODE, None: 0.0}[postcode]
    score += WIDER if street.wider & places else 0.0
    score += NEAR if near and not locality else 0.0
    misspelt = ((reading.name,) if slips else ()) + respelt
    return Candidate(street, reading, slips, locality, postcode, near, score, misspelt)


def _locality(
    street: Street, places: frozenset[str], surely: frozenset[str]
) -> tuple[bool, tuple[str, ...]]:
    """Whether the address names the street's locality, and the names that were mended for it."""
    if street.keys & places:
        return True, ()
    for key in surely:
        slips = next((slips for length, slips in _FORGIVEN if len(key) >= length), 0)
        if slips and any(
            abs(len(known) - len(key)) <= slips
            and OSA.distance(key, known, score_cutoff=slips) <= slips
            for known in street.keys
        ):
            return True, (key,)
    return False, ()


def _postcode(street: Street, given: frozenset[str], reading: Reading) -> bool | None:
    if not given or not street.postcodes:
        return None
    known = {postcode_key(code) for code in street.postcodes}
    own = str(reading.number.value) if reading.number else ""
    asked = {code for code in given if code.lstrip("0") != own}
    return bool(known & asked) if asked else None


def _near(street: Street, places: Iterable[Near]) -> bool:
    return any(
        great_circle_m(street.lon, street.lat, place.lon, place.lat)
        <= place.radius_m + street.reach_m
        for place in places
    )


def _same(a: Street, b: Street) -> bool:
    """Whether two rows are one street: of two packs that overlap, or cut where it crosses over."""
    if a.key != b.key and a.name != b.name:
        return False
    apart_m = float(great_circle_m(a.lon, a.lat, b.lon, b.lat))
    return apart_m <= max(SAME_STREET_M, min(a.reach_m, b.reach_m))
