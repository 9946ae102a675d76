"""The page on which two plans lie beside each other, and the one that takes plans out of files."""

from typing import Any

from flask import Blueprint, g, render_template, request

from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.territories import queries, rating_plans
from geocrm.territories.models import Measure
from geocrm.territories.plan_diff import Division, PlanDiff
from geocrm.territories.queries import PlanSummary
from geocrm.web.access import permit
from geocrm.web.api.territory_diff import found_diff, shown_diff
from geocrm.web.problems import STATUS
from geocrm.web.rating_words import AXES, SCALES, figure_words, radar
from geocrm.web.words import balanced, said

bp = Blueprint("territory_compare", __name__, url_prefix="/territories")


@bp.get("/compare")
@permit("design", "territory")
def compare() -> tuple[str, int]:
    """Two plans on two maps that move together; without a choice the first two that can be."""
    plans = queries.plans(g.session, g.actor)
    b = request.args.get("b", type=int) or 0
    a = request.args.get("a", type=int) or _other(plans, b)
    b = b or _other(plans, a)
    by = _measure(request.args.get("by"))
    found, problem = None, ""
    if a and b:
        try:
            found = found_diff(a, b)
        except InvalidInput as error:
            # Two others can be chosen on the page that says why these two cannot be compared.
            problem = said(error)
    page = render_template(
        "territories/compare.html",
        plans=plans,
        a=a,
        b=b,
        problem=problem,
        diff=shown_diff(found) if found else None,
        drawn=_drawn(found, a, b) if found else None,
        rated=_rated(a, b, by) if found else None,
        measures=list(Measure),
    )
    return page, STATUS[InvalidInput] if problem else 200


@bp.get("/bring")
@permit("design", "territory")
def bring() -> str:
    """The form that makes a draft of a plan file."""
    return render_template(
        "territories/bring.html",
        layers=[layer for layer in places.layers(g.session) if layer.level > 0 and layer.units],
        areas=queries.areas(g.session),
        measures=list(Measure),
    )


def _measure(name: str | None) -> Measure | None:
    """What both plans are judged by; None for what the second balances."""
    if not name:
        return None
    if name not in set(Measure):
        raise InvalidInput(
            "Plans are judged by {measures}, not by {name!r}",
            measures=", ".join(Measure),
            name=name[:40],
        )
    return Measure(name)


def _rated(a: int, b: int, by: Measure | None) -> dict[str, Any]:
    """Both plans on five axes, each with its figures in words, and how fair both are."""
    balance, plans = rating_plans.rate_plans(g.session, g.actor, [a, b], by)
    one, other = (plan.ratings for plan in plans)
    return {
        "by": by.value if by else "",
        "balanced": balanced(balance.measure, balance.shares),
        "against": plans[1].against.name if plans[1].against else None,
        "names": [plan.plan.name for plan in plans],
        "radar": radar([one, other]),
        "axes": [
            {
                "name": AXES[first.axis],
                "scale": SCALES[first.axis],
                "plans": [(rating.score, figure_words(rating)) for rating in (first, second)],
            }
            for first, second in zip(one, other, strict=True)
        ],
        "fairness": [plan.fairness for plan in plans],
    }


def _other(plans: list[PlanSummary], beside: int) -> int:
    """The first plan to lay beside that one: of its level, for two made levels have no map."""
    level = next((plan.level for plan in plans if plan.id == beside), None)
    others = [plan for plan in plans if plan.id != beside]
    return next((plan.id for plan in others if plan.level == level), others[0].id if others else 0)


def _drawn(found: PlanDiff, a: int, b: int) -> dict[str, Any]:
    """What the maps draw: the colour of each unit in either plan; what goes on keeps its colour."""
    levels = {queries.plan(g.session, g.actor, plan_id).level for plan_id in (a, b)}
    one, other = ([t.colour for t in queries.territories(g.session, p)] for p in (a, b))
    continued = [one[twin] if twin >= 0 else other[at] for at, twin in enumerate(found.twin)]
    codes = sorted({*found.before.ids, *found.after.ids})
    units = places.by_codes(g.session, codes)
    return {
        # Of plans on two levels both: the finer one lies over what the coarser one has beside it.
        "levels": sorted(levels, key=lambda code: places.layer(g.session, code).level),
        "before": _colours(found.before, one),
        "after": _colours(found.after, continued),
        "names": {unit.code: unit.name for unit in units},
        "places": {unit.code: [unit.lon, unit.lat] for unit in units},
    }


def _colours(side: Division, colours: list[int]) -> dict[str, Any]:
    """For each unit the colour and the name of its territory."""
    return {
        "colour": [colours[at] for at in range(len(side.names))],
        "name": list(side.names),
        "units": dict(zip(side.ids, side.district.tolist(), strict=True)),
    }
