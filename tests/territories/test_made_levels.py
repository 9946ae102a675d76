"""Units of one's own making: what they hold, who may see them, and what plans do with them."""

import pytest
from sqlalchemy import func, select, text

from geocrm.customers import scope
from geocrm.customers.models import AccountScope
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.jobs import JobRun, Work
from geocrm.places import queries as places
from geocrm.places.models import Boundary, BoundaryEdge, BoundaryLayer
from geocrm.security import Role
from geocrm.territories import (
    activation,
    designing,
    figures,
    made_levels,
    making,
    making_tasks,
    service,
    workload,
)
from geocrm.territories.made_models import MadeLevel, UnitAccount
from geocrm.territories.making import Cutting, Wish
from geocrm.territories.models import Measure
from geocrm.territories.requests import Request
from tests.territories.conftest import WEST, cells, code, hexagons

EAST = "tst-adm1:e"
API = "/api/v1/territories/units"


def cut(session, actor, wish) -> making.Made:
    asked = wish()
    return making.make(asked, making.read(session, actor, asked))


def held(session, level: str) -> dict[str, int]:
    rows = session.execute(
        select(UnitAccount.unit, func.count())
        .where(UnitAccount.level == level)
        .group_by(UnitAccount.unit)
    ).all()
    return dict(rows)


def test_hexagons_have_everything_that_a_level_has(session, make, shops):
    level = make(hexagons())
    units = places.units(session, level.code)
    assert len(units) > 60
    assert sum(unit.population for unit in units) == 1000
    assert {unit.parent for unit in units} <= {
        u.code for u in places.units(session, "tst-adm2", WEST)
    }
    assert {unit.country for unit in units} == {"TS"}
    assert len(places.edges(session, level.code)) > len(units)
    assert sum(unit.area_km2 for unit in units) == pytest.approx(10 * 12000, rel=1e-6)


def test_population_that_is_not_known_stays_unknown(session, make, shops):
    session.execute(
        text("UPDATE boundaries SET population = NULL WHERE code = :a"), {"a": code("a1")}
    )
    level = make(hexagons())
    units = places.units(session, level.code)
    assert {u.code for u in units if u.parent == code("a1")} <= {
        u.code for u in units if u.population is None
    }
    assert any(unit.population for unit in units)


def test_cells_hold_at_most_so_many_customers_and_all_of_them(session, make, shops):
    level = make(cells(7))
    found = held(session, level.code)
    assert max(found.values()) <= 7
    assert sum(found.values()) == 30 == level.customers
    seen = figures.by_unit(session, [u.code for u in places.units(session, level.code)])
    assert {unit: figure.accounts for unit, figure in seen.items()} == found
    assert sum(figure.revenue for figure in seen.values()) == 210


def test_a_level_with_a_split_unit_keeps_all_others(session, make, shops):
    level = make(Wish("Split", level="tst-adm2", splits={code("a1"): Cutting("customers", 6)}))
    units = places.units(session, level.code)
    parents = [unit.parent for unit in units]
    assert parents.count(code("a1")) >= 4
    assert sorted(parents.count(code(n)) for n in ("a2", "b2", "d4", "i1")) == [1, 1, 1, 1]
    assert len(units) == 17 + parents.count(code("a1"))
    assert sum(unit.population for unit in units) == 1800
    whole = next(unit for unit in units if unit.parent == code("b2"))
    assert whole.name == "Unit b2"
    assert held(session, level.code)[whole.code] == 10


def test_made_units_change_nothing_for_anybody_else(session, actor, make, shops):
    before = figures.by_unit(session, [code("a1"), WEST])
    listed = [layer.code for layer in places.layers(session)]
    make(hexagons())
    assert figures.by_unit(session, [code("a1"), WEST]) == before
    assert [layer.code for layer in places.layers(session)] == listed
    assert set(session.scalars(select(AccountScope.unit))) == {code("a1"), code("b2")}


def test_a_customer_who_moves_or_comes_is_found_in_its_unit(session, make, shops, add_account):
    level = make(hexagons())
    moved = session.get_one(AccountScope, shops[0].id)
    moved.geom = func.ST_SetSRID(func.ST_MakePoint(1.5, 0.5), 4326)
    session.flush()
    scope.place(session, moved.account_id)
    session.commit()
    new = add_account(unit=code("b4"), at=(1.5, 0.5))
    in_unit = dict(
        session.execute(
            select(UnitAccount.account_id, UnitAccount.unit).where(UnitAccount.level == level.code)
        ).all()
    )
    assert in_unit[moved.account_id] == in_unit[new.id]
    there = session.get_one(Boundary, in_unit[new.id])
    assert there.parent == code("b4")


