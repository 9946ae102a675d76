"""The cascade: steps from fine to coarse, and the resolver that goes through them.

Each step answers with findings for the addresses that no step before it was sure of. The resolver
keeps what was found, takes the finest finding it may trust, and turns the rest into alternatives.
A finding is trusted for what it is: a street without its locality is only one of that name.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from geocrm.geocoding import confidence
from geocrm.geocoding.address import AddressQuery, Alternative, Answer, Grade, Note
from geocrm.geocoding.gazetteer_step import GazetteerLookups, Memory
from geocrm.geocoding.numbering import LEAST_M, Placed
from geocrm.geocoding.parse import Parsed
from geocrm.geocoding.reading import is_box, read
from geocrm.geocoding.street_choice import Candidate
from geocrm.geocoding.street_step import Located, StreetLookups
from geocrm.spatial.geodesy import great_circle_m

STREETS: Final = "osm"
STREETS_LICENCE: Final = "ODbL 1.0"
STREETS_ATTRIBUTION: Final = "© OpenStreetMap contributors"
# Namesakes in one town are answered together, with a circle around all, up to this size.
TOGETHER_M: Final = 1_500.0
MAX_ALTERNATIVES: Final = 8
_WAYS: Final = {
    "exact": Grade.ROOFTOP,
    "range": Grade.ROOFTOP,
    "sibling": Grade.INTERPOLATED,
    "between": Grade.INTERPOLATED,
    "beside": Grade.INTERPOLATED,
    "across": Grade.INTERPOLATED,
    "lone": Grade.INTERPOLATED,
}
# On a long street numbers run less evenly: the error grows with the street, too.
_BY_NEIGHBOURS: Final = frozenset(("between", "beside", "across", "lone"))
# Where a number this uncertain lies, only the street is known.
LONGEST_INTERPOLATION_M: Final = 600.0
# Countries that write the number before the street.
_NUMBER_FIRST: Final = frozenset(
    ("US", "CA", "GB", "IE", "AU", "NZ", "ZA", "FR", "MC", "LU", "IN", "SG", "MY", "PH", "TH", "IL")
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found for an address; a `sure` one ends the search."""

    answer: Answer
    sure: bool


class Asked(NamedTuple):
    """An address as given, and with its places read out of it."""

    query: AddressQuery
    parsed: Parsed


class Chunk:
    """The addresses of a chunk, and the lookups that steps share."""

    def __init__(
        self, session: Session, asked: Sequence[Asked], memory: Memory | None = None
    ) -> None:
        self.asked = asked
        self.gazetteer = GazetteerLookups(session, memory)
        self._streets = StreetLookups(session)
        self._located: dict[int, Located] | None = None

    def located(self) -> Mapping[int, Located]:
        """The streets of the addresses, looked up once for the steps that use them."""
        if self._located is None:
            self._located = self._streets.located(
                {
                    i: read(asked.query, asked.parsed.text, asked.parsed.country)
                    for i, asked in enumerate(self.asked)
                    if self._streets.may_know(asked.parsed.country) and not is_box(asked.query)
                }
            )
        return self._located


class Step(NamedTuple):
    """A step of the cascade: its name, and how it answers for the addresses of a chunk."""

    name: str
    find: Callable[[Chunk, Sequence[int]], dict[int, Finding]]


def run(session: Session, asked: Sequence[Asked], memory: Memory | None = None) -> list[Answer]:
    """Send the addresses through the steps; the answers in their order."""
    chunk = Chunk(session, asked, memory)
    found: list[list[Finding]] = [[] for _ in asked]
    for step in STEPS:
        pending = [i for i, findings in enumerate(found) if not any(f.sure for f in findings)]
        for i, finding in step.find(chunk, pending).items() if pending else ():
            found[i].append(finding)
    return [_resolved(findings) for findings in found]


# ------------------------------------------------------------------------------- the steps


def _address_points(chunk: Chunk, pending: Sequence[int]) -> dict[int, Finding]:
    return _by_way(chunk, pending, {"exact", "range"})


