"""Points that contradict their address, and the ways to put them right.

A point that a person pinned, or settled, is never among them.
"""

import base64
import binascii
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers import claims, decisions
from geocrm.customers import contradiction_sql as sql
from geocrm.customers.answers import query_of
from geocrm.customers.decision_models import AddressDecision
from geocrm.customers.placements import Placement, of_answer
from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.geocoding import service as geocoder
from geocrm.security import Actor

MOVE, ADDRESS, KEEP = "move", "address", "keep"
# What is offered for each kind, the best first: move it to where the address says, take the point
# that the address itself gives, or say that it is right.
PROPOSALS: Final = {
    "zero": (ADDRESS,),
    "swapped": (MOVE, ADDRESS, KEEP),
    "sign": (MOVE, ADDRESS, KEEP),
    "sea": (ADDRESS, KEEP),
    "country": (ADDRESS, KEEP),
    "outside": (ADDRESS, KEEP),
    "pile": (ADDRESS, KEEP),
}
KINDS: Final = tuple(PROPOSALS)
# Kinds whose point is wrong whatever the address gives instead, even nothing.
_WORTHLESS: Final = ("zero", "sea", "country")
MAX_PAGE: Final = 100
BATCH: Final = 500
_TAKEN_OVER: Final = (
    "grade", "radius_m", "provider", "label", "notes", "licence", "attribution", "retain_until",
)  # fmt: skip


class Found(NamedTuple):
    """How many points contradict their address in one way, and the revenue behind them."""

    kind: str
    customers: int
    revenue: float


class Row(NamedTuple):
    """A point that contradicts its address; to_lon and to_lat are where it would agree."""

    account_id: int
    name: str
    revenue: float
    currency: str
    typed: str
    street: str | None
    house_number: str | None
    postcode: str | None
    village: str | None
    district: str | None
    city: str | None
    region: str | None
    country: str
    lon: float
    lat: float
    grade: str
    radius_m: float | None
    provider: str | None
    label: str | None
    notes: list[dict[str, Any]]
    licence: str | None
    attribution: str | None
    retain_until: datetime | None
    unit: str | None
    kind: str
    to_lon: float | None
    to_lat: float | None
    seen: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: its last customer, and their revenue."""

    revenue: float
    account_id: int

    def __str__(self) -> str:
        """The text that `read` reads."""
        parts = json.dumps([self.revenue, self.account_id])
        return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str | None) -> "Cursor | None":
        """The cursor of a text, or None for none; InvalidInput when it is not one of ours."""
        if not text:
            return None
        try:
            raw = base64.urlsafe_b64decode(text[:200] + "=" * (-len(text[:200]) % 4))
            revenue, account_id = json.loads(raw)
            found = cls(float(revenue), int(account_id))
        except (ValueError, TypeError, OverflowError, binascii.Error) as error:
            raise InvalidInput("The cursor is not one of this list; leave it out") from error
        if not math.isfinite(found.revenue) or not 0 <= found.account_id < 2**63:
            raise InvalidInput("The cursor is not one of this list; leave it out")
        return found


class Page(NamedTuple):
    """Rows, those with most revenue first, and where the next page begins."""

    rows: list[Row]
    next: Cursor | None


class Settled(NamedTuple):
    """What came of settling: accounts that changed, and how many were left as they are."""

    account_ids: list[int]
    skipped: int


def count(session: Session) -> list[Found]:
    """How many of each kind the actor's customers have, kinds without any left out."""
    found: dict[str, Found] = {}
    # One of those that are held against what the address names counts them all.
    for group in ("zero", "swapped", "pile"):
        asked = scoped_sql(session, _sql(sql.COUNT, group, "TRUE"), _said(session, group, None))
        found |= {kind: Found(kind, number, revenue) for kind, number, revenue in asked}
    return [found[kind] for kind in KINDS if kind in found]


def ids(session: Session, kind: str) -> list[int]:
    """The customers with a point of the kind."""
    _require_kind(kind)
    values = {"kind": kind, **_said(session, kind, None)}
    return list(scoped_sql(session, _sql(sql.IDS, kind, "TRUE"), values).scalars())


