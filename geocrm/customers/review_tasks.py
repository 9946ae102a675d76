"""Decisions about very many addresses, as jobs: putting points right, taking that back, tidying."""

from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers import contradictions, decisions
from geocrm.customers.decision_models import AddressDecision
from geocrm.customers.decisions import Undone
from geocrm.errors import Conflict
from geocrm.jobs import JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import Actor

SETTLE: Final = "addresses.settle"
UNDO: Final = "addresses.undo_decision"
TIDY: Final = "addresses.tidy_decisions"
# More than so many are not for a person to wait for.
MANY: Final = 200
BATCH: Final = 500


class Begun(NamedTuple):
    """What was done at once, or the job that does it."""

    decision: AddressDecision
    job: JobRun | None
    changed: int
    skipped: int


def settle_all(session: Session, actor: Actor, kind: str, proposal: str) -> Begun:
    """Put right all points of a kind that the actor sees; many of them as a job."""
    decision = contradictions.begin(session, actor, kind, proposal)
    found = contradictions.ids(session, kind)
    if len(found) > MANY:
        params = {"decision_id": decision.id, "kind": kind, "proposal": proposal}
        return Begun(decision, jobs.start(session, actor, SETTLE, params), 0, 0)
    done = contradictions.settle(session, actor, decision, kind, proposal, found)
    return Begun(decision, None, len(done.account_ids), done.skipped)


def settle_some(
    session: Session, actor: Actor, kind: str, proposal: str, account_ids: list[int]
) -> Begun:
    """Put right the points of these accounts, as far as they are of the kind."""
    decision = contradictions.begin(session, actor, kind, proposal)
    done = contradictions.settle(session, actor, decision, kind, proposal, account_ids)
    return Begun(decision, None, len(done.account_ids), done.skipped)


def undo(session: Session, actor: Actor, decision_id: int) -> Undone | JobRun:
    """Take a decision back where nobody changed the address since; many addresses as a job.

    Raises Conflict when all of them were changed.
    """
    decision = decisions.own(session, actor, decision_id)
    if decision.changed > MANY:
        return jobs.start(session, actor, UNDO, {"decision_id": decision_id})
    undone = decisions.undo(session, actor, decision_id)
    if undone.spared and not undone.account_ids:
        raise Conflict(
            "The address was changed again since this decision, so it cannot be taken back"
        )
    return undone


def run_settle(work: Work) -> dict[str, Any]:
    """Put right what is of the kind, a batch at a time; started again it finds what is left."""
    kind, proposal = work.params["kind"], work.params["proposal"]
    with work.unit_of_work() as session:
        found = contradictions.ids(session, kind)
    changed = 0
    work.report(0, len(found))
    for start in range(0, len(found), BATCH):
        some = found[start : start + BATCH]
        with work.unit_of_work() as session:
            decision = decisions.own(session, work.actor, work.params["decision_id"])
            done = contradictions.settle(session, work.actor, decision, kind, proposal, some)
            changed += len(done.account_ids)
        work.report(start + len(some), len(found))
    return {"changed": changed, "skipped": len(found) - changed}


def run_undo(work: Work) -> dict[str, Any]:
    """Take a decision back, a batch at a time."""
    decision_id = work.params["decision_id"]
    restored, spared, complete = 0, 0, False
    while not complete:
        with work.unit_of_work() as session:
            total = decisions.own(session, work.actor, decision_id).changed
            done = decisions.undo(session, work.actor, decision_id, BATCH)
        restored, spared = restored + len(done.account_ids), spared + done.spared
        complete = done.complete
        work.report(min(restored + spared, total), total)
    return {"restored": restored, "spared": spared}


def run_tidy(work: Work) -> dict[str, Any]:
    """Delete images of addresses that may be kept no longer."""
    with work.unit_of_work() as session:
        return {"forgotten": decisions.forget(session)}
