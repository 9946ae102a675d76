"""What points are coloured by: told of everybody, and of a cluster what most of it have."""

from collections import Counter
from datetime import timedelta

import pytest

from geocrm.maps import service
from geocrm.maps.colouring import NAMES, colouring
from geocrm.maps.filters import compile_filter
from geocrm.maps.tiles import Tile, account_tile
from geocrm.security import Role
from geocrm.spatial.morton import deinterleave
from tests.maps.conftest import TODAY, customers_in, decoded

EVERYBODY = compile_filter(None, today=TODAY)


def span(day):
    """The span a date lies in, told in Python."""
    if day is None:
        return "never"
    ago = (TODAY - day).days
    return next((str(most) for most in (30, 90, 180, 365) if ago <= most), "older")


TRUTH = {
    "territory": lambda row: row.territory_id,
    "owner": lambda row: row.owner_id,
    "recency": lambda row: span(row.last_order),
    "visited": lambda row: span(row.last_visit),
    "exactness": lambda row: row.grade,
}


@pytest.fixture
def customers(session, scatter, add_user):
    """Three hundred customers of three reps, ordered and visited at all times."""
    rows = [row for row in scatter(300, [add_user() for _ in range(3)]) if row.qk is not None]
    for number, row in enumerate(rows):
        if number % 5:
            row.last_order = TODAY - timedelta(days=number * 7 % 500)
        if number % 3:
            row.last_visit = TODAY - timedelta(days=number * 11 % 500)
    session.flush()
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_tells_the_value_that_most_of_its_customers_have(session, customers, name):
    by = colouring(name)
    truth = TRUTH[by.property]
    for z in (2, 6, 8, 11, 13):
        shift = 2 * (24 - z)
        for key in {row.qk >> shift for row in customers}:
            x, y = (int(at) for at in deinterleave(key))
            features = decoded(
                account_tile(session, Tile(z, x, y), EVERYBODY, by, today=TODAY).body
            )
            values = {row.account_id: truth(row) for row in customers if row.qk >> shift == key}
            assert customers_in(features) == len(values)
            alone = {f["id"]: f.get(by.property) for f in features if "point_count" not in f}
            assert alone == {each: values[each] for each in alone}
            told = Counter()
            for feature in features:
                told.update(mix_of(feature, by))
            counts = Counter(values.values())
            if by.values:
                assert told + Counter(alone.values()) == counts
            if len(features) == 1:
                assert counts[features[0].get(by.property)] == max(counts.values())


def mix_of(feature, by):
    """How many customers of a cluster have each value."""
    return {value: feature[name] for value, name in by.mix().items() if name in feature}


def test_a_tile_by_owner_tells_a_rep_of_nobody_else(session, scatter, add_user, actor_of):
    mine, theirs = add_user(), add_user()
    rows = scatter(40, [mine, theirs])
    session.info["scope"] = actor_of(mine)
    features = decoded(account_tile(session, Tile(0, 0, 0), EVERYBODY, colouring("owner")).body)
    assert customers_in(features) == sum(r.owner_id == mine.id and r.qk is not None for r in rows)
    assert {feature["owner"] for feature in features} == {mine.id}


def test_what_changes_with_the_day_is_asked_for_again_tomorrow(
    session, manager, actor_of, monkeypatch
):
    actor = actor_of(manager)
    names = ("territory", "owner", "recency", "visited", "grade")

    def versions(day):
        monkeypatch.setattr("geocrm.clock.today", lambda _zone: day)
        return [service.tile_version(session, actor, EVERYBODY, colouring(n)) for n in names]

    today, tomorrow = versions(TODAY), versions(TODAY + timedelta(days=1))
    assert [a == b for a, b in zip(today, tomorrow, strict=True)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert len(set(today)) == len(names)


def test_an_unknown_colour_is_refused_with_what_there_is(client_of, administrator):
    answer = client_of(administrator).get("/tiles/accounts/0/0/0.mvt?colour=shoe")
    assert answer.status_code == 422
    assert "recency" in answer.get_json()["detail"]


def test_who_only_counts_gets_no_owner(client_of, add_user, scatter):
    scatter(100, [add_user()])
    client = client_of(add_user(Role.MARKETER))
    told = decoded(client.get("/tiles/accounts/0/0/0.mvt?colour=owner").data)
    assert told
    assert not any("owner" in feature for feature in told)
