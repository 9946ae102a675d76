"""Units that must share a district, and what lies between them where they do not touch."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geocrm.errors import Infeasible
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.problem import NOWHERE, Indices, Terms, Units


def joined(n: int, together: Iterable[Indices]) -> Indices:
    """Shape (n,), the same number for all units that groups, also by what they share, tie up."""
    pairs = [(group[0], other) for group in together for other in group[1:]]
    return components(n, np.array(pairs, dtype=np.intp).reshape(-1, 2))


def groups_of(n: int, together: Iterable[Indices]) -> tuple[Indices, ...]:
    """The groups with all that they share a unit with; units that stand alone are none."""
    part = joined(n, together)
    tied = np.flatnonzero(np.bincount(part) > 1)
    return tuple(np.flatnonzero(part == one) for one in tied)


def linked(units: Units, terms: Terms) -> Terms:
    """The same wishes with every group in one piece: what links its parts belongs to it.

    The link is the lightest way through units that no lock or wish keeps from the group.

    Raises
    ------
    Infeasible
        There is no such way.
    """
    groups = groups_of(len(units), terms.together)
    return replace(terms, together=tuple(_in_one_piece(units, terms, group) for group in groups))


def _in_one_piece(units: Units, terms: Terms, group: Indices) -> Indices:
    inside = np.zeros(len(units), dtype=bool)
    inside[group] = True
    open_to = _open_to(terms, inside)
    load = units.balanced()[0][:, 0]
    step = load / load.sum() + 1.0 / len(units)
    both = np.concatenate([units.edges, units.edges[:, ::-1]])
    both = np.unique(both[open_to[both].all(axis=1) & (both[:, 0] != both[:, 1])], axis=0)
    net = csr_array((step[both[:, 1]], (both[:, 0], both[:, 1])), shape=(len(units),) * 2)
    while True:
        pairs = units.edges[inside[units.edges].all(axis=1)]
        part = components(len(units), pairs)
        first = inside & (part == part[group[0]])
        other = np.flatnonzero(inside & ~first)
        if not len(other):
            return np.flatnonzero(inside)
        way, before, _ = dijkstra(
            net, indices=np.flatnonzero(first), return_predecessors=True, min_only=True
        )
        end = int(other[np.argmin(way[other])])
        if not np.isfinite(way[end]):
            raise _no_way(units, int(group[0]), end)
        while not first[end]:
            inside[end] = True
            end = int(before[end])


def _open_to(terms: Terms, inside: Indices) -> Indices:
    """Which units may be in the district of a group."""
    open_to = np.ones(len(inside), dtype=bool)
    if terms.locked is not None:
        held = np.unique(terms.locked[inside & (terms.locked >= 0)])
        open_to &= (terms.locked == NOWHERE) | np.isin(terms.locked, held) | (len(held) == 0)
    for a, b in terms.apart:
        open_to[b] &= not inside[a]
        open_to[a] &= not inside[b]
    return open_to


def _no_way(units: Units, unit: int, other: int) -> Infeasible:
    return Infeasible(
        "The units {unit} and {other} shall stay together, but what lies between them is kept away"
        " by other wishes: lift one of these wishes",
        unit=units.name(unit),
        other=units.name(other),
    )
