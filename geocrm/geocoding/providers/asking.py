"""One question put to one provider: made through geopy, and every way it can end, told apart."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from typing import Any
from urllib.parse import quote, quote_plus

from geopy.exc import (
    ConfigurationError,
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQueryError,
    GeocoderQuotaExceeded,
    GeocoderRateLimited,
    GeopyError,
)
from sqlalchemy.orm import Session, sessionmaker

from geocrm import __version__
from geocrm.geocoding.address import Grade
from geocrm.geocoding.providers import pace
from geocrm.geocoding.providers.addresses import Resolver, system_addresses
from geocrm.geocoding.providers.claims import Claim
from geocrm.geocoding.providers.kinds import KeyUse, Kind, kind_of
from geocrm.geocoding.providers.models import Provider
from geocrm.geocoding.providers.pace import Held, Why
from geocrm.geocoding.providers.questions import Question
from geocrm.geocoding.providers.reading import Box, Reading
from geocrm.geocoding.providers.transport import TIMEOUT_S, PinnedAdapter, Reach
from geocrm.spatial.geodesy import great_circle_m

# An address whose provider just failed may be asked again after this.
AFTER_FAILURE_S = 10.0
MAX_LABEL = 250
MAX_PART = 120
# Words by which a refusal means "too much", though its status says "not allowed".
_TOO_MUCH = re.compile(r"over (?:qps|rate)|quota|(?:usage|rate|daily|monthly) limit|limit", re.I)


@dataclass(frozen=True, slots=True)
class Lent:
    """A provider as it is asked: with its key, which appears in no text of this object."""

    provider: Provider
    key: str = field(repr=False)
    resolve: Resolver = system_addresses

    @property
    def kind(self) -> Kind:
        """What it is."""
        return kind_of(self.provider.kind)

    @property
    def storage_right(self) -> bool:
        """Whether the contract lets its answers be stored."""
        return bool(self.provider.settings.get("storage_right"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: claims (perhaps none), or why there are none to be had now.

    `final` is False for a question that this provider refuses to read: nothing to keep.
    """

    claims: tuple[Claim, ...] = ()
    held: Held | None = None
    trouble: str = ""
    final: bool = True


def ask(
    sessions: sessionmaker[Session],
    lent: Lent,
    question: Question,
    *,
    patience_s: float,
    take: Any = pace.take,
) -> Outcome:
    """Ask the provider, in each form it takes until one finds something.

    Waits for its turn up to `patience_s`. No transaction is open while the request is on its way.
    """
    deadline = time.monotonic() + patience_s
    for request in lent.kind.requests(question):
        held = _wait(sessions, lent, deadline, take)
        if held is not None:
            return Outcome(held=held)
        outcome = _send(sessions, lent, request)
        if outcome.claims or outcome.held or not outcome.final:
            return outcome
    return Outcome()


def _wait(sessions: sessionmaker[Session], lent: Lent, deadline: float, take: Any) -> Held | None:
    """None once a request may be sent; why not, when that would take too long."""
    while True:
        held: Held | None = take(sessions, lent.provider.id)
        if held is None or held.why not in (Why.PACED, Why.LIMITED):
            return held
        if time.monotonic() + held.retry_in_s > deadline:
            return held
        time.sleep(held.retry_in_s)


def _send(sessions: sessionmaker[Session], lent: Lent, request: Any) -> Outcome:
    provider_id = lent.provider.id
    adapter: PinnedAdapter | None = None
    try:
        geocoder = _geocoder(lent)
        adapter = geocoder.adapter
        claims = tuple(_claims(lent.kind, geocoder.geocode(**request)))
    except GeopyError as error:
        return _ended(sessions, lent, error, adapter)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        # JSON of a form the service does not send: geopy and the readers stumble over it.
        return _broken(sessions, lent, f"the answer has an unknown form ({type(error).__name__})")
    pace.answered(sessions, provider_id)
    return Outcome(claims=claims)


def _geocoder(lent: Lent) -> Any:
    provider, kind, settings = lent.provider, lent.kind, lent.provider.settings
    if kind.key is KeyUse.REQUIRED and not lent.key:
        raise ConfigurationError("the key is missing: enter it again")
    timeout_s = float(settings.get("timeout_s") or TIMEOUT_S)
    reach = Reach(timeout_s, provider.allow_private, lent.resolve)
    return kind.geocoder(
        lent.key,
        lent.storage_right,
        domain=str(settings.get("domain") or kind.domain),
        scheme=str(settings.get("scheme") or "https"),
        timeout=timeout_s,
        user_agent=user_agent(str(settings.get("contact") or "")),
        proxies={},
        adapter_factory=partial(PinnedAdapter, reach=reach),
    )


def user_agent(contact: str) -> str:
    """Who we say we are; policies ask for a way to reach whoever runs it."""
    return f"GeoCRM/{__version__} ({contact})" if contact else f"GeoCRM/{__version__}"


