"""Orders as entries of a customer's timeline."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from geocrm.customers.timeline import Event, Place
from geocrm.db import scoped_sql

KIND: Final = "order"


def part(
    session: Session, account_id: int, kinds: Sequence[str], before: Place | None, limit: int
) -> list[Event]:
    """Orders of a visible account, newest first, from behind the place."""
    if KIND not in kinds:
        return []
    at, kind, row = before or (None, None, None)
    values = {"account_id": account_id, "at": at, "kind": kind, "id": row, "limit": limit}
    return [Event._make(each) for each in scoped_sql(session, _PART, values)]


def count(session: Session, account_id: int) -> int:
    """How many orders the account has; none when it is not visible."""
    return int(scoped_sql(session, _COUNT, {"account_id": account_id}).scalar_one())


# An order has a day and no hour: it stands at the day's beginning.
_PART: Final = """
    SELECT CAST(o.ordered_on AS timestamptz) AS at, 'order' AS kind, o.id,
        coalesce(o.external_id, '') AS text, NULL AS outcome, NULL AS by,
        jsonb_build_object('amount', o.amount, 'currency', o.currency, 'day', o.ordered_on)
    FROM orders o JOIN account_scope s ON s.account_id = o.account_id
    WHERE o.account_id = :account_id AND {scope:s}
      AND (CAST(:at AS timestamptz) IS NULL
           OR o.ordered_on <= CAST(CAST(:at AS timestamptz) AS date)
           AND (CAST(o.ordered_on AS timestamptz), 'order' COLLATE "C", o.id)
               < (CAST(:at AS timestamptz), CAST(:kind AS text) COLLATE "C", CAST(:id AS bigint)))
    ORDER BY o.ordered_on DESC, o.id DESC LIMIT :limit
"""
_COUNT: Final = """
    SELECT count(*) FROM orders o JOIN account_scope s ON s.account_id = o.account_id
    WHERE o.account_id = :account_id AND {scope:s}
"""
