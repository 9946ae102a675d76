"""What happened to a plan and what was said about it: one thread, oldest first."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.security import Actor
from geocrm.security.models import User
from geocrm.territories.life_models import PlanEvent
from geocrm.territories.models import Plan

MAX_WORDS = 2000


class Said(NamedTuple):
    """One entry of the thread; no name is the operator, or the clock."""

    id: int
    at: datetime
    name: str | None
    step: str
    state: str
    comment: str


def note(session: Session, actor: Actor, plan: Plan, step: str, comment: str = "") -> None:
    """Keep that a step was done, with the state the plan is in now."""
    session.add(
        PlanEvent(
            plan_id=plan.id,
            user_id=actor.user_id,
            step=step,
            state=plan.state,
            comment=words(comment),
        )
    )


def thread(session: Session, plan_id: int) -> list[Said]:
    """What happened to the plan."""
    rows = session.execute(
        select(
            *(PlanEvent.id, PlanEvent.at, User.name),
            *(PlanEvent.step, PlanEvent.state, PlanEvent.comment),
        )
        .outerjoin(User, User.id == PlanEvent.user_id)
        .where(PlanEvent.plan_id == plan_id)
        .order_by(PlanEvent.id)
    )
    return [Said._make(row) for row in rows]


def words(text: str) -> str:
    """What somebody wrote, tidied; InvalidInput when it is too long."""
    tidy = text.replace("\x00", "").strip()
    if len(tidy) > MAX_WORDS:
        raise InvalidInput(
            "{count} characters are too many; {most} are the most",
            count=len(tidy),
            most=MAX_WORDS,
        )
    return tidy