# ----------------------------------------------------------------- how it can end


def _ended(
    sessions: sessionmaker[Session],
    lent: Lent,
    error: GeopyError,
    adapter: PinnedAdapter | None,
) -> Outcome:
    trouble = _trouble(lent, error, adapter)
    refused = isinstance(error, (GeocoderAuthenticationFailure, GeocoderInsufficientPrivileges))
    if refused and adapter and _TOO_MUCH.search(f"{error} {adapter.complaint}"):
        return _used_up(sessions, lent, trouble, None)
    if refused or isinstance(error, ConfigurationError):
        pace.stopped(sessions, lent.provider.id, trouble)
        return Outcome(held=Held(Why.STOPPED, pace.LOOK_AGAIN_S), trouble=trouble)
    if isinstance(error, GeocoderQuotaExceeded):
        told = getattr(error, "retry_after", None)
        told = told if told is not None or adapter is None else adapter.retry_after_s
        too_fast = isinstance(error, GeocoderRateLimited)
        return (_too_fast if too_fast else _used_up)(sessions, lent, trouble, told)
    if isinstance(error, GeocoderQueryError):
        # This address only: the service is well.
        pace.answered(sessions, lent.provider.id)
        return Outcome(trouble=trouble, final=False)
    if adapter is not None and adapter.retry_after_s is not None:
        # Not well, and it says when to come back.
        return _too_fast(sessions, lent, trouble, adapter.retry_after_s)
    return _broken(sessions, lent, trouble)


def _too_fast(
    sessions: sessionmaker[Session], lent: Lent, trouble: str, told_s: float | None
) -> Outcome:
    pace.limited(sessions, lent.provider.id, trouble, told_s)
    wait_s = pace.LIMITED_S if told_s is None else told_s
    return Outcome(held=Held(Why.LIMITED, wait_s), trouble=trouble)


def _used_up(
    sessions: sessionmaker[Session], lent: Lent, trouble: str, told_s: float | None
) -> Outcome:
    pace.used_up(sessions, lent.provider.id, trouble, told_s)
    wait_s = pace.QUOTA_S if told_s is None else told_s
    return Outcome(held=Held(Why.LIMITED, wait_s), trouble=trouble)


def _broken(sessions: sessionmaker[Session], lent: Lent, trouble: str) -> Outcome:
    pace.failed(sessions, lent.provider.id, trouble)
    return Outcome(held=Held(Why.BROKEN, AFTER_FAILURE_S), trouble=trouble)


def _trouble(lent: Lent, error: Exception, adapter: PinnedAdapter | None) -> str:
    """What went wrong in a sentence, in the provider's own words where it has any, without key."""
    words = [str(error)]
    told = re.search(
        r'"(?:message|error_message|error_description|detail|title|error)"\s*:\s*"([^"]{1,200})',
        adapter.complaint if adapter else "",
    )
    if told and told[1] not in words[0]:
        words.append(told[1])
    return redacted(": ".join(words), lent.key)


def redacted(text: str, key: str) -> str:
    """The text without the key, in whatever form an address holds it."""
    for form in (key, quote(key), quote(key, safe=""), quote_plus(key)) if key else ():
        text = text.replace(form, "…")
    return "".join(c if c.isprintable() else " " for c in text)[: pace.MAX_TROUBLE]


# ----------------------------------------------------------------- what was found


def _claims(kind: Kind, found: Any) -> Iterator[Claim]:
    """The claims in geopy's locations; ValueError when there are locations and none is one."""
    locations: Sequence[Any] = found if isinstance(found, list) else [found] if found else []
    claims = [claim for each in locations if (claim := _claim(kind, each)) is not None]
    if locations and not claims:
        raise ValueError("no location has coordinates")
    yield from claims


def _claim(kind: Kind, location: Any) -> Claim | None:
    reading: Reading = kind.reader(location.raw)
    lon, lat = float(location.longitude), float(location.latitude)
    if not (isfinite(lon) and isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        return None
    box = reading.get("box")
    return Claim(
        grade=reading.get("grade", Grade.COUNTRY),
        lon=lon,
        lat=lat,
        label=_clean(location.address or "", MAX_LABEL),
        house_number=_clean(reading.get("house_number", ""), MAX_PART),
        street=_clean(reading.get("street", ""), MAX_PART),
        localities=tuple(_clean(name, MAX_PART) for name in reading.get("localities", ())),
        postcode=_clean(reading.get("postcode", ""), MAX_PART),
        region=_clean(reading.get("region", ""), MAX_PART),
        country=reading.get("country", ""),
        extent_m=None if box is None else _extent_m(box, lon, lat),
    )


def _extent_m(box: Box, lon: float, lat: float) -> int | None:
    west, south, east, north = box
    corners = great_circle_m(lon, lat, [west, west, east, east], [south, north, south, north])
    reach = float(corners.max())
    return round(reach) if isfinite(reach) else None


def _clean(text: Any, most: int) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())[:most]
