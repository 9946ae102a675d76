"""Going live in the background: plans that hand over many accounts, and those whose day came."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.errors import GeoCrmError
from geocrm.jobs import JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import OPERATOR, Actor
from geocrm.territories import activation, life
from geocrm.territories.models import Plan

KIND: Final = "territories.activate"
# About as many accounts change hands in the time that somebody waits for a page.
MAX_AT_ONCE: Final = 20_000


def start(
    session: Session, actor: Actor, plan: Plan, version: int | None, instead_of: int | None
) -> JobRun:
    """Queue making the plan live."""
    wishes = {"plan_id": plan.id, "version": version, "instead_of": instead_of}
    return jobs.start(session, actor, KIND, wishes)


def start_due(session: Session) -> list[int]:
    """Queue every scheduled plan whose day has come and that is not queued yet; their jobs.

    Asked for again and again by the worker: a day that no worker saw is made up for.
    """
    return [
        jobs.start(session, OPERATOR, KIND, {"plan_id": plan.id, "scheduled": True}).id
        for plan in life.due(session)
        if not _queued(session, plan)
    ]


def run(work: Work) -> dict[str, Any]:
    """Make the plan live, in one transaction; a scheduled one that cannot waits for people."""
    plan_id, scheduled = int(work.params["plan_id"]), bool(work.params.get("scheduled"))
    work.report(0, 100)
    try:
        with work.unit_of_work() as session:
            if scheduled and not any(plan.id == plan_id for plan in life.due(session)):
                return {"plan_id": plan_id, "accounts": 0}  # somebody sent it back meanwhile
            done = activation.activate(
                *(session, work.actor, plan_id, work.params.get("version")),
                instead_of=work.params.get("instead_of"),
                progress=lambda share: work.report(round(100 * share), 100),
            )
            return {"plan_id": plan_id, "accounts": done.accounts}
    except GeoCrmError as error:
        if scheduled:
            with work.unit_of_work() as session:
                life.go_live_failed(session, work.actor, plan_id, str(error))
        raise


def _queued(session: Session, plan: Plan) -> bool:
    return bool(
        session.scalar(
            select(JobRun.id)
            .where(
                JobRun.kind == KIND,
                JobRun.state.in_(("waiting", "running", "paused")),
                JobRun.params["plan_id"].as_integer() == plan.id,
            )
            .limit(1)
        )
    )
