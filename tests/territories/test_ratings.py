"""A plan on five axes: what 0, 50 and 100 mean, and two plans beside each other."""

import json

import numpy as np
import pytest

from geocrm.cli import run
from geocrm.territories import rating_plans
from geocrm.territories.ratings import Axis, Divided, rate
from geocrm.territories.service import Move, move_units
from tests.territories.conftest import code

API = "/api/v1/territories"
# Two columns each of a 4 x 4 grid of squares of 1 km2.
HALVES = np.array([0, 0, 1, 1] * 4)


def grid(district=HALVES, *, load=None, today=None, staffed=(True, True), accounts=None):
    x, y = np.meshgrid(np.arange(4.0), np.arange(4.0))
    place = np.column_stack([x.ravel(), y.ravel(), np.zeros(16)])
    each = np.ones(16)
    return Divided(
        load=each if load is None else np.asarray(load, float),
        accounts=each if accounts is None else np.asarray(accounts, float),
        area_km2=each,
        place=place,
        district=np.asarray(district, dtype=np.intp),
        today=None if today is None else np.asarray(today, dtype=np.intp),
        staffed=np.array(staffed),
    )


def scores(plan, yardstick=None):
    return {rating.axis: rating for rating in rate(plan, yardstick)}


def test_equal_territories_are_balanced_and_one_half_off_is_worth_nothing():
    even = scores(grid())[Axis.BALANCE]
    assert (even.score, even.figures) == (100, {"deviation": 0})
    quarter = np.array([0] * 10 + [1] * 6)
    assert scores(grid(quarter))[Axis.BALANCE].figures["deviation"] == pytest.approx(0.25)
    assert scores(grid(quarter))[Axis.BALANCE].score == pytest.approx(50)
    assert scores(grid(np.array([0] * 13 + [1] * 3)))[Axis.BALANCE].score == 0


def test_squares_are_compact_and_strips_and_scattered_territories_are_less_so():
    square = scores(grid(np.zeros(16), staffed=(True,)))[Axis.COMPACTNESS].score
    halves = scores(grid())[Axis.COMPACTNESS].score
    scattered = scores(grid(np.array([0, 1] * 8)))[Axis.COMPACTNESS].score
    assert square == pytest.approx(95.5, abs=1)  # 3 / pi, the moment of a square
    assert halves == pytest.approx(76.4, abs=1)  # 12 / 5 pi, of one twice as long as wide
    assert scattered < halves


def test_travel_is_measured_by_circles_of_equally_many_customers():
    one = scores(grid(np.zeros(16), staffed=(True,)))[Axis.TRAVEL]
    # A circle of 16 km2 has a mean radius of 2/3 of 2.257 km.
    assert one.figures["circles_km"] == pytest.approx(1.504, abs=0.001)
    assert 90 < one.score <= 100
    halves = scores(grid())[Axis.TRAVEL]
    assert halves.figures["km"] < one.figures["km"]
    mixed = scores(grid(np.array([0, 1] * 8)))[Axis.TRAVEL]
    assert mixed.score < halves.score
    # By one yardstick fewer territories mean farther ways.
    by_two = scores(grid(np.zeros(16), staffed=(True,)), 2)[Axis.TRAVEL]
    assert by_two.score == pytest.approx(one.score / 2**0.5, rel=0.01)


def test_stability_counts_who_moves_and_another_number_moves_nobody():
    assert scores(grid(today=1 - HALVES))[Axis.STABILITY].score == 100
    moved = HALVES.copy()
    moved[1] = 1
    found = scores(grid(moved, today=HALVES))[Axis.STABILITY]
    assert found.figures == {"moved": pytest.approx(1 / 16), "accounts": 1}
    assert found.score == pytest.approx(93.75)
    dropped = HALVES.copy()
    dropped[0] = -1
    assert scores(grid(dropped, today=HALVES))[Axis.STABILITY].score == pytest.approx(93.75)
    assert scores(grid())[Axis.STABILITY].score is None


