"""Where an account is: by hand, or by looking its address up."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import scope
from geocrm.customers.answers import PARTS, query_of, values_of
from geocrm.customers.models import AccountScope, Address
from geocrm.errors import InvalidInput, NotFound
from geocrm.geocoding import Answer, Grade, countries
from geocrm.geocoding import service as geocoder

MAX_PART = 500
PIN = "pin"
PIN_RADIUS_M = 25.0  # what a person hits on a map at street level
# A point that stands for a whole province says nothing about the regency.
COARSE: Final = ("region", "country")


def parts(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an address that were given, cleaned; InvalidInput when one is too long."""
    cleaned: dict[str, Any] = {}
    for part in PARTS:
        if part in given:
            words = " ".join(str(given[part] or "").replace("\x00", "").split())
            if len(words) > MAX_PART:
                raise InvalidInput(
                    f"The {part} is {len(words)} characters long, at most {MAX_PART}"
                )
            cleaned[part] = words if part == "typed" else words or None
    if given.get("country"):
        cleaned["country"] = countries.require_code(str(given["country"]))
    return cleaned


def readdress(session: Session, account_id: int, given: Mapping[str, Any]) -> bool:
    """Change the address; True when that moves the point: it differs, and nobody pinned it.

    A pin stays where it is and asks to be confirmed (the trigger `addresses_keep` sees to that).
    """
    address = _address(session, account_id)
    before = {part: getattr(address, part) for part in (*PARTS, "country")}
    for part, words in parts(given).items():
        setattr(address, part, words)
    session.flush()
    changed = any(getattr(address, part) != words for part, words in before.items())
    pinned = address.provider == PIN
    session.expire(address)
    return changed and not pinned


def geocode(session: Session, account_id: int) -> None:
    """Look the account's address up and put it there; without an answer it has no point.

    A point that was placed by hand stays; see `unpin`.
    """
    address = _address(session, account_id)
    asked = query_of({part: getattr(address, part) for part in (*PARTS, "country")})
    answer = geocoder.geocode(session, asked, address.country)
    _place(session, address, values_of(answer))


def unpin(session: Session, account_id: int) -> None:
    """Forget where a person placed the account and look its address up instead."""
    with letting_go_of_pins(session):
        geocode(session, account_id)


def pin(session: Session, account_id: int, lon: float, lat: float, by: int | None) -> None:
    """Put the account where the user `by` says it is; that settles what was asked about it."""
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidInput(f"({lon}, {lat}) is not a lon/lat position")
    if lon == lat == 0:
        raise InvalidInput("The position 0, 0 stands for none: choose a place on the map")
    address = _address(session, account_id)
    placed = values_of(Answer(Grade.ROOFTOP, lon, lat, provider=PIN))
    placed |= {"radius_m": PIN_RADIUS_M, "placed_by": by, "review": None}
    if address.review is not None:
        placed |= {"review": "settled", "reviewed_by": by, "reviewed_at": clock.now()}
    _place(session, address, placed)


def _place(session: Session, address: Address, values: Mapping[str, Any]) -> None:
    """Write a point with its time to the address and to what lists and tiles read."""
    for name, value in values.items():
        setattr(address, name, value)
    address.geocoded_at = clock.now()
    session.flush()
    session.refresh(address)  # a pin may have stayed as it was
    _write(session, address.account_id, address)


@contextmanager
def letting_go_of_pins(session: Session) -> Iterator[None]:
    """Let the block write points that people placed; nothing else may."""
    setting = text("SELECT set_config('geocrm.unpin', :value, true)")
    session.execute(setting, {"value": "on"})
    try:
        yield
    finally:
        session.execute(setting, {"value": "off"})


def _write(session: Session, account_id: int, address: Address) -> None:
    point = (
        func.ST_SetSRID(func.ST_MakePoint(address.lon, address.lat), 4326)
        if address.lon is not None
        else None
    )
    session.execute(
        update(AccountScope)
        .where(AccountScope.account_id == account_id)
        .values(
            geom=point, grade=address.grade, radius_m=address.radius_m, unit=None, territory_id=None
        )
        .execution_options(synchronize_session=False)
    )
    if address.lon is not None and address.grade not in COARSE:
        scope.place(session, account_id)
    session.expire_all()


def _address(session: Session, account_id: int) -> Address:
    found = session.scalar(select(Address).where(Address.account_id == account_id))
    if found is None:
        raise NotFound(f"No customer {account_id}")
    return found