def test_customers_off_the_coast_and_without_a_point(session, make, shops, add_account):
    off = add_account(unit=code("a1"), at=(-0.02, 3.5))
    add_account(unit=None, at=None)
    add_account(unit=code("d1"), at=(3.5, 3.5))
    level = make(cells(8))
    found = held(session, level.code)
    assert sum(found.values()) == 31
    unit = session.scalar(
        select(UnitAccount.unit).where(
            UnitAccount.level == level.code, UnitAccount.account_id == off.id
        )
    )
    assert session.get_one(Boundary, unit).parent == code("a1")


def test_only_customers_one_sees_count(session, make, shops, manager, actor_of, add_account, rep):
    for at in ((0.2, 3.2), (0.4, 3.4), (0.6, 3.6)):
        add_account(unit=code("a1"), at=at, owner=rep)
    mine = actor_of(manager)
    session.info["scope"] = mine
    level = make(cells(2), by=mine)
    assert level.customers == 3
    assert len(places.units(session, level.code)) == 2


def test_a_plan_is_designed_on_made_units_and_says_what_changes(session, actor, make, shops):
    level = make(cells(3))
    request = Request(level.code, 3, Measure.ACCOUNTS, tolerance=0.2, effort=0, proven=False)
    found = designing.solve(designing.survey(session, actor, request), request)
    assert found.evaluation.load.sum() == 30
    plan = service.save(session, actor, "On cells", found)
    session.commit()
    changes = activation.changes(session, plan)
    assert sorted(change.accounts for change in changes) == sorted(
        found.evaluation.load.astype(int).tolist()
    )
    assert all(change.before is None and change.after for change in changes)
    with pytest.raises(Conflict, match="'On cells' is built of these units"):
        made_levels.discard(session, actor, level.code)


def test_a_plan_that_cannot_go_live_offers_no_button_and_says_why(
    session, actor, make, shops, signed_in_as, manager
):
    level = make(cells(7))
    request = Request(level.code, 3, Measure.ACCOUNTS, tolerance=0.2, effort=0, proven=False)
    found = designing.solve(designing.survey(session, actor, request), request)
    plan = service.save(session, actor, "On cells", found)
    session.get_one(MadeLevel, level.code).kept = False  # on trial again
    session.commit()
    desk = signed_in_as(manager)
    page = desk.get(f"/territories/{plan.id}").text
    assert 'id="go-live"' not in page
    assert "keep the units to make it live" in page
    life_page = desk.get(f"/territories/{plan.id}/life").text
    assert "keep the units to make it live" in life_page
    assert "made live at once" not in life_page


def test_workload_is_that_of_the_customers_of_a_made_unit(session, make, shops):
    level = make(cells(7))
    cadence = workload.Cadence()
    codes = [unit.code for unit in places.units(session, level.code)]
    hours = workload.workload_by_unit(session, codes, cadence)
    assert set(hours) == set(held(session, level.code))
    assert min(hours.values()) > 0


def test_units_on_trial_are_nobodys_level_and_the_next_ones_take_their_place(
    session, actor, country, shops
):
    for name in ("First", "Second"):
        made = making.make(hexagons(name), making.read(session, actor, hexagons(name)))
        made_levels.put(session, actor, made)
    assert made_levels.levels(session, actor) == []
    assert session.scalars(select(MadeLevel.code)).all() == ["second"]
    assert session.scalar(select(func.count()).where(UnitAccount.level == "second")) == 0
    made_levels.keep(session, actor, "second")
    assert [level.code for level in made_levels.levels(session, actor)] == ["second"]


