"""Changing a plan by hand: one step for a whole sitting, its record, and two people at once."""

import pytest
from sqlalchemy import select

from geocrm.security import Role
from geocrm.territories import columns
from geocrm.territories.models import Measure, Territory, TerritoryUnit
from tests.territories.conftest import code

OTHER = "Other Manager"
API = "/api/v1/territories/plans"


@pytest.fixture
def desk(client_of, manager, add_plan):
    """A manager with a draft of three slices: 1 is a1-b2, 2 is b3-c4, 3 is d1-d4 and the island."""
    return Desk(client_of(manager), add_plan().id)


class Desk:
    """A manager at work on a plan."""

    def __init__(self, client, plan_id):
        self.client, self.plan_id, self.api = client, plan_id, f"{API}/{plan_id}"

    def save(self, **step):
        return self.client.post(f"{self.api}/edits", json=step)

    def homes(self) -> dict[str, int]:
        seen = self.client.get(f"{self.api}/columns").json
        return {
            seen["prefix"] + short: number
            for short, number in zip(seen["code"], seen["territory"], strict=True)
        }

    def around(self, version: int, tab: str = "one", unsaved: int = 0):
        here = {"tab": tab, "version": version, "unsaved": unsaved}
        return self.client.post(f"{self.api}/presence", json=here).json


def test_a_sitting_is_saved_in_one_step_with_a_new_territory(desk):
    done = desk.save(
        version=1,
        assign={"4": [code("i1"), code("i2")], "2": [code("b2")]},
        add=[{"number": 4, "name": " The  island ", "colour": 9}],
    )
    assert done.status_code == 200
    assert (done.json["version"], done.json["units"]) == (2, 3)
    homes = desk.homes()
    assert (homes[code("i1")], homes[code("i2")], homes[code("b2")]) == (4, 4, 2)
    territories = desk.client.get(desk.api).json["territories"]
    assert [(t["number"], t["name"], t["colour"]) for t in territories][3] == (4, "The island", 9)


def test_a_unit_taken_out_is_in_no_territory_and_still_on_the_page(desk, session):
    done = desk.save(assign={"0": [code("a1")]})
    assert done.json["unassigned"] == 1
    assert desk.homes()[code("a1")] == 0
    held = session.scalars(select(TerritoryUnit.unit).where(TerritoryUnit.plan_id == desk.plan_id))
    assert code("a1") not in set(held)
    # It still has to be given to somebody, so each territory's share stays a third of all.
    assert done.json["max_deviation"] == pytest.approx(1 / 6)
    assert desk.client.get(f"/territories/{desk.plan_id}").status_code in (200, 302)


def test_a_territory_that_falls_apart_or_stays_empty_is_named_not_refused(desk):
    first = [unit for unit, home in desk.homes().items() if home == 1]
    done = desk.save(assign={"2": [code("d4"), *first]})
    assert done.status_code == 200
    assert done.json["split"] == ["Slice 3"]
    assert done.json["empty"] == ["Slice 1"]


def test_an_empty_territory_goes_and_what_lay_below_it_comes_up(desk, session):
    desk.client.patch(f"{desk.api}/territories/1", json={"parent": 2})
    first = [unit for unit, home in desk.homes().items() if home == 2]
    refused = desk.save(remove=[2])
    assert refused.status_code == 422
    assert "still holds ground (units: 6)" in refused.json["detail"]
    assert desk.save(assign={"1": first}, remove=[2]).status_code == 200
    left = session.scalars(
        select(Territory).where(Territory.plan_id == desk.plan_id).order_by(Territory.number)
    ).all()
    assert [(t.number, t.parent_id) for t in left] == [(1, None), (3, None)]


