"""Random draws for compiled code from a state that is handed in.

Only whole numbers and exactly rounded arithmetic (no `exp`, no `log`), so that a seed does
not depend on a machine's mathematical library. Source: S. Vigna (2016), An experimental
exploration of Marsaglia's xorshift generators, scrambled, doi:10.1145/2845077 (xorshift64*).
"""

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.compiled import compiled

RandomState = NDArray[np.uint64]


def random_state(seed: int) -> RandomState:
    """A state for `draw`, shape (1,), never zero."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


@compiled
def draw(state: RandomState) -> np.uint64:
    """64 random bits."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.uint64(x * np.uint64(2685821657736338717))


@compiled
def below(state: RandomState, limit: int) -> np.int64:
    """A whole number in [0, limit)."""
    return np.int64((draw(state) >> np.uint64(33)) % np.uint64(limit))


@compiled
def accepts(state: RandomState, change: float, temperature: float) -> bool:
    """Whether annealing takes a step: always downhill, uphill about exp(-change / temperature)."""
    if change <= 0.0:
        return True
    x = change / temperature
    series = 1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0))))
    share = np.float64(draw(state) >> np.uint64(11)) / 9007199254740992.0
    return bool(share * series < 1.0)
