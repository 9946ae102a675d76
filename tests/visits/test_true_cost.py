"""The true cost of a plan, as far as it needs no database: who is due, the weeks, the figures."""

from dataclasses import replace

import numpy as np
import pytest

from geocrm.errors import InvalidInput
from geocrm.visits import crossings, travel, true_cost, true_cost_figures, true_cost_sample
from geocrm.visits.true_cost_figures import Rates
from geocrm.visits.true_cost_terms import HOME, SERIES, Accounts, Asked, Base, Ground, Week

HOME_AT = (107.60, -6.90)
KM = 1 / 111.32  # degrees along a meridian
ALL_YEAR = range(true_cost_sample.WEEKS_A_YEAR)
EVERY_WEEK = 52.0


def customers(km_south: list[float], visits: float = EVERY_WEEK, first_id: int = 1) -> Accounts:
    """Customers on a road to the south, so many kilometres from home by the straight line."""
    n = len(km_south)
    return Accounts(
        account_id=np.arange(first_id, first_id + n, dtype=np.int64),
        lon=np.full(n, HOME_AT[0]),
        lat=HOME_AT[1] - np.array(km_south) * KM,
        visits_a_year=np.full(n, visits),
        segment=np.array(["B"] * n, dtype=np.object_),
        district=np.zeros(n, dtype=np.intp),
        mass=np.zeros(n, dtype=np.intp),
    )


def week(accounts: Accounts, *, days: int = 5, **asked) -> Week:
    """One week of one rep who lives at home."""
    once = np.ones(len(accounts), dtype=np.intp)
    base = Base(HOME_AT, HOME, days, "Rep")
    return true_cost.plan_week([base], accounts, once, Asked(**asked))


def hours_of(km: float) -> float:
    """Estimated driving."""
    return km * 1_000 * travel.DETOUR_FACTOR / travel.SPEED_M_S / 3_600


def at_sea(km_south: list[float], mass: list[int], ferries: list[tuple[int, int, float]], **asked):
    """One week among land masses; a ferry is its two ends and its length in km."""
    accounts = replace(customers(km_south), mass=np.array(mass, dtype=np.intp))
    ends = np.array([(a, b) for a, b, _ in ferries], dtype=np.intp).reshape(-1, 2)
    known = crossings.Ferries(ends, np.array([km for *_, km in ferries]) * 1_000.0)
    terms, base = Asked(**asked), Base(HOME_AT, HOME, 5, "Rep", mass=0)
    sea = true_cost.sea_of([base], accounts, terms, known)
    once = np.ones(len(accounts), dtype=np.intp)
    return true_cost.plan_week([base], accounts, once, terms, sea)


# ------------------------------------------------------------------------------ across the sea


def test_a_customer_on_another_island_is_reached_by_ferry_and_its_waiting():
    found = at_sea([30.0], [1], [(0, 1, 10.0)], ferry_kmh=20.0, boarding_min=45.0)
    assert (found.planned, found.crossings, found.nights) == (1, 2, 0)
    # There and back 20 km by road, 10 at sea, one ferry each way.
    by_road_h, at_sea_h = hours_of(20.0), 10 / 20 + 0.75
    assert found.all_drive_s / 3_600 == pytest.approx(2 * (by_road_h + at_sea_h), rel=0.01)
    assert found.all_distance_m == pytest.approx(2 * 20_000 * travel.DETOUR_FACTOR, rel=0.01)


def test_on_one_land_mass_and_where_none_is_known_nothing_is_a_ferry():
    ashore = at_sea([30.0], [0], [(0, 1, 10.0)])
    unknown = at_sea([30.0], [crossings.UNKNOWN], [(0, 1, 10.0)])
    assert ashore == unknown == week(customers([30.0]))
    assert ashore.crossings == 0


