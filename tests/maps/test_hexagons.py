"""Hexagons: everybody is in exactly one, whole in every tile it touches, and only who is yours."""

import mapbox_vector_tile
import numpy as np
import pytest
from sqlalchemy import text

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps import hexagons
from geocrm.maps.filters import compile_filter
from geocrm.maps.hexagons import ANONYMOUS_MAX_ZOOM, COLUMNS, hexagon_tile, hexagons_around
from geocrm.maps.queries import Box
from geocrm.maps.tiles import Tile
from geocrm.spatial.morton import deinterleave
from tests.maps.conftest import TODAY

EVERYBODY = compile_filter(None, today=TODAY)
IN_A = compile_filter('{"field":"segment","op":"in","value":["A"]}', today=TODAY)


@pytest.fixture
def crowd(scatter, add_user, manager):
    """Three hundred customers of three reps."""
    reps = [add_user(manager_id=manager.id), add_user(), add_user()]
    return reps, scatter(300, reps)


def decoded(tile):
    """The hexagons of a tile by id; their rings as drawn, y downwards."""
    layers = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True}) if tile else {}
    features = layers.get("hexagons", {}).get("features", [])
    return {f["id"]: {**f["properties"], "ring": f["geometry"]["coordinates"][0]} for f in features}


def tiles_around(rows, z):
    """Every tile of the zoom that holds somebody, and those beside it."""
    keys = np.array([row.qk for row in rows if row.qk is not None])
    columns, lines = deinterleave(np.unique(keys >> 2 * (24 - z)))
    size = 1 << z
    near = {
        ((x + i) % size, y + j)
        for x, y in zip(columns.tolist(), lines.tolist(), strict=True)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if 0 <= y + j < size
    }
    return [Tile(z, x, y) for x, y in sorted(near)]


def all_hexagons(session, rows, z, chosen):
    """The hexagons of a zoom, each once; the same one is the same in every tile."""
    found = {}
    for tile in tiles_around(rows, z):
        for key, hexagon in decoded(hexagon_tile(session, tile, chosen)).items():
            figures = {name: value for name, value in hexagon.items() if name != "ring"}
            assert found.setdefault(key, figures) == figures
    return found


@pytest.mark.parametrize("chosen", [EVERYBODY, IN_A], ids=["everybody", "segment A"])
@pytest.mark.parametrize("z", [0, 3, 7, 10, 14])
def test_the_hexagons_of_a_zoom_add_up_to_all_customers_with_a_point(session, crowd, chosen, z):
    rows = [r for r in crowd[1] if r.qk is not None and (chosen is EVERYBODY or r.segment == "A")]
    found = all_hexagons(session, rows, z, chosen).values()
    assert sum(each["count"] for each in found) == len(rows)
    assert sum(each["revenue"] for each in found) == pytest.approx(sum(r.revenue for r in rows))
    for name in ("A", "B", "C", "D"):
        number = sum(each.get(f"seg_{name}", 0) for each in found)
        assert number == sum(row.segment == name for row in rows)


def test_each_hexagon_warms_the_map_once(session, crowd):
    rows = [r for r in crowd[1] if r.qk is not None]
    for z in (0, 6, 11):
        middles = [
            feature["properties"]
            for tile in tiles_around(rows, z)
            for feature in mapbox_vector_tile.decode(hexagon_tile(session, tile, EVERYBODY))
            .get("middles", {})
            .get("features", [])
        ]
        assert sum(each["count"] for each in middles) == len(rows)
        revenue = sum(each["revenue"] for each in middles)
        assert revenue == pytest.approx(sum(r.revenue for r in rows))


def test_a_hexagon_on_a_border_is_drawn_whole_on_both_sides(session, add_account):
    for lon in (-0.001, 0.001):
        add_account(at=(lon, 9.51))
    sides = {x: decoded(hexagon_tile(session, Tile(5, x, 15), EVERYBODY)) for x in (15, 16)}
    (west,), (east,) = sides[15].values(), sides[16].values()
    assert (west["count"], east["count"]) == (2, 2)
    assert set(sides[15]) == set(sides[16])
    assert {(x - 4096, y) for x, y in west["ring"]} == {(x, y) for x, y in east["ring"]}


