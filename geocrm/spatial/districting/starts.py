"""First assignments out of nothing: METIS in a moment, or a recursively parted spanning tree."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

import numpy as np
import pymetis
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from geocrm.spatial.districting.graph import is_contiguous
from geocrm.spatial.districting.state import Graph

Int32s = NDArray[np.int32]

# METIS counts in 32-bit integers.
METIS_WHOLE = 2**24
_ONE_AT_A_TIME = Lock()


def first_assignment(graph: Graph, num_districts: int, seed: int) -> Int32s:
    """A contiguous assignment with every district in use: METIS when it gives one, else a tree."""
    if num_districts == 1:
        return np.zeros(len(graph.weight), dtype=np.int32)
    district = metis_assignment(graph, num_districts, seed)
    edges = np.stack([graph.one, graph.other], axis=1)
    if is_contiguous(district, edges, num_districts):
        return district
    return tree_assignment(graph, num_districts, seed)


def metis_assignment(graph: Graph, num_districts: int, seed: int) -> Int32s:
    """METIS k-way partition asked for contiguity; may still leave a district empty or in pieces.

    Source: G. Karypis, V. Kumar (1998), A fast and high quality multilevel scheme for partitioning
    irregular graphs, doi:10.1137/S1064827595287997.
    """
    share = graph.weight[:, 0] / max(int(graph.weight[:, 0].sum()), 1)
    whole = np.maximum(np.round(share * METIS_WHOLE), 1).astype(np.int64)
    with _silent():
        found = pymetis.part_graph(
            num_districts,
            pymetis.CSRAdjacency(graph.start.tolist(), graph.adjacent.tolist()),
            vweights=whole.tolist(),
            recursive=False,
            options=pymetis.Options(contig=1, seed=seed % 2**31),
        )
    return np.array(found.vertex_part, dtype=np.int32)


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what METIS prints of a start that it cannot make.

    The C library's own stream is put aside, which Python never writes to, so that what other
    threads print meanwhile is not lost. Only glibc lets that be done; elsewhere METIS is heard.
    """
    with _ONE_AT_A_TIME:
        libc = ctypes.CDLL(None)
        try:
            stream = ctypes.c_void_p.in_dll(libc, "stdout")
        except ValueError:
            yield
            return
        before = stream.value
        stream.value = _nowhere()
        try:
            yield
        finally:
            stream.value = before


@cache
def _nowhere() -> int | None:
    """A stream of the C library to nowhere, opened once."""
    opened = ctypes.CDLL(None).fopen
    opened.restype = ctypes.c_void_p
    opened.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    stream: int | None = opened(os.devnull.encode(), b"w")
    return stream


def tree_assignment(graph: Graph, num_districts: int, seed: int) -> Int32s:
    """Part a random spanning tree in two, again and again; contiguous, no district empty."""
    rng = np.random.default_rng(seed)
    district = np.zeros(len(graph.weight), dtype=np.int32)
    waiting = [(np.arange(len(graph.weight)), 0, num_districts)]
    while waiting:
        units, first, count = waiting.pop()
        if count == 1:
            district[units] = first
            continue
        inside, share = tree_cut(graph, units, count, rng)
        waiting.append((units[inside], first, share))
        waiting.append((units[~inside], first + share, count - share))
    return district


def tree_cut(
    graph: Graph, units: NDArray[np.intp], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], int]:
    """The side of the best tree edge, and how many of `count` districts it gets."""
    position = np.full(len(graph.weight), -1)
    position[units] = np.arange(len(units))
    a, b = position[graph.one], position[graph.other]
    inside = (a >= 0) & (b >= 0)
    length = rng.integers(1, 2**30, len(a))[inside].astype(np.float64)
    net = csr_array((length, (a[inside], b[inside])), shape=(len(units), len(units)))
    tree = minimum_spanning_tree(net)
    order, parent = (
        np.asarray(each, dtype=np.intp) for each in breadth_first_order(tree, 0, directed=False)
    )
    load, size = graph.weight[units, 0].astype(np.float64), np.ones(len(units), dtype=np.intp)
    for x in order[:0:-1]:
        load[parent[x]] += load[x]
        size[parent[x]] += size[x]
    cut, share = _best_cut(load, size, order, count)
    side = np.zeros(len(units), dtype=bool)
    side[cut] = True
    for x in order[1:]:
        side[x] |= side[parent[x]]
    return side, share


def _best_cut(
    load: NDArray[np.float64], size: NDArray[np.intp], order: NDArray[np.intp], count: int
) -> tuple[int, int]:
    """The subtree nearest to a whole number of districts, each side with a unit for each of its."""
    below, total, n = order[1:], load[order[0]], len(order)
    ideal = np.rint(load[below] / max(total, 1.0) * count)
    least = np.maximum(1, count - (n - size[below]))
    most = np.minimum(count - 1, size[below])
    share = np.clip(ideal, least, most)
    gap = np.abs(load[below] / max(total, 1.0) * count - share)
    gap[least > most] = np.inf
    best = int(np.argmin(gap))
    return int(below[best]), int(share[best])
