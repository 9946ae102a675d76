"""One answer of each service, in the form it documents: a house that was asked for."""

from typing import Any

from tests.geocoding.providers.town import place

BRAGA = "Jl. Braga 12, Braga, Bandung 40111"
AMIENS = "8 Boulevard du Port, 80000 Amiens"
ARLINGTON = "1109 N Highland St, Arlington, VA 22201"
LON, LAT = 107.6093, -6.9175

_PHOTON = {
    "type": "house",
    "osm_key": "building",
    "housenumber": "12",
    "street": "Jalan Braga",
    "locality": "Braga",
    "district": "Sumur Bandung",
    "city": "Bandung",
    "postcode": "40111",
    "state": "Jawa Barat",
    "country": "Indonesia",
    "countrycode": "ID",
}
_PELIAS = {
    "name": "Jalan Braga 12",
    "layer": "address",
    "accuracy": "point",
    "match_type": "exact",
    "housenumber": "12",
    "street": "Jalan Braga",
    "postalcode": "40111",
    "locality": "Bandung",
    "county": "Kota Bandung",
    "region": "Jawa Barat",
    "country_a": "IDN",
}
_TOMTOM = {
    "type": "Point Address",
    "position": {"lat": LAT, "lon": LON},
    "address": {
        "streetNumber": "12",
        "streetName": "Jalan Braga",
        "municipalitySubdivision": "Braga, Sumur Bandung",
        "municipality": "Bandung",
        "countrySubdivision": "Jawa Barat",
        "postalCode": "40111",
        "countryCode": "ID",
        "freeformAddress": "Jalan Braga 12, Bandung 40111",
    },
}
_FEATURE = {
    "id": "address.1",
    "place_type": ["address"],
    "text": "Jalan Braga",
    "address": "12",
    "place_name": "Jalan Braga 12, Bandung 40111, Indonesia",
    "center": [LON, LAT],
    "geometry": {"type": "Point", "coordinates": [LON, LAT]},
    "properties": {"accuracy": "rooftop"},
    "context": [
        {"id": "locality.1", "text": "Braga"},
        {"id": "postcode.1", "text": "40111"},
        {"id": "place.1", "text": "Bandung"},
        {"id": "region.1", "text": "Jawa Barat"},
        {"id": "country.1", "text": "Indonesia", "short_code": "id"},
    ],
}


def _geojson(properties: dict[str, Any], lon: float = LON, lat: float = LAT) -> dict[str, Any]:
    return {
        "features": [
            {"properties": properties, "geometry": {"type": "Point", "coordinates": [lon, lat]}}
        ]
    }


def _google(name: str, *types: str, short: str = "") -> dict[str, Any]:
    return {"long_name": name, "short_name": short or name, "types": list(types)}


