"""Whether what a provider claims is what was asked: number, street, and where that is.

An address may come in fields or as one line, so nothing is parsed out of the line: the parts of the
claim are looked for in it. A street that stands in the line agrees, and so does the number that
stands next to it there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from geocrm.geocoding.address import AddressQuery
from geocrm.geocoding.providers.claims import Claim
from geocrm.geocoding.providers.questions import country_name
from geocrm.places.gazetteer_names import folded, name_key
from geocrm.places.house_numbers import HouseNumber, house_number, house_numbers
from geocrm.places.street_names import TYPES, street_keys, street_words

MAX_NAME_WORDS = 8
MAX_LINE_WORDS = 40
MIN_POSTCODE_DIGITS = 5  # shorter ones are as likely house numbers
_WORD = re.compile(r"[^\W_]+")
_NUMBER = r"\d{1,6}(?:\s?(?:bis|ter|quater|[a-z]))?(?:\s?[-–/]\s?\d{1,6}[a-z]?|/[a-z])?"
_MARK = r"(?:\b(?:no|nr|num|numero|nomor|nomer|number|house|hnr|n)\b\s*[.:°º]*|[#№])"
_AFTER = re.compile(rf"^(?P<gap>[\s.,]*)(?P<mark>{_MARK})?\s*(?P<number>{_NUMBER})(?![\w])")
_BEFORE = re.compile(rf"(?<![\w/-])(?P<number>{_NUMBER})(?P<gap>[\s.,]*)$")
# Words that say what kind of place a name is; a name agrees with or without them.
_LABELS = re.compile(
    r"^(?:kota(?:madya)?|kab(?:upaten)?|kec(?:amatan)?|kel(?:urahan)?|desa|distrik|"
    r"administrasi|adm|city of|town of|county of|borough of|municipality of|regency of)\b\.?\s+|"
    r"\s+(?:city|regency|county|district|township|municipality|borough|parish)$",
    re.IGNORECASE,
)
# What is left of a line without street, number and country, and still names no place.
_FILLER_WORDS = (
    "no nr nomor number num rt rw blok block kav kavling unit lantai lt floor fl apt suite the"
)
_FILLERS = frozenset(_FILLER_WORDS.split())
# What a line begins with when it is a street in Indonesia; the names in it are no places.
_INDONESIAN_STREETS = frozenset({"jl", "gg", "lrg"})


class Match(Enum):
    """How a part of a claim stands to what was asked; ABSENT: one of the two does not say."""

    AGREES = "agrees"
    DIFFERS = "differs"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a claim's parts stand to what was asked.

    `names_a_place`: whether the question says where the street is at all. `other_postcode`: the one
    that was asked for, when it is not the claimed one.
    """

    number: Match
    street: Match
    locality: Match
    postcode: Match
    region: Match
    names_a_place: bool
    other_postcode: str = ""

    @property
    def place(self) -> Match:
        """Locality and postcode: one that agrees is enough, but no postcode may differ."""
        if self.postcode is Match.DIFFERS:
            return Match.DIFFERS
        if Match.AGREES in (self.postcode, self.locality):
            return Match.AGREES
        return self.locality


class _Run(NamedTuple):
    """Some neighbouring words of a line: its place in the folded line, and its street keys."""

    start: int
    end: int
    keys: tuple[str, ...]
    types: frozenset[str]


def compare(query: AddressQuery, claim: Claim) -> Agreement:
    """How the claim's parts stand to the question."""
    runs = _street_runs(query, claim.street, claim.country)
    asked = asked_names(query, claim)
    postcode, other = _postcode(query, claim.postcode, asked_numbers(query, claim, runs))
    return Agreement(
        number=_number(query, claim, runs),
        street=_street(query, claim.street, runs),
        locality=_named(asked, claim.localities, claim.country),
        postcode=postcode,
        region=_named(asked, (claim.region,) if claim.region else (), claim.country),
        names_a_place=_names_a_place(query, claim, runs),
        other_postcode=other,
    )


