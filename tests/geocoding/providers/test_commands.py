"""`geocrm providers` and `geocrm geocode --online` as they are used."""

import csv
import json

import pytest

from geocrm.cli import run
from tests.geocoding.providers import town as manners
from tests.geocoding.providers.town import place

BRAGA = "Jl. Braga 12, Kel. Braga, Bandung 40111"


@pytest.fixture
def command(lasting, engine, monkeypatch, capsys):
    """Run a command on the database of the test; its status, document and complaint."""
    monkeypatch.setenv("GEOCRM_DATABASE_URL", engine.url.render_as_string(hide_password=False))

    def call(*arguments):
        status = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out and "--json" in arguments else out, err

    return call


@pytest.fixture
def add_town(command, town):
    """Add the town as a provider of a kind that takes a key."""

    def add(name="town", *more, kind="pelias"):
        domain = ("--domain", town.domain, "--scheme", "http", "--allow-private")
        return command("providers", "add", name, "--kind", kind, *domain, "--json", *more)

    return add


def test_a_provider_is_added_listed_changed_and_removed(command, add_town, town):
    status, added, _ = add_town("town", "--key", "top-secret", "--cap", 100, "--cost", "0.005")
    assert (status, added["name"], added["position"], added["has_key"]) == (0, "town", 1, True)
    assert (added["monthly_cap"], added["cost_per_request"]) == (100, 0.005)
    _, (listed,), _ = command("providers", "list", "--json")
    assert listed == added
    assert "top-secret" not in json.dumps(listed)
    _, changed, _ = command(
        "providers", "change", "town", "--rename", "ours", "--cap", 0, "--disable", "--json"
    )
    assert (changed["name"], changed["monthly_cap"], changed["state"]) == ("ours", None, "off")
    assert changed["domain"] == town.domain
    assert command("providers", "remove", "ours")[0] == 0
    assert command("providers", "list", "--json")[1] == []


def test_a_key_is_read_from_a_file(command, add_town, tmp_path):
    file = tmp_path / "key"
    file.write_text("top-secret\n")
    assert add_town("town", "--key-file", file)[1]["has_key"]
    assert add_town("two", "--key-file", file, "--key", "x")[0] == 2


def test_positions_are_changed(command, add_town):
    add_town("one")
    add_town("two")
    command("providers", "change", "two", "--position", 1)
    _, listed, _ = command("providers", "list", "--json")
    assert [each["name"] for each in listed] == ["two", "one"]


def test_what_is_wrong_is_said_with_status_two(command, add_town):
    assert add_town("not a name")[0] == 2
    status, _, told = command("providers", "change", "nobody", "--cap", 1)
    assert status == 2
    assert "none yet" in told
    status, _, told = command("providers", "add", "x", "--kind", "photon", "--cost", "much")
    assert status == 2
    assert "not a price" in told
    assert command("providers", "add", "x", "--kind", "photon", "--domain", "127.1")[0] == 2


def test_the_kinds_are_listed_with_their_terms(command):
    _, kinds, _ = command("providers", "kinds", "--json")
    terms = {each["kind"]: each for each in kinds}
    assert terms["google"]["keep_days"] == 30
    assert terms["nominatim"]["keep_days"] is None
    assert terms["tomtom"]["keep_days"] == 0
    status, out, _ = command("providers", "kinds")
    assert status == 0
    assert "not kept" in out


def test_a_provider_is_tried_out(command, add_town, town):
    add_town(kind="nominatim")
    town.usual = manners.answers(place())
    status, out, _ = command("providers", "test", "town", BRAGA)
    assert status == 0
    assert "rooftop" in out
    assert "OpenStreetMap" in out
    town.usual = manners.answers()
    assert command("providers", "test", "town", "Jl. Lain 1, Bandung")[0] == 1
    town.usual = manners.says(b"", 500)
    status, out, _ = command("providers", "test", "town", "--json", BRAGA)
    assert status == 1
    assert out == {"trouble": "status 500", "answer": None}


def test_only_administrators_may(command, add_town, lasting):
    assert command("--as", "nobody@example.test", "providers", "list")[0] == 2


def test_an_address_is_asked_online_where_we_know_less_than_a_street(command, add_town, town):
    add_town(kind="nominatim")
    town.usual = manners.answers(place())
    assert command("geocode", BRAGA, "--json")[1]["grade"] == "village"
    assert town.asked == []
    _, found, _ = command("geocode", BRAGA, "--online", "--json")
    assert (found["grade"], found["provider"]) == ("rooftop", "town")
    assert found["attribution"] == "© OpenStreetMap contributors"


def test_a_file_is_asked_online_and_holds_no_point_that_must_be_deleted(
    command, add_town, town, tmp_path
):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f'address\n"{BRAGA}"\n')
    town.usual = manners.answers(place())

    def grade():
        assert command("geocode", "--csv", source, "--out", target, "--online", "--json")[0] == 0
        with target.open() as file:
            (row,) = csv.DictReader(file)
        return row["grade"]

    add_town("osm", kind="nominatim")
    assert grade() == "rooftop"
    command("providers", "remove", "osm")
    add_town("strict", "--key", "k", kind="tomtom")
    town.usual = manners.says(b'{"results": []}')
    assert grade() == "village"
