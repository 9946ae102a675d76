"""From a point to what lies there: boundaries that contain it, then the nearest address."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat
from geocrm.geocoding.address import Grade
from geocrm.places import gazetteer, queries, streets
from geocrm.places.gazetteer import Place
from geocrm.places.queries import Unit
from geocrm.places.streets import Nearest

# Farther away an address says nothing about the point.
MAX_ADDRESS_M = 500.0
# The same of a village or a town.
MAX_PLACE_M = 50_000.0
_PART_OF_KIND = {"village": "village", "city": "city", "postcode": "postcode"}


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at a point.

    `units` contain it, the smallest first. `label`, `grade`, `lon`, `lat` and `distance_m` are of
    the nearest address, else street, else village or town; `parts` are those of an address there
    (street, house_number, postcode, village, district, city, region, country).
    """

    units: tuple[Unit, ...]
    label: str = ""
    grade: Grade = Grade.NONE
    lon: float | None = None
    lat: float | None = None
    distance_m: float | None = None
    provider: str = ""
    parts: dict[str, str] = field(default_factory=dict)


def reverse(session: Session, at: LonLat) -> Found:
    """What lies at the point; without any place near it only the units, of which there may be none.

    A handful of statements.
    """
    units = tuple(queries.containing(session, at))
    place = gazetteer.nearest_place(session, at.lon, at.lat, units[0].code if units else None)
    if place is not None and gazetteer.distance_m(place, at.lon, at.lat) > MAX_PLACE_M:
        place = None
    parts = _parts_of_place(session, place) if place is not None else {}
    parts |= _parts_of_units(units, parts)
    near = streets.nearest(session, at.lon, at.lat, MAX_ADDRESS_M)
    if near is not None:
        return _address(units, near, parts)
    if place is None:
        return Found(units, parts=_known(parts))
    away_m = gazetteer.distance_m(place, at.lon, at.lat)
    grade = Grade.VILLAGE if place.kind == "village" else Grade.REGENCY
    return Found(
        units, place.label, grade, place.lon, place.lat, away_m, "gazetteer", _known(parts)
    )


def _address(units: tuple[Unit, ...], near: Nearest, parts: dict[str, str]) -> Found:
    own = {
        "street": near.street,
        "house_number": near.number,
        "postcode": near.postcode or "",
        "country": near.country,
    }
    # In Indonesia the units of the register say more than the locality's one name.
    if near.country != "ID":
        own |= {"city": near.locality, "village": "", "district": ""}
    line = f"{near.street} {near.number}".strip()
    return Found(
        units,
        f"{line}, {near.label}",
        Grade.ROOFTOP if near.number else Grade.STREET,
        near.lon,
        near.lat,
        near.distance_m,
        "osm",
        _known(parts | own),
    )


def _parts_of_place(session: Session, place: Place) -> dict[str, str]:
    """The place and what it lies in, as parts of an address."""
    around = {
        "postcode": place.postcode_id,
        "district": place.district_id,
        "city": place.regency_id,
        "region": place.region_id,
    }
    names = gazetteer.places(session, (id_ for id_ in around.values() if id_ is not None))
    parts = {part: names[id_].name for part, id_ in around.items() if id_ in names}
    return parts | {_PART_OF_KIND.get(place.kind, "city"): place.name, "country": place.country}


def _parts_of_units(units: tuple[Unit, ...], known: dict[str, str]) -> dict[str, str]:
    """Region and country from the boundaries, where the gazetteer does not say them."""
    region = next((unit for unit in units if unit.layer.endswith("adm1")), None)
    country = next((unit.country for unit in units if unit.country), None)
    found = {"country": country} if country else {}
    if region is not None and "region" not in known:
        found["region"] = region.name
    return found


def _known(parts: dict[str, str]) -> dict[str, str]:
    return {part: words for part, words in parts.items() if words}
