"""API of going live: what would change hands, making a plan live, taking it back."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import activation, activation_tasks, comparison, queries
from geocrm.web.access import permit
from geocrm.web.api.territory_documents import Versioned

bp = APIBlueprint(
    "api_territory_activation", __name__, url_prefix="/api/v1/territories", tag="Territories"
)

PAGE_ROWS = 100


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
    # Null while a job is at it: GET /api/v1/jobs/{job_id}.
    accounts: int | None
    previous_plan_id: int | None
    job_id: int | None = None


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
    """Make the plan live; when it hands over many accounts, in the background."""
    plan = queries.plan(g.session, g.actor, plan_id)
    if activation.size(g.session, plan) > activation_tasks.MAX_AT_ONCE:
        job = activation_tasks.start(g.session, g.actor, plan, wanted.version, wanted.instead_of)
        return WentLive(plan_id=plan_id, accounts=None, previous_plan_id=None, job_id=job.id)
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