def test_a_hexagon_across_the_180th_meridian_is_one(session, add_account):
    for lon in (-179.99, 179.99):
        add_account(at=(lon, -17.0))
    sides = [decoded(hexagon_tile(session, Tile(4, x, 8), EVERYBODY)) for x in (0, 15)]
    assert sides[0].keys() == sides[1].keys()
    assert [each["count"] for side in sides for each in side.values()] == [2, 2]
    box = Box(179, -18, -179, -16)
    assert [each.count for each in hexagons_around(session, 4, box, EVERYBODY)] == [2]


def test_a_customer_lies_inside_its_hexagon(session, add_account):
    rng = np.random.default_rng(4)
    for _ in range(12):
        at = (float(rng.uniform(-170, 170)), float(rng.uniform(-70, 70)))
        account = add_account(at=at)
        key = scoped_sql(
            session,
            "SELECT qk FROM account_scope s WHERE {scope:s} AND account_id = :id",
            {"id": account.id},
        ).scalar_one()
        x, y = (int(v) for v in deinterleave(key >> 2 * (24 - 6)))
        inside = (np.array(deinterleave(key)) % (1 << 18)) / (1 << 18) * 4096
        rings = [
            h["ring"] for h in decoded(hexagon_tile(session, Tile(6, x, y), EVERYBODY)).values()
        ]
        width = 4096 / COLUMNS
        middles = [np.mean(ring[:-1] if ring[0] == ring[-1] else ring, axis=0) for ring in rings]
        nearest = min(np.linalg.norm(middle - inside) for middle in middles)
        # A corner is width / sqrt(3) from the middle; squares round by half a part's diagonal.
        assert nearest <= width / np.sqrt(3) + 23


def test_rings_turn_as_a_tile_wants_them(session, add_account):
    add_account()
    for hexagon in decoded(hexagon_tile(session, Tile(0, 0, 0), EVERYBODY)).values():
        ring = np.array([*hexagon["ring"], hexagon["ring"][0]], dtype=float)
        (x, y), (x2, y2) = ring[:-1].T, ring[1:].T
        assert (x * y2 - x2 * y).sum() > 0


def test_the_hexagons_around_a_view_hold_all_of_it(session, crowd):
    everybody = Box(106, -7, 108, -6)
    for z in (0, 5, 8, 11):
        found = hexagons_around(session, z, everybody, EVERYBODY)
        assert sum(h.count for h in found) == sum(r.qk is not None for r in crowd[1])
        assert len({h.id for h in found}) == len(found)
        drawn = all_hexagons(session, crowd[1], z, EVERYBODY)
        assert {h.id: h.count for h in found} == {i: h["count"] for i, h in drawn.items()}


def test_a_rep_receives_nothing_of_another_rep(session, crowd, actor_of):
    reps, rows = crowd
    session.info["scope"] = actor_of(reps[1])
    own = [row for row in rows if row.owner_id == reps[1].id and row.qk is not None]
    found = all_hexagons(session, rows, 8, EVERYBODY).values()
    assert sum(each["count"] for each in found) == len(own)


def test_a_tile_is_one_statement_that_reads_nothing_but_an_index(session, crowd, statements):
    tile = tiles_around(crowd[1], 9)[0]
    hexagon_tile(session, tile, EVERYBODY)
    assert len(statements) == 1
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_bitmapscan = off"))
    sql, values = hexagons.statement(tile, IN_A)
    plan = "\n".join(scoped_sql(session, "EXPLAIN " + sql, values).scalars())
    reads = [line for line in plan.splitlines() if "account" in line and "Scan" in line]
    assert ["Index Only Scan" in line for line in reads] == [True], plan


# ------------------------------------------------------------------------------ over HTTP


def get(client, path, **query):
    return client.get(path, query_string=query)


