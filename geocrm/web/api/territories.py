"""API of territory plans: design, look, change, compare, make live, take back, export."""

from datetime import datetime
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, g
from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from geocrm.territories import activation, comparison, exporting, queries, service, sheets, tasks
from geocrm.territories.designing import DEFAULT_TOLERANCE, Request
from geocrm.territories.exporting import Style
from geocrm.territories.models import Measure, MemberRole, Plan
from geocrm.territories.queries import Member
from geocrm.territories.service import Move
from geocrm.web.access import permit

bp = APIBlueprint("api_territories", __name__, url_prefix="/api/v1/territories", tag="Territories")

# A page is waiting: shorter than the command line's, and the job can be cancelled.
WEB_TIME_S = 15.0
PAGE_ROWS = 100


class DesignRequest(BaseModel):
    """What a plan is asked to be."""

    level: str = Field(max_length=80)
    within: str | None = Field(default=None, max_length=80)
    count: int
    balance: Measure
    tolerance: float = DEFAULT_TOLERANCE
    seed: int = 1
    time: float = WEB_TIME_S
    name: str = Field(min_length=1, max_length=service.MAX_NAME)


class Started(BaseModel):
    """A job that designs; its result names the draft: GET /api/v1/jobs/{job_id}."""

    job_id: int


class Copied(BaseModel):
    """The draft that a copy made."""

    plan_id: int


class PlanSummary(BaseModel):
    """A plan in a list."""

    id: int
    name: str
    state: str
    version: int
    level: str
    within: str | None
    balance: str
    tolerance: float
    max_deviation: float | None
    territories: int
    author: str | None
    updated_at: datetime
    live_from: datetime | None


class Person(BaseModel):
    """Somebody who works in a territory."""

    user_id: int
    name: str
    role: MemberRole


class Territory(BaseModel):
    """A territory; figures are null where the asker may not see them."""

    id: int
    number: int
    name: str
    colour: int
    parent: int | None
    people: list[Person]
    units: int
    contiguous: bool
    mine: bool
    load: float | None
    deviation: float | None
    accounts: int | None
    revenue: float | None
    population: int | None


class Unit(BaseModel):
    """A boundary unit and the number of its territory."""

    code: str
    name: str
    territory: int
    load: float | None
    accounts: int | None
    revenue: float | None
    population: int | None
    lon: float
    lat: float


class PlanSheet(BaseModel):
    """A plan with everything the asker may see of it."""

    id: int
    name: str
    state: str
    version: int
    level: str
    within: str | None
    area: str
    balance: str
    tolerance: float
    seed: int
    ideal: float | None
    max_deviation: float | None
    contiguous: bool
    compactness: float
    accounts_without_place: int | None
    territories: list[Territory]
    units: list[Unit]
    edges: list[tuple[str, str]]


class PlanList(BaseModel):
    """Plans, the live one first."""

    items: list[PlanSummary]


class Versioned(BaseModel):
    """The version of the plan that a change was made on."""

    version: int | None = None


class PlanChange(Versioned):
    """Another name for a plan."""

    name: str = Field(max_length=1000)


class MemberChange(BaseModel):
    """Somebody to work in a territory."""

    user_id: int
    role: MemberRole = MemberRole.REP


class TerritoryChange(Versioned):
    """What to change of a territory; what is left out stays."""

    name: str | None = Field(default=None, max_length=1000)
    colour: int | None = None
    # 0 puts it on top.
    parent: int | None = None
    people: list[MemberChange] | None = Field(default=None, max_length=100)


class UnitMove(BaseModel):
    """A unit and the number of the territory it goes to."""

    unit: str
    territory: int


class Moves(Versioned):
    """Units that change territory, all or none."""

    moves: list[UnitMove] = Field(min_length=1, max_length=5000)
    splits_allowed: bool = False


class Score(BaseModel):
    """How good the plan is now."""

    version: int
    max_deviation: float
    contiguous: bool
    compactness: float


class Revision(BaseModel):
    """The version of the plan after a change."""

    version: int


class Side(BaseModel):
    """A territory on one side of a change; no id is no territory."""

    id: int | None
    name: str
    people: list[str]


class Transfer(BaseModel):
    """Accounts that would go from one side to the other."""

    before: Side
    after: Side
    accounts: int
    revenue: float


