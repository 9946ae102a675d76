"""House numbers and street names: what is written in many ways has one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geocrm.places.house_numbers import HouseNumber, house_number, house_numbers
from geocrm.places.street_names import mended_keys, street_keys


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("12", "12"), ("No. 12A", "12a"), ("nr 12 a", "12a"), ("12 bis", "12bis"), ("3/B", "3b"),
        ("12/3", "12/3"), ("12-14", "12-14"), ("100-102A", "100-102"), ("12-3", "12-3"),
        ("№ 7", "7"), ("007", "7"), ("5 A 12", "5a/12"),
    ],
)  # fmt: skip
def test_a_house_number_has_one_form(written: str, form: str) -> None:
    found = house_number(written)
    assert found is not None
    assert found.text == form


@pytest.mark.parametrize("written", ["", "Blok A5", "abc", "-", "12345678", "½", "1e5 m"])
def test_what_is_no_number_is_none(written: str) -> None:
    assert house_number(written) is None


def test_a_list_is_several_houses_and_a_range_is_one() -> None:
    assert [n.text for n in house_numbers("1; 3,5a")] == ["1", "3", "5a"]
    assert [n.text for n in house_numbers("1-5")] == ["1-5"]


def test_a_range_covers_the_numbers_of_its_side_only() -> None:
    house = HouseNumber(12, "", 18)
    covered = [n for n in range(10, 21) if house.covers(HouseNumber(n))]
    assert covered == [12, 14, 16, 18]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_without_an_error(text: str) -> None:
    house_numbers(text)
    street_keys(text, "ID")
    mended_keys(text)


@given(st.integers(1, 99_999), st.sampled_from(["", "a", "b", "bis"]))
def test_the_form_of_a_form_is_itself(value: int, rest: str) -> None:
    number = HouseNumber(value, rest)
    assert house_number(number.text) == number


@pytest.mark.parametrize(
    ("one", "other", "country"),
    [
        ("Hauptstraße", "HAUPTSTR.", "DE"), ("Rue de la Paix", "r. de la paix", "FR"),
        ("Jl. Jend. Soedirman", "Jalan Jenderal Sudirman", "ID"), ("5th Avenue", "Fifth Ave", "US"),
        ("St. James Street", "Saint James St", "GB"), ("Calle Mayor", "C/ Mayor", "ES"),
        ("Avenida Brasil", "Av. Brasil", "BR"), ("Boulevard d'Italie", "Bd dItalie", "MC"),
        ("Jln Moh. Yamin", "Jalan Muhammad Yamin", "ID"), ("Storgatan", "Stor gata", "SE"),
    ],
)  # fmt: skip
def test_a_street_has_one_form(one: str, other: str, country: str) -> None:
    assert street_keys(one, country)[0] == street_keys(other, country)[0]


def test_the_name_without_its_type_is_the_second_form_where_enough_is_left() -> None:
    assert street_keys("Avenue Princesse Grace")[1] == street_keys("Princesse Grace")[0]
    assert len(street_keys("Jalan 5", "ID")) == 1


def test_a_misspelt_type_word_is_mended_and_a_right_one_left() -> None:
    assert mended_keys("Hauptstrase")[0] == street_keys("Hauptstrasse")[0]
    assert mended_keys("Boulevrad d'Italie")[0] == street_keys("Boulevard d'Italie")[0]
    assert mended_keys("Hauptstrasse") == mended_keys("Mannerheimintie") == ()
