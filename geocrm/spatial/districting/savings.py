"""What a district about each centre would save at given prices of units: the relaxed Hess model.

Every unit i has a price `pay[i]` for being served; a centre j takes units while cost + load price
stays below what they pay. The sum over the best centres bounds every plan (weak duality). A
softened version, quadratic near each kink, lies below the exact one and has a slope that a
quasi-Newton method can follow. Only sums and products, so that results do not differ by machine.

Source: S. W. Hess et al. (1965), Nonpartisan political redistricting by computer,
doi:10.1287/opre.13.6.998; H. Validi, A. Buchanan, E. Lykhovyd (2022), Imposing contiguity
constraints in political districting models, doi:10.1287/opre.2021.2141.
"""

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.compiled import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Newton steps on a centre's load price; it starts from the last one, so few are needed.
PRICE_STEPS = 40
CLOSE = 1e-9


@compiled
def _load_price(
    reduced: Floats, weight: Floats, soft: Floats, home: int, low: float, high: float, start: float
) -> float:
    """The price on load that maximises a centre's bound, starting at `start`.

    `reduced` (n,) holds cost - pay + price x weight at `start` and is kept up to date.
    """
    price, below, above = start, -np.inf, np.inf
    for _ in range(PRICE_STEPS):
        load, bend = weight[home], 0.0
        for i in range(len(reduced)):
            if i == home:
                continue
            x, s = reduced[i], soft[i]
            if x <= -s:
                load += weight[i]
            elif x < s:
                load += weight[i] * (s - x) / (2.0 * s)
                bend += weight[i] * weight[i] / (2.0 * s)
        target = high if price > 0.0 or (price == 0.0 and load > high) else low
        excess = load - target
        if abs(excess) <= CLOSE * high or (price == 0.0 and low <= load <= high):
            break
        if excess > 0.0:
            below = price
        else:
            above = price
        following = price + excess / bend if bend > 0.0 else np.nan
        if not below < following < above:
            if above == np.inf:
                following = price + 2.0 * abs(price) + soft[home] / max(weight[home], 1.0) + 1e-12
            elif below == -np.inf:
                following = price - 2.0 * abs(price) - soft[home] / max(weight[home], 1.0) - 1e-12
            else:
                following = (below + above) / 2.0
        if price * following < 0.0:
            following = 0.0
        if following == price:
            break
        for i in range(len(reduced)):
            reduced[i] += weight[i] * (following - price)
        price = following
    return price


@compiled
def soft_savings(
    cost: Floats, weight: Floats, low: Floats, high: Floats, pay: Floats, soft: Floats,
    member: Indices, price: Floats, worth: Floats, share: Floats,
) -> None:  # fmt: skip
    """The softened worth of each centre in `member`, and its share of each unit.

    Parameters
    ----------
    cost
        Shape (n, n), row = centre; infinite where a unit can't belong to it.
    weight, low, high
        Shapes (n, m), (m,), (m,).
    pay, soft
        Shape (n,).
    price
        Shape (n, m), load prices by centre; improved in place.
    worth, share
        Shapes (q,), (q, n), the result; worth is negative where a centre saves something.
    """
    n, m = weight.shape
    reduced = np.empty(n)
    for q in range(len(member)):
        home = member[q]
        for i in range(n):
            reduced[i] = cost[home, i] - pay[i]
            for c in range(m):
                reduced[i] += weight[i, c] * price[home, c]
        for _ in range(1 if m == 1 else 2):
            for c in range(m):
                price[home, c] = _load_price(
                    reduced, weight[:, c], soft, home, low[c], high[c], price[home, c]
                )
        total = reduced[home]
        for i in range(n):
            x, s = reduced[i], soft[i]
            if i == home or x <= -s:
                share[q, i] = 1.0
                if i != home:
                    total += x
            elif x < s:
                share[q, i] = (s - x) / (2.0 * s)
                total -= (s - x) * (s - x) / (4.0 * s)
            else:
                share[q, i] = 0.0
        for c in range(m):
            total -= max(high[c] * price[home, c], low[c] * price[home, c])
        worth[q] = total


@compiled
def exact_savings(
    cost: Floats, weight: Floats, low: Floats, high: Floats, pay: Floats,
    member: Indices, price: Floats, worth: Floats, doubt: Floats,
) -> None:  # fmt: skip
    """The worth of each centre at its prices, and by how much rounding can be wrong about it."""
    n, m = weight.shape
    for q in range(len(member)):
        home = member[q]
        total, size, scale = 0.0, 0.0, 0.0
        for i in range(n):
            x = cost[home, i] - pay[i]
            scale += abs(pay[i])
            for c in range(m):
                x += weight[i, c] * price[home, c]
                scale += abs(weight[i, c] * price[home, c])
            if i == home or x < 0.0:
                total += x
                size += abs(x)
        for c in range(m):
            limit = max(high[c] * price[home, c], low[c] * price[home, c])
            total -= limit
            size += abs(limit)
        worth[q] = total
        doubt[q] = 2.3e-16 * ((n + 8) * size + 16.0 * scale)


@compiled
def forbid(
    cost: Floats, weight: Floats, pay: Floats, member: Indices, price: Floats, room: Floats
) -> int:
    """Rule out units whose forced presence costs more than the `room` (q,) a centre has left."""
    n, m = weight.shape
    ruled = 0
    for q in range(len(member)):
        home = member[q]
        for i in range(n):
            if i == home or cost[home, i] == np.inf:
                continue
            x = cost[home, i] - pay[i]
            for c in range(m):
                x += weight[i, c] * price[home, c]
            if x > room[q]:
                cost[home, i] = np.inf
                ruled += 1
    return ruled


@compiled
def soft_choice(
    worth: Floats, cell: Indices, count: Indices, softness: float, chosen: Floats
) -> float:
    """The softened sum of the `count[c]` least worths of each cell c; how far each is chosen."""
    total = 0.0
    for c in range(len(count)):
        low, high, size = np.inf, -np.inf, 0
        for q in range(len(worth)):
            if cell[q] == c:
                low, high, size = min(low, worth[q]), max(high, worth[q]), size + 1
        if size == count[c]:
            for q in range(len(worth)):
                if cell[q] == c:
                    chosen[q] = 1.0
                    total += worth[q]
            continue
        low, high, level = low - softness, high + softness, 0.0
        # The level at which as many are chosen as the cell asks for.
        for _ in range(50):
            level, amount = (low + high) / 2.0, 0.0
            for q in range(len(worth)):
                if cell[q] == c:
                    amount += min(max((softness - worth[q] + level) / (2.0 * softness), 0.0), 1.0)
            if amount < count[c]:
                low = level
            else:
                high = level
        total += count[c] * level
        for q in range(len(worth)):
            if cell[q] == c:
                x = worth[q] - level
                chosen[q] = min(max((softness - x) / (2.0 * softness), 0.0), 1.0)
                if x <= -softness:
                    total += x
                elif x < softness:
                    total -= (softness - x) * (softness - x) / (4.0 * softness)
    return total
