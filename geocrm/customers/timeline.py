"""What happened with an account, newest first: this room's part of the timeline.

Each room gives its own part in the same form, and the page merges them (`merged`). An entry's place
is (moment, kind, id), so that a page can go on behind any entry, whichever room gave it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput

PAGE: Final = 30
MAX_PAGE: Final = 200
ACTIVITIES: Final = ("note", "call", "visit", "email", "meeting")
KINDS: Final = (*ACTIVITIES, "change", "document", "merge")


class Place(NamedTuple):
    """Where in a timeline an entry stands."""

    at: datetime
    kind: str
    id: int


class Event(NamedTuple):
    """An entry of a timeline; `details` holds what its kind needs to be shown."""

    at: datetime
    kind: str
    id: int
    text: str
    outcome: str | None
    by: str | None
    details: Mapping[str, Any]

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.at, self.kind, self.id)


Part = Callable[[Session, int, Sequence[str], Place | None, int], list[Event]]


def read_cursor(cursor: str | None) -> Place | None:
    """The place that a cursor stands for; InvalidInput when it is none of ours."""
    if not cursor:
        return None
    try:
        at, kind, row = json.loads(cursor)
        moment = datetime.fromisoformat(at)
        if not isinstance(kind, str) or abs(int(row)) >= 2**63:
            raise ValueError("no place in a timeline")
        return Place(moment.astimezone(UTC), kind, int(row))
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InvalidInput("The cursor is none of ours: begin at the first page") from error


def cursor_of(event: Event) -> str:
    """Where the page after this entry begins."""
    return json.dumps([event.at.isoformat(), event.kind, event.id])


def merged(parts: Iterable[Sequence[Event]], limit: int) -> list[Event]:
    """The newest entries of several parts, each of which is sorted newest first."""
    return list(islice(merge(*parts, key=lambda each: each.place, reverse=True), limit))


def part(
    session: Session, account_id: int, kinds: Sequence[str], before: Place | None, limit: int
) -> list[Event]:
    """Notes, calls, mails, changes, documents and merges of a visible account: one statement."""
    wanted = [kind for kind in kinds if kind in KINDS]
    if not wanted:
        return []
    at, kind, row = before or (None, None, None)
    rows = scoped_sql(
        session,
        _PART,
        {
            "account_id": account_id, "kinds": wanted, "at": at, "kind": kind, "id": row,
            "limit": limit,
        },
    )  # fmt: skip
    return [Event._make(each) for each in rows]


def counts(session: Session, account_id: int) -> dict[str, int]:
    """How many entries of each kind this room has."""
    rows = scoped_sql(session, _COUNTS, {"account_id": account_id})
    return {kind: int(count) for kind, count in rows}


def _before(at: str, kind: str, row: str) -> str:
    """SQL: the entry stands behind the cursor. The first line is for the index."""
    return f"""(CAST(:at AS timestamptz) IS NULL OR {at} <= CAST(:at AS timestamptz)
        AND ({at}, {kind} COLLATE "C", {row}) < (CAST(:at AS timestamptz),
            CAST(:kind AS text) COLLATE "C", CAST(:id AS bigint)))"""


_MINE: Final = "EXISTS (SELECT FROM account_scope s WHERE s.account_id = :account_id AND {scope:s})"
# All that changed in one transaction is one entry.
_CHANGES: Final = """
    SELECT c.at, min(c.id) AS id, min(c.user_id) AS user_id, min(c.source) AS source,
        jsonb_agg(jsonb_build_object('field', c.field, 'old', c.old, 'new', c.new)
                  ORDER BY c.id) AS fields
    FROM account_changes c WHERE c.account_id = :account_id
      AND (CAST(:at AS timestamptz) IS NULL OR c.at <= CAST(:at AS timestamptz))
    GROUP BY c.at
"""
_PART: Final = f"""
    SELECT e.at, e.kind, e.id, e.text, e.outcome, u.name AS by, e.details
    FROM (
        (SELECT n.at, n.kind, n.id, n.text, n.outcome, n.user_id, jsonb_build_object() AS details
         FROM activities n WHERE n.account_id = :account_id AND n.kind = ANY(:kinds)
           AND {_before("n.at", "n.kind", "n.id")}
         ORDER BY n.at DESC, n.kind COLLATE "C" DESC, n.id DESC LIMIT :limit)
        UNION ALL
        (SELECT g.at, 'change', g.id, '', NULL, g.user_id,
            jsonb_build_object('source', g.source, 'fields', g.fields)
         FROM ({_CHANGES}) g
         WHERE 'change' = ANY(:kinds) AND {_before("g.at", "'change'", "g.id")}
         ORDER BY g.at DESC LIMIT :limit)
        UNION ALL
        (SELECT v.uploaded_at, 'document', v.id, v.name, NULL, v.uploaded_by,
            jsonb_build_object('document_id', v.document_id, 'number', v.number,
                'media_type', v.media_type, 'previewable', v.previewable)
         FROM account_documents l JOIN documents d ON d.id = l.document_id
         JOIN document_versions v ON v.document_id = d.id
         WHERE l.account_id = :account_id AND d.deleted_at IS NULL AND 'document' = ANY(:kinds)
           AND {_before("v.uploaded_at", "'document'", "v.id")}
         ORDER BY v.uploaded_at DESC, v.id DESC LIMIT :limit)
        UNION ALL
        (SELECT m.at, 'merge', m.id, m.loser_name, NULL, m.user_id,
            jsonb_build_object('undone', m.undone_at IS NOT NULL, 'forgotten', m.forgotten)
         FROM account_merges m WHERE m.account_id = :account_id AND 'merge' = ANY(:kinds)
           AND {_before("m.at", "'merge'", "m.id")}
         ORDER BY m.at DESC, m.id DESC LIMIT :limit)
    ) e
    LEFT JOIN users u ON u.id = e.user_id
    WHERE {_MINE}
    ORDER BY e.at DESC, e.kind COLLATE "C" DESC, e.id DESC LIMIT :limit
"""
_COUNTS: Final = f"""
    SELECT e.kind, count(*) FROM (
        SELECT n.kind FROM activities n WHERE n.account_id = :account_id
        UNION ALL
        SELECT 'change' FROM (SELECT DISTINCT c.at FROM account_changes c
                              WHERE c.account_id = :account_id) g
        UNION ALL
        SELECT 'document' FROM account_documents l JOIN documents d ON d.id = l.document_id
        JOIN document_versions v ON v.document_id = d.id
        WHERE l.account_id = :account_id AND d.deleted_at IS NULL
        UNION ALL
        SELECT 'merge' FROM account_merges m WHERE m.account_id = :account_id
    ) e WHERE {_MINE} GROUP BY e.kind
"""
