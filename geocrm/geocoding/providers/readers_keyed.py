"""Readers of services with maps of their own: Google, HERE, Mapbox, TomTom, Esri and others."""

from geocrm.geocoding.address import Grade
from geocrm.geocoding.providers.reading import Raw, Reading, country_of, house_or, word, words

_GOOGLE_LOCALITIES = (
    "neighborhood", "sublocality_level_4", "sublocality_level_3", "sublocality_level_2",
    "sublocality_level_1", "sublocality", "administrative_area_level_4",
    "administrative_area_level_3", "locality", "postal_town", "administrative_area_level_2",
)  # fmt: skip
_GOOGLE = (
    ("street_address", Grade.ROOFTOP),
    ("subpremise", Grade.ROOFTOP),
    ("premise", Grade.ROOFTOP),
    ("route", Grade.STREET),
    ("intersection", Grade.STREET),
    ("postal_code", Grade.POSTCODE),
    ("administrative_area_level_4", Grade.VILLAGE),
    ("neighborhood", Grade.VILLAGE),
    ("sublocality", Grade.VILLAGE),
    ("administrative_area_level_3", Grade.DISTRICT),
    ("locality", Grade.REGENCY),
    ("postal_town", Grade.REGENCY),
    ("administrative_area_level_2", Grade.REGENCY),
    ("administrative_area_level_1", Grade.REGION),
    ("country", Grade.COUNTRY),
)


def google(raw: Raw) -> Reading:
    """A result of Google's Geocoding API (v3)."""
    parts: dict[str, str] = {}
    for component in raw["address_components"]:
        for kind in component["types"]:
            parts.setdefault(kind, component["long_name"])
            parts.setdefault(f"{kind} short", component["short_name"])
    geometry: Raw = raw["geometry"]
    number = word(parts, "street_number")
    reading = Reading(
        grade=_google_grade(raw["types"], word(geometry, "location_type"), number),
        house_number=number,
        street=word(parts, "route"),
        localities=words(parts, *_GOOGLE_LOCALITIES),
        postcode=word(parts, "postal_code"),
        region=word(parts, "administrative_area_level_1"),
        country=country_of(word(parts, "country short")),
    )
    box = geometry.get("bounds")
    if box:
        low, high = box["southwest"], box["northeast"]
        reading["box"] = (low["lng"], low["lat"], high["lng"], high["lat"])
    return reading


def _google_grade(types: list[str], exactness: str, number: str) -> Grade:
    grade = next((grade for kind, grade in _GOOGLE if kind in types), None)
    if grade is None:
        # A place of interest: as good as the address it has.
        grade = house_or(Grade.ROOFTOP, number, Grade.STREET)
    if grade is not Grade.ROOFTOP:
        return grade
    if exactness == "ROOFTOP":
        return Grade.ROOFTOP
    return Grade.INTERPOLATED if exactness == "RANGE_INTERPOLATED" else Grade.STREET


def here(raw: Raw) -> Reading:
    """A result of HERE Geocoding & Search v7."""
    parts: Raw = raw["address"]
    reading = Reading(
        grade=_here_grade(raw),
        house_number=word(parts, "houseNumber"),
        street=word(parts, "street"),
        localities=words(parts, "block", "subdistrict", "district", "city", "county"),
        postcode=word(parts, "postalCode"),
        region=word(parts, "state"),
        country=country_of(word(parts, "countryCode")),
    )
    box = raw.get("mapView")
    if box and reading["grade"] not in (Grade.ROOFTOP, Grade.INTERPOLATED):
        reading["box"] = (box["west"], box["south"], box["east"], box["north"])
    return reading


def _here_grade(raw: Raw) -> Grade:
    kind = word(raw, "resultType")
    if kind == "houseNumber":
        point = word(raw, "houseNumberType") == "PA" and not raw.get("houseNumberFallback")
        return Grade.ROOFTOP if point else Grade.INTERPOLATED
    if kind in ("street", "intersection", "place", "addressBlock"):
        return Grade.STREET
    if kind == "postalCodePoint":
        return Grade.POSTCODE
    area = word(raw, "localityType", "administrativeAreaType")
    return {
        "postalCode": Grade.POSTCODE,
        "subdistrict": Grade.VILLAGE,
        "district": Grade.DISTRICT,
        "city": Grade.REGENCY,
        "county": Grade.REGENCY,
        "state": Grade.REGION,
    }.get(area, Grade.COUNTRY)


