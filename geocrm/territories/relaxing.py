"""Why a plan missed its limits, and the smallest relaxation that is known to work."""

import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import Infeasible, Phrase, Share
from geocrm.spatial.districting import Floor
from geocrm.territories import text_tables
from geocrm.territories.solving import SLACK, Solved


def missed(solved: Solved, names: Sequence[str]) -> Infeasible:
    """Why the limits were not met, and the smallest relaxation that is known to work."""
    at = missed_measure(solved)
    found = _missed_other(solved, at) if at else _missed_first(solved, names)
    others = [
        Phrase("{measure} {deviation}", measure=name, deviation=Share(solved.plan.max_deviation[m]))
        for m, name in enumerate(solved.plan.measures)
        if m != at and _off(solved)[m] > SLACK
    ]
    if not others:
        return found
    return Infeasible(
        "{missed}. Off as well: {others}", missed=found.phrase, others=text_tables.listed(others)
    )


def missed_measure(solved: Solved) -> int:
    """The row of the further measure that misses its limits by most; 0 when that is the first."""
    off = _off(solved)
    if "unit" in solved.plan.binding and off[0] > SLACK:
        return 0
    worst = int(np.argmax(off))
    return worst if off[worst] > SLACK else 0


def farthest(solved: Solved) -> float:
    """How far the worst load is beyond its limits, as a share of the mean; 0 or less within."""
    return float(_off(solved).max())


def _off(solved: Solved) -> NDArray[np.float64]:
    """How far each measure is beyond its tolerance and limits, as a share of its mean."""
    plan, count = solved.plan, len(solved.plan.measures)
    least, most = solved.terms.limits(count)
    beyond = np.maximum(least - plan.load.min(axis=0), plan.load.max(axis=0) - most)
    tolerance = solved.terms.tolerances(count)
    off: NDArray[np.float64] = np.maximum(
        plan.max_deviation - tolerance, beyond / plan.load.mean(axis=0)
    )
    return off


def _missed_first(solved: Solved, names: Sequence[str]) -> Infeasible:
    plan, terms = solved.plan, solved.terms
    first, asked = float(plan.max_deviation[0]), float(terms.tolerances(1)[0])
    if "mean" in plan.binding:
        return Infeasible(
            "+-{asked} is impossible: the territories in focus hold {share} of their part of the"
            " plan, so {least} is the least; {reached}. Allow that (--tolerance {tolerance}), or"
            " take others into focus",
            asked=Share(asked),
            share=Share(1 / float(terms.ideal_totals(1)[0])),
            least=Share(float(terms.mean_deviations(1)[0])),
            reached=_reached(solved, first <= asked),
            tolerance=_rounded_up(first),
        )
    reached, limits, instead = _reached(solved, first <= asked), _enough(solved), _instead(solved)
    why = _least(plan.floor, names) if "unit" in plan.binding else _uneven(solved)
    if why is not None and first > asked + SLACK:
        return Infeasible(
            "+-{asked} is impossible: {why}; {reached}. Allow that ({limits}){instead}",
            asked=_asked(asked),
            why=why,
            reached=reached,
            limits=limits,
            instead=instead,
        )
    if first <= asked + SLACK:
        return Infeasible(
            "The limits of the load were not met in {time} s: {reached}. Allow that ({limits})"
            "{instead}",
            time=round(solved.elapsed_s, 1),
            reached=reached,
            limits=limits,
            instead=instead,
        )
    return Infeasible(
        "A tolerance of {asked} was not met in {time} s: {reached}. Allow that ({limits}){instead}",
        asked=_asked(asked),
        time=round(solved.elapsed_s, 1),
        reached=reached,
        limits=limits,
        instead=instead,
    )


def _least(floor: Floor, names: Sequence[str]) -> Phrase:
    """Why no plan can be nearer to balance than the map lets it."""
    if floor.share - 1 > floor.deviation + 1e-6:
        return Phrase(
            "with less than {deviation}, {count} units could only share the territory of {unit},"
            " {territories} territories in one",
            deviation=Share(floor.deviation),
            count=floor.forced,
            unit=names[floor.unit],
            territories=round(floor.share, 2),
        )
    if floor.next_unit < 0:
        return Phrase(
            "{heavy}, so {deviation} is the least",
            heavy=_heavy(floor, names),
            deviation=Share(floor.deviation),
        )
    return Phrase(
        "{heavy} and, with the lightest beside it ({unit}), {territories}, so {deviation} is the"
        " least",
        heavy=_heavy(floor, names),
        unit=names[floor.next_unit],
        territories=round(floor.next_share, 2),
        deviation=Share(floor.deviation),
    )


def _heavy(floor: Floor, names: Sequence[str]) -> Phrase:
    """How much of a territory a unit is, with those that have no other way."""
    unit, territories = names[floor.unit], round(floor.share, 2)
    if not floor.forced:
        return Phrase(
            "{unit} alone is {territories} territories", unit=unit, territories=territories
        )
    if floor.forced == 1:
        return Phrase(
            "{unit} with the unit that can only share its territory is {territories} territories",
            unit=unit,
            territories=territories,
        )
    return Phrase(
        "{unit} with the {count} units that can only share its territory is {territories}"
        " territories",
        unit=unit,
        count=floor.forced,
        territories=territories,
    )


def _uneven(solved: Solved) -> Phrase | None:
    """Why whole loads cannot be as even as was asked, where that is so."""
    share = _uneven_share(solved)
    if share <= float(solved.terms.tolerances(1)[0]) + SLACK:
        return None
    return Phrase(
        "every load is a multiple of {step} and the mean is {mean}, so {deviation} is the least",
        step=solved.grain,
        mean=float(solved.plan.load[:, 0].mean()),
        deviation=Share(share),
    )


