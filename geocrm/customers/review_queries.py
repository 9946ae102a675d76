"""Reads of the review queue: addresses about which a person is asked. One statement each."""

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput, NotFound

MAX_PAGE: Final = 100
COUNT_CAP: Final = 1_000
# A customer without revenue yet counts as a tenth of the average one that waits.
FLOOR_SHARE: Final = 0.1
# Alternatives that are as good mean that the point is as likely wrong as right.
MIN_UNCERTAINTY_AMBIGUOUS: Final = 0.5
MIN_UNCERTAINTY: Final = 0.01


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of the queue ended; it keeps the floor, so that all pages rank alike."""

    floor: float
    stake: float
    account_id: int

    def __str__(self) -> str:
        """The text that `read` reads."""
        parts = json.dumps([self.floor, self.stake, self.account_id])
        return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str | None) -> "Cursor | None":
        """The cursor of a text, or None for none; InvalidInput when it is not one of ours."""
        if not text:
            return None
        try:
            raw = base64.urlsafe_b64decode(text[:200] + "=" * (-len(text[:200]) % 4))
            floor, stake, account_id = json.loads(raw)
            found = cls(float(floor), float(stake), int(account_id))
        except (ValueError, TypeError, OverflowError, binascii.Error) as error:
            raise InvalidInput("The cursor is not one of this queue; leave it out") from error
        if not (math.isfinite(found.floor) and math.isfinite(found.stake)) or not (
            0 <= found.account_id < 2**63
        ):
            raise InvalidInput("The cursor is not one of this queue; leave it out")
        return found


class Row(NamedTuple):
    """An address that waits, or waited, with the customer it belongs to.

    `seen` is a digest of the address: a decision names it, and is refused when it differs.
    """

    account_id: int
    name: str
    revenue: float
    currency: str
    owner: str
    stake: float | None
    typed: str
    street: str | None
    house_number: str | None
    postcode: str | None
    village: str | None
    district: str | None
    city: str | None
    region: str | None
    country: str
    lon: float | None
    lat: float | None
    grade: str
    radius_m: float | None
    provider: str | None
    label: str | None
    p50: float | None
    p200: float | None
    p1000: float | None
    p5000: float | None
    ambiguous: bool
    candidates: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    licence: str | None
    attribution: str | None
    retain_until: datetime | None
    fingerprint: str
    answered_address: str | None
    review: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    placed_by: str | None
    placed_at: datetime | None
    seen: str


class Page(NamedTuple):
    """Rows, and where the next page begins; None when this is the last."""

    rows: list[Row]
    next: Cursor | None


def page(session: Session, limit: int, after: Cursor | None = None) -> Page:
    """Open addresses, those with most at stake first: revenue times uncertainty."""
    values = {
        "limit": limit + 1,
        "floor": after.floor if after else None,
        "stake": after.stake if after else None,
        "after_id": after.account_id if after else None,
    }
    found = scoped_sql(session, _PAGE, values).all()
    rows = [Row._make(row[1:]) for row in found[:limit]]
    if len(found) <= limit:
        return Page(rows, None)
    last = rows[-1]
    assert last.stake is not None
    return Page(rows, Cursor(found[0][0], last.stake, last.account_id))


def count(session: Session) -> tuple[int, bool]:
    """How many addresses are open, and whether counting reached the end (`COUNT_CAP`)."""
    found = int(scoped_sql(session, _COUNT, {"cap": COUNT_CAP + 1}).scalar_one())
    return min(found, COUNT_CAP), found <= COUNT_CAP


def get(session: Session, account_id: int) -> Row:
    """The address of an account, open or not; NotFound also when it belongs to somebody else."""
    return one(account_id, get_several(session, [account_id]))


def get_several(session: Session, account_ids: Sequence[int]) -> list[Row]:
    """Addresses in the order of the accounts; those that are not the actor's are left out."""
    found = scoped_sql(session, _SEVERAL, {"ids": list(account_ids)})
    rows = {row.account_id: row for row in (Row._make(each) for each in found)}
    return [rows[each] for each in account_ids if each in rows]


def one(account_id: int, rows: Sequence[Row]) -> Row:
    """The row, or NotFound."""
    if not rows:
        raise NotFound(f"No customer {account_id}")
    return rows[0]


def num_alike(session: Session, account_id: int) -> int:
    """How many other addresses are written the same and wait or were placed by the geocoder."""
    return int(scoped_sql(session, _NUM_ALIKE, {"account_id": account_id}).scalar_one())


