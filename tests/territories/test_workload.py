"""Hours a year a unit asks for: visits by cadence, and travel that grows as customers thin out."""

import numpy as np
import pytest

from geocrm.errors import InvalidInput
from geocrm.security import Role
from geocrm.territories.workload import Cadence, hours, workload_by_unit
from geocrm.visits.urgency import VISITS_A_YEAR
from tests.territories.conftest import code

STANDING = Cadence(VISITS_A_YEAR, visit_s=3_600.0, speed_m_s=1e9)  # no time on the way


def test_hours_are_visits_times_the_visit_and_its_share_of_travel():
    one_a_km2 = np.array([100.0])
    found = hours(one_a_km2, np.array([1200.0]), np.array([100.0]), Cadence(visit_s=1_800.0))
    way_s = 0.7124 * 1_000 * 1.35 / (35 / 3.6)
    assert found == pytest.approx([1200 * (1_800 + way_s) / 3_600])


def test_four_times_the_ground_doubles_the_way_and_nobody_asks_for_nothing():
    cadence = Cadence(visit_s=1e-9)
    many = np.array([50.0, 50.0, 0.0])
    found = hours(many, many, np.array([100.0, 400.0, 100.0]), cadence)
    assert found[1] == pytest.approx(2 * found[0])
    assert found[2] == 0


def test_the_visits_are_what_the_account_says_else_what_its_segment_does(
    session, country, add_account
):
    add_account(unit=code("a1"), segment="A")
    add_account(unit=code("a1"), segment="A", visits_per_year=3)
    add_account(unit=code("a1"), segment=None)
    add_account(unit=code("b1"), segment="D", visits_per_year=0)
    add_account(unit=code("c1"), segment="D")
    found = workload_by_unit(session, [code("a1"), code("b1"), "tst-adm1:e"], STANDING)
    assert found == {
        code("a1"): pytest.approx(12 + 3 + 4, rel=1e-6),
        "tst-adm1:e": pytest.approx(2, rel=1e-6),
    }


def test_a_rep_counts_their_own_customers_only(session, country, add_account, add_user, actor_of):
    rep = add_user(Role.FIELD_REP)
    add_account(unit=code("a1"), segment="A")
    add_account(unit=code("a1"), segment="D", owner=rep)
    session.commit()
    session.info["scope"] = actor_of(rep)
    found = workload_by_unit(session, [code("a1")], STANDING)
    assert found == {code("a1"): pytest.approx(2, rel=1e-6)}


@pytest.mark.parametrize(
    "wrong",
    [{"visit_s": 0}, {"speed_m_s": float("nan")}, {"detour": 0.5}, {"visits_otherwise": -1}],
)
def test_a_cadence_that_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidInput):
        Cadence(**wrong)
