"""Answers that may be kept, for the next time the same address is asked of the same provider.

Only claims are kept, never what a provider sent beside them, and only as long as its terms allow.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.geocoding.providers.claims import Claim

# That nobody knows an address is worth asking again soon: maps grow.
NOTHING_FOUND = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Kept:
    """The claims of a provider, and when it made them."""

    claims: tuple[Claim, ...]
    fetched_at: datetime


def kept(session: Session, keys: Mapping[int, bytes]) -> dict[int, Kept]:
    """What is kept under each provider's key; expired answers are as good as gone."""
    rows = session.execute(
        text(
            "SELECT c.provider_id, c.claims, c.fetched_at"
            " FROM unnest(CAST(:ids AS int[]), CAST(:keys AS bytea[])) AS w(id, key)"
            " JOIN geocoding_cache c ON c.provider_id = w.id AND c.key = w.key"
            " WHERE c.expires_at > clock_timestamp()"
        ),
        {"ids": list(keys), "keys": list(keys.values())},
    )
    return {
        row.provider_id: Kept(tuple(map(Claim.from_document, row.claims)), row.fetched_at)
        for row in rows
    }


def keep(
    session: Session,
    provider_id: int,
    key: bytes,
    answer: Kept,
    how_long: timedelta,
) -> None:
    """Keep the claims; nothing happens when the terms forbid it."""
    if not answer.claims:
        how_long = min(how_long, NOTHING_FOUND)
    if how_long <= timedelta(0):
        return
    session.execute(
        text(
            # Of a provider that was removed meanwhile nothing is kept.
            "INSERT INTO geocoding_cache (provider_id, key, claims, fetched_at, expires_at)"
            " SELECT id, :key, CAST(:claims AS jsonb), CAST(:at AS timestamptz), :until"
            " FROM geocoding_providers WHERE id = :id"
            " ON CONFLICT (provider_id, key) DO UPDATE SET claims = excluded.claims,"
            " fetched_at = excluded.fetched_at, expires_at = excluded.expires_at"
        ),
        {
            "id": provider_id,
            "key": key,
            "claims": json.dumps([claim.document() for claim in answer.claims]),
            "at": answer.fetched_at,
            "until": answer.fetched_at + how_long,
        },
    )


def purge(session: Session, limit: int) -> int:
    """Delete answers whose time is over, at most so many; how many went."""
    gone = session.execute(
        text(
            "WITH old AS (SELECT provider_id, key FROM geocoding_cache"
            "  WHERE expires_at <= clock_timestamp() LIMIT :limit)"
            " DELETE FROM geocoding_cache c USING old"
            " WHERE c.provider_id = old.provider_id AND c.key = old.key RETURNING 1"
        ),
        {"limit": limit},
    )
    return len(gone.all())
