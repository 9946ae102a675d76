"""What the map draws: everybody once, nobody who is not yours, nothing that is out of date."""

import gzip
import re

import brotli
import numpy as np
import pytest
from sqlalchemy import select, text, update

from geocrm.customers.models import AccountScope
from geocrm.db import elevated, prepared, scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps import queries, tiles
from geocrm.maps.anonymous_tiles import FINEST_CELL_ZOOM, anonymous_tile
from geocrm.maps.filters import compile_filter
from geocrm.maps.tiles import Tile, account_tile
from geocrm.security import Actor, Role
from geocrm.spatial.morton import deinterleave, encode, tile_range
from geocrm.web.tile_cache import TileCache
from tests.maps.conftest import TODAY, customers_in, decoded

EVERYBODY = compile_filter(None, today=TODAY)
IN_A = compile_filter('{"field":"segment","op":"in","value":["A"]}', today=TODAY)


@pytest.fixture
def crowd(scatter, add_user, manager):
    """Three hundred customers of three reps."""
    reps = [add_user(manager_id=manager.id), add_user(), add_user()]
    return reps, scatter(300, reps)


def tiles_at(rows, z):
    """Every tile of the zoom that holds somebody."""
    keys = np.array([row.qk for row in rows if row.qk is not None])
    columns, lines = deinterleave(np.unique(keys >> 2 * (24 - z)))
    return [Tile(z, int(x), int(y)) for x, y in zip(columns, lines, strict=True)]


def test_the_database_and_python_agree_on_the_key_of_a_point(session, crowd):
    rows = scoped_sql(
        session, "SELECT qk, ST_X(geom), ST_Y(geom) FROM account_scope s WHERE qk > 0 AND {scope:s}"
    ).all()
    keys, lons, lats = zip(*rows, strict=True)
    for by_sql, by_python in zip(deinterleave(keys), deinterleave(encode(lons, lats)), strict=True):
        assert np.abs(by_sql - by_python).max() <= 1


@pytest.mark.parametrize("chosen", [EVERYBODY, IN_A], ids=["everybody", "segment A"])
def test_the_tiles_of_a_zoom_add_up_to_all_customers_with_a_point(session, crowd, chosen):
    _reps, rows = crowd
    expected = [r for r in rows if r.qk is not None and (chosen is EVERYBODY or r.segment == "A")]
    for z in (0, 5, 9, 11, 12, 16, 22):
        features = [
            feature
            for tile in tiles_at(expected, z)
            for feature in decoded(account_tile(session, tile, chosen).body)
        ]
        assert customers_in(features) == len(expected), z
        alone = [feature["id"] for feature in features if "point_count" not in feature]
        assert len(alone) == len(set(alone))
        assert set(alone) <= {r.account_id for r in expected}


def test_a_crowded_tile_shows_clusters_and_drops_nobody(session, crowd, monkeypatch):
    monkeypatch.setattr(tiles, "MAX_POINTS", 1)
    _reps, rows = crowd
    crowded = max(
        tiles_at(rows, 12),
        key=lambda t: sum(t.keys[0] <= (r.qk or -1) < t.keys[1] for r in rows),
    )
    features = decoded(account_tile(session, crowded, EVERYBODY).body)
    low, high = crowded.keys
    assert customers_in(features) == sum(low <= (row.qk or -1) < high for row in rows)


def test_customers_on_one_point_are_a_stack_at_every_zoom(session, add_account):
    stacked = [add_account(at=(106.8, -6.2), segment="A", revenue=5) for _ in range(3)]
    far = add_account(at=(107.5, -6.9), name="Alone")
    key = session.get(AccountScope, stacked[0].id).qk
    for z in (0, 8, 14, 22):
        x, y = deinterleave(key >> 2 * (24 - z))
        features = decoded(account_tile(session, Tile(z, int(x), int(y)), EVERYBODY).body)
        stacks = [f for f in features if f.get("stack") == key]
        if z > 0:
            assert [(f["point_count"], f["seg_A"], f["revenue"]) for f in stacks] == [(3, 3, 15.0)]
        assert all("id" not in f and "name" not in f for f in stacks)
    assert far.id


