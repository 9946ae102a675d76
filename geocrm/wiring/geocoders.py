"""The services in the network that address batches may ask: the configured providers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session, sessionmaker

from geocrm.customers.address_batches.online import Online
from geocrm.geocoding import AddressQuery
from geocrm.geocoding.providers import service as providers


@dataclass(frozen=True, slots=True)
class Needed:
    """What asking the providers takes, its costs by currency."""

    num_requests: int
    costs: Mapping[str, float]
    seconds: float


class _Providers:
    def enabled(self, session: Session) -> Sequence[Any]:
        return providers.enabled(session)

    def estimate(self, session: Session, num_addresses: int) -> Needed:
        found = providers.estimate(session, num_addresses)
        costs: Counter[str] = Counter()
        for part in found.by_provider:
            if part.cost:
                costs[part.currency] += float(part.cost)  # type: ignore[assignment]
        return Needed(found.num_requests, dict(costs), found.seconds)

    def ask(
        self, sessions: sessionmaker[Session], query: AddressQuery, country: str
    ) -> providers.Asked:
        return providers.ask(sessions, query, country)


SERVICES: Final[Online] = _Providers()
