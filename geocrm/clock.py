"""The one place that asks what time it is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_zone = ZoneInfo("Asia/Jakarta")


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def follow(timezone: str) -> None:
    """Let the organisation's days begin at midnight of this time zone; said once, at start."""
    global _zone
    _zone = ZoneInfo(timezone)


def zone_name() -> str:
    """The organisation's time zone."""
    return _zone.key


def business_day() -> date:
    """The calendar day it is for the organisation: what begins or ends on a day follows it."""
    return day_of(now())


def day_of(moment: datetime) -> date:
    """The organisation's calendar day of a moment."""
    return moment.astimezone(_zone).date()


def end_of(day: date) -> datetime:
    """The moment at which the organisation's day is over, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), _zone).astimezone(UTC)


def today(timezone: str) -> date:
    """The current calendar day in the IANA time zone."""
    return datetime.now(ZoneInfo(timezone)).date()
