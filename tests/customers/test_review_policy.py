"""A person is asked only where looking at an answer pays."""

import pytest

from geocrm.customers.review_policy import needs_review
from geocrm.geocoding import Answer, Chances, Grade, Note

SURE = Chances(0.1, 0.5, 0.9, 0.99)
STREET = Answer(Grade.STREET, 107.6, -6.9, 300, SURE, "osm", "Jalan Braga, Bandung, Indonesia")
VILLAGE = Answer(
    Grade.VILLAGE, 107.6, -6.9, 2000, Chances(0, 0.05, 0.4, 0.98), "gazetteer", "Braga, Bandung"
)


def with_(answer, **changes):
    values = {name: getattr(answer, name) for name in Answer.__slots__}
    return Answer(**values | changes)


@pytest.mark.parametrize("answer", [STREET, VILLAGE, with_(VILLAGE, chances=None)])
def test_an_answer_as_good_as_it_can_be_asks_nobody(answer):
    assert not needs_review(answer)


@pytest.mark.parametrize("grade", [Grade.NONE, Grade.COUNTRY, Grade.REGION])
def test_an_address_that_was_not_found_asks(grade):
    assert needs_review(Answer(grade))


@pytest.mark.parametrize(
    "changes",
    [
        {"ambiguous": True},
        {"notes": (Note("contradiction", "Surabaya"),)},
        {"notes": (Note("unknown_country", "Narnia"),)},
        {"chances": Chances(0, 0.1, 0.4, 0.9)},
    ],
)
def test_an_answer_in_doubt_asks(changes):
    assert needs_review(with_(STREET, **changes))


def test_a_village_that_is_probably_another_asks():
    assert needs_review(with_(VILLAGE, chances=Chances(0, 0, 0.1, 0.4)))


@pytest.mark.parametrize(
    "note", [Note("contradiction", "bandung"), Note("respelt", "Brga"), Note("unknown", "Toko")]
)
def test_what_does_not_speak_against_the_point_asks_nobody(note):
    assert not needs_review(with_(STREET, notes=(note,)))
