"""Geocode one address or many, offline; both go the same way, so their answers are the same."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from geocrm.geocoding import cascade, countries
from geocrm.geocoding.address import AddressQuery, Answer, Grade
from geocrm.geocoding.gazetteer_step import LICENCE, PROVIDER, Memory
from geocrm.geocoding.parse import Parsed, parse
from geocrm.places import streets
from geocrm.places.gazetteer import ATTRIBUTION

CHUNK = 10_000
# Countries of packs that are tried for an address that says none and is not of the expected one.
MAX_OTHER_COUNTRIES = 5
_COARSE = (Grade.NONE, Grade.COUNTRY)
_FINE = (Grade.ROOFTOP, Grade.INTERPOLATED, Grade.STREET)

__all__ = ["ATTRIBUTION", "LICENCE", "PROVIDER", "Memory", "geocode", "geocode_many"]


def geocode(session: Session, query: AddressQuery, country: str = "ID") -> Answer:
    """Where the address is. `country` (ISO or name) is taken when the address names none."""
    return geocode_many(session, [query], country)[0]


def geocode_many(
    session: Session,
    queries: Sequence[AddressQuery],
    country: str = "ID",
    memory: Memory | None = None,
) -> list[Answer]:
    """Where the addresses are, in their order; equal addresses are looked up once.

    `memory` keeps what was fetched for the next chunk of the same batch.
    """
    expected = countries.require_code(country)
    distinct = list(dict.fromkeys(queries))
    answers: dict[AddressQuery, Answer] = {}
    for start in range(0, len(distinct), CHUNK):
        chunk = distinct[start : start + CHUNK]
        answers |= zip(chunk, _chunk(session, chunk, expected, memory), strict=True)
    return [answers[query] for query in queries]


def _chunk(
    session: Session, queries: Sequence[AddressQuery], expected: str, memory: Memory | None
) -> list[Answer]:
    parsed = [parse(query, expected) for query in queries]
    asked = [cascade.Asked(q, p) for q, p in zip(queries, parsed, strict=True)]
    answers = cascade.run(session, asked, memory)
    lost = [i for i, answer in enumerate(answers) if _lost(parsed[i], answer)]
    if lost:
        for i, answer in _abroad(session, [queries[i] for i in lost], expected).items():
            answers[lost[i]] = answer
    return answers


def _lost(parsed: Parsed, answer: Answer) -> bool:
    """Whether the address may lie in another country than was taken for granted."""
    return answer.grade in _COARSE and not (parsed.named_country or parsed.unknown_country)


def _abroad(session: Session, queries: Sequence[AddressQuery], expected: str) -> dict[int, Answer]:
    """Streets of other countries' packs that agree with an address that names no country."""
    found: dict[int, Answer] = {}
    for country in sorted(streets.countries(session) - {expected})[:MAX_OTHER_COUNTRIES]:
        left = [i for i in range(len(queries)) if i not in found]
        there = [parse(replace(queries[i], country=country), country) for i in left]
        asked = [cascade.Asked(queries[i], p) for i, p in zip(left, there, strict=True)]
        found |= {
            i: answer
            for i, answer in zip(left, cascade.run(session, asked), strict=True)
            if answer.grade in _FINE and not answer.ambiguous
        }
    return found
