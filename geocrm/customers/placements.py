"""Where an address is or may be: as an answer of the geocoder, a runner-up, or a person's word."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from geocrm.customers.answers import values_of
from geocrm.geocoding import Answer


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an address is from now on; None for lon and lat when it is nowhere."""

    account_id: int
    lon: float | None = None
    lat: float | None = None
    grade: str = "none"
    radius_m: float | None = None
    provider: str | None = None
    label: str | None = None
    p50: float | None = None
    p200: float | None = None
    p1000: float | None = None
    p5000: float | None = None
    ambiguous: bool = False
    candidates: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    licence: str | None = None
    attribution: str | None = None
    retain_until: datetime | None = None
    # "settled" or "nowhere" by a person, "open" for one that waits for a person, or None.
    review: str | None = None
    # The digest of the address that this was decided about; None when it is locked anyway.
    seen: str | None = None


def of_answer(account_id: int, answer: Answer, seen: str | None = None) -> Placement:
    """The point of an answer with all that is known of it."""
    return Placement(account_id, seen=seen, **values_of(answer))


def candidate(like: Placement, runner_up: Mapping[str, Any]) -> Placement:
    """A runner-up beside an answer: of its provider and under its terms, its chances not known."""
    return replace(
        like,
        lon=runner_up["lon"],
        lat=runner_up["lat"],
        grade=runner_up["grade"],
        radius_m=runner_up["radius_m"],
        label=runner_up["label"],
        p50=None,
        p200=None,
        p1000=None,
        p5000=None,
        ambiguous=False,
    )
