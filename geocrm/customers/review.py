"""Review of addresses by people: choose a candidate, place it by hand, say there is no such place.

A decision holds for one address, or for all that are written the same. What a person settled is
left alone by batches as long as the address stays as it is written.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers import decisions, placing, review_queries
from geocrm.customers.answers import query_of
from geocrm.customers.decision_models import AddressDecision
from geocrm.customers.placements import Placement, candidate, of_answer
from geocrm.customers.review_queries import Row
from geocrm.db.postgis import LonLat
from geocrm.errors import Conflict, InvalidInput
from geocrm.geocoding import service as geocoder
from geocrm.security import Actor

MAX_OPTIONS: Final = 9  # as many as there are digit keys
# How much of ten has to be within a distance before it is said to be there, best first.
_SURE: Final = (0.9, 0.5)
DISTANCES_M: Final = (50, 200, 1_000, 5_000)
_SAME_PLACE_DIGITS: Final = 7  # a centimetre: the same point, written twice


@dataclass(frozen=True, slots=True)
class Option:
    """A place that an address may be at; `present` is where it is now."""

    placement: Placement
    present: bool


@dataclass(frozen=True, slots=True)
class Choose:
    """The option with this number, from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Place:
    """Here, by hand."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Nowhere:
    """There is no such place: no point, until the address is written otherwise."""


Answer = Choose | Place | Nowhere


class Decided(NamedTuple):
    """What was written: the decision, and the accounts it changed."""

    decision: AddressDecision
    account_ids: list[int]


def options(session: Session, rows: Sequence[Row]) -> list[list[Option]]:
    """For each address the places on offer: where it is now, then the runners-up.

    A pin whose address was rewritten has old runners-up: the address is looked up as it is now.
    """
    moved = [row for row in rows if row.provider == "pin"]
    fresh = dict(zip((r.account_id for r in moved), _looked_up(session, moved), strict=True))
    return [
        _distinct([*_present(row), *(fresh.get(row.account_id) or _runners_up(row))])
        for row in rows
    ]


def decide(
    session: Session, actor: Actor, account_id: int, seen: str, answer: Answer, *, alike: bool
) -> Decided:
    """Answer for one open address, and with `alike` for all that are written the same.

    `seen` is the digest of what the person saw (`Row.seen`). Raises Conflict when the address is
    another by now, or was decided by somebody else, and NotFound when it is not the actor's.
    """
    actor.require("update", "account")
    locked = review_queries.lock(session, account_id, alike=alike)
    row = review_queries.get(session, account_id)
    _require_as_seen(row, seen)
    placement = _placement(session, row, answer)
    details = {"account": account_id, "alike": alike, "accounts": len(locked)}
    decision = decisions.begin(session, actor, _name(answer), **details)
    if placement is None:
        changed = decisions.keep(session, actor, decision, dict.fromkeys(locked))
    else:
        everywhere = [replace(placement, account_id=each) for each in locked]
        changed = decisions.place(session, actor, decision, everywhere)
    return Decided(decision, changed)


def reasons(row: Row) -> list[str]:
    """Why a person is asked, as codes for which the page has words; the weightiest first."""
    codes = {note.get("code") for note in row.notes}
    checks = {
        "moved": "moved_address" in codes,
        "no_point": row.lon is None,
        "ambiguous": row.ambiguous,
        "contradiction": "contradiction" in codes,
        "coarse": row.grade in ("regency", "region", "country"),
        "unknown": "unknown" in codes,
        "respelt": "respelt" in codes,
    }
    return [code for code, holds in checks.items() if holds] or ["unsure"]


def likely(chances: Sequence[float | None]) -> tuple[int, int] | None:
    """How many of ten lie within how many metres, said so that it promises no more than is known.

    `chances` are those of 50, 200, 1,000 and 5,000 m; None when they are not known.
    """
    known = [
        (chance, metres)
        for chance, metres in zip(chances, DISTANCES_M, strict=True)
        if chance is not None
    ]
    if not known:
        return None
    for sure in _SURE:
        for chance, metres in known:
            if chance >= sure:
                return _of_ten(chance), metres
    chance, metres = known[-1]
    return _of_ten(chance), metres


# ------------------------------------------------------------------------------- inner parts


def _of_ten(chance: float) -> int:
    # Half a thousandth for what single precision lost.
    return math.floor(chance * 10 + 0.0005)


def _require_as_seen(row: Row, seen: str) -> None:
    if row.seen == seen and row.review == "open":
        return
    if row.review in ("settled", "nowhere") or (row.review is None and row.provider == "pin"):
        who = row.reviewed_by or row.placed_by or "somebody else"
        raise Conflict(f"The address of {row.name} was decided by {who} meanwhile")
    raise Conflict(f"The address of {row.name} changed since you opened it: look at it again")


def _name(answer: Answer) -> str:
    return {Choose: "choose", Place: "place", Nowhere: "nowhere"}[type(answer)]


def _placement(session: Session, row: Row, answer: Answer) -> Placement | None:
    """Where the address is from now on; None when it stays as it is and is right."""
    if isinstance(answer, Nowhere):
        return Placement(row.account_id, notes=row.notes, review="nowhere")
    if isinstance(answer, Place):
        return _pin(row, answer)
    (found,) = options(session, [row])
    if not 1 <= answer.number <= len(found):
        raise InvalidInput(f"There is no candidate {answer.number}; there are {len(found)}")
    option = found[answer.number - 1]
    return None if option.present else option.placement


def _pin(row: Row, answer: Place) -> Placement:
    at = LonLat(answer.lon, answer.lat)
    if at.lon == at.lat == 0:
        raise InvalidInput("The position 0, 0 stands for none: choose a place on the map")
    return Placement(
        row.account_id,
        lon=at.lon,
        lat=at.lat,
        grade="rooftop",
        radius_m=placing.PIN_RADIUS_M,
        provider="pin",
        review="settled",
    )


def _present(row: Row) -> list[Option]:
    if row.lon is None or row.lat is None:
        return []
    placement = Placement(
        row.account_id,
        lon=row.lon,
        lat=row.lat,
        grade=row.grade,
        radius_m=row.radius_m,
        provider=row.provider,
        label=row.label or row.answered_address,
        p50=row.p50,
        p200=row.p200,
        p1000=row.p1000,
        p5000=row.p5000,
        licence=row.licence,
        attribution=row.attribution,
        review="settled",
    )
    return [Option(placement, present=True)]


def _runners_up(row: Row) -> list[Option]:
    """Those kept with the answer: of the same provider, under the same terms."""
    like = Placement(
        row.account_id,
        provider=row.provider,
        candidates=row.candidates,
        notes=row.notes,
        licence=row.licence,
        attribution=row.attribution,
        retain_until=row.retain_until,
        review="settled",
    )
    return [Option(candidate(like, each), present=False) for each in row.candidates]


def _looked_up(session: Session, rows: Sequence[Row]) -> list[list[Option]]:
    """What the geocoder says about each address as it is written now."""
    if not rows:
        return []
    answers = geocoder.geocode_many(session, [query_of(r._asdict()) for r in rows], rows[0].country)
    found = []
    for row, answer in zip(rows, answers, strict=True):
        first = replace(of_answer(row.account_id, answer), review="settled", ambiguous=False)
        places = [first, *(candidate(first, each) for each in first.candidates)]
        found.append([Option(each, present=False) for each in places if each.lon is not None])
    return found


def _distinct(offered: Sequence[Option]) -> list[Option]:
    """Without what is the same point at the same grade as one before it; at most `MAX_OPTIONS`."""
    seen: set[tuple[float, float, str]] = set()
    kept = []
    for option in offered:
        at = option.placement
        assert at.lon is not None
        assert at.lat is not None
        key = (round(at.lon, _SAME_PLACE_DIGITS), round(at.lat, _SAME_PLACE_DIGITS), at.grade)
        if key not in seen:
            kept.append(option)
        seen.add(key)
    return kept[:MAX_OPTIONS]