def test_a_tile_is_private_and_unchanged_until_something_changes(client_of, crowd):
    client = client_of(crowd[0][0])
    first = get(client, "/tiles/hexagons/3/6/4.mvt")
    assert (first.status_code, "private" in first.headers["Cache-Control"]) == (200, True)
    again = client.get(
        "/tiles/hexagons/3/6/4.mvt", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_a_tile_that_does_not_exist_is_refused_with_a_reason(client_of, administrator):
    client = client_of(administrator)
    answer = get(client, f"/tiles/hexagons/{hexagons.MAX_ZOOM + 1}/0/0.mvt")
    assert answer.status_code == 422
    assert "0 to 14" in answer.get_json()["detail"]
    assert get(client, "/tiles/hexagons/3/8/0.mvt").status_code == 422
    with pytest.raises(InvalidInput, match="no hexagons at zoom 15"):
        hexagons.statement(Tile(15, 0, 0), EVERYBODY)


def test_a_marketer_receives_whole_tens_of_large_hexagons_only(client_of, crowd, marketer):
    client = client_of(marketer)
    seen = 0
    for z in (0, 3, 5, ANONYMOUS_MAX_ZOOM):
        for tile in tiles_around(crowd[1], z):
            answer = get(client, f"/tiles/hexagons/{tile.z}/{tile.x}/{tile.y}.mvt")
            for hexagon in decoded(answer.data).values():
                assert set(hexagon) <= {"ring", "count", "seg_A", "seg_B", "seg_C", "seg_D"}
                numbers = [value for name, value in hexagon.items() if name != "ring"]
                assert all(number >= 10 and number % 10 == 0 for number in numbers)
                seen += 1
    assert seen
    finer = f"/tiles/hexagons/{ANONYMOUS_MAX_ZOOM + 1}/0/0.mvt"
    assert get(client, finer).status_code == 422


def test_breaks_of_a_view_are_told_with_the_size_of_each_class(client_of, crowd, administrator):
    query = {"bbox": "106,-7,108,-6", "zoom": 7, "measure": "count", "classes": "natural"}
    found = get(client_of(administrator), "/api/v1/accounts/hexagons/classes", **query).get_json()
    assert found["breaks"] == sorted(set(found["breaks"]))
    assert len(found["sizes"]) == len(found["breaks"]) + 1
    assert found["least"] < found["breaks"][0] <= found["largest"]


def test_breaks_are_kept_by_the_browser_until_something_changes(client_of, crowd, add_account):
    client, query = client_of(crowd[0][0]), {"bbox": "106,-7,108,-6", "zoom": 7}
    path = "/api/v1/accounts/hexagons/classes"
    first = get(client, path, **query)
    known = {"If-None-Match": first.headers["ETag"]}
    assert client.get(path, query_string=query, headers=known).status_code == 304
    add_account(owner=crowd[0][0])
    assert client.get(path, query_string=query, headers=known).status_code == 200


def test_a_marketers_breaks_are_those_of_what_is_drawn(client_of, crowd, marketer):
    query = {"bbox": "106,-7,108,-6", "zoom": 12, "measure": "revenue"}
    found = get(client_of(marketer), "/api/v1/accounts/hexagons/classes", **query).get_json()
    assert (found["least"], found["largest"], found["breaks"]) == (0, 0, [])
    query["measure"] = "count"
    found = get(client_of(marketer), "/api/v1/accounts/hexagons/classes", **query).get_json()
    assert found["least"] >= 10
    assert all(each % 10 == 0 for each in found["breaks"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"bbox": "1,2,3"},
        {"bbox": "nan,0,1,1"},
        {"zoom": 15},
        {"measure": "height"},
        {"measure": "share", "share": "Z"},
        {"classes": "random"},
    ],
)
def test_what_cannot_be_classified_is_refused(client_of, administrator, wrong):
    query = {"bbox": "106,-7,108,-6", "zoom": 9} | wrong
    answer = get(client_of(administrator), "/api/v1/accounts/hexagons/classes", **query)
    assert answer.status_code == 422