def test_a_name_is_told_only_near_by(session, add_account):
    account = add_account(at=(106.8, -6.2), name="Warung Bu Tini")
    key = session.get(AccountScope, account.id).qk
    names = {}
    for z in (5, 11, 12, 16):
        x, y = deinterleave(key >> 2 * (24 - z))
        (feature,) = decoded(account_tile(session, Tile(z, int(x), int(y)), EVERYBODY).body)
        assert feature["id"] == account.id
        names[z] = feature.get("name")
    assert names == {5: None, 11: None, 12: "Warung Bu Tini", 16: "Warung Bu Tini"}


def test_how_good_a_point_is_is_told_near_by(session, add_account):
    account = add_account(at=(106.8, -6.2), grade="street")
    add_account(at=(106.9, -6.2), grade="village")
    add_account(at=(106.9, -6.2), grade="village")
    key = session.get(AccountScope, account.id).qk
    told = {}
    for z in (11, 12, 16):
        x, y = deinterleave(key >> 2 * (24 - z))
        features = decoded(account_tile(session, Tile(z, int(x), int(y)), EVERYBODY).body)
        (feature,) = [f for f in features if f.get("id") == account.id]
        told[z] = (feature.get("grade"), feature.get("radius_m"))
        # Those of a stack are told when it is opened.
        assert not any("grade" in f for f in features if "point_count" in f)
    assert told == {11: (None, None), 12: ("street", 500), 16: ("street", 500)}


def test_a_tile_of_clusters_reads_nothing_but_an_index(session, crowd):
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_bitmapscan = off"))
    for z in (7, 11):
        sql, values = tiles.statement(tiles_at(crowd[1], z)[0], IN_A)
        plan = "\n".join(scoped_sql(session, "EXPLAIN " + sql, values).scalars())
        reads = [line for line in plan.splitlines() if "account" in line and "Scan" in line]
        assert len(reads) == 1, plan
        # Several indexes hold all that is asked; which is cheapest is up to the table's statistics.
        assert re.search(r"Index Only Scan using account_scope_(\w+_)?qk", reads[0]), plan


def test_a_customer_is_drawn_where_it_is(session, add_account):
    account = add_account(at=(106.8123, -6.2345))
    key = session.get(AccountScope, account.id).qk
    for z in (4, 11, 15):
        x, y = deinterleave(key >> 2 * (24 - z))
        (feature,) = decoded(account_tile(session, Tile(z, int(x), int(y)), EVERYBODY).body)
        across, up = feature["at"]
        size = 360 / 2**z
        assert int(x) * size - 180 + across / 4096 * size == pytest.approx(
            106.8123, abs=max(size / 2000, 1.2e-5)
        )
        low, _ = tile_range(z, int(x), int(y))
        lines = int(deinterleave(key - low)[1]) / 2 ** (24 - z) * 4096
        assert 4096 - up == pytest.approx(lines, abs=max(2, 4096 / 2 ** (24 - z)))


def test_a_cluster_lies_among_its_customers(session, add_account):
    for lon in (106.80, 106.81, 106.82):
        add_account(at=(lon, -6.2), territory_id=4)
    (feature,) = decoded(account_tile(session, Tile(3, 6, 4), EVERYBODY).body)
    assert feature["point_count"] == 3
    assert feature["territory"] == 4
    size = 360 / 8
    assert 6 * size - 180 + feature["at"][0] / 4096 * size == pytest.approx(106.81, abs=0.5)


def test_a_rep_receives_nothing_of_another_rep(session, crowd, actor_of):
    reps, rows = crowd
    for rep in reps:
        own = {r.account_id for r in rows if r.owner_id == rep.id and r.qk is not None}
        session.info["scope"] = actor_of(rep)
        for z in (0, 5, 10, 13):
            features = [
                f
                for t in tiles_at(rows, z)
                for f in decoded(account_tile(session, t, EVERYBODY).body)
            ]
            assert customers_in(features) == len(own)
            assert {f["id"] for f in features if "id" in f} <= own


