"""What becomes of an extract: streets, addresses, localities, postcodes, places, shops."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from geocrm.places.packs import service
from geocrm.places.packs.service import Outcome
from geocrm.places.street_names import street_keys
from tests.places import extract as drawing
from tests.places.extract import Extract, at, column, country, rows

Load = Callable[[Extract], Outcome]


@pytest.fixture
def load(session: Session, tmp_path: Path) -> Load:
    """Load an extract as the pack `drawn`."""
    country(session)

    def load(extract: Extract) -> Outcome:
        file = extract.write(tmp_path / "drawn.osm.pbf")
        return service.add(session, file, tmp_path / "packs", {})

    return load


def _houses(session, street="%"):
    return rows(
        session,
        "SELECT a.number, s.name, l.name FROM pack_addresses a"
        " JOIN pack_streets s ON s.id = a.street_id JOIN pack_localities l ON l.id = a.locality_id"
        " WHERE s.name LIKE :street ORDER BY a.value, a.number, s.name, l.name",
        street=street,
    )


# ---------------------------------------------------------------- streets


def test_ways_of_one_name_near_each_other_are_one_street(session, load):
    town = Extract()
    town.street("Hauptstrasse", (0, 0), (200, 0))
    town.street("Hauptstraße", (260, 0), (500, 0))
    load(town)
    [(name, parts, reach)] = rows(
        session, "SELECT name, ST_NumGeometries(geom), reach_m FROM pack_streets"
    )
    assert (name, parts) == ("Hauptstrasse", 2)
    assert reach == pytest.approx(250, rel=0.1)


def test_far_apart_they_are_two(session, load):
    town = Extract()
    town.street("Hauptstrasse", (0, 0), (200, 0))
    town.street("Hauptstrasse", (2_000, 0), (2_200, 0))
    load(town)
    assert column(session, "SELECT name FROM pack_streets") == ["Hauptstrasse"] * 2


def test_at_a_municipal_border_a_street_ends(session, load):
    town = Extract()
    town.area(-1_000, -500, 100, 500, boundary="administrative", admin_level=8, name="West")
    town.area(100, -500, 1_000, 500, boundary="administrative", admin_level=8, name="Ost")
    town.street("Hauptstrasse", (0, 0), (99, 0))
    town.street("Hauptstrasse", (101, 0), (200, 0))
    load(town)
    assert rows(
        session,
        "SELECT l.name FROM pack_streets s JOIN pack_localities l ON l.id = s.locality_id"
        " ORDER BY 1",
    ) == [("Ost",), ("West",)]


def test_every_name_of_a_street_finds_it(session, load):
    town = Extract()
    town.street(
        "Rue de la Gare", (0, 0), (100, 0), name__de="Bahnhofstrasse", alt_name="Chemin 7;Neuweg"
    )
    load(town)
    found = set(rows(session, "SELECT key, bare FROM pack_street_names"))
    for name in ("Rue de la Gare", "Bahnhofstrasse", "Chemin 7", "Neuweg"):
        assert (street_keys(name, "LI")[0], False) in found
    assert ("gare", True) in found


def test_the_point_of_a_street_lies_on_it(session, load):
    town = Extract()
    town.street("Lange Gasse", (0, 0), (400, 0), (400, 400))
    load(town)
    [(away_deg,)] = rows(
        session,
        "SELECT ST_Distance(geom, ST_SetSRID(ST_MakePoint(lon, lat), 4326)) FROM pack_streets",
    )
    assert away_deg < 1e-9


# ---------------------------------------------------------------- addresses


def test_addresses_come_from_nodes_outlines_and_areas(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    town.house("Am Bach", "1", (10, 10))
    corners = [(50, 10), (70, 10), (70, 30), (50, 30)]
    nodes = [town.node(corner) for corner in corners]
    town.way(*nodes, nodes[0], building="yes", addr__street="Am Bach", addr__housenumber="3")
    town.area(100, 10, 120, 30, addr__street="Am Bach", addr__housenumber="5")
    assert load(town).counts["addresses"] == 3
    lon, lat = at(60, 20)
    assert rows(session, "SELECT lon, lat FROM pack_addresses WHERE value = 3") == [
        (pytest.approx(lon, abs=1e-6), pytest.approx(lat, abs=1e-6))
    ]


def test_a_house_mapped_twice_counts_once(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    town.house("Am Bach", "1", (10, 10), shop="bakery", name="Bäckerei")
    town.house("Am Bach", "1", (20, 12), addr__postcode="9490")
    town.house("Am Bach", "1", (290, 10))
    load(town)
    assert rows(session, "SELECT number, postcode FROM pack_addresses ORDER BY 2") == [
        ("1", "9490"),
        ("1", None),
    ]


def test_lists_and_ranges_of_numbers(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    town.house("Am Bach", "1;3", (10, 10))
    town.house("Am Bach", "5-9", (50, 10))
    load(town)
    found = rows(session, "SELECT number, value, range_end FROM pack_addresses ORDER BY value")
    assert found == [("1", 1, None), ("3", 3, None), ("5-9", 5, 9)]


def test_numbers_between_two_houses_are_put_along_the_line(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    first = town.house("Am Bach", "1", (0, 10))
    last = town.house("Am Bach", "9", (200, 10))
    town.house("Am Bach", "5", (90, 10))
    town.way(first, last, addr__interpolation="odd")
    assert load(town).counts["interpolated"] == 2
    found = rows(
        session,
        "SELECT number, gap_m, lon FROM pack_addresses ORDER BY value",
    )
    assert [(number, gap is None) for number, gap, _ in found] == [
        *(("1", True), ("3", False), ("5", True), ("7", False), ("9", True)),
    ]
    assert found[1][1] == pytest.approx(200, rel=0.01)
    assert found[1][2] == pytest.approx(at(50, 10)[0], abs=1e-6)


def test_a_line_gives_its_ends_the_street_they_lack(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    ends = [town.node((x, 10), addr__housenumber=number) for x, number in ((0, "2"), (100, "6"))]
    town.way(*ends, addr__interpolation="even", addr__street="Am Bach")
    load(town)
    assert [number for number, *_ in _houses(session)] == ["2", "4", "6"]


def test_a_house_without_a_street_takes_that_of_its_relation(session, load):
    town = Extract()
    road = town.street("Am Bach", (0, 0), (300, 0))
    house = town.node((10, 10), addr__housenumber="7")
    town.node((50, 10), addr__housenumber="8")
    town.relation(
        ("n", house, "house"), ("w", road, "street"), type="associatedStreet", name="Am Bach"
    )
    assert load(town).counts["without_street"] == 1
    assert _houses(session) == [("7", "Am Bach", "Liechtenstein")]


def test_numbers_of_a_village_without_streets_hang_on_its_name(session, load):
    town = Extract()
    for i, number in enumerate(("12", "14", "162")):
        town.node((i * 100, 0), addr__housenumber=number, addr__place="Rotenboden")
    load(town)
    assert {street for _, street, _ in _houses(session)} == {"Rotenboden"}
    assert rows(session, "SELECT geom IS NULL, cardinality(osm_refs) FROM pack_streets") == [
        (True, 3)
    ]


def test_an_address_joins_the_nearest_street_of_its_name(session, load):
    town = Extract()
    for east in (0, 5_000):
        town.street("Hauptstrasse", (east, 0), (east + 200, 0))
        town.house("Hauptstr.", "1", (east + 10, 10))
    town.house("Hauptstrasse", "9", (20_000, 0))
    load(town)
    per_street = rows(
        session,
        "SELECT s.geom IS NULL, array_agg(a.number) FROM pack_streets s"
        " JOIN pack_addresses a ON a.street_id = s.id GROUP BY s.id ORDER BY s.lon",
    )
    assert per_street == [(False, ["1"]), (False, ["1"]), (True, ["9"])]


# ---------------------------------------------------------------- localities


def test_one_lies_in_areas_and_near_settlements(session, load):
    town = Extract()
    town.area(-3_000, -3_000, 3_000, 3_000, boundary="administrative", admin_level=8, name="Vaduz")
    town.area(
        -9_000, -9_000, 9_000, 9_000, boundary="administrative", admin_level=4, name="Oberland"
    )
    town.node((100, 100), place="suburb", name="Ebenholz")
    town.street("Am Bach", (0, 0), (300, 0))
    load(town)
    [(name, label, keys, wider)] = rows(
        session, "SELECT name, label, keys, wider FROM pack_localities"
    )
    assert (name, label) == ("Vaduz", "Ebenholz, Vaduz, Oberland")
    assert keys == ["ebenholz", "vaduz"]
    assert wider == ["liechtenstein", "oberland"]


def test_the_village_of_the_next_municipality_is_not_ours(session, load):
    town = Extract()
    town.area(-3_000, -900, 100, 900, boundary="administrative", admin_level=8, name="West")
    town.area(100, -900, 3_000, 900, boundary="administrative", admin_level=8, name="Ost")
    town.node((-2_000, 0), place="village", name="West")
    town.node((150, 0), place="village", name="Ost")
    town.street("Am Bach", (-300, 0), (90, 0))
    load(town)
    assert column(session, "SELECT keys FROM pack_localities") == [["west"]]


def test_all_of_a_city_is_called_after_it_whatever_its_boroughs(session, load):
    town = Extract()
    town.area(
        -5_000, -900, 5_000, 900, boundary="administrative", admin_level=5, name="Greater Vaduz"
    )
    town.area(-4_900, -800, 0, 800, boundary="administrative", admin_level=8, name="West")
    town.area(0, -800, 4_900, 800, boundary="administrative", admin_level=8, name="Ost")
    town.node((-100, 0), place="city", name="Vaduz", name__fr="Vadouz")
    town.street("Am Bach", (4_000, 0), (4_300, 0))
    load(town)
    [(name, keys)] = rows(session, "SELECT name, keys FROM pack_localities")
    assert (name, keys) == ("Vaduz", ["ost", "vadouz", "vaduz"])


def test_the_city_an_address_names_is_its_locality(session, load):
    town = Extract()
    town.area(-3_000, -900, 3_000, 900, boundary="administrative", admin_level=8, name="Eschen")
    town.street("Am Bach", (0, 0), (300, 0))
    town.house("Am Bach", "1", (10, 10), addr__city="Nendeln")
    load(town)
    [(name, keys)] = rows(
        session,
        "SELECT l.name, l.keys FROM pack_addresses a JOIN pack_localities l ON l.id = locality_id",
    )
    assert (name, keys) == ("Nendeln", ["eschen", "nendeln"])
    [(keys,)] = rows(
        session,
        "SELECT l.keys FROM pack_streets s JOIN pack_localities l ON l.id = s.locality_id",
    )
    assert keys == ["eschen", "nendeln"]


def test_a_bare_network_lies_in_the_place_of_the_gazetteer(session, load):
    rows_of = (
        "INSERT INTO gazetteer_places (id, code, kind, country, name, label, lon, lat, radius_m)"
        " VALUES (1, 'geonames:1', 'city', 'LI', 'Vaduz', 'Vaduz', 9.5, 47.1, 1000) RETURNING id"
    )
    rows(session, rows_of)
    rows(
        session,
        "INSERT INTO gazetteer_names (key, country, place_id, weight)"
        " VALUES ('vaduz', 'LI', 1, 1), ('vaduzo', 'LI', 1, 1) RETURNING key",
    )
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    load(town)
    assert rows(session, "SELECT name, keys FROM pack_localities") == [
        ("Vaduz", ["vaduz", "vaduzo"])
    ]


def test_the_country_comes_from_its_boundary_in_the_extract(session, load):
    town = Extract()
    town.area(
        100, -900, 3_000, 900, boundary="administrative", admin_level=2, name="Österreich",
        ISO3166_1="AT", **{"ISO3166-1": "AT"},
    )  # fmt: skip
    town.street("Hüben", (-300, 0), (90, 0))
    town.street("Drüben", (110, 0), (300, 0))
    load(town)
    found = rows(session, "SELECT name, country FROM pack_streets ORDER BY name")
    assert found == [("Drüben", "AT"), ("Hüben", "LI")]


def test_a_boundary_that_the_extract_cuts_is_left_out_and_counted(session, load):
    town = Extract()
    piece = town.way((0, 900), (900, 900))
    town.relation(
        ("w", piece, "outer"), ("w", 999_999, "outer"),
        type="boundary", boundary="administrative", admin_level="8", name="Vaduz",
    )  # fmt: skip
    town.street("Am Bach", (0, 0), (300, 0))
    counts = load(town).counts
    assert (counts["areas"], counts["boundaries_cut"]) == (0, 1)


def test_rings_that_cross_are_no_area_and_no_reason_to_stop(session, load):
    town = Extract()
    nodes = [town.node(c) for c in ((0, 0), (100, 100), (100, 0), (0, 100))]
    bow = town.way(*nodes, nodes[0])
    town.relation(
        ("w", bow, "outer"), type="boundary", boundary="administrative", admin_level="8", name="X"
    )
    town.street("Am Bach", (0, 0), (300, 0))
    assert load(town).counts["streets"] == 1


# ---------------------------------------------------------------- postcodes, places, shops


def test_postcodes_join_the_gazetteer(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (900, 0))
    for i in range(10):
        town.house("Am Bach", str(i), (i * 100, 10), addr__postcode="9490", addr__city="Vaduz")
    load(town)
    assert rows(
        session,
        "SELECT code, kind, name, label, radius_m FROM gazetteer_places WHERE pack_id IS NOT NULL",
    ) == [("osm-post:LI-9490", "postcode", "9490", "9490, Vaduz", pytest.approx(450, rel=0.1))]
    assert column(session, "SELECT key FROM gazetteer_names WHERE pack_id IS NOT NULL") == ["9490"]
    assert column(session, "SELECT postcodes FROM pack_streets") == [["9490"]]


def test_a_postal_area_gives_its_code_to_addresses_without_one(session, load):
    town = Extract()
    town.area(-500, -500, 500, 500, boundary="postal_code", postal_code="9490")
    town.street("Am Bach", (0, 0), (300, 0))
    town.house("Am Bach", "1", (10, 10))
    town.house("Am Bach", "3", (50, 10), addr__postcode="9491")
    load(town)
    assert rows(session, "SELECT number, postcode FROM pack_addresses ORDER BY value") == [
        ("1", "9490"),
        ("3", "9491"),
    ]


def test_letters_before_a_postcode_go_where_most_have_none(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    for i, code in enumerate(("9490", "9490", "LI-9490")):
        town.house("Am Bach", str(i), (i * 100, 10), addr__postcode=code)
    load(town)
    assert column(session, "SELECT DISTINCT postcode FROM pack_addresses") == ["9490"]


def test_settlements_that_the_gazetteer_lacks_join_it(session, load):
    rows(
        session,
        "INSERT INTO gazetteer_places (id, code, kind, country, name, label, lon, lat, radius_m)"
        " VALUES (1, 'geonames:1', 'city', 'LI', 'Vaduz', 'Vaduz', 9.5, 47.1, 1000) RETURNING id",
    )
    rows(
        session,
        "INSERT INTO gazetteer_names (key, country, place_id, weight)"
        " VALUES ('vaduz', 'LI', 1, 1) RETURNING key",
    )
    town = Extract()
    town.node((100, 0), place="town", name="Vaduz")
    steg = town.node((5_000, 0), place="hamlet", name="Steg", alt_name="Stegle", population="80")
    town.area(4_900, -100, 5_100, 100, place="hamlet", name="Steg", boundary="place")
    town.street("Am Bach", (0, 0), (300, 0))
    load(town)
    [(code, kind, name, radius_m)] = rows(
        session, "SELECT code, kind, name, radius_m FROM gazetteer_places WHERE pack_id IS NOT NULL"
    )
    assert (code, kind, name, radius_m) == (f"osm:n{steg}", "village", "Steg", 1_000)
    names = column(session, "SELECT key FROM gazetteer_names WHERE pack_id IS NOT NULL ORDER BY 1")
    assert names == ["steg", "stegle"]
    forms = column(session, "SELECT form FROM gazetteer_spellings WHERE pack_id IS NOT NULL")
    assert set(forms) == {"steg", "teg", "seg", "stg", "ste"}


def test_the_radius_of_a_settlement_holds_its_addresses(session, load):
    town = Extract()
    town.node((0, 0), place="village", name="Steg")
    town.street("Am Bach", (0, 0), (1_000, 0))
    for i in range(20):
        town.house("Am Bach", str(i), (i * 50, 10))
    load(town)
    [(radius_m,)] = rows(session, "SELECT radius_m FROM gazetteer_places WHERE kind = 'village'")
    assert radius_m == pytest.approx(900, rel=0.05)


def test_points_of_interest_have_a_name_a_kind_and_a_place(session, load):
    town = Extract()
    town.node((0, 0), place="village", name="Steg")
    town.node((10, 0), shop="bakery", name="Bäckerei Frick")
    town.node((60, 0), shop="bakery", name="Bäckerei Frick")
    town.node((20, 0), shop="kiosk")
    load(town)
    found = rows(session, "SELECT name, key, category, label FROM pack_pois")
    assert found == [("Bäckerei Frick", "backereifrick", "shop=bakery", "Steg")]


def test_a_slip_in_a_street_name_has_its_forms(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    load(town)
    key = street_keys("Am Bach", "LI")[0]
    forms = column(session, "SELECT form FROM pack_spellings WHERE key = :key", key=key)
    assert set(forms) == {key} | {key[:i] + key[i + 1 :] for i in range(len(key))}


def test_a_pack_says_what_it_is(session, load):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    load(town)
    assert rows(
        session,
        "SELECT name, file_name, country, licence, attribution, data_date::date::text,"
        " ST_Contains(box, ST_SetSRID(ST_MakePoint(9.5, 47.1), 4326)) FROM region_packs",
    ) == [
        (
            "drawn",
            "drawn.osm.pbf",
            "LI",
            "ODbL 1.0",
            "© OpenStreetMap contributors",
            "2024-05-01",
            True,
        )
    ]


def test_without_a_date_in_the_header_the_newest_object_dates_the_pack(session, tmp_path):
    country(session)
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    file = town.write(tmp_path / "undated.osm.pbf", date=None)
    service.add(session, file, tmp_path / "packs", {})
    assert column(session, "SELECT data_date::date::text FROM region_packs") == ["2024-05-01"]


def test_where_nothing_is_dated_the_pack_has_no_date(session, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "WHEN", datetime(1970, 1, 1, tzinfo=UTC))
    country(session)
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    file = town.write(tmp_path / "undated.osm.pbf", date=None)
    service.add(session, file, tmp_path / "packs", {})
    assert column(session, "SELECT data_date FROM region_packs") == [None]
