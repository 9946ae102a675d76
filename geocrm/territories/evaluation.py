"""How good a division is: balance, compactness, and which territories are in pieces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial import districting
from geocrm.territories.ground import Ground, parts
from geocrm.territories.models import Measure


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of a division into k territories.

    `load` and `deviation` have shape (k,); a deviation of 0.05 is 5 % above the mean load.
    `broken` holds the territories that are empty or in several pieces. Compactness is in [0, 1]:
    the share of the spread of the load that lies between territories, not within them.
    """

    load: NDArray[np.float64]
    deviation: NDArray[np.float64]
    broken: tuple[int, ...]
    compactness: float

    @property
    def max_deviation(self) -> float:
        """The largest distance from the mean, either way."""
        return float(np.abs(self.deviation).max())

    @property
    def contiguous(self) -> bool:
        """Whether every territory is one piece."""
        return not self.broken


def units_of(ground: Ground, measure: Measure) -> districting.Units:
    """The ground as the solver wants it."""
    lonlat = ground.lonlat()
    return districting.Units(
        weight=ground.load(measure), lon=lonlat[:, 0], lat=lonlat[:, 1], edges=ground.pairs()
    )


def evaluate(
    ground: Ground, measure: Measure, district: NDArray[np.intp], num_territories: int
) -> Evaluation:
    """Judge a division: `district`, shape (n,), holds the territory of each unit, from 0.

    Where there is nothing to balance, every territory has load 0 and deviation 0.
    """
    plan = districting.evaluate(units_of(ground, measure), district, num_territories)
    measured = plan.balanced_on == "weight"
    return Evaluation(
        load=plan.load if measured else np.zeros(num_territories),
        deviation=plan.deviation if measured else np.zeros(num_territories),
        broken=_broken(ground.pairs(), district, num_territories),
        compactness=plan.compactness,
    )


def _broken(
    pairs: NDArray[np.intp], district: NDArray[np.intp], num_territories: int
) -> tuple[int, ...]:
    inside = pairs[district[pairs[:, 0]] == district[pairs[:, 1]]]
    pieces = np.zeros(num_territories, dtype=np.intp)
    for part in parts(len(district), inside):
        pieces[district[part[0]]] += 1
    return tuple(np.flatnonzero(pieces != 1).tolist())