def test_customers_without_territory_or_people_are_not_covered():
    hole = HALVES.copy()
    hole[:4] = -1
    assert scores(grid(hole))[Axis.COVERAGE].score == pytest.approx(75)
    assert scores(grid(staffed=(True, False)))[Axis.COVERAGE].score == pytest.approx(50)
    nobody = scores(grid(staffed=(False, False)))[Axis.COVERAGE]
    assert (nobody.score, nobody.figures["unstaffed"]) == (None, 2)


def test_a_plan_with_nothing_in_it_is_rated_without_a_traceback():
    empty = scores(grid(np.full(16, -1), load=np.zeros(16), accounts=np.zeros(16)))
    assert empty[Axis.COMPACTNESS].score is None
    assert empty[Axis.TRAVEL].score is None
    assert empty[Axis.COVERAGE].score == 0


@pytest.fixture
def two(session, actor, add_plan):
    """A plan, and one in which a unit lies elsewhere."""
    first, second = add_plan("As it is"), add_plan("As it may be")
    move_units(session, actor, second.id, None, [Move(code("a1"), 2)], splits_allowed=True)
    session.commit()
    return first, second


def test_two_plans_are_rated_by_one_measure_and_changes_count_from_the_first(session, actor, two):
    by, [first, second] = rating_plans.rate_plans(session, actor, [two[0].id, two[1].id])
    assert by.words() == "population"
    before, after = ({r.axis: r for r in one.ratings} for one in (first, second))
    assert before[Axis.STABILITY].score == 100
    assert second.against.name == "As it is"
    assert after[Axis.STABILITY].figures["moved"] == pytest.approx(1 / 18)
    assert after[Axis.BALANCE].score < before[Axis.BALANCE].score


def test_changes_count_from_the_live_plan_when_one_is_live(session, actor, two, add_plan, go_live):
    go_live(add_plan("Live"))
    _, [one] = rating_plans.rate_plans(session, actor, [two[1].id])
    assert one.against.name == "Live"


def test_the_api_gives_scores_figures_and_words(client_of, manager, two):
    found = client_of(manager).get(f"{API}/ratings?a={two[0].id}&b={two[1].id}").json
    assert [axis["axis"] for axis in found["plans"][0]["axes"]] == [axis.value for axis in Axis]
    balance = found["plans"][1]["axes"][0]
    assert balance["figures"]["deviation"] == pytest.approx(1 / 6, abs=1e-6)
    assert balance["score"] == pytest.approx(66.7)
    assert balance["words"] == "largest deviation 16.7%"
    assert found["plans"][1]["axes"][3]["words"] == "5.6% of customers move"


def test_who_does_not_design_gets_no_ratings(client_of, rep, marketer, two):
    for person in (rep, marketer):
        assert client_of(person).get(f"{API}/ratings?a={two[0].id}").status_code == 403
    assert client_of(rep).get(f"{API}/ratings?a=x").status_code in (403, 422)


def test_the_page_shows_ratings_and_the_fairness_of_both(signed_in_as, manager, two):
    browser = signed_in_as(manager)
    page = browser.get(f"/territories/compare?a={two[0].id}&b={two[1].id}").text
    for words in ("Ratings, 0 to 100", "radar-plan-2", "How fair are both?", "Swipe"):
        assert words in page
    by_customers = f"/territories/compare?a={two[0].id}&b={two[1].id}&by=accounts"
    # What is called workload on every other page is no number of customers here.
    fair = page[page.index("both-fair-title") :]
    assert "Workload is hours a year" in fair
    assert '<th scope="row">Customers</th>' not in fair
    assert '<option value="accounts" selected>' in browser.get(by_customers).text
    assert browser.get(by_customers.replace("accounts", "luck")).status_code == 422


@pytest.mark.usefixtures("on_the_test_sessions")
def test_the_command_line_rates_one_plan_or_two(two, capsys):
    assert run(["territories", "rate", "As it is", "As it may be", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["by"] == "population"
    assert [one["name"] for one in found["plans"]] == ["As it is", "As it may be"]
    assert run(["territories", "rate", "As it may be"]) == 0
    said = capsys.readouterr().out
    assert "largest deviation 16.67%" in said
    assert "no plan to count from" in said
    assert run(["territories", "rate", "Nowhere"]) != 0
    assert "Nowhere" in capsys.readouterr().err
