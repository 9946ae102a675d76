"""Compile the search once, so that the first design does not have to wait for it.

Run: python -m geocrm.spatial.districting.warm
"""

import numpy as np

from geocrm.spatial.districting.design import design
from geocrm.spatial.districting.problem import Terms, Units, on_plane


def warm() -> None:
    """Design a small map: compiles into numba's cache, or loads what lies there already.

    Where the cache cannot be written nothing is kept and each process compiles for itself.
    """
    at = np.arange(12, dtype=np.int64)
    edges = np.stack([at[:-1], at[1:]], axis=1)
    # One round is enough: every step is compiled before the first is taken.
    units = Units(np.ones((12, 1)), on_plane(at.astype(np.float64), np.zeros(12)), edges)
    design(units, Terms(3), effort=1, should_stop=iter([False, True]).__next__)


if __name__ == "__main__":
    warm()
