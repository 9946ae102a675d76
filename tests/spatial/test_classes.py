"""Breaks between a map's colours: known answers, and what holds of any numbers."""

from itertools import combinations

import numpy as np
import pytest

from geocrm.spatial import classes
from geocrm.spatial.classes import METHODS, class_of, equal_breaks, natural_breaks, quantile_breaks

# The example of the goodness of variance fit in textbooks on Jenks' method.
FIVE = [4, 5, 9, 10]


def spread(values, breaks):
    """The sum of squared distances to the means of the classes."""
    of = class_of(values, breaks)
    parts = [np.asarray(values)[of == each] for each in np.unique(of)]
    return sum(float(((part - part.mean()) ** 2).sum()) for part in parts)


def test_quantiles_share_the_values_out():
    assert quantile_breaks(range(1, 13), 4).tolist() == [4, 7, 10]
    of = class_of(range(1, 13), [4, 7, 10])
    assert np.bincount(of).tolist() == [3, 3, 3, 3]


def test_equal_intervals_divide_the_range():
    assert equal_breaks([0, 3, 100], 4).tolist() == [25, 50, 75]


def test_natural_breaks_fall_into_the_gap():
    assert natural_breaks(FIVE, 2).tolist() == [9]
    assert spread(FIVE, [9]) == 1.0


def test_natural_breaks_of_three_crowds_part_the_crowds():
    crowds = [1, 2, 3, 100, 101, 103, 1000, 1010]
    assert natural_breaks(crowds, 3).tolist() == [100, 1000]


@pytest.mark.parametrize("seed", range(6))
def test_no_other_breaks_are_better_than_natural_ones(seed):
    rng = np.random.default_rng(seed)
    values = np.round(rng.lognormal(3, 1, 14), 1)
    best = spread(values, natural_breaks(values, 4))
    others = combinations(np.unique(values)[1:], 3)
    assert best == pytest.approx(min(spread(values, other) for other in others))


def test_more_values_than_can_be_tried_give_nearly_the_same(monkeypatch):
    values = np.random.default_rng(1).lognormal(3, 1, 500)
    exact = spread(values, natural_breaks(values, 5))
    monkeypatch.setattr(classes, "MAX_DISTINCT", 100)
    assert spread(values, natural_breaks(values, 5)) == pytest.approx(exact, rel=0.05)


def test_large_amounts_that_differ_little_are_still_told_apart():
    assert natural_breaks([1e12, 1e12 + 1, 1e12 + 9, 1e12 + 10], 2).tolist() == [1e12 + 9]


@pytest.mark.parametrize("method", METHODS)
def test_breaks_rise_and_lie_above_the_least_value(method):
    rng = np.random.default_rng(3)
    for size in (0, 1, 2, 5, 900):
        values = rng.integers(0, 12, size)
        breaks = METHODS[method](values, 6)
        assert len(breaks) <= 5
        assert (np.diff(breaks) > 0).all()
        if size:
            assert (breaks > values.min()).all()


@pytest.mark.parametrize("method", METHODS)
def test_equal_values_are_one_class(method):
    assert METHODS[method]([7, 7, 7], 5).size == 0
    assert METHODS[method]([], 5).size == 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("values", "number", "reason"),
    [
        ([1, np.nan], 3, "finite"),
        ([[1, 2]], 3, "shape"),
        ([1, 2], 0, "1 to 12"),
        ([1, 2], 13, "1 to 12"),
    ],
)
def test_what_is_no_list_of_numbers_is_refused(method, values, number, reason):
    with pytest.raises(ValueError, match=reason):
        METHODS[method](values, number)
