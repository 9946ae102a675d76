"""API of the life of territory plans: types, steps, and what is said about a plan."""

from datetime import date, datetime

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import events, life, queries, types
from geocrm.territories.models import Plan, PlanType
from geocrm.web.access import permit
from geocrm.web.api.territory_documents import Revision, Versioned

bp = APIBlueprint(
    "api_territory_life", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class Type(BaseModel):
    """What plans divide the ground for; sales, the first, decides who sees an account."""

    code: str
    name_en: str
    name_id: str
    priority: int


class Types(BaseModel):
    """The types by priority."""

    items: list[Type]


class NewType(BaseModel):
    """A type to add, after all there are."""

    code: str = Field(max_length=100)
    name_en: str = Field(max_length=1000)
    name_id: str = Field(default="", max_length=1000)


class TypeChoice(Versioned):
    """What a plan divides the ground for."""

    type: str = Field(max_length=100)


class StepWanted(Versioned):
    """A step; `day` is when a scheduled plan goes live, a step back needs a comment."""

    step: str = Field(max_length=40)
    comment: str = Field(default="", max_length=10_000)
    day: date | None = None


class Comment(BaseModel):
    """Something to say about a plan."""

    comment: str = Field(max_length=10_000)


class Event(BaseModel):
    """A step that was done, or something said; no name is the operator, or the clock."""

    id: int
    at: datetime
    name: str | None
    step: str
    state: str
    comment: str


class Life(BaseModel):
    """Where a plan is in its life, what the asker can do next, and what happened."""

    type: str
    state: str
    version: int
    effective_on: date | None
    possible: list[str]
    events: list[Event]


@bp.get("/types")
@bp.output(Types)
@bp.doc(summary="Types of territory plans", security="token")
@permit("read", "territory")
def all_types() -> Types:
    """The types by priority."""
    return Types(items=[_type(kind) for kind in types.all_types(g.session)])


@bp.post("/types")
@bp.input(NewType, arg_name="wanted")
@bp.output(Type, status_code=201)
@bp.doc(summary="Add a type", security="token")
@permit("update", "setting")
def add_type(wanted: NewType) -> Type:
    """Add a type of plans."""
    return _type(types.add(g.session, g.actor, wanted.code, wanted.name_en, wanted.name_id))


@bp.put("/plans/<int:plan_id>/type")
@bp.input(TypeChoice, arg_name="wanted")
@bp.output(Revision)
@bp.doc(summary="What a plan in planning divides the ground for", security="token")
@permit("design", "territory")
def set_type(plan_id: int, wanted: TypeChoice) -> Revision:
    """Choose the type of a plan."""
    plan = types.set_type(g.session, g.actor, plan_id, wanted.version, wanted.type)
    return Revision(version=plan.version)


@bp.get("/plans/<int:plan_id>/life")
@bp.output(Life)
@bp.doc(summary="The steps of a plan and what was said about it", security="token")
@permit("design", "territory")
def show(plan_id: int) -> Life:
    """Where the plan is."""
    return shown_life(queries.plan(g.session, g.actor, plan_id))


@bp.post("/plans/<int:plan_id>/steps")
@bp.input(StepWanted, arg_name="wanted")
@bp.output(Life)
@bp.doc(summary="Submit, approve, schedule, unschedule or send_back a plan", security="token")
@permit("design", "territory")
def take(plan_id: int, wanted: StepWanted) -> Life:
    """Do a step."""
    plan = life.take(
        *(g.session, g.actor, plan_id, wanted.step),
        version=wanted.version,
        comment=wanted.comment,
        day=wanted.day,
    )
    return shown_life(plan)


@bp.post("/plans/<int:plan_id>/comments")
@bp.input(Comment, arg_name="wanted")
@bp.output(Life)
@bp.doc(summary="Say something about a plan", security="token")
@permit("design", "territory")
def say(plan_id: int, wanted: Comment) -> Life:
    """Add to the thread of the plan."""
    life.say(g.session, g.actor, plan_id, wanted.comment)
    return shown_life(queries.plan(g.session, g.actor, plan_id))


def shown_life(plan: Plan) -> Life:
    """The life of a plan as the API gives it."""
    g.session.flush()
    return Life(
        type=plan.type,
        state=plan.state,
        version=plan.version,
        effective_on=plan.effective_on,
        possible=life.possible(g.session, g.actor, plan),
        events=[Event(**one._asdict()) for one in events.thread(g.session, plan.id)],
    )


def _type(kind: PlanType) -> Type:
    return Type.model_validate(kind, from_attributes=True)
