"""What is proven about the cost of a plan."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# A product and a sum are each off by at most half of this, relatively; four times is safe.
ROUNDING = 4 * float(np.finfo(np.float64).eps)

Kind = Literal["global", "fixed-centres"]


@dataclass(frozen=True)
class Bound:
    """A lower bound of an objective; valid whenever the search for it ended.

    Attributes
    ----------
    value
        No plan costs less than this, rounded down. Which plans, `kind` says.
    kind
        "global": all contiguous plans of this many districts within the load limits, whatever
        their centres. "fixed-centres": only allocations to the centres that were given; a plan
        with other centres may cost less.
    proven
        Whether a plan is known that costs as little as `value`, but for rounding: an optimal one.
    iterations
        Steps of the search for the bound.
    stopped
        "finished", or "stopped" when it was ended early; the bound is valid all the same.
    """

    value: float
    kind: Kind
    proven: bool
    iterations: int
    stopped: str

    def gap(self, cost: float) -> float:
        """How far a plan of this cost may be from the best, as a share of its cost."""
        if cost <= self.value or cost <= 0:
            return 0.0
        return (cost - self.value) / cost


def safely_below(terms: NDArray[np.float64], magnitude: float) -> float:
    """The sum of terms, rounded down by what their own rounding can be off.

    Parameters
    ----------
    terms
        Each the result of a few products and sums.
    magnitude
        At least the sum of the absolute values of what went into them.
    """
    exact = math.fsum(terms)
    return exact - ROUNDING * (abs(exact) + magnitude)
