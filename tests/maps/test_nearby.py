"""Around a place: exact order, every customer once, only what is yours, and few statements."""

import json

import numpy as np
import pytest
from geopy.distance import geodesic

from geocrm.db.postgis import LonLat
from geocrm.maps.filters import compile_filter
from geocrm.maps.nearby import box_around, nearby
from tests.maps.conftest import TODAY

EVERYBODY = compile_filter(None, today=TODAY)


def get(client, **query):
    answer = client.get("/api/v1/accounts/nearby", query_string=query)
    return answer.status_code, answer.json


def everybody_from(session, place, **how):
    seen, after = [], None
    while True:
        page = nearby(session, EVERYBODY, place, after=after, **how)
        seen += page.items
        after = page.next
        if after is None:
            return seen


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_pages_bring_everybody_with_a_point_once_nearest_first(session, scatter, add_user, limit):
    placed = [row for row in scatter(60, [add_user()]) if row.geom is not None]
    found = everybody_from(session, LonLat(106.8, -6.2), limit=limit)
    assert sorted(near.row.id for near in found) == sorted(row.account_id for row in placed)
    keys = [(near.distance_m, near.row.id) for near in found]
    assert keys == sorted(keys)


def test_the_distance_is_the_one_on_the_ground(session, add_account):
    rng = np.random.default_rng(3)
    for lon, lat in zip(rng.uniform(-180, 180, 40), rng.uniform(-89, 89, 40), strict=True):
        add_account(at=(float(lon), float(lat)))
    for place in (LonLat(179.9, -17), LonLat(12, 89.5), LonLat(-60, 0)):
        found = everybody_from(session, place, limit=9)
        true = [geodesic((place.lat, place.lon), (near.row.lat, near.row.lon)).m for near in found]
        assert len(found) == 40
        assert [near.distance_m for near in found] == pytest.approx(true, rel=1e-6, abs=0.01)
        assert true == sorted(true)


def test_east_of_the_180th_meridian_is_beside_west_of_it(session, add_account):
    across = add_account(at=(-179.99, -17))
    add_account(at=(179.5, -17))
    (first,) = nearby(session, EVERYBODY, LonLat(179.99, -17), limit=1).items
    assert (first.row.id, round(first.distance_m, -2)) == (across.id, 2100)


def test_a_filter_that_one_far_customer_passes_finds_it(session, scatter, add_account, add_user):
    scatter(40, [add_user()])
    far = add_account(at=(10, 50), segment="rare")
    chosen = compile_filter({"field": "segment", "op": "eq", "value": "rare"}, today=TODAY)
    page = nearby(session, chosen, LonLat(106.8, -6.2), limit=5)
    assert [near.row.id for near in page.items] == [far.id]
    assert page.next is None


def test_a_search_around_a_place_is_a_handful_of_statements(session, scatter, add_user, statements):
    scatter(40, [add_user()])
    statements.clear()
    nearby(session, EVERYBODY, LonLat(-70, 40), limit=50)
    assert len(statements) <= 9


def test_a_rep_meets_their_own_customers_only(client_of, add_account, rep, add_user):
    mine = add_account("Mine", owner=rep, at=(106.9, -6.2), segment="A")
    add_account("Theirs", owner=add_user(), at=(106.8, -6.2))
    status, answer = get(client_of(rep), lon=106.8, lat=-6.2)
    assert (status, answer["next"]) == (200, None)
    (item,) = answer["items"]
    assert (item["id"], item["segment"], item["owner"]["id"]) == (mine.id, "A", rep.id)
    assert item["distance_m"] == pytest.approx(11_067, abs=2)


def test_pages_follow_each_other_by_the_cursor(client_of, administrator, scatter, add_user):
    scatter(12, [add_user()])
    client = client_of(administrator)
    first = get(client, lon=107, lat=-6, limit=5)[1]
    second = get(client, lon=107, lat=-6, limit=5, cursor=first["next"])[1]
    distances = [item["distance_m"] for item in first["items"] + second["items"]]
    assert distances == sorted(distances)
    assert not {i["id"] for i in first["items"]} & {i["id"] for i in second["items"]}
    assert get(client, lon=106, lat=-6, cursor=first["next"])[0] == 422


def test_who_may_only_count_is_told_so(client_of, marketer):
    assert get(client_of(marketer), lon=107, lat=-6)[0] == 403


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"lon": 107},
        {"lon": 181, "lat": 0},
        {"lon": "nan", "lat": 0},
        {"lon": 107, "lat": -6, "limit": 0},
        {"lon": 107, "lat": -6, "limit": 5000},
        {"lon": 107, "lat": -6, "cursor": "@@@"},
        {"lon": 107, "lat": -6, "filter": "{"},
        {"lon": 107, "lat": -6, "filter": json.dumps({"field": "shoe", "op": "eq", "value": 1})},
    ],
)
def test_what_is_no_place_or_list_is_refused(client_of, administrator, query):
    status, answer = get(client_of(administrator), **query)
    assert status == 422
    assert answer["detail"]


@pytest.mark.parametrize("lat", [-80.0, -6.0, 0.0, 60.0])
@pytest.mark.parametrize("radius_m", [500.0, 40_000.0, 900_000.0])
def test_the_box_holds_the_whole_circle(lat, radius_m):
    box = box_around(LonLat(179.9, lat), radius_m)
    for bearing in range(0, 360, 15):
        reached = geodesic(meters=radius_m).destination((lat, 179.9), bearing)
        assert box.south <= reached.latitude <= box.north
        inside = (
            box.west <= reached.longitude or reached.longitude <= box.east
            if box.west > box.east
            else box.west <= reached.longitude <= box.east
        )
        assert inside
