"""Countries, regions and GeoNames cities of the world as rows of the gazetteer."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from geocrm.places import gazetteer_radius as radius
from geocrm.places.gazetteer_names import name_key
from geocrm.places.gazetteer_rows import NameRow, PlaceRow, Rows, weight_of_town

# Towns below it are known by their own name only, and a slip in it is not mended: three in four
# places of the world, one in fifty people.
MIN_POPULATION_FOR_VARIANTS = 15_000
MIN_VARIANT_LENGTH = 4  # shorter ones are airport codes
MIN_RADIUS_M = 1_000  # of a region or country, however small: its point is only that good
COUNTRY_WEIGHT, REGION_WEIGHT = 100.0, 85.0
EARTH_KM2_TO_RADIUS_M = 1_000 / math.sqrt(math.pi)


def rows(
    countries: list[dict[str, Any]],
    regions: pd.DataFrame,
    cities: list[dict[str, Any]],
    indonesia: Rows,
    first_id: int,
) -> Rows:
    """Places and names of the world, numbered from `first_id`."""
    names_of = {country["iso"]: country["name"] for country in countries}
    cities = [city for city in cities if city["countrycode"] in names_of]
    region_places, linked = _regions(regions, names_of, first_id)
    next_id = first_id + len(region_places)
    known = {name.key for name in indonesia.names}
    kept = [city for city in cities if _adds(city, known)]
    city_places = _at_home(_cities(kept, names_of, linked, next_id), indonesia.places)
    country_places = _countries(countries, cities, next_id + len(city_places))
    found = [
        *_region_names(region_places, regions),
        *_city_names(city_places, kept),
        *(NameRow(name_key(p.name), p.country, p.id, COUNTRY_WEIGHT) for p in country_places),
    ]
    large = {p.id for p in city_places if p.population >= MIN_POPULATION_FOR_VARIANTS}
    large |= {p.id for p in (*region_places, *country_places)}
    by_id = {p.id: p for p in (*city_places, *region_places, *country_places)}
    mendable = {
        (n.country, n.key)
        for n in found
        if n.place_id in large and n.key == name_key(by_id[n.place_id].name)
    }
    return Rows([*region_places, *city_places, *country_places], found, mendable)


def _adds(city: dict[str, Any], known_indonesian: set[str]) -> bool:
    """Whether GeoNames adds it: in Indonesia only what is no unit, such as Nusa Dua."""
    return city["countrycode"] != "ID" or name_key(city["name"], "ID") not in known_indonesian


def _at_home(cities: list[PlaceRow], indonesian: list[PlaceRow]) -> list[PlaceRow]:
    """The cities, those of Indonesia put into the units of the village nearest to them."""
    villages = [place for place in indonesian if place.kind == "village"]
    if not villages:
        return cities
    tree = cKDTree(_points(villages))
    local = [i for i, city in enumerate(cities) if city.country == "ID"]
    if local:
        nearest = np.asarray(tree.query(_points([cities[i] for i in local]))[1])
        for i, at in zip(local, nearest, strict=True):
            home = villages[at]
            cities[i] = cities[i]._replace(
                label=", ".join([cities[i].name, *home.label.split(", ")[1:]]),
                district_id=home.district_id,
                regency_id=home.regency_id,
                region_id=home.region_id,
            )
    return cities


def _points(places: list[PlaceRow]) -> radius.Floats:
    return radius.unit_vectors(
        np.array([place.lon for place in places]), np.array([place.lat for place in places])
    )


def _regions(
    regions: pd.DataFrame, names_of: dict[str, str], first_id: int
) -> tuple[list[PlaceRow], dict[tuple[str, str], PlaceRow]]:
    """Region places, and those that GeoNames has too by its (country, admin1) code."""
    places, linked = [], {}
    columns = ["country", "code", "geonames_code", "name", "lon", "lat", "radius_m"]
    known = regions[regions["country"].isin(names_of.keys())]
    for i, row in enumerate(known[columns].itertuples(index=False, name=None)):
        country, code, geonames_code, name, lon, lat, radius_m = row
        place = PlaceRow(
            first_id + i,
            f"wld-adm1:{code}",
            "region",
            country,
            name,
            f"{name}, {names_of[country]}",
            None,
            None,
            None,
            None,
            0,
            lon,
            lat,
            max(int(radius_m), MIN_RADIUS_M),
        )
        places.append(place)
        if geonames_code:
            linked[country, geonames_code] = place
    return places, linked


def _cities(
    cities: list[dict[str, Any]],
    names_of: dict[str, str],
    linked: dict[tuple[str, str], PlaceRow],
    first_id: int,
) -> list[PlaceRow]:
    radii_m = radius.city_radius_m(np.array([city["population"] for city in cities], float))
    places = []
    for i, (city, radius_m) in enumerate(zip(cities, radii_m, strict=True)):
        country = city["countrycode"]
        region = linked.get((country, city["admin1code"]))
        parts = [city["name"], *([region.name] if region else []), names_of[country]]
        places.append(
            PlaceRow(
                first_id + i,
                f"geonames:{city['geonameid']}",
                "city",
                country,
                city["name"],
                ", ".join(parts),
                None,
                None,
                None,
                region.id if region else None,
                city["population"],
                city["longitude"],
                city["latitude"],
                int(radius_m),
            )
        )
    return places


def _countries(
    countries: list[dict[str, Any]], cities: list[dict[str, Any]], first_id: int
) -> list[PlaceRow]:
    """Each country at the city nearest the middle of its cities, reaching over most of them."""
    code, names = pd.factorize(np.array([city["countrycode"] for city in cities]))
    lon = np.array([city["longitude"] for city in cities])
    lat = np.array([city["latitude"] for city in cities])
    points = radius.unit_vectors(lon, lat)
    chosen = radius.centres(points, code, len(names))
    reach_m = radius.reach_m(radius.distance_m(points, points[chosen[code]]), code, len(names))
    at = {name: (lon[c], lat[c], r) for name, c, r in zip(names, chosen, reach_m, strict=True)}
    places: list[PlaceRow] = []
    for country in countries:
        if country["iso"] in at:
            x, y, reach = at[country["iso"]]
            # Cities leave out empty quarters: at least the circle of the country's own area.
            least = EARTH_KM2_TO_RADIUS_M * math.sqrt(country["areakm2"] or 1)
            places.append(
                PlaceRow(
                    first_id + len(places),
                    f"wld-adm0:{country['iso3']}",
                    "country",
                    country["iso"],
                    country["name"],
                    country["name"],
                    None,
                    None,
                    None,
                    None,
                    country["population"],
                    float(x),
                    float(y),
                    int(max(reach, least, MIN_RADIUS_M)),
                )
            )
    return places


def _region_names(places: list[PlaceRow], regions: pd.DataFrame) -> Iterator[NameRow]:
    also = (
        regions["alternates"]
        + "|"
        + regions["geonames_code"].where(regions["geonames_code"].str.isalpha(), "")
    )
    alternates = dict(zip("wld-adm1:" + regions["code"], also, strict=True))
    for place in places:
        for key in {name_key(n) for n in (place.name, *alternates[place.code].split("|"))} - {""}:
            yield NameRow(key, place.country, place.id, REGION_WEIGHT)


def _city_names(places: list[PlaceRow], cities: list[dict[str, Any]]) -> Iterator[NameRow]:
    for place, city in zip(places, cities, strict=True):
        country = place.country
        keys = {name_key(place.name, country)}
        if place.population >= MIN_POPULATION_FOR_VARIANTS:
            variants = {name_key(name, country) for name in city["alternatenames"]}
            keys |= {k for k in variants if len(k) >= MIN_VARIANT_LENGTH or not k.isascii()}
        weight = weight_of_town(place.population)
        for key in keys - {""}:
            yield NameRow(key, country, place.id, weight)
