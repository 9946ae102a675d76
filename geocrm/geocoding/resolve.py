"""Choose among the places that bear the mentioned names: the one most mentions agree on.

Pure: mentions and candidates in, a decision out, so that one address and a million get the same.
A place is supported by a mention when the mention names it or a place it lies in. When several
places are supported alike, none of them is picked: the answer is what they have in common.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from geocrm.geocoding.parse import ANY, CITY, DISTRICT, POSTCODE, REGION, VILLAGE, Mention
from geocrm.places.gazetteer import Place

# How well a place of a kind answers to a slot of the address; what is missing does not at all.
FIT: dict[str, dict[str, float]] = {
    VILLAGE: {"village": 1.0, "city": 0.6, "district": 0.5},
    DISTRICT: {"district": 1.0, "city": 0.6, "regency": 0.4},
    CITY: {"regency": 1.0, "city": 1.0, "region": 0.9, "district": 0.6, "village": 0.4},
    REGION: {"region": 1.0, "regency": 0.5},
    POSTCODE: {"postcode": 1.0},
    # A name without a label means the large place of that name, not one of the villages.
    ANY: {"region": 1.0, "regency": 1.0, "city": 1.0, "district": 0.8, "village": 0.8},
}
WRONG_UNIT = 0.6  # Kabupaten where the address says Kota, or the other way round
SLIPS = {0: 1.0, 1: 0.85, 2: 0.7}
FURTHER_WORD = 0.08  # in a line: Rasi Satu rather than Rasi, with Satu left over
INSIDE_CIRCLE = 0.8  # a region known by its circle only may hold the city, or just touch it
TIE = 0.05
COMMON = 6  # places of a name from which it pays to look at those that agree only
RUNNER_UP = 0.75  # of the best score
DOMINANT = 5  # times the people of the next city of the name: then the large one is meant
DOMINANT_MIN_POPULATION = 15_000
TOGETHER = 3.0  # namesakes within so many radii are one answer with a larger radius
MIN_LONE_KEY = 5
SMALL = frozenset({"village", "district"})
POINTS = frozenset({"village", "city"})
# Units small enough to be answered together, by the largest; their areas cut across each other.
_SIZE = {"district": 0, "postcode": 1, "village": 2}
MAX_ALTERNATIVES = 5
EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius


class Hit(NamedTuple):
    """A place whose name is so many slips away from a mention's."""

    place: Place
    slips: int
    quality: float


