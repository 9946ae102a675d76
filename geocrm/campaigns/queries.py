"""Reads of audiences. Each function is one round trip to the database."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.campaigns.models import Audience
from geocrm.customers.models import Channel
from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.db import elevated, scoped_sql
from geocrm.errors import NotFound
from geocrm.maps.filters import Filter
from geocrm.security import Actor
from geocrm.security.disclosure import shown_count


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From all that match to those who may be reached; None is a count too small to be shown."""

    matched: int | None
    excluded: dict[str, int | None]
    reachable: int | None
    # Of all customers who meet the conditions apart from the ground: those that no map can place.
    without_point: int | None

    def shown_to(self, actor: Actor) -> "Waterfall":
        """The figures as this actor may read them."""
        return Waterfall(
            count_shown_to(actor, self.matched),
            {reason: count_shown_to(actor, count) for reason, count in self.excluded.items()},
            count_shown_to(actor, self.reachable),
            count_shown_to(actor, self.without_point),
        )


def count_shown_to(actor: Actor, count: int | None) -> int | None:
    """The count as this actor may read it: exact for those who may see whom it counts."""
    if count is None or actor.sees_all or not actor.counts_all:
        return count
    return shown_count(count)


def counting(session: Session, actor: Actor) -> AbstractContextManager[None]:
    """Count everybody for those who may, and only the visible for everybody else."""
    return elevated(session) if actor.counts_all else nullcontext()


def waterfall(session: Session, actor: Actor, chosen: Filter, channel: Channel) -> Waterfall:
    """How many match, how many fall out and why, and how many may be reached by the channel."""
    sql = _WATERFALL.format(filter=chosen.sql)
    params = dict(chosen.params) | {"bit": channel.bit, "coarse": list(UNTRUSTWORTHY)}
    with counting(session, actor):
        row = scoped_sql(session, sql, params).one()
    excluded = {"no_consent": row.no_consent, "no_address": row.no_address}
    reachable = row.matched - row.no_consent - row.no_address
    return Waterfall(row.matched, excluded, reachable, row.without_point)


_WATERFALL = """
    SELECT count(*) AS matched,
        count(*) FILTER (WHERE s.consent & :bit = 0) AS no_consent,
        count(*) FILTER (WHERE s.consent & :bit <> 0 AND s.reach & :bit = 0) AS no_address,
        count(*) FILTER (WHERE s.grade = ANY(:coarse)) AS without_point
    FROM account_scope s WHERE {{scope:s}} AND {filter}
"""


def audiences(session: Session, actor: Actor) -> Sequence[Audience]:
    """The actor's saved audiences, newest first; an administrator sees everybody's."""
    mine = select(Audience).order_by(Audience.id.desc())
    if not actor.sees_all:
        mine = mine.where(Audience.created_by == actor.user_id)
    return session.scalars(mine.limit(200)).all()


def get(session: Session, actor: Actor, audience_id: int) -> Audience:
    """The audience, or NotFound, also when it is somebody else's."""
    found = session.get(Audience, audience_id)
    if found is None or not (actor.sees_all or found.created_by == actor.user_id):
        raise NotFound(f"No audience {audience_id}")
    return found


def reachable_people(
    session: Session, actor: Actor, audience: Audience
) -> Iterator[tuple[str | None, ...]]:
    """Rows of `EXPORT_COLUMNS` for those of the audience who may still be reached today.

    Consent withdrawn since the audience was saved is respected; an address stands once.
    """
    channel = Channel(audience.channel)
    source = _ADDRESSES[channel]
    params = {"audience_id": audience.id, "bit": channel.bit}
    with counting(session, actor):
        rows = scoped_sql(session, _EXPORT.format(source=source), params)
    for row in rows:
        yield tuple(row)


EXPORT_COLUMNS = (
    "account", "contact", "address", "segment", "street", "house_number", "postcode", "village",
    "district", "city", "region", "country",
)  # fmt: skip

_EMAILS = "SELECT account_id, contact_id, CAST(address AS text) AS address FROM emails"
_PHONES = "SELECT account_id, contact_id, e164 AS address FROM phones"
_ADDRESSES = {
    Channel.EMAIL: _EMAILS,
    Channel.SMS: _PHONES,
    Channel.WHATSAPP: _PHONES,
    Channel.PHONE: _PHONES,
    Channel.POST: "SELECT account_id, CAST(NULL AS bigint) AS contact_id, typed AS address"
    " FROM addresses WHERE typed <> '' OR street <> ''",
}

_EXPORT = """
    SELECT name, contact, address, segment, street, house_number, postcode, village, district, city,
        region, country
    FROM (
        SELECT DISTINCT ON (lower(w.address)) a.id, a.name, c.name AS contact, w.address, a.segment,
            d.street, d.house_number, d.postcode, d.village, d.district, d.city, d.region, d.country
        FROM audience_members m
        JOIN account_scope s ON s.account_id = m.account_id
        JOIN accounts a ON a.id = s.account_id
        JOIN ({source}) w ON w.account_id = a.id
        LEFT JOIN contacts c ON c.id = w.contact_id
        LEFT JOIN addresses d ON d.account_id = a.id
        WHERE m.audience_id = :audience_id AND s.consent & :bit <> 0 AND {{scope:s}}
        ORDER BY lower(w.address), a.id
    ) people ORDER BY name, id
"""
