"""When a provider may be asked, decided for all processes by one row of the database.

Token, monthly cap and circuit breaker are one UPDATE: whoever gets the row back may send one
request, and the request has been counted. Each statement is a short transaction of its own; nothing
is locked while a request is on its way.

The breaker: closed while `open_until` is NULL; open until that moment; after it the next who asks
is the probe, and the moment moves on so that there is only one.
"""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

FAILURES_TO_OPEN = 5
# How long the breaker stays open the first time; twice as long each time it opens again.
OPEN_S, MOST_OPEN_S = 30.0, 3_600.0
# Without a word of the provider how long to wait: from one second, and for a used-up quota from a
# minute, twice as long each time in a row.
LIMITED_S, MOST_LIMITED_S = 1.0, 900.0
QUOTA_S, MOST_QUOTA_S = 60.0, 21_600.0
# No provider may send us away for longer than this.
MOST_RETRY_AFTER_S = 86_400.0
# When the probe has not come back by then, another is sent.
PROBE_S = 90.0
# A stopped provider is looked at again this often by whoever waits for it.
LOOK_AGAIN_S = 600.0
MAX_TROUBLE = 300


class Why(StrEnum):
    """Why a provider cannot be asked now."""

    PACED = "paced"
    LIMITED = "limited"
    BROKEN = "broken"
    CAPPED = "capped"
    STOPPED = "stopped"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Held:
    """Not now: why, and in how many seconds it may be worth to try again."""

    why: Why
    retry_in_s: float


def take(sessions: sessionmaker[Session], provider_id: int) -> Held | None:
    """Leave to send one request, counted; or why not."""
    row = _take(sessions, _TAKE, provider_id)
    if row is None:
        return None
    if not row.enabled:
        return Held(Why.OFF, LOOK_AGAIN_S)
    if row.stopped is not None:
        return Held(Why.STOPPED, LOOK_AGAIN_S)
    if row.open_s > 0 and not row.capped:
        return Held(Why.BROKEN, row.open_s)
    return _not_yet(row)


def take_for_trial(sessions: sessionmaker[Session], provider_id: int) -> Held | None:
    """The same for an administrator's trial: also of a provider that is off, stopped or broken."""
    row = _take(sessions, _TAKE_FOR_TRIAL, provider_id)
    return None if row is None else _not_yet(row)


def _take(sessions: sessionmaker[Session], statement: Any, provider_id: int) -> Any:
    """None when a request may be sent; else how the provider stands."""
    with sessions.begin() as session:
        if session.execute(statement, {"id": provider_id, "probe_s": PROBE_S}).one_or_none():
            return None
        row = session.execute(_STATE, {"id": provider_id}).one_or_none()
    # One that has been removed meanwhile is as good as off.
    return row or _GONE


def _not_yet(row: Any) -> Held:
    if row.capped:
        return Held(Why.CAPPED, row.month_left_s)
    why = Why.LIMITED if row.limited else Why.PACED
    return Held(why, max(row.wait_s, 0.001))


def answered(sessions: sessionmaker[Session], provider_id: int) -> None:
    """The provider answered, with something or nothing: the breaker closes."""
    with sessions.begin() as session:
        session.execute(_ANSWERED, {"id": provider_id})


def count_good(session: Session, provider_id: int) -> None:
    """An answer was good enough: this provider's share of good ones tells what others will cost."""
    session.execute(_GOOD, {"id": provider_id})


def failed(sessions: sessionmaker[Session], provider_id: int, trouble: str) -> None:
    """It did not answer, or not with anything that can be read."""
    _note(sessions, _FAILED, provider_id, trouble, most=FAILURES_TO_OPEN)


def limited(
    sessions: sessionmaker[Session], provider_id: int, trouble: str, retry_after_s: float | None
) -> None:
    """It asked us to slow down, for so long if it says so."""
    _slow_down(sessions, provider_id, trouble, retry_after_s, LIMITED_S, MOST_LIMITED_S)


def used_up(
    sessions: sessionmaker[Session], provider_id: int, trouble: str, retry_after_s: float | None
) -> None:
    """A quota is used up, for so long if it says so."""
    _slow_down(sessions, provider_id, trouble, retry_after_s, QUOTA_S, MOST_QUOTA_S)


def _slow_down(
    sessions: sessionmaker[Session],
    provider_id: int,
    trouble: str,
    told_s: float | None,
    first_s: float,
    longest_s: float,
) -> None:
    told = None if told_s is None else min(told_s, MOST_RETRY_AFTER_S)
    _note(sessions, _LIMITED, provider_id, trouble, told=told, first=first_s, longest=longest_s)


