"""Two packs on one ground: everything answers once, and either may go again."""

from itertools import pairwise
from pathlib import Path

import pytest

from geocrm.places.packs import service
from tests.places.extract import Extract, column, country, rows

OLD, NEW = "2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z"


@pytest.fixture
def add(session, tmp_path: Path):
    """Load an extract with data of a date as the pack of that name."""
    country(session)

    def add(name: str, extract: Extract, date: str) -> service.Outcome:
        file = extract.write(tmp_path / f"{name}.osm.pbf", date=date)
        return service.add(session, file, tmp_path / "packs", {}, name)

    return add


@pytest.fixture
def remove(session, tmp_path: Path):
    return lambda name: service.remove(session, tmp_path / "packs", name)


def _town(length_m: int = 300, **more) -> Extract:
    """The same objects each time: a street, a house, a shop, a hamlet."""
    town = Extract(first_id=100)
    nodes = [town.node((x, 0), osm_id=i) for i, x in enumerate(range(0, length_m + 1, 100), 1)]
    for i, (a, b) in enumerate(pairwise(nodes)):
        town.way(a, b, osm_id=50 + i, highway="residential", name="Am Bach", **more)
    town.house("Am Bach", "1", (10, 10), osm_id=90)
    town.node((20, 10), osm_id=91, shop="bakery", name="Frick")
    town.node((0, 0), osm_id=92, place="hamlet", name="Steg")
    return town


def _shown(session):
    """Which pack answers for a street name, and for a shop."""
    streets = column(
        session,
        "SELECT DISTINCT p.name FROM pack_street_names n JOIN pack_streets s ON s.id = n.street_id"
        " JOIN region_packs p ON p.id = s.pack_id ORDER BY 1",
    )
    shops = column(
        session, "SELECT p.name FROM pack_pois o JOIN region_packs p ON p.id = o.pack_id ORDER BY 1"
    )
    return streets, shops


def test_the_newer_pack_answers(session, add):
    add("newer", _town(), NEW)
    done = add("older", _town(), OLD)
    assert done.overlaps == ("newer",)
    assert _shown(session) == (["newer"], ["newer"])


def test_when_it_goes_the_other_answers_again(session, add, remove):
    add("older", _town(), OLD)
    names = rows(session, "SELECT key, bare FROM pack_street_names ORDER BY 1")
    add("newer", _town(), NEW)
    assert _shown(session) == (["newer"], ["newer"])
    remove("newer")
    assert _shown(session) == (["older"], ["older"])
    assert rows(session, "SELECT key, bare FROM pack_street_names ORDER BY 1") == names


def test_a_street_cut_by_the_newer_extract_is_kept_whole(session, add):
    add("country", _town(length_m=900), OLD)
    add("city", _town(length_m=200), NEW)
    assert _shown(session)[0] == ["city", "country"]


def test_packs_apart_do_not_touch_each_other(session, add):
    far = Extract(first_id=500)
    far.street("Am Bach", (9_000, 0), (9_300, 0))
    add("here", _town(), OLD)
    assert add("there", far, NEW).overlaps == ()
    assert _shown(session)[0] == ["here", "there"]


def test_three_packs_and_the_newest_answers(session, add, remove):
    add("b", _town(), NEW)
    add("a", _town(), OLD)
    add("c", _town(), "2025-01-01T00:00:00Z")
    assert _shown(session) == (["c"], ["c"])
    remove("c")
    assert _shown(session) == (["b"], ["b"])


def test_a_place_both_packs_hold_stays_while_one_of_them_does(session, add, remove):
    add("first", _town(), OLD)
    add("second", _town(), NEW)
    assert column(session, "SELECT name FROM gazetteer_places") == ["Steg"]
    remove("first")
    assert rows(
        session,
        "SELECT g.name, p.name FROM gazetteer_places g JOIN region_packs p ON p.id = g.pack_id",
    ) == [("Steg", "second")]
    assert column(session, "SELECT DISTINCT key FROM gazetteer_spellings") == ["steg"]
    remove("second")
    assert column(session, "SELECT name FROM gazetteer_places") == []
    assert column(session, "SELECT key FROM gazetteer_spellings") == []
