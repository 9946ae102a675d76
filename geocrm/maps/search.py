"""Finding customers by what somebody remembers of them. One statement each, best hits first."""

import re
from typing import Final, NamedTuple

import phonenumbers
from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.maps.filter_fields import like_pattern

SHORTEST: Final = 2
LONGEST: Final = 100
_SHORTEST_PHONE: Final = 5  # digits
_PHONE: Final = re.compile(r"[\d\s().+/\-]{5,}")


class Hit(NamedTuple):
    """A customer that was found, and by what."""

    account_id: int
    name: str
    found_by: str
    segment: str | None
    lon: float | None
    lat: float | None


def by_name(session: Session, typed: str, limit: int) -> list[Hit]:
    """Customers whose name begins with, holds or resembles what was typed, or with that id."""
    return _hits(
        session,
        """
        WITH near AS (
            SELECT a.id, a.name, coalesce(a.external_id, '') AS found_by,
                   (lower(a.name) LIKE lower(:begins))::int * 2
                   + (coalesce(a.external_id = :typed, false))::int * 4
                   + similarity(a.name, :typed) AS rank
            FROM accounts a
            WHERE a.name ILIKE :holds OR a.name % :typed OR a.external_id = :typed
        )
        SELECT s.account_id, n.name, n.found_by, s.segment, ST_X(s.geom), ST_Y(s.geom)
        FROM near n JOIN account_scope s ON s.account_id = n.id
        WHERE {scope:s} ORDER BY n.rank DESC, s.revenue DESC, s.account_id LIMIT :limit
        """,
        typed,
        limit,
    )


def by_contact(session: Session, typed: str, limit: int) -> list[Hit]:
    """Customers with a contact of that name."""
    return _hits(
        session,
        """
        SELECT s.account_id, a.name, c.name, s.segment, ST_X(s.geom), ST_Y(s.geom)
        FROM contacts c JOIN accounts a ON a.id = c.account_id
        JOIN account_scope s ON s.account_id = c.account_id
        WHERE {scope:s} AND c.name ILIKE :holds
        ORDER BY (lower(c.name) LIKE lower(:begins)) DESC, similarity(c.name, :typed) DESC, c.id
        LIMIT :limit
        """,
        typed,
        limit,
    )


def by_email(session: Session, typed: str, limit: int) -> list[Hit]:
    """Customers with an e-mail address that begins so; only for what has an @."""
    if "@" not in typed:
        return []
    return _hits(
        session,
        """
        SELECT s.account_id, a.name, e.address::text, s.segment, ST_X(s.geom), ST_Y(s.geom)
        FROM emails e JOIN accounts a ON a.id = e.account_id
        JOIN account_scope s ON s.account_id = e.account_id
        WHERE {scope:s} AND e.address >= CAST(:typed AS citext)
          AND e.address < CAST(:typed AS citext) || chr(1114111)
        ORDER BY e.address, e.id LIMIT :limit
        """,
        typed,
        limit,
    )


def by_phone(session: Session, typed: str, limit: int, region: str = "ID") -> list[Hit]:
    """Customers with a number that begins with the digits typed, in any spelling."""
    if not _PHONE.fullmatch(typed):
        return []
    begins = _e164_beginning(typed, region)
    if len(begins) <= _SHORTEST_PHONE:
        return []
    return _hits(
        session,
        """
        SELECT s.account_id, a.name, p.e164, s.segment, ST_X(s.geom), ST_Y(s.geom)
        FROM phones p JOIN accounts a ON a.id = p.account_id
        JOIN account_scope s ON s.account_id = p.account_id
        WHERE {scope:s} AND p.e164 LIKE :begins ORDER BY p.e164, p.id LIMIT :limit
        """,
        begins,
        limit,
    )


def _e164_beginning(typed: str, region: str) -> str:
    """What was typed of a number, as it begins internationally: 0812-34 is +6281234."""
    digits = re.sub(r"\D", "", typed)
    if typed.strip().startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    country = str(phonenumbers.country_code_for_region(region))
    if digits.startswith("0"):
        return f"+{country}{digits[1:]}"
    return f"+{digits}" if digits.startswith(country) else f"+{country}{digits}"


def _hits(session: Session, sql: str, typed: str, limit: int) -> list[Hit]:
    values = {
        "typed": typed,
        "begins": like_pattern(typed, anywhere=False),
        "holds": like_pattern(typed, anywhere=True),
        "limit": limit,
    }
    return [Hit._make(row) for row in scoped_sql(session, sql, values)]
