"""The life of a plan: planning, in review, approved, scheduled, live, archived.

A designer submits. Whoever answers for everyone (an administrator, or a head of sales: a manager
who reports to nobody) approves, but not what they submitted themselves, unless nobody else could;
and sets the day on which it goes live. Back to planning leads from every state before live, with a
reason; from review also for whoever submitted it. Going live itself is in `activation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Final

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import Conflict, Forbidden, InvalidInput, Phrase
from geocrm.security import Actor, Role, audit
from geocrm.security.models import User
from geocrm.territories import events, queries, service
from geocrm.territories.life_models import PlanEvent
from geocrm.territories.models import Plan, PlanState
from geocrm.territories.state_words import plan_state

_CALENDAR_LOCK: Final = 0x7E45


@dataclass(frozen=True, slots=True)
class Step:
    """A step from some states to another."""

    name: str
    words: Phrase
    before: tuple[PlanState, ...]
    after: PlanState


_WITH_A_DAY: Final = (PlanState.APPROVED, PlanState.SCHEDULED)
_UNDER_WAY: Final = (PlanState.REVIEW, PlanState.APPROVED, PlanState.SCHEDULED)
STEPS: Final[Mapping[str, Step]] = {
    step.name: step
    for step in (
        Step("submit", Phrase("submit"), (PlanState.PLANNING,), PlanState.REVIEW),
        Step("approve", Phrase("approve"), (PlanState.REVIEW,), PlanState.APPROVED),
        Step("schedule", Phrase("schedule"), _WITH_A_DAY, PlanState.SCHEDULED),
        Step("unschedule", Phrase("unschedule"), (PlanState.SCHEDULED,), PlanState.APPROVED),
        Step("send_back", Phrase("send back"), _UNDER_WAY, PlanState.PLANNING),
    )
}


def take(
    session: Session,
    actor: Actor,
    plan_id: int,
    name: str,
    *,
    version: int | None = None,
    comment: str = "",
    day: date | None = None,
) -> Plan:
    """Do a step; `day` is when a scheduled plan goes live, a step back needs a comment.

    Conflict when the plan is in another state or somebody changed it, Forbidden when the step is
    not the actor's to do.
    """
    step = STEPS.get(name)
    if step is None:
        raise InvalidInput(
            "There is no step {name!r}; there are {steps}",
            name=name,
            steps=", ".join(STEPS),
        )
    plan = service.claim(session, actor, plan_id, version, tuple(PlanState))
    if plan.state not in step.before:
        raise Conflict(
            "{plan!r} {state}; {step} needs one that {needed}",
            plan=plan.name,
            state=plan_state(plan.state),
            step=step.words,
            needed=reduce(_either, map(plan_state, step.before)),
        )
    reason = why_not(session, actor, plan, name)
    if reason:
        raise Forbidden(reason)
    if name == "submit" and not queries.territories(session, plan.id):
        raise InvalidInput("{plan!r} has no territories", plan=plan.name)
    if name == "send_back" and not comment.strip():
        raise InvalidInput("Say why the plan goes back to planning")
    plan.effective_on = _free_day(session, plan, day) if name == "schedule" else None
    plan.state = step.after
    events.note(session, actor, plan, name, comment)
    audit.record(session, actor, name, f"territory_plan:{plan.id}")
    return plan


def say(session: Session, actor: Actor, plan_id: int, comment: str) -> None:
    """Say something about a plan; whoever sees the plans reads it."""
    actor.require("design", "territory")
    plan = queries.plan(session, actor, plan_id)
    if not events.words(comment):
        raise InvalidInput("A comment needs words")
    events.note(session, actor, plan, "comment", comment)


def possible(session: Session, actor: Actor, plan: Plan) -> list[str]:
    """The steps this actor can do now."""
    if not actor.may("design", "territory"):
        return []
    return [
        step.name
        for step in STEPS.values()
        if plan.state in step.before and why_not(session, actor, plan, step.name) is None
    ]


def why_not(session: Session, actor: Actor, plan: Plan, name: str) -> Phrase | None:
    """Why the step is not this actor's to do, or None."""
    if name == "submit":
        return None
    never = queries.why_never_live(session, plan) if name == "schedule" else None
    if never:
        return never
    own = _submitter(session, plan)
    if name == "send_back" and plan.state == PlanState.REVIEW and own == (actor.user_id,):
        return None
    if not service.answers_for_everyone(session, actor):
        return Phrase("Only an administrator or a head of sales decides that: ask one of them")
    if name == "approve" and own == (actor.user_id,) and _others_could(session, actor):
        return Phrase("You submitted this plan, so somebody else approves it")
    return None


def _either(one: Phrase, other: Phrase) -> Phrase:
    return Phrase("{one} or {other}", one=one, other=other)


def go_live_failed(session: Session, actor: Actor, plan_id: int, reason: str) -> None:
    """Let a scheduled plan that could not go live wait for people again, and say why."""
    plan = service.claim(session, actor, plan_id, None, (PlanState.SCHEDULED,))
    plan.state, plan.effective_on = PlanState.APPROVED, None
    events.note(session, actor, plan, "failed", reason)


def due(session: Session) -> list[Plan]:
    """Scheduled plans whose day has come, the earliest first."""
    return list(
        session.scalars(
            select(Plan)
            .where(Plan.state == PlanState.SCHEDULED, Plan.effective_on <= clock.business_day())
            .order_by(Plan.effective_on, Plan.id)
        )
    )


def _submitter(session: Session, plan: Plan) -> tuple[int | None] | None:
    """Whose submission is under review; the operator is nobody's second."""
    found = session.execute(
        select(PlanEvent.user_id)
        .where(PlanEvent.plan_id == plan.id, PlanEvent.step == "submit")
        .order_by(PlanEvent.id.desc())
        .limit(1)
    ).one_or_none()
    return None if found is None or found[0] is None else (found[0],)


def _others_could(session: Session, actor: Actor) -> bool:
    answers = or_(
        User.role == Role.ADMINISTRATOR.value,
        (User.role == Role.TERRITORY_MANAGER.value) & User.manager_id.is_(None),
    )
    others = select(func.count()).where(User.active, answers, User.id != actor.user_id)
    return bool(session.scalar(others))


def _free_day(session: Session, plan: Plan, day: date | None) -> date:
    if day is None:
        raise InvalidInput("Say on which day the plan goes live")
    today = clock.business_day()
    if day <= today:
        raise InvalidInput(
            "{day} is not after today, {today}: choose a later day, or make the plan live now",
            day=day,
            today=today,
        )
    session.execute(text(f"SELECT pg_advisory_xact_lock({_CALENDAR_LOCK})"))
    other = session.scalar(
        select(Plan).where(
            Plan.state == PlanState.SCHEDULED,
            Plan.type == plan.type,
            Plan.effective_on == day,
            Plan.id != plan.id,
        )
    )
    if other is not None:
        raise Conflict(
            "{plan!r} goes live on {day} already: choose another day",
            plan=other.name,
            day=day,
        )
    return day