class Balance(BaseModel):
    """What one person gains and loses."""

    name: str
    gained: int
    lost: int
    revenue_gained: float
    revenue_lost: float


class Comparison(BaseModel):
    """What making the plan live would mean, counted over the accounts the asker sees."""

    live_plan_id: int | None
    live_plan: str | None
    accounts: int
    changing_hands: int
    revenue: float
    left_out: int
    transfers: list[Transfer]
    people: list[Balance]


class MovingAccount(BaseModel):
    """An account that would get another territory."""

    id: int
    name: str
    revenue: float


class MovingAccounts(BaseModel):
    """A page of such accounts; `next` is the cursor of the following one."""

    items: list[MovingAccount]
    next: str | None


class WhichMove(BaseModel):
    """The pair of territories; 0 is none."""

    before: int = Field(default=0, ge=0, lt=2**31)
    after: int = Field(default=0, ge=0, lt=2**31)
    cursor: int = Field(default=0, ge=0, lt=2**63)


class GoLive(Versioned):
    """The live plan the asker compared with; 0 for none."""

    instead_of: int | None = None


class WentLive(BaseModel):
    """A go-live, or taking one back."""

    plan_id: int
    accounts: int
    previous_plan_id: int | None


class Suggestions(BaseModel):
    """A rep for each territory without one, by number."""

    reps: dict[str, int]


@bp.get("/plans")
@bp.output(PlanList)
@bp.doc(summary="Territory plans", security="token")
@permit("read", "territory")
def plans() -> PlanList:
    """All plans for those who may design, the live one for everybody else."""
    found = queries.plans(g.session, g.actor)
    return PlanList(
        items=[PlanSummary(balance=plan.measure, **_without(plan, "measure")) for plan in found]
    )


@bp.post("/designs")
@bp.input(DesignRequest, arg_name="wanted")
@bp.output(Started, status_code=202)
@bp.doc(summary="Design a plan in the background", security="token")
@permit("design", "territory")
def design(wanted: DesignRequest) -> Started:
    """Refuse at once what cannot be designed, else start."""
    request = Request(
        level=wanted.level,
        count=wanted.count,
        measure=wanted.balance,
        within=wanted.within or None,
        tolerance=wanted.tolerance,
        seed=wanted.seed,
        time_s=wanted.time,
    )
    return Started(job_id=tasks.start(g.session, g.actor, request, wanted.name).id)


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
    name = _("%(name)s (copy)", name=queries.plan(g.session, g.actor, plan_id).name)
    return Copied(plan_id=service.copy(g.session, g.actor, plan_id, name[: service.MAX_NAME]).id)


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
        people = {person.user_id: person.role for person in change.people}
        service.set_members(g.session, g.actor, plan_id, version, number, people)
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
    found = service.suggest_reps(g.session, g.actor, plan_id)
    return Suggestions(reps={str(number): user_id for number, user_id in found.items()})


@bp.get("/plans/<int:plan_id>/changes")
@bp.output(Comparison)
@bp.doc(summary="What would change hands if the plan went live", security="token")
@permit("design", "territory")
def changes(plan_id: int) -> Comparison:
    """The plan against what is live."""
    plan = queries.plan(g.session, g.actor, plan_id)
    return shown_comparison(comparison.compare(g.session, plan))


@bp.get("/plans/<int:plan_id>/changes/accounts")
@bp.input(WhichMove, location="query", arg_name="which")
@bp.output(MovingAccounts)
@bp.doc(summary="The accounts of one such change", security="token")
@permit("design", "territory")
def moving_accounts(plan_id: int, which: WhichMove) -> MovingAccounts:
    """The accounts the asker sees that would go from one territory to another."""
    plan = queries.plan(g.session, g.actor, plan_id)
    pair = (which.before or None, which.after or None)
    found = activation.moving_accounts(g.session, plan, pair, which.cursor, PAGE_ROWS)
    return MovingAccounts(
        items=[MovingAccount(id=a.id, name=a.name, revenue=a.revenue) for a in found],
        next=str(found[-1].id) if len(found) == PAGE_ROWS else None,
    )


