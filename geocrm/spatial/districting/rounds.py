"""One round of annealing: many small and some large steps at one temperature."""

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.chance import below
from geocrm.spatial.districting.compiled import compiled
from geocrm.spatial.districting.recombination import recombine, recombine_three
from geocrm.spatial.districting.state import MASS_SUMS, Goal, Graph, Int32s, Scratch, State
from geocrm.spatial.districting.steps import chain, cost_with, shift

# Edges inside districts are skipped; so many draws a step before giving up (one district only).
MAX_DRAWS = 400
# One large step in so many takes three districts instead of two.
THREE_ODDS = 4
# Beyond so many units the best is only looked for between rounds: a copy costs more than a step.
MAX_COPIED = 2_000


@compiled
def border(graph: Graph, state: State, space: Scratch) -> tuple[int, int]:
    """Two neighbours in different districts, if some draws find any."""
    u, v = 0, 0
    for _ in range(MAX_DRAWS):
        pick = below(space.random, 2 * len(graph.one))
        edge = pick >> 1
        u, v = graph.one[edge], graph.other[edge]
        if pick & 1:
            u, v = v, u
        if state.district[u] != state.district[v]:
            break
    return u, v


@compiled
def anneal(
    graph: Graph,
    state: State,
    goal: Goal,
    space: Scratch,
    temperature: float,
    num_small: int,
    num_large: int,
    energy: float,
    best_energy: float,
    best: Int32s,
) -> tuple[float, float]:
    """One round at one temperature: small steps (shift, chain) and large ones (recombination).

    `best` receives the assignment of least energy; returns the present and the least energy.
    """
    for step in range(num_small + num_large):
        u, v = border(graph, state, space)
        if state.district[u] == state.district[v]:
            continue
        if step >= num_small:
            if below(space.random, THREE_ODDS) == 0:
                energy += recombine_three(graph, state, goal, space, u, v, temperature)
            else:
                energy += recombine(graph, state, goal, space, u, v, temperature)
        elif step & 1:
            energy += chain(graph, state, goal, space, u, v, temperature)
        else:
            to = state.district[v]
            energy += shift(graph, state, goal, space, u, to, temperature)
        if energy < best_energy - 1e-9 and len(best) <= MAX_COPIED:
            best_energy = energy
            best[:] = state.district
    if energy < best_energy - 1e-9:
        best_energy = energy
        best[:] = state.district
    return energy, best_energy


def state_of(graph: Graph, district: NDArray[np.integer], num_districts: int, goal: Goal) -> State:
    """The assignment with its sums; sums of weights are exact."""
    home = np.array(district, dtype=np.int32)
    load = np.zeros((num_districts, graph.weight.shape[1]), dtype=np.int64)
    np.add.at(load, home, graph.weight)
    mass = np.zeros((num_districts, MASS_SUMS))
    np.add.at(mass, home, graph.mass)
    moved = goal.price[(goal.home >= 0) & (goal.home != home)].sum()
    worth = np.zeros(num_districts)
    state = State(home, load, mass, np.array([moved], dtype=np.int64), worth)
    nothing = np.zeros(graph.weight.shape[1], dtype=np.int64)
    for d in range(num_districts):
        worth[d] = cost_with(state, d, 0, nothing, np.zeros(MASS_SUMS), goal)
    return state
