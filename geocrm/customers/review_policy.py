"""Which answers a person is asked about: only those where looking at it pays."""

from typing import Final

from geocrm.geocoding import Answer, Grade, Note

# Nothing was found but the country or the province, which everybody knew before.
NO_PLACE: Final = frozenset((Grade.NONE, Grade.COUNTRY, Grade.REGION))
# A point for a street that is more likely wrong than right by a kilometre is worth a look.
STREET_CHANCE: Final = 0.5
# As likely as not it is another town altogether.
TOWN_CHANCE: Final = 0.5
_STREET_LEVEL: Final = frozenset((Grade.ROOFTOP, Grade.INTERPOLATED, Grade.STREET))


def needs_review(answer: Answer) -> bool:
    """Whether a person should look at the answer.

    That is when nothing was found, several places answer equally well, parts of the address
    contradict each other, or the point is probably wrong for what it claims to be. A village in
    place of an unknown street is no case for a person: they know the street no better.
    """
    if answer.grade in NO_PLACE or answer.ambiguous:
        return True
    if any(_contradicts(answer, note) for note in answer.notes):
        return True
    if answer.chances is None:
        return False
    if answer.grade in _STREET_LEVEL and answer.chances.p1000 < STREET_CHANCE:
        return True
    return answer.chances.p5000 < TOWN_CHANCE


def _contradicts(answer: Answer, note: Note) -> bool:
    """Whether the part that was given names a place elsewhere, not one the point lies in as well.

    A district often bears the name of its regency, so that a name may mean two places in one line.
    """
    if note.code != "contradiction":
        return note.code == "unknown_country"
    return note.given.casefold() not in answer.label.casefold()