@bp.post("/plans/<int:plan_id>/activate")
@bp.input(GoLive, arg_name="wanted")
@bp.output(WentLive)
@bp.doc(summary="Make a draft live: it assigns all accounts", security="token")
@permit("activate", "territory")
def activate(plan_id: int, wanted: GoLive) -> WentLive:
    """Make the plan live."""
    done = activation.activate(
        g.session, g.actor, plan_id, wanted.version, instead_of=wanted.instead_of
    )
    return WentLive(plan_id=plan_id, accounts=done.accounts, previous_plan_id=done.previous_plan_id)


@bp.post("/plans/<int:plan_id>/undo")
@bp.output(WentLive)
@bp.doc(summary="Take back the go-live of the live plan", security="token")
@permit("activate", "territory")
def undo(plan_id: int) -> WentLive:
    """Everything as it was before the plan went live."""
    done = activation.undo(g.session, g.actor, plan_id)
    return WentLive(plan_id=plan_id, accounts=done.accounts, previous_plan_id=done.previous_plan_id)


@bp.get("/plans/<int:plan_id>/export.<kind>")
@bp.doc(summary="The plan as geojson, csv, or html that opens without network", security="token")
@permit("export", "territory")
def export(plan_id: int, kind: str) -> Response:
    """A file to take away."""
    content = exporting.render(g.session, g.actor, plan_id, kind, _style())
    answer = Response(content, content_type=exporting.MEDIA_TYPES[kind])
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"territories-{plan_id}.{kind}"
    )
    return answer


# ------------------------------------------------------------------------------ shown


def shown_sheet(sheet: sheets.Sheet) -> PlanSheet:
    """The sheet as the API and the page give it."""
    plan = sheet.plan
    return PlanSheet(
        id=plan.id,
        name=plan.name,
        state=plan.state,
        version=plan.version,
        level=plan.level,
        within=plan.within,
        area=sheet.area,
        balance=plan.measure,
        tolerance=plan.tolerance,
        seed=plan.seed,
        ideal=sheet.ideal,
        max_deviation=sheet.max_deviation,
        contiguous=sheet.contiguous,
        compactness=sheet.compactness,
        accounts_without_place=sheet.unplaced.accounts if sheet.unplaced else None,
        territories=[_territory(row) for row in sheet.territories],
        units=[Unit.model_validate(row, from_attributes=True) for row in sheet.units],
        edges=[(edge.a, edge.b) for edge in sheet.edges],
    )


def _territory(row: sheets.TerritoryRow) -> Territory:
    fields = {name: getattr(row, name) for name in Territory.model_fields if name != "people"}
    return Territory(people=[_person(member) for member in row.people], **fields)


def _person(member: Member) -> Person:
    return Person(user_id=member.user_id, name=member.name, role=MemberRole(member.role))


def shown_comparison(found: comparison.Comparison) -> Comparison:
    """The comparison as the API and the page give it."""
    return Comparison(
        live_plan_id=found.live.id if found.live else None,
        live_plan=found.live.name if found.live else None,
        accounts=found.accounts,
        changing_hands=found.changing_hands,
        revenue=found.revenue,
        left_out=found.left_out,
        transfers=[
            Transfer(
                before=_side(transfer.before),
                after=_side(transfer.after),
                accounts=transfer.accounts,
                revenue=transfer.revenue,
            )
            for transfer in found.transfers
        ],
        people=[Balance.model_validate(one, from_attributes=True) for one in found.people],
    )


def _side(side: comparison.Side) -> Side:
    return Side(id=side.id, name=side.name, people=list(side.people))


def _revision(plan: Plan) -> Revision:
    return Revision(version=plan.version)


def _without(row: Any, *names: str) -> dict[str, Any]:
    return {
        name: value
        for name, value in row._asdict().items()
        if name not in names and name in PlanSummary.model_fields
    }


def _style() -> Style:
    return Style(
        vendor=Path(str(current_app.static_folder)) / "vendor",
        language=str(get_locale()),
        number=lambda value: str(format_decimal(round(value))),
        share=lambda value: str(format_percent(value, "+0.0 %;-0.0 %")),
        territory=_("Territory"),
        responsible=_("Responsible"),
        units=_("Units"),
        load=_("Load"),
        deviation=_("Off the mean"),
        accounts=_("Customers"),
        revenue=_("Revenue"),
        population=_("Population"),
        largest_deviation=_("Largest deviation"),
        tolerance=_("Tolerance"),
        not_counted=_("Customers without a trustworthy point, not counted"),
    )