# ----------------------------------------------------------------- street


def _lines(query: AddressQuery) -> Iterator[str]:
    """Where a street may stand: its field, then the line."""
    for line in (query.street, query.text):
        if line.strip():
            yield folded(line)


def _street(query: AddressQuery, claimed: str, runs: list[tuple[str, _Run]]) -> Match:
    if not claimed or not any(_lines(query)):
        return Match.ABSENT
    return Match.AGREES if runs else Match.DIFFERS


def _street_runs(query: AddressQuery, claimed: str, country: str) -> list[tuple[str, _Run]]:
    """Where the claimed street stands in the question: the folded line and the words there."""
    return [
        (line, run) for line in _lines(query) for run in _street_runs_in(line, claimed, country)
    ]


def _street_runs_in(line: str, claimed: str, country: str) -> list[_Run]:
    """Where it stands in a folded line: at most one place."""
    wanted = street_keys(claimed, country)
    types = frozenset(street_words(claimed, country)) & TYPES
    same = [run for run in _runs(line, country) if _same_street(run, wanted, types)]
    # The longest holds the type word too: "gang braga" is not "jalan braga".
    longest = max(same, key=lambda run: run.end - run.start, default=None)
    if longest is None or _other_type(line, longest, types, country):
        return []
    return [longest]


def _same_street(run: _Run, wanted: Sequence[str], types: frozenset[str]) -> bool:
    if not wanted or not run.keys:
        return False
    if run.keys[0] == wanted[0]:
        return True
    # Without the type word only where not both have one that differs.
    if run.types and types and not run.types & types:
        return False
    return run.keys[-1] == wanted[-1]


def _other_type(line: str, run: _Run, types: frozenset[str], country: str) -> bool:
    """Whether another type word stands right beside the run: "gang" before "braga"."""
    if run.types or not types:
        return False
    before = street_words(line[: run.start], country)[-1:]
    after = street_words(line[run.end :], country)[:1]
    beside = {*before, *after} & TYPES
    return bool(beside) and not beside & types


def _runs(line: str, country: str) -> Iterator[_Run]:
    """All runs of neighbouring words of a folded line."""
    spans = [match.span() for match in _WORD.finditer(line)][:MAX_LINE_WORDS]
    for i, (start, _) in enumerate(spans):
        for _, end in spans[i : i + MAX_NAME_WORDS]:
            piece = line[start:end]
            keys = street_keys(piece, country)
            yield _Run(start, end, keys, frozenset(street_words(piece, country)) & TYPES)


# ----------------------------------------------------------------- number


def _number(query: AddressQuery, claim: Claim, runs: list[tuple[str, _Run]]) -> Match:
    asked = asked_numbers(query, claim, runs)
    claimed = house_numbers(claim.house_number)
    if not asked or not claimed:
        return Match.ABSENT
    same = any(ours.covers(theirs) or theirs.covers(ours) for ours in asked for theirs in claimed)
    return Match.AGREES if same else Match.DIFFERS


def asked_numbers(
    query: AddressQuery, claim: Claim, runs: list[tuple[str, _Run]] | None = None
) -> list[HouseNumber]:
    """The house numbers the question gives beside the claimed street."""
    if query.house_number.strip():
        return house_numbers(query.house_number)
    found = runs if runs is not None else _street_runs(query, claim.street, claim.country)
    for line, run in found:
        text = _beside(line, run, {claim.postcode.lower(), query.postcode.lower()})
        number = house_number(text) if text else None
        if number is not None:
            return [number]
    return []


def _beside(line: str, run: _Run, postcodes: set[str]) -> str:
    """The number next to the street in a line; "" when none is."""
    after, before = _AFTER.match(line[run.end :]), _BEFORE.search(line[: run.start])
    ranked = []
    if after is not None:
        apart = "," in after["gap"]
        ranked.append((0 if after["mark"] else 3 if apart else 2, after["number"]))
    if before is not None:
        ranked.append((4 if "," in before["gap"] else 1, before["number"]))
    # Five digits behind a comma are a postcode.
    fits = [
        (rank, number)
        for rank, number in ranked
        if number not in postcodes and not (rank >= 3 and len(number) >= 5)
    ]
    return min(fits)[1] if fits else ""


