"""Find addresses on the streets of region packs: the lookups, for one address or thousands.

Names as they are written first; for addresses whose other parts agree with none of the streets
found, names a slip away. Then the houses around the number. A handful of statements a chunk.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from geocrm.geocoding import numbering, street_choice
from geocrm.geocoding.numbering import Placed
from geocrm.geocoding.reading import Lines, Reading
from geocrm.geocoding.street_choice import NUMBER_KNOWN, Candidate, Near
from geocrm.places import gazetteer, spellings, streets
from geocrm.places.street_names import mended_keys
from geocrm.places.streets import Street, Wanted

MIN_FUZZY_KEY = 5
# Countries that streets were once seen of: those need not be asked for again. When their pack is
# gone, a look-up finds nothing.
_SEEN: set[str] = set()


class Located(NamedTuple):
    """The streets that fit an address as well as each other, each with its number if it has one.

    `others` fit less well.
    """

    lines: Lines
    best: tuple[tuple[Candidate, Placed | None], ...]
    others: tuple[Candidate, ...]


class StreetLookups:
    """The lookups of one chunk."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked = False

    def may_know(self, country: str) -> bool:
        """Whether streets of the country may be known."""
        if country not in _SEEN and not self._asked:
            _SEEN.update(streets.countries(self._session))
            self._asked = True
        return country in _SEEN

    def located(self, asked: Mapping[int, Lines]) -> dict[int, Located]:
        """For each address the streets it may stand in; nothing for those that name none known."""
        found = self._as_written(asked)
        ranked = self._ranked(asked, found)
        again = {i: lines for i, lines in asked.items() if not _settled(lines, ranked.get(i))}
        misspelt = self._misspelt(again)
        for i, hits in misspelt.items():
            found[i] = found.get(i, []) + hits
        ranked |= self._ranked({i: asked[i] for i in misspelt}, found)
        return self._numbered(asked, ranked)

    def _as_written(
        self, asked: Mapping[int, Lines]
    ) -> dict[int, list[tuple[Reading, int, Street]]]:
        readings: dict[tuple[int, str], list[Reading]] = defaultdict(list)
        for i, lines in asked.items():
            for reading in lines.readings:
                for key in reading.keys:
                    readings[i, key].append(reading)
        wanted = [
            Wanted(i, asked[i].country, key, asked[i].all_places, asked[i].postcodes)
            for i, key in readings
        ]
        return {
            i: [(reading, 0, street) for street in hits for reading in readings[i, street.key]]
            for i, hits in streets.named(self._session, wanted).items()
        }

    def _misspelt(self, asked: Mapping[int, Lines]) -> dict[int, list[tuple[Reading, int, Street]]]:
        """Streets a slip or two away, for addresses that say where the street lies."""
        readings: dict[tuple[int, str], list[Reading]] = defaultdict(list)
        for i, lines in asked.items():
            for reading in lines.readings if lines.all_places or lines.postcodes else ():
                if reading.keys and len(reading.keys[0]) >= MIN_FUZZY_KEY:
                    readings[i, reading.keys[0]].append(reading)
        names = {(asked[i].country, key) for i, key in readings}
        near = spellings.spelt_like(self._session, "pack_spellings", sorted(names))
        meant: dict[tuple[int, str], list[tuple[Reading, int]]] = defaultdict(list)
        for (i, _), of_key in readings.items():
            for reading in of_key:
                for key in mended_keys(reading.name, asked[i].country):
                    meant[i, key].append((reading, 1))
        for (i, key), of_key in readings.items():
            for like, slips in near.get((asked[i].country, key), ()):
                meant[i, like] += [(reading, slips) for reading in of_key]
        wanted = [
            Wanted(i, asked[i].country, key, asked[i].all_places, asked[i].postcodes)
            for i, key in meant
        ]
        return {
            i: [(r, slips, street) for street in hits for r, slips in meant[i, street.key]]
            for i, hits in streets.named(self._session, wanted).items()
        }

    def _ranked(
        self,
        asked: Mapping[int, Lines],
        found: Mapping[int, Sequence[tuple[Reading, int, Street]]],
    ) -> dict[int, list[Candidate]]:
        """The streets weighed; where the named places lie is asked only where it decides."""
        hits = {i: found[i] for i in asked if found.get(i)}
        ranked = {i: street_choice.candidates(asked[i], hits[i], {}) for i in hits}
        unsure = [i for i in hits if not (ranked[i] and ranked[i][0].locality)]
        names = {
            (asked[i].country, key)
            for i in unsure
            for reading, _, _ in hits[i]
            for key in asked[i].segments(reading)
        }
        places = self._places(names) if names else {}
        return ranked | {
            i: street_choice.candidates(asked[i], hits[i], places.get(asked[i].country, {}))
            for i in unsure
        }

    def _places(self, names: set[tuple[str, str]]) -> dict[str, dict[str, list[Near]]]:
        """Where the gazetteer knows these names, by country and key."""
        ids = gazetteer.named(self._session, sorted(names))
        known = gazetteer.places(
            self._session, (id_ for of_name in ids.values() for id_ in of_name)
        )
        found: dict[str, dict[str, list[Near]]] = defaultdict(dict)
        for (country, key), of_name in ids.items():
            found[country][key] = [
                Near(known[id_].lon, known[id_].lat, known[id_].radius_m) for id_ in of_name
            ]
        return found

    def _numbered(
        self, asked: Mapping[int, Lines], ranked: Mapping[int, Sequence[Candidate]]
    ) -> dict[int, Located]:
        wanted = {
            (c.street.id, c.reading.number.value)
            for of_address in ranked.values()
            for c in of_address
            if c.reading.number is not None
        }
        houses = streets.houses(self._session, wanted)
        between = {street for (street, _), around in houses.items() if not around.at}
        lines = streets.lines(self._session, between) if between else {}
        located: dict[int, Located] = {}
        for i, of_address in ranked.items():
            placed: dict[int, list[Placed]] = {}
            for c in of_address:
                number = c.reading.number
                around = houses.get((c.street.id, number.value)) if number else None
                if number is not None and around is not None:
                    placed[c.street.id] = numbering.place(number, around, lines.get(c.street.id))
            located[i] = _located(asked[i], of_address, placed)
        return located


def _settled(lines: Lines, ranked: Sequence[Candidate] | None) -> bool:
    """Whether the best street agrees with the address and takes up its number, if it has one."""
    if not ranked or not ranked[0].agreed:
        return False
    return ranked[0].reading.number is not None or all(item.number is None for item in lines.items)


def _located(
    lines: Lines, ranked: Sequence[Candidate], placed: Mapping[int, Sequence[Placed]]
) -> Located:
    """Streets that know the number come before others that fit as well."""

    def worth(candidate: Candidate) -> float:
        known = placed.get(candidate.street.id)
        exact = bool(known) and known is not None and known[0].way in ("exact", "range", "sibling")
        return candidate.score + (NUMBER_KNOWN if exact else 0.0)

    order = sorted(ranked, key=lambda c: (-worth(c), c.street.id))
    scored = [(c, worth(c)) for c in order]
    best = street_choice.level(scored)
    chosen: list[tuple[Candidate, Placed | None]] = []
    for candidate in best:
        spots = placed.get(candidate.street.id)
        chosen += [(candidate, spot) for spot in spots] if spots else [(candidate, None)]
    return Located(lines, tuple(chosen), tuple(c for c in order if c not in best))
