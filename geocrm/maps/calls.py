"""Who is calling: a number in any spelling, and the customers it belongs to."""

import re
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers import reaching
from geocrm.customers.queries import primary_contact_sql
from geocrm.db import scoped_sql

MAX_MATCHES: Final = 20
_LONGEST: Final = 60
_SCHEME: Final = re.compile(r"^\s*(?:tel|sips?|callto):", re.IGNORECASE)
# What telephone systems send when the caller keeps the number back.
_WITHHELD: Final = frozenset({
    "anonymous", "restricted", "private", "withheld", "unavailable", "unknown", "blocked",
    "no caller id", "private number", "nomor pribadi", "tidak dikenal",
})  # fmt: skip


class Caller(NamedTuple):
    """A customer with the number, and who it is there."""

    account_id: int
    name: str
    segment: str | None
    owner: str
    territory: str | None
    contact: str | None
    title: str | None
    currency: str
    # Whom to ask for first, and their number.
    primary_contact: str | None
    primary_phone: str | None


class Number(NamedTuple):
    """What was dialled from: the international number, or why there is none."""

    typed: str
    e164: str | None
    withheld: bool


def read_number(typed: str, country: str) -> Number:
    """The number as dialled in the country; an extension and a scheme such as tel: are let go."""
    words = _SCHEME.sub("", reaching.plain(typed[:_LONGEST])).partition("@")[0].strip()
    if words.lower() in _WITHHELD:
        return Number(words, None, withheld=True)
    if words.startswith("00"):  # how most of the world dials the plus
        return Number(words, reaching.e164(f"+{words[2:].strip()}", country), withheld=False)
    return Number(words, reaching.e164(words, country), withheld=False)


def callers(session: Session, e164: str) -> list[Caller]:
    """The customers the actor sees with exactly this number, latest order first."""
    rows = scoped_sql(
        session,
        f"""
        SELECT s.account_id, a.name, s.segment, u.name, t.name, c.name, c.title, a.currency,
            first.name,
            (SELECT n.e164 FROM phones n WHERE n.contact_id = first.id ORDER BY n.id LIMIT 1)
        FROM (
            SELECT DISTINCT ON (p.account_id) p.account_id, p.contact_id
            FROM phones p WHERE p.e164 = :e164 ORDER BY p.account_id, p.contact_id NULLS LAST, p.id
        ) p
        JOIN account_scope s ON s.account_id = p.account_id
        JOIN accounts a ON a.id = p.account_id
        JOIN users u ON u.id = s.owner_id
        LEFT JOIN territories t ON t.id = s.territory_id
        LEFT JOIN contacts c ON c.id = p.contact_id
        LEFT JOIN LATERAL ({primary_contact_sql("s.account_id")}) first ON true
        WHERE {{scope:s}}
        ORDER BY s.last_order DESC NULLS LAST, s.account_id LIMIT :limit
        """,
        {"e164": e164, "limit": MAX_MATCHES},
    )
    return [Caller._make(row) for row in rows]
