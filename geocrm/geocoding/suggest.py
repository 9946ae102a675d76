"""As-you-type: what a few letters in a search box or an address field may become.

Streets with the number that was typed, points of interest, and places, the nearest to the view
first. Nothing is guessed at: every suggestion is a row, with the parts of its address.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from geocrm.geocoding import numbering
from geocrm.geocoding.address import Grade
from geocrm.geocoding.gazetteer_step import GRADES
from geocrm.geocoding.resolve import SMALL, prominence
from geocrm.places import beginnings, gazetteer, streets
from geocrm.places.beginnings import PoiHit, StreetHit, View
from geocrm.places.gazetteer import Place
from geocrm.places.gazetteer_names import name_key
from geocrm.places.house_numbers import HouseNumber, house_number
from geocrm.places.street_names import street_keys

SHORTEST: Final = 2
SHORTEST_STREET: Final = 3
# "Hauptstr 12a": a street and the number after it; "12 rue": the number before.
_AFTER = re.compile(
    r"^(?P<street>.*?\D\D)\s+(?P<number>(?:no\.?\s*)?\d{1,5}\s?[a-z]?(?:-\d+)?)$", re.I
)
_BEFORE = re.compile(r"^(?P<number>\d{1,5}\s?[a-z]?)\s+(?P<street>\D\D.*)$", re.I)
_PARENTS = {"postcode": "postcode_id", "district": "district_id", "city": "regency_id"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that was meant, perhaps; `kind` is address, street, poi or the kind of a place.

    `parts` are those of an address form: street, house_number, postcode, village, district, city,
    region, country.
    """

    label: str
    detail: str
    kind: str
    grade: Grade
    lon: float
    lat: float
    parts: dict[str, str] = field(default_factory=dict)


def suggestions(
    session: Session,
    typed: str,
    *,
    country: str | None = None,
    view: View | None = None,
    limit: int = 8,
) -> list[Suggestion]:
    """What the letters may become: streets, then points of interest, then places.

    A handful of bounded statements. `country` (ISO) narrows all; None searches everywhere.
    """
    words = " ".join(typed.split())
    if len(words) < SHORTEST or limit < 1:
        return []
    head, _, rest = words.partition(",")
    found = _streets(session, head, rest, country, view, limit)
    found += _pois(session, head, country, view, limit // 2)
    places = _places(session, words, country, view, limit)
    # Half for each when both have more than fits.
    kept = found[: max(limit - len(places), (limit + 1) // 2)]
    return (kept + places)[:limit]


def _streets(
    session: Session, head: str, rest: str, country: str | None, view: View | None, limit: int
) -> list[Suggestion]:
    name, number = _split(head)
    key = next(iter(street_keys(name, country or "")), "")
    if len(key) < SHORTEST_STREET:
        return []
    hits = beginnings.streets(session, key, country, view, 4 * limit if rest.strip() else limit)
    within = name_key(rest, country or "")
    hits = [hit for hit in hits if within in name_key(f"{hit.postcode or ''} {hit.label}")]
    hits = hits[:limit]
    houses = streets.houses(session, {(hit.id, number.value) for hit in hits}) if number else {}
    return [
        _street(hit, number, houses.get((hit.id, number.value)) if number else None) for hit in hits
    ]


def _split(head: str) -> tuple[str, HouseNumber | None]:
    for pattern in (_AFTER, _BEFORE):
        found = pattern.match(head.strip())
        if found:
            return found["street"], house_number(found["number"])
    return head, None


def _street(
    hit: StreetHit, number: HouseNumber | None, houses: streets.Houses | None
) -> Suggestion:
    parts = {
        "street": hit.name,
        "house_number": number.text if number else "",
        "postcode": hit.postcode or "",
        "city": hit.locality,
        "country": hit.country,
    }
    spots = numbering.place(number, houses) if number and houses else []
    line = f"{hit.name} {number.text}" if number else hit.name
    if spots and spots[0].way in ("exact", "range"):
        spot = spots[0]
        parts["postcode"] = spot.postcode or parts["postcode"]
        return Suggestion(
            line, hit.label, "address", Grade.ROOFTOP, spot.lon, spot.lat, _known(parts)
        )
    if spots:
        spot = spots[0]
        return Suggestion(
            line, hit.label, "address", Grade.INTERPOLATED, spot.lon, spot.lat, _known(parts)
        )
    return Suggestion(line, hit.label, "street", Grade.STREET, hit.lon, hit.lat, _known(parts))


def _pois(
    session: Session, head: str, country: str | None, view: View | None, limit: int
) -> list[Suggestion]:
    key = name_key(head, country or "")
    if len(key) < SHORTEST_STREET or limit < 1:
        return []
    return [_poi(hit) for hit in beginnings.pois(session, key, country, view, limit)]


def _poi(hit: PoiHit) -> Suggestion:
    parts = {"country": hit.country}
    return Suggestion(hit.name, hit.label, "poi", Grade.STREET, hit.lon, hit.lat, parts)


def _places(
    session: Session, typed: str, country: str | None, view: View | None, limit: int
) -> list[Suggestion]:
    at = view.at if view else None
    head, _, rest = typed.partition(",")
    found = gazetteer.beginning_with(session, head, country, 4 * limit if rest else limit, at)
    within = name_key(rest, country or "")
    found = [place for place in found if within in name_key(place.label, country or "")][:limit]
    if not found and country is not None:
        found = _spelt_like(session, head, country, limit)
    ids = {getattr(p, of) for p in found for of in (*_PARENTS.values(), "region_id")}
    around = gazetteer.places(session, (id_ for id_ in ids if id_ is not None))
    return [_place(place, around) for place in found]


def _spelt_like(session: Session, typed: str, country: str, limit: int) -> list[Place]:
    """Places whose whole name is a slip or two away."""
    name = (country, name_key(typed, country))
    near = gazetteer.spelt_like(session, [name]).get(name, [])
    ids = gazetteer.named(session, [(country, key) for key, _ in near])
    known = gazetteer.places(session, (i for found_ids in ids.values() for i in found_ids))
    ranked = [(slips, known[i]) for key, slips in near for i in ids.get((country, key), ())]
    ranked.sort(key=lambda pair: (pair[0], pair[1].kind in SMALL, prominence(pair[1])))
    return list(dict.fromkeys(place for _, place in ranked))[:limit]


def _place(place: Place, around: dict[int, Place]) -> Suggestion:
    parents = {
        part: getattr(place, of) for part, of in (*_PARENTS.items(), ("region", "region_id"))
    }
    parts = {part: around[id_].name for part, id_ in parents.items() if id_ in around}
    own = "city" if place.kind in ("city", "regency") else place.kind
    if own != "country":
        parts[own] = place.name
    parts["country"] = place.country
    grade = GRADES[place.kind]
    return Suggestion(place.name, place.label, place.kind, grade, place.lon, place.lat, parts)


def _known(parts: dict[str, str]) -> dict[str, str]:
    return {part: words for part, words in parts.items() if words}
