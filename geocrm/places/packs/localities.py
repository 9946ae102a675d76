"""The localities of a pack: what an address may name beside street and number, in comparable form.

A ground says what lies around a point; an address adds the city and the parts it names itself.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from geocrm.places.gazetteer_names import name_key

_MUNICIPAL_LEVEL = 7
# In Indonesia 5 is the regency or city, which every address names.
_MUNICIPAL_LEVEL_OF = {"ID": 5}
_REGION_LEVEL = 4
_PART_KINDS = ("suburb", "quarter", "neighbourhood", "hamlet", "isolated_dwelling")
_INDONESIAN_TYPE = re.compile(
    r"^(?:kota administrasi|kota|kabupaten|kecamatan|kelurahan|desa|kab|kec|kel)\.? ", re.IGNORECASE
)


class Named(NamedTuple):
    """An area, settlement or unit: `level` is the admin level, `kind` that of a settlement."""

    name: str
    other_names: tuple[str, ...] = ()
    level: int = 0
    kind: str = ""


class Ground(NamedTuple):
    """What lies around a point. Areas from the largest to the smallest, settlements nearest first.

    `regions` are units of our own boundaries, largest first; `town` is what mail is addressed to.
    """

    country: str
    whole_country: Named
    areas: tuple[Named, ...]
    regions: tuple[Named, ...]
    town: Named | None
    near: tuple[Named, ...]
    far: tuple[Named, ...]
    known_keys: tuple[str, ...] = ()  # of the gazetteer's place, where the pack knows none


class Locality(NamedTuple):
    """A row of pack_localities without its id."""

    country: str
    name: str
    label: str
    keys: tuple[str, ...]
    wider: tuple[str, ...]


def locality(ground: Ground, city: str = "", parts: Iterable[str] = ()) -> Locality:
    """What a point on the ground lies in, when its address names this city and these parts."""
    lowest = _MUNICIPAL_LEVEL_OF.get(ground.country, _MUNICIPAL_LEVEL)
    municipal = [area for area in ground.areas if area.level >= lowest]
    larger = [area for area in ground.areas if area.level < lowest]
    named = [*municipal, *ground.near, *([ground.town] if ground.town else [])]
    if ground.country == "ID":
        named += [unit for unit in ground.regions if unit.level > 1]
    written = [Named(value) for value in (city, *parts) if value]
    keys = {*_keys(named + written, ground.country), *ground.known_keys}
    around = [*larger, *ground.regions, *ground.far, ground.whole_country]
    wider = set(_keys(around, ground.country)) - keys
    name = city or _town_name(ground, municipal)
    return Locality(
        ground.country,
        name,
        _label(ground, municipal, larger, name),
        tuple(sorted(keys)),
        tuple(sorted(wider)),
    )


def merged(localities: Iterable[Locality]) -> Locality:
    """One locality that is all of them: what a street across several quarters lies in."""
    several = list(localities)
    first = several[0]
    if len(several) == 1:
        return first
    keys = {key for one in several for key in one.keys}
    wider = {key for one in several for key in one.wider} - keys
    common = [
        part
        for part in first.label.split(", ")
        if all(part in o.label.split(", ") for o in several)
    ]
    label = ", ".join(common) or first.label
    return Locality(first.country, first.name, label, tuple(sorted(keys)), tuple(sorted(wider)))


def _town_name(ground: Ground, municipal: list[Named]) -> str:
    if ground.town:
        return ground.town.name
    whole = [area for area in municipal if area.level <= 8] or municipal or list(ground.areas)
    if whole:
        return whole[-1].name
    return next((place.name for place in ground.near), "") or ground.whole_country.name


def _label(ground: Ground, municipal: list[Named], larger: list[Named], name: str) -> str:
    fine = [place.name for place in ground.near if place.kind in _PART_KINDS][:1]
    fine = fine or [area.name for area in municipal if area.level > 8][-1:]
    town = ground.town.name if ground.town else ""
    region = [area.name for area in larger if area.level == _REGION_LEVEL][:1]
    region = region or [unit.name for unit in ground.regions][:1]
    return ", ".join(dict.fromkeys(p for p in (*fine, name, town, *region) if p))


def _keys(named: Iterable[Named], country: str) -> Iterator[str]:
    for one in named:
        for name in (one.name, *one.other_names):
            yield from _forms(name, country)


def _forms(name: str, country: str) -> Iterator[str]:
    key = name_key(name, country)
    if key:
        yield key
    if country == "ID":
        bare = name_key(_INDONESIAN_TYPE.sub("", name), country)
        if bare and bare != key:
            yield bare
