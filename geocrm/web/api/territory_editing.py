"""API of changing a plan by hand: its units as columns, saved steps, who else has it open."""

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import columns, edit_queries, editing, presence, queries, service
from geocrm.territories.editing import NewTerritory, Saved, Step
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_editing", __name__, url_prefix="/api/v1/territories/plans", tag="Territories"
)


class PlanColumns(BaseModel):
    """The units of a plan, a column for each figure; null is hidden or not known."""

    version: int
    # What all codes begin with.
    prefix: str
    code: list[str]
    name: list[str]
    parent: list[int]
    parents: list[str]
    territory: list[int]
    accounts: list[int | None]
    revenue: list[float | None]
    population: list[int | None]
    # What else the plan balances; the load of a mixture is under "mixture".
    further: dict[str, list[float | None]]
    lon: list[float]
    lat: list[float]
    a: list[int]
    b: list[int]


class Added(BaseModel):
    """A territory to add, or one that came or went in a step."""

    number: int
    name: str = Field(max_length=1000)
    colour: int = 0


class EditWanted(BaseModel):
    """Units by the number of the territory they go to ("0" for none), all or nothing."""

    version: int | None = None
    assign: dict[int, list[str]] = Field(default_factory=dict, max_length=editing.MAX_NUMBER)
    add: list[Added] = Field(default_factory=list, max_length=5000)
    remove: list[int] = Field(default_factory=list, max_length=5000)


class DraftWanted(EditWanted):
    """A step that becomes a draft of its own."""

    name: str = Field(min_length=1, max_length=service.MAX_NAME)


class StepSaved(BaseModel):
    """What a step did, and how good the plan is now; territories in pieces or empty by name."""

    plan_id: int
    version: int
    units: int
    max_deviation: float
    compactness: float
    unassigned: int
    split: list[str]
    empty: list[str]


class StepShown(BaseModel):
    """A saved step."""

    id: int
    version: int
    who: str | None
    at: datetime
    units: int
    added: list[Added]
    removed: list[Added]


class Move(BaseModel):
    """A unit that went from one territory to another; 0 is none."""

    unit: str
    before: int
    after: int


class StepDetail(StepShown):
    """A saved step with its units."""

    moves: list[Move]


class StepList(BaseModel):
    """Saved steps, the newest first; `next` is the version to go on before."""

    items: list[StepShown]
    next: int | None


class WhichSteps(BaseModel):
    """Where a page of steps begins."""

    before: int | None = Field(default=None, ge=0, lt=2**31)


class Here(BaseModel):
    """A page that has the plan open."""

    tab: str = Field(min_length=1, max_length=presence.MAX_TAB)
    version: int = Field(ge=0, lt=2**31)
    unsaved: int = Field(default=0, ge=0, lt=2**31)


class Colleague(BaseModel):
    """Somebody else who has the plan open; `self` is another page of one's own."""

    name: str
    unsaved: int
    self: bool


class TerritoryNow(BaseModel):
    """A territory as it is now."""

    number: int
    name: str
    colour: int


class Around(BaseModel):
    """Who else is there, and what was saved since the version that the page has."""

    version: int
    state: str
    others: list[Colleague]
    steps: list[StepDetail]
    # Only when the version is another one.
    territories: list[TerritoryNow]


@bp.get("/<int:plan_id>/columns")
@bp.output(PlanColumns)
@bp.doc(summary="The units of a plan as columns, also those in no territory", security="token")
@permit("read", "territory")
def show_columns(plan_id: int) -> PlanColumns:
    """The plan's units as the asker may see them."""
    found = columns.columns(g.session, g.actor, plan_id)
    fields = {name: getattr(found, name) for name in PlanColumns.model_fields if name != "version"}
    return PlanColumns(version=found.plan.version, **fields)


@bp.post("/<int:plan_id>/edits")
@bp.input(EditWanted, arg_name="wanted")
@bp.output(StepSaved)
@bp.doc(summary="Change a draft: any number of units in one step", security="token")
@permit("design", "territory")
def save(plan_id: int, wanted: EditWanted) -> StepSaved:
    """Move units, add and remove territories, all or nothing."""
    return _saved(editing.save(g.session, g.actor, plan_id, wanted.version, _step(wanted)))


