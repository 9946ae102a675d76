"""Territories whose number follows from their least and most load."""

import numpy as np
import pytest

from geocrm.errors import Infeasible
from geocrm.territories.open_counts import within_limits

NAMES = [f"unit {at}" for at in range(30)]
TENS = np.full(30, 10.0)


@pytest.mark.parametrize(
    ("minimum", "maximum", "likely"),
    [(None, 75, 4), (40, 75, 5), (70, None, 4), (100, 100, 3), (10, 10, 30)],
)
def test_limits_say_how_many_territories_are_likely(minimum, maximum, likely):
    assert within_limits(TENS, minimum, maximum, NAMES)[0] == likely


def test_the_number_of_today_is_kept_where_limits_allow_it():
    assert within_limits(TENS, 40, 75, NAMES, today=6)[0] == 6
    assert within_limits(TENS, 40, 75, NAMES, today=9)[0] == 5


def test_every_number_that_is_tried_keeps_both_limits_on_average():
    assert sorted(within_limits(TENS, 40, 75, NAMES)) == [4, 5, 6, 7]


def test_a_sum_of_thirds_is_as_many_territories_as_it_looks():
    assert within_limits(np.full(3, 0.1), None, 0.1, NAMES[:3])[0] == 3


def test_a_unit_heavier_than_the_maximum_is_named_with_what_is_enough():
    load = TENS.copy()
    load[4] = 5809787.4
    with pytest.raises(Infeasible, match=r"unit 4 alone .* allow --max 5809790"):
        within_limits(load, None, 100, NAMES)