def test_a_territory_that_only_gathers_others_is_neither_empty_nor_in_the_mean(desk):
    assert desk.save(add=[{"number": 4, "name": "North"}]).json["empty"] == ["North"]
    desk.client.patch(f"{desk.api}/territories/1", json={"parent": 4})
    done = desk.save(assign={"2": [code("a1")]})
    assert done.json["empty"] == []
    assert done.json["max_deviation"] == pytest.approx(1 / 6)
    seen = desk.client.get(desk.api).json
    assert seen["max_deviation"] == pytest.approx(1 / 6)
    assert [t["deviation"] for t in seen["territories"] if t["name"] == "North"] == [None]
    why = desk.client.get(f"{desk.api}/units/{code('d1')}/explain").json
    assert why["territory"]["name"] == "Slice 3"
    rated = desk.client.get(f"/api/v1/territories/ratings?a={desk.plan_id}").json
    assert rated["plans"][0]["territories"] == 3


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"assign": {"2": ["tst-adm2:zz"]}}, "tst-adm2:zz is no unit of 'Plan'"),
        ({"assign": {"7": ["tst-adm2:a1"]}}, "has no territory 7"),
        ({"remove": [7]}, "has no territory 7"),
        ({"assign": {"2": ["tst-adm2:a1"], "3": ["tst-adm2:a1"]}}, "sent to two territories"),
        ({"add": [{"number": 2, "name": "Twin"}]}, "has a territory 2 already"),
        ({"add": [{"number": 4, "name": "  "}]}, "needs a name"),
        ({"add": [{"number": 0, "name": "None"}]}, "is no number of a territory"),
        ({"add": [{"number": 70000, "name": "Far"}]}, "is no number of a territory"),
        ({"assign": {"1": ["tst-adm2:a1"]}}, "Nothing of 'Plan' would change"),
        ({}, "Nothing of 'Plan' would change"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_nothing_is_half_done(desk, step, sentence):
    before = desk.homes()
    good = {"2": [code("b2")], **step.get("assign", {})} if step.get("add") else None
    answer = desk.save(**(step | ({"assign": good} if good else {})))
    assert answer.status_code == 422
    assert sentence in answer.json["detail"]
    assert desk.homes() == before


def test_a_plan_keeps_at_least_one_unit(desk):
    answer = desk.save(assign={"0": list(desk.homes())})
    assert answer.status_code == 422
    assert "would hold no unit at all" in answer.json["detail"]


def test_the_second_of_two_people_is_told_who_changed_what(desk, client_of, add_user):
    desk.save(version=1, assign={"2": [code("b2")]})
    second = Desk(client_of(add_user(Role.TERRITORY_MANAGER, name=OTHER)), desk.plan_id)
    refused = second.save(version=1, assign={"3": [code("b2")]})
    assert refused.status_code == 409
    around = second.around(version=1)
    (step,) = around["steps"]
    assert step["moves"] == [{"unit": code("b2"), "before": 1, "after": 2}]
    assert step["who"]
    assert around["version"] == 2
    assert second.save(version=2, assign={"3": [code("b2")]}).status_code == 200


def test_each_sees_who_else_has_the_plan_open_and_how_much_is_unsaved(desk, client_of, add_user):
    second = Desk(client_of(add_user(Role.TERRITORY_MANAGER, name=OTHER)), desk.plan_id)
    assert desk.around(1, unsaved=7)["others"] == []
    assert [(o["unsaved"], o["self"]) for o in second.around(1)["others"]] == [(7, False)]
    assert [o["name"] for o in desk.around(1)["others"]] == [OTHER]
    assert {o["self"] for o in desk.around(1, tab="two")["others"]} == {True, False}
    second.client.delete(f"{second.api}/presence/one")
    desk.client.delete(f"{desk.api}/presence/two")
    assert desk.around(1)["others"] == []


def test_every_change_of_units_is_in_the_history(desk):
    desk.save(assign={"2": [code("b2")]})
    desk.client.post(f"{desk.api}/moves", json={"moves": [{"unit": code("b2"), "territory": 1}]})
    newest, oldest = desk.client.get(f"{desk.api}/edits").json["items"]
    assert (oldest["version"], newest["version"]) == (2, 3)
    detail = desk.client.get(f"{desk.api}/edits/{newest['id']}").json
    assert detail["moves"] == [{"unit": code("b2"), "before": 2, "after": 1}]
    assert desk.client.get(f"{desk.api}/edits/987654").status_code == 404


def test_changes_are_kept_as_another_draft_also_of_a_plan_with_gaps(desk):
    first = [unit for unit, home in desk.homes().items() if home == 1]
    desk.save(assign={"2": first}, remove=[1])
    before = desk.homes()
    made = desk.client.post(
        f"{desk.api}/drafts",
        json={
            "version": 2,
            "name": "Another way",
            "assign": {"3": [code("a1")], "9": [code("a2")]},
            "add": [{"number": 9, "name": "West", "colour": 1}],
        },
    )
    assert made.status_code == 201
    assert desk.homes() == before
    other = Desk(desk.client, made.json["plan_id"])
    named = {t["number"]: t["name"] for t in desk.client.get(other.api).json["territories"]}
    homes = other.homes()
    assert [named[homes[code(unit)]] for unit in ("a1", "a2", "b3")] == [
        "Slice 3",
        "West",
        "Slice 2",
    ]


def test_columns_give_a_rep_the_figures_of_their_own_territory_only(
    client_of, rep, marketer, add_plan, go_live, add_account
):
    add_account(unit=code("a1"), revenue=11.0)
    add_account(unit=code("d4"), revenue=77777.0)
    plan = add_plan(measure=Measure.REVENUE, people={1: [rep]})
    go_live(plan)
    seen = client_of(rep).get(f"{API}/{plan.id}/columns")
    shown = dict(zip(seen.json["code"], seen.json["revenue"], strict=True))
    assert (shown["a1"], shown["b1"], shown["d4"]) == (11.0, 0.0, None)
    assert seen.json["a"] == []
    assert "77777" not in seen.text
    assert set(client_of(marketer).get(f"{API}/{plan.id}/columns").json["accounts"]) == {None}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/edits"),
        ("POST", "/drafts"),
        ("GET", "/edits"),
        ("GET", "/edits/1"),
        ("POST", "/presence"),
        ("DELETE", "/presence/one"),
    ],
)
def test_only_who_designs_changes_a_plan_or_reads_its_history(
    client_of, rep, marketer, desk, method, path
):
    body = {"name": "x", "tab": "one", "version": 1}
    for person in (rep, marketer):
        answer = client_of(person).open(desk.api + path, method=method, json=body)
        assert answer.status_code == 403
    assert client_of(rep).get(f"{desk.api}/columns").status_code == 404


def test_the_columns_take_the_same_number_of_statements_whatever_the_size(
    session, actor, add_plan, statements
):
    plans = [add_plan(count=count).id for count in (2, 9)]
    counts = []
    for plan_id in plans:
        statements.clear()
        columns.columns(session, actor, plan_id)
        counts.append(len(statements))
        session.expire_all()
    assert counts[0] == counts[1]
