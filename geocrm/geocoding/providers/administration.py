"""Providers as an administrator sets them up: each change is checked, and noted without its key."""

import re
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from geocrm.errors import Conflict, InvalidInput
from geocrm.geocoding.providers import queries
from geocrm.geocoding.providers.addresses import is_public
from geocrm.geocoding.providers.kinds import KeyUse, Kind, kind_of
from geocrm.geocoding.providers.models import Provider, ProviderKey
from geocrm.geocoding.providers.transport import TIMEOUT_S
from geocrm.security import Actor, audit

MAX_RATE_PER_S = 1_000
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 0.2, 60
MAX_COST = Decimal(10_000)
MAX_CAP = 1_000_000_000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# A host, or an address in brackets, perhaps a port and a path; no user name and no query.
_DOMAIN = re.compile(
    r"(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>\d{1,5}))?"
    r"(?:/[A-Za-z0-9._~-]+)*"
)
_CONTACT = re.compile(r"[\x20-\x27\x2a-\x7e]{0,120}")  # printable, without brackets
_KEY = re.compile(r"[\x21-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class Setup:
    """All an administrator says of a provider but its key; empty values take the kind's own."""

    name: str
    kind: str
    domain: str = ""
    scheme: str = "https"
    contact: str = ""
    timeout_s: float = TIMEOUT_S
    storage_right: bool = False
    allow_private: bool = False
    rate_per_s: float | None = None
    cost_per_request: Decimal = Decimal(0)
    currency: str = "USD"
    monthly_cap: int | None = None

    @classmethod
    def of(cls, provider: Provider) -> "Setup":
        """What is set now."""
        columns = {f.name for f in fields(cls)} & set(Provider.__table__.columns.keys())
        known = {name: getattr(provider, name) for name in columns}
        return cls(**{**known, **provider.settings})


def add(session: Session, actor: Actor, setup: Setup, key: str = "") -> Provider:
    """Add a provider behind those there are; it is asked from now on."""
    actor.require("update", "setting")
    kind = kind_of(setup.kind)
    checked = _checked(setup, kind)
    if session.scalar(select(Provider.id).where(Provider.name == checked.name)):
        raise Conflict(f"There is already a provider {checked.name!r}")
    _require_single(session, checked, kind, None)
    last = session.scalar(select(func.coalesce(func.max(Provider.position), 0))) or 0
    provider = Provider(position=last + 1, **_columns(checked))
    if kind.key is KeyUse.REQUIRED and not key:
        raise InvalidInput(f"{kind.title} is asked with a key: give one")
    _check_key(key, kind)
    session.add(provider)
    session.flush()  # the key names the id
    _write_key(session, provider, key)
    audit.record(session, actor, "create", _target(provider), has_key=bool(key), **_told(checked))
    return provider


def change(
    session: Session, actor: Actor, provider_id: int, setup: Setup, key: str | None = None
) -> Provider:
    """Change what is set; `key` None leaves the key, "" takes it away.

    A provider that was stopped, or whose breaker was open, gets a new chance.
    """
    actor.require("update", "setting")
    provider = queries.provider(session, provider_id)
    kind = kind_of(provider.kind)
    before = Setup.of(provider)
    checked = _checked(replace(setup, kind=provider.kind), kind)
    taken = select(Provider.id).where(Provider.name == checked.name, Provider.id != provider_id)
    if session.scalar(taken):
        raise Conflict(f"There is already a provider {checked.name!r}")
    _require_single(session, checked, kind, provider_id)
    _check_key(key or "", kind)
    for name, value in _columns(checked).items():
        setattr(provider, name, value)
    if key is not None:
        _write_key(session, provider, key)
    _forgive(provider)
    told_before = _told(before)
    changed = {n: v for n, v in _told(checked).items() if told_before[n] != v}
    audit.record(
        session, actor, "update", _target(provider), key_changed=key is not None, **changed
    )
    return provider


def enable(session: Session, actor: Actor, provider_id: int) -> Provider:
    """Ask a provider from now on, whatever was wrong with it before."""
    actor.require("update", "setting")
    provider = queries.provider(session, provider_id)
    provider.enabled = True
    _forgive(provider)
    audit.record(session, actor, "update", _target(provider), enabled=True)
    return provider


def disable(session: Session, actor: Actor, provider_id: int) -> Provider:
    """Ask a provider no longer; everything of it stays."""
    actor.require("update", "setting")
    provider = queries.provider(session, provider_id)
    provider.enabled = False
    audit.record(session, actor, "update", _target(provider), enabled=False)
    return provider


def place(session: Session, actor: Actor, provider_id: int, position: int) -> None:
    """Put a provider at a position, 1 being asked first; the others close up."""
    actor.require("update", "setting")
    moved = queries.provider(session, provider_id)
    others = [each for each in queries.providers(session) if each.id != provider_id]
    at = min(max(position, 1), len(others) + 1)
    _number([*others[: at - 1], moved, *others[at - 1 :]])
    audit.record(session, actor, "update", _target(moved), position=at)


def move_up(session: Session, actor: Actor, provider_id: int) -> None:
    """Ask a provider before the one that is asked before it."""
    place(session, actor, provider_id, _rank(session, provider_id) - 1)


def move_down(session: Session, actor: Actor, provider_id: int) -> None:
    """Ask a provider after the one that is asked after it."""
    place(session, actor, provider_id, _rank(session, provider_id) + 1)


def remove(session: Session, actor: Actor, provider_id: int) -> None:
    """Take a provider out, with its key, its counts and what was kept of it."""
    actor.require("update", "setting")
    provider = queries.provider(session, provider_id)
    audit.record(session, actor, "delete", _target(provider), name=provider.name)
    session.delete(provider)
    session.flush()
    _number(queries.providers(session))


def _rank(session: Session, provider_id: int) -> int:
    order = [each.id for each in queries.providers(session)]
    queries.provider(session, provider_id)
    return order.index(provider_id) + 1


def _number(ordered: Sequence[Provider]) -> None:
    for position, provider in enumerate(ordered, start=1):
        provider.position = position


def _target(provider: Provider) -> str:
    return f"geocoding_provider:{provider.id}"


def _forgive(provider: Provider) -> None:
    provider.stopped = provider.open_until = provider.trouble = provider.trouble_at = None
    provider.failures = provider.openings = provider.limited = 0


def _columns(setup: Setup) -> dict[str, Any]:
    """The setup as the table has it: what only some kinds know is in `settings`."""
    told = asdict(setup)
    settings = ("domain", "scheme", "contact", "timeout_s", "storage_right")
    told["settings"] = {name: told.pop(name) for name in settings}
    return told


def _told(setup: Setup) -> dict[str, Any]:
    """The setup as it may be written down."""
    return {**asdict(setup), "cost_per_request": str(setup.cost_per_request.normalize())}


def _write_key(session: Session, provider: Provider, key: str) -> None:
    session.execute(delete(ProviderKey).where(ProviderKey.provider_id == provider.id))
    if key:
        session.add(ProviderKey(provider_id=provider.id, key=key))


# ----------------------------------------------------------------- checks


def _checked(setup: Setup, kind: Kind) -> Setup:
    """The setup with the kind's own values where it is silent, or InvalidInput."""
    domain = _tidy(setup.domain) or kind.domain
    rate = setup.rate_per_s if setup.rate_per_s is not None else kind.default_rate(domain)
    checked = replace(
        setup,
        name=setup.name.strip(),
        domain=domain,
        contact=setup.contact.strip(),
        rate_per_s=rate,
        currency=setup.currency.strip().upper(),
        storage_right=setup.storage_right and kind.storable,
    )
    _check_words(checked)
    _check_address(checked, kind)
    _check_figures(checked, kind)
    return checked


def _tidy(domain: str) -> str:
    """The domain in one spelling: a host is the same in capitals and with a dot at its end."""
    host, slash, path = domain.strip().strip("/").partition("/")
    name, colon, port = host.lower().partition(":") if "[" not in host else (host, "", "")
    return f"{name.rstrip('.')}{colon}{port}{slash}{path}"


def _check_key(key: str, kind: Kind) -> None:
    if key and kind.key is KeyUse.NONE:
        raise InvalidInput(f"{kind.title} is asked without a key")
    if key and not _KEY.fullmatch(key):
        raise InvalidInput("That is not a key: it has spaces or characters that no key has")


def _check_words(setup: Setup) -> None:
    if not _NAME.fullmatch(setup.name):
        raise InvalidInput(
            f"{setup.name!r} is no name for a provider: small letters, digits and hyphens, at most"
            " 40"
        )
    if not re.fullmatch(r"[A-Z]{3}", setup.currency):
        raise InvalidInput(f"{setup.currency!r} is not a currency code such as USD")
    if not _CONTACT.fullmatch(setup.contact):
        raise InvalidInput(
            "The contact is sent with each request: an e-mail or web address of at most 120"
            " characters, without brackets"
        )


def _check_address(setup: Setup, kind: Kind) -> None:
    if not setup.domain:
        raise InvalidInput(f"{kind.title} has no address of its own: give the domain of yours")
    found = _DOMAIN.fullmatch(setup.domain)
    port = int(found["port"] or 443) if found else 0
    if found is None or not 1 <= port <= 65_535:
        raise InvalidInput(
            f"{setup.domain!r} is not a domain such as maps.example.com, perhaps with a port and a"
            " path"
        )
    if setup.scheme not in ("http", "https"):
        raise InvalidInput(f"{setup.scheme!r} is neither http nor https")
    if setup.scheme == "http" and kind.key is KeyUse.REQUIRED and not setup.allow_private:
        raise InvalidInput("A key is not sent without https")
    address = _as_address(found["host"].strip("[]"), port)
    if address and not setup.allow_private and not is_public(address):
        raise InvalidInput(
            f"{setup.domain} is the address {address}, which is not public: allow private addresses"
            " if this provider is your own"
        )


def _as_address(host: str, port: int) -> str | None:
    """The address that the host is when it is written as one, in whatever spelling."""
    try:
        found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return str(found[0][4][0])


def _check_figures(setup: Setup, kind: Kind) -> None:
    rate = setup.rate_per_s or 0
    if not 0 < rate <= MAX_RATE_PER_S:
        raise InvalidInput(f"{rate} requests a second: give more than 0, at most {MAX_RATE_PER_S}")
    if kind.is_public(setup.domain) and kind.most is not None and rate > kind.most:
        raise InvalidInput(
            f"{kind.domain} allows {kind.most:g} request a second over all users of a program, and"
            f" not {rate:g}"
        )
    if not MIN_TIMEOUT_S <= setup.timeout_s <= MAX_TIMEOUT_S:
        raise InvalidInput(
            f"A time-out of {setup.timeout_s:g} s: give {MIN_TIMEOUT_S} to {MAX_TIMEOUT_S}"
        )
    if not (setup.cost_per_request.is_finite() and 0 <= setup.cost_per_request <= MAX_COST):
        raise InvalidInput(f"A request cannot cost {setup.cost_per_request}")
    if setup.monthly_cap is not None and not 1 <= setup.monthly_cap <= MAX_CAP:
        raise InvalidInput(f"A monthly cap of {setup.monthly_cap}: give 1 or more, or none")


def _require_single(session: Session, setup: Setup, kind: Kind, provider_id: int | None) -> None:
    """A server with a limit for all is asked by one provider only: two would be twice as fast."""
    if kind.most is None or not kind.is_public(setup.domain):
        return
    for other in queries.providers(session):
        same = other.kind == kind.code and kind.is_public(Setup.of(other).domain)
        if same and other.id != provider_id:
            raise Conflict(f"{kind.domain} is already asked by the provider {other.name!r}")
