"""Reads of providers. Keys are read only by what sends them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from geocrm.errors import NotFound
from geocrm.geocoding.providers.models import Provider, ProviderKey, Usage


class Month(NamedTuple):
    """What a provider was asked in a month, and what that cost."""

    requests: int = 0
    answers: int = 0
    cost: Decimal = Decimal(0)
    currency: str = ""


def providers(session: Session) -> Sequence[Provider]:
    """All providers in the order they are asked."""
    ordered = select(Provider).order_by(Provider.position, Provider.id)
    return session.scalars(ordered.execution_options(populate_existing=True)).all()


def enabled(session: Session) -> list[Provider]:
    """Those that are asked, in their order."""
    return [provider for provider in providers(session) if provider.enabled]


def provider(session: Session, provider_id: int) -> Provider:
    """The provider, or NotFound."""
    found = session.get(Provider, provider_id, populate_existing=True)
    if found is None:
        raise NotFound(f"No provider {provider_id}")
    return found


def by_name(session: Session, name: str) -> Provider:
    """The provider of that name, or NotFound naming those there are."""
    found = session.scalar(select(Provider).where(Provider.name == name))
    if found is None:
        known = ", ".join(each.name for each in providers(session)) or "none yet"
        raise NotFound(f"There is no provider {name!r}; there are: {known}")
    return found


def keys(session: Session, provider_ids: Sequence[int]) -> Mapping[int, str]:
    """The keys of these providers, to be sent to them and to nobody else."""
    rows = session.execute(
        select(ProviderKey.provider_id, ProviderKey.key).where(
            ProviderKey.provider_id.in_(provider_ids)
        )
    )
    return {row.provider_id: row.key for row in rows}


def with_key(session: Session) -> set[int]:
    """The providers that have a key."""
    return set(session.scalars(select(ProviderKey.provider_id)))


def this_month(session: Session) -> dict[int, Month]:
    """What each provider was asked since the month began (UTC)."""
    month = text("month = date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date")
    used = select(Usage).where(month).order_by(Usage.currency)
    rows = session.scalars(used.execution_options(populate_existing=True))
    found: dict[int, Month] = {}
    for row in rows:
        before = found.get(row.provider_id, Month())
        found[row.provider_id] = Month(
            before.requests + row.requests,
            before.answers + row.answers,
            # Money of two currencies is not added up: the last one's stands.
            row.cost if row.currency != before.currency else before.cost + row.cost,
            row.currency,
        )
    return found


def all_time(session: Session) -> dict[int, tuple[int, int]]:
    """Requests and good answers of each provider since it was added."""
    rows = session.execute(
        select(Usage.provider_id, func.sum(Usage.requests), func.sum(Usage.answers)).group_by(
            Usage.provider_id
        )
    )
    return {provider_id: (int(requests), int(answers)) for provider_id, requests, answers in rows}
