"""One district alone, unit by unit along an order: its cheapest completions, and all cheap ones.

A state is what the decided units leave open: which units of the frontier are in the district, which
of these already hang together, and whether the district is finished. There are so few of them that
the least cost of what is still to come fits a table by state and load; with it, every district
that costs little enough is listed without a step in vain.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.compiled import compiled

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Int16s = NDArray[np.int16]
Int64s = NDArray[np.int64]
Indices = NDArray[np.intp]
Words = NDArray[np.uint64]
Beside = list[list[tuple[int, int]]]

# What is impossible costs this; all that is possible costs far less, see `Prices`.
NEVER = 30_000
UNREACHED = 2**40
# A piece's number takes four bits of a state's key.
MOST_FRONTIER = 14
# Loads are counted in steps, at most so many for the upper limit, and at least this share of them:
# as many as round the loads best.
MOST_STEPS, FEWEST_SHARE = 320, 0.625
# A set of units is two words.
MOST_UNITS = 128


class Layers(NamedTuple):
    """All states, those before the same unit beside each other.

    `start` (n + 2,): the first state before each unit. For each state (s,): `out`, `into`, the
    state within the next layer if the unit stays out or comes in, -1 where it can't; `cost_out`,
    `cost_in`, the length of the edges that cuts.
    """

    start: Int64s
    out: Int64s
    into: Int64s
    cost_out: Int64s
    cost_in: Int64s


class Loads(NamedTuple):
    """Loads by turn, and the limits: exactly, and in steps.

    `weight`, `steps` (n,); `over`, `under` (n + 1,): by how many steps the rounded loads from each
    turn on can exceed, or fall short of, the true ones.
    """

    weight: Int64s
    steps: Int64s
    over: NDArray[np.float64]
    under: NDArray[np.float64]
    low: int
    high: int
    scale: float

    @property
    def least_steps(self) -> int:
        """No district has fewer."""
        return max(0, math.floor(float(self.low * self.scale - self.under[0])))

    @property
    def most_steps(self) -> int:
        """No district has more."""
        return math.ceil(float(self.high * self.scale + self.over[0]))


def loads_of(weight: Int64s, low: int, high: int, most_steps: int = MOST_STEPS) -> Loads:
    """Loads by turn, in the steps that round them best, at most so many for the upper limit."""
    each = range(math.ceil(FEWEST_SHARE * most_steps), most_steps + 1)
    high = max(high, 1)

    def off(steps: int) -> float:
        exact = weight * (steps / high)
        return float(np.abs(np.round(exact) - exact).sum()) / steps

    scale = min(each, key=off) / high
    steps = np.round(weight * scale)
    error = (steps - weight * scale)[::-1]
    over, under = (np.append(0.0, np.cumsum(np.maximum(e, 0)))[::-1] for e in (error, -error))
    # A little more, for what the sums themselves may be off.
    return Loads(weight, steps.astype(np.int64), over + 1e-6, under + 1e-6, low, high, scale)


def layers_of(order: Indices, beside: Beside, most: int) -> Layers | None:
    """The states of a district along an order of the units; None if they are more than `most`."""
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    until = [max([place[b] for b, _ in near], default=-1) for near in beside]
    label, closed, frontier = np.zeros((1, 0), dtype=np.uint8), np.zeros(1, dtype=bool), list[int]()
    start, columns = [0], list[tuple[Int64s, ...]]()
    for turn, unit in enumerate(order.tolist()):
        near = [(frontier.index(b), paid) for b, paid in beside[unit] if place[b] < turn]
        everyone = [*frontier, unit]
        kept = [i for i, each in enumerate(everyone) if until[each] > turn]
        if len(everyone) > MOST_FRONTIER or start[-1] + len(label) > most:
            return None
        start.append(start[-1] + len(label))
        label, closed, moves = _next_layer(label, closed, near, kept)
        columns.append(moves)
        frontier = [everyone[i] for i in kept]
    start.append(start[-1] + len(label))
    joined = [np.concatenate(each) for each in zip(*columns, strict=True)]
    return Layers(np.array(start, dtype=np.int64), *joined)


def _next_layer(
    label: Bytes, closed: Bools, near: list[tuple[int, int]], kept: list[int]
) -> tuple[Bytes, Bools, tuple[Int64s, ...]]:
    """The states after one unit more, and how those before lead there and at what cost."""
    paid = np.zeros((2, len(label)), dtype=np.int64)
    for at, length in near:
        paid[0] += length * (label[:, at] > 0)
        paid[1] += length * (label[:, at] == 0)
    outside = np.column_stack([label, np.zeros(len(label), dtype=np.uint8)])
    inside, own = outside.copy(), label.shape[1] + 2
    for at, _ in near:
        touched = (inside == label[:, at : at + 1]) & (label[:, at : at + 1] > 0)
        inside[touched] = own
    inside[:, -1] = own
    both = np.concatenate([outside, inside])
    possible, ended = _after(both, kept, own)
    possible[len(label) :] &= ~closed
    ended[: len(label)] |= closed
    key, fresh = _canonical(both[:, kept], ended)
    _, first, goes = np.unique(key[possible], return_index=True, return_inverse=True)
    move = np.full(len(both), -1, dtype=np.int64)
    move[possible] = goes.ravel()
    out, into = move.reshape(2, -1)
    some = np.flatnonzero(possible)[first]
    return fresh[some], ended[some], (out, into, paid[0], paid[1])


def _after(label: Bytes, kept: list[int], own: int) -> tuple[Bools, Bools]:
    """Which states can go on once units have left the frontier, and which are finished then."""
    gone, stay = np.zeros(len(label), dtype=np.int64), np.zeros(len(label), dtype=np.int64)
    for piece in range(1, own + 1):
        alive = (label[:, kept] == piece).any(axis=1)
        stay += alive
        gone += (label == piece).any(axis=1) & ~alive
    return (gone == 0) | ((gone == 1) & (stay == 0)), (gone == 1) & (stay == 0)


def _canonical(label: Bytes, closed: Bools) -> tuple[Int64s, Bytes]:
    """A key that like states share, and pieces numbered as they come."""
    rows, fresh = np.arange(len(label)), np.zeros_like(label)
    number = np.zeros((len(label), MOST_FRONTIER + 3), dtype=np.uint8)
    known, key = np.zeros(len(label), dtype=np.uint8), closed.astype(np.int64)
    for at in range(label.shape[1]):
        piece = label[:, at]
        new = (piece > 0) & (number[rows, piece] == 0)
        known[new] += 1
        number[rows[new], piece[new]] = known[new]
        fresh[:, at] = number[rows, piece]
        key = key << 4 | fresh[:, at]
    return key, fresh


@compiled
def price_later(table: Int16s, layers: Layers, steps: Int64s, gain: Int64s, edge: int) -> None:
    """Fill `table` (s, loads): what a state still costs at least, by the load still to come.

    Parameters
    ----------
    gain
        Shape (n,), what the district earns for each unit, by turn.
    edge
        What a length of 1 costs.
    """
    n, wide = len(steps), table.shape[1]
    table[layers.start[n] :, :] = NEVER
    table[layers.start[n] :, 0] = 0
    for turn in range(n - 1, -1, -1):
        after, step = layers.start[turn + 1], steps[turn]
        for state in range(layers.start[turn], after):
            row = table[state]
            row[:] = NEVER
            if layers.out[state] >= 0:
                later, paid = table[after + layers.out[state]], layers.cost_out[state] * edge
                for load in range(wide):
                    row[load] = min(NEVER, later[load] + paid)
            if layers.into[state] >= 0:
                later = table[after + layers.into[state]]
                paid = layers.cost_in[state] * edge - gain[turn]
                for load in range(step, wide):
                    if later[load - step] < NEVER:
                        row[load] = min(row[load], later[load - step] + paid)


@compiled
def list_parts(
    table: Int16s, layers: Layers, loads: Loads, gain: Int64s, edge: int, most: int, steps: int,
    found: Words, cost: Int64s,
) -> int:  # fmt: skip
    """All districts within the limits of the load that cost at most `most`.

    Returns their number, or -1 when they are more than there is room for, or take more steps.

    Parameters
    ----------
    found, cost
        Shapes (room, 2), (room,): the units by turn, as bits, and what the district costs.
    """
    n, number = len(gain), 0
    state, load = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    paid, tried = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    bits = np.zeros((n + 1, 2), np.uint64)
    turn = 0
    while turn >= 0:
        if turn == n or tried[turn] == 2:
            if turn == n and load[n] >= loads.low:
                if number == len(cost):
                    return -1
                found[number], cost[number] = bits[n], paid[n]
                number += 1
            turn -= 1
            continue
        steps -= 1
        if steps < 0:
            return -1
        come, at = tried[turn] == 1, state[turn]
        tried[turn] += 1
        goes = layers.into[at] if come else layers.out[at]
        if goes < 0:
            continue
        after = layers.start[turn + 1] + goes
        weighs = load[turn] + (loads.weight[turn] if come else 0)
        costs = paid[turn] + edge * (layers.cost_in[at] if come else layers.cost_out[at])
        costs -= gain[turn] if come else 0
        if weighs > loads.high or costs + least_later(table[after], loads, turn + 1, weighs) > most:
            continue
        turn += 1
        state[turn], load[turn], paid[turn], tried[turn] = after, weighs, costs, 0
        bits[turn] = bits[turn - 1]
        if come:
            bits[turn, (turn - 1) >> 6] |= np.uint64(1) << np.uint64((turn - 1) & 63)
    return number


@compiled
def least_later(row: Int16s, loads: Loads, turn: int, weighs: int) -> int:
    """What a state still costs at least when so much is in the district."""
    first = math.floor((loads.low - weighs) * loads.scale - loads.under[turn])
    last = math.ceil((loads.high - weighs) * loads.scale + loads.over[turn])
    least = UNREACHED
    for load in range(max(first, 0), min(last + 1, len(row))):
        if row[load] < NEVER:
            least = min(least, int(row[load]))
    return least
