"""How many territories there are to be where only their least and most load is given."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import Infeasible
from geocrm.territories import relaxing
from geocrm.territories.solving import Solved

# So many numbers are tried, while there is time.
MOST_TRIED = 6
_ROUNDING = 1e-9


def within_limits(
    load: NDArray[np.float64],
    minimum: float | None,
    maximum: float | None,
    names: Sequence[str],
    today: int | None = None,
) -> tuple[int, ...]:
    """The numbers of territories that limits leave for loads (n,), the most likely first.

    With both limits that is what gives each the middle of them, with one as many as keep it just;
    where it is among them, the number of today. Raises Infeasible where one unit is too heavy.
    """
    total, heaviest = float(load.sum()), int(np.argmax(load))
    if maximum is not None and 0 < maximum < load[heaviest]:
        raise Infeasible(
            "{unit} alone holds {load}, more than the maximum {most}: allow --max {limit}, or take"
            " finer units",
            unit=names[heaviest],
            load=float(load[heaviest]),
            most=maximum,
            limit=relaxing.digits(float(load[heaviest]), ROUND_CEILING),
        )
    low = _number(total, maximum, math.ceil, 1)
    high = min(_number(total, minimum, math.floor, len(load)), len(load))
    if low >= high:
        # Where no number keeps both limits, what is wrong is said of the least.
        return (low,)
    if today is not None and low <= today <= high:
        likely = float(today)
    elif maximum and minimum:
        likely = total / ((minimum + maximum) / 2)
    else:
        likely = low if maximum else high
    return tuple(sorted(range(low, high + 1), key=lambda k: (abs(k - likely), k))[:MOST_TRIED])


def _number(
    total: float, limit: float | None, rounded: Callable[[float], int], otherwise: int
) -> int:
    """How many of a load the whole is, a hair of rounding aside."""
    if limit is None or not 0 < limit < math.inf:
        return otherwise
    share = total / limit
    near = round(share)
    return max(1, near if abs(share - near) < _ROUNDING * share else rounded(share))


def first_within(
    counts: Sequence[int],
    time_s: float,
    solved_in: Callable[[int, float], Solved],
    cancelled: Callable[[], bool] = lambda: False,
) -> Solved:
    """The first of these numbers whose plan keeps the limits, else the plan nearest to them.

    `solved_in` is asked with a number and the seconds that are left.
    """
    found: Solved | None = None
    spent_s = 0.0
    refused: Infeasible | None = None
    for number in counts:
        if found is not None and (spent_s >= time_s or cancelled()):
            break
        began = time.monotonic()
        try:
            one = solved_in(number, max(time_s - spent_s, 0.0))
        except Infeasible as reason:
            refused = refused or reason
            continue
        finally:
            spent_s += time.monotonic() - began
        if one.plan.within_limits:
            return replace(one, elapsed_s=max(spent_s, one.elapsed_s) if found else one.elapsed_s)
        if found is None or relaxing.farthest(one) < relaxing.farthest(found):
            found = one
    if found is None:
        assert refused is not None
        raise refused
    return found