_FEATURES = {
    "street": Grade.STREET,
    "road": Grade.STREET,
    "postcode": Grade.POSTCODE,
    "postal_code": Grade.POSTCODE,
    "neighborhood": Grade.VILLAGE,
    "neighbourhood": Grade.VILLAGE,
    "block": Grade.VILLAGE,
    "locality": Grade.VILLAGE,
    "place": Grade.REGENCY,
    "municipality": Grade.REGENCY,
    "municipal_district": Grade.DISTRICT,
    "joint_municipality": Grade.REGENCY,
    "district": Grade.REGENCY,
    "county": Grade.REGENCY,
    "subregion": Grade.REGENCY,
    "region": Grade.REGION,
    "country": Grade.COUNTRY,
}
_FEATURE_LOCALITIES = (
    "neighborhood", "neighbourhood", "locality", "municipal_district", "place", "municipality",
    "joint_municipality", "district", "county", "subregion",
)  # fmt: skip


def feature(raw: Raw) -> Reading:
    """A result of Mapbox (v5) or MapTiler, which share a form."""
    parts, country = _surroundings(raw)
    kind, number = str(raw["place_type"][0]), word(raw, "address")
    own = word(raw, "text")
    accuracy = word(raw.get("properties") or {}, "accuracy")
    # Mapbox says how exact the point is; MapTiler, which does not, places houses as OpenStreetMap.
    house = Grade.ROOFTOP if accuracy in ("rooftop", "parcel", "point", "") else Grade.INTERPOLATED
    if accuracy in ("street", "approximate", "intersection"):
        house = Grade.STREET
    street = own if kind in ("address", "street", "road") else word(parts, "address", "street")
    if kind in _FEATURE_LOCALITIES:
        parts.setdefault(kind, own)
    reading = Reading(
        grade=_FEATURES.get(kind) or house_or(house, number, Grade.STREET),
        house_number=number,
        street=street,
        localities=words(parts, *_FEATURE_LOCALITIES),
        postcode=word(parts, "postcode", "postal_code"),
        region=word(parts, "region"),
        country=country,
    )
    box = raw.get("bbox")
    if box and kind != "address":
        west, south, east, north = (float(edge) for edge in box)
        reading["box"] = (west, south, east, north)
    return reading


def _surroundings(raw: Raw) -> tuple[dict[str, str], str]:
    """What the feature lies in, by kind, and its country's code."""
    parts: dict[str, str] = {}
    country = ""
    for each in [raw, *(raw.get("context") or [])]:
        kind = str(each.get("id", "")).partition(".")[0]
        if each is not raw:
            parts.setdefault(kind, word(each, "text"))
        if kind == "country":
            code = word(each, "short_code", "country_code")
            code = code or word(each.get("properties") or {}, "short_code", "country_code")
            country = country_of(code) or country_of(word(each, "text"))
    return parts, country


_TOMTOM = {
    "Point Address": Grade.ROOFTOP,
    "Address Range": Grade.INTERPOLATED,
    "Street": Grade.STREET,
    "Cross Street": Grade.STREET,
    "POI": Grade.STREET,
}
_TOMTOM_AREAS = {
    "PostalCodeArea": Grade.POSTCODE,
    "Neighbourhood": Grade.VILLAGE,
    "MunicipalitySubdivision": Grade.DISTRICT,
    "Municipality": Grade.REGENCY,
    "CountryTertiarySubdivision": Grade.REGENCY,
    "CountrySecondarySubdivision": Grade.REGENCY,
    "CountrySubdivision": Grade.REGION,
}


def tomtom(raw: Raw) -> Reading:
    """A result of TomTom (Search v2) or Azure Maps (Search v1)."""
    parts: Raw = raw["address"]
    grade = _TOMTOM.get(word(raw, "type")) or _TOMTOM_AREAS.get(word(raw, "entityType"))
    # A part of a municipality may be several names, the widest last.
    within = tuple(
        name.strip() for name in word(parts, "municipalitySubdivision").split(",") if name.strip()
    )
    reading = Reading(
        grade=grade or Grade.COUNTRY,
        house_number=word(parts, "streetNumber"),
        street=word(parts, "streetName"),
        localities=within
        + words(
            parts, "neighbourhood", "municipality", "countryTertiarySubdivision",
            "countrySecondarySubdivision",
        ),
        postcode=word(parts, "postalCode"),
        region=word(parts, "countrySubdivisionName", "countrySubdivision"),
        country=country_of(word(parts, "countryCode")),
    )  # fmt: skip
    box = raw.get("boundingBox")
    if box:
        low, high = box["btmRightPoint"], box["topLeftPoint"]
        reading["box"] = (high["lon"], low["lat"], low["lon"], high["lat"])
    return reading