def _interpolation(chunk: Chunk, pending: Sequence[int]) -> dict[int, Finding]:
    return _by_way(chunk, pending, {"sibling", *_BY_NEIGHBOURS})


def _by_way(chunk: Chunk, pending: Sequence[int], ways: set[str]) -> dict[int, Finding]:
    found: dict[int, Finding] = {}
    for i in pending:
        located = chunk.located().get(i)
        if located is None or len(located.best) != 1:
            continue
        ((candidate, placed),) = located.best
        if placed is not None and placed.way in ways and _fine(candidate, placed):
            found[i] = Finding(_at_number(located, candidate, placed), sure=True)
    return found


def _fine(candidate: Candidate, placed: Placed) -> bool:
    """Whether the number may stand for the address: locality or postcode agree with the street."""
    agreed = candidate.agreed and candidate.locality is not False
    return agreed and placed.scale_m <= LONGEST_INTERPOLATION_M


def _streets(chunk: Chunk, pending: Sequence[int]) -> dict[int, Finding]:
    found: dict[int, Finding] = {}
    for i in pending:
        located = chunk.located().get(i)
        if located is not None and (finding := _street(located)) is not None:
            found[i] = finding
    return found


def _street(located: Located) -> Finding | None:
    """The street itself, several of a name together, or only alternatives."""
    possible = [(c, p) for c, p in located.best if c.locality is not False or c.near or c.postcode]
    if not possible:
        return None
    if len(possible) == 1:
        candidate, placed = possible[0]
        return Finding(_on_street(located, candidate, placed), sure=candidate.agreed)
    agreed = all(candidate.agreed for candidate, _ in possible)
    options = [_on_street(located, c, p) for c, p in possible]
    return Finding(_together(options), sure=agreed and _extent_m(options) <= TOGETHER_M)


def _places(chunk: Chunk, pending: Sequence[int]) -> dict[int, Finding]:
    answers = chunk.gazetteer.answers([chunk.asked[i].parsed for i in pending])
    return {i: Finding(answer, sure=True) for i, answer in zip(pending, answers, strict=True)}


STEPS: Final = (
    Step("address point", _address_points),
    Step("interpolation", _interpolation),
    Step("street", _streets),
    Step("postcode, village, locality, region", _places),
)


# ------------------------------------------------------------------------------- the resolver


def _resolved(findings: Sequence[Finding]) -> Answer:
    """The answer of the step that was sure; what an unsure one found becomes its alternatives."""
    *unsure, last = findings
    if not unsure:
        return last.answer
    street = unsure[-1].answer
    if not street.ambiguous and _confirmed(street, last.answer):
        return street
    options = (_alternative(street),) if not street.ambiguous else street.alternatives
    if last.answer.grade in (Grade.NONE, Grade.COUNTRY) and not street.ambiguous:
        return street
    if not last.answer.found:
        # Streets of one name all over a country say no more than the country.
        name = street.label.partition(",")[0]
        return replace(street, grade=Grade.COUNTRY, label=name)
    return replace(
        last.answer,
        ambiguous=street.ambiguous or last.answer.ambiguous,
        alternatives=(options + last.answer.alternatives)[:MAX_ALTERNATIVES],
        notes=tuple(dict.fromkeys(street.notes + last.answer.notes)),
    )


def _confirmed(street: Answer, place: Answer) -> bool:
    """Whether the place that the gazetteer reads in the address lies around the street."""
    if place.grade in (Grade.NONE, Grade.COUNTRY, Grade.REGION) or place.ambiguous:
        return False
    return _apart_m(street, place) <= (place.radius_m or 0) + (street.radius_m or 0)


def _at_number(located: Located, candidate: Candidate, placed: Placed) -> Answer:
    grade = _WAYS[placed.way]
    if candidate.slips > 1 and grade is Grade.ROOFTOP:
        grade = Grade.INTERPOLATED  # two letters amended: another street may have been meant
    length_m = placed.scale_m
    if placed.way in _BY_NEIGHBOURS:
        length_m = math.sqrt(length_m * max(candidate.street.reach_m, LEAST_M))
    return _answer(located, candidate, placed, grade, placed.way, length_m)


