"""What our provider makes of a real Nominatim, with addresses it holds and addresses it cannot."""

from collections import Counter

import pytest

from geocrm.geocoding import AddressQuery, Grade
from geocrm.geocoding.providers import service
from geocrm.spatial.geodesy import great_circle_m


def ask(sessions, **parts):
    return service.ask(sessions, AddressQuery(**parts), "FI", patience_s=30)


def off_m(known, answer):
    return float(great_circle_m(known.lon, known.lat, answer.lon, answer.lat))


def as_fields(known, number=None):
    return {"street": known.street, "house_number": number or known.number, "city": known.city}


def as_line(known, number=None):
    return {"text": f"{known.street} {number or known.number}, {known.city}"}


@pytest.mark.parametrize("form", [as_fields, as_line])
def test_addresses_it_holds_are_rooftops_at_their_place(provider, addresses, form):
    answers = [ask(provider, **form(known)).answer for known in addresses]
    rooftops = [
        (known, answer)
        for known, answer in zip(addresses, answers, strict=True)
        if answer is not None and answer.grade is Grade.ROOFTOP
    ]
    near = [answer for known, answer in rooftops if off_m(known, answer) <= 50]
    assert len(rooftops) >= 0.9 * len(addresses)
    assert len(near) >= 0.98 * len(rooftops)
    assert {answer.attribution for _, answer in rooftops} == {"© OpenStreetMap contributors"}


@pytest.mark.parametrize("form", [as_fields, as_line])
def test_a_house_number_it_does_not_know_is_never_a_rooftop(provider, addresses, form):
    answers = [ask(provider, **form(known, "9871")).answer for known in addresses]
    grades = Counter(answer.grade if answer else None for answer in answers)
    assert grades[Grade.ROOFTOP] == grades[Grade.INTERPOLATED] == 0
    assert grades[Grade.STREET] >= 0.9 * len(addresses)
    noted = {note.code for answer in answers if answer for note in answer.notes}
    assert "no_number" in noted


def test_the_same_street_in_another_town_is_not_believed(provider, addresses):
    answers = [
        ask(provider, text=f"{known.street} {known.number}, Tampere").answer for known in addresses
    ]
    fine = [a for a in answers if a is not None and a.grade in (Grade.ROOFTOP, Grade.INTERPOLATED)]
    assert fine == []


def test_without_a_town_nothing_is_a_rooftop(provider, addresses):
    answers = [ask(provider, text=f"{known.street} {known.number}").answer for known in addresses]
    assert {answer.grade for answer in answers if answer} <= {Grade.STREET}
    assert all(answer.ambiguous for answer in answers if answer)
