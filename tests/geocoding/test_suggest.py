"""As-you-type: streets, numbers and places, the nearest first, in bounded statements."""

from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat
from geocrm.geocoding.suggest import Suggestion, suggestions
from geocrm.places.beginnings import View
from tests.geocoding.town import OST, WEST


def found(session: Session, typed: str, **more: object) -> list[Suggestion]:
    return suggestions(session, typed, country="LI", **more)  # type: ignore[arg-type]


def test_a_street_is_offered_from_its_beginning_in_every_locality(session: Session) -> None:
    offered = found(session, "haupts")
    assert [(each.kind, each.label) for each in offered] == [("street", "Hauptstrasse")] * 2
    assert {each.detail for each in offered} == {"West", "Ost"}


def test_the_street_in_view_comes_first(session: Session) -> None:
    for village, name in ((WEST, "West"), (OST, "Ost")):
        view = View(LonLat(*village), 0.01)
        assert found(session, "hauptstr", view=view)[0].parts["city"] == name


def test_a_number_typed_after_the_street_is_an_address(session: Session) -> None:
    for typed in ("Hauptstrasse 5", "5 hauptstr", "hauptstrasse no. 5"):
        exact = [each for each in found(session, typed) if each.grade == "rooftop"]
        assert [each.parts for each in exact] == [
            {
                "street": "Hauptstrasse", "house_number": "5", "postcode": "9401", "city": "West",
                "country": "LI",
            }
        ]  # fmt: skip


def test_what_stands_after_the_comma_narrows(session: Session) -> None:
    assert {each.detail for each in found(session, "Hauptstrasse 1, Os")} == {"Ost"}
    assert {each.detail for each in found(session, "Hauptstrasse, 9401")} == {"West"}


def test_few_letters_odd_letters_and_none_offer_nothing_odd(session: Session) -> None:
    for typed in ("", " ", "h", "%", "_", "\\", "'; --", "12", ",", "ḧ" * 300):
        assert isinstance(found(session, typed), list)


def test_one_keystroke_costs_a_bounded_number_of_statements(
    session: Session, statements: list[str]
) -> None:
    found(session, "Hauptstrasse 5", view=View(LonLat(*WEST), 0.01))
    assert len(statements) <= 6
