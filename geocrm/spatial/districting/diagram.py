"""Balanced allocation to centres by prices: a start for many units, and fixed centres' districts.

Every district has a price that is added to the squared distance from its centre; who is overfull
becomes dearer. Assignments of least price plus distance are power diagrams, so on open ground they
are in one piece and compact. Source: F. Aurenhammer, F. Hoffmann, B. Aronov (1998), Minkowski-type
theorems and least-squares clustering, doi:10.1007/PL00009187.
"""

import numpy as np

from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.compiling import Blocks
from geocrm.spatial.districting.problem import Floats
from geocrm.spatial.districting.state import Int32s

ROUNDS = 150
# So many first rounds move the centres; the rest only balances.
MOVING_ROUNDS = 70
# A price moves further while it goes one way, and less after it went too far.
FASTER, SLOWER = 1.3, 0.5


def allocated(
    blocks: Blocks, num_districts: int, seed: int, centres: Floats | None = None
) -> Int32s:
    """A district for each block, about balanced, maybe torn; `centres` (k, 3) stay when given."""
    place = blocks.place
    if place is None:
        raise ValueError("Allocation needs places")
    rng = np.random.default_rng(seed)
    mass = blocks.share + 0.1 / len(blocks)
    at = _spread(place, mass, num_districts, rng) if centres is None else centres.copy()
    ideal = (blocks.low[:, 0] + blocks.high[:, 0]) / 2
    district = np.zeros(len(blocks), dtype=np.int32)
    load = blocks.graph.weight[:, 0].astype(np.float64)
    moving = MOVING_ROUNDS if centres is None else 0
    _price(place, mass, load, ideal, at, district, ROUNDS, moving)
    return _all_in_use(place, at, district)


def _spread(place: Floats, mass: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Centres far from each other: k-means++ (Arthur and Vassilvitskii 2007)."""
    chosen = [int(rng.choice(len(place), p=mass / mass.sum()))]
    gap = ((place - place[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < k:
        odds = np.cumsum(gap * mass)
        pick = int(np.searchsorted(odds, rng.random() * odds[-1])) if odds[-1] > 0 else 0
        chosen.append(min(pick, len(place) - 1))
        gap = np.minimum(gap, ((place - place[chosen[-1]]) ** 2).sum(axis=1))
    return np.asarray(place[chosen].copy())


@compiled
def _price(
    place: Floats,
    mass: Floats,
    load: Floats,
    ideal: Floats,
    centre: Floats,
    district: Int32s,
    rounds: int,
    moving: int,
) -> None:
    """Set prices and centres in turn; `district` and `centre` are changed in place."""
    n, k = len(place), len(centre)
    price, step, way = np.zeros(k), np.zeros(k), np.zeros(k)
    total = np.zeros((k, 5))
    for turn in range(rounds):
        total[:] = 0.0
        spread = 0.0
        for i in range(n):
            best, least = 0, np.inf
            for d in range(k):
                x = place[i, 0] - centre[d, 0]
                y = place[i, 1] - centre[d, 1]
                z = place[i, 2] - centre[d, 2]
                value = x * x + y * y + z * z + price[d]
                if value < least:
                    best, least = d, value
            district[i] = best
            spread += mass[i] * max(least - price[best], 0.0)
            total[best, 0] += mass[i]
            for c in range(3):
                total[best, 1 + c] += mass[i] * place[i, c]
            total[best, 4] += load[i]
        scale = spread / max(mass.sum(), 1e-300)
        for d in range(k):
            off = total[d, 4] / ideal[d] - 1.0
            sign = 1.0 if off > 0.0 else -1.0
            if turn == 0:
                step[d] = 0.1 * scale
            elif sign == way[d]:
                step[d] = min(step[d] * FASTER, 0.5 * scale)
            else:
                step[d] *= SLOWER
            way[d] = sign
            price[d] += sign * min(step[d], abs(off) * scale)
            if turn < moving and total[d, 0] > 0.0:
                for c in range(3):
                    centre[d, c] = total[d, 1 + c] / total[d, 0]


def _all_in_use(place: Floats, centre: Floats, district: Int32s) -> Int32s:
    """A district that got nothing takes the block nearest to its centre from one with several."""
    home = district.copy()
    size = np.bincount(home, minlength=len(centre))
    for d in np.flatnonzero(size == 0).tolist():
        gap = np.where(size[home] > 1, ((place - centre[d]) ** 2).sum(axis=1), np.inf)
        nearest = int(np.argmin(gap))
        size[home[nearest]] -= 1
        size[d] += 1
        home[nearest] = d
    return home
