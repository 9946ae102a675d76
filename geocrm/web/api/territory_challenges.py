"""API of the next plan as the field sees it, and of challenges to it."""

from datetime import date, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import challenges, next_plan, queries
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_challenges", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class NextPlan(BaseModel):
    """A plan that may come."""

    id: int
    name: str
    state: str
    effective_on: date | None


class NextPlans(BaseModel):
    """Such plans, the nearest first."""

    items: list[NextPlan]


class Turn(BaseModel):
    """A unit of the asker's ground, now or by the plan, with how many accounts lie in it."""

    code: str
    name: str
    before: str | None
    after: str | None
    mine: bool
    future: bool
    accounts: int


class TurningAccount(BaseModel):
    """An account the asker sees that would come to their ground, or leave it."""

    id: int
    name: str
    unit: str
    coming: bool
    before: str | None
    after: str | None


class Outlook(BaseModel):
    """A plan from the point of view of the asker."""

    plan: NextPlan
    units: list[Turn]
    accounts: list[TurningAccount]
    # Whether accounts follow: ask again with the name and id of the last one.
    more: bool
    shapes: dict[str, Any]


class OutlookPage(BaseModel):
    """Which accounts: those with `named` in their name, beyond the last of the page before."""

    named: str = Field(default="", max_length=200)
    after: str = Field(default="", max_length=400)
    after_id: int | None = Field(default=None, ge=0, lt=2**63)


class ChallengeWanted(BaseModel):
    """A unit or an account that belongs elsewhere; `wanted` is the number of a territory."""

    unit: str | None = Field(default=None, max_length=100)
    account_id: int | None = None
    wanted: int | None = None
    reason: str = Field(max_length=10_000)


class Answer(BaseModel):
    """What becomes of a challenge."""

    accepted: bool
    words: str = Field(max_length=10_000)
    splits_allowed: bool = False


class Answered(BaseModel):
    """Whether a unit was moved in the plan by it."""

    moved: bool


class Challenge(BaseModel):
    """A challenge with the names of all that it names."""

    id: int
    by: str
    at: datetime
    unit: str | None
    account: str | None
    wanted: str | None
    # The territory of the plan where the unit lies now.
    present: str | None
    reason: str
    state: str
    answer: str
    answered_by: str | None
    answered_at: datetime | None


class Challenges(BaseModel):
    """Challenges, the open ones first."""

    items: list[Challenge]


class Raised(BaseModel):
    """The challenge that was raised."""

    id: int


@bp.get("/next")
@bp.output(NextPlans)
@bp.doc(summary="Plans under review, approved or scheduled", security="token")
@permit("read", "account")
def upcoming() -> NextPlans:
    """Plans that may come."""
    return NextPlans(
        items=[
            NextPlan.model_validate(plan, from_attributes=True)
            for plan in next_plan.upcoming(g.session)
        ]
    )


@bp.get("/next/<int:plan_id>")
@bp.input(OutlookPage, location="query", arg_name="page")
@bp.output(Outlook)
@bp.doc(summary="What such a plan changes for the asker", security="token")
@permit("read", "account")
def outlook(plan_id: int, page: OutlookPage) -> Outlook:
    """What comes and goes."""
    plan = next_plan.coming_plan(g.session, plan_id)
    after = None if page.after_id is None else (page.after, page.after_id)
    found = next_plan.outlook(g.session, g.actor, plan, named=page.named, after=after)
    return Outlook(
        plan=NextPlan.model_validate(plan, from_attributes=True),
        units=[Turn(**unit._asdict()) for unit in found.units],
        accounts=[TurningAccount(**one._asdict()) for one in found.accounts],
        more=found.more,
        shapes=next_plan.outlines(g.session, [unit.code for unit in found.units]),
    )


@bp.post("/next/<int:plan_id>/challenges")
@bp.input(ChallengeWanted, arg_name="wanted")
@bp.output(Raised, status_code=201)
@bp.doc(summary="Challenge where the plan puts a unit or an account", security="token")
@permit("read", "account")
def challenge(plan_id: int, wanted: ChallengeWanted) -> Raised:
    """Say why it belongs elsewhere."""
    found = challenges.raise_one(
        *(g.session, g.actor, plan_id),
        unit=wanted.unit,
        account_id=wanted.account_id,
        wanted=wanted.wanted,
        reason=wanted.reason,
    )
    return Raised(id=found.id)


@bp.get("/next/<int:plan_id>/challenges")
@bp.output(Challenges)
@bp.doc(summary="The asker's own challenges and their answers", security="token")
@permit("read", "account")
def own(plan_id: int) -> Challenges:
    """What the asker challenged."""
    return _shown(challenges.own(g.session, g.actor, plan_id))


@bp.get("/plans/<int:plan_id>/challenges")
@bp.output(Challenges)
@bp.doc(summary="Challenges of a plan", security="token")
@permit("design", "territory")
def open_to(plan_id: int) -> Challenges:
    """What is to be answered."""
    plan = queries.plan(g.session, g.actor, plan_id)
    return _shown(challenges.open_to(g.session, plan.id))


@bp.post("/challenges/<int:challenge_id>/answer")
@bp.input(Answer, arg_name="wanted")
@bp.output(Answered)
@bp.doc(summary="Accept or decline a challenge", security="token")
@permit("design", "territory")
def answer(challenge_id: int, wanted: Answer) -> Answered:
    """Answer with words."""
    moved = challenges.answer(
        *(g.session, g.actor, challenge_id),
        accepted=wanted.accepted,
        words=wanted.words,
        splits_allowed=wanted.splits_allowed,
    )
    return Answered(moved=moved)


def _shown(rows: list[challenges.Row]) -> Challenges:
    return Challenges(
        items=[
            Challenge(
                by=row.by,
                unit=row.unit,
                account=row.account,
                wanted=row.wanted,
                present=row.present,
                answered_by=row.answered_by,
                **{
                    name: getattr(row.challenge, name)
                    for name in ("id", "at", "reason", "state", "answer", "answered_at")
                },
            )
            for row in rows
        ]
    )