def test_the_ferries_of_least_time_are_taken_also_by_way_of_a_third_island():
    def sea(*ferries):
        return at_sea([60.0], [2], list(ferries), ferry_kmh=20.0, boarding_min=30.0)

    direct, hops = (0, 2, 40.0), [(0, 1, 5.0), (1, 2, 5.0)]
    assert sea(direct).crossings == 2
    assert sea(direct, *hops).crossings == 4
    assert sea((0, 2, 15.0), *hops, (0, 2, 30.0)).crossings == 2


def test_where_no_ferry_is_known_all_of_the_way_is_sea():
    found = at_sea([20.0], [1], [], ferry_kmh=20.0, boarding_min=30.0)
    assert found.all_drive_s / 3_600 == pytest.approx(2 * (20 / 20 + 0.5), rel=0.01)
    assert (found.all_distance_m, found.crossings) == (0.0, 2)


def test_an_island_too_far_for_a_day_is_a_trip_with_nights():
    near = at_sea([50.0, 51.0], [1, 1], [(0, 1, 40.0)], boarding_min=0.0)
    far = at_sea([50.0, 51.0], [1, 1], [(0, 1, 40.0)], boarding_min=300.0)
    assert (near.far, near.nights) == (0, 0)
    assert (far.far, far.planned, far.crossings) == (2, 0, 2)
    assert far.nights >= 1
    assert far.reckoned == 0


def test_a_stay_on_one_island_does_not_drive_to_the_next():
    both = at_sea([600.0, 601.0], [1, 2], [(0, 1, 500.0), (1, 2, 1.0)])
    one = at_sea([600.0, 601.0], [1, 1], [(0, 1, 500.0)])
    assert (one.crossings, both.crossings) == (2, 4)


def test_a_result_from_before_ferries_says_nothing_of_them():
    weeks = {name: [1.0, 2.0] for name in SERIES if name != "crossings"}
    territories = [{"weeks": weeks, "days": 5}]
    summed, days = true_cost_figures.added_up(territories)
    found = true_cost_figures.figures(summed, Asked().record(), days, Rates())
    assert found["crossings"] is None
    assert true_cost_figures.difference(found, found)["crossings"] is None


@pytest.mark.parametrize("wrong", [{"ferry_kmh": 0.0}, {"boarding_min": -1.0}])
def test_ferries_that_cannot_be_are_refused(wrong):
    with pytest.raises(InvalidInput, match="ferry"):
        Asked(**wrong)


# ------------------------------------------------------------------------------ who is due