# kind -> what is asked, in which country, and the document that is answered
SAMPLES: dict[str, tuple[str, str, Any]] = {
    "nominatim": (BRAGA, "ID", [place()]),
    "locationiq": (BRAGA, "ID", [{**place(), "place_rank": None}]),
    "photon": (BRAGA, "ID", _geojson(_PHOTON)),
    "pelias": (BRAGA, "ID", _geojson(_PELIAS)),
    "geocode-earth": (BRAGA, "ID", _geojson(_PELIAS)),
    "tomtom": (BRAGA, "ID", {"results": [_TOMTOM]}),
    "azure": (BRAGA, "ID", {"results": [_TOMTOM]}),
    "mapbox": (BRAGA, "ID", {"features": [_FEATURE]}),
    "maptiler": (
        BRAGA,
        "ID",
        {"features": [{**_FEATURE, "properties": {"country_code": "id"}}]},
    ),
    "opencage": (
        BRAGA,
        "ID",
        {
            "status": {"code": 200, "message": "OK"},
            "results": [
                {
                    "formatted": "Jalan Braga 12, Bandung 40111, Indonesia",
                    "geometry": {"lat": LAT, "lng": LON},
                    "confidence": 10,
                    "components": {
                        "_type": "building",
                        "house_number": "12",
                        "road": "Jalan Braga",
                        "village": "Braga",
                        "city": "Bandung",
                        "postcode": "40111",
                        "state": "Jawa Barat",
                        "country_code": "id",
                    },
                }
            ],
        },
    ),
    "ban-france": (
        AMIENS,
        "FR",
        _geojson(
            {
                "label": "8 Boulevard du Port 80000 Amiens",
                "type": "housenumber",
                "housenumber": "8",
                "street": "Boulevard du Port",
                "postcode": "80000",
                "city": "Amiens",
                "context": "80, Somme, Hauts-de-France",
            },
            2.290084,
            49.897442,
        ),
    ),
    "google": (
        BRAGA,
        "ID",
        {
            "status": "OK",
            "results": [
                {
                    "formatted_address": "Jl. Braga No.12, Braga, Kota Bandung 40111, Indonesia",
                    "types": ["street_address"],
                    "geometry": {
                        "location": {"lat": LAT, "lng": LON},
                        "location_type": "ROOFTOP",
                    },
                    "address_components": [
                        _google("12", "street_number"),
                        _google("Jalan Braga", "route"),
                        _google("Braga", "administrative_area_level_4", "political"),
                        _google("Kota Bandung", "administrative_area_level_2", "political"),
                        _google("Jawa Barat", "administrative_area_level_1", "political"),
                        _google("Indonesia", "country", "political", short="ID"),
                        _google("40111", "postal_code"),
                    ],
                }
            ],
        },
    ),
    "here": (
        BRAGA,
        "ID",
        {
            "items": [
                {
                    "title": "Jalan Braga 12, Bandung 40111, Indonesia",
                    "resultType": "houseNumber",
                    "houseNumberType": "PA",
                    "position": {"lat": LAT, "lng": LON},
                    "address": {
                        "countryCode": "IDN",
                        "state": "Jawa Barat",
                        "city": "Bandung",
                        "subdistrict": "Braga",
                        "street": "Jalan Braga",
                        "houseNumber": "12",
                        "postalCode": "40111",
                    },
                }
            ]
        },
    ),
    "arcgis": (
        BRAGA,
        "ID",
        {
            "candidates": [
                {
                    "address": "Jalan Braga 12, Bandung, Jawa Barat, 40111",
                    "location": {"x": LON, "y": LAT},
                    "score": 100,
                    "attributes": {
                        "Addr_type": "PointAddress",
                        "AddNum": "12",
                        "StPreType": "Jalan",
                        "StName": "Braga",
                        "Nbrhd": "Braga",
                        "City": "Bandung",
                        "Region": "Jawa Barat",
                        "Postal": "40111",
                        "Country": "IDN",
                    },
                }
            ]
        },
    ),
    "geocodio": (
        ARLINGTON,
        "US",
        {
            "results": [
                {
                    "formatted_address": "1109 N Highland St, Arlington, VA 22201",
                    "location": {"lat": 38.886665, "lng": -77.094733},
                    "accuracy": 1,
                    "accuracy_type": "rooftop",
                    "address_components": {
                        "number": "1109",
                        "street": "Highland",
                        "formatted_street": "N Highland St",
                        "city": "Arlington",
                        "county": "Arlington County",
                        "state": "VA",
                        "zip": "22201",
                        "country": "US",
                    },
                }
            ]
        },
    ),
    "bing": (
        BRAGA,
        "ID",
        {
            "statusCode": 200,
            "resourceSets": [
                {
                    "resources": [
                        {
                            "name": "Jalan Braga 12, Bandung 40111",
                            "point": {"coordinates": [LAT, LON]},
                            "entityType": "Address",
                            "geocodePoints": [{"calculationMethod": "Rooftop"}],
                            "address": {
                                "addressLine": "Jalan Braga 12",
                                "locality": "Bandung",
                                "adminDistrict": "Jawa Barat",
                                "postalCode": "40111",
                                "countryRegionIso2": "ID",
                            },
                        }
                    ]
                }
            ],
        },
    ),
}
