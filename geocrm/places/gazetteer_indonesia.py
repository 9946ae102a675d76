"""Indonesian units and postcodes as rows of the gazetteer, with a point and an honest radius."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from geocrm.places import gazetteer_radius as radius
from geocrm.places.gazetteer_names import name_key
from geocrm.places.gazetteer_rows import NameRow, PlaceRow, Rows, weight_of_town

COUNTRY = "ID"
# Length of the ministry's code at each level; a unit's code begins with its parents'.
REGION, REGENCY, DISTRICT, VILLAGE = 2, 4, 6, 10
_PREFIX = {"region": "idn-adm1:", "regency": "idn-adm2:", "district": "idn-adm3:"}
_WEIGHT = {"region": 90.0, "district": 50.0, "village": 30.0, "postcode": 20.0}
TOWN_WEIGHT = 5.0  # Bandung is the city before the regency around it
_TYPE = re.compile(r"^(?:kota|kabupaten)(?: administrasi)? ", re.IGNORECASE)
_SEVERAL = re.compile(r"[/()]")
# A village of the register lies by its district's point; farther away is a slip of the pen.
MAX_FROM_DISTRICT_M = 100_000.0


class _Spot(NamedTuple):
    lon: float
    lat: float
    radius_m: float


def rows(units: pd.DataFrame, aliases: pd.DataFrame, first_id: int) -> Rows:
    """Places and names of the units and of their postcodes, numbered from `first_id`."""
    located = _located(units)
    spots = _spots(located)
    codes = [*units["code"], *_postcodes(located)]
    ids = {code: first_id + i for i, code in enumerate(codes)}
    names = dict(zip(units["code"], units["name"], strict=True))
    places = [*_units(units, spots, ids, names), *_postcode_places(located, spots, ids, names)]
    found = [*_own_names(places), *_aliases(places, aliases)]
    return Rows(places, found, {(COUNTRY, name.key) for name in found if not name.key.isdigit()})


def _located(units: pd.DataFrame) -> pd.DataFrame:
    """Villages with a trustworthy point, and its radius; those lacking one are left out."""
    known = units[units["level"] == "village"].dropna(subset=["lon", "lat"])
    home = units[units["level"] == "district"].set_index("code").loc[known["parent"]]
    points = radius.unit_vectors(known["lon"].to_numpy(float), known["lat"].to_numpy(float))
    off_m = radius.distance_m(
        points, radius.unit_vectors(home["lon"].to_numpy(float), home["lat"].to_numpy(float))
    )
    near = off_m <= MAX_FROM_DISTRICT_M
    return known[near].assign(radius_m=radius.village_radius_m(points[near]))


def _spots(located: pd.DataFrame) -> dict[str, _Spot]:
    """Point and radius by code: of villages their own, of larger units and postcodes from these."""
    own = located[["lon", "lat", "radius_m"]].itertuples(index=False, name=None)
    spots = {code: _Spot(*spot) for code, spot in zip(located["code"], own, strict=True)}
    for key in (
        *(located["code"].str[:n] for n in (REGION, REGENCY, DISTRICT)),
        located["postcode"],
    ):
        spots |= _grouped(located, key)
    return spots


def _grouped(located: pd.DataFrame, key: pd.Series) -> dict[str, _Spot]:
    group, names = pd.factorize(key)
    lon, lat = located["lon"].to_numpy(float), located["lat"].to_numpy(float)
    points = radius.unit_vectors(lon, lat)
    chosen = radius.centres(points, group, len(names))
    far_m = radius.distance_m(points, points[chosen[group]]) + located["radius_m"].to_numpy(float)
    reach_m = radius.reach_m(far_m, group, len(names))
    return {
        str(name): _Spot(float(lon[at]), float(lat[at]), float(reach))
        for name, at, reach in zip(names, chosen, reach_m, strict=True)
    }


def _postcodes(located: pd.DataFrame) -> list[str]:
    return sorted(code for code in located["postcode"].unique() if code)


def _units(
    units: pd.DataFrame,
    spots: Mapping[str, _Spot],
    ids: Mapping[str, int],
    names: Mapping[str, str],
) -> Iterator[PlaceRow]:
    columns = units[["code", "level", "postcode", "population"]].itertuples(index=False, name=None)
    for code, level, postcode, population in columns:
        # A village without a point stands where its district does, with the district's radius.
        spot = next((spots[code[:n]] for n in (VILLAGE, 6, 4, 2) if code[:n] in spots), None)
        if spot is not None:
            prefix = _PREFIX.get(level, "idn-adm4:")
            yield _place(
                code,
                prefix + dotted(code),
                level,
                names[code],
                postcode,
                population,
                spot,
                ids,
                names,
            )


def _postcode_places(
    located: pd.DataFrame,
    spots: Mapping[str, _Spot],
    ids: Mapping[str, int],
    names: Mapping[str, str],
) -> Iterator[PlaceRow]:
    members: dict[str, list[str]] = defaultdict(list)
    for postcode, code in located[["postcode", "code"]].itertuples(index=False, name=None):
        members[postcode].append(code)
    for postcode in _postcodes(located):
        shared = _common_unit(members[postcode])
        place = _place(
            shared, f"idn-post:{postcode}", "postcode", postcode, "", 0, spots[postcode], ids, names
        )
        yield place._replace(
            id=ids[postcode],
            label=f"{postcode}, {_label(shared, '', names)}",
            district_id=ids.get(shared[:DISTRICT]) if len(shared) >= DISTRICT else None,
            regency_id=ids.get(shared[:REGENCY]) if len(shared) >= REGENCY else None,
            region_id=ids.get(shared[:REGION]) if len(shared) >= REGION else None,
        )


def _common_unit(codes: list[str]) -> str:
    """The smallest unit that holds all the villages; the empty code when they share no province."""
    for size in (DISTRICT, REGENCY, REGION):
        shared = {code[:size] for code in codes}
        if len(shared) == 1:
            return shared.pop()
    return ""


def _place(
    code: str,
    public_code: str,
    kind: str,
    name: str,
    postcode: str,
    population: int,
    spot: _Spot,
    ids: Mapping[str, int],
    names: Mapping[str, str],
) -> PlaceRow:
    return PlaceRow(
        id=ids.get(code, 0),
        code=public_code,
        kind=kind,
        country=COUNTRY,
        name=name,
        label=_label(code, postcode, names),
        postcode_id=ids.get(postcode),
        district_id=ids.get(code[:DISTRICT]) if len(code) > DISTRICT else None,
        regency_id=ids.get(code[:REGENCY]) if len(code) > REGENCY else None,
        region_id=ids.get(code[:REGION]) if len(code) > REGION else None,
        population=population,
        lon=spot.lon,
        lat=spot.lat,
        radius_m=int(np.ceil(spot.radius_m)),
    )


def dotted(code: str) -> str:
    """The ministry's code with dots: 3273011001 becomes 32.73.01.1001."""
    return ".".join(filter(None, (code[:2], code[2:4], code[4:6], code[6:])))