def page(session: Session, kind: str, limit: int, after: Cursor | None = None) -> Page:
    """Points of one kind, those of the customers with most revenue first."""
    _require_kind(kind)
    values = {
        "limit": limit + 1,
        "revenue": after.revenue if after else None,
        "after_id": after.account_id if after else None,
    }
    asked = _sql(sql.ROWS, kind, "TRUE", _AFTER)
    found = _rows(session, kind, asked, values)
    rows = found[:limit]
    more = len(found) > limit
    return Page(rows, Cursor(rows[-1].revenue, rows[-1].account_id) if more else None)


def settle(
    session: Session,
    actor: Actor,
    decision: AddressDecision,
    kind: str,
    proposal: str,
    account_ids: Collection[int],
) -> Settled:
    """Put right the points of these accounts, as far as they are of the kind still."""
    actor.require("update", "account")
    require_proposal(kind, proposal)
    values = {"among": sorted(account_ids), "limit": len(account_ids)}
    some = "s.account_id = ANY(CAST(:among AS bigint[]))"
    rows = _rows(session, kind, _sql(sql.ROWS, kind, some, "TRUE"), values, account_ids)
    changed = _put_right(session, actor, decision, rows, proposal)
    return Settled(changed, len(set(account_ids)) - len(changed))


def begin(session: Session, actor: Actor, kind: str, proposal: str) -> AddressDecision:
    """The decision under which points of a kind are put right; audited."""
    actor.require("update", "account")
    require_proposal(kind, proposal)
    return decisions.begin(session, actor, f"fix_{proposal}", kind=kind)


def require_proposal(kind: str, proposal: str) -> None:
    """Raise InvalidInput unless the kind has this proposal."""
    _require_kind(kind)
    if proposal not in PROPOSALS[kind]:
        raise InvalidInput(
            f"For points of the kind {kind} choose one of {', '.join(PROPOSALS[kind])}, not"
            f" {proposal!r}"
        )


# ------------------------------------------------------------------------------- inner parts


def _require_kind(kind: str) -> None:
    if kind not in PROPOSALS:
        raise InvalidInput(f"There is no kind {kind!r}; kinds are {', '.join(KINDS)}")


def _sql(template: str, kind: str, some: str, after: str = "") -> str:
    found = sql.FOUND[kind].replace("{some}", some)
    return template.replace("<found>", found).replace("<after>", after)


def _said(session: Session, kind: str, among: Collection[int] | None) -> dict[str, list[Any]]:
    """What the addresses name, for the kinds that are held against it."""
    return claims.as_arrays(claims.claims(session, among)) if kind in sql.JUDGED_KINDS else {}


def _rows(
    session: Session,
    kind: str,
    asked: str,
    values: dict[str, Any],
    among: Collection[int] | None = None,
) -> list[Row]:
    everything = {**values, "kind": kind, **_said(session, kind, among)}
    return [Row._make(row) for row in scoped_sql(session, asked, everything)]


def _put_right(
    session: Session, actor: Actor, decision: AddressDecision, rows: Sequence[Row], proposal: str
) -> list[int]:
    if proposal == KEEP:
        return decisions.keep(session, actor, decision, {r.account_id: r.seen for r in rows})
    placements = [_moved(r) for r in rows] if proposal == MOVE else _looked_up(session, rows)
    return decisions.place(session, actor, decision, placements)


def _moved(row: Row) -> Placement:
    """The same point with its order or signs put right; a person said so, so it is settled."""
    same = {name: getattr(row, name) for name in _TAKEN_OVER}
    return Placement(
        row.account_id, lon=row.to_lon, lat=row.to_lat, review="settled", seen=row.seen, **same
    )


def _looked_up(session: Session, rows: Sequence[Row]) -> list[Placement]:
    """What the addresses themselves give, where that is better than what is there."""
    if not rows:
        return []
    answers = geocoder.geocode_many(session, [query_of(r._asdict()) for r in rows], rows[0].country)
    found = []
    for row, answer in zip(rows, answers, strict=True):
        same = (answer.lon, answer.lat) == (row.lon, row.lat)
        coarse = answer.grade.value in UNTRUSTWORTHY
        if not same and (not coarse or row.kind in _WORTHLESS):
            found.append(of_answer(row.account_id, answer, row.seen))
    return found


_AFTER: Final = """
    (CAST(:revenue AS double precision) IS NULL OR s.revenue < :revenue
     OR (s.revenue = :revenue AND s.account_id > :after_id))
"""