def lock(session: Session, account_id: int, *, alike: bool) -> list[int]:
    """Lock the address, and with `alike` those like it, until the transaction ends; NotFound.

    The address itself comes first. All are locked in one order, so that two people who decide
    about the same group wait for each other and do not block each other.
    """
    sql = _LOCK_ALIKE if alike else _LOCK
    locked = list(scoped_sql(session, sql, {"account_id": account_id}).scalars())
    if account_id not in locked:
        raise NotFound(f"No customer {account_id}")
    return [account_id, *(each for each in locked if each != account_id)]


# The share of addresses with this answer that lie more than a kilometre away. Where no figure is
# known: as if the errors were a circular normal distribution with 95 % within the radius.
UNCERTAINTY: Final = f"""
    greatest(
        CASE WHEN d.lon IS NULL THEN 1
             WHEN d.p1000 IS NOT NULL THEN 1 - d.p1000
             WHEN coalesce(d.radius_m, 0) <= 0 THEN {MIN_UNCERTAINTY}
             ELSE power(0.05, least((1000 / d.radius_m) ^ 2, 20)) END,
        CASE WHEN d.ambiguous THEN {MIN_UNCERTAINTY_AMBIGUOUS} ELSE {MIN_UNCERTAINTY} END)
"""
_COLUMNS: Final = """
    d.account_id, a.name, s.revenue, a.currency, o.name, {stake}, d.typed, d.street,
    d.house_number, d.postcode, d.village, d.district, d.city, d.region, d.country, d.lon, d.lat,
    d.grade, d.radius_m, d.provider, d.label, d.p50, d.p200, d.p1000, d.p5000, d.ambiguous,
    d.candidates, d.notes, d.licence, d.attribution, d.retain_until, d.fingerprint,
    d.answered_address, d.review, r.name, d.reviewed_at, p.name, d.geocoded_at,
    md5(CAST(d AS text))
"""
_JOINS: Final = """
    JOIN account_scope s ON s.account_id = d.account_id
    JOIN accounts a ON a.id = d.account_id
    JOIN users o ON o.id = s.owner_id
    LEFT JOIN users r ON r.id = d.reviewed_by
    LEFT JOIN users p ON p.id = d.placed_by
"""
_PAGE: Final = f"""
    WITH open AS MATERIALIZED (
        SELECT d.account_id, s.revenue, {UNCERTAINTY} AS uncertainty
        FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
        WHERE d.review = 'open' AND {{scope:s}}),
    base AS MATERIALIZED (
        SELECT coalesce(CAST(:floor AS double precision),
                        nullif({FLOOR_SHARE} * avg(open.revenue), 0), 1) AS floor FROM open),
    ranked AS (
        SELECT open.account_id, base.floor,
            greatest(open.revenue, base.floor) * open.uncertainty AS stake FROM open, base),
    top AS MATERIALIZED (
        SELECT * FROM ranked WHERE CAST(:stake AS double precision) IS NULL
           OR stake < :stake OR (stake = :stake AND account_id > :after_id)
        ORDER BY stake DESC, account_id LIMIT :limit)
    SELECT top.floor, {_COLUMNS.format(stake="top.stake")}
    FROM top JOIN addresses d ON d.account_id = top.account_id {_JOINS}
    WHERE {{scope:s}} ORDER BY top.stake DESC, top.account_id
"""
_COUNT: Final = """
    SELECT count(*) FROM (
        SELECT FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
        WHERE d.review = 'open' AND {scope:s} LIMIT :cap) open
"""
_SEVERAL: Final = f"""
    SELECT {_COLUMNS.format(stake="NULL")} FROM addresses d {_JOINS}
    WHERE d.account_id = ANY(CAST(:ids AS bigint[])) AND {{scope:s}}
"""
# Not what a person pinned or settled, and not a position that came with its own record.
_ALIKE: Final = """
    d.fingerprint = (SELECT x.fingerprint FROM addresses x WHERE x.account_id = :account_id)
    AND d.fingerprint <> '' AND coalesce(d.provider, '') NOT IN ('pin', 'file')
    AND coalesce(d.review, 'open') = 'open'
"""
_NUM_ALIKE: Final = f"""
    SELECT count(*) FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
    WHERE {_ALIKE} AND d.account_id <> :account_id AND {{scope:s}}
"""
_LOCK: Final = """
    SELECT d.account_id FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
    WHERE d.account_id = :account_id AND {scope:s} FOR UPDATE OF d
"""
_LOCK_ALIKE: Final = f"""
    SELECT d.account_id FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
    WHERE (d.account_id = :account_id OR ({_ALIKE})) AND {{scope:s}}
    ORDER BY d.account_id FOR UPDATE OF d
"""
