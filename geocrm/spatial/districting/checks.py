"""Refusing what no plan can satisfy, in a sentence that says why and what to do."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from geocrm.errors import Infeasible, InvalidInput, Phrase
from geocrm.spatial.districting.floor import grain
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.groups import groups_of
from geocrm.spatial.districting.problem import NOWHERE, Floats, Indices, Objective, Terms, Units

# So many members of a group are named in a sentence.
_NAMED = 4
# A centre that is no farther away than this is never called outside.
_NEAR_KM = 300.0


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
    whole = _with_shared_locks(units, terms)
    _check_groups(units, whole)
    _check_locks(units, whole)
    _check_apart(units, whole)


def _check_numbers(units: Units, terms: Terms) -> None:
    k = terms.num_districts
    if k < 1:
        raise InvalidInput("The number of territories must be 1 or more, not {count}", count=k)
    if k > len(units):
        raise Infeasible(
            "{count} territories need at least as many units; there are {units}: ask for fewer, or"
            " take finer units",
            count=k,
            units=len(units),
        )
    given = terms.tolerance if isinstance(terms.tolerance, tuple) else (terms.tolerance,)
    if len(given) not in (1, len(units.measures)):
        raise InvalidInput(
            "There are {count} tolerances for {measures} measures: give one for all or one for"
            " each",
            count=len(given),
            measures=len(units.measures),
        )
    for measure, one in enumerate(given):
        if not (0 <= one < np.inf or (one == np.inf and measure > 0)):
            raise InvalidInput(
                "The tolerance must be 0 or more, not {tolerance}",
                tolerance=one,
            )
    if terms.shares is not None and not (
        len(terms.shares) == k and np.isfinite(terms.shares).all() and (terms.shares > 0).all()
    ):
        raise InvalidInput("Give a share above 0 for each of the {count} territories", count=k)
    totals = terms.ideal_totals(len(units.measures))
    if len(totals) < len(units.measures) or not ((totals > 0) & np.isfinite(totals)).all():
        raise InvalidInput("The ideal loads must add up to more than 0")
    if terms.budget is not None and not 0 <= terms.budget <= 1:
        raise InvalidInput(
            "The disruption must be a share between 0 and 1, not {budget}: 0.1 is 10 %",
            budget=terms.budget,
        )
    if terms.budget is not None and terms.current is None:
        raise InvalidInput("A limit of disruption needs today's plan to compare with")


def _check_limits(units: Units, terms: Terms) -> None:
    weights, names = units.balanced()
    limits = terms.limits(len(names))
    for at, (least, most) in enumerate(zip(*(each.tolist() for each in limits), strict=True)):
        try:
            _check_measure(weights[:, at], least, most, terms.num_districts)
        except (InvalidInput, Infeasible) as error:
            if at == 0:
                raise
            # Of the first measure everything speaks; another one has to be named.
            raise type(error)(
                "{measure}: {problem}", measure=names[at], problem=error.phrase
            ) from error


def _check_measure(load: Floats, least: float, most: float, k: int) -> None:
    total, step = float(load.sum()), grain(load)
    for limit, nothing in ((least, -np.inf), (most, np.inf)):
        if not (np.isfinite(limit) or limit == nothing):
            raise InvalidInput(
                "A limit of the load must be a number, not {limit}", limit=str(limit)
            )
    if most <= 0:
        raise InvalidInput("The maximum must be above 0, not {most}", most=most)
    if least > most:
        raise InvalidInput(
            "The minimum {least} is above the maximum {most}",
            least=least,
            most=most,
        )
    if least > total:
        raise Infeasible(
            "A territory of at least {least} needs more than there is; there are {total}: ask for a"
            " minimum of at most {limit}",
            least=least,
            total=total,
            limit=_whole(total / k, step, np.floor),
        )
    if least * k > total:
        raise Infeasible(
            "{count} territories of at least {least} need {needed}; there are {total}: ask for at"
            " most {fewer} territories, or a minimum of {limit} or less",
            count=k,
            least=least,
            needed=least * k,
            total=total,
            fewer=int(total // least),
            limit=_whole(total / k, step, np.floor),
        )
    if most * k < total:
        raise Infeasible(
            "{count} territories of at most {most} hold {held}; there are {total}: ask for at least"
            " {more} territories, or a maximum of {limit} or more",
            count=k,
            most=most,
            held=most * k,
            total=total,
            more=int(-(-total // most)),
            limit=_whole(total / k, step, np.ceil),
        )


def _whole(limit: float, step: float, rounded: Callable[[float], float]) -> float:
    """A limit that whole units can meet: their loads are multiples of the step, if there is one."""
    return float(rounded(limit / step)) * step if step else limit


def _check_connected(units: Units) -> None:
    part = components(len(units), units.edges)
    count = int(part.max()) + 1
    if count == 1:
        return
    sizes = np.bincount(part)
    small = np.argsort(sizes, kind="stable")[:3]
    listed = tuple(_listed(units, np.flatnonzero(part == one)) for one in small)
    raise Infeasible(
        "The {units} units fall into {groups} groups that no border or crossing links ({some}):"
        " add crossings, or design each group by itself",
        units=len(units),
        groups=count,
        some=listed,
    )


def _check_objective(units: Units, terms: Terms) -> None:
    has_way = units.place is not None or (
        terms.objective is Objective.TRAVEL and units.minutes is not None
    )
    if terms.objective is not Objective.CUT_EDGES and not has_way:
        raise InvalidInput(
            "The objective {objective} needs the place of each unit (lon and lat): add them, or"
            " choose cut-edges",
            objective=terms.objective.value,
        )
    if terms.centres is not None:
        if units.place is None:
            raise InvalidInput("Centres need the place of each unit (lon and lat)")
        if terms.centres.shape != (terms.num_districts, 3):
            raise InvalidInput(
                "There are {centres} centres for {count} territories: give as many",
                centres=len(terms.centres),
                count=terms.num_districts,
            )
        _check_near(units.place, terms.centres)


def _check_near(place: Floats, centres: Floats) -> None:
    """Refuse a centre that is farther from every unit than the units are from each other.

    One beyond the border is usual: people live there, also of a small area.
    """
    width = float(np.linalg.norm(np.ptp(place, axis=0)))
    for number, centre in enumerate(centres, 1):
        away = float(np.sqrt(((place - centre) ** 2).sum(axis=1).min()))
        if away > max(width, _NEAR_KM):
            raise InvalidInput(
                "Centre {number} is {away} km from the nearest unit, and the whole area is {width}"
                " km wide: correct its longitude and latitude, or leave the centres out",
                number=str(number),
                away=round(away),
                width=round(width),
            )


def _with_shared_locks(units: Units, terms: Terms) -> Terms:
    """Groups that share a unit as one, and a lock of a unit as one of its whole group.

    Raises
    ------
    InvalidInput
        The locks of a group contradict each other.
    """
    groups = groups_of(len(units), terms.together)
    if terms.locked is None:
        return replace(terms, together=groups)
    locked = terms.locked.copy()
    for group in groups:
        wanted = np.unique(locked[group][locked[group] >= 0])
        if len(wanted) > 1:
            raise InvalidInput(
                "The units {units} shall stay together, but are locked to {territory} and {other}:"
                " lift one of these wishes",
                units=_listed(units, group),
                territory=terms.name(int(wanted[0])),
                other=terms.name(int(wanted[1])),
            )
        if len(wanted):
            locked[group] = wanted[0]
    return replace(terms, together=groups, locked=locked)


def _check_groups(units: Units, terms: Terms) -> None:
    tied = sum(len(group) - 1 for group in terms.together)
    if terms.num_districts > len(units) - tied:
        raise Infeasible(
            "{count} territories need at least as many units; with what is kept together there are"
            " {units}: ask for fewer, or keep less together",
            count=terms.num_districts,
            units=len(units) - tied,
        )


def _check_locks(units: Units, terms: Terms) -> None:
    if terms.locked is None:
        return
    locked, k = terms.locked, terms.num_districts
    if locked.max(initial=NOWHERE) >= k:
        unit = int(np.argmax(locked))
        raise InvalidInput(
            "Unit {unit} is locked to territory {number}; there are {count}",
            unit=units.name(unit),
            number=str(locked[unit] + 1),
            count=k,
        )
    for d in np.unique(locked[locked >= 0]):
        open_to = (locked == d) | (locked == NOWHERE)
        inside = units.edges[open_to[units.edges].all(axis=1)]
        part = components(len(units), inside)
        held = np.flatnonzero(locked == d)
        apart = held[part[held] != part[held[0]]]
        if len(apart):
            raise Infeasible(
                "Units {unit} and {other} are locked to {territory}, but units locked to others lie"
                " all the way between them: unlock one of them, or what lies between",
                unit=units.name(held[0]),
                other=units.name(apart[0]),
                territory=terms.name(int(d)),
            )
    missing = k - len(np.unique(locked[locked >= 0]))
    if missing > (locked == NOWHERE).sum():
        raise Infeasible(
            "{missing} territories have no locked unit, and only {free} units are free: unlock"
            " some, or ask for fewer",
            missing=missing,
            free=int((locked == NOWHERE).sum()),
        )


def _check_apart(units: Units, terms: Terms) -> None:
    for a, b in terms.apart:
        locked = terms.locked
        same_lock = locked is not None and locked[a] >= 0 and locked[a] == locked[b]
        if a == b or same_lock or any(a in group and b in group for group in terms.together):
            raise InvalidInput(
                "The units {unit} and {other} shall be apart, and by another wish together: lift"
                " one of these wishes",
                unit=units.name(a),
                other=units.name(b),
            )


def _listed(units: Units, members: Indices) -> str:
    some = ", ".join(units.name(one) for one in members[:_NAMED])
    if len(members) <= _NAMED:
        return some
    return Phrase("{some} and {more} more", some=some, more=len(members) - _NAMED)
