"""How much of a claim is believed: the grade, the radius, and what should be said of it.

A provider calls whatever it finds a house. Here a claim is a rooftop only when number, street and
place are those that were asked; otherwise it is as fine as what does agree.
"""

from dataclasses import replace
from typing import Final

from geocrm.geocoding.address import Alternative, Answer, Chances, Grade, Note
from geocrm.geocoding.providers.agreement import Agreement, Match
from geocrm.geocoding.providers.claims import Claim
from geocrm.geocoding.providers.questions import Question
from geocrm.geocoding.providers.whereabouts import Verdict
from geocrm.spatial.geodesy import great_circle_m

FINEST_FIRST: Final = tuple(Grade)
_HOUSES: Final = {Grade.ROOFTOP, Grade.INTERPOLATED}
GOOD: Final = (Grade.ROOFTOP, Grade.INTERPOLATED, Grade.STREET)
# Two answers further apart than this, and than the radius of the coarser, contradict each other.
FAR_M = 1_000
# Within a town, two streets of a name this near are pieces of one: Nominatim lists them one by one.
LONG_STREET_M = 5_000
SAME_POINT_M = 50
MAX_ALTERNATIVES = 5

# Probability that the error is under 50, 200, 1,000 and 5,000 m, and the radius that holds 95 %.
# Rooftop, interpolated and street as measured with Nominatim and with interpolation on held-out
# addresses of Liechtenstein and Helsinki (docs/benchmarks.md); the coarser ones are what the
# gazetteer's radii say. Until they are calibrated.
_PRIOR: Final[dict[Grade, tuple[Chances, int]]] = {
    Grade.ROOFTOP: (Chances(0.95, 0.98, 0.99, 0.995), 50),
    Grade.INTERPOLATED: (Chances(0.76, 0.89, 0.97, 0.99), 400),
    Grade.STREET: (Chances(0.22, 0.65, 0.93, 0.99), 1_200),
    Grade.POSTCODE: (Chances(0.02, 0.12, 0.60, 0.95), 5_000),
    Grade.VILLAGE: (Chances(0.02, 0.12, 0.65, 0.97), 3_000),
    Grade.DISTRICT: (Chances(0.0, 0.02, 0.20, 0.85), 8_000),
    Grade.REGENCY: (Chances(0.0, 0.01, 0.05, 0.50), 20_000),
    Grade.REGION: (Chances(0.0, 0.0, 0.01, 0.10), 150_000),
    Grade.COUNTRY: (Chances(0.0, 0.0, 0.0, 0.01), 1_500_000),
}
_DOUBTS: Final = ("no_locality", "contradiction")
# A point in another place than the address names is more likely wrong than the address.
_DOUBTFUL: Final = Chances(0.02, 0.05, 0.10, 0.20)


def believed(claim: Claim, agreement: Agreement) -> Grade:
    """The finest grade that what agrees can carry, never finer than the claim."""
    if agreement.street is Match.AGREES and agreement.place is not Match.DIFFERS:
        exact = agreement.number is Match.AGREES and agreement.place is Match.AGREES
        return _coarser(claim.grade, Grade.ROOFTOP if exact else Grade.STREET)
    if agreement.street is Match.AGREES and (
        agreement.locality is Match.AGREES or not agreement.names_a_place
    ):
        return _coarser(claim.grade, Grade.STREET)
    if agreement.postcode is Match.AGREES:
        return _coarser(claim.grade, Grade.POSTCODE)
    if agreement.locality is Match.AGREES:
        # Which of the names agreed is not known: a street elsewhere in the city is in the city.
        asked_for_a_place = claim.grade not in GOOD and not claim.street
        return claim.grade if asked_for_a_place else _coarser(claim.grade, Grade.REGENCY)
    if agreement.region is Match.AGREES:
        return _coarser(claim.grade, Grade.REGION)
    return Grade.COUNTRY


def _coarser(one: Grade, other: Grade) -> Grade:
    return max(one, other, key=FINEST_FIRST.index)


def answer_of(
    question: Question,
    claim: Claim,
    agreement: Agreement,
    verdict: Verdict,
    asked_number: str,
) -> Answer:
    """One claim as an answer; grade `none` for a point where nothing but the country agrees."""
    grade = believed(claim, agreement)
    only_country = grade is Grade.COUNTRY and claim.grade is not Grade.COUNTRY
    if only_country or verdict is Verdict.OTHER_COUNTRY:
        return Answer(Grade.NONE, notes=(Note("contradiction", claim.label),))
    notes = tuple(_notes(question, agreement, grade, asked_number))
    chances, radius_m = _PRIOR[grade]
    if grade == claim.grade and grade is not Grade.ROOFTOP:
        radius_m = max(radius_m, claim.extent_m or 0)
    answer = Answer(
        grade=grade,
        lon=claim.lon,
        lat=claim.lat,
        radius_m=radius_m,
        chances=chances,
        label=claim.label,
        ambiguous=_unsure(agreement, verdict) or any(note.code in _DOUBTS for note in notes),
        notes=notes,
    )
    return _in_another_place(answer) if verdict is Verdict.OTHER_PLACE else answer


