"""A rep's day: the best visits in a good order, inside their windows, reasons for the rest."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geocrm.errors import InvalidInput
from geocrm.spatial.tours import Day, check_day, plan_day, schedule

HOUR = 3600.0


def a_day(num_visits: int, seed: int = 1, **changes: object) -> Day:
    """Visits scattered over 30 km around the rep's home, 36 km/h, 30 minutes each, 8 to 17."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 30_000, (num_visits + 1, 2))
    metres = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    day = Day(
        travel_time_s=metres / 10,
        distance_m=metres,
        service_s=np.full(num_visits, 1800.0),
        open_s=np.full(num_visits, 8 * HOUR),
        close_s=np.full(num_visits, 17 * HOUR),
        prize=rng.integers(1, 10, num_visits).astype(float),
        shift_start_s=8 * HOUR,
        shift_end_s=17 * HOUR,
        start=num_visits,
        end=num_visits,
    )
    return replace(day, **changes)  # type: ignore[arg-type]


def best_by_trying_all(day: Day) -> tuple[float, float]:
    """Highest total prize, then least driving, over every order of every choice of visits."""
    best = (0.0, 0.0)

    def go_on(here: int, clock: float, prize: float, driven: float, left: frozenset[int]) -> None:
        nonlocal best
        home = day.travel_time_s[here, day.end]
        if prize and clock + home <= day.shift_end_s:
            best = max(best, (prize, -(driven + home)))
        for visit in left:
            drive = day.travel_time_s[here, visit]
            done = max(clock + drive, day.open_s[visit]) + day.service_s[visit]
            if done <= min(day.close_s[visit], day.shift_end_s):
                go_on(visit, done, prize + day.prize[visit], driven + drive, left - {visit})

    go_on(day.start, day.shift_start_s, 0.0, 0.0, frozenset(range(len(day.service_s))))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_small_days_are_as_good_as_trying_every_order(seed):
    rng = np.random.default_rng(seed)
    opens = rng.choice([8, 9, 11], 6) * HOUR
    day = a_day(
        6,
        seed,
        open_s=opens,
        close_s=opens + rng.choice([1, 2, 9], 6) * HOUR,
        prize=np.ones(6) if seed % 2 else rng.integers(1, 9, 6).astype(float),
        shift_end_s=(10 + seed % 4) * HOUR,
    )
    plan = plan_day(day, effort=400)
    prize, minus_driving = best_by_trying_all(day)
    assert check_day(day, plan) == []
    assert day.prize[plan.order].sum() == prize
    assert plan.total_drive_s == pytest.approx(-minus_driving, abs=len(plan.order) + 1)


@settings(max_examples=25, deadline=None)
@given(
    num_visits=st.integers(0, 12),
    seed=st.integers(0, 10_000),
    length_h=st.floats(0, 10),
    opens_h=st.floats(0, 20),
    window_h=st.floats(0, 12),
)
def test_no_plan_ever_breaks_a_promise(num_visits, seed, length_h, opens_h, window_h):
    rng = np.random.default_rng(seed)
    opens = (opens_h + rng.uniform(-2, 2, num_visits)) * HOUR
    day = a_day(
        num_visits,
        seed,
        open_s=opens,
        close_s=opens + window_h * HOUR,
        shift_end_s=(8 + length_h) * HOUR,
    )
    assert check_day(day, plan_day(day, effort=50)) == []


def test_a_hundred_visits_of_which_a_dozen_fit_are_all_accounted_for():
    day = a_day(100)
    plan = plan_day(day, effort=200)
    assert check_day(day, plan) == []
    assert 12 <= len(plan.order) < 20
    assert {reason for _, reason in plan.unplanned} == {"day_full"}


def test_the_same_seed_gives_the_same_plan():
    day = a_day(40)
    one, other = plan_day(day, seed=7, effort=100), plan_day(day, seed=7, effort=100)
    assert one.order.tolist() == other.order.tolist()


def test_a_day_without_visits_stays_at_home():
    plan = plan_day(a_day(0))
    assert (len(plan.order), plan.total_drive_s, plan.return_s) == (0, 0.0, 8 * HOUR)


def test_a_day_without_time_lists_every_visit():
    plan = plan_day(a_day(3, shift_end_s=8 * HOUR))
    assert [reason for _, reason in plan.unplanned] == ["window_closed"] * 3


def test_a_visit_whose_window_is_over_before_the_day_begins_is_closed():
    day = a_day(2, open_s=np.array([5, 8]) * HOUR, close_s=np.array([7, 17]) * HOUR)
    assert plan_day(day).unplanned == ((0, "window_closed"),)


def test_a_visit_shorter_than_its_window_only_by_its_own_length_is_closed():
    day = a_day(1, close_s=np.array([8 * HOUR + 1799]))
    assert plan_day(day).unplanned == ((0, "window_closed"),)


def test_a_visit_that_cannot_be_reached_and_back_is_too_far():
    travel = np.array([[0, 1, 5 * HOUR], [1, 0, 600], [5 * HOUR, 600, 0]])
    day = a_day(2, travel_time_s=travel, distance_m=travel * 10)
    assert plan_day(day).unplanned == ((0, "too_far"),)


def test_no_way_at_all_is_too_far():
    travel = np.array([[0, np.inf], [np.inf, 0]])
    assert plan_day(a_day(1, travel_time_s=travel)).unplanned == ((0, "too_far"),)


def test_customers_at_one_place_are_visited_one_after_the_other():
    day = a_day(3, travel_time_s=np.zeros((4, 4)), distance_m=np.zeros((4, 4)))
    plan = plan_day(day)
    assert sorted(plan.order.tolist()) == [0, 1, 2]
    assert plan.arrive_s.tolist() == [8 * HOUR, 8.5 * HOUR, 9 * HOUR]


def test_a_required_visit_comes_before_any_worth():
    day = a_day(
        8,
        prize=np.array([1, 9, 9, 9, 9, 9, 9, 9.0]),
        required=np.arange(8) == 0,
        shift_end_s=10 * HOUR,
    )
    assert 0 in plan_day(day).order


def test_the_day_may_end_elsewhere():
    line = np.abs(np.arange(4.0)[:, None] - np.arange(4.0)[None]) * 600
    day = a_day(2, travel_time_s=line, distance_m=line, start=2, end=3)
    plan = plan_day(day)
    assert plan.order.tolist() == [1, 0]
    assert plan.total_drive_s == 600 + 600 + 1800


def test_the_search_can_be_stopped():
    plan = plan_day(a_day(30), should_stop=lambda: True)
    assert plan.stopped == "stopped"


def test_the_checker_sees_a_day_that_does_not_fit():
    day = a_day(40)
    overfull = schedule(day, np.arange(40))
    assert any("after its window closes" in each for each in check_day(day, overfull))
    assert "The rep comes back after the working day ends" in check_day(day, overfull)


def test_the_checker_sees_a_visit_that_was_forgotten():
    day = a_day(3)
    assert any("exactly once" in each for each in check_day(day, schedule(day, np.array([0, 1]))))


def test_hours_the_wrong_way_round_are_refused():
    with pytest.raises(InvalidInput, match="ends before it begins"):
        a_day(1, shift_end_s=7 * HOUR)