def test_orm_list_and_tiles_show_anybody_the_same_customers(session, crowd):
    reps, rows = crowd
    rng = np.random.default_rng(5)
    for _ in range(12):
        owners = frozenset(int(r.id) for r in reps if rng.random() < 0.4)
        ground = frozenset(int(t) for t in (1, 2, 3) if rng.random() < 0.4)
        session.info["scope"] = Actor(1, Role.FIELD_REP, owner_ids=owners, territory_ids=ground)
        by_orm = set(session.scalars(select(AccountScope.account_id)))
        listed = queries.accounts(session, EVERYBODY, limit=len(rows)).rows
        assert {row.id for row in listed} == by_orm
        placed = {row.account_id for row in rows if row.qk is not None} & by_orm
        features = [
            f for t in tiles_at(rows, 9) for f in decoded(account_tile(session, t, EVERYBODY).body)
        ]
        assert customers_in(features) == len(placed)
        assert {f["id"] for f in features if "id" in f} <= placed


def test_a_tile_is_one_statement(session, crowd, statements):
    account_tile(session, Tile(0, 0, 0), EVERYBODY)
    assert len(statements) == 1


# ------------------------------------------------------------------------------ over HTTP


def get_tile(client, z=0, x=0, y=0, **headers):
    return client.get(f"/tiles/accounts/{z}/{x}/{y}.mvt", headers=headers)