def test_deleting_leaves_nothing_behind(session, actor, make, shops):
    level = make(hexagons())
    name = level.code
    made_levels.discard(session, actor, name)
    session.commit()
    for column in (Boundary.layer, BoundaryEdge.layer, BoundaryLayer.code, UnitAccount.level):
        assert session.scalar(select(func.count()).where(column == name)) == 0


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (lambda: hexagons(km=0.01), "at most 50,000 can be made"),
        (lambda: hexagons(km=0), "above 0"),
        (lambda: hexagons(km=float("nan")), "above 0"),
        (lambda: hexagons(within="tst-adm1:x"), "There is no boundary unit tst-adm1:x"),
        (lambda: cells(0), "0 customers are not possible"),
        (lambda: cells(5, within=EAST), "You see no customers"),
        (lambda: cells(2), "3 customers stand on one point"),
        (lambda: hexagons(name="  "), "need a name"),
        (lambda: hexagons(name="!?"), "no letter or digit"),
        (lambda: hexagons(name="idn-adm3"), "reads like an administrative level"),
        (lambda: Wish("S", level="tst-adm1", splits={code("a1"): Cutting("customers", 5)}),
         "is no unit of tst-adm1"),
        (lambda: Wish("S", level="tst-adm9", splits={WEST: Cutting("customers", 5)}),
         "no boundary level 'tst-adm9'"),
        (lambda: Wish("S", within=WEST), "Say how to cut"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_with_the_remedy(
    session, actor, country, add_account, wish, says
):
    for _ in range(3):
        add_account(unit=code("a1"), at=(0.5, 3.5))
    with pytest.raises(InvalidInput, match=says):
        cut(session, actor, wish)


def test_a_name_is_given_once(session, actor, make, shops):
    make(hexagons("West in hexagons"))
    for name in ("West in Hexagons", "west-in-hexagons", "Regencies"):
        with pytest.raises(InvalidInput, match="already"):
            made_levels.require_free(session, actor, name)


def test_another_managers_units_cannot_be_deleted(session, make, shops, add_user, actor_of):
    level = make(hexagons())
    other = actor_of(add_user(Role.TERRITORY_MANAGER, email="other@example.test"))
    with pytest.raises(NotFound):
        made_levels.discard(session, other, level.code)


def test_who_does_not_design_sees_no_outlines(
    session, make, shops, client_of, rep, marketer, manager, actor_of
):
    level = make(cells(7))
    tile = f"/tiles/boundaries/{level.code}/5/16/15.mvt"
    for user in (rep, marketer):
        client = client_of(user)
        assert client.get(tile).status_code == 404
        assert client.get(API).status_code == 403
        layers = client.get("/api/v1/boundaries/layers").json["items"]
        assert level.code not in {layer["code"] for layer in layers}
        with pytest.raises(Forbidden):
            making.read(session, actor_of(user), hexagons("More"))
    assert client_of(manager).get(tile).status_code == 200
    found = client_of(manager).get("/api/v1/filters/fields/unit/choices?q=Unit a1").json["items"]
    assert {one["value"] for one in found} <= {code("a1")}


def test_the_api_makes_keeps_lists_and_deletes(
    session, sessions, client_of, manager, actor_of, country
):
    client = client_of(manager)
    wanted = {"name": "West", "kind": "hexagons", "amount": 60, "within": WEST}
    started = client.post(API, json=wanted)
    assert started.status_code == 202
    job = session.get_one(JobRun, started.json["job_id"])
    job.attempt = 1
    session.commit()
    result = making_tasks.run(Work(job.id, actor_of(manager), sessions, job.params, 1))
    assert result["level"] == "west"
    assert result["units"] > 20
    assert client.get(API).json["items"] == []
    assert client.post(f"{API}/west/keep").json == {"level": "west"}
    (listed,) = client.get(API).json["items"]
    assert (listed["name"], listed["own"], listed["plans"]) == ("West", True, [])
    assert client.post(API, json=wanted).status_code == 422
    assert client.delete(f"{API}/west").status_code == 204
    assert client.delete(f"{API}/west").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "W", "kind": "squares", "amount": 5, "within": WEST},
        {"name": "W", "kind": "hexagons", "amount": 0, "within": WEST},
        {"name": "W", "kind": "hexagons", "amount": 5},
        {"name": "W", "kind": "customers", "amount": 2.5, "within": WEST},
        {"name": "W", "kind": "cells", "amount": 5, "level": "tst-adm2", "split": [code("a1")]},
        {"name": "W" * 61, "kind": "hexagons", "amount": 50, "within": WEST},
    ],
)
def test_the_api_refuses_what_cannot_be_made_with_422(client_of, manager, country, body):
    answer = client_of(manager).post(API, json=body)
    assert answer.status_code == 422
    assert answer.json["detail"]


def test_how_many_customers_the_maker_saw_is_not_told_to_others(
    session, make, shops, actor_of, manager, administrator
):
    make(cells(7))
    (theirs,) = made_levels.levels(session, actor_of(manager))
    (known,) = made_levels.levels(session, actor_of(administrator))
    assert (theirs.customers, known.customers is None) == (None, False)
