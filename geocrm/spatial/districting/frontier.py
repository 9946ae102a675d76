"""One step of parting a graph unit by unit: what matters is where its pieces touch the rest.

A state is a parting of the frontier (decided units with undecided neighbours) into pieces, with
their loads and the cost so far. Adjacent units of one district are in one piece at once, so pieces
that are apart and become one later only ever cost too much: the least cost is exact. Where there
are too many states, those with nearly equal loads become one that allows the loads of both at the
lesser cost: the least cost then is a lower bound.

Source: J. Kawahara et al. (2017), Generating all patterns of graph partitions within a disparity
bound, doi:10.1007/978-3-319-53925-6_10 (exact loads, no merging there).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.compiled import compiled

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Loads = NDArray[np.int16]
Bytes = NDArray[np.uint8]

# Loads are counted in steps, so many for the upper limit.
LOAD_STEPS = 2**14
# A unit beside more pieces than this has too many ways to join them.
MOST_BESIDE = 16


class States(NamedTuple):
    """Ways to part the decided units.

    `label` (s, f) is the piece of each frontier unit; `least`, `most` (s, f) bound the load of
    each piece, in steps, -1 where there is none; `closed` (s,) counts finished districts; `cost`
    (s,); `parent`, `merged` (s,) say where a state comes from and, as bits, which of the pieces
    beside its unit the unit joined.
    """

    label: Bytes
    least: Loads
    most: Loads
    closed: Bytes
    cost: Floats
    parent: Int32s
    merged: Int32s


class Limits(NamedTuple):
    """Of a district's load, in steps, and the number of districts."""

    low: int
    high: int
    num_districts: int


class Unit(NamedTuple):
    """The unit that is decided next.

    `beside`, `length` (b,) are the places of its decided neighbours on the frontier and what each
    edge costs when it is cut; `kept` are the places that stay, `len(frontier)` for the unit itself;
    `least`, `most` its load, `ahead_least`, `ahead_most` that of all later units, in steps; `last`
    whether there are none.
    """

    beside: Int32s
    length: Floats
    kept: Int32s
    least: int
    most: int
    ahead_least: int
    ahead_most: int
    last: bool


class _Draft(NamedTuple):
    """A state in the making; `number` (3,): its pieces, districts closed, and whether possible."""

    label: Int64s
    least: Int64s
    most: Int64s
    relabel: Int64s
    number: Int64s


def room(size: int, frontier: int) -> States:
    """Space for so many states with so wide a frontier."""
    return States(
        np.zeros((size, frontier), dtype=np.uint8),
        np.full((size, frontier), -1, dtype=np.int16),
        np.full((size, frontier), -1, dtype=np.int16),
        np.zeros(size, dtype=np.uint8),
        np.zeros(size),
        np.zeros(size, dtype=np.int32),
        np.zeros(size, dtype=np.int32),
    )


def first_state() -> States:
    """Nothing decided yet."""
    return room(1, 0)


def first_of(states: States, count: int) -> States:
    """A copy of the first `count` states."""
    return States(
        states.label[:count].copy(), states.least[:count].copy(), states.most[:count].copy(),
        states.closed[:count].copy(), states.cost[:count].copy(),
        states.parent[:count].copy(), states.merged[:count].copy(),
    )  # fmt: skip


@compiled
def advance(
    states: States, unit: Unit, limits: Limits, future: Floats, budget: float, width: int,
    result: States, table: Int32s,
) -> int:  # fmt: skip
    """All states after one more unit, in `result`; how many, or -1 when it has no room for them.

    Parameters
    ----------
    future
        Shape (k + 1,), by districts closed: what later edges cost at least.
    budget
        States that can't end below this are left out.
    width
        States whose loads lie in the same steps of this width become one; 1 keeps all apart.
    table
        Hash table, its length a power of two above that of `result`.
    """
    table[:] = -1
    frontier, found = states.label.shape[1], 0
    pieces, paid = np.empty(len(unit.beside) + 1, np.int64), np.empty(len(unit.beside) + 1)
    draft = _Draft(
        np.zeros(frontier + 1, np.int64), np.zeros(frontier + 1, np.int64),
        np.zeros(frontier + 1, np.int64), np.zeros(frontier + 1, np.int64), np.zeros(3, np.int64),
    )  # fmt: skip
    for s in range(len(states.cost)):
        touched = _touched(states, s, unit, pieces, paid)
        if touched > MOST_BESIDE:
            return -1
        for choice in range(1 << touched):
            cost = states.cost[s]
            for p in range(touched):
                if not choice >> p & 1:
                    cost += paid[p]
            if cost >= budget:
                continue
            _join(states, s, unit, limits, pieces, touched, choice, draft)
            if not draft.number[2] or cost + future[draft.number[1]] >= budget:
                continue
            slot, at = _find(draft, len(unit.kept), width, result, table)
            if at < 0:
                if found == len(result.cost):
                    return -1
                at = found
                table[slot] = at
                found += 1
                result.cost[at] = np.inf
            _file(draft, len(unit.kept), cost, s, choice, at, result)
    return found


