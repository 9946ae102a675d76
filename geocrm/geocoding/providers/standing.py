"""How a provider stands, in one word, for lists and pages."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from geocrm.geocoding.providers.kinds import KeyUse, kind_of
from geocrm.geocoding.providers.models import Provider


class State(StrEnum):
    """Whether it is asked, and if not, why."""

    READY = "ready"
    OFF = "off"
    NO_KEY = "no key"
    STOPPED = "stopped"
    BROKEN = "broken"
    PROBING = "probing"
    CAPPED = "capped"
    LIMITED = "limited"


class Standing(NamedTuple):
    """The state, and until when it lasts where that is known."""

    state: State
    until: datetime | None = None


def standing(provider: Provider, at: datetime, *, has_key: bool) -> Standing:
    """How the provider stands at a moment."""
    if not provider.enabled:
        return Standing(State.OFF)
    if kind_of(provider.kind).key is KeyUse.REQUIRED and not has_key:
        return Standing(State.NO_KEY)
    if provider.stopped is not None:
        return Standing(State.STOPPED)
    if provider.monthly_cap is not None and _asked_in(provider, at) >= provider.monthly_cap:
        return Standing(State.CAPPED)
    if provider.open_until is not None:
        broken = provider.open_until > at
        return Standing(State.BROKEN if broken else State.PROBING, provider.open_until)
    if provider.limited and provider.next_at > at:
        return Standing(State.LIMITED, provider.next_at)
    return Standing(State.READY)


def _asked_in(provider: Provider, at: datetime) -> int:
    """Requests in the month of the moment."""
    same = provider.month is not None and (at.year, at.month) == (
        provider.month.year,
        provider.month.month,
    )
    return provider.month_requests if same else 0