def _on_street(located: Located, candidate: Candidate, placed: Placed | None) -> Answer:
    street = candidate.street
    way = "street" if candidate.agreed and candidate.locality is not False else "street_alone"
    spot = placed or Placed(street.lon, street.lat, way, street.reach_m)
    return _answer(located, candidate, spot, Grade.STREET, way, street.reach_m)


def _answer(
    located: Located, candidate: Candidate, spot: Placed, grade: Grade, way: str, length_m: float
) -> Answer:
    length_m = max(length_m, confidence.LEAST_RADIUS_M)
    return Answer(
        grade=grade,
        lon=spot.lon,
        lat=spot.lat,
        radius_m=confidence.radius_m(way, length_m),
        chances=confidence.chances(way, length_m),
        provider=STREETS,
        label=_label(candidate, spot, grade),
        way=way,
        length_m=length_m,
        alternatives=tuple(
            _alternative(_on_street_only(other)) for other in located.others[:MAX_ALTERNATIVES]
        ),
        notes=tuple(_notes(located, candidate, spot)),
        licence=STREETS_LICENCE,
        attribution=STREETS_ATTRIBUTION,
    )


def _on_street_only(candidate: Candidate) -> Answer:
    street = candidate.street
    return Answer(
        grade=Grade.STREET,
        lon=street.lon,
        lat=street.lat,
        radius_m=confidence.radius_m("street", max(street.reach_m, confidence.LEAST_RADIUS_M)),
        label=f"{street.name}, {street.label}",
    )


def _label(candidate: Candidate, spot: Placed, grade: Grade) -> str:
    street, number = candidate.street, candidate.reading.number
    line = street.name
    if number is not None and grade in (Grade.ROOFTOP, Grade.INTERPOLATED):
        first = street.country in _NUMBER_FIRST
        line = f"{number.text} {line}" if first else f"{line} {number.text}"
    postcode = spot.postcode or (min(street.postcodes) if len(street.postcodes) == 1 else "")
    return f"{line}, {postcode} {street.label}" if postcode else f"{line}, {street.label}"


def _notes(located: Located, candidate: Candidate, spot: Placed) -> Iterable[Note]:
    for given in candidate.respelt:
        yield Note("respelt", given)
    if candidate.postcode is False:
        yield from (Note("contradiction", code) for code in sorted(located.lines.postcodes))
    if candidate.locality is False:
        yield Note("contradiction", candidate.street.locality)
    elif not candidate.agreed:
        yield Note("no_locality", candidate.street.name)
    number = candidate.reading.number
    if number is not None and spot.way in ("street", "street_alone"):
        yield Note("no_number", number.text)


def _together(options: Sequence[Answer]) -> Answer:
    """Streets that fit alike, as one answer around all of them."""
    first = options[0]
    lon, lat = np.mean([(each.lon or 0.0, each.lat or 0.0) for each in options], axis=0)
    around = replace(first, lon=float(lon), lat=float(lat))
    reach_m = max(_apart_m(around, each) + (each.radius_m or 0) for each in options)
    return replace(
        around,
        grade=Grade.STREET,
        radius_m=round(reach_m),
        chances=confidence.chances("street", reach_m),
        ambiguous=True,
        alternatives=tuple(_alternative(each) for each in options[:MAX_ALTERNATIVES]),
    )


def _extent_m(options: Sequence[Answer]) -> float:
    return max(_apart_m(options[0], other) for other in options)


def _apart_m(a: Answer, b: Answer) -> float:
    return float(great_circle_m(a.lon or 0.0, a.lat or 0.0, b.lon or 0.0, b.lat or 0.0))


def _alternative(answer: Answer) -> Alternative:
    return Alternative(
        answer.label, answer.grade, answer.lon or 0.0, answer.lat or 0.0, answer.radius_m or 0
    )
