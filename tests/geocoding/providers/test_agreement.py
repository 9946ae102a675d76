"""What agrees between a claim and an address, in fields or in a line."""

import pytest

from geocrm.geocoding import AddressQuery, Grade
from geocrm.geocoding.providers.agreement import Match, compare
from geocrm.geocoding.providers.claims import Claim
from geocrm.geocoding.providers.grading import believed

BRAGA = {
    "house_number": "12",
    "street": "Jalan Braga",
    "localities": ("Braga", "Sumur Bandung", "Kota Bandung"),
    "postcode": "40111",
    "region": "Jawa Barat",
    "country": "ID",
}
BAKER_STREET = {
    "house_number": "221B",
    "street": "Baker Street",
    "localities": ("Marylebone", "London"),
    "postcode": "NW1 6XE",
    "country": "GB",
}
HAUPTSTRASSE = {
    "house_number": "5",
    "street": "Hauptstraße",
    "localities": ("Mitte", "Berlin"),
    "postcode": "10115",
    "country": "DE",
}


def grade(asked, claim, claimed=Grade.ROOFTOP):
    query = asked if isinstance(asked, AddressQuery) else AddressQuery(text=asked)
    found = Claim(claimed, 0, 0, "", **claim)
    return believed(found, compare(query, found))


@pytest.mark.parametrize(
    ("asked", "claim"),
    [
        ("Jl. Braga No. 12, Bandung", BRAGA),
        ("Braga 12, Bandung", BRAGA),
        ("Jl Braga No 12 RT 3 RW 5, Kel. Braga, Kota Bandung", BRAGA),
        ("Blok 5, Jl. Braga 12, Bandung", BRAGA),
        ("JALAN BRAGA 12 40111", BRAGA),
        ("221b Baker St, London", BAKER_STREET),
        ("Baker Street 221 B, NW1 6XE", BAKER_STREET),
        ("Hauptstr. 5, 10115 Berlin", HAUPTSTRASSE),
        (AddressQuery(street="Hauptstrasse 5", city="Berlin"), HAUPTSTRASSE),
        (AddressQuery(street="Hauptstr.", house_number="5", postcode="10115"), HAUPTSTRASSE),
        (AddressQuery(street="Hauptstr.", house_number="3-7", city="Berlin"), HAUPTSTRASSE),
    ],
)
def test_number_street_and_place_that_agree_are_a_rooftop(asked, claim):
    assert grade(asked, claim) is Grade.ROOFTOP
    assert grade(asked, claim, Grade.INTERPOLATED) is Grade.INTERPOLATED


@pytest.mark.parametrize(
    ("asked", "claim", "most"),
    [
        # another number, or none
        ("Jl. Braga 14, Bandung", BRAGA, Grade.STREET),
        ("Jl. Braga, Bandung", BRAGA, Grade.STREET),
        ("221 Baker St, London", BAKER_STREET, Grade.STREET),
        ("10, Baker St, London", BAKER_STREET, Grade.STREET),
        ("Hauptstr., 10115 Berlin", HAUPTSTRASSE, Grade.STREET),
        (
            AddressQuery(street="Hauptstr.", house_number="5a", city="Berlin"),
            HAUPTSTRASSE,
            Grade.STREET,
        ),
        # the place is not said
        ("Jl. Braga 12", BRAGA, Grade.STREET),
        # another street of the town
        ("Gang Braga 12, Bandung", BRAGA, Grade.REGENCY),
        ("Jl. Sudirman 12, Bandung", BRAGA, Grade.REGENCY),
        ("Baker Avenue 221B, London", BAKER_STREET, Grade.REGENCY),
        # another street of the postcode
        ("Jl. Sudirman 12, 40111", BRAGA, Grade.POSTCODE),
        # another town
        ("Jl. Braga 12, Surabaya", BRAGA, Grade.COUNTRY),
        ("Jl. Braga 12, Garut, Jawa Barat", BRAGA, Grade.REGION),
        ("Jl. Bandung 12, Surabaya", BRAGA, Grade.COUNTRY),
        (AddressQuery(street="Hauptstr.", house_number="5", city="Kiel"), HAUPTSTRASSE, None),
        # another postcode
        ("Jl. Braga 12, Bandung 40115", BRAGA, Grade.STREET),
        (
            AddressQuery(street="Jl. Braga", house_number="12", city="Bandung", postcode="40115"),
            BRAGA,
            Grade.STREET,
        ),
    ],
)
def test_what_differs_makes_an_answer_coarser(asked, claim, most):
    assert grade(asked, claim) is (most or Grade.COUNTRY)


def test_an_answer_is_never_finer_than_its_claim():
    assert grade("Jl. Braga 12, Bandung", BRAGA, Grade.STREET) is Grade.STREET
    town = {"localities": ("Bandung",), "country": "ID"}
    assert grade("Bandung", town, Grade.REGENCY) is Grade.REGENCY


@pytest.mark.parametrize(
    ("asked", "postcode"),
    [
        ("Jl. Braga 12, Bandung", Match.ABSENT),
        ("Jl. Braga 12, Bandung 40111", Match.AGREES),
        ("Jl. Braga 12, Bandung 40 111", Match.AGREES),
        ("Jl. Braga 12, Bandung 40112", Match.DIFFERS),
        ("Jl. Braga 12, Bandung, telp 022423", Match.ABSENT),
    ],
)
def test_a_postcode_in_a_line_is_told_from_other_numbers(asked, postcode):
    claim = Claim(Grade.ROOFTOP, 0, 0, "", **BRAGA)
    assert compare(AddressQuery(text=asked), claim).postcode is postcode