@bp.post("/<int:plan_id>/drafts")
@bp.input(DraftWanted, arg_name="wanted")
@bp.output(StepSaved, status_code=201)
@bp.doc(summary="A new draft: the plan with a step applied", security="token")
@permit("design", "territory")
def save_as(plan_id: int, wanted: DraftWanted) -> StepSaved:
    """Leave the plan as it is and keep the step as another draft."""
    step = _step(wanted)
    return _saved(
        editing.save_as_draft(g.session, g.actor, plan_id, wanted.version, wanted.name, step)
    )


@bp.get("/<int:plan_id>/edits")
@bp.input(WhichSteps, location="query", arg_name="which")
@bp.output(StepList)
@bp.doc(summary="The saved steps of a plan, the newest first", security="token")
@permit("design", "territory")
def steps(plan_id: int, which: WhichSteps) -> StepList:
    """A page of the plan's history."""
    plan = queries.plan(g.session, g.actor, plan_id)
    found = edit_queries.steps(g.session, plan.id, which.before)
    full = len(found) == edit_queries.PAGE_ROWS
    return StepList(
        items=[StepShown.model_validate(one._asdict()) for one in found],
        next=found[-1].version if full else None,
    )


@bp.get("/<int:plan_id>/edits/<int:step_id>")
@bp.output(StepDetail)
@bp.doc(summary="One saved step with its units", security="token")
@permit("design", "territory")
def step(plan_id: int, step_id: int) -> StepDetail:
    """What a step moved."""
    plan = queries.plan(g.session, g.actor, plan_id)
    return _detailed([edit_queries.step(g.session, plan.id, step_id)])[0]


@bp.post("/<int:plan_id>/presence")
@bp.input(Here, arg_name="here")
@bp.output(Around)
@bp.doc(summary="Say that a page has the plan open; who else, and what was saved", security="token")
@permit("design", "territory")
def be_present(plan_id: int, here: Here) -> Around:
    """Who else has the plan open, and the steps since the version that the page has."""
    others = presence.report(g.session, g.actor, plan_id, here.tab, here.unsaved)
    plan = queries.plan(g.session, g.actor, plan_id)
    behind = plan.version != here.version
    since = edit_queries.steps_since(g.session, plan.id, here.version) if behind else []
    now = queries.territories(g.session, plan.id) if behind else []
    return Around(
        version=plan.version,
        state=plan.state,
        others=[
            Colleague(name=o.name, unsaved=o.unsaved, self=o.user_id == g.actor.user_id)
            for o in others
        ],
        steps=_detailed(since),
        territories=[TerritoryNow(number=t.number, name=t.name, colour=t.colour) for t in now],
    )


@bp.delete("/<int:plan_id>/presence/<tab>")
@bp.output({}, status_code=204)
@bp.doc(summary="Say that a page is closed", security="token")
@permit("design", "territory")
def leave(plan_id: int, tab: str) -> str:
    """Forget a page that had the plan open."""
    presence.leave(g.session, g.actor, plan_id, tab)
    return ""


def _step(wanted: EditWanted) -> Step:
    return Step(
        assign=wanted.assign,
        add=[NewTerritory(one.number, one.name, one.colour) for one in wanted.add],
        remove=wanted.remove,
    )


def _saved(done: Saved) -> StepSaved:
    return StepSaved(
        plan_id=done.plan.id,
        version=done.plan.version,
        units=done.units,
        max_deviation=done.max_deviation,
        compactness=done.compactness,
        unassigned=done.unassigned,
        split=list(done.split),
        empty=list(done.empty),
    )


def _detailed(found: list[edit_queries.Step]) -> list[StepDetail]:
    moved = edit_queries.moved(g.session, [one.id for one in found]) if found else {}
    return [StepDetail.model_validate(_fields(one, moved[one.id])) for one in found]


def _fields(one: edit_queries.Step, moved: list[edit_queries.Moved]) -> dict[str, Any]:
    return one._asdict() | {"moves": [move._asdict() for move in moved]}
