"""Classes of numbers for maps: where the breaks between a map's colours lie.

A break is the least value of the class above it: with breaks b, class i holds the values
b[i - 1] <= v < b[i], and the first and the last class are open. Equal values are never parted, so
there may be fewer classes than asked for.

Sources: quantiles and equal intervals are the usual ones (R. J. Hyndman, Y. Fan (1996), Sample
quantiles in statistical packages, definition 1, doi:10.1080/00031305.1996.10473566). Natural breaks
minimise the sum of squared distances to the means of the classes, by W. D. Fisher (1958), On
grouping for maximum homogeneity, doi:10.1080/01621459.1958.10501479; G. F. Jenks (1967), The data
model concept in statistical mapping, made them known for maps.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_CLASSES: Final = 12
# Natural breaks cost the square of the distinct values; beyond these, neighbours are joined first.
MAX_DISTINCT: Final = 512

Breaks = NDArray[np.float64]


def quantile_breaks(values: ArrayLike, num_classes: int) -> Breaks:
    """Breaks that put about the same number of values into each class.

    Parameters
    ----------
    values
        Shape (n,), finite numbers in any order; n may be 0.
    num_classes
        From 1 to `MAX_CLASSES`.

    Returns
    -------
    Breaks
        Shape (k - 1,) for k <= num_classes classes, rising; empty when all values are equal.

    Raises
    ------
    ValueError
        When a value is not finite, the shape is not (n,) or the number of classes is out of range.
    """
    ordered = _checked(values, num_classes)
    at = np.arange(1, num_classes) * ordered.size // num_classes
    return _above_the_least(ordered, ordered[at] if ordered.size else ordered)


def equal_breaks(values: ArrayLike, num_classes: int) -> Breaks:
    """Breaks at equal distances from the least value to the largest; as `quantile_breaks`.

    A class between two breaks may be empty.
    """
    ordered = _checked(values, num_classes)
    if not ordered.size or ordered[0] == ordered[-1]:
        return np.empty(0)
    return np.linspace(ordered[0], ordered[-1], num_classes + 1)[1:-1]


def natural_breaks(values: ArrayLike, num_classes: int) -> Breaks:
    """Breaks where the values fall apart by themselves; as `quantile_breaks`.

    Exact for up to `MAX_DISTINCT` distinct values. Of more, neighbours are joined into that many
    groups, and the breaks are the best between those.
    """
    ordered = _checked(values, num_classes)
    starts = _group_starts(ordered)
    if starts.size <= 1:
        return np.empty(0)
    means = np.add.reduceat(ordered, starts) / np.diff(np.append(starts, ordered.size))
    weights = np.diff(np.append(starts, ordered.size)).astype(np.float64)
    cuts = _best_cuts(means, weights, min(num_classes, starts.size))
    return ordered[starts[cuts]]


METHODS: Final[dict[str, Callable[[ArrayLike, int], Breaks]]] = {
    "quantile": quantile_breaks,
    "natural": natural_breaks,
    "equal": equal_breaks,
}


def class_of(values: ArrayLike, breaks: ArrayLike) -> NDArray[np.intp]:
    """The class of each value, 0 for those below the first break; the shape of `values`."""
    return np.searchsorted(np.asarray(breaks, dtype=np.float64), np.asarray(values), side="right")


def _checked(values: ArrayLike, num_classes: int) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"Values must have shape (n,), not {numbers.shape}")
    if not np.all(np.isfinite(numbers)):
        raise ValueError("Every value must be a finite number")
    if not 1 <= num_classes <= MAX_CLASSES:
        raise ValueError(f"There can be 1 to {MAX_CLASSES} classes, not {num_classes}")
    return np.sort(numbers)


def _above_the_least(ordered: NDArray[np.float64], breaks: Breaks) -> Breaks:
    found = np.unique(breaks)
    return found[found > ordered[0]] if ordered.size else found


def _group_starts(ordered: NDArray[np.float64]) -> NDArray[np.intp]:
    """Where each run of equal values begins, or each of `MAX_DISTINCT` groups of such runs."""
    if not ordered.size:
        return np.empty(0, dtype=np.intp)
    starts = np.flatnonzero(np.append(True, ordered[1:] > ordered[:-1]))
    if starts.size <= MAX_DISTINCT:
        return starts
    # Half of the groups hold as many values each, which is fine where values crowd; the others are
    # as wide each, which is fine where they are few and far apart and weigh most.
    half = MAX_DISTINCT // 2
    by_number = np.arange(half) * ordered.size // half
    by_width = np.searchsorted(ordered, np.linspace(ordered[0], ordered[-1], half))
    wanted = np.union1d(by_number, by_width)
    # The last run that begins at or before the wanted place, so that no run is parted.
    return np.unique(starts[np.searchsorted(starts, wanted, side="right") - 1])


def _best_cuts(
    means: NDArray[np.float64], weights: NDArray[np.float64], num_classes: int
) -> NDArray[np.intp]:
    """The first group of each class but the first, by Fisher's dynamic programming.

    `cost[i]` is the least sum of squares of the groups up to i in so many classes; one more class
    is tried from every group m on.
    """
    spread = _sums_of_squares(means, weights)
    size = means.size
    cost = spread[0]
    choices = []
    for _ in range(1, num_classes):
        before = np.append(np.inf, cost[:-1])
        total = before[:, None] + spread  # [m, i]: groups m .. i are the last class
        choice = np.argmin(total, axis=0)
        choices.append(choice)
        cost = total[choice, np.arange(size)]
    cuts, end = [], size - 1
    for choice in reversed(choices):
        cuts.append(choice[end])
        end = choice[end] - 1
    return np.array(cuts[::-1], dtype=np.intp)


def _sums_of_squares(
    means: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Squared distances of groups m .. i from their mean, weighted; shape (n, n), inf for i < m."""
    # Around their mean the squares stay small, so that taking sums from sums loses no digits.
    centred = means - np.average(means, weights=weights)
    count, total, square = (
        np.append(0.0, np.cumsum(weights * centred**power)) for power in (0, 1, 2)
    )
    n, s, q = (sums[None, 1:] - sums[:-1, None] for sums in (count, total, square))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.maximum(q - s * s / n, 0.0)
    return np.where(np.arange(means.size)[:, None] <= np.arange(means.size), spread, np.inf)