def _label(code: str, postcode: str, names: Mapping[str, str]) -> str:
    sizes = [n for n in (VILLAGE, DISTRICT, REGENCY, REGION) if n <= len(code)]
    parts = [names[code[:n]] for n in sizes if code[:n] in names]
    if postcode and parts:
        parts[-1] += f" {postcode}"
    return ", ".join([*parts, "Indonesia"])


def _own_names(places: list[PlaceRow]) -> Iterator[NameRow]:
    for place in places:
        variants = (
            {place.name, _TYPE.sub("", place.name)} if place.kind == "regency" else {place.name}
        )
        for name in list(variants):
            variants.update(part for part in _SEVERAL.split(name) if len(part.strip()) > 3)
        for key in {name_key(name, COUNTRY) for name in variants} - {""}:
            yield NameRow(key, COUNTRY, place.id, _weight(place))


def _weight(place: PlaceRow) -> float:
    """How likely a person who types a name of the place means it."""
    if place.kind != "regency":
        return _WEIGHT[place.kind]
    return weight_of_town(place.population) + TOWN_WEIGHT * place.name.startswith("Kota ")


def _aliases(places: list[PlaceRow], aliases: pd.DataFrame) -> Iterator[NameRow]:
    by_code = {place.code: place for place in places}
    for code, name in aliases[["code", "name"]].itertuples(index=False, name=None):
        if code in by_code:
            place = by_code[code]
            yield NameRow(name_key(name, COUNTRY), COUNTRY, place.id, _weight(place))