def _uneven_share(solved: Solved) -> float:
    """The least deviation of loads that are whole numbers; 0 where they can be even."""
    ideal, step = float(solved.plan.load[:, 0].mean()), solved.grain
    apart = solved.terms.shares is not None or float(solved.terms.mean_deviations(1)[0]) > 0
    if not step or apart or ideal <= 0:
        return 0.0
    up, down = math.ceil(ideal / step) * step, math.floor(ideal / step) * step
    return max(up - ideal, ideal - down) / ideal


def _asked(share: float) -> Share:
    """A tolerance as it was asked for, also a small one."""
    return Share(share, 1 if round(share, 3) == round(share, 6) else 2)


def _reached(solved: Solved, balanced: bool) -> Phrase:
    """How near to the limits the search came; within the tolerance it is those of the load."""
    plan, budget = solved.plan, solved.terms.budget
    found = Phrase("the best reached is {deviation}", deviation=Share(plan.max_deviation[0], 2))
    if balanced:
        load = plan.load[:, 0]
        found = Phrase(
            "loads between {least} and {most} were reached",
            least=float(load.min()),
            most=float(load.max()),
        )
    if budget is None:
        return found
    return Phrase(
        "{reached}, with a disruption of at most {budget}", reached=found, budget=Share(budget)
    )


def _enough(solved: Solved) -> str:
    """The options that would let the plan that was reached pass, rounded to its side."""
    plan, terms = solved.plan, solved.terms
    first, load = float(plan.max_deviation[0]), plan.load[:, 0]
    least, most = _limits_of_load(solved)
    found = []
    if first > float(terms.tolerances(1)[0]) + SLACK:
        found.append(f"--tolerance {_rounded_up(first)}")
    if load.min() < least:
        found.append(f"--min {digits(float(load.min()), ROUND_FLOOR)}")
    if load.max() > most:
        found.append(f"--max {digits(float(load.max()), ROUND_CEILING)}")
    return " ".join(found)


def digits(value: float, rounding: str) -> str:
    """Six significant digits, down or up."""
    exact = Decimal(repr(value))
    return f"{Context(prec=6, rounding=rounding).plus(exact):f}" if value else "0"


def _limits_of_load(solved: Solved) -> tuple[float, float]:
    least, most = (float(each[0]) for each in solved.terms.limits(len(solved.plan.measures)))
    return least, most


def _instead(solved: Solved) -> Phrase:
    """What else might help: not more of a search that cannot find better, or that ran out."""
    plan = solved.plan
    number = _another_number(solved)
    if number is None:
        return Phrase(", or take finer units")
    if _is_least(solved):
        return Phrase(", or ask for {number}", number=number)
    if plan.stopped != "finished":
        return Phrase(", give it more --time, or ask for {number}", number=number)
    return Phrase(
        ", search longer (--effort {effort}), or ask for {number}",
        effort=solved.effort * 4,
        number=number,
    )


def _is_least(solved: Solved) -> bool:
    """Whether no plan is nearer to balance, and no limit of the load is in the way."""
    plan, uneven = solved.plan, _uneven_share(solved)
    load, (least, most) = plan.load[:, 0], _limits_of_load(solved)
    if load.min() < least or load.max() > most:
        return False
    floor = max(plan.floor.deviation if "unit" in plan.binding else 0.0, uneven)
    return bool(0 < plan.max_deviation[0] <= floor + SLACK)


def _another_number(solved: Solved) -> Phrase | None:
    """Which other number of territories might do; None where no number does."""
    load, (least, most) = solved.plan.load[:, 0], _limits_of_load(solved)
    floor = solved.plan.floor
    if not floor.forced and floor.share * float(load.mean()) > most * (1 + SLACK):
        return None
    if load.max() > most:
        if load.min() < least:
            return Phrase("another number of territories")
        return Phrase("more territories")
    return Phrase("fewer territories")


def _missed_other(solved: Solved, at: int) -> Infeasible:
    plan = solved.plan
    name, load = plan.measures[at], plan.load[:, at]
    asked = float(solved.terms.tolerances(len(plan.measures))[at])
    deviation = float(plan.max_deviation[at])
    if deviation > asked + SLACK:
        return Infeasible(
            "A tolerance of {asked} of {measure} was not met in {time} s: the best reached is"
            " {deviation}. Allow that (--tolerance {option}), more --time, or fewer territories",
            asked=_asked(asked),
            measure=name,
            time=round(solved.elapsed_s, 1),
            deviation=Share(deviation, 2),
            option=f"{name}={_rounded_up(deviation)}",
        )
    least, most = (each[at] for each in solved.terms.limits(len(plan.measures)))
    options = [
        *([f"--min {name}={math.floor(load.min() * 100) / 100:.15g}"] if least > -np.inf else []),
        *([f"--max {name}={math.ceil(load.max() * 100) / 100:.15g}"] if most < np.inf else []),
    ]
    return Infeasible(
        "The limits of {measure} were not met in {time} s: territories between {least} and {most}"
        " were reached. Allow that ({options}), more --time, or another number of territories",
        measure=name,
        time=round(solved.elapsed_s, 1),
        least=float(load.min()),
        most=float(load.max()),
        options=text_tables.listed(options),
    )


def _rounded_up(share: float) -> str:
    """Four decimals that are enough to allow it."""
    return f"{math.ceil(share * 10_000 - 1e-6) / 10_000:.4f}"
