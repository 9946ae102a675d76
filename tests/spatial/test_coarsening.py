"""Large maps are settled on joined blocks first, and what is compiled is of one make."""

import numpy as np
import pytest

from geocrm.spatial.districting import Terms, Units, components, design, on_plane
from geocrm.spatial.districting.coarsening import HEAVIEST, coarsened
from geocrm.spatial.districting.compiled import _stamp
from geocrm.spatial.districting.compiling import Blocks, blocks_of, mode_of
from geocrm.spatial.districting.problem import Objective
from geocrm.spatial.districting.rounds import anneal


def grid(side: int) -> Units:
    at = np.arange(side * side).reshape(side, side)
    edges = np.concatenate(
        [
            np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1),
            np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1),
        ]
    )
    y, x = np.divmod(np.arange(side * side, dtype=np.float64), side)
    weight = np.random.default_rng(3).gamma(2, 1, side * side)
    return Units(weight[:, None], on_plane(x, y), edges)


@pytest.mark.parametrize("objective", [Objective.INERTIA, Objective.CUT_EDGES])
def test_joined_blocks_are_whole_light_and_lose_nothing(objective):
    units, terms = grid(24), Terms(4)
    fine = blocks_of(units, terms)
    joined, label = coarsened(fine, 60, mode_of(objective))
    assert 60 <= len(joined) < 120
    inside = units.edges[label[units.edges[:, 0]] == label[units.edges[:, 1]]]
    assert components(len(units), inside).max() + 1 == len(joined)
    assert joined.graph.weight.sum(axis=0).tolist() == fine.graph.weight.sum(axis=0).tolist()
    assert joined.graph.mass.sum(axis=0) == pytest.approx(fine.graph.mass.sum(axis=0), abs=1e-9)
    assert joined.graph.weight.max() <= HEAVIEST * fine.mean[0]
    assert (joined.block == label).all()
    assert between(joined) == len(units.edges) - len(inside)


def between(blocks: Blocks) -> int:
    return int(blocks.graph.border.sum()) // 2


def test_a_large_map_is_whole_balanced_and_compact():
    plan = design(grid(32), Terms(5, 0.01), effort=1)
    assert plan.contiguous
    assert plan.within_limits
    assert plan.compactness > 0.75


def test_compiled_code_is_kept_only_while_all_of_it_is_unchanged():
    assert anneal._cache._cache_file._source_stamp == _stamp()
