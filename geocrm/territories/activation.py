"""Going live, and back: which accounts change hands, doing it in one transaction, undoing it.

A go-live gives every account the territory its unit has in the plan and notes each account whose
territory that changes. Undoing gives those accounts back what they had, and the accounts that came
or moved meanwhile the territory of their unit in the earlier plan. The owner of an account stays.
"""

from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import assigning, scope
from geocrm.db import elevated, scoped_sql
from geocrm.errors import Conflict, Forbidden, InvalidInput
from geocrm.security import Actor, audit
from geocrm.territories import queries, service
from geocrm.territories.models import Activation, Plan, PlanState, TerritoryUnit

_GO_LIVE_LOCK = 0x7E44
NO_PLAN = 0


class Change(NamedTuple):
    """Accounts that go from one territory to another; None is no territory."""

    before: int | None
    after: int | None
    accounts: int
    revenue: float


class MovingAccount(NamedTuple):
    """One account that goes to another territory."""

    id: int
    name: str
    before: int | None
    after: int | None
    revenue: float


def changes(session: Session, plan: Plan) -> list[Change]:
    """What making the plan live would change, within what the actor may see. One statement."""
    rows = scoped_sql(session, f"{_GROUND} {_CHANGES}", {"plan": plan.id})
    return [Change._make(row) for row in rows]


def moving_accounts(
    session: Session, plan: Plan, pair: tuple[int | None, int | None], after_id: int, limit: int
) -> list[MovingAccount]:
    """Visible accounts that would go from one territory to another, by id, a page at a time."""
    rows = scoped_sql(
        session,
        f"{_GROUND} {_ACCOUNTS}",
        {
            "plan": plan.id,
            "before": pair[0],
            "after": pair[1],
            "after_id": after_id,
            "limit": limit,
        },
    )
    return [MovingAccount._make(row) for row in rows]


def activate(
    session: Session,
    actor: Actor,
    plan_id: int,
    version: int | None = None,
    instead_of: int | None = None,
) -> Activation:
    """Make a draft the live plan: its units decide the territory of every account from now on.

    `instead_of` is the live plan that the person compared with, 0 for none; Conflict when another
    one is live by now, or when somebody else makes a plan live at this moment.
    """
    actor.require("activate", "territory")
    _one_at_a_time(session)
    plan = service.claim(session, actor, plan_id, version)
    previous = _locked(session, queries.live_plan(session))
    if instead_of is not None and instead_of != (previous.id if previous else NO_PLAN):
        raise Conflict(
            f"{previous.name!r} has gone live meanwhile: compare with it and decide again"
            if previous
            else "The live plan was taken back meanwhile: compare again and decide anew"
        )
    if not queries.territories(session, plan.id):
        raise InvalidInput(f"{plan.name!r} has no territories")
    assigning.hold_assignments(session)
    _require_reach(session, actor, plan)
    activation = Activation(
        plan_id=plan.id,
        previous_plan_id=previous.id if previous else None,
        activated_by=actor.user_id,
    )
    _switch(session, plan, previous)
    session.add(activation)
    session.flush()  # the handovers name its id
    activation.accounts = _hand_over(session, plan, activation)
    audit.record(
        session,
        actor,
        "activate",
        f"territory_plan:{plan.id}",
        accounts=activation.accounts,
        instead_of=activation.previous_plan_id,
    )
    return activation


def undo(session: Session, actor: Actor, plan_id: int) -> Activation:
    """Take back the go-live of the live plan: accounts, plans and rights are as they were before.

    Conflict when the plan is not live, or a later one is.
    """
    actor.require("activate", "territory")
    _one_at_a_time(session)
    plan = queries.plan(session, actor, plan_id)
    activation = queries.newest_activation(session)
    live = _locked(session, queries.live_plan(session))
    if live is None or activation is None or live.id != plan.id or activation.plan_id != plan.id:
        later = f": {live.name!r} is live now, undo that first" if live else ""
        raise Conflict(f"{plan.name!r} is not live, so there is nothing to undo{later}")
    previous = (
        session.get_one(Plan, activation.previous_plan_id) if activation.previous_plan_id else None
    )
    assigning.hold_assignments(session)
    _require_reach_back(session, actor, activation)
    _switch_back(session, plan, previous)
    _take_back(session, previous, activation)
    activation.undone_at = clock.now()
    activation.undone_by = actor.user_id
    audit.record(
        session,
        actor,
        "undo",
        f"territory_plan:{plan.id}",
        accounts=activation.accounts,
        back_to=activation.previous_plan_id,
    )
    return activation


# ------------------------------------------------------------------------------ the steps


def _one_at_a_time(session: Session) -> None:
    if not session.scalar(select(text(f"pg_try_advisory_xact_lock({_GO_LIVE_LOCK})"))):
        raise Conflict(
            "Somebody else is making a territory plan live right now: look at the result first"
        )


