"""Readers of services on open data: Nominatim, Photon, OpenCage, Pelias, the French base."""

from geocrm.geocoding.address import Grade
from geocrm.geocoding.providers.reading import Raw, Reading, country_of, house_or, word, words

# Nominatim's ranks of places (manual, Customizing Ranking, 5.x): 4 country, 5-9 state, 10-12
# county, 13-18 city and town, 19-25 village and less, 26-27 street, 28 and more house or object.
_RANKS = (
    (4, Grade.COUNTRY),
    (9, Grade.REGION),
    (18, Grade.REGENCY),
    (25, Grade.VILLAGE),
    (27, Grade.STREET),
)
_NOMINATIM_STREETS = ("road", "pedestrian", "footway", "path", "cycleway", "square", "place")
_NOMINATIM_LOCALITIES = (
    "hamlet", "isolated_dwelling", "croft", "neighbourhood", "allotments", "quarter", "village",
    "suburb", "borough", "city_district", "subdivision", "district", "town", "city", "municipality",
    "county", "state_district",
)  # fmt: skip


def nominatim(raw: Raw) -> Reading:
    """A result of Nominatim, also of LocationIQ."""
    parts: Raw = raw.get("address") or {}
    number = word(parts, "house_number")
    reading = Reading(
        grade=_nominatim_grade(raw, number),
        house_number=number,
        street=word(parts, *_NOMINATIM_STREETS),
        localities=words(parts, *_NOMINATIM_LOCALITIES),
        postcode=word(parts, "postcode"),
        region=word(parts, "state", "region", "province"),
        country=country_of(word(parts, "country_code")),
    )
    box = raw.get("boundingbox")
    if box:
        south, north, west, east = (float(edge) for edge in box)
        reading["box"] = (west, south, east, north)
    return reading


def _nominatim_grade(raw: Raw, number: str) -> Grade:
    kind = word(raw, "addresstype", "type")
    if kind == "postcode":
        return Grade.POSTCODE
    rank = raw.get("place_rank")
    if rank is None:
        return _nominatim_grade_by_words(raw, kind, number)
    grade = next((grade for most, grade in _RANKS if int(rank) <= most), None)
    if grade is not None:
        return grade
    return house_or(_nominatim_house(raw), number, Grade.STREET)


def _nominatim_house(raw: Raw) -> Grade:
    # A line of interpolated numbers comes as a way that is nothing but "place=house"; a house drawn
    # as an area is a building.
    on_line = word(raw, "osm_type") == "way" and word(raw, "type") == "house"
    return Grade.INTERPOLATED if on_line else Grade.ROOFTOP


def _nominatim_grade_by_words(raw: Raw, kind: str, number: str) -> Grade:
    """For servers that give no rank, as LocationIQ."""
    if number:
        return _nominatim_house(raw)
    if word(raw, "class", "category") == "highway" or kind in _NOMINATIM_STREETS:
        return Grade.STREET
    if kind in ("country",):
        return Grade.COUNTRY
    if kind in ("state", "region", "province"):
        return Grade.REGION
    if kind in ("city", "town", "municipality", "county", "administrative"):
        return Grade.REGENCY
    return Grade.VILLAGE


_PHOTON = {
    "street": Grade.STREET,
    "locality": Grade.VILLAGE,
    "district": Grade.VILLAGE,
    "city": Grade.REGENCY,
    "county": Grade.REGENCY,
    "state": Grade.REGION,
    "country": Grade.COUNTRY,
}


def photon(raw: Raw) -> Reading:
    """A result of Photon."""
    parts: Raw = raw["properties"]
    kind, number = word(parts, "type"), word(parts, "housenumber")
    street = word(parts, "street") or (word(parts, "name") if kind == "street" else "")
    own = words(parts, "name") if kind in ("locality", "district", "city", "county") else ()
    if word(parts, "osm_value") == "postcode":
        grade = Grade.POSTCODE
    else:
        grade = _PHOTON.get(kind) or house_or(Grade.ROOFTOP, number, Grade.STREET)
    return Reading(
        grade=grade,
        house_number=number,
        street=street,
        localities=own + words(parts, "locality", "district", "city", "county"),
        postcode=word(parts, "postcode"),
        region=word(parts, "state"),
        country=country_of(word(parts, "countrycode")),
    )


_OPENCAGE = {
    "road": Grade.STREET,
    "postcode": Grade.POSTCODE,
    "city": Grade.REGENCY,
    "county": Grade.REGENCY,
    "state_district": Grade.REGENCY,
    "state": Grade.REGION,
    "country": Grade.COUNTRY,
    "continent": Grade.COUNTRY,
}


def opencage(raw: Raw) -> Reading:
    """A result of OpenCage."""
    parts: Raw = raw["components"]
    number = word(parts, "house_number")
    road = word(parts, "road", "street", "pedestrian", "footway", "place")
    below_road = Grade.STREET if road else Grade.VILLAGE
    kind = word(parts, "_type")
    return Reading(
        grade=_OPENCAGE.get(kind) or house_or(Grade.ROOFTOP, number, below_road),
        house_number=number,
        street=road,
        localities=words(parts, *_NOMINATIM_LOCALITIES, "_normalized_city"),
        postcode=word(parts, "postcode"),
        region=word(parts, "state", "province", "region"),
        country=country_of(word(parts, "country_code")),
    )


_PELIAS = {
    "street": Grade.STREET,
    "intersection": Grade.STREET,
    "postalcode": Grade.POSTCODE,
    "neighbourhood": Grade.VILLAGE,
    "borough": Grade.DISTRICT,
    "localadmin": Grade.REGENCY,
    "locality": Grade.REGENCY,
    "county": Grade.REGENCY,
    "macrocounty": Grade.REGION,
    "region": Grade.REGION,
    "macroregion": Grade.REGION,
    "country": Grade.COUNTRY,
    "dependency": Grade.COUNTRY,
}


def pelias(raw: Raw) -> Reading:
    """A result of Pelias or Geocode Earth."""
    parts: Raw = raw["properties"]
    number = word(parts, "housenumber")
    house = Grade.ROOFTOP if word(parts, "accuracy") == "point" else Grade.INTERPOLATED
    grade = _PELIAS.get(word(parts, "layer")) or house_or(house, number, Grade.STREET)
    return Reading(
        grade=grade,
        house_number=number,
        street=word(parts, "street"),
        localities=words(
            parts, "neighbourhood", "borough", "locality", "localadmin", "county", "macrocounty"
        ),
        postcode=word(parts, "postalcode"),
        region=word(parts, "region"),
        country=country_of(word(parts, "country_code", "country_a")),
    )


def ban(raw: Raw) -> Reading:
    """A result of the French address base."""
    parts: Raw = raw["properties"]
    kind = word(parts, "type")
    grades = {
        "housenumber": Grade.ROOFTOP,
        "street": Grade.STREET,
        "locality": Grade.VILLAGE,
        "municipality": Grade.REGENCY,
    }
    street = word(parts, "street") or (word(parts, "name") if kind == "street" else "")
    return Reading(
        grade=grades.get(kind, Grade.REGENCY),
        house_number=word(parts, "housenumber"),
        street=street,
        localities=words(parts, "district", "oldcity", "city"),
        postcode=word(parts, "postcode"),
        region=word(parts, "context").rpartition(",")[2].strip(),
        country="FR",
    )