def test_a_tile_is_private_and_unchanged_until_something_changes(client_of, crowd):
    reps, _rows = crowd
    client = client_of(reps[0])
    first = get_tile(client)
    assert first.status_code == 200
    assert "private" in first.headers["Cache-Control"]
    assert first.mimetype == "application/vnd.mapbox-vector-tile"
    again = get_tile(client, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_another_person_fetched_is_not_served(client_of, crowd, manager):
    reps, _rows = crowd
    answers = [get_tile(client_of(user)) for user in (manager, *reps)]
    assert len({answer.headers["ETag"] for answer in answers}) == len(answers)
    stolen = get_tile(client_of(reps[1]), **{"If-None-Match": answers[0].headers["ETag"]})
    assert stolen.status_code == 200
    assert stolen.data != answers[0].data


def test_after_a_reassignment_the_old_tile_is_not_served(client_of, crowd, session):
    reps, _rows = crowd
    client = client_of(reps[0])
    before = get_tile(client)
    with elevated(session):
        session.execute(
            update(AccountScope)
            .where(AccountScope.owner_id == reps[0].id)
            .values(owner_id=reps[1].id)
        )
    session.commit()
    after = get_tile(client, **{"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert decoded(after.data) == []


def test_an_edited_name_makes_tiles_new(client_of, session, add_account, rep):
    account = add_account(owner=rep)
    client = client_of(rep)
    before = get_tile(client)
    account.name = "New name"
    session.commit()
    assert get_tile(client, **{"If-None-Match": before.headers["ETag"]}).status_code == 200


def test_writers_do_not_wait_for_each_other(engine):
    """Two open transactions raise the version at once, and neither is lost."""
    with engine.connect() as one, engine.connect() as two, engine.connect() as reader:
        version = text("SELECT sum(raises) FROM map_versions")
        start = reader.scalar(version)
        for connection in (one, two):
            connection.execute(text("SET lock_timeout = '2s'"))
            connection.execute(text("UPDATE users SET email = email"))
        assert one.scalar(version) == start + 1
        reader.rollback()
        assert reader.scalar(version) == start
        one.rollback()
        two.rollback()


def test_a_large_tile_is_compressed_for_who_can_read_it(client_of, crowd, administrator):
    client = client_of(administrator)
    tile = tiles_at(crowd[1], 8)[0]
    plain = get_tile(client, tile.z, tile.x, tile.y)
    zipped = get_tile(client, tile.z, tile.x, tile.y, **{"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert len(zipped.data) < len(plain.data)


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_a_tile_unzipped_is_the_tile(client_of, crowd, administrator, coding):
    client = client_of(administrator)
    tile = tiles_at(crowd[1], 8)[0]
    plain = get_tile(client, tile.z, tile.x, tile.y)
    zipped = get_tile(client, tile.z, tile.x, tile.y, **{"Accept-Encoding": f"{coding}, deflate"})
    assert zipped.headers["Content-Encoding"] == coding
    assert "Accept-Encoding" in zipped.headers["Vary"]
    unzip = {"br": brotli.decompress, "gzip": gzip.decompress}[coding]
    assert unzip(zipped.data) == plain.data


def test_the_same_tile_asked_again_is_not_planned_again(session, crowd, monkeypatch):
    """The second time the connection knows the statement; with other values it gives others."""
    rows = crowd[1]
    everybody = tiles_at(rows, 12)[:3]
    told = [account_tile(session, tile, IN_A).body for tile in everybody]
    known = session.connection().connection.info["geocrm_prepared"]
    before = len(known)
    monkeypatch.setattr(tiles, "_one_plan_is_good", lambda *_: False)
    assert [account_tile(session, tile, IN_A).body for tile in everybody] == told
    monkeypatch.undo()
    assert [account_tile(session, tile, IN_A).body for tile in everybody] == told
    assert len(known) == before


def test_a_connection_keeps_a_bounded_number_of_plans(session, crowd, monkeypatch):
    monkeypatch.setattr(prepared, "_MAX_STATEMENTS", 3)
    for number in range(1, 8):
        parts = [{"field": "segment", "op": "eq", "value": "A"}] * number
        account_tile(session, Tile(12, 0, 0), compile_filter({"or": parts}, today=TODAY))
    assert len(session.connection().connection.info["geocrm_prepared"]) <= 3


@pytest.mark.parametrize(
    "address", ["23/0/0", "3/8/0", "3/0/8", "99999999999999999999/0/0", "-1/0/0"]
)
def test_a_tile_that_does_not_exist_is_refused(client_of, administrator, address):
    answer = client_of(administrator).get(f"/tiles/accounts/{address}.mvt")
    assert 400 <= answer.status_code < 500


def test_a_bad_filter_is_refused_with_a_reason(client_of, administrator):
    answer = client_of(administrator).get('/tiles/accounts/0/0/0.mvt?filter={"field":"shoe"}')
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_boundaries_come_as_tiles_and_stay_until_reloaded(client_of, rep, session):
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, level, source, vintage, licence, attribution)"
            " VALUES ('tst-adm1', 'Test', 1, '', '', '', '')"
        )
    )
    session.commit()
    client = client_of(rep)
    answer = client.get("/tiles/boundaries/tst-adm1/0/0/0.mvt")
    assert answer.status_code == 200
    again = client.get(
        "/tiles/boundaries/tst-adm1/0/0/0.mvt", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    assert client.get("/tiles/boundaries/none/0/0/0.mvt").status_code == 422


# ---------------------------------------------------------------------- who only counts


def test_a_marketer_receives_whole_tens_and_nobodys_record(client_of, crowd, marketer):
    _reps, rows = crowd
    client = client_of(marketer)
    for z in (0, 4, 8, 12, 13):
        for tile in tiles_at(rows, z)[:20]:
            for feature in decoded(get_tile(client, tile.z, tile.x, tile.y).data):
                assert set(feature) <= {"at", "point_count", "seg_A", "seg_B", "seg_C", "seg_D"}
                numbers = [value for name, value in feature.items() if name != "at"]
                assert all(number >= 10 and number % 10 == 0 for number in numbers)


def test_zooming_in_tells_a_marketer_nothing_about_few(session, scatter, add_user, actor_of):
    """From any cell and its quarters nobody can work out a count from one to nine."""
    rows = scatter(300, [add_user()], seed=3)
    marketer = actor_of(add_user(Role.MARKETER))
    session.info["scope"] = marketer
    counts = {}
    for z in range(4, 10):
        for tile in tiles_at(rows, z):
            for f in decoded(anonymous_tile(session, tile, EVERYBODY)):
                x, y = f["at"]
                counts[z + 3, tile.x * 8 + x // 512, tile.y * 8 + (4096 - y) // 512] = f[
                    "point_count"
                ]
    assert counts
    for (z, x, y), number in counts.items():
        quarters = [counts.get((z + 1, 2 * x + i, 2 * y + j), 0) for i in (0, 1) for j in (0, 1)]
        assert (number - sum(quarters)) % 10 == 0


def test_beyond_the_finest_cells_a_marketer_sees_each_cell_once(
    session, scatter, add_user, actor_of
):
    owner = add_user()
    scatter(40, [owner], geom="SRID=4326;POINT(106.8 -6.2)", grade="village")
    session.info["scope"] = actor_of(add_user(Role.MARKETER))
    key = 0
    with elevated(session):
        key = scoped_sql(session, "SELECT qk FROM account_scope s WHERE {scope:s} LIMIT 1").scalar()
    x, y = (int(v) for v in deinterleave(key >> 2 * (24 - FINEST_CELL_ZOOM)))
    for deeper in (1, 2, 3):
        found = [
            f
            for i in range(2**deeper)
            for j in range(2**deeper)
            for f in decoded(
                anonymous_tile(
                    session,
                    Tile(FINEST_CELL_ZOOM + deeper, (x << deeper) + i, (y << deeper) + j),
                    EVERYBODY,
                )
            )
        ]
        assert [f["point_count"] for f in found] == [40]


def test_a_marketer_may_not_ask_for_a_name(client_of, marketer):
    answer = client_of(marketer).get(
        "/tiles/accounts/0/0/0.mvt",
        query_string={"filter": '{"field":"name","op":"contains","value":"Tini"}'},
    )
    assert answer.status_code == 403


def test_a_tile_address_out_of_range_says_what_is_in_range():
    with pytest.raises(InvalidInput, match="at zoom 3 x and y are 0 to 7"):
        Tile(3, 8, 0)


def test_outlines_that_cost_much_are_drawn_once(tmp_path):
    kept = TileCache(tmp_path, "idn-adm1-v1")
    assert kept.get(3, 6, 4) is None
    kept.put(3, 6, 4, b"x" * 3_000)
    kept.put(12, 6, 4, b"x" * 3_000)
    kept.put(3, 0, 0, b"")
    assert kept.get(3, 6, 4) == b"x" * 3_000
    assert kept.get(12, 6, 4) is None
    assert kept.get(3, 0, 0) is None


def test_outlines_of_an_older_version_are_dropped(tmp_path):
    for name in ("idn-adm1-v1", "idn-adm2-v1", "idn-adm1-v2"):
        TileCache(tmp_path, name).put(3, 6, 4, b"x" * 3_000)
    assert TileCache(tmp_path, "idn-adm1-v1").get(3, 6, 4) is None
    assert TileCache(tmp_path, "idn-adm1-v2").get(3, 6, 4)
    assert TileCache(tmp_path, "idn-adm2-v1").get(3, 6, 4)


def test_a_tile_takes_two_statements_who_asks_and_the_tile(
    client_of, signed_in_as, crowd, rep, statements
):
    """A browser's session is a third; nothing else is asked for at each of a thousand tiles."""
    tile = tiles_at(crowd[1], 12)[0]
    for client, most in ((client_of(rep), 2), (signed_in_as(rep), 3)):
        get_tile(client, tile.z, tile.x, tile.y)
        statements.clear()
        get_tile(client, tile.z, tile.x, tile.y)
        assert len(statements) == most
