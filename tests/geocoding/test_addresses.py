"""Where an address is found, and how sure the answer is."""

import pytest

from geocrm.errors import InvalidInput
from geocrm.geocoding import Grade
from geocrm.places.gazetteer_names import name_key

BRAGA = "Braga, Sumur Bandung, Kota Bandung, Jawa Barat 40111, Indonesia"
SUKAMAJU = "Sukamaju, Cilodong, Kota Depok, Jawa Barat 16415, Indonesia"


@pytest.mark.parametrize(
    "text",
    [
        "Jl. Merdeka No. 12, RT 03/RW 05, Kel. Braga, Kec. Sumur Bandung, Kota Bandung 40111",
        "Jalan Merdeka 12 Kelurahan Braga Kecamatan Sumur Bandung Kota Bandung Jawa Barat",
        "Jl Merdeka 12 Braga Sumur Bandung Bandung Jawa Barat 40111",
        "JL. MERDEKA NO.12 RT.003 RW.005, BRAGA, SUMUR BANDUNG, KOTA BANDUNG, JABAR",
        "jln merdeka 12; braga; sumur bandung; kodya bandung; prov. jawa barat",
        "40111 Jawa Barat, Kota Bandung, Sumur Bandung, Braga",
        "Braga, Sumur Bandung, Bandung City, West Java, Indonesia",
        "Bräga, Sumur-Bandung, Kota Bandung",
        "Brage, Sumur Bandung, Kota Bandung",
        "Braga, Sumur Bandugn, Kota Bandung",
    ],
)
def test_an_address_written_in_many_ways_is_one_village(find, text):
    answer = find(text)

    assert (answer.grade, answer.label) == (Grade.VILLAGE, BRAGA)


def test_a_name_that_many_villages_bear_needs_the_places_around_it(find):
    assert find("Sukamaju, Cilodong, Depok").label == SUKAMAJU
    assert find(village="Suka Maju", city="Kota Depok").label == SUKAMAJU
    assert find(village="Sukamaju", postcode="16415").label == SUKAMAJU


def test_a_village_alone_is_not_picked_at_random_but_lowered_to_what_is_certain(find):
    answer = find("Sukamaju", region="Jawa Barat")

    assert (answer.grade, answer.label) == (Grade.REGION, "Jawa Barat, Indonesia")
    assert len(answer.alternatives) == 5
    assert all(other.label.startswith(("Sukamaju", "Suka Maju")) for other in answer.alternatives)


def test_an_unknown_village_leaves_the_district(find):
    answer = find(village="Zzyzx", district="Sumur Bandung", city="Kota Bandung")

    assert answer.grade is Grade.DISTRICT
    assert [(note.code, note.given) for note in answer.notes] == [("unknown", "Zzyzx")]


def test_two_slips_in_a_village_are_mended_when_its_district_is_known(find):
    assert find(village="Sokamayu", district="Cilodong", city="Depok").label == SUKAMAJU


def test_a_postcode_elsewhere_is_named_as_a_contradiction(find):
    answer = find("Braga, Sumur Bandung, Kota Bandung, 55581")

    assert answer.label == BRAGA
    assert [(note.code, note.given) for note in answer.notes] == [("contradiction", "55581")]


def test_parts_that_contradict_each_other_give_only_what_both_lie_in(find):
    answer = find(city="Kota Bandung", postcode="55581")

    assert (answer.grade, answer.label) == (Grade.COUNTRY, "Indonesia")


def test_city_and_regency_of_one_name_are_told_apart_or_answered_together(find):
    city, regency, either = find("Kota Bandung"), find("Kab. Bandung"), find("Bandung")

    assert city.label.startswith("Kota Bandung")
    assert regency.label.startswith("Kabupaten Bandung")
    assert either.grade is Grade.REGENCY
    assert either.radius_m > max(city.radius_m, regency.radius_m)
    assert [other.label for other in either.alternatives] == [regency.label]


def test_a_region_with_the_name_of_its_capital_is_the_region(find):
    assert find("Yogyakarta").label == "Daerah Istimewa Yogyakarta, Indonesia"
    assert find("DI Yogyakarta").grade is Grade.REGION
    assert find("Kota Yogyakarta").grade is Grade.REGENCY


def test_the_town_is_read_off_the_end_of_a_street_line(find):
    assert find("Jalan Raya Dago 12 Bandung").grade is Grade.REGENCY
    assert find("Jl. Yogyakarta 5, Kota Bandung").label.startswith("Kota Bandung")


def test_a_post_office_box_is_found_by_its_postcode_and_named(find):
    answer = find("PO Box 1234, Bandung 40111")

    assert (answer.grade, answer.notes[0].code) == (Grade.POSTCODE, "po_box")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        ", , ;",
        "x" * 10_000,
        "Braga" * 2_000,
        "999999",
        "00000",
        "0,0",
        "😀 🏠",
        "\x00",
        "%_\\",
        "'; DROP TABLE gazetteer_places; --",
        "hello world",
        "Toko Makmur Jaya Abadi",
        "n/a",
        "-",
    ],
)
def test_what_is_no_address_is_not_found_and_has_no_point(find, text):
    answer = find(text)

    assert (answer.grade, answer.lon, answer.lat, answer.radius_m) == (Grade.NONE, None, None, None)


def test_a_place_of_another_country_is_not_found_here(find):
    assert find("Berlin").grade is Grade.NONE
    assert find("Kota Bandung", country="DE").grade is Grade.NONE


def test_an_apostrophe_or_its_absence_makes_no_difference():
    from_register = {"Ma'rang": "marang", "Ma’rang": "marang", "Due’n": "duen"}

    assert {name: name_key(name, "ID") for name in from_register} == from_register


@pytest.mark.parametrize(
    ("text", "country", "label"),
    [
        ("Munich, Germany", "ID", "Munich, Bayern, Germany"),
        ("10115 Muenchen, Deutschland", "ID", "Munich, Bayern, Germany"),
        ("Munchn", "Germany", "Munich, Bayern, Germany"),
        ("Springfield, IL 62701, USA", "ID", "Springfield, Illinois, United States"),
        ("Springfield, Illinois", "US", "Springfield, Illinois, United States"),
        ("Los Angeles, CA", "USA", "Los Angeles, California, United States"),
        ("Atlanta, Georgia", "us", "Atlanta, Georgia, United States"),
        ("大阪市, Japan", "ID", "Osaka, Ōsaka, Japan"),
    ],
)
def test_a_city_of_the_world_is_found_by_any_of_its_names(find, text, country, label):
    answer = find(text, country)

    assert (answer.grade, answer.label) == (Grade.REGENCY, label)


def test_a_city_name_that_several_states_have_is_left_open(find):
    answer = find("Springfield, US")

    assert (answer.grade, answer.label) == (Grade.COUNTRY, "United States")
    assert len(answer.alternatives) >= 3


def test_a_country_alone_is_the_country_and_an_unknown_one_is_nothing(find):
    assert find(country_="Jerman").label == "Germany"
    assert find(country_="Narnia", city="Kota Bandung").grade is Grade.NONE
    with pytest.raises(InvalidInput, match="Narnia"):
        find("Bandung", country="Narnia")
