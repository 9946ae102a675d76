"""Which territory of one plan is which of another: those that share most, one to one."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

NONE = -1


def shared(
    before: NDArray[np.intp], after: NDArray[np.intp], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What territories of two plans have in common, shape (territories before, after).

    Parameters: the territory of each unit in either plan, shape (n,); its weight, >= 0. Where all
    weights are zero, units are counted.
    """
    number = (int(before.max(initial=-1)) + 1, int(after.max(initial=-1)) + 1)
    common = np.zeros(number)
    np.add.at(common, (before, after), weight if weight.sum() > 0 else 1.0)
    return common


def twins(
    before: NDArray[np.intp], after: NDArray[np.intp], weight: NDArray[np.float64]
) -> NDArray[np.intp]:
    """For each territory after the one before that it continues, or NONE; no two the same.

    Territories get the numbers a solver happens to give them; what they share adds up to the most
    possible, so that a plan with other numbers or names is the same plan.
    """
    # Units decide where the weight they share is equal, or nothing.
    units = shared(before, after, np.ones(len(before)))
    weighed = shared(before, after, weight)
    worth = weighed / max(weighed.sum(), 1e-300) + 1e-6 * units / max(len(before), 1)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    found = np.full(units.shape[1], NONE, dtype=np.intp)
    together = units[rows, columns] > 0
    found[columns[together]] = rows[together]
    return found
