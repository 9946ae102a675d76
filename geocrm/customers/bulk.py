"""Writing very many accounts at once, by COPY. For generators and loads, not for people's edits."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from geocrm.customers.models import Account
from geocrm.db import copy_rows

# Table -> columns, in the order in which a row of it is given.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "accounts": (
        "id", "external_id", "name", "segment", "annual_revenue", "currency", "tags", "demo",
        "created_at", "updated_at",
    ),
    "account_scope": (
        "account_id", "owner_id", "territory_id", "unit", "geom", "grade", "radius_m", "segment",
        "revenue", "last_order", "last_visit", "consent", "reach",
    ),
    "addresses": (
        "account_id", "typed", "street", "house_number", "postcode", "village", "district", "city",
        "region", "country", "lon", "lat", "grade", "radius_m", "provider", "label",
    ),
    "contacts": ("id", "account_id", "name", "title"),
    "phones": ("account_id", "contact_id", "e164", "typed"),
    "emails": ("account_id", "contact_id", "address"),
    "consents": ("account_id", "channel", "granted", "source", "at"),
    "activities": ("account_id", "kind", "outcome", "text", "at", "user_id"),
}  # fmt: skip


def reserve_ids(session: Session, table: str, count: int) -> int:
    """The first of `count` consecutive ids that nobody else will get."""
    return int(
        session.execute(
            text(
                "SELECT setval(s, nextval(s) + :count - 1) - :count + 1"
                " FROM (SELECT CAST(pg_get_serial_sequence(:table, 'id') AS regclass) AS s) q"
            ),
            {"table": table, "count": max(count, 1)},
        ).scalar_one()
    )


def write(session: Session, table: str, rows: Iterable[Sequence[Any]]) -> int:
    """COPY rows into one of the tables of `COLUMNS`; how many there were."""
    return copy_rows(session, table, COLUMNS[table], rows)


def remove_demo(session: Session, limit: int) -> int:
    """Delete up to `limit` demo accounts with everything that hangs on them; how many went."""
    some = select(Account.id).where(Account.demo).order_by(Account.id).limit(limit)
    gone = session.scalars(
        delete(Account).where(Account.id.in_(some)).returning(Account.id),
        execution_options={"synchronize_session": False},
    )
    return len(gone.all())
