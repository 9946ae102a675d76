"""The one place that asks what time it is."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def today(timezone: str) -> date:
    """The current calendar day in the IANA time zone."""
    return datetime.now(ZoneInfo(timezone)).date()