_ARCGIS = {
    "Subaddress": Grade.ROOFTOP,
    "PointAddress": Grade.ROOFTOP,
    "StreetAddress": Grade.INTERPOLATED,
    "StreetAddressExt": Grade.STREET,
    "StreetMidBlock": Grade.STREET,
    "StreetBetween": Grade.STREET,
    "StreetInt": Grade.STREET,
    "StreetName": Grade.STREET,
    "DistanceMarker": Grade.STREET,
    "POI": Grade.STREET,
    "PostalExt": Grade.POSTCODE,
    "PostalLoc": Grade.POSTCODE,
    "Postal": Grade.POSTCODE,
}
_ARCGIS_PLACES = {
    "Block": Grade.VILLAGE,
    "Sector": Grade.VILLAGE,
    "Neighborhood": Grade.VILLAGE,
    "District": Grade.DISTRICT,
    "City": Grade.REGENCY,
    "Metro Area": Grade.REGENCY,
    "Subregion": Grade.REGENCY,
    "Region": Grade.REGION,
    "Territory": Grade.REGION,
    "Country": Grade.COUNTRY,
}


def arcgis(raw: Raw) -> Reading:
    """A candidate of ArcGIS' findAddressCandidates, with all its output fields."""
    parts: Raw = raw["attributes"]
    grade = _ARCGIS.get(word(parts, "Addr_type")) or _ARCGIS_PLACES.get(word(parts, "Type"))
    name = (word(parts, part) for part in ("StPreDir", "StPreType", "StName", "StType", "StDir"))
    return Reading(
        grade=grade or Grade.REGENCY,
        house_number=word(parts, "AddNum"),
        street=" ".join(filter(None, name)),
        localities=words(
            parts, "Block", "Sector", "Nbrhd", "District", "City", "MetroArea", "Subregion"
        ),
        postcode=word(parts, "Postal"),
        region=word(parts, "Region"),
        country=country_of(word(parts, "Country")),
    )


_GEOCODIO = {
    "rooftop": Grade.ROOFTOP,
    "point": Grade.ROOFTOP,
    "range_interpolation": Grade.INTERPOLATED,
    "nearest_rooftop_match": Grade.INTERPOLATED,
    "intersection": Grade.STREET,
    "street_center": Grade.STREET,
    "place": Grade.REGENCY,
    "county": Grade.REGENCY,
    "state": Grade.REGION,
}


def geocodio(raw: Raw) -> Reading:
    """A result of Geocodio."""
    parts: Raw = raw["address_components"]
    return Reading(
        grade=_GEOCODIO.get(word(raw, "accuracy_type"), Grade.REGION),
        house_number=word(parts, "number"),
        street=word(parts, "formatted_street", "street"),
        localities=words(parts, "city", "county"),
        postcode=word(parts, "zip"),
        region=word(parts, "state"),
        country=country_of(word(parts, "country")),
    )


_BING = {
    "Address": Grade.ROOFTOP,
    "RoadBlock": Grade.STREET,
    "RoadIntersection": Grade.STREET,
    "Postcode1": Grade.POSTCODE,
    "Postcode2": Grade.POSTCODE,
    "Neighborhood": Grade.VILLAGE,
    "PopulatedPlace": Grade.REGENCY,
    "AdminDivision3": Grade.DISTRICT,
    "AdminDivision2": Grade.REGENCY,
    "AdminDivision1": Grade.REGION,
    "CountryRegion": Grade.COUNTRY,
}


def bing(raw: Raw) -> Reading:
    """A result of Bing Maps. Number and street come in one line, so the line stands for both."""
    parts: Raw = raw["address"]
    grade = _BING.get(word(raw, "entityType"), Grade.STREET)
    methods = {word(point, "calculationMethod") for point in raw.get("geocodePoints") or []}
    if grade is Grade.ROOFTOP and not methods & {"Rooftop", "Parcel"}:
        grade = Grade.INTERPOLATED
    line = word(parts, "addressLine")
    number, street = _cut(line)
    return Reading(
        grade=grade,
        house_number=number,
        street=street,
        localities=words(parts, "neighborhood", "locality", "adminDistrict2"),
        postcode=word(parts, "postalCode"),
        region=word(parts, "adminDistrict"),
        country=country_of(word(parts, "countryRegionIso2", "countryRegion")),
    )


def _cut(line: str) -> tuple[str, str]:
    """House number and street of a line that begins or ends with the number."""
    first, _, rest = line.partition(" ")
    if first[:1].isdigit() and rest:
        return first, rest
    rest, _, last = line.rpartition(" ")
    return (last, rest) if last[:1].isdigit() and rest else ("", line)
