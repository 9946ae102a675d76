"""Where an address says that it is: the regency, city or province that it names.

Addresses are many and what they name is little, so the words that name something are gathered
first, each kind once; what they mean is looked up in the gazetteer; and set-based SQL then holds
the points of all addresses against it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.geocoding import AddressQuery, countries
from geocrm.geocoding.parse import ANY, CITY, REGION, Mention, parse
from geocrm.places import gazetteer
from geocrm.places.gazetteer import Place

Name = tuple[str, str]  # country, comparable form
_SEPARATOR: Final = "\x1f"
_BREAKS: Final = re.compile(r"[,;\n]")
_SMALL: Final = ("regency", "city")

# The condition that a point is worth testing: it claims a place, and no person vouches for it.
TESTED: Final = """
    s.geom IS NOT NULL AND s.grade NOT IN ('region', 'country')
    AND d.provider IS DISTINCT FROM 'pin' AND d.review IS DISTINCT FROM 'settled'
"""
_TAIL: Final = (
    r"substring(regexp_replace({text}, '\d+', '', 'g') from '(?:[^,;\n]*[,;\n]){{0,2}}[^,;\n]*$')"
)
# The words of `addresses d` that name where it is: its fields, else the end of the typed line, and
# the end of the label in case that names nothing.
KEY: Final = f"""
    concat(d.country, E'\\x1f', d.city, E'\\x1f', d.region, E'\\x1f',
        CASE WHEN d.city IS NULL AND d.region IS NULL
             THEN concat({_TAIL.format(text="d.typed")}, E'\\x1f', {_TAIL.format(text="d.label")})
             ELSE E'\\x1f' END)
"""


class Area(NamedTuple):
    """A place that an address names: a unit by its code, or a circle where it has no outline."""

    code: str
    lon: float
    lat: float
    radius_m: float


class Claim(NamedTuple):
    """What the words of some addresses say: the country, and in it perhaps some areas."""

    key: str
    country: str
    areas: tuple[Area, ...]


def claims(session: Session, among: Collection[int] | None = None) -> list[Claim]:
    """What the addresses of the actor's customers say, or of those among them; three statements."""
    some = "TRUE" if among is None else "s.account_id = ANY(CAST(:among AS bigint[]))"
    values = {} if among is None else {"among": sorted(among)}
    keys = scoped_sql(session, _KEYS.replace("{some}", some), values).scalars().all()
    return resolve(session, keys)


def resolve(session: Session, keys: Sequence[str]) -> list[Claim]:
    """What each of the words means; two statements."""
    said = {key: _said(key) for key in keys}
    names = {
        (country, name)
        for country, groups in said.values()
        for group in groups
        for mention in group
        for name in mention.keys
    }
    found = gazetteer.named(session, sorted(names))
    known = gazetteer.places(session, {id_ for ids in found.values() for id_ in ids})
    meaning = {name: [known[id_] for id_ in ids] for name, ids in found.items()}
    return [
        Claim(key, country, _areas(country, groups, meaning))
        for key, (country, groups) in said.items()
    ]


def as_arrays(found: Iterable[Claim]) -> dict[str, list[Any]]:
    """The claims in columns, a row for each area, for `unnest` in SQL."""
    rows = [(claim.key, *area) for claim in found for area in claim.areas]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    names = ("claim_keys", "claim_codes", "claim_lons", "claim_lats", "claim_radii")
    return {name: list(column) for name, column in zip(names, columns, strict=True)}


def _said(key: str) -> tuple[str, list[list[Mention]]]:
    """Country and mentions of some words: those of the address, then those of its label."""
    country, city, region, typed, label = key.split(_SEPARATOR, 4)
    expected = countries.code_of(country) or country
    fields = list(parse(AddressQuery(city=city, region=region), expected).mentions)
    return expected, [fields + _of_line(typed, expected), _of_line(label, expected)]


def _of_line(line: str, country: str) -> list[Mention]:
    parts = [part.strip(" .-") for part in _BREAKS.split(line)]
    return [m for part in parts if part for m in parse(AddressQuery(text=part), country).mentions]


def _areas(
    country: str, groups: list[list[Mention]], meaning: dict[Name, list[Place]]
) -> tuple[Area, ...]:
    """The areas of the first group that names any: regencies and cities, else provinces."""
    for group in groups:
        small = _meant(country, group, meaning, (CITY, ANY), _SMALL)
        regions = _meant(country, group, meaning, (REGION, ANY), ("region",))
        # Springfield, Illinois: the province tells which of its name is meant.
        within = {place.id for place in regions}
        chosen = [p for p in small if p.region_id in within] or small or regions
        if chosen:
            return tuple(Area(p.code, p.lon, p.lat, float(p.radius_m)) for p in chosen)
    return ()


def _meant(
    country: str,
    mentions: Iterable[Mention],
    meaning: dict[Name, list[Place]],
    slots: tuple[str, ...],
    kinds: tuple[str, ...],
) -> list[Place]:
    found = {
        place.id: place
        for mention in mentions
        if mention.slot in slots
        for name in mention.keys
        for place in meaning.get((country, name), ())
        if place.kind in kinds and _is_called(place, mention.unit)
    }
    return list(found.values())


def _is_called(place: Place, unit: str) -> bool:
    """Whether a place may be what was called a kota or a kabupaten."""
    return not unit or place.kind != "regency" or place.name.lower().startswith(unit)


_KEYS: Final = f"""
    SELECT DISTINCT {KEY} FROM account_scope s JOIN addresses d ON d.account_id = s.account_id
    WHERE {TESTED} AND {{some}} AND {{scope:s}}
"""