@pytest.mark.parametrize("a_year", [1, 2, 4, 12, 52, 104])
def test_over_a_year_everybody_is_due_as_often_as_they_are_to_be_visited(a_year):
    ids = np.arange(1, 200, dtype=np.int64)
    year = [true_cost_sample.due(ids, np.full(199, float(a_year)), each, 7) for each in ALL_YEAR]
    assert (np.sum(year, axis=0) == a_year).all()
    assert max(each.max() for each in year) == -(-a_year // 52)


def test_weeks_are_about_equally_full_and_another_seed_draws_others():
    ids = np.arange(1, 5_001, dtype=np.int64)
    quarterly = np.full(5_000, 4.0)
    full = [int(true_cost_sample.due(ids, quarterly, each, 1).sum()) for each in ALL_YEAR]
    assert sum(full) == 20_000
    assert min(full) > 0.8 * 20_000 / 52
    assert max(full) < 1.2 * 20_000 / 52
    other = true_cost_sample.due(ids, quarterly, 0, 2)
    assert not np.array_equal(other, true_cost_sample.due(ids, quarterly, 0, 1))


def test_who_is_due_does_not_depend_on_who_else_is_there():
    some, more = np.array([5, 9]), np.array([3, 5, 9, 11])
    often = np.full(4, 12.0)
    for each in ALL_YEAR:
        alone = true_cost_sample.due(some, often[:2], each, 1)
        assert np.array_equal(alone, true_cost_sample.due(more, often, each, 1)[1:3])


def test_customers_who_want_no_visits_are_never_due():
    nobody = [true_cost_sample.due(np.array([1]), np.zeros(1), each, 1)[0] for each in ALL_YEAR]
    assert sum(nobody) == 0


# ------------------------------------------------------------------------------ a week


def test_a_week_with_room_makes_every_visit_and_drives_the_way():
    found = week(customers([10.0, 10.0, 10.0]))
    assert (found.due, found.planned, found.far, found.reckoned) == (3, 3, 0, 0)
    assert found.drive_s / 3_600 == pytest.approx(hours_of(20), rel=0.01)
    assert found.all_drive_s == found.drive_s
    assert found.distance_m == pytest.approx(20_000 * travel.DETOUR_FACTOR, rel=0.01)


def test_what_does_not_fit_is_left_over_and_still_counts_with_all_visits():
    # A day of nine hours holds at most 18 visits of half an hour.
    found = week(customers([1.0] * 40), days=1)
    assert found.due == 40
    assert 15 <= found.planned <= 17
    assert found.reckoned == 0
    # Two or three further days, each there and back.
    assert found.all_drive_s == pytest.approx(3 * found.drive_s, rel=0.05)


def test_a_customer_due_twice_is_visited_on_two_days():
    twice = np.array([2])
    base = Base(HOME_AT, HOME, 5, "Rep")
    found = true_cost.plan_week([base], customers([10.0]), twice, Asked())
    assert (found.due, found.planned) == (2, 2)
    assert found.drive_s / 3_600 == pytest.approx(hours_of(40), rel=0.01)


def test_beyond_a_days_reach_visits_are_made_on_a_trip_with_nights_away():
    # 400 km are 540 by road, 15 hours.
    found = week(customers([10.0, 400.0, 401.0]))
    assert (found.planned, found.far, found.reckoned) == (1, 2, 0)
    assert found.all_drive_s / 3_600 == pytest.approx(hours_of(20 + 800 + 2), rel=0.01)
    # Thirty hours of driving and a day of visits are four and a half days.
    assert found.nights == 4


def test_customers_without_a_place_are_counted_and_nobody_is_sent():
    accounts = customers([10.0, 20.0])
    accounts = replace(accounts, lon=np.array([np.nan, HOME_AT[0]]))
    found = week(accounts)
    assert (found.due, found.no_place, found.planned) == (1, 1, 1)


def test_two_reps_make_more_of_the_visits_than_one():
    accounts, once = customers([1.0] * 40), np.ones(40, dtype=np.intp)
    one = Base(HOME_AT, HOME, 1, "One")
    alone = true_cost.plan_week([one], accounts, once, Asked(days=1))
    both = true_cost.plan_week([one, one], accounts, once, Asked(days=1))
    assert both.planned > 1.8 * alone.planned


def test_what_is_too_much_to_plan_is_reckoned_from_the_rest(monkeypatch):
    monkeypatch.setattr(true_cost, "MAX_DAYS", 2)
    found = week(customers([1.0] * 60), days=1)
    assert found.reckoned > 20
    each = found.all_drive_s / 60
    assert each == pytest.approx(found.drive_s / found.planned, rel=0.2)


def test_a_visit_may_take_the_whole_day_when_it_lies_at_the_door():
    found = week(customers([0.0, 50.0]), visit_s=Asked().shift_s)
    assert (found.planned, found.far, found.reckoned) == (1, 1, 0)
    assert found.all_drive_s / 3_600 == pytest.approx(hours_of(100), rel=0.01)
    assert found.nights == 1


def test_a_territory_without_customers_or_a_start_costs_nothing():
    nobody = customers([])
    empty = Ground(1, "Empty", 0, (), staffed=False)
    assert true_cost.measure([empty], nobody, Asked(weeks=2)) == [[Week(), Week()]]


def test_the_same_seed_gives_the_same_weeks():
    accounts = customers(list(np.linspace(1, 60, 80)), visits=26.0)
    ground = Ground(1, "South", 0, (Base(HOME_AT, HOME, 5, "Rep"),), staffed=True)
    asked = Asked(weeks=2, seed=3)
    assert true_cost.measure([ground], accounts, asked) == true_cost.measure(
        [ground], accounts, asked
    )


def test_the_middle_is_a_customers_place_and_no_outlier_draws_it_away():
    place = true_cost.centre(customers([10.0, 11.0, 12.0, 500.0]))
    assert place[1] == pytest.approx(HOME_AT[1] - 11.5 * KM, abs=0.6 * KM)
    assert true_cost.centre(customers([])) is None


# ------------------------------------------------------------------------------ figures


def series(**weeks) -> dict[str, list[float]]:
    """The sums of weeks; what is not named is 0."""
    length = len(next(iter(weeks.values())))
    return {name: list(weeks.get(name, [0.0] * length)) for name in SERIES}


ASKED = Asked().record()


def test_hours_reps_and_money_follow_from_the_weeks():
    found = true_cost_figures.figures(
        series(
            due=[90, 90],
            planned=[80, 80],
            drive_s=[18_000, 18_000],
            all_drive_s=[36_000, 36_000],
            all_distance_m=[350_000, 350_000],
            nights=[2, 2],
        ),
        ASKED,
        days=5,
        rates=Rates(per_km=10, per_hour=100, per_night=1_000),
    )
    value = {name: one and one.value for name, one in found.items()}
    assert value["left"] == 10
    assert value["utilisation"] == pytest.approx((5 + 40) / 45)
    assert value["drive_min"] == pytest.approx(18_000 / 60 / 80)
    assert value["reps"] == pytest.approx((10 + 45) / 45)
    assert value["cost"] == pytest.approx(350 * 10 + 55 * 100 + 2 * 1_000)
    assert found["due"].error == 0


def test_without_rates_there_is_no_money_and_without_people_no_share_of_their_time():
    found = true_cost_figures.figures(series(due=[1.0]), ASKED, days=0, rates=Rates())
    assert found["cost"] is None
    assert found["utilisation"] is None
    assert found["due"].error is None


def test_what_two_plans_share_cancels_out_of_their_difference():
    busy = np.array([100.0, 140.0, 60.0, 120.0])
    one, other = true_cost_figures.mean(busy), true_cost_figures.mean(busy + np.array([5, 4, 5, 6]))
    assert one.error > 15
    assert other.minus(one).error == pytest.approx(np.std([5, 4, 5, 6], ddof=1) / 2)
    before = dict.fromkeys(true_cost_figures.FIGURES, one)
    after = dict.fromkeys(true_cost_figures.FIGURES, other)
    assert true_cost_figures.difference(before, after)["due"]["clear"]


def test_the_error_of_a_ratio_is_that_of_its_linear_form():
    rng = np.random.default_rng(1)
    visits = rng.uniform(50, 150, 400)
    driving = 20 * visits + rng.normal(0, 30, 400)
    found = true_cost_figures.ratio(driving, visits)
    drawn = [
        driving[rows].sum() / visits[rows].sum()
        for rows in (rng.integers(0, 400, 400) for _ in range(500))
    ]
    assert found.value == pytest.approx(20, abs=0.1)
    assert found.error == pytest.approx(np.std(drawn), rel=0.15)


# ------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weeks": 0}, "1 to 52"),
        ({"weeks": 53}, "1 to 52"),
        ({"seed": -1}, "seed"),
        ({"days": 8}, "1 to 7"),
        ({"start": "moon"}, "home or centre"),
        ({"visit_s": 0}, "minutes"),
        ({"shift_start_s": 3_600, "shift_end_s": 3_600}, "no time"),
        ({"shift_start_s": 0, "shift_end_s": 900}, "longer than the working day"),
    ],
)
def test_what_cannot_be_asked_is_said(wrong, says):
    with pytest.raises(InvalidInput, match=says):
        Asked(**wrong)


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_a_cost_that_is_none_is_refused(rate):
    with pytest.raises(InvalidInput, match="number from 0"):
        Rates(per_km=rate)