# ----------------------------------------------------------------- where it is


def bare_name(name: str) -> str:
    """A place's name without the words that say what kind of place it is."""
    return _LABELS.sub("", name.strip()).strip()


def asked_names(query: AddressQuery, claim: Claim) -> set[str]:
    """Comparable forms of all words that may name a place: all but those of the claimed street."""
    found: set[str] = set()
    for line in (query.text, query.village, query.district, query.city, query.region):
        for part in re.split(r"[,;\n]", folded(line)):
            for run in _street_runs_in(part, claim.street, claim.country):
                part = f"{part[: run.start]} , {part[run.end :]}"
            if not set(street_words(part, claim.country)[:1]) & _INDONESIAN_STREETS:
                found |= _names_in(part, claim.country)
    return found


def _names_in(part: str, country: str) -> set[str]:
    """Comparable forms of all runs of words."""
    words = _WORD.findall(part)[:MAX_LINE_WORDS]
    return {
        name_key(" ".join(words[start:end]), country)
        for start in range(len(words))
        for end in range(start + 1, min(start + MAX_NAME_WORDS, len(words)) + 1)
    }


def claimed_names(names: Sequence[str], country: str) -> set[str]:
    """Comparable forms of the names of places, each with and without its label."""
    return {name_key(each, country) for name in names for each in (name, bare_name(name))} - {""}


def _named(asked: set[str], claimed: Sequence[str], country: str) -> Match:
    if not claimed or not asked:
        return Match.ABSENT
    return Match.AGREES if asked & claimed_names(claimed, country) else Match.DIFFERS


def _postcode(
    query: AddressQuery, claimed: str, numbers: Sequence[HouseNumber]
) -> tuple[Match, str]:
    """Whether the postcode agrees, and the one that was asked for when it does not."""
    theirs, ours = _letters(claimed), _letters(query.postcode)
    if not theirs:
        return Match.ABSENT, ""
    if ours:
        return (Match.AGREES, "") if ours == theirs else (Match.DIFFERS, query.postcode)
    if theirs in _letter_runs(query.text):
        return Match.AGREES, ""
    # Another number as long as a postcode, which is not the house's, is another postcode.
    house = {str(number.value) for number in numbers}
    others = [word for word in _WORD.findall(query.text) if word.isdigit() and word not in house]
    long = theirs.isdigit() and len(theirs) >= MIN_POSTCODE_DIGITS
    other = next((o for o in others if long and len(o) == len(theirs)), "")
    return (Match.DIFFERS if other else Match.ABSENT), other


def _letters(text: str) -> str:
    return "".join(_WORD.findall(folded(text)))


def _letter_runs(text: str) -> set[str]:
    """Words, and pairs of words, as postcodes are written: "40111", "SW1A 2AA"."""
    words = _WORD.findall(folded(text))
    return {*words, *(a + b for a, b in pairwise(words))}


def _names_a_place(query: AddressQuery, claim: Claim, runs: list[tuple[str, _Run]]) -> bool:
    """Whether the question says in which place the street is."""
    if any((query.village, query.district, query.city, query.postcode)):
        return True
    line = folded(query.text)
    for text, run in runs:
        if text == line:
            line = f"{line[: run.start]} {line[run.end :]}"
    wider = {
        word
        for name in (query.country, country_name(claim.country), claim.country)
        for word in _WORD.findall(folded(name))
    }
    left = [word for word in _WORD.findall(line) if not any(c.isdigit() for c in word)]
    return any(
        len(word) > 1 and word not in _FILLERS and word not in wider and word not in TYPES
        for word in left
    )
