"""The question: units with weights and places, and their neighbour graph."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.state import Graph
from geocrm.spatial.geodesy import unit_vectors

Floats = NDArray[np.float64]

# Loads are whole numbers that add up to about this, far from overflow and finer than any balance.
WHOLE = 2**44
# Every unit weighs a little in the moment of inertia, so that empty ones are not strewn about.
EMPTY_SHARE = 0.1


@dataclass(frozen=True)
class Units:
    """What is parted into districts.

    Parameters
    ----------
    weight
        Shape (n,), what is to be balanced, >= 0, any unit; all zero means the number of units.
    lon, lat
        Shape (n,), a point in each unit, degrees WGS84.
    edges
        Shape (m, 2), neighbouring units as indices; they must connect all units.
    edge_length_m
        Shape (m,), length of shared border or crossing, metres; not used by the search so far.
    area_km2
        Shape (n,), not used by the search so far.

    Raises
    ------
    InvalidInput
        A weight is negative or not a number, or a unit has no place.
    ValueError
        The shapes differ or an edge names a unit that is not there.
    """

    weight: Floats
    lon: Floats
    lat: Floats
    edges: NDArray[np.integer]
    edge_length_m: Floats | None = None
    area_km2: Floats | None = field(default=None)

    def __post_init__(self) -> None:
        n = len(self.weight)
        if not (self.weight.shape == self.lon.shape == self.lat.shape == (n,)):
            raise ValueError(
                f"weight {self.weight.shape}, lon {self.lon.shape} and lat {self.lat.shape} differ"
            )
        if self.edges.ndim != 2 or self.edges.shape[1] != 2:
            raise ValueError(f"edges must have shape (m, 2), not {self.edges.shape}")
        if len(self.edges) and not (self.edges.min() >= 0 and self.edges.max() < n):
            raise ValueError(f"An edge names a unit outside 0..{n - 1}")
        wrong = ~(np.isfinite(self.weight) & (self.weight >= 0))
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise InvalidInput(
                f"Unit {first} has the weight {self.weight[first]}; weights must be 0 or more"
            )
        if not (np.isfinite(self.lon).all() and np.isfinite(self.lat).all()):
            raise InvalidInput("Every unit needs a place; at least one has none")

    def __len__(self) -> int:
        return len(self.weight)


def check(units: Units, num_districts: int, tolerance: float) -> None:
    """Refuse what no plan can satisfy, with the reason.

    Raises
    ------
    InvalidInput, Infeasible
    """
    if num_districts < 1:
        raise InvalidInput(f"The number of territories must be 1 or more, not {num_districts}")
    if not 0 <= tolerance < np.inf:
        raise InvalidInput(f"The tolerance must be 0 or more, not {tolerance}")
    if num_districts > len(units):
        raise Infeasible(
            f"{num_districts} territories need at least as many units; there are {len(units)}"
        )
    parts = int(components(len(units), units.edges).max()) + 1
    if parts > 1:
        raise Infeasible(
            f"The {len(units)} units fall into {parts} groups that no border or crossing links; "
            "add crossings, or design each group by itself"
        )


def effective_weight(units: Units) -> tuple[Floats, str]:
    """The weights to balance and what they are: "weight", or "count" when every weight is zero."""
    if units.weight.sum() > 0:
        return units.weight, "weight"
    return np.ones(len(units)), "count"


def graph_of(units: Units, weight: Floats) -> Graph:
    """The units as the compiled search wants them."""
    n = len(units)
    low, high = units.edges.min(axis=1), units.edges.max(axis=1)
    pairs = np.unique(np.stack([low, high], axis=1)[low != high], axis=0).reshape(-1, 2)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    share = weight / weight.sum()
    mass = (1 - EMPTY_SHARE) * share + EMPTY_SHARE / n
    # Rounded, because the last bit of a cosine differs between machines.
    place = np.round(unit_vectors(units.lon, units.lat), 9)
    return Graph(
        start=np.searchsorted(both[:, 0], np.arange(n + 1)).astype(np.int32),
        adjacent=both[:, 1].astype(np.int32),
        one=pairs[:, 0].astype(np.int32),
        other=pairs[:, 1].astype(np.int32),
        weight=np.round(share * WHOLE).astype(np.int64),
        mass=np.column_stack([mass, mass[:, None] * place]),
    )
