"""Whether a claimed point lies where the address says: in the country, and in the place we know.

The boundaries and the offline gazetteer are asked, so that a provider that answers with a street of
that name in another town is found out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat, point
from geocrm.geocoding import service as offline
from geocrm.geocoding.address import Answer, Grade
from geocrm.geocoding.providers.agreement import asked_names, claimed_names
from geocrm.geocoding.providers.claims import Claim
from geocrm.geocoding.providers.questions import Question
from geocrm.places import gazetteer
from geocrm.places.models import Boundary
from geocrm.spatial.geodesy import great_circle_m

# Boundaries are simplified (to 0.02 degrees for countries), and coasts are where towns are.
COUNTRY_SLACK_DEG = 0.05
REGENCY_SLACK_DEG = 0.02
# A place's radius holds 95 % of its addresses; beyond twice that and a bit, it is another place.
SLACK_M = 2_000
_KNOWN = (
    Grade.ROOFTOP, Grade.INTERPOLATED, Grade.STREET, Grade.POSTCODE, Grade.VILLAGE, Grade.DISTRICT,
    Grade.REGENCY,
)  # fmt: skip
_REGENCY_DIGITS = len("32.73")


class Verdict(Enum):
    """Where a point lies; UNKNOWN: neither boundaries nor gazetteer can tell."""

    INSIDE = "inside"
    UNKNOWN = "unknown"
    OTHER_PLACE = "other place"
    OTHER_COUNTRY = "other country"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is known of the address without asking anybody outside."""

    question: Question
    offline: Answer

    @property
    def regency_code(self) -> str:
        """The boundary of the Indonesian regency it lies in, or ""."""
        level, _, code = self.offline.place_code.partition(":")
        sure = level.startswith("idn-adm") and not self.offline.alternatives
        if not sure or len(code) < _REGENCY_DIGITS:
            return ""
        return f"idn-adm2:{code[:_REGENCY_DIGITS]}"

    @property
    def place_known(self) -> bool:
        """Whether the offline answer is fine enough to hold a point against it."""
        return self.offline.grade in _KNOWN and not self.offline.ambiguous

    def beyond_m(self, claim: Claim) -> float:
        """How far outside the place we know, or the nearest it could be, the claimed point lies."""
        places = [(self.offline.lon, self.offline.lat, self.offline.radius_m or 0)]
        places += [(o.lon, o.lat, o.radius_m) for o in self.offline.alternatives]
        return min(
            float(great_circle_m(lon, lat, claim.lon, claim.lat)) - 2 * radius_m - SLACK_M
            for lon, lat, radius_m in places
            if lon is not None and lat is not None
        )


def expect(session: Session, question: Question) -> Expectation:
    """What the offline geocoder makes of the address."""
    return Expectation(question, offline.geocode(session, question.query, question.country))


def judge(session: Session, expected: Expectation, claim: Claim) -> Verdict:
    """Where the claimed point lies, compared with where the address says."""
    country = expected.question.country
    if claim.country and claim.country != country:
        return Verdict.OTHER_COUNTRY
    place = LonLat(claim.lon, claim.lat)
    in_country = _inside(session, place, f"wld-adm0:{country}", COUNTRY_SLACK_DEG)
    if in_country is False:
        return Verdict.OTHER_COUNTRY
    if not expected.place_known:
        return Verdict.UNKNOWN
    code = expected.regency_code
    outside = bool(code) and _inside(session, place, code, REGENCY_SLACK_DEG) is False
    if outside or expected.beyond_m(claim) > 0:
        return Verdict.OTHER_PLACE
    return Verdict.INSIDE


def _inside(session: Session, place: LonLat, unit: str, slack_deg: float) -> bool | None:
    """Whether the point lies in the unit, or beside it; None when the unit is not loaded.

    Countries are found by their two letters: their codes have three.
    """
    layer, _, code = unit.partition(":")
    which = Boundary.country == code if layer == "wld-adm0" else Boundary.code == unit
    at = point(place)
    near = Boundary.geom.op("&&")(func.ST_Expand(at, slack_deg))
    row = session.execute(
        select(
            func.count(Boundary.code),
            func.coalesce(
                func.bool_or(near & func.ST_DWithin(Boundary.geom, at, slack_deg)), False
            ),
        ).where(Boundary.layer == layer, which)
    ).one()
    return bool(row[1]) if row[0] else None


def same_place(session: Session, question: Question, claim: Claim) -> bool:
    """Whether the gazetteer knows a name in the question and one in the claim for one place.

    Munich is asked for and München is claimed.
    """
    country = question.country
    theirs = _ids(session, country, sorted(claimed_names(claim.localities, claim.country)))
    ours = _ids(session, country, sorted(asked_names(question.query, claim)))
    return bool(theirs & ours)


def _ids(session: Session, country: str, keys: Sequence[str]) -> set[int]:
    found = gazetteer.named(session, [(country, key) for key in keys if len(key) > 1])
    return {place_id for ids in found.values() for place_id in ids}
