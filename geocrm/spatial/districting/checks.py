"""Refusing what no plan can satisfy, in a sentence that says why and what to do."""

import numpy as np

from geocrm.errors import Infeasible, InvalidInput
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.problem import NOWHERE, Indices, Objective, Terms, Units

# So many members of a group are named in a sentence.
_NAMED = 4


def check(units: Units, terms: Terms) -> None:
    """Refuse a question without an answer.

    Raises
    ------
    InvalidInput
        A number is out of range or two wishes contradict each other.
    Infeasible
        The units are not connected, or limits and locks leave no plan.
    """
    _check_numbers(units, terms)
    _check_limits(units, terms)
    _check_connected(units)
    _check_objective(units, terms)
    _check_locks(units, terms)
    _check_apart(units, terms)


def _check_numbers(units: Units, terms: Terms) -> None:
    k = terms.num_districts
    if k < 1:
        raise InvalidInput(f"The number of territories must be 1 or more, not {k}")
    if k > len(units):
        raise Infeasible(
            f"{k} territories need at least as many units; there are {len(units)}: ask for fewer,"
            " or take finer units"
        )
    given = terms.tolerance if isinstance(terms.tolerance, tuple) else (terms.tolerance,)
    if len(given) not in (1, len(units.measures)):
        raise InvalidInput(
            f"There are {len(given)} tolerances for {len(units.measures)} measures: give one for"
            " all or one for each"
        )
    for one in given:
        if not 0 <= one < np.inf:
            raise InvalidInput(f"The tolerance must be 0 or more, not {one}")
    if terms.shares is not None and not (
        len(terms.shares) == k and np.isfinite(terms.shares).all() and (terms.shares > 0).all()
    ):
        raise InvalidInput(f"Give a share above 0 for each of the {k} territories")
    if terms.budget is not None and not 0 <= terms.budget <= 1:
        raise InvalidInput(
            f"The disruption must be a share between 0 and 1, not {terms.budget:g}: 0.1 is 10 %"
        )
    if terms.budget is not None and terms.current is None:
        raise InvalidInput("A limit of disruption needs today's plan to compare with")


def _check_limits(units: Units, terms: Terms) -> None:
    least, most, k = terms.minimum, terms.maximum, terms.num_districts
    total = float(units.balanced()[0][:, 0].sum())
    if least is not None and most is not None and least > most:
        raise InvalidInput(f"The minimum {least:g} is above the maximum {most:g}")
    if least is not None and least * k > total:
        raise Infeasible(
            f"{k} territories of at least {least:g} need {least * k:g}; there are {total:g}: ask"
            f" for at most {int(total // least)} territories, or a minimum of {total / k:g}"
        )
    if most is not None and most * k < total:
        raise Infeasible(
            f"{k} territories of at most {most:g} hold {most * k:g}; there are {total:g}: ask for"
            f" at least {int(-(-total // most)) if most > 0 else 'more'} territories, or a maximum"
            f" of {total / k:g}"
        )


def _check_connected(units: Units) -> None:
    part = components(len(units), units.edges)
    count = int(part.max()) + 1
    if count == 1:
        return
    sizes = np.bincount(part)
    small = np.argsort(sizes, kind="stable")[:3]
    listed = "; ".join(_listed(units, np.flatnonzero(part == one)) for one in small)
    raise Infeasible(
        f"The {len(units)} units fall into {count} groups that no border or crossing links"
        f" ({listed}): add crossings, or design each group by itself"
    )


def _check_objective(units: Units, terms: Terms) -> None:
    has_way = units.place is not None or (
        terms.objective is Objective.TRAVEL and units.minutes is not None
    )
    if terms.objective is not Objective.CUT_EDGES and not has_way:
        raise InvalidInput(
            f"The objective {terms.objective.value} needs the place of each unit (lon and lat):"
            " add them, or choose cut-edges"
        )
    if terms.centres is not None:
        if units.place is None:
            raise InvalidInput("Centres need the place of each unit (lon and lat)")
        if terms.centres.shape != (terms.num_districts, 3):
            raise InvalidInput(
                f"There are {len(terms.centres)} centres for {terms.num_districts} territories:"
                " give as many"
            )


def _check_locks(units: Units, terms: Terms) -> None:
    if terms.locked is None:
        return
    locked, k = terms.locked, terms.num_districts
    if locked.max(initial=NOWHERE) >= k:
        unit = int(np.argmax(locked))
        raise InvalidInput(
            f"Unit {units.name(unit)} is locked to territory {locked[unit] + 1}; there are {k}"
        )
    for d in np.unique(locked[locked >= 0]):
        open_to = (locked == d) | (locked == NOWHERE)
        inside = units.edges[open_to[units.edges].all(axis=1)]
        part = components(len(units), inside)
        held = np.flatnonzero(locked == d)
        apart = held[part[held] != part[held[0]]]
        if len(apart):
            raise Infeasible(
                f"Units {units.name(held[0])} and {units.name(apart[0])} are locked to territory"
                f" {d + 1}, but units locked to others lie all the way between them: unlock one of"
                " them, or what lies between"
            )
    missing = k - len(np.unique(locked[locked >= 0]))
    if missing > (locked == NOWHERE).sum():
        raise Infeasible(
            f"{missing} territories have no locked unit, and only"
            f" {(locked == NOWHERE).sum()} units are free: unlock some, or ask for fewer"
        )
    for group in terms.together:
        wanted = np.unique(locked[group][locked[group] >= 0])
        if len(wanted) > 1:
            raise InvalidInput(
                f"The units {_listed(units, group)} shall stay together, but are locked to the"
                f" territories {wanted[0] + 1} and {wanted[1] + 1}: lift one of these wishes"
            )


def _check_apart(units: Units, terms: Terms) -> None:
    for a, b in terms.apart:
        locked = terms.locked
        same_lock = locked is not None and locked[a] >= 0 and locked[a] == locked[b]
        if a == b or same_lock or any(a in group and b in group for group in terms.together):
            raise InvalidInput(
                f"The units {units.name(a)} and {units.name(b)} shall be apart, and by another"
                " wish together: lift one of these wishes"
            )


def _listed(units: Units, members: Indices) -> str:
    shown = ", ".join(units.name(one) for one in members[:_NAMED])
    return shown + (f" and {len(members) - _NAMED} more" if len(members) > _NAMED else "")
