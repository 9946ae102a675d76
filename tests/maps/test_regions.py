"""Figures by region: they add up, follow the levels, and tell nothing of few."""

import pytest
from sqlalchemy import func, text

from geocrm.maps.filters import compile_filter
from geocrm.maps.regions import regions, shown_regions
from geocrm.territories.models import Plan, PlanState, Territory, TerritoryMember, TerritoryUnit
from tests.maps.conftest import TODAY

EVERYBODY = compile_filter(None, today=TODAY)


@pytest.fixture
def country(session):
    """Two provinces: west with the regencies 1 and 2, east with 3."""
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, level, parent, source, vintage, licence,"
            " attribution) VALUES ('tst-adm1', 'Provinces', 1, NULL, '', '', '', ''),"
            " ('tst-adm2', 'Regencies', 2, 'tst-adm1', '', '', '', '')"
        )
    )
    shape = "ST_Multi(ST_MakeEnvelope(:x, 0, :x + 1, 1, 4326))"
    for x, (code, parent) in enumerate(
        [("tst-adm1:w", None), ("tst-adm1:e", None), ("tst-adm2:1", "tst-adm1:w"),
         ("tst-adm2:2", "tst-adm1:w"), ("tst-adm2:3", "tst-adm1:e")]
    ):  # fmt: skip
        session.execute(
            text(
                "INSERT INTO boundaries (code, layer, name, parent, area_km2, geom, outline,"
                f" centre) VALUES (:code, :layer, :code, :parent, 1, {shape},"
                f" ST_Transform({shape}, 3857), ST_MakePoint(:x, 0.5))"
            ),
            {"code": code, "layer": code[:8], "parent": parent, "x": x},
        )
    session.commit()


@pytest.fixture
def customers(country, add_account):
    """Three in regency 1, two in 3, one known to the east only, one nowhere."""
    for unit, segment, revenue in [
        ("tst-adm2:1", "A", 10), ("tst-adm2:1", "B", 20), ("tst-adm2:1", None, 30),
        ("tst-adm2:3", "A", 5), ("tst-adm2:3", "A", 7), ("tst-adm1:e", "C", 1), (None, "A", 99),
    ]:  # fmt: skip
        add_account(unit=unit, segment=segment, revenue=revenue)


def table(found):
    return {each.code: (each.count, each.revenue, each.segments) for each in found}


def test_a_coarse_unit_stands_for_all_that_lies_in_it(session, customers, statements):
    found = regions(session, "tst-adm1", EVERYBODY)
    assert len(statements) == 1
    assert table(found) == {
        "tst-adm1:w": (3, 60.0, {"A": 1, "B": 1}),
        "tst-adm1:e": (3, 13.0, {"A": 2, "C": 1}),
        None: (1, 99.0, {"A": 1}),
    }


def test_those_known_to_a_coarser_level_only_are_in_no_unit_of_a_finer_one(session, customers):
    found = regions(session, "tst-adm2", EVERYBODY)
    assert {each.code: each.count for each in found} == {"tst-adm2:1": 3, "tst-adm2:3": 2, None: 2}


def test_a_filter_and_the_scope_narrow_every_region(
    session, customers, add_user, add_account, actor_of
):
    in_a = compile_filter('{"field":"segment","op":"eq","value":"A"}', today=TODAY)
    assert sum(each.count for each in regions(session, "tst-adm1", in_a)) == 4
    rep = add_user()
    add_account(owner=rep, unit="tst-adm2:2")
    session.info["scope"] = actor_of(rep)
    assert table(regions(session, "tst-adm2", EVERYBODY)) == {"tst-adm2:2": (1, 100.0, {"B": 1})}


def test_a_territory_names_its_reps_and_its_units(session, customers, add_user, add_account):
    rep = add_user(name="Sri")
    plan = Plan(name="P", level="tst-adm2", measure="accounts", tolerance=0.1,
                state=PlanState.LIVE.value, live_from=func.now())  # fmt: skip
    session.add(plan)
    session.flush()
    north = Territory(plan_id=plan.id, number=1, name="North")
    session.add(north)
    session.flush()
    session.add(TerritoryMember(territory_id=north.id, user_id=rep.id))
    session.add(TerritoryUnit(plan_id=plan.id, unit="tst-adm2:1", territory_id=north.id))
    add_account(territory_id=north.id, revenue=50)
    session.commit()
    none, mine = regions(session, "territories", EVERYBODY)
    assert (mine.code, mine.name, mine.owner) == (north.id, "North", "Sri")
    assert (mine.units, mine.count, mine.revenue) == (["tst-adm2:1"], 1, 50.0)
    assert (none.code, none.count) == (None, 7)


def test_segments_are_answered_alike(session, customers):
    found = {each.code: each.count for each in regions(session, "segments", EVERYBODY)}
    assert found == {"A": 4, "B": 1, "C": 1, None: 1}


def test_who_only_counts_gets_whole_tens_and_no_small_region(
    session, country, add_user, add_account, actor_of, marketer
):
    for number in range(27):
        unit = "tst-adm2:1" if number < 19 else "tst-adm2:3"
        add_account(unit=unit, segment="A" if number < 12 else "B", revenue=123)
    actor = actor_of(marketer)
    session.info["scope"] = actor
    (only,) = shown_regions(session, actor, "tst-adm2", EVERYBODY)
    assert (only.code, only.count, only.segments) == ("tst-adm2:1", 10, {"A": 10})
    assert only.revenue == 2300  # 2337 with two digits


# ------------------------------------------------------------------------------ over HTTP


def get(client, **query):
    return client.get("/api/v1/accounts/regions", query_string=query)


def test_rows_come_with_the_classes_of_the_measure(client_of, customers, administrator):
    client = client_of(administrator)
    found = get(client, layer="tst-adm1", measure="average", classes="equal").get_json()
    values = {each["code"]: each["value"] for each in found["items"]}
    assert values["tst-adm1:w"] == 20
    assert values["tst-adm1:e"] == pytest.approx(13 / 3)
    # Customers in no region have no colour, so they are in no class.
    assert (found["classes"]["largest"], sum(found["classes"]["sizes"])) == (20, 2)
    assert (found["level"], found["rounded"]) == ("tst-adm1", False)
    share = get(client, layer="tst-adm1", measure="share", share="A").get_json()["items"]
    assert {each["code"]: each["value"] for each in share}["tst-adm1:e"] == pytest.approx(2 / 3)


def test_territories_without_a_plan_have_nothing_to_draw(client_of, customers, administrator):
    found = get(client_of(administrator), layer="territories").get_json()
    assert found["level"] is None
    assert [each["code"] for each in found["items"]] == [None]


@pytest.mark.parametrize(
    "wrong", [{"layer": "moon"}, {"measure": "height"}, {"share": "Z", "measure": "share"}]
)
def test_what_does_not_exist_is_refused(client_of, customers, administrator, wrong):
    answer = get(client_of(administrator), **({"layer": "tst-adm1"} | wrong))
    assert answer.status_code == 422
