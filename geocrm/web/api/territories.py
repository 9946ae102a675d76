"""API of territory plans: design, look, change."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from geocrm.errors import InvalidInput
from geocrm.spatial.districting import Objective
from geocrm.territories import members, queries, service, sheets, suggesting, tasks
from geocrm.territories.kept_times import GivenTimes
from geocrm.territories.limits import Limits, wished
from geocrm.territories.members import Term
from geocrm.territories.models import MemberRole, Plan
from geocrm.territories.naming import another_name
from geocrm.territories.requests import DEFAULT_TOLERANCE, Request
from geocrm.territories.service import Move
from geocrm.territories.travel_times import DEFAULT_SPEED_KMH
from geocrm.territories.wishes import Wishes
from geocrm.web.access import permit
from geocrm.web.api.territory_documents import (
    Copied,
    DesignRequest,
    MemberChange,
    Moves,
    PlanChange,
    PlanList,
    PlanSheet,
    PlanSummary,
    Revision,
    Score,
    Started,
    Suggestions,
    TerritoryChange,
    shown_sheet,
)

bp = APIBlueprint("api_territories", __name__, url_prefix="/api/v1/territories", tag="Territories")


@bp.get("/plans")
@bp.output(PlanList)
@bp.doc(summary="Territory plans", security="token")
@permit("read", "territory")
def plans() -> PlanList:
    """All plans for those who may design, the live one for everybody else."""
    found = queries.plans(g.session, g.actor)
    return PlanList(
        items=[
            PlanSummary(balance=plan.measure, weights=plan.shares or {}, **_same(plan))
            for plan in found
        ]
    )


@bp.post("/designs")
@bp.input(DesignRequest, arg_name="wanted")
@bp.output(Started, status_code=202)
@bp.doc(
    summary="Design a plan in the background",
    description="With the objective travel, `times` names travel times that were given to POST"
    " .../designs/times; weight x minutes to the centre is then made small.",
    security="token",
)
@permit("design", "territory")
def design(wanted: DesignRequest) -> Started:
    """Refuse at once what cannot be designed, else start."""
    limits = Limits(wanted.tolerance, wanted.minimum, wanted.maximum)
    measure = wanted.balance or ("" if wanted.weights else limits.first)
    wishes, tolerance = wished(_wishes(wanted), measure, limits, DEFAULT_TOLERANCE)
    request = Request(
        level=wanted.level,
        count=wanted.count,
        measure=measure,
        within=wanted.within or None,
        tolerance=tolerance,
        seed=wanted.seed,
        time_s=wanted.time,
        effort=wanted.effort,
        numbers=wanted.numbers,
        wishes=wishes,
    )
    times = _times(wanted)
    return Started(job_id=tasks.start(g.session, g.actor, request, wanted.name, times).id)


def _times(wanted: DesignRequest) -> GivenTimes | None:
    if wanted.times is None:
        if wanted.speed is not None:
            raise InvalidInput("A speed is for what travel times leave out: name these (times)")
        return None
    if wanted.objective is not Objective.TRAVEL:
        raise InvalidInput(
            "Travel times are for the objective travel: choose it, or leave the times out"
        )
    speed = DEFAULT_SPEED_KMH if wanted.speed is None else wanted.speed
    return GivenTimes(wanted.times, speed)


def _wishes(wanted: DesignRequest) -> Wishes:
    """What is wished beside limits."""
    return Wishes(
        weights=wanted.weights,
        objective=wanted.objective,
        keep=None if wanted.keep is None else str(wanted.keep),
        disruption=wanted.disruption,
        stability=wanted.stability,
        lock=tuple(wanted.lock),
        centres=tuple(wanted.centres),
        focus=tuple(wanted.focus),
        give=wanted.give,
        together=tuple(tuple(group) for group in wanted.together),
        apart=tuple(wanted.apart),
    )


@bp.get("/plans/<int:plan_id>")
@bp.output(PlanSheet)
@bp.doc(summary="A plan with its territories, units and figures", security="token")
@permit("read", "territory")
def show(plan_id: int) -> PlanSheet:
    """The plan as the asker may see it."""
    return shown_sheet(sheets.sheet(g.session, g.actor, plan_id))


@bp.patch("/plans/<int:plan_id>")
@bp.input(PlanChange, arg_name="change")
@bp.output(Revision)
@bp.doc(summary="Rename a plan", security="token")
@permit("design", "territory")
def rename(plan_id: int, change: PlanChange) -> Revision:
    """Give the plan another name."""
    return _revision(service.rename(g.session, g.actor, plan_id, change.version, change.name))


@bp.delete("/plans/<int:plan_id>")
@bp.output({}, status_code=204)
@bp.doc(summary="Delete a draft", security="token")
@permit("design", "territory")
def discard(plan_id: int) -> str:
    """Delete a draft."""
    service.discard(g.session, g.actor, plan_id)
    return ""


@bp.post("/plans/<int:plan_id>/copy")
@bp.output(Copied, status_code=201)
@bp.doc(summary="Copy a plan to a draft", security="token")
@permit("design", "territory")
def copy(plan_id: int) -> Copied:
    """A draft with the same territories, people and units."""
    source = queries.plan(g.session, g.actor, plan_id).name
    # A long name leaves room for what tells the copies apart.
    name = _("%(name)s (copy)", name=source[: service.MAX_NAME - 20].strip())
    taken = {plan.name for plan in queries.plans(g.session, g.actor)}
    name = another_name(name, taken) if name in taken else name
    return Copied(plan_id=service.copy(g.session, g.actor, plan_id, name).id)


@bp.patch("/plans/<int:plan_id>/territories/<int:number>")
@bp.input(TerritoryChange, arg_name="change")
@bp.output(Revision)
@bp.doc(summary="Name, colour, place in the tree and people of a territory", security="token")
@permit("design", "territory")
def change_territory(plan_id: int, number: int, change: TerritoryChange) -> Revision:
    """Change one territory."""
    version = change.version
    if change.name is not None or change.colour is not None:
        service.describe(
            *(g.session, g.actor, plan_id, version, number),
            name=change.name,
            colour=change.colour,
        )
        version = None
    if change.parent is not None:
        parent = change.parent or None
        service.set_parent(g.session, g.actor, plan_id, version, number, parent)
        version = None
    if change.people is not None:
        people = {person.user_id: _term(person) for person in change.people}
        members.set_members(g.session, g.actor, plan_id, version, number, people)
    return _revision(queries.plan(g.session, g.actor, plan_id))


@bp.post("/plans/<int:plan_id>/moves")
@bp.input(Moves, arg_name="wanted")
@bp.output(Score)
@bp.doc(summary="Give units to other territories", security="token")
@permit("design", "territory")
def move(plan_id: int, wanted: Moves) -> Score:
    """Move units of a draft; a territory may not fall apart unless that is allowed."""
    moves = [Move(one.unit, one.territory) for one in wanted.moves]
    found = service.move_units(
        *(g.session, g.actor, plan_id, wanted.version, moves),
        splits_allowed=wanted.splits_allowed,
    )
    return Score(
        version=queries.plan(g.session, g.actor, plan_id).version,
        max_deviation=found.max_deviation,
        contiguous=found.contiguous,
        compactness=found.compactness,
    )


@bp.get("/plans/<int:plan_id>/suggestions")
@bp.output(Suggestions)
@bp.doc(summary="The rep who lives nearest, for territories without one", security="token")
@permit("design", "territory")
def suggestions(plan_id: int) -> Suggestions:
    """Reps by home, each once."""
    found = suggesting.suggest_reps(g.session, g.actor, plan_id)
    return Suggestions(reps={str(number): user_id for number, user_id in found.items()})


def _term(person: MemberChange) -> MemberRole | Term:
    """With the days when the request names them; else those somebody has stay."""
    if {"from_day", "to_day"} & person.model_fields_set:
        return Term(person.role, person.from_day, person.to_day)
    return person.role


def _revision(plan: Plan) -> Revision:
    return Revision(version=plan.version)


def _same(row: Any) -> dict[str, Any]:
    """What a summary has under the same name."""
    return {n: value for n, value in row._asdict().items() if n in PlanSummary.model_fields}
