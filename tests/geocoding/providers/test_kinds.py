"""Each kind of provider is asked in its own way, read in its own words, and held to its terms."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text as sql

from geocrm import __version__
from geocrm.errors import InvalidInput
from geocrm.geocoding import AddressQuery, Grade
from geocrm.geocoding.providers import service
from geocrm.geocoding.providers.kinds import KINDS, KeyUse, kind_of
from geocrm.geocoding.providers.readers_keyed import arcgis, bing, feature, google, here, tomtom
from geocrm.geocoding.providers.readers_open import nominatim, opencage, pelias, photon
from tests.geocoding.providers import town as manners
from tests.geocoding.providers.samples import SAMPLES
from tests.geocoding.providers.town import place

KEY = "s3cret/key+with=signs"


@pytest.fixture
def add_kind(add_provider):
    """A provider of a kind, with a key where it takes one."""

    def add(code, **given):
        key = "" if kind_of(code).key is KeyUse.NONE else KEY
        return add_provider(name=code, kind=code, key=key, **given)

    return add


def ask(sessions, text, country):
    # Some services put a word before the domain, so the name is resolved by us.
    return service.ask(
        sessions, AddressQuery(text=text), country, resolve=lambda *_: ["127.0.0.1"], patience_s=5
    )


def answering(town, document):
    town.usual = manners.says(json.dumps(document).encode())


def test_there_is_a_sample_of_every_kind():
    assert set(SAMPLES) == {kind.code for kind in KINDS}


@pytest.mark.parametrize("code", sorted(SAMPLES))
def test_a_house_that_was_asked_for_is_a_rooftop(sessions, add_kind, town, code):
    text, country, document = SAMPLES[code]
    add_kind(code, contact="gis@example.test")
    answering(town, document)
    answer = ask(sessions, text, country).answer
    kind = kind_of(code)
    assert (answer.grade, answer.radius_m, answer.ambiguous) == (Grade.ROOFTOP, 50, False)
    assert (answer.provider, answer.attribution) == (code, kind.attribution)
    assert answer.label
    assert answer.chances.p50 > 0.9
    assert town.asked[0]["agent"] == f"GeoCRM/{__version__} (gis@example.test)"


@pytest.mark.parametrize("code", sorted(SAMPLES))
def test_the_same_house_is_none_when_another_number_is_asked(sessions, add_kind, town, code):
    text, country, document = SAMPLES[code]
    add_kind(code)
    answering(town, document)
    for number in ("12", "1109", "8"):
        text = text.replace(f"{number} ", "77 ").replace(f"{number},", "77,")
    answer = ask(sessions, text, country).answer
    assert answer.grade is Grade.STREET
    assert [note.given for note in answer.notes if note.code == "no_number"] == ["77"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_points_are_kept_as_long_as_the_terms_say(sessions, add_kind, town, kind):
    text, country, document = SAMPLES[kind.code]
    add_kind(kind.code)
    answering(town, document)
    first = ask(sessions, text, country).answer
    second = ask(sessions, text, country).answer
    assert len(town.asked) == (1 if kind.cache and kind.keep != timedelta(0) else 2)
    if kind.keep is None:
        assert first.retain_until is None
    elif kind.keep:
        # Answered from what was kept, the time runs from the day it was fetched.
        assert first.retain_until == second.retain_until
    else:
        assert first.retain_until < second.retain_until


@pytest.mark.parametrize("kind", [k for k in KINDS if k.storable], ids=lambda kind: kind.code)
def test_a_contract_may_give_the_right_to_store(sessions, add_kind, town, kind):
    text, country, document = SAMPLES[kind.code]
    add_kind(kind.code, storage_right=True)
    answering(town, document)
    assert [ask(sessions, text, country).answer.retain_until for _ in range(2)] == [None, None]
    assert len(town.asked) == 1
    told = town.asked[0]["path"]
    assert kind.code != "mapbox" or "mapbox.places-permanent" in told
    assert kind.code != "arcgis" or "forStorage=true" in told


def test_google_stays_thirty_days(sessions, add_kind, town, session):
    text, country, document = SAMPLES["google"]
    add_kind("google")
    answering(town, document)
    answer = ask(sessions, text, country).answer
    (kept,) = session.execute(sql("SELECT fetched_at, expires_at FROM geocoding_cache"))
    assert kept.expires_at - kept.fetched_at == timedelta(days=30)
    assert answer.retain_until == kept.expires_at


def test_a_denied_request_stops_google_instead_of_each_address(sessions, add_kind, town):
    add_kind("google")
    answering(town, {"status": "REQUEST_DENIED", "error_message": f"The key {KEY} is wrong"})
    ((_, held),) = ask(sessions, SAMPLES["google"][0], "ID").held
    assert held.why == "stopped"


@pytest.mark.parametrize("code", [498, 499])
def test_a_refused_token_stops_arcgis(sessions, add_kind, town, code):
    add_kind("arcgis")
    answering(town, {"error": {"code": code, "message": "Invalid token"}})
    ((_, held),) = ask(sessions, SAMPLES["arcgis"][0], "ID").held
    assert held.why == "stopped"


def test_locationiq_says_not_found_with_a_status(sessions, add_kind, town):
    add_kind("locationiq")
    town.usual = manners.says(b'{"error": "Unable to geocode"}', 404)
    asked = ask(sessions, "Jl. Tidak Ada 1, Bandung", "ID")
    assert (asked.answer, asked.retry_in_s) == (None, None)


def test_a_service_of_one_country_is_not_asked_about_another(sessions, add_kind, town):
    add_kind("ban-france")
    assert ask(sessions, SAMPLES["nominatim"][0], "ID").answer is None
    assert town.asked == []


def test_fields_are_asked_first_and_the_line_when_nothing_is_found(sessions, add_kind, town):
    add_kind("nominatim")
    town.then(manners.answers())
    town.usual = manners.answers(place())
    query = AddressQuery(street="Jl. Braga", house_number="12", city="Bandung", postcode="40111")
    answer = service.ask(sessions, query, "ID").answer
    assert answer.grade is Grade.ROOFTOP
    first, second = town.asked
    assert (first["street"], first["city"], first["postalcode"]) == (
        "12 Jl. Braga", "Bandung", "40111",
    )  # fmt: skip
    assert second["q"] == "Jl. Braga 12, 40111 Bandung"
    assert {first["countrycodes"], second["countrycodes"]} == {"id"}


def test_a_country_named_in_the_line_is_the_one_that_is_asked_about(sessions, add_kind, town):
    add_kind("nominatim")
    ask(sessions, "10 Orchard Road, Singapore", "ID")
    assert town.asked[0]["countrycodes"] == "sg"


def test_an_unknown_kind_names_those_there_are():
    with pytest.raises(InvalidInput, match="nominatim, photon"):
        kind_of("yahoo")


@pytest.mark.parametrize(
    ("raw", "grade"),
    [
        (place(), Grade.ROOFTOP),
        (place() | {"osm_type": "way", "class": "place", "type": "house"}, Grade.INTERPOLATED),
        (place(number="", rank=26), Grade.STREET),
        (place(number="", rank=30), Grade.STREET),
        (place(number="", road="", rank=20), Grade.VILLAGE),
        (place(number="", road="", rank=16), Grade.REGENCY),
        (place(number="", road="", rank=8), Grade.REGION),
        (place(number="", road="", rank=4), Grade.COUNTRY),
        (place(number="", road="", rank=21) | {"type": "postcode"}, Grade.POSTCODE),
    ],
)
def test_nominatims_ranks_are_our_grades(raw, grade):
    assert nominatim(raw)["grade"] is grade


@pytest.mark.parametrize(
    ("reader", "raw", "grade"),
    [
        (photon, {"properties": {"type": "street", "name": "Jalan Braga"}}, Grade.STREET),
        (photon, {"properties": {"type": "city", "name": "Bandung"}}, Grade.REGENCY),
        (photon, {"properties": {"type": "house", "name": "Toko"}}, Grade.STREET),
        (pelias, {"properties": {"layer": "locality", "locality": "Bandung"}}, Grade.REGENCY),
        (
            pelias,
            {"properties": {"layer": "address", "housenumber": "1", "accuracy": "interpolated"}},
            Grade.INTERPOLATED,
        ),
        (opencage, {"components": {"_type": "road", "road": "Jalan Braga"}}, Grade.STREET),
        (
            google,
            {
                "types": ["street_address"],
                "geometry": {"location_type": "RANGE_INTERPOLATED"},
                "address_components": [],
            },
            Grade.INTERPOLATED,
        ),
        (
            google,
            {
                "types": ["premise"],
                "geometry": {"location_type": "GEOMETRIC_CENTER"},
                "address_components": [],
            },
            Grade.STREET,
        ),
        (
            here,
            {"resultType": "houseNumber", "houseNumberType": "interpolated", "address": {}},
            Grade.INTERPOLATED,
        ),
        (
            here,
            {"resultType": "locality", "localityType": "postalCode", "address": {}},
            Grade.POSTCODE,
        ),
        (
            feature,
            {
                "place_type": ["address"],
                "text": "Jalan Braga",
                "address": "12",
                "properties": {"accuracy": "interpolated"},
            },
            Grade.INTERPOLATED,
        ),
        (feature, {"place_type": ["place"], "text": "Bandung"}, Grade.REGENCY),
        (tomtom, {"type": "Address Range", "address": {}}, Grade.INTERPOLATED),
        (tomtom, {"type": "Geography", "entityType": "Municipality", "address": {}}, Grade.REGENCY),
        (arcgis, {"attributes": {"Addr_type": "StreetAddress"}}, Grade.INTERPOLATED),
        (arcgis, {"attributes": {"Addr_type": "Locality", "Type": "City"}}, Grade.REGENCY),
        (
            bing,
            {
                "entityType": "Address",
                "geocodePoints": [{"calculationMethod": "Interpolation"}],
                "address": {"addressLine": "12 Main St"},
            },
            Grade.INTERPOLATED,
        ),
    ],
)
def test_words_of_services_are_our_grades(reader, raw, grade):
    assert reader(raw)["grade"] is grade
