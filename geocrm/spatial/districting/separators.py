"""What a district in pieces breaks: to hold a unit it must hold a way to its centre.

Source: M. Fischetti et al. (2017), Thinning out Steiner trees, doi:10.1007/s12532-016-0111-0.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from geocrm.spatial.districting.graph import components

Indices = NDArray[np.intp]


def neighbour_lists(num_units: int, edges: Indices) -> list[Indices]:
    """The neighbours of each unit."""
    both = np.concatenate([edges, edges[:, ::-1]])
    net = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(num_units, num_units))
    rows = net.tocsr()
    return [
        np.asarray(rows.indices[rows.indptr[i] : rows.indptr[i + 1]], dtype=np.intp)
        for i in range(num_units)
    ]


def missing_ways(
    inside: NDArray[np.bool_], centre: int, edges: Indices, beside: list[Indices]
) -> Iterator[tuple[Indices, Indices]]:
    """For each piece of a district without its centre: the piece, and units it needs one of.

    Parameters
    ----------
    inside
        Shape (n,), the district; holds `centre`.
    beside
        The neighbours of each unit.

    Yields
    ------
    The units of a piece and a smallest set of units that lies on every way from it to the centre.
    """
    n = len(inside)
    piece = components(n, edges[inside[edges[:, 0]] & inside[edges[:, 1]]])
    for each in np.unique(piece[inside]):
        if each != piece[centre]:
            units = np.flatnonzero(inside & (piece == each))
            yield units, _separator(units, centre, n, beside)


def _separator(units: Indices, centre: int, n: int, beside: list[Indices]) -> Indices:
    """Neighbours of a piece that the centre reaches without passing another of them."""
    seen = np.zeros(n, dtype=bool)
    seen[units] = True
    border = np.zeros(n, dtype=bool)
    for unit in units:
        border[beside[unit]] = True
    border &= ~seen
    seen[centre] = True
    waiting, found = [centre], []
    while waiting:
        unit = waiting.pop()
        if border[unit]:
            found.append(unit)
            continue
        for other in beside[unit]:
            if not seen[other]:
                seen[other] = True
                waiting.append(int(other))
    return np.array(sorted(found), dtype=np.intp)
