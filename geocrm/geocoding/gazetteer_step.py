"""Find addresses on the gazetteer: postcode, village, locality, region.

Exact names first for all addresses at once; for those with a part unexplained, pieces of lines and
misspelt names; then the villages of the district that was found, compared more generously. A
handful of statements a chunk.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein
from sqlalchemy.orm import Session

from geocrm.geocoding import confidence
from geocrm.geocoding.address import Alternative, Answer, Grade, Note
from geocrm.geocoding.parse import ANY, VILLAGE, Mention, Parsed, pieces, street_pieces
from geocrm.geocoding.resolve import Decision, Hit, hits_of, resolve
from geocrm.places import gazetteer
from geocrm.places.gazetteer import ATTRIBUTION, Child, Place
from geocrm.places.spellings import Name

PROVIDER = "gazetteer"
LICENCE = "MIT; GeoNames: CC BY 4.0; Natural Earth: public domain"
GRADES = {
    "village": Grade.VILLAGE,
    "postcode": Grade.POSTCODE,
    "district": Grade.DISTRICT,
    "regency": Grade.REGENCY,
    "city": Grade.REGENCY,
    "region": Grade.REGION,
    "country": Grade.COUNTRY,
}
# A quarter of the letters may be wrong once the district is known: a dozen villages to tell apart.
SLIPS_PER_LETTER_IN_DISTRICT = 0.25
MIN_PIECE = 3
MAX_REMEMBERED = 150_000  # names or places; about 100 MB


@dataclass(slots=True)
class Memory:
    """What was fetched of the gazetteer, for chunks of one batch that follow each other.

    It must not outlive the batch: a gazetteer that is loaded anew is not noticed.
    """

    ids: dict[Name, list[int]] = field(default_factory=dict)
    near: dict[Name, list[tuple[str, int]]] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    villages: dict[int, list[Child]] = field(default_factory=dict)

    def bounded(self) -> "Memory":
        """Itself, or an empty one when it has grown large."""
        if len(self.ids) + len(self.near) > MAX_REMEMBERED or len(self.places) > MAX_REMEMBERED:
            return Memory()
        return self


class GazetteerLookups:
    """The lookups of one chunk, each name and place fetched once."""

    def __init__(self, session: Session, memory: Memory | None = None) -> None:
        self._session = session
        known = memory or Memory()
        self._ids, self._near = known.ids, known.near
        self._places, self._villages = known.places, known.villages
        self._cached: dict[tuple[object, ...], list[Hit]] = {}
        # Names of each address that may be misspelt: its own, not those of others in the chunk.
        self._tolerant: dict[int, set[Name]] = {}

    def answers(self, asked: Sequence[Parsed]) -> list[Answer]:
        """The answers in the order of the addresses."""
        mentions = [list(parsed.mentions) for parsed in asked]
        self._look_up(_names(zip(asked, mentions, strict=True)))
        decisions = [resolve(self._matches(i, p, mentions[i])) for i, p in enumerate(asked)]
        self._mend(asked, mentions, decisions)
        self._mend_in_district(asked, mentions, decisions)
        nowhere = {p.country for p, d in zip(asked, decisions, strict=True) if d.place_id is None}
        fallback = gazetteer.countries(self._session, nowhere) if nowhere else {}
        self._fetch(d.place_id for d in decisions if d.place_id is not None)
        return [
            self._answer(parsed, decision, fallback.get(parsed.country))
            for parsed, decision in zip(asked, decisions, strict=True)
        ]

    def _look_up(self, names: Iterable[Name]) -> None:
        missing = {name for name in names if name not in self._ids}
        found = gazetteer.named(self._session, sorted(missing))
        self._ids |= {name: found.get(name, []) for name in missing}
        self._fetch(i for ids in found.values() for i in ids)

    def _fetch(self, ids: Iterable[int]) -> None:
        missing = {id_ for id_ in ids if id_ not in self._places}
        self._places |= gazetteer.places(self._session, missing)

    def _matches(
        self, number: int, parsed: Parsed, mentions: Iterable[Mention]
    ) -> list[tuple[Mention, list[Hit]]]:
        tolerant = self._tolerant.get(number, set())
        return [(mention, self._hits(parsed.country, mention, tolerant)) for mention in mentions]

    def _hits(self, country: str, mention: Mention, tolerant: set[Name]) -> list[Hit]:
        """Places that bear one of the names, or one spelt like it, each with its fewest slips."""
        words = 0 if mention.whole else mention.end - mention.start
        mended = [key for key in mention.keys if (country, key) in tolerant]
        same = (country, mention.keys, mention.slot, mention.unit, words, *mended)
        known = self._cached.get(same)
        if known is not None:
            return known
        best: dict[int, int] = {}
        for key in mention.keys:
            near = self._near[country, key] if key in mended else []
            for like, slips in [(key, 0), *near]:
                for id_ in self._ids.get((country, like), ()):
                    best[id_] = min(slips, best.get(id_, slips))
        hits = hits_of(mention, best, self._places)
        self._cached[same] = hits
        return hits

    def _mend(
        self, asked: Sequence[Parsed], mentions: list[list[Mention]], decisions: list[Decision]
    ) -> None:
        """Second look at addresses with a part that agrees with nothing."""
        again = [i for i, parsed in enumerate(asked) if _open(parsed, decisions[i])]
        near: set[Name] = set()
        for i in again:
            parsed = asked[i]
            for mention in _unexplained(parsed, decisions[i]):
                mentions[i] += pieces(mention, parsed.country)
            if decisions[i].place_id is None:
                for n, street in enumerate(parsed.streets, start=len(parsed.mentions)):
                    mentions[i] += street_pieces(street, n, parsed.country)
            self._tolerant[i] = _mendable(parsed, mentions[i], decisions[i])
            near |= self._tolerant[i]
        fresh = {name for name in near if name not in self._near}
        found = gazetteer.spelt_like(self._session, sorted(fresh))
        self._near |= {name: found.get(name, []) for name in fresh}
        likes = {(name[0], like) for name in near for like, _ in self._near[name]}
        self._look_up(likes | set(_names((asked[i], mentions[i]) for i in again)))
        for i in again:
            decisions[i] = resolve(self._matches(i, asked[i], mentions[i]))

    def _mend_in_district(
        self, asked: Sequence[Parsed], mentions: list[list[Mention]], decisions: list[Decision]
    ) -> None:
        """Third look: a village nobody knows, in a district that is known."""
        open_: dict[int, tuple[int, list[Mention]]] = {}
        for i, parsed in enumerate(asked):
            place = self._places.get(decisions[i].place_id or 0)
            if place is not None and place.kind in ("district", "postcode"):
                left = [m for m in _unexplained(parsed, decisions[i]) if m.slot in (VILLAGE, ANY)]
                district_id = place.id if place.kind == "district" else place.district_id
                if left and district_id is not None:
                    open_[i] = (district_id, left)
        wanted = {district_id for district_id, _ in open_.values()} - self._villages.keys()
        self._villages |= gazetteer.villages_of(self._session, wanted)
        hits = {i: self._nearest_village(d, left) for i, (d, left) in open_.items()}
        self._fetch(id_ for found in hits.values() for _, id_, _ in found)
        for i, found in hits.items():
            if found:
                extra = [
                    (m, hits_of(m, {id_: min(slips, 2)}, self._places)) for m, id_, slips in found
                ]
                decisions[i] = resolve(self._matches(i, asked[i], mentions[i]) + extra)

    def _nearest_village(
        self, district_id: int, left: Sequence[Mention]
    ) -> list[tuple[Mention, int, int]]:
        """For each name the village of the district spelt most like it, when only one is."""
        found = []
        for mention in left:
            key = mention.keys[0]
            allowed = int(len(key) * SLIPS_PER_LETTER_IN_DISTRICT)
            near = sorted(
                (slips, child.place_id)
                for child in self._villages.get(district_id, ())
                if abs(len(child.key) - len(key)) <= allowed
                and (slips := Levenshtein.distance(key, child.key, score_cutoff=allowed)) <= allowed
            )
            if near and (len(near) == 1 or near[0][0] < near[1][0]):
                found.append((mention, near[0][1], near[0][0]))
        return found

    def _answer(self, parsed: Parsed, decision: Decision, country: Place | None) -> Answer:
        place = self._places.get(decision.place_id) if decision.place_id is not None else None
        if place is None and country is not None and (decision.in_country or parsed.named_country):
            place = country
        notes = tuple(self._notes(parsed, decision))
        if place is None or parsed.unknown_country:
            return Answer(Grade.NONE, notes=notes)
        radius_m = decision.radius_m or place.radius_m
        return Answer(
            grade=GRADES[place.kind],
            lon=place.lon,
            lat=place.lat,
            radius_m=radius_m,
            chances=confidence.chances(GRADES[place.kind].value, radius_m),
            provider=PROVIDER,
            label=place.label,
            place_code=place.code,
            way=GRADES[place.kind].value,
            length_m=radius_m,
            ambiguous=decision.ambiguous,
            licence=LICENCE,
            attribution=ATTRIBUTION,
            alternatives=tuple(
                Alternative(p.label, GRADES[p.kind], p.lon, p.lat, p.radius_m)
                for p in decision.alternatives
                if p.id != place.id
            ),
            notes=notes,
        )

    def _notes(self, parsed: Parsed, decision: Decision) -> Iterable[Note]:
        if parsed.unknown_country:
            yield Note("unknown_country", parsed.unknown_country)
        if parsed.po_box:
            yield Note("po_box", parsed.po_box)
        for mention in parsed.mentions:
            if mention.segment in decision.respelt:
                yield Note("respelt", mention.given)
            elif mention.segment not in decision.agreed:
                known = any(self._ids.get((parsed.country, key)) for key in mention.keys)
                yield Note("contradiction" if known else "unknown", mention.given)


def _names(asked: Iterable[tuple[Parsed, Sequence[Mention]]]) -> Iterable[Name]:
    return ((parsed.country, key) for parsed, ms in asked for m in ms for key in m.keys)


def _open(parsed: Parsed, decision: Decision) -> bool:
    """Whether a second look may help: a part agrees with nothing, or only street lines are left."""
    nothing = decision.place_id is None and not decision.in_country
    return bool(_unexplained(parsed, decision)) or (nothing and bool(parsed.streets))


def _unexplained(parsed: Parsed, decision: Decision) -> list[Mention]:
    """Mentions that do not stand behind the decision."""
    return [m for m in parsed.mentions if m.segment not in decision.agreed]


def _mendable(parsed: Parsed, mentions: Iterable[Mention], decision: Decision) -> set[Name]:
    return {
        (parsed.country, key)
        for mention in mentions
        if mention.segment not in decision.agreed
        for key in mention.keys
        if len(key) > MIN_PIECE and not key.isdigit()
    }
