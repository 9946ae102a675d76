"""Why a unit lies where it does, and what moving it would change."""

import numpy as np
import pytest

from geocrm.spatial.districting import Terms
from geocrm.territories.explaining import explain
from geocrm.territories.models import Measure
from tests.spatial.test_districting import grid
from tests.territories.conftest import code

API = "/api/v1/territories/plans"
# Two columns each of a 4 x 4 grid.
HALVES = np.array([0, 0, 1, 1] * 4)


def test_a_unit_inside_its_territory_has_nowhere_to_go():
    found = explain(grid(4, 4), Terms(2, current=HALVES), HALVES, 0)
    assert (found.reason, found.alternatives) == ("only", ())


def test_moving_a_unit_says_what_changes():
    found = explain(grid(4, 4), Terms(2, current=HALVES), HALVES, 1)
    [there] = found.alternatives
    assert (found.row, found.load, found.deviation, found.moved) == (0, 8, 0, 0)
    assert (there.row, there.load, there.load_left) == (1, 9, 7)
    assert there.deviation == pytest.approx(1 / 8)
    assert there.moved == pytest.approx(1 / 16)
    assert there.value_change > 0
    assert not there.torn
    assert found.reason == "near"


def test_a_unit_that_holds_its_territory_together_says_so():
    hourglass = np.array([0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1])
    found = explain(grid(4, 4), Terms(2), hourglass, 4)
    assert found.reason == "whole"
    assert all(one.torn for one in found.alternatives)


def test_the_api_explains_a_unit(client_of, manager, rep, add_plan):
    plan = add_plan()
    found = client_of(manager).get(f"{API}/{plan.id}/units/{code('b2')}/explain").json
    assert found["territory"]["name"] == "Slice 1"
    assert found["name"] == "Unit b2"
    assert {one["territory"]["number"] for one in found["alternatives"]} == {2}
    assert client_of(manager).get(f"{API}/{plan.id}/units/nowhere/explain").status_code == 404
    answer = client_of(rep).get(f"{API}/{plan.id}/units/{code('b2')}/explain")
    assert answer.status_code == 404  # a draft


def test_the_field_is_told_why_where_that_shows_no_customers(
    client_of, rep, marketer, add_plan, go_live
):
    by_people = add_plan("By people")
    go_live(by_people)
    for person in (rep, marketer):
        found = client_of(person).get(f"{API}/{by_people.id}/units/{code('b2')}/explain")
        assert found.status_code == 200
        assert found.json["load"] == 600


def test_loads_of_customers_are_not_told_to_the_field(client_of, rep, add_plan, go_live):
    by_customers = add_plan("By customers", measure=Measure.ACCOUNTS)
    go_live(by_customers)
    answer = client_of(rep).get(f"{API}/{by_customers.id}/units/{code('b2')}/explain")
    assert answer.status_code == 403
