"""Compile the search once, so that the first design does not have to wait for it.

Run: python -m geocrm.spatial.districting.warm
"""

from dataclasses import replace
from functools import cache

import numpy as np

from geocrm.spatial.districting.coarsening import coarsened
from geocrm.spatial.districting.compiling import blocks_of, mode_of
from geocrm.spatial.districting.cuts import CutQuestion, least_cut
from geocrm.spatial.districting.design import design
from geocrm.spatial.districting.ensemble import sample
from geocrm.spatial.districting.problem import Objective, Terms, Units, on_plane
from geocrm.spatial.districting.proof import prove


@cache
def ready(objective: Objective) -> None:
    """Compile or load what a design with this objective and its proof take, once a process."""
    units, terms = _row(4), Terms(2, objective=objective)
    prove(units, terms, design(units, terms, effort=1, should_stop=iter([False, True]).__next__))
    if objective is Objective.CUT_EDGES:
        _cut()


def warm() -> None:
    """Design a small map: compiles into numba's cache, or loads what lies there already.

    Where the cache cannot be written nothing is kept and each process compiles for itself.
    """
    units, terms = _row(12), Terms(3)
    # To its end, half a second: a search that is stopped may not have come to its steps.
    design(units, terms, effort=1)
    blocks = blocks_of(units, terms)
    coarsened(blocks, 2, mode_of(terms.objective))


def warm_proofs() -> None:
    """The same for what is proven of a plan, and for where it stands."""
    units, terms = _row(12), Terms(3)
    plan = design(units, terms, effort=0)
    sample(units, Terms(3, 0.5), plan.district, num_plans=8)
    for each in (terms, replace(terms, objective=Objective.CUT_EDGES)):
        prove(units, each, design(units, each, effort=0))
    _cut()


def _cut() -> None:
    """The least cut of a row both ways: by single districts, and by sweeps where lengths differ."""
    units = _row(6)
    for length in (1.0, 0.5):
        lengths = np.full(len(units.edges), length)
        least_cut(CutQuestion.of(units.weights, 3, 3, units.edges, 2, lengths))


def _row(n: int) -> Units:
    at = np.arange(n, dtype=np.int64)
    edges = np.stack([at[:-1], at[1:]], axis=1)
    return Units(np.ones((n, 1)), on_plane(at.astype(np.float64), np.zeros(n)), edges)


if __name__ == "__main__":
    warm()
    warm_proofs()
