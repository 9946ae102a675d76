"""What tags say, which numbers lie between two, and how localities are described."""

import pytest

from geocrm.places.packs import tags
from geocrm.places.packs.interpolation import between
from geocrm.places.packs.localities import Ground, Named, locality, merged


class TagList(dict):
    """Tags as the reader gives them: they iterate as pairs."""

    def __iter__(self):
        return iter(self.items())


def test_names_of_every_kind_are_taken_once():
    names = tags.other_names(
        TagList(
            {
                "name": "Rue de la Gare",
                "alt_name": "Gare;Bahnhofstrasse",
                "old_name": "Rue Neuve",
                "name:de": "Bahnhofstrasse",
                "name:fr": "Rue de la Gare",
                "name:etymology": "the station",
                "addr:street": "elsewhere",
            }
        )
    )
    assert names == ["Gare", "Bahnhofstrasse", "Rue Neuve"]


def test_names_in_scripts_nobody_there_writes_are_left_out():
    foreign = {"name:ru": "Вадуц", "name:zh": "瓦都茲", "name:it": "Vaduzzo"}
    assert tags.other_names(TagList({"name": "Vaduz"} | foreign)) == ["Vaduzzo"]
    assert "Вадуц" in tags.other_names(TagList({"name": "Москва"} | foreign))


def test_several_numbers_in_one_value_are_several_houses():
    found = tags.address(TagList({"addr:housenumber": "1;3;5", "addr:street": "Am Bach"}))
    assert [number.text for number in found.numbers] == ["1", "3", "5"]


def test_a_place_stands_in_for_a_street():
    found = tags.address(TagList({"addr:housenumber": "162", "addr:place": "Rotenboden"}))
    assert (found.street, found.parts) == ("Rotenboden", ["Rotenboden"])


@pytest.mark.parametrize("value", ["7", "", "  "])
def test_a_number_is_no_city(value):
    assert tags.address(TagList({"addr:housenumber": "1", "addr:city": value})).city == ""


@pytest.mark.parametrize(
    ("value", "read"),
    [("9490", "9490"), ("sw1a 1aa", "SW1A 1AA"), ("9490;9491", ""), ("unknown", ""), (None, "")],
)
def test_a_postcode_is_one_code(value, read):
    assert tags.postcode(value) == read


@pytest.mark.parametrize(
    ("given", "category"),
    [
        ({"shop": "bakery"}, "shop=bakery"),
        ({"amenity": "no"}, ""),
        ({"railway": "station"}, "railway=station"),
        ({"railway": "rail"}, ""),
    ],
)
def test_points_of_interest_have_a_category(given, category):
    assert tags.category(TagList(given)) == category


@pytest.mark.parametrize(
    ("rule", "first", "second", "numbers"),
    [
        ("odd", "1", "9", ["3", "5", "7"]),
        ("even", "8", "2", ["6", "4"]),
        ("all", "3", "6", ["4", "5"]),
        ("5", "10", "25", ["15", "20"]),
        ("alphabetic", "12a", "12d", ["12b", "12c"]),
        ("odd", "2", "9", []),
        ("even", "2", "2", []),
        ("even", "2", "4", []),
        ("all", "1", "5000", []),
        ("alphabetic", "12a", "14d", []),
        ("perhaps", "1", "9", []),
    ],
)
def test_interpolation_lines_say_what_lies_between(rule, first, second, numbers):
    assert [one.number for one in between(rule, first, second)] == numbers


def test_numbers_lie_evenly_between_their_neighbours():
    assert [one.share for one in between("odd", "1", "9")] == [0.25, 0.5, 0.75]


HELSINKI = Ground(
    country="FI",
    whole_country=Named("Finland", ("suomi",)),
    areas=(Named("Uusimaa", level=4), Named("Helsinki", ("Helsingfors",), level=8)),
    regions=(),
    town=Named("Helsinki", kind="city"),
    near=(Named("Kallio", ("Berghäll",), kind="suburb"),),
    far=(Named("Espoo", kind="city"),),
)


def test_a_locality_names_its_municipality_and_what_is_around_it():
    found = locality(HELSINKI)
    assert (found.name, found.label) == ("Helsinki", "Kallio, Helsinki, Uusimaa")
    assert found.keys == ("berghall", "helsingfors", "helsinki", "kallio")
    assert found.wider == ("espoo", "finland", "suomi", "uusimaa")


def test_the_city_of_the_address_wins_as_name():
    found = locality(HELSINKI, "Helsingin kaupunki", ["Merihaka"])
    assert found.name == "Helsingin kaupunki"
    assert {"helsinginkaupunki", "merihaka", "helsinki"} <= set(found.keys)


def test_in_indonesia_the_regency_is_named_with_and_without_its_type():
    ground = Ground(
        "ID",
        Named("Indonesia"),
        (Named("Jawa Barat", level=4), Named("Kecamatan Coblong", level=6)),
        (Named("Kota Bandung", level=2),),
        None,
        (),
        (),
    )
    keys = locality(ground).keys
    assert {"kotabandung", "bandung", "coblong", "kecamatancoblong"} <= set(keys)
    assert "jawabarat" not in keys


def test_a_street_across_two_quarters_lies_in_both():
    other = HELSINKI._replace(near=(Named("Sörnäinen", kind="suburb"),))
    both = merged([locality(HELSINKI), locality(other)])
    assert {"kallio", "sornainen"} <= set(both.keys)
    assert both.label == "Helsinki, Uusimaa"