Matches = Sequence[tuple[Mention, Sequence[Hit]]]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the mentions agree on.

    `place_id` None is nothing; a common parent may be no candidate, so it comes by id. `radius_m`
    replaces the place's own when namesakes are answered together. `ambiguous`: the alternatives are
    as well supported. `agreed` are the mentions (by segment) behind the answer.
    """

    place_id: int | None = None
    in_country: bool = False
    radius_m: int | None = None
    alternatives: tuple[Place, ...] = ()
    agreed: frozenset[int] = frozenset()
    respelt: frozenset[int] = frozenset()
    ambiguous: bool = False


NOTHING = Decision()


def hits_of(mention: Mention, slips: Mapping[int, int], places: Mapping[int, Place]) -> list[Hit]:
    """The places (with slips) that can be what the mention was given as."""
    found = []
    fit = FIT[mention.slot]
    for id_, count in slips.items():
        place = places[id_]
        quality = fit.get(place.kind, 0.0) * SLIPS[count]
        if mention.unit and place.kind == "regency" and not _called(place, mention.unit):
            quality *= WRONG_UNIT
        if quality > 0:
            if not mention.whole:
                quality += FURTHER_WORD * (mention.end - mention.start - 1)
            found.append(Hit(place, count, quality))
    return found


def resolve(matches: Matches) -> Decision:
    """The decision for one address."""
    names = _by_place(_agreeing(matches))
    if not names:
        return NOTHING
    backed = _best_backed(names)
    if not backed:
        return NOTHING
    level = [b for b in backed if b.score >= backed[0].score - TIE]
    top = _outermost([b.place for b in level])
    agreed = frozenset(s.mention.segment for b in level for s in b.supports)
    respelt = frozenset(s.mention.segment for b in level for s in b.supports if s.slips)
    place_id, in_country, radius_m, others = _settle(top)
    if len(top) == 1:
        others = _runners_up(backed, top[0])
    ambiguous = len(top) > 1 and not _dominant(top[0], top[1:])
    return Decision(
        place_id, in_country, radius_m, tuple(others[:MAX_ALTERNATIVES]), agreed, respelt, ambiguous
    )


class _Support(NamedTuple):
    mention: Mention
    place: Place
    quality: float
    slips: int


class _Backed(NamedTuple):
    place: Place
    supports: tuple[_Support, ...]
    score: float


def _by_place(matches: Matches) -> dict[int, list[_Support]]:
    """For each place the mentions that name it, with their quality."""
    found: dict[int, list[_Support]] = {}
    for mention, hits in matches:
        for place, slips, quality in hits:
            found.setdefault(place.id, []).append(_Support(mention, place, quality, slips))
    return found


def _agreeing(matches: Matches) -> Matches:
    """Of the many villages of a common name those that agree with another mention, if any does."""
    if len(matches) < 2:
        return matches
    known = {
        hit.place.id
        for _, hits in matches
        for hit in hits
        if len(hits) <= COMMON or hit.place.kind not in POINTS
    }
    agreed: list[tuple[Mention, Sequence[Hit]]] = []
    for mention, hits in matches:
        if len(hits) > COMMON:
            kept = [hit for hit in hits if not known.isdisjoint(_chain(hit.place))]
            agreed.append((mention, kept or hits))
        else:
            agreed.append((mention, hits))
    return agreed


def _called(place: Place, unit: str) -> bool:
    return place.name.lower().startswith(unit)


def _best_backed(names: Mapping[int, list[_Support]]) -> list[_Backed]:
    """The best supported places, best first, and those that come near (RUNNER_UP).

    What the places around a place are worth together bounds its score, so most need no closer look.
    """
    worth = {id_: max(s.quality for s in supports) for id_, supports in names.items()}
    places = [supports[0].place for supports in names.values()]
    regions = [p for p in places if p.kind == "region" and p.country != "ID"]
    spare = sum(worth[region.id] for region in regions) * INSIDE_CIRCLE
    bounds = sorted(
        ((sum(worth.get(i, 0.0) for i in _chain(p) if i is not None) + spare, p) for p in places),
        key=lambda pair: (-pair[0], pair[1].id),
    )
    backed: list[_Backed] = []
    best = 0.0
    for bound, place in bounds:
        if bound < RUNNER_UP * best:
            break
        found = _backing(place, names, regions)
        if _trustworthy(found):
            backed.append(found)
            best = max(best, found.score)
    backed.sort(key=lambda b: (-b.score, b.place.id))
    return [b for b in backed if b.score >= RUNNER_UP * best]


def _chain(place: Place) -> tuple[int | None, ...]:
    """The place and what it lies in."""
    return (place.id, place.postcode_id, place.district_id, place.regency_id, place.region_id)


def _backing(
    place: Place, names: Mapping[int, list[_Support]], regions: Sequence[Place]
) -> _Backed:
    """The mentions that agree with the place: each counts once, each place answers one of them."""
    chain = _chain(place)
    possible = [s for id_ in chain if id_ is not None for s in names.get(id_, ())]
    for region in regions:
        if region.id not in chain and place.kind == "city" and _holds(region, place):
            possible += [
                _Support(s.mention, region, s.quality * INSIDE_CIRCLE, s.slips)
                for s in names[region.id]
            ]
    if len(possible) > 1:
        possible.sort(
            key=lambda s: (-s.quality, s.mention.start - s.mention.end, s.mention.segment)
        )
    kept: list[_Support] = []
    for support in possible:
        if all(s.place.id != support.place.id and not _overlap(s, support) for s in kept):
            kept.append(support)
    return _Backed(place, tuple(kept), sum(s.quality for s in kept))


def _overlap(a: _Support, b: _Support) -> bool:
    if a.mention.segment != b.mention.segment:
        return False
    if a.mention.whole or b.mention.whole:
        return True
    return a.mention.start < b.mention.end and b.mention.start < a.mention.end


def _trustworthy(backed: _Backed) -> bool:
    """Whether the names suffice: one word out of a line, or one misspelt, is no village yet."""
    if not any(s.place.id == backed.place.id for s in backed.supports):
        return False
    if len(backed.supports) > 1:
        return True
    (only,) = backed.supports
    if only.mention.whole and not only.slips:
        return True
    if backed.place.kind in SMALL or len(only.mention.keys[0]) < MIN_LONE_KEY:
        return False
    return only.mention.whole or only.mention.end == only.mention.size


def _outermost(places: Sequence[Place]) -> list[Place]:
    """Without the places that lie in another of them, best known first."""
    # New York, Toledo, Prague: whoever says no more means the city, not what lies around it.
    cities = [p for p in places if p.kind == "city" and p.population >= DOMINANT_MIN_POPULATION]
    around = {
        region.id
        for region in places
        if region.kind == "region" and region.country != "ID"
        for city in cities
        if city.region_id == region.id or _holds(region, city)
    }
    places = [place for place in places if place.id not in around]
    ids = {place.id for place in places}
    outer = [place for place in places if not ids.intersection(_parents(place))]
    large = [place for place in outer if place.kind == "region" and place.country != "ID"]
    outer = [p for p in outer if p.kind != "city" or not any(_holds(r, p) for r in large)]
    return sorted(outer, key=prominence)


def prominence(place: Place) -> tuple[int, bool, int, int]:
    """Sorts first what people mean: the larger unit, the town before the country around it."""
    rural = not place.name.startswith("Kota ")
    return _SIZE.get(place.kind, 3), rural, -place.population, place.id


def _holds(around: Place, place: Place) -> bool:
    """Whether a circle holds the point of a place; the unit itself may not be linked to it."""
    return _apart_m(around, place) <= around.radius_m


def _parents(place: Place) -> tuple[int | None, ...]:
    return (place.district_id, place.regency_id, place.region_id)


def _settle(top: Sequence[Place]) -> tuple[int | None, bool, int | None, list[Place]]:
    """Place, whether it is the whole country, a radius of its own, and the other candidates."""
    first, others = top[0], list(top[1:])
    if not others or _dominant(first, others):
        return first.id, False, None, others
    joint_m = max(_apart_m(first, other) + other.radius_m for other in others)
    if joint_m <= TOGETHER * max(place.radius_m for place in top) and _alike(top):
        return first.id, False, int(max(joint_m, first.radius_m)), others
    for level in ("district_id", "regency_id", "region_id"):
        shared = {_at_level(place, level) for place in top}
        if len(shared) == 1 and None not in shared:
            return shared.pop(), False, None, list(top)
    return None, True, None, list(top)


def _at_level(place: Place, level: str) -> int | None:
    """The unit of the level that the place lies in, or is."""
    own: int | None = getattr(place, level)
    return place.id if own is None and level == f"{place.kind}_id" else own


def _alike(places: Iterable[Place]) -> bool:
    kinds = {place.kind for place in places}
    return len(kinds) == 1 or kinds <= _SIZE.keys()


def _dominant(first: Place, others: Sequence[Place]) -> bool:
    if first.kind == "city" and all(
        _apart_m(first, o) + o.radius_m < first.radius_m for o in others
    ):
        return True
    if first.kind != "city" or any(other.kind != "city" for other in others):
        return False
    next_largest = max(other.population for other in others)
    return first.population >= max(DOMINANT * next_largest, DOMINANT_MIN_POPULATION)


def _runners_up(backed: Sequence[_Backed], chosen: Place) -> list[Place]:
    """Places nearly as well supported; not those around the chosen one or in it."""
    around = set(_chain(chosen))
    return [
        b.place
        for b in sorted(backed, key=lambda b: (-b.score, prominence(b.place)))
        if b.place.id not in around and chosen.id not in _chain(b.place)
    ]


def _apart_m(a: Place, b: Place) -> float:
    """Great-circle distance."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b.lon - a.lon) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))
