"""Where an account is: by hand, or by looking its address up."""

import math
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import scope
from geocrm.customers.models import AccountScope, Address
from geocrm.errors import InvalidInput, NotFound
from geocrm.geocoding import AddressQuery, countries
from geocrm.geocoding import service as geocoder

PARTS: Final = (
    "typed", "street", "house_number", "postcode", "village", "district", "city", "region",
)  # fmt: skip
MAX_PART = 500
PIN_RADIUS_M = 25.0  # what a person hits on a map at street level
_COARSE = ("region", "country")


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
    """Change the address; True when that moves the point: it differs, and nobody pinned it."""
    address = _address(session, account_id)
    before = {part: getattr(address, part) for part in (*PARTS, "country")}
    for part, words in parts(given).items():
        setattr(address, part, words)
    session.flush()
    changed = any(getattr(address, part) != words for part, words in before.items())
    return changed and address.provider != "pin"


def geocode(session: Session, account_id: int) -> None:
    """Look the account's address up and put it there; without an answer it has no point."""
    address = _address(session, account_id)
    query = AddressQuery(
        text=address.typed,
        country=address.country,
        **{part: getattr(address, part) or "" for part in PARTS if part != "typed"},
    )
    answer = geocoder.geocode(session, query, address.country)
    address.lon, address.lat = answer.lon, answer.lat
    address.grade, address.radius_m = answer.grade.value, answer.radius_m
    address.provider, address.label = answer.provider or None, answer.label or None
    address.geocoded_at = clock.now()
    session.flush()
    _write(session, account_id, address)


def pin(session: Session, account_id: int, lon: float, lat: float) -> None:
    """Put the account where somebody says it is."""
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidInput(f"({lon}, {lat}) is not a lon/lat position")
    if lon == lat == 0:
        raise InvalidInput("The position 0, 0 stands for none: choose a place on the map")
    address = _address(session, account_id)
    address.lon, address.lat = lon, lat
    address.grade, address.radius_m = "rooftop", PIN_RADIUS_M
    address.provider, address.label = "pin", None
    address.geocoded_at = clock.now()
    session.flush()
    _write(session, account_id, address)


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
    if address.lon is not None and address.grade not in _COARSE:
        scope.place(session, account_id)
    session.expire_all()


def _address(session: Session, account_id: int) -> Address:
    found = session.scalar(select(Address).where(Address.account_id == account_id))
    if found is None:
        raise NotFound(f"No customer {account_id}")
    return found
