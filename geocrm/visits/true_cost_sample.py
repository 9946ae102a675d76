"""Which visits fall into which week of a year, for every customer, from a seed. Pure.

A customer visited `v` times a year is due every 1/v of it, beginning at a moment that a hash of the
seed and of the customer's id decides. So the same customer is due in the same weeks in every plan,
and two plans are compared on the very same visits (common random numbers: A. M. Law (2015),
Simulation Modeling and Analysis, 5th edition, section 11.2).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WEEKS_A_YEAR: Final = 52


def weeks(count: int, seed: int) -> tuple[int, ...]:
    """So many different weeks of a year, 0 to 51, in order."""
    drawn = np.random.default_rng(seed).choice(WEEKS_A_YEAR, count, replace=False)
    return tuple(sorted(drawn.tolist()))


def due(
    account_id: NDArray[np.int64], visits_a_year: Floats, week: int, seed: int
) -> NDArray[np.intp]:
    """How many visits of each account fall into the week, shape (n,).

    Over the 52 weeks they add up to `visits_a_year`, shape (n,), >= 0, rounded down or up where it
    is no whole number.
    """
    begins = _fraction(account_id, seed)
    before, after = (
        np.maximum(np.ceil(visits_a_year * at / WEEKS_A_YEAR - begins), 0)
        for at in (week, week + 1)
    )
    return (after - before).astype(np.intp)


def _fraction(account_id: NDArray[np.int64], seed: int) -> Floats:
    """A number in (0, 1) for each account that only the seed and its id decide.

    SplitMix64: G. L. Steele, D. Lea, C. H. Flood (2014), Fast splittable pseudorandom number
    generators, doi:10.1145/2660193.2660195.
    """
    mixed = account_id.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = _mix(mixed + _mix(np.array([seed + 1], dtype=np.uint64)))
    # 53 bits, as many as a float holds; the half keeps 0 out.
    share: Floats = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return share


def _mix(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = word ^ (word >> np.uint64(31))
    return mixed