def stopped(sessions: sessionmaker[Session], provider_id: int, trouble: str) -> None:
    """It will not answer before an administrator changes something, such as its key."""
    _note(sessions, _STOPPED, provider_id, trouble)


class _Gone(NamedTuple):
    enabled: bool = False
    capped: bool = False
    limited: int = 0
    wait_s: float = LOOK_AGAIN_S


_GONE = _Gone()


def _note(
    sessions: sessionmaker[Session], statement: Any, provider_id: int, trouble: str, **given: Any
) -> None:
    # Not all who were sent away together come back together.
    jitter = random.uniform(0.75, 1.25)
    given |= {"id": provider_id, "trouble": trouble[:MAX_TROUBLE], "jitter": jitter}
    given |= {"open_s": OPEN_S, "most_open_s": MOST_OPEN_S}
    with sessions.begin() as session:
        session.execute(statement, given)


_COUNTED = """
    WITH this AS (SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date AS month),
    took AS (
        UPDATE geocoding_providers p SET
            next_at = clock_timestamp() + make_interval(secs => 1 / p.rate_per_s),
            month = this.month,
            month_requests = 1 + CASE WHEN p.month = this.month THEN p.month_requests ELSE 0 END,
            open_until = CASE WHEN p.open_until IS NOT NULL
                THEN clock_timestamp() + make_interval(secs => :probe_s) END
        FROM this
        WHERE p.id = :id AND p.next_at <= clock_timestamp()
            AND (p.monthly_cap IS NULL OR p.monthly_cap >
                CASE WHEN p.month = this.month THEN p.month_requests ELSE 0 END)
            AND {condition}
        RETURNING p.id, p.month, p.currency, p.cost_per_request
    )
    INSERT INTO geocoding_usage AS u (provider_id, month, currency, requests, cost)
    SELECT id, month, currency, 1, cost_per_request FROM took
    ON CONFLICT (provider_id, month, currency) DO UPDATE SET
        requests = u.requests + 1, cost = u.cost + excluded.cost
    RETURNING u.provider_id
"""
_TAKE = text(
    _COUNTED.format(
        condition="p.enabled AND p.stopped IS NULL"
        " AND (p.open_until IS NULL OR p.open_until <= clock_timestamp())"
    )
)
_TAKE_FOR_TRIAL = text(_COUNTED.format(condition="TRUE"))

_STATE = text(
    """
    SELECT enabled, stopped, limited,
        extract(epoch FROM next_at - clock_timestamp())::float8 AS wait_s,
        coalesce(extract(epoch FROM open_until - clock_timestamp()), 0)::float8 AS open_s,
        coalesce(monthly_cap <= CASE WHEN month = this THEN month_requests ELSE 0 END, false)
            AS capped,
        extract(epoch FROM (this + interval '1 month') AT TIME ZONE 'UTC' - clock_timestamp())
            ::float8 AS month_left_s
    FROM geocoding_providers,
        (SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date AS this) m
    WHERE id = :id
    """
)
# Another request may have been answered by a stop meanwhile; only an administrator lifts that.
_ANSWERED = text(
    "UPDATE geocoding_providers SET failures = 0, openings = 0, limited = 0, open_until = NULL"
    " WHERE id = :id"
)
_GOOD = text(
    "UPDATE geocoding_usage u SET answers = answers + 1 FROM geocoding_providers p"
    " WHERE p.id = :id AND u.provider_id = p.id AND u.month = p.month AND u.currency = p.currency"
)
_FAILED = text(
    """
    UPDATE geocoding_providers SET
        failures = failures + 1,
        openings = openings + CASE WHEN open_until IS NOT NULL OR failures + 1 >= :most
            THEN 1 ELSE 0 END,
        open_until = CASE WHEN open_until IS NOT NULL OR failures + 1 >= :most
            THEN clock_timestamp() + make_interval(secs =>
                least(:open_s * 2 ^ least(openings, 20), :most_open_s) * :jitter) END,
        trouble = :trouble, trouble_at = clock_timestamp()
    WHERE id = :id
    """
)
_LIMITED = text(
    """
    UPDATE geocoding_providers SET
        limited = limited + 1,
        next_at = greatest(next_at, clock_timestamp() + make_interval(secs =>
            coalesce(CAST(:told AS float8),
                least(:first * 2 ^ least(limited, 20), :longest) * :jitter))),
        open_until = CASE WHEN open_until IS NOT NULL THEN clock_timestamp() END,
        trouble = :trouble, trouble_at = clock_timestamp()
    WHERE id = :id
    """
)
_STOPPED = text(
    "UPDATE geocoding_providers SET stopped = :trouble, trouble = :trouble,"
    " trouble_at = clock_timestamp() WHERE id = :id"
)
