"""Pages of territories: the plans, designing a new one, and one plan on its map."""

from typing import Any

from flask import Blueprint, g, render_template, request

from geocrm import clock
from geocrm.places import queries as places
from geocrm.security import Role
from geocrm.security import queries as people
from geocrm.territories import (
    designing,
    edit_queries,
    figures,
    kept_times,
    made_levels,
    next_plan,
    queries,
    service,
    types,
)
from geocrm.territories.balance import ALWAYS, Balance
from geocrm.territories.models import LEADING, Measure, Plan, PlanState
from geocrm.territories.naming import another_name
from geocrm.territories.requests import DEFAULT_TOLERANCE, MAX_TIME_S
from geocrm.territories.travel_times import speed_of
from geocrm.web.access import permit
from geocrm.web.api.territory_documents import MAX_SPEED_KMH, WEB_TIME_S
from geocrm.web.language import choose_locale
from geocrm.web.words import balanced, figure, layer_name, measure, measure_heading

bp = Blueprint("territories", __name__, url_prefix="/territories")


@bp.get("")
@permit("read", "territory")
def index() -> str:
    """The plans, or for those who only read the live one."""
    plans = queries.plans(g.session, g.actor)
    made = places.made_layers(g.session, [plan.level for plan in plans])
    return render_template(
        "territories/index.html",
        plans=plans,
        # Made units tell where customers are, so whoever may not read these sees no plan of them.
        kept=not plans and queries.live_plan(g.session) is not None,
        kinds={kind.code: kind.name(choose_locale()) for kind in types.all_types(g.session)},
        upcoming=next_plan.upcoming(g.session) if g.actor.may("read", "account") else [],
        areas={area.code: area.name for area in queries.areas(g.session)},
        levels={
            layer.code: layer_name(layer.code, layer.name)
            for layer in (*places.layers(g.session), *made)
        },
    )


@bp.get("/new")
@permit("design", "territory")
def new() -> str:
    """The form of a new plan: an earlier one's wishes with ?like=, what is kept of it with ?keep=.

    `lock` and `focus` are comma lists of its territories that stay, or of those alone that are
    designed anew; one alone comes with those around it.
    """
    like = request.args.get("like", type=int)
    earlier = queries.plan(g.session, g.actor, like) if like else None
    plans = queries.plans(g.session, g.actor)
    wishes = {} if earlier is None else earlier.params.get("request", {})
    shares = {} if earlier is None else Balance.of_plan(earlier).shares
    times = None if earlier is None else kept_times.of_like(g.session, earlier)
    return render_template(
        "territories/new.html",
        layers=[
            layer
            for layer in (*made_levels.layers(g.session, g.actor), *places.layers(g.session))
            if layer.level > 0 and layer.units
        ],
        areas=queries.areas(g.session),
        measures=list(Measure),
        like=earlier,
        proposed=another_name(earlier.name, {plan.name for plan in plans}) if earlier else "",
        count=next((plan.territories for plan in plans if plan.id == like), 10),
        wishes=wishes,
        shares=shares,
        plans=plans,
        begin={
            "keep": request.args.get("keep", type=int),
            "locked": _numbers("lock"),
            "focus": _numbers("focus"),
            # The travel times of the earlier plan, where they are kept.
            "times": times and {"id": times.id, "file": times.name, "level": times.level},
            "lost": None if times else wishes.get("times", {}).get("file"),
            "wishes": {
                name: wishes[name]
                for name in _REPEATED
                # The centres of a focus are those of its territories alone.
                if name in wishes and not (name == "centres" and "focus" in wishes)
            },
        },
        tolerance=DEFAULT_TOLERANCE,
        time_s=WEB_TIME_S,
        speed_kmh=speed_of(wishes.get("times", {})),
        most_speed_kmh=MAX_SPEED_KMH,
        most_mb=kept_times.MAX_BYTES // 2**20,
        most_time_s=MAX_TIME_S,
    )


# Wishes that only the page's own module can put into its fields.
_REPEATED = ("centres", "together", "apart")


def _numbers(name: str) -> list[int]:
    return [int(one) for one in request.args.get(name, "").split(",") if one.isdecimal()]


@bp.get("/<int:plan_id>")
@permit("read", "territory")
def show(plan_id: int) -> str:
    """One plan on its map, with a bar for each territory; the page asks for its units itself."""
    plan = queries.plan(g.session, g.actor, plan_id)
    designer = g.actor.may("design", "territory")
    return render_template(
        "territories/show.html",
        plan=_head(plan),
        area=designing.area_name(g.session, plan),
        unplaced=figures.unplaced(g.session).accounts if designer else None,
        designer=designer,
        editable=designer and plan.state == PlanState.PLANNING,
        never_live=never_live(plan) if designer else "",
        undoable=designer and plan.state == PlanState.LIVE,
        proof=plan.params.get("proof") if designer else None,
        times=plan.params.get("request", {}).get("times"),
        redrawn=designer and bool(edit_queries.steps(g.session, plan.id)),
        reps=_reps() if designer else [],
    )


def never_live(plan: Plan) -> str:
    """Why the plan cannot go live whatever its state, in the page's language; else empty."""
    why = queries.why_never_live(g.session, plan)
    return figure(why) if why else ""


def _head(plan: Plan) -> dict[str, Any]:
    """What the page says of a plan before its units are there."""
    balance = Balance.of_plan(plan)
    people: dict[int, list[dict[str, Any]]] = {}
    today = clock.business_day()
    for one in queries.members(g.session, [plan.id]):
        if one.to_day is None or one.to_day >= today or plan.state == PlanState.ARCHIVED:
            people.setdefault(one.territory_id, []).append(_person(one))
    territories = queries.territories(g.session, plan.id)
    number_of = {one.id: one.number for one in territories}
    return {
        "id": plan.id,
        "name": plan.name,
        "state": plan.state,
        # Whether it decides which territory a customer lies in.
        "leads": plan.type == LEADING,
        "level": plan.level,
        "within": plan.within,
        # The key of what is balanced among the columns, its words, and all that bars can show.
        "balance": balance.key,
        "balanced": balanced(plan.measure, balance.shares),
        "scale": measure(plan.measure) if balance.mixed else "",
        "measures": [
            [name, measure_heading(name)]
            for name in dict.fromkeys((balance.key, *ALWAYS, *balance.further))
        ],
        "tolerance": plan.tolerance,
        "tolerances": plan.params.get("request", {}).get("tolerances", {}),
        "territories": [
            {
                "number": one.number,
                "name": one.name,
                "colour": one.colour,
                "parent": number_of.get(one.parent_id) if one.parent_id else None,
                "people": people.get(one.id, []),
            }
            for one in territories
        ],
    }


def _person(member: queries.Member) -> dict[str, Any]:
    """Who works in a territory; the days as in the API."""
    return {
        "user_id": member.user_id,
        "name": member.name,
        "role": member.role,
        "from_day": member.from_day and member.from_day.isoformat(),
        "to_day": member.to_day and member.to_day.isoformat(),
    }


def _reps() -> list[dict[str, Any]]:
    """Those who may be given a territory by this actor."""
    everyone = service.answers_for_everyone(g.session, g.actor)
    return [
        {"id": user.id, "name": user.name}
        for user in people.users(g.session)
        if user.active
        and user.role_kind in (Role.FIELD_REP, Role.TERRITORY_MANAGER)
        and (everyone or user.id in g.actor.owner_ids)
    ]
