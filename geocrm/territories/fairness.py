"""How evenly work, potential and driving are shared out; arrays only, no database."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Resamples of the territories behind an interval, and the part of them it holds.
RESAMPLES, INTERVAL = 1_000, 0.90
# With fewer territories an interval from resampling says more than is known.
FEW = 8


@dataclass(frozen=True, slots=True)
class Shares:
    """How evenly one thing is shared out over k territories.

    `gini` is 0 when all hold the same and (k - 1) / k when one holds everything; `interval` are
    the ends of its 90 % interval, None with fewer than 8 territories. `ratio` is the largest over
    the smallest, None when that is 0. `spread` is the standard deviation over the mean. `rank`
    (k,) counts from 1, the largest first; equal ones share the better place.
    """

    gini: float
    interval: tuple[float, float] | None
    ratio: float | None
    spread: float
    rank: tuple[int, ...]

    def document(self) -> dict[str, Any]:
        """The indices without the places, as JSON."""
        return {
            "gini": round(self.gini, 4),
            "interval": None if self.interval is None else [round(x, 4) for x in self.interval],
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "spread": round(self.spread, 4),
        }


def gini(values: Floats) -> float:
    """Half the mean difference between two territories, over the mean; 0.0 is all the same.

    Parameters: values, shape (k,), >= 0. Source: C. Gini (1912), Variabilita e mutabilita.
    """
    total = float(values.sum())
    if total <= 0:
        return 0.0
    place = np.arange(1, len(values) + 1)
    found = float((2 * place - len(values) - 1) @ np.sort(values)) / (len(values) * total)
    return max(found, 0.0)


def shares(values: Floats, seed: int = 1) -> Shares | None:
    """How evenly `values`, shape (k,), >= 0, are shared out; None when there is nothing to share.

    The interval says how much the index depends on which territories there happen to be: it is
    taken of the territories drawn anew with replacement (B. Efron (1979), Bootstrap methods,
    doi:10.1214/aos/1176344552).
    """
    if not len(values) or not np.isfinite(values).all() or values.sum() <= 0:
        return None
    least = float(values.min())
    return Shares(
        gini=gini(values),
        interval=_interval(values, seed) if len(values) >= FEW else None,
        ratio=float(values.max()) / least if least > 0 else None,
        spread=float(values.std() / values.mean()),
        rank=tuple(int((values > value).sum()) + 1 for value in values),
    )


def _interval(values: Floats, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    drawn = values[rng.integers(0, len(values), (RESAMPLES, len(values)))]
    found = [gini(row) for row in drawn]
    low, high = np.quantile(found, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return float(low), float(high)


def drive_km(
    weight: Floats, place: Floats, district: NDArray[np.intp], num_territories: int
) -> Floats:
    """Mean straight-line distance of a territory's weight from its middle, km, shape (k,).

    Parameters: weight, shape (n,), >= 0, of which a little is given to every unit so that an empty
    territory has a middle too; place, shape (n, 3), km; district, shape (n,), in [0, k).
    """
    mass = weight + max(float(weight.mean()), 1e-9) * 1e-3
    total = np.bincount(district, weights=mass, minlength=num_territories)
    moment = np.zeros((num_territories, 3))
    np.add.at(moment, district, mass[:, None] * place)
    middle = moment / np.maximum(total, 1e-300)[:, None]
    far = np.sqrt(((place - middle[district]) ** 2).sum(axis=1))
    found = np.bincount(district, weights=mass * far, minlength=num_territories)
    # A territory of one unit is 0 from its middle; what rounding leaves of that would be a divisor.
    return np.asarray(np.round(found / np.maximum(total, 1e-300), 6), dtype=np.float64)
