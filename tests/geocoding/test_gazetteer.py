"""The gazetteer: what is loaded, how far a place reaches, and what a search box is offered."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from geocrm.errors import InvalidInput, ServiceUnavailable
from geocrm.geocoding.suggest import Suggestion, suggestions
from geocrm.places import gazetteer
from geocrm.places.gazetteer_loading import load_gazetteer
from geocrm.places.gazetteer_names import name_key, spelling_forms
from geocrm.places.gazetteer_radius import centres, distance_m, unit_vectors, village_radius_m
from tests.geocoding.conftest import DATA_DIR, SLICE


def test_loading_the_same_files_again_changes_nothing(session, statements):
    again = load_gazetteer(session, DATA_DIR, SLICE)

    assert not again.changed
    assert not any(sent.startswith(("TRUNCATE", "INSERT")) for sent in statements)


def test_what_packs_added_outlives_another_load(session):
    region = _scalar(session, "SELECT id FROM gazetteer_places WHERE code = 'idn-adm1:34'")
    pack = _scalar(
        session,
        "INSERT INTO region_packs (name, file_name, file_sha256, file_bytes, box, licence,"
        " attribution, folder) VALUES ('p', 'p', 'p', 1, ST_MakeEnvelope(0, 0, 1, 1, 4326),"
        " '', '', '') RETURNING id",
    )
    known = "SELECT lon, lat, name FROM gazetteer_places WHERE kind = 'village' ORDER BY id LIMIT 1"
    lon, lat, village = session.execute(text(known)).one()
    places = [(1, "Dusun Baru", 110.4, -7.9), (2, village, lon, lat)]
    for i, name, *at in places:
        _add_place(session, pack, region, 200_000_000 + i, name, *at)
    session.execute(text("DELETE FROM gazetteer_loads"))

    load_gazetteer(session, DATA_DIR, SLICE)

    found = session.execute(
        text(
            "SELECT p.name, n.key, r.code FROM gazetteer_places p"
            " JOIN gazetteer_names n ON n.place_id = p.id"
            " JOIN gazetteer_places r ON r.id = p.region_id WHERE p.pack_id = :pack"
        ),
        {"pack": pack},
    ).all()
    # The gazetteer knows the other one itself.
    assert found == [("Dusun Baru", "dusunbaru", "idn-adm1:34")]
    forms = session.scalars(
        text("SELECT form FROM gazetteer_spellings WHERE pack_id = :pack"), {"pack": pack}
    )
    assert "dusunbaru" in set(forms)


def _add_place(session, pack, region, place_id, name, lon, lat):
    key = name_key(name, "ID")
    values = {"id": place_id, "name": name, "key": key, "pack": pack, "region": region}
    for statement in (
        "INSERT INTO gazetteer_places (id, code, kind, country, name, label, region_id, lon, lat,"
        " radius_m, pack_id) VALUES (:id, 'osm:n' || :id, 'village', 'ID', :name, :name, :region,"
        " :lon, :lat, 1000, :pack)",
        "INSERT INTO gazetteer_names (key, country, place_id, weight, pack_id)"
        " VALUES (:key, 'ID', :id, 1, :pack)",
        "INSERT INTO gazetteer_spellings (form, country, key, pack_id)"
        " VALUES (:key, 'ID', :key, :pack)",
    ):
        session.execute(text(statement), values | {"lon": lon, "lat": lat})


def _scalar(session, sql):
    return session.scalar(text(sql))


def test_a_missing_file_is_named(session, tmp_path):
    with pytest.raises(ServiceUnavailable, match="restore data/gazetteer"):
        load_gazetteer(session, tmp_path, SLICE)


def test_no_place_is_without_a_point_a_radius_or_a_country(session):
    wrong = session.scalar(
        text(
            "SELECT count(*) FROM gazetteer_places"
            " WHERE (lon = 0 AND lat = 0) OR (radius_m < 500 AND pack_id IS NULL)"
        )
    )
    kinds = set(session.scalars(text("SELECT DISTINCT kind FROM gazetteer_places")))

    assert wrong == 0
    assert kinds == {"village", "postcode", "district", "regency", "city", "region", "country"}


def test_a_unit_reaches_over_nearly_all_of_its_villages(session):
    covered = session.execute(
        text(
            "SELECT d.kind, avg((ST_DistanceSphere(ST_MakePoint(v.lon, v.lat),"
            "  ST_MakePoint(d.lon, d.lat)) <= d.radius_m)::int) FROM gazetteer_places d"
            " JOIN gazetteer_places v ON d.id IN (v.district_id, v.regency_id, v.region_id)"
            " WHERE v.kind = 'village' GROUP BY 1"
        )
    ).all()

    assert {kind for kind, _ in covered} == {"district", "regency", "region"}
    assert all(share > 0.94 for _, share in covered)


def test_villages_far_apart_reach_farther_than_villages_close_together():
    lon, lat = (a.ravel() for a in np.meshgrid(np.arange(5.0), np.arange(5.0)))
    near = village_radius_m(unit_vectors(110 + lon * 0.02, -7 + lat * 0.02))
    far = village_radius_m(unit_vectors(110 + lon * 0.2, -7 + lat * 0.2))

    # A village in the middle of a 2.2 km raster is a square whose corner is 1.6 km away.
    assert 1_570 < near[12] < 3_000
    assert far[12] > 5 * near[12]


def test_the_point_of_a_unit_is_one_of_its_villages():
    points = unit_vectors(np.array([110.0, 110.1, 112.0, 5.0]), np.array([-7.0, -7.0, -7.0, 50.0]))

    chosen = centres(points, np.array([0, 0, 0, 1]), 3)

    assert chosen.tolist() == [1, 3, -1]
    assert distance_m(points[:1], points[1:2])[0] == pytest.approx(11_037, rel=0.001)


@given(st.text(alphabet="abcdefgh", min_size=5, max_size=20), st.data())
def test_two_names_one_slip_apart_share_a_form(name, data):
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcxyz"))
    slips = [
        name[:at] + name[at + 1 :],
        name[:at] + letter + name[at:],
        name[:at] + letter + name[at + 1 :],
        name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
    ]

    assert all(set(spelling_forms(name)) & set(spelling_forms(slip)) for slip in slips)


@given(st.text(max_size=50))
def test_the_comparable_form_of_a_comparable_form_is_itself(name):
    key = name_key(name)

    assert name_key(key) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [("Suka Maju", "SUKAMAJU"), ("Tj. Priok", "Tanjung Priok"), ("Sei Rampah", "Sungai Rampah"),
     ("Ma'rang", "Marang"), ("Łódź", "lodz"), ("2 x 11 Kayu", "2x11 kayu")],
)  # fmt: skip
def test_ways_to_write_one_name_have_one_form(one, other):
    assert name_key(one, "ID") == name_key(other, "ID")


def test_a_search_box_is_offered_the_best_known_places_first(session):
    def found(typed: str, country: str | None = "ID", **more: Any) -> list[Suggestion]:
        return suggestions(session, typed, country=country, **more)

    assert found("ban")[0].label == "Kota Bandung"
    assert found("sumur b")[0].label == "Sumur Bandung"
    assert {each.kind for each in found("ba")} <= {"region", "regency", "city"}
    assert found("Bandunk")[0].label == "Kota Bandung"
    assert found("munich", country=None)[0].parts["country"] == "DE"
    assert found("") == found("%") == []
    assert len(found("su", limit=3)) == 3


def test_the_nearest_place_is_the_village_one_stands_in(session):
    found = gazetteer.nearest_place(session, 107.6085, -6.918)

    assert found is not None
    assert (found.kind, found.name) == ("village", "Braga")
    with pytest.raises(InvalidInput):
        gazetteer.nearest_place(session, 200, 0)
