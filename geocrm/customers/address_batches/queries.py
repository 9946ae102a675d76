"""Reads of address batches. Each function is one round trip."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.answers import PARTS
from geocrm.customers.placing_many import LOCAL, PLACEABLE, UNDECIDED, WAITING
from geocrm.db import scoped_sql
from geocrm.errors import NotFound
from geocrm.security import Actor

STREET_LEVEL: Final = "('rooftop', 'interpolated', 'street')"
SAMPLE: Final = 10_000  # addresses that tell how many stay coarser than on their street
# What each choice takes, as a condition on an address `d`.
CHOICES: Final[dict[str, str]] = {
    "pending": f"{PLACEABLE} AND {WAITING}",
    "weak": f"{PLACEABLE} AND ({WAITING} OR d.grade NOT IN {STREET_LEVEL} AND {UNDECIDED})",
    "all": f"{PLACEABLE} AND ({WAITING} OR {UNDECIDED})",
}


class Extent(NamedTuple):
    """How much a choice takes: addresses, and different ones among them.

    `coarse` of these are known to lie coarser than on their street; of the `unknown`, which were
    never looked up as they are written, that is the `coarse_share` of what was looked up here.
    """

    addresses: int
    lookups: int
    coarse: int
    unknown: int
    coarse_share: float


class Chunk(NamedTuple):
    """Some items of a batch in their order, and those of them that are still to be looked up.

    An item has no address to look up when all of its addresses were rewritten since the batch
    began, or are not visible any more.
    """

    first: int
    last: int
    num_accounts: int
    asked_items: list[tuple[int, str]]
    asked: list[dict[str, Any]]


class OnlineItem(NamedTuple):
    """An item that services are asked about: its address and point now, and its local grade."""

    number: int
    fingerprint: str
    num_accounts: int
    grade: str
    question: dict[str, Any] | None


def get(session: Session, actor: Actor, batch_id: int) -> AddressBatch:
    """The batch, or NotFound, also when somebody else started it."""
    found = session.get(AddressBatch, batch_id, populate_existing=True)
    if found is None or not (actor.sees_all or found.user_id == actor.user_id):
        raise NotFound(f"No address batch {batch_id}")
    return found


def get_locked(session: Session, batch_id: int) -> AddressBatch:
    """The batch as it stands, held until the transaction ends."""
    return session.scalars(
        select(AddressBatch).where(AddressBatch.id == batch_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()


def recent(session: Session, actor: Actor, limit: int = 20) -> Sequence[AddressBatch]:
    """The newest batches of the actor; of everybody for who sees all."""
    asked = select(AddressBatch).order_by(AddressBatch.id.desc()).limit(limit)
    if not actor.sees_all:
        asked = asked.where(AddressBatch.user_id == actor.user_id)
    return session.scalars(asked).all()


def unfinished(session: Session, actor: Actor) -> AddressBatch | None:
    """The batch of this very person that runs, rests or was cut short."""
    return session.scalars(
        select(AddressBatch)
        .where(
            AddressBatch.user_id.is_not_distinct_from(actor.user_id),
            AddressBatch.state.not_in(("done", "cancelled")),
        )
        .order_by(AddressBatch.id.desc())
        .limit(1)
    ).first()


def extent(session: Session, choice: str) -> Extent:
    """How much the choice would take of what the session's actor sees."""
    row = scoped_sql(
        session,
        f"""
        SELECT count(*), count(DISTINCT d.fingerprint),
            count(DISTINCT d.fingerprint) FILTER (
                WHERE NOT {WAITING} AND d.grade NOT IN {STREET_LEVEL}),
            count(DISTINCT d.fingerprint) FILTER (WHERE {WAITING}), (
            SELECT coalesce(avg(CASE WHEN o.grade IN {STREET_LEVEL} THEN 0 ELSE 1 END), 1)
            FROM (SELECT d.grade FROM addresses d
                  JOIN account_scope s ON s.account_id = d.account_id
                  WHERE {{scope:s}} AND {PLACEABLE} AND NOT {WAITING}
                    AND coalesce(d.provider IN {LOCAL}, true) LIMIT {SAMPLE}) o)
        FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
        WHERE {{scope:s}} AND {CHOICES[choice]}
        """,
    ).one()
    return Extent(int(row[0]), int(row[1]), int(row[2]), int(row[3]), float(row[4]))


def chunk(session: Session, batch_id: int, after: int, size: int) -> Chunk | None:
    """The next items behind `after`; None when there are no more."""
    params = {"batch_id": batch_id, "after": after, "size": size}
    rows = scoped_sql(session, _CHUNK, params).all()
    if not rows:
        return None
    asked = [row for row in rows if row.country is not None]
    return Chunk(
        first=rows[0].item,
        last=rows[-1].item,
        num_accounts=sum(row.num_accounts for row in rows),
        asked_items=[(row.item, row.fingerprint) for row in asked],
        asked=[{part: getattr(row, part) for part in _WRITTEN} for row in asked],
    )


def next_online(session: Session, batch_id: int) -> OnlineItem | None:
    """The first item that services are still to be asked about; None when there is none."""
    row = scoped_sql(session, _NEXT_ONLINE, {"batch_id": batch_id}).mappings().one_or_none()
    if row is None:
        return None
    question = None if row["country"] is None else dict(row)
    return OnlineItem(
        row["item"], row["fingerprint"], row["num_accounts"], row["local_grade"] or "none", question
    )


_WRITTEN = (*PARTS, "country")
_ITEMS = f"""
    SELECT i.item, i.fingerprint, i.num_accounts, i.local_grade, q.*
    FROM (SELECT item, fingerprint, account_ids, grade AS local_grade,
              cardinality(account_ids) AS num_accounts
          FROM address_batch_items WHERE batch_id = :batch_id AND {{items}}) i
    LEFT JOIN LATERAL (
        SELECT {", ".join(f"d.{part}" for part in (*_WRITTEN, "lon", "lat", "grade", "radius_m"))},
            d.label
        FROM unnest(i.account_ids) a(account_id)
        JOIN addresses d ON d.account_id = a.account_id AND d.fingerprint = i.fingerprint
        JOIN account_scope s ON s.account_id = d.account_id
        WHERE {{scope:s}} LIMIT 1) q ON true
    ORDER BY i.item
"""
_CHUNK = _ITEMS.replace("{items}", "item > :after ORDER BY item LIMIT :size")
_NEXT_ONLINE = _ITEMS.replace("{items}", "state IN ('online', 'asking') ORDER BY item LIMIT 1")
