"""Streets and house numbers: what is found, how it is graded, and what is never claimed."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from geocrm.geocoding import AddressQuery, Answer, Grade, service
from geocrm.spatial.geodesy import great_circle_m
from tests.geocoding.town import OST, SIDE_M, WEST, Spot, at

Find = Callable[..., Answer]


def off_m(answer: Answer, spot: Spot) -> float:
    assert answer.lon is not None
    assert answer.lat is not None
    return float(great_circle_m(answer.lon, answer.lat, *spot))


def codes(answer: Answer) -> dict[str, str]:
    return {note.code: note.given for note in answer.notes}


@pytest.mark.parametrize(
    "written",
    [
        "Hauptstrasse 5, 9401 West",
        "Hauptstrasse 5, West",
        "Hauptstrasse 5, 9401",
        "Hauptstr. 5, West",
        "HAUPTSTRASSE 5 9401 WEST",
        "Hauptstraße No. 5, West, Liechtenstein",
        "5 Hauptstrasse, West",
        "West, Hauptstrasse 5",
        "c/o Müller, Hauptstrasse 5, 3. Floor, 9401 West",
        "Firma Adler\nHauptstrasse 5\n9401 West",
    ],
)
def test_an_address_in_the_pack_is_a_rooftop_however_it_is_written(
    find: Find, written: str
) -> None:
    found = find(written, country="LI")
    assert found.grade is Grade.ROOFTOP
    assert off_m(found, at(WEST, 200, SIDE_M)) < 1
    assert found.label == "Hauptstrasse 5, 9401 West"
    assert found.provider == "osm"
    assert found.attribution == "© OpenStreetMap contributors"


def test_an_address_in_parts_is_the_same(find: Find) -> None:
    found = find(country="LI", street="Hauptstrasse", house_number="5", city="West")
    assert (found.grade, found.label) == (Grade.ROOFTOP, "Hauptstrasse 5, 9401 West")


def test_a_street_without_its_locality_is_ambiguous_not_the_first(find: Find) -> None:
    found = find("Hauptstrasse 1", country="LI")
    assert found.ambiguous
    assert found.grade not in (Grade.ROOFTOP, Grade.INTERPOLATED, Grade.STREET)
    assert {option.label for option in found.alternatives} >= {
        "Hauptstrasse, 9401 West",
        "Hauptstrasse, 9402 Ost",
    }


def test_the_only_street_of_its_name_is_no_more_than_a_street_without_a_locality(
    find: Find,
) -> None:
    found = find("Bahnhofstrasse 7", country="LI")
    assert found.grade is Grade.STREET
    assert codes(found)["no_locality"] == "Bahnhofstrasse"


def test_a_street_of_another_locality_is_not_taken(find: Find) -> None:
    found = find("Bahnhofstrasse 7, 9402 Ost", country="LI")
    assert found.grade not in (Grade.ROOFTOP, Grade.INTERPOLATED)


def test_a_missing_number_lies_between_the_neighbours_of_its_own_side(find: Find) -> None:
    odd, even = (
        find("Hauptstrasse 7, West", country="LI"),
        find("Hauptstrasse 6, West", country="LI"),
    )
    assert odd.grade is even.grade is Grade.INTERPOLATED
    assert off_m(odd, at(WEST, 280, SIDE_M)) < 3
    assert off_m(even, at(WEST, 340, -SIDE_M)) < 3


def test_a_missing_number_follows_the_bend_of_its_street(find: Find) -> None:
    found = find("Lange Gasse 21, West", country="LI")
    assert found.grade is Grade.INTERPOLATED
    assert off_m(found, at(WEST, 406, 106)) < 20


def test_a_number_beyond_the_last_lies_further_on(find: Find) -> None:
    found = find("Hauptstrasse 13, West", country="LI")
    assert found.grade is Grade.INTERPOLATED
    assert off_m(found, at(WEST, 520, SIDE_M)) < 5


def test_another_letter_of_a_known_house_is_not_a_rooftop(find: Find) -> None:
    found = find("Hauptstrasse 10c, West", country="LI")
    assert found.grade is Grade.INTERPOLATED
    assert off_m(found, at(WEST, 500, -SIDE_M)) < 3


@pytest.mark.parametrize(
    ("number", "grade"), [("3", "rooftop"), ("1-5", "rooftop"), ("2", "interpolated")]
)
def test_a_house_of_several_numbers_is_each_of_its_side(
    find: Find, number: str, grade: str
) -> None:
    assert find(f"Bahnhofstrasse {number}, West", country="LI").grade == grade


def test_a_number_far_beyond_all_known_is_only_the_street(find: Find) -> None:
    found = find("Hauptstrasse 999, West", country="LI")
    assert found.grade is Grade.STREET
    assert codes(found)["no_number"] == "999"
    assert found.label == "Hauptstrasse, 9401 West"


def test_a_street_without_houses_is_the_street(find: Find) -> None:
    found = find("Am Bach 4, Ost", country="LI")
    assert found.grade is Grade.STREET
    assert found.radius_m is not None
    assert found.radius_m >= 100


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("Hauptsrtasse 5, West", "Hauptsrtasse"),
        ("Bahnhofstrase 7, West", "Bahnhofstrase"),
        ("Lange Gsse 1, West", "Lange Gsse"),
        ("Hauptstrasse 5, Wesst", "wesst"),
    ],
)
def test_a_slip_is_mended_and_said(find: Find, written: str, given: str) -> None:
    found = find(written, country="LI")
    assert found.grade is Grade.ROOFTOP
    assert codes(found)["respelt"] == given


def test_a_name_in_another_language_is_the_street(find: Find) -> None:
    assert find("7 rue de la Gare, 9401 West", country="LI").grade is Grade.ROOFTOP


@pytest.mark.parametrize(
    "written",
    ["Postfach 5, 9401 West", "P.O. Box 5, Hauptstrasse, West", "BP 5 Hauptstrasse 9401 West"],
)
def test_a_post_office_box_stands_in_no_street(find: Find, written: str) -> None:
    found = find(written, country="LI")
    assert found.grade not in (Grade.ROOFTOP, Grade.INTERPOLATED, Grade.STREET)
    assert "po_box" in codes(found)


def test_a_postcode_that_belongs_elsewhere_is_said(find: Find) -> None:
    found = find("Bahnhofstrasse 7, 9402 West", country="LI")
    assert found.grade is Grade.ROOFTOP
    assert codes(found)["contradiction"] == "9402"


def test_an_address_that_names_no_country_is_found_where_streets_are_known(find: Find) -> None:
    assert find("Bahnhofstrasse 7, 9401 West").grade is Grade.ROOFTOP


def test_chances_rise_with_the_distance_and_fall_with_the_grade(find: Find) -> None:
    rooftop, street = (
        find("Hauptstrasse 5, West", country="LI"),
        find("Am Bach 4, Ost", country="LI"),
    )
    for found in (rooftop, street):
        assert found.chances is not None
        shares = (found.chances.p50, found.chances.p200, found.chances.p1000, found.chances.p5000)
        assert list(shares) == sorted(shares)
        assert 0 <= shares[0] <= shares[-1] <= 1
    assert rooftop.chances is not None
    assert street.chances is not None
    assert rooftop.chances.p50 > street.chances.p50


def test_many_get_the_answers_each_gets_alone_in_as_many_statements(
    session: Session, statements: list[str]
) -> None:
    queries = [
        AddressQuery(text=f"Hauptstrasse {number}, {village}")
        for village in ("West", "Ost")
        for number in range(1, 14)
    ]
    alone = [service.geocode(session, query, "LI") for query in queries]
    statements.clear()
    together = service.geocode_many(session, queries, "LI")
    first = len(statements)
    statements.clear()
    service.geocode_many(session, queries * 2 + [AddressQuery(text="Am Bach 1, Ost")], "LI")
    assert together == alone
    assert len(statements) == first


def test_where_no_streets_are_known_an_address_takes_three_statements(
    session: Session, statements: list[str]
) -> None:
    found = service.geocode(session, AddressQuery(text="Jl. Merdeka 12, Braga, Kota Bandung"), "ID")
    assert found.grade is Grade.VILLAGE
    assert len(statements) == 3


def test_houses_of_ost_do_not_mix_with_those_of_west(find: Find) -> None:
    found = find("Hauptstrasse 3, Ost", country="LI")
    assert off_m(found, at(OST, 120, SIDE_M)) < 1