@compiled
def _touched(states: States, s: int, unit: Unit, pieces: Int64s, paid: Floats) -> int:
    """The pieces beside the unit, and what being apart from each costs; how many they are."""
    touched = 0
    for b in range(len(unit.beside)):
        piece, at = states.label[s, unit.beside[b]], -1
        for p in range(touched):
            if pieces[p] == piece:
                at = p
        if at < 0:
            at = touched
            pieces[at], paid[at] = piece, 0.0
            touched += 1
        paid[at] += unit.length[b]
    return touched


@compiled
def _join(
    states: States, s: int, unit: Unit, limits: Limits, pieces: Int64s, touched: int, choice: int,
    draft: _Draft,
) -> None:  # fmt: skip
    """Let the unit join the chosen pieces; what has left the frontier must be a district."""
    frontier = states.label.shape[1]
    least, most = unit.least, unit.most
    draft.relabel[:] = -1
    draft.number[:] = 0
    for p in range(touched):
        if choice >> p & 1:
            least += states.least[s, pieces[p]]
            most += states.most[s, pieces[p]]
            draft.relabel[pieces[p]] = -2
    if least > limits.high:
        return
    number, own = 0, -1
    rest_least, rest_most = unit.ahead_least, unit.ahead_most
    for f in range(len(unit.kept)):
        place = unit.kept[f]
        piece = frontier if place == frontier else np.int64(states.label[s, place])
        joined = piece == frontier or draft.relabel[piece] == -2
        known = own if joined else draft.relabel[piece]
        if known < 0:
            known = number
            draft.least[number] = least if joined else states.least[s, piece]
            draft.most[number] = most if joined else states.most[s, piece]
            rest_least += draft.least[number]
            rest_most += draft.most[number]
            if joined:
                own = number
            else:
                draft.relabel[piece] = number
            number += 1
        draft.label[f] = known
    closed = np.int64(states.closed[s])
    if own < 0:
        if most < limits.low:
            return
        closed += 1
    for piece in range(frontier):
        if states.least[s, piece] >= 0 and draft.relabel[piece] == -1:
            if states.most[s, piece] < limits.low:
                return
            closed += 1
    left = limits.num_districts - closed
    if unit.last:
        possible = left == 0
    else:
        possible = left > 0 and left * limits.low <= rest_most
        possible = possible and rest_least <= left * limits.high
    draft.number[0], draft.number[1], draft.number[2] = number, closed, possible


@compiled
def _find(draft: _Draft, kept: int, width: int, result: States, table: Int32s) -> tuple[int, int]:
    """Where a state like the draft is filed: slot and place, the latter -1 when it's the first."""
    code = np.uint64(draft.number[1] + 1)
    for f in range(kept):
        code = (code * np.uint64(1099511628211)) ^ np.uint64(draft.label[f] + 1)
    for p in range(draft.number[0]):
        middle = (draft.least[p] + draft.most[p]) // width
        code = (code * np.uint64(1099511628211)) ^ np.uint64(middle)
    code ^= code >> np.uint64(29)
    code *= np.uint64(0xBF58476D1CE4E5B9)
    code ^= code >> np.uint64(32)
    slot = int(np.int64(code & np.uint64(len(table) - 1)))
    while table[slot] >= 0 and not _alike(draft, kept, width, result, table[slot]):
        slot = (slot + 1) & (len(table) - 1)
    return slot, int(table[slot])


@compiled
def _alike(draft: _Draft, kept: int, width: int, result: States, at: int) -> bool:
    """Whether a filed state parts the frontier alike, with nearly the same loads."""
    if result.closed[at] != draft.number[1]:
        return False
    for f in range(kept):
        if result.label[at, f] != draft.label[f]:
            return False
    for p in range(draft.number[0]):
        if width == 1:
            if result.least[at, p] != draft.least[p] or result.most[at, p] != draft.most[p]:
                return False
        else:
            # A filed state may have grown since; one step aside is as near.
            filed = (np.int64(result.least[at, p]) + result.most[at, p]) // width
            if abs(filed - (draft.least[p] + draft.most[p]) // width) > 1:
                return False
    return True


@compiled
def _file(
    draft: _Draft, kept: int, cost: float, parent: int, choice: int, at: int, result: States
) -> None:
    """Add a state to those filed at a place: the lesser cost, the loads of both."""
    fresh = result.cost[at] == np.inf
    if cost < result.cost[at]:
        result.cost[at] = cost
        result.parent[at], result.merged[at] = parent, choice
    if fresh:
        result.closed[at] = draft.number[1]
        for f in range(kept):
            result.label[at, f] = draft.label[f]
            result.least[at, f] = result.most[at, f] = -1
    for p in range(draft.number[0]):
        if fresh or draft.least[p] < result.least[at, p]:
            result.least[at, p] = draft.least[p]
        if fresh or draft.most[p] > result.most[at, p]:
            # Farther beyond the upper limit makes no difference.
            result.most[at, p] = min(draft.most[p], 32_000)
