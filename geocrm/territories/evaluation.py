"""How good a division is: balance, compactness, and which territories are in pieces."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial import districting
from geocrm.territories.balance import Balance
from geocrm.territories.ground import Ground


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


def units_of(
    ground: Ground,
    what: Balance | str,
    *,
    beside: Sequence[str] = (),
    minutes: NDArray[np.float64] | None = None,
) -> districting.Units:
    """The ground as the solver wants it; `beside` are measures with limits of their own."""
    lonlat = ground.lonlat()
    return districting.Units(
        weights=np.column_stack([ground.load(what), *(ground.column(name) for name in beside)]),
        place=districting.on_earth(lonlat[:, 0], lonlat[:, 1]),
        edges=ground.pairs(),
        minutes=minutes,
        measures=(Balance.of(what).words(), *beside),
        names=[unit.name for unit in ground.units],
    )


def evaluate(
    ground: Ground, what: Balance | str, district: NDArray[np.intp], num_territories: int
) -> Evaluation:
    """Judge a division: `district`, shape (n,), holds the territory of each unit, from 0.

    Where there is nothing to balance, every territory has load 0 and deviation 0.
    """
    terms = districting.Terms(num_territories)
    units = units_of(ground, what)
    plan = districting.evaluate(units, terms, district)
    measured = plan.measures == units.measures
    return Evaluation(
        load=plan.load[:, 0] if measured else np.zeros(num_territories),
        deviation=plan.deviation[:, 0] if measured else np.zeros(num_territories),
        broken=plan.broken,
        compactness=1.0 if plan.compactness is None else plan.compactness,
    )
