"""A real extract: the centre of Helsinki, which scripts/osm_fixtures.py fetches."""

import os

import pytest

from geocrm.config import Settings
from geocrm.places.packs import service
from geocrm.places.street_names import street_keys
from tests.places.extract import column, country, rows

FILE = Settings.from_env(os.environ).var / "fixtures" / "Helsinki.osm.pbf"
pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason="fetch it with: .venv/bin/python scripts/osm_fixtures.py Helsinki"
)


@pytest.fixture
def loaded(session, tmp_path):
    """The pack, in a country that is drawn around it."""
    country(session, "FI", "Finland", around=(24.9, 60.2))
    return service.add(session, FILE, tmp_path / "packs", {})


def test_a_city_centre_becomes_a_pack(session, loaded):
    counts = loaded.counts
    assert counts["streets"] > 100
    # 1,470 objects bear a number; shops and entrances of one house are one.
    assert 500 < counts["addresses"] < 1_470
    assert counts["pois"] > 1_000
    assert (counts["without_street"], counts["unreadable_numbers"]) == (17, 1)
    assert (counts["areas"], counts["boundaries_cut"]) == (0, 14)

    # Every address lies beside the street it names.
    [(farthest_m,)] = rows(
        session,
        "SELECT max(ST_Distance(s.geom::geography,"
        " ST_SetSRID(ST_MakePoint(a.lon, a.lat), 4326)::geography))"
        " FROM pack_addresses a JOIN pack_streets s ON s.id = a.street_id",
    )
    assert farthest_m < 500

    key = street_keys("Aleksanterinkatu", "FI")[0]
    [(name, keys, country_code)] = rows(
        session,
        "SELECT DISTINCT s.name, l.keys, s.country FROM pack_street_names n"
        " JOIN pack_streets s ON s.id = n.street_id JOIN pack_localities l ON l.id = s.locality_id"
        " WHERE n.key = :key",
        key=key,
    )
    assert (name, country_code) == ("Aleksanterinkatu", "FI")
    assert {"helsinki", "kluuvi"} <= set(keys)
    swedish = street_keys("Alexandersgatan", "FI")[0]
    assert column(
        session,
        "SELECT s.name FROM pack_street_names n JOIN pack_streets s ON s.id = n.street_id"
        " WHERE n.key = :key",
        key=swedish,
    ) == ["Aleksanterinkatu"]