def _unsure(agreement: Agreement, verdict: Verdict) -> bool:
    """Whether nothing says that the street is in the place that was named."""
    return agreement.place is Match.ABSENT and verdict is not Verdict.INSIDE


def _notes(question: Question, agreement: Agreement, grade: Grade, asked_number: str) -> list[Note]:
    notes = []
    if grade is Grade.STREET and not agreement.names_a_place:
        notes.append(Note("no_locality", question.query.street or question.query.text))
    if grade is Grade.STREET and asked_number and agreement.number is not Match.AGREES:
        notes.append(Note("no_number", asked_number))
    if agreement.other_postcode:
        notes.append(Note("contradiction", agreement.other_postcode))
    return notes


def _in_another_place(answer: Answer) -> Answer:
    """The same, no finer than a region, for the reviewer to decide."""
    grade = _coarser(answer.grade, Grade.REGION)
    return replace(
        answer,
        grade=grade,
        radius_m=_PRIOR[grade][1],
        chances=_DOUBTFUL,
        ambiguous=True,
        notes=(*answer.notes, Note("contradiction", answer.label)),
    )


# ----------------------------------------------------------------- several answers


def good_enough(answer: Answer) -> bool:
    """Whether nobody else need be asked."""
    return answer.grade in GOOD and not answer.ambiguous


def best_of(answers: list[Answer]) -> Answer:
    """The best of one provider's answers: the finest, the first of those alike.

    It is ambiguous when another as fine lies elsewhere. Pieces of a long street widen its radius.
    """
    first, others = _ranked(answers)
    rivals = [o for o in others if o.grade == first.grade or {o.grade, first.grade} <= _HOUSES]
    least_m = LONG_STREET_M if first.grade is Grade.STREET else FAR_M
    first = replace(first, radius_m=_over_pieces(first, rivals))
    return _with_others(first, others, any(_elsewhere(first, o, least_m) for o in rivals))


def best_between(answers: list[Answer]) -> Answer:
    """The best answer of several providers, ambiguous when another contradicts it."""
    first, others = _ranked(answers)
    rivals = [o for o in others if o.grade not in (Grade.REGION, Grade.COUNTRY)]
    return _with_others(first, others, any(_elsewhere(first, o, FAR_M) for o in rivals))


def _ranked(answers: list[Answer]) -> tuple[Answer, list[Answer]]:
    found = [answer for answer in answers if answer.found]
    if not found:
        return (answers[0] if answers else Answer(Grade.NONE)), []
    ranked = sorted(found, key=lambda answer: FINEST_FIRST.index(answer.grade))
    return ranked[0], ranked[1:]


def _with_others(first: Answer, others: list[Answer], contradicted: bool) -> Answer:
    if not others:
        return first
    alternatives = [each for o in others for each in (_alternative(o), *o.alternatives)]
    return replace(
        first,
        ambiguous=first.ambiguous or contradicted,
        alternatives=_distinct(first, (*first.alternatives, *alternatives)),
    )


def _over_pieces(first: Answer, rivals: list[Answer]) -> int | None:
    """The radius, wide enough for the other pieces when it is a street."""
    if first.grade is not Grade.STREET:
        return first.radius_m
    near = (apart_m(first, rival) for rival in rivals)
    return max([first.radius_m or 0, *(round(m) for m in near if m <= LONG_STREET_M)])


def apart_m(one: Answer | Alternative, other: Answer | Alternative) -> float:
    """The distance between two points."""
    assert one.lon is not None
    assert one.lat is not None
    assert other.lon is not None
    assert other.lat is not None
    return float(great_circle_m(one.lon, one.lat, other.lon, other.lat))


def _elsewhere(one: Answer, other: Answer, least_m: int) -> bool:
    return apart_m(one, other) > max(least_m, one.radius_m or 0, other.radius_m or 0)


def _alternative(answer: Answer) -> Alternative:
    assert answer.lon is not None
    assert answer.lat is not None
    return Alternative(answer.label, answer.grade, answer.lon, answer.lat, answer.radius_m or FAR_M)


def _distinct(first: Answer, others: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
    """Those that stand apart from the answer and from each other."""
    kept: list[Alternative] = []
    for other in others:
        known: list[Answer | Alternative] = [first, *kept]
        if all(apart_m(other, each) > SAME_POINT_M for each in known):
            kept.append(other)
    return tuple(kept[:MAX_ALTERNATIVES])
