"""From a point to what lies there: never an address across a border, always with its distance."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db.postgis import LonLat
from geocrm.geocoding.reverse import reverse
from tests.geocoding.town import SIDE_M, WEST, at


def test_the_nearest_address_comes_with_its_distance_and_parts(session: Session) -> None:
    found = reverse(session, LonLat(*at(WEST, 200, SIDE_M + 10)))
    assert found.label == "Hauptstrasse 5, West"
    assert found.distance_m == pytest.approx(10, abs=0.5)
    assert found.parts == {
        "street": "Hauptstrasse", "house_number": "5", "postcode": "9401", "city": "West",
        "country": "LI",
    }  # fmt: skip
    assert [unit.code for unit in found.units] == ["wld-adm0:LIE"]


def test_a_point_far_from_houses_has_its_village(session: Session) -> None:
    found = reverse(session, LonLat(*at(WEST, 0, 2_000)))
    assert found.grade == "village"
    assert found.label.startswith("West")


def test_an_address_across_the_border_is_not_taken(session: Session) -> None:
    session.execute(
        text(
            "UPDATE boundaries SET geom = ST_Multi(ST_MakeEnvelope(9.4, 47.0, 9.5015, 47.2, 4326))"
            " WHERE code = 'wld-adm0:LIE'"
        )
    )
    # Hauptstrasse 3 (1.6 thousandths east) is the nearest, but lies beyond; 1 is on this side.
    found = reverse(session, LonLat(*at(WEST, 110, SIDE_M)))
    assert found.label == "Hauptstrasse 1, West"


def test_in_the_middle_of_an_ocean_nothing_is_made_up(session: Session) -> None:
    found = reverse(session, LonLat(-30.0, 10.0))
    assert (found.label, found.grade, found.units, found.parts) == ("", "none", (), {})


def test_an_indonesian_point_has_the_units_of_the_register(session: Session) -> None:
    found = reverse(session, LonLat(107.6085, -6.918))
    assert found.parts["village"] == "Braga"
    assert found.parts["district"] == "Sumur Bandung"
    assert found.parts["city"] == "Kota Bandung"
    json.dumps(found.parts)
