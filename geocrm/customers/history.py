"""Who changed which field of an account, from what to what.

Triggers write `account_changes` in a transaction that `begin` was called in. What writes many rows
at once keeps images of its own instead; each such place is a source here: a function that gives its
changes of an account, newest first. Imports are one; rooms above add theirs to `SOURCES`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.security import Actor

PAGE: Final = 50
# What an import may change, as its images name it: part of the image -> fields.
IMPORTED: Final = {
    "account": ("name", "external_id", "segment", "annual_revenue", "website", "tags"),
    "address": (
        "typed", "street", "house_number", "postcode", "village", "district", "city", "region",
        "country",
    ),
}  # fmt: skip
FIELDS: Final = (
    "name", "external_id", "segment", "annual_revenue", "currency", "website", "tags",
    "visits_per_year", "owner_id", "territory_id", *IMPORTED["address"], "point", "contact",
    "primary_contact", "phone", "email", "consent_email", "consent_sms", "consent_whatsapp",
    "consent_phone", "consent_post",
)  # fmt: skip


class Change(NamedTuple):
    """One field that changed; `new` is None where it was emptied, and where nobody kept it."""

    at: datetime
    source: str
    id: int
    field: str
    old: str | None
    new: str | None
    by: str | None

    @property
    def cursor(self) -> str:
        """Where the page after this change begins."""
        return json.dumps([self.at.isoformat(), self.source, self.id])


Source = Callable[[Session, int, str | None, tuple[datetime, str, int] | None, int], list[Change]]


def begin(session: Session, actor: Actor, source: str = "person") -> None:
    """Write down every change of a field from here to the end of the transaction."""
    session.execute(
        text(
            "SELECT set_config('geocrm.history', 'on', true),"
            " set_config('geocrm.user_id', :user, true),"
            " set_config('geocrm.source', :source, true)"
        ),
        {"user": "" if actor.user_id is None else str(actor.user_id), "source": source},
    )


def end(session: Session) -> None:
    """Write nothing down any more."""
    session.execute(text("SELECT set_config('geocrm.history', '', true)"))


def page(
    session: Session,
    account_id: int,
    *,
    field: str | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
    sources: Sequence[Source] | None = None,
) -> list[Change]:
    """Changes of a visible account, newest first; those after the `cursor` of an earlier one.

    `sources` are those of this module unless a room above names more.
    """
    if field is not None and field not in FIELDS:
        raise InvalidInput(
            "There is no field “{name}”; fields are {choices}",
            name=field[:60],
            choices=", ".join(FIELDS),
        )
    before = _read(cursor) if cursor else None
    found = (source(session, account_id, field, before, limit) for source in sources or SOURCES)
    return list(islice(merge(*found, key=lambda each: each[:3], reverse=True), limit))


def _read(cursor: str) -> tuple[datetime, str, int]:
    try:
        at, source, row = json.loads(cursor)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(source, str) or abs(int(row)) >= 2**63:
            raise ValueError("no place in the history")
        return moment, source, int(row)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput("The cursor is none of ours: begin at the first page") from error


def recorded(
    session: Session,
    account_id: int,
    field: str | None,
    before: tuple[datetime, str, int] | None,
    limit: int,
) -> list[Change]:
    """What the triggers wrote down."""
    at, source, row = before or (None, None, None)
    rows = scoped_sql(
        session,
        _RECORDED,
        {
            "account_id": account_id, "field": field, "at": at, "source": source, "id": row,
            "limit": limit,
        },
    )  # fmt: skip
    return [Change._make(each) for each in rows]


def imported(
    session: Session,
    account_id: int,
    field: str | None,
    before: tuple[datetime, str, int] | None,
    limit: int,
) -> list[Change]:
    """What imports changed: their images from before, against the next image or what is now."""
    rows = scoped_sql(session, _IMPORTED, {"account_id": account_id}).all()
    changes = [
        change
        for found in rows
        for change in _of_images(found)
        if field in (None, change.field) and (before is None or change[:3] < before)
    ]
    return sorted(changes, key=lambda each: each[:3], reverse=True)[:limit]


def _of_images(found: Any) -> Iterator[Change]:
    """The fields in which an image differs from what came after it."""
    for part, fields in IMPORTED.items():
        old = found.before.get(part) or {}
        # What somebody changed by hand since says what it was until then.
        new = (found.after.get(part) or {}) | (found.until or {})
        for position, name in enumerate(fields):
            if name in old and name in new and _words(old[name]) != _words(new[name]):
                yield Change(
                    found.at,
                    f"import {found.import_id}",
                    found.row_no * 100 + position + (50 if part == "address" else 0),
                    name,
                    _words(old[name]),
                    _words(new[name]),
                    found.by,
                )


def _words(value: Any) -> str | None:
    if value is None or value in ("", []):
        return None
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.2f}" if isinstance(value, float) else str(value)


SOURCES: Final[tuple[Source, ...]] = (recorded, imported)

_RECORDED: Final = """
    SELECT c.at, c.source, c.id, c.field, c.old, c.new, u.name AS by
    FROM account_changes c
    JOIN account_scope s ON s.account_id = c.account_id
    LEFT JOIN users u ON u.id = c.user_id
    WHERE c.account_id = :account_id AND {scope:s}
      AND (CAST(:field AS text) IS NULL OR c.field = :field)
      AND (CAST(:at AS timestamptz) IS NULL OR (c.at, c.source COLLATE "C", c.id)
           < (CAST(:at AS timestamptz), CAST(:source AS text) COLLATE "C", CAST(:id AS bigint)))
    ORDER BY c.at DESC, c.source COLLATE "C" DESC, c.id DESC LIMIT :limit
"""
# An account is in a handful of imports, so all of them are compared at once.
_IMPORTED: Final = """
    SELECT i.finished_at AS at, r.import_id, r.row_no, r.before, u.name AS by,
        lead(r.before, 1, jsonb_build_object('account', to_jsonb(a), 'address', to_jsonb(d)))
            OVER (ORDER BY r.import_id, r.row_no) AS after,
        (SELECT jsonb_object_agg(n.field, n.old) FROM (
            SELECT DISTINCT ON (c.field) c.field, c.old FROM account_changes c
            WHERE c.account_id = a.id AND c.at > i.finished_at
            ORDER BY c.field, c.at, c.id) n) AS until
    FROM import_rows r
    JOIN imports i ON i.id = r.import_id AND i.kind = 'accounts' AND i.state = 'done'
    JOIN account_scope s ON s.account_id = r.target_id
    JOIN accounts a ON a.id = s.account_id
    JOIN addresses d ON d.account_id = s.account_id
    LEFT JOIN users u ON u.id = i.user_id
    WHERE r.target_id = :account_id AND r.outcome = 'updated' AND r.before IS NOT NULL
      AND i.finished_at IS NOT NULL AND {scope:s}
"""
