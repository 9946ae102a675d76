"""Where a saved plan stands, measured in the background and kept with it; how fair it is."""

import numpy as np
import pytest

from geocrm.territories import standing
from geocrm.territories.fairness import drive_km, gini, shares
from geocrm.territories.service import Move, move_units
from tests.territories.conftest import code

API = "/api/v1/territories/plans"


@pytest.fixture
def measured(session, actor, add_plan):
    """A plan that was measured among a hundred others."""
    plan = add_plan()
    found = standing.measure(standing.read(session, actor, plan.id), num_plans=100)
    standing.keep(session, actor, plan.id, found)
    session.commit()
    return plan


def test_a_plan_is_measured_and_kept_until_a_unit_moves(session, actor, measured):
    found = standing.kept(session, actor, measured.id)
    assert (found["plans"], found["stale"], found["against"]) == (100, False, "itself")
    assert found["axes"]["balance"]["value"] == pytest.approx(measured.params["max_deviation"])
    assert sum(found["axes"]["travel"]["histogram"]["counts"]) == 100
    assert measured.version == 1
    move_units(session, actor, measured.id, None, [Move(code("a1"), 2)], splits_allowed=True)
    assert standing.kept(session, actor, measured.id)["stale"]


def test_disruption_is_counted_from_the_live_plan(session, actor, add_plan, go_live):
    go_live(add_plan("Today"))
    draft = add_plan("Tomorrow")
    move_units(session, actor, draft.id, None, [Move(code("a1"), 2)], splits_allowed=True)
    found = standing.measure(standing.read(session, actor, draft.id), num_plans=20)
    assert found["against"] == "live"
    assert found["axes"]["disruption"]["value"] == pytest.approx(1 / 18, abs=1e-6)
    points = found["tradeoff"]["points"]
    assert [point["moved"] for point in points] == sorted(point["moved"] for point in points)


def test_the_api_starts_the_measuring_and_shows_nothing_before(client_of, manager, add_plan):
    plan, client = add_plan(), client_of(manager)
    assert client.get(f"{API}/{plan.id}/standing").json == {"standing": None}
    answer = client.post(f"{API}/{plan.id}/standing", json={"plans": 10})
    assert answer.status_code == 202
    assert answer.json["job_id"]
    assert client.post(f"{API}/{plan.id}/standing", json={"plans": 0}).status_code == 422
    assert client.post(f"{API}/999999/standing", json={}).status_code == 404


def test_a_rep_sees_the_indices_and_their_own_place_only(
    session, actor, client_of, rep, add_plan, add_account, go_live
):
    plan = add_plan("Today", people={2: [rep]})
    go_live(plan)
    empty = client_of(rep).get(f"{API}/{plan.id}/fairness").json
    assert empty["axes"] == {"workload": None, "potential": None, "drive": None}
    found = standing.measure(standing.read(session, actor, plan.id), num_plans=5)
    standing.keep(session, actor, plan.id, found)
    session.commit()
    answer = client_of(rep).get(f"{API}/{plan.id}/fairness").json
    assert [one["name"] for one in answer["own"]] == ["Slice 2"]
    assert list(answer["axes"]["drive"]["own"]) == ["2"]
    assert "rank" not in answer["axes"]["drive"]
    assert client_of(rep).get(f"{API}/{plan.id}/standing").status_code == 403


def test_gini_is_nothing_for_equal_shares_and_near_one_for_one_owner():
    assert gini(np.full(5, 3.0)) == 0
    assert gini(np.array([0, 0, 0, 10.0])) == pytest.approx(0.75)
    assert gini(np.array([1.0, 2, 3])) == pytest.approx(2 / 9)
    assert shares(np.zeros(3)) is None


def test_an_interval_is_given_with_enough_territories_only():
    few, many = shares(np.arange(1.0, 6)), shares(np.arange(1.0, 31))
    assert few.interval is None
    assert many.interval[0] < many.gini < many.interval[1]
    assert (few.ratio, few.rank) == (5.0, (5, 4, 3, 2, 1))


def test_driving_is_the_mean_distance_from_the_middle():
    place = np.array([[0.0, 0, 0], [2, 0, 0], [10, 0, 0], [10, 6, 0]])
    found = drive_km(np.ones(4), place, np.array([0, 0, 1, 1]), 2)
    assert found == pytest.approx([1, 3])


def test_a_territory_of_one_unit_lies_at_its_middle_and_no_ratio_is_made_of_rounding():
    place = np.array([[0.1, 0.7, 0.3], [2, 0, 0], [10, 0, 0]])
    found = drive_km(np.array([3.0, 1, 1]), place, np.array([0, 1, 1]), 2)
    assert found[0] == 0
    assert shares(found).ratio is None