def _locked(session: Session, plan: Plan | None) -> Plan | None:
    if plan is not None:
        session.refresh(plan, with_for_update=True)
    return plan


def _require_reach(session: Session, actor: Actor, plan: Plan) -> None:
    """A team's manager may only hand over accounts they see; a head of sales all of them."""
    if service.answers_for_everyone(session, actor):
        return
    seen = sum(change.accounts for change in changes(session, plan))
    with elevated(session):
        everything = sum(change.accounts for change in changes(session, plan))
    _refuse_beyond(plan, seen, everything)


def _require_reach_back(session: Session, actor: Actor, activation: Activation) -> None:
    if service.answers_for_everyone(session, actor):
        return
    seen = scoped_sql(session, _HANDED, {"activation": activation.id}).scalar_one()
    plan = session.get_one(Plan, activation.plan_id)
    _refuse_beyond(plan, seen, activation.accounts)


def _refuse_beyond(plan: Plan, seen: int, everything: int) -> None:
    if everything > seen:
        raise Forbidden(
            f"{plan.name!r} hands over accounts outside your branch: ask your manager or an"
            " administrator"
        )


def _switch(session: Session, plan: Plan, previous: Plan | None) -> None:
    now = clock.now()
    if previous is not None:
        previous.state, previous.live_to = PlanState.ARCHIVED, now
        previous.version += 1
        session.flush()  # before the other goes live: the database allows one at a time
    plan.state, plan.live_from, plan.live_to = PlanState.LIVE, now, None


def _switch_back(session: Session, plan: Plan, previous: Plan | None) -> None:
    plan.state, plan.live_from = PlanState.DRAFT, None
    plan.version += 1
    session.flush()  # before the other goes live again
    if previous is not None:
        previous.state, previous.live_to = PlanState.LIVE, None
        previous.version += 1
    session.flush()


def _hand_over(session: Session, plan: Plan, activation: Activation) -> int:
    with elevated(session):
        scoped_sql(session, f"{_GROUND} {_NOTE}", {"plan": plan.id, "activation": activation.id})
        return scope.assign_unit_territories(session, _territory_of_unit(session, plan))


def _take_back(session: Session, previous: Plan | None, activation: Activation) -> None:
    """First everybody by their unit in the earlier plan, then exactly as noted."""
    params = {"activation": activation.id}
    with elevated(session):
        scoped_sql(session, _FORGET_MOVED, params)
        earlier = _territory_of_unit(session, previous) if previous else {}
        scope.assign_unit_territories(session, earlier)
    assigning.assign_from(session, _NOTED_BEFORE, params)


def _territory_of_unit(session: Session, plan: Plan) -> dict[str, int]:
    rows = session.execute(
        select(TerritoryUnit.unit, TerritoryUnit.territory_id).where(
            TerritoryUnit.plan_id == plan.id
        )
    )
    return {row.unit: row.territory_id for row in rows}


_GROUND = """
    WITH RECURSIVE ground(unit, territory_id) AS (
        SELECT unit, territory_id FROM territory_units WHERE plan_id = :plan
        UNION ALL
        SELECT b.code, ground.territory_id FROM ground JOIN boundaries b ON b.parent = ground.unit
    )
"""
_MOVES = """
    FROM account_scope s LEFT JOIN ground g ON g.unit = s.unit
    WHERE {scope:s} AND s.territory_id IS DISTINCT FROM g.territory_id
"""
_CHANGES = f"""
    SELECT s.territory_id, g.territory_id, count(*), coalesce(sum(s.revenue), 0) {_MOVES}
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_ACCOUNTS = """
    SELECT s.account_id, a.name, s.territory_id, g.territory_id, s.revenue
    FROM account_scope s LEFT JOIN ground g ON g.unit = s.unit
    JOIN accounts a ON a.id = s.account_id
    WHERE {scope:s} AND s.territory_id IS NOT DISTINCT FROM CAST(:before AS int)
      AND g.territory_id IS NOT DISTINCT FROM CAST(:after AS int)
      AND s.territory_id IS DISTINCT FROM g.territory_id AND s.account_id > :after_id
    ORDER BY s.account_id LIMIT :limit
"""
_NOTE = f"""
    INSERT INTO territory_handovers (activation_id, account_id, before, after)
    SELECT :activation, s.account_id, s.territory_id, g.territory_id {_MOVES}
"""
# An account that got yet another territory since, because it moved, is not given back blindly.
_FORGET_MOVED = """
    DELETE FROM territory_handovers h USING account_scope s
    WHERE h.activation_id = :activation AND s.account_id = h.account_id
      AND s.territory_id IS DISTINCT FROM h.after AND {scope:s}
"""
_NOTED_BEFORE = """
    SELECT account_id, before AS territory_id FROM territory_handovers
    WHERE activation_id = :activation
"""
_HANDED = """
    SELECT count(*) FROM territory_handovers h JOIN account_scope s ON s.account_id = h.account_id
    WHERE h.activation_id = :activation AND {scope:s}
"""
