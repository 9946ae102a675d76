"""What a batch asks of the services in the network, whoever they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import Session, sessionmaker

from geocrm.geocoding import AddressQuery, Answer


class Asked(Protocol):
    """The services' answer; without one, `retry_in_s` says when to ask again (None: nobody knows).

    `retry_in_s` is set when all that could answer are limited or broken for the moment.
    """

    @property
    def answer(self) -> Answer | None: ...

    @property
    def retry_in_s(self) -> float | None: ...


class Estimate(Protocol):
    """What asking about so many addresses takes."""

    @property
    def num_requests(self) -> int: ...

    @property
    def costs(self) -> Mapping[str, float]:
        """What it costs, by currency; nothing where it is free of charge."""

    @property
    def seconds(self) -> float: ...


class Online(Protocol):
    """The configured services, in their order, each with its limits, cache and retention."""

    def enabled(self, session: Session) -> Sequence[Any]:
        """The services that would be asked."""

    def estimate(self, session: Session, num_addresses: int) -> Estimate:
        """What asking about so many addresses takes."""

    def ask(self, sessions: sessionmaker[Session], query: AddressQuery, country: str) -> Asked:
        """Ask them about one address; what was paid for once is answered from the cache."""


@dataclass(frozen=True, slots=True)
class NothingAsked:
    """The answer of no service."""

    answer: Answer | None = None
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class NothingNeeded:
    """The estimate of no service."""

    num_requests: int = 0
    costs: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


class NoServices:
    """An installation that asks nobody."""

    def enabled(self, session: Session) -> Sequence[Any]:
        return ()

    def estimate(self, session: Session, num_addresses: int) -> Estimate:
        return NothingNeeded()

    def ask(self, sessions: sessionmaker[Session], query: AddressQuery, country: str) -> Asked:
        return NothingAsked()
