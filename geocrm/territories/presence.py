"""Who has a plan open: each page says so every few seconds."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import InvalidInput
from geocrm.security import Actor
from geocrm.territories import edit_queries, queries
from geocrm.territories.edit_models import PlanPresence
from geocrm.territories.edit_queries import Other

MAX_TAB = 60


def report(session: Session, actor: Actor, plan_id: int, tab: str, unsaved: int) -> list[Other]:
    """Say that this page has the plan open, with so many unsaved units; tells who else has it."""
    actor.require("design", "territory")
    plan = queries.plan(session, actor, plan_id)
    if not tab or len(tab) > MAX_TAB:
        raise InvalidInput("A page is named by 1 to {most} characters", most=MAX_TAB)
    now = clock.now()
    session.execute(
        delete(PlanPresence).where(
            PlanPresence.plan_id == plan.id,
            PlanPresence.seen_at < now - edit_queries.PRESENT_FOR,
        )
    )
    if actor.user_id is not None:
        row = insert(PlanPresence).values(
            plan_id=plan.id, user_id=actor.user_id, tab=tab, unsaved=unsaved, seen_at=now
        )
        fresh = {"unsaved": row.excluded.unsaved, "seen_at": row.excluded.seen_at}
        keys = ["plan_id", "user_id", "tab"]
        session.execute(row.on_conflict_do_update(index_elements=keys, set_=fresh))
    return edit_queries.others(session, plan.id, (actor.user_id, tab), now)


def leave(session: Session, actor: Actor, plan_id: int, tab: str) -> None:
    """Say that this page is closed."""
    session.execute(
        delete(PlanPresence).where(
            PlanPresence.plan_id == plan_id,
            PlanPresence.user_id == actor.user_id,
            PlanPresence.tab == tab,
        )
    )
