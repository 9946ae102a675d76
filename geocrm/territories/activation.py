"""Going live, and back: which accounts change hands, doing it in one transaction, undoing it.

A go-live gives the accounts of ground that goes to another territory that territory, and notes each
of them. Undoing gives those accounts back what they had, and the accounts that came or moved
meanwhile the territory of their unit in the earlier plan. The owner of an account stays. Plans of
other types than `LEADING` change no account.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import assigning
from geocrm.db import elevated, scoped_sql
from geocrm.errors import Conflict, Forbidden, InvalidInput
from geocrm.security import Actor, audit
from geocrm.territories import events, handover, history, queries, service, succession
from geocrm.territories.models import LEADING, Activation, Plan, PlanState
from geocrm.territories.rule_queries import RULES

_GO_LIVE_LOCK = 0x7E44
NO_PLAN = 0
# A plan under review waits for an answer; any other that is not live yet can go live.
_CAN_GO_LIVE = (PlanState.PLANNING, PlanState.APPROVED, PlanState.SCHEDULED)


class Change(NamedTuple):
    """Accounts that go from one territory to another; None is no territory."""

    before: int | None
    after: int | None
    accounts: int
    revenue: float
    # The one after takes the place of the one before: the accounts keep their territory.
    kept: bool


class MovingAccount(NamedTuple):
    """One account that goes to another territory."""

    id: int
    name: str
    before: int | None
    after: int | None
    revenue: float


def changes(session: Session, plan: Plan) -> list[Change]:
    """Which accounts come from where, within what the actor may see; also those that stay."""
    if plan.type != LEADING:
        return []
    rows = scoped_sql(session, f"{_GROUND} {_CHANGES}", {"plan": plan.id})
    return [Change._make(row) for row in rows]


def size(session: Session, plan: Plan) -> int:
    """How many accounts would get another territory, seen or not."""
    with elevated(session):
        return sum(change.accounts for change in changes(session, plan) if not change.kept)


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
    progress: Callable[[float], None] = lambda _share: None,
) -> Activation:
    """Make a plan the live one of its type; of `LEADING`, it decides every account's territory.

    `instead_of` is the live plan that the person compared with, 0 for none; Conflict when another
    one is live by now, or when somebody else makes a plan live at this moment.
    """
    actor.require("activate", "territory")
    _one_at_a_time(session)
    plan = service.claim(session, actor, plan_id, version, _CAN_GO_LIVE)
    previous = _locked(session, queries.live_plan(session, plan.type))
    if instead_of is not None and instead_of != (previous.id if previous else NO_PLAN):
        if previous is None:
            raise Conflict("The live plan was taken back meanwhile: compare again and decide anew")
        raise Conflict(
            "{plan!r} has gone live meanwhile: compare with it and decide again",
            plan=previous.name,
        )
    if not queries.territories(session, plan.id):
        raise InvalidInput("{plan!r} has no territories", plan=plan.name)
    never = queries.why_never_live(session, plan)
    if never:
        raise InvalidInput(never)
    if plan.type == LEADING:
        assigning.hold_assignments(session)
    _require_reach(session, actor, plan, previous)
    activation = Activation(
        plan_id=plan.id,
        previous_plan_id=previous.id if previous else None,
        activated_by=actor.user_id,
    )
    _switch(session, actor, plan, previous)
    events.note(session, actor, plan, _way(plan))
    session.add(activation)
    session.flush()  # the handovers name its id
    succession.take_over(session, plan, previous)
    if plan.type == LEADING:
        activation.accounts = handover.hand_over(session, plan, activation, progress)
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
    activation = queries.newest_activation(session, plan.type)
    live = _locked(session, queries.live_plan(session, plan.type))
    if live is None or activation is None or live.id != plan.id or activation.plan_id != plan.id:
        if live is None:
            raise Conflict("{plan!r} is not live, so there is nothing to undo", plan=plan.name)
        raise Conflict(
            "{plan!r} is not live, so there is nothing to undo: {live!r} is live now, undo that"
            " first",
            plan=plan.name,
            live=live.name,
        )
    previous = (
        session.get_one(Plan, activation.previous_plan_id) if activation.previous_plan_id else None
    )
    if plan.type == LEADING:
        assigning.hold_assignments(session)
    _require_reach_back(session, actor, activation)
    _switch_back(session, actor, plan, previous)
    succession.give_back(session, plan, previous)
    if plan.type == LEADING:
        handover.take_back(session, previous, activation)
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


def _way(plan: Plan) -> str:
    """How it went live: on its day, after it because no worker ran, or because somebody said so."""
    today = clock.business_day()
    if plan.effective_on is None or plan.effective_on > today:
        return "activate"
    return "activate_on_day" if plan.effective_on == today else "activate_late"


def _locked(session: Session, plan: Plan | None) -> Plan | None:
    if plan is not None:
        session.refresh(plan, with_for_update=True)
    return plan


def _require_reach(session: Session, actor: Actor, plan: Plan, previous: Plan | None) -> None:
    """A team's manager may only hand over accounts they see; a head of sales all of them."""
    if service.answers_for_everyone(session, actor):
        return
    if plan.type != LEADING:
        raise Forbidden(
            "{plan!r} covers the whole field: ask an administrator or a head of sales",
            plan=plan.name,
        )
    people = responsible(session, [plan.id, *([previous.id] if previous else [])])

    def touched() -> int:
        return sum(
            change.accounts
            for change in changes(session, plan)
            if not change.kept or people.get(change.before) != people.get(change.after)
        )

    seen = touched()
    with elevated(session):
        everything = touched()
    _refuse_beyond(plan, seen, everything)


def responsible(session: Session, plan_ids: Collection[int]) -> dict[int | None, frozenset[int]]:
    """By territory of these plans, who works today in it or in one above it."""
    today = clock.business_day()
    own: dict[int, set[int]] = defaultdict(set)
    for member in queries.members(session, plan_ids, today):
        own[member.territory_id].add(member.user_id)
    above = {t.id: t.parent_id for one in plan_ids for t in queries.territories(session, one)}
    found: dict[int | None, frozenset[int]] = {}
    for territory_id in above:
        people = set[int]()
        step: int | None = territory_id
        while step is not None:
            people |= own[step]
            step = above[step]
        found[territory_id] = frozenset(people)
    return found


def _require_reach_back(session: Session, actor: Actor, activation: Activation) -> None:
    if service.answers_for_everyone(session, actor):
        return
    seen = scoped_sql(session, _HANDED, {"activation": activation.id}).scalar_one()
    plan = session.get_one(Plan, activation.plan_id)
    if plan.type != LEADING:
        raise Forbidden(
            "{plan!r} covers the whole field: ask an administrator or a head of sales",
            plan=plan.name,
        )
    _refuse_beyond(plan, seen, activation.accounts)


def _refuse_beyond(plan: Plan, seen: int, everything: int) -> None:
    if everything > seen:
        raise Forbidden(
            "{plan!r} hands over accounts outside your branch: ask your manager or an"
            " administrator",
            plan=plan.name,
        )


def _switch(session: Session, actor: Actor, plan: Plan, previous: Plan | None) -> None:
    now = clock.now()
    if previous is not None:
        previous.state, previous.live_to = PlanState.ARCHIVED, now
        previous.version += 1
        events.note(session, actor, previous, "archive")
        session.flush()  # before the other goes live: the database allows one at a time
    plan.state, plan.live_from, plan.live_to = PlanState.LIVE, now, None


def _switch_back(session: Session, actor: Actor, plan: Plan, previous: Plan | None) -> None:
    plan.state, plan.live_from, plan.effective_on = PlanState.PLANNING, None, None
    plan.version += 1
    events.note(session, actor, plan, "undo")
    session.flush()  # before the other goes live again
    if previous is not None:
        previous.state, previous.live_to = PlanState.LIVE, None
        previous.version += 1
        events.note(session, actor, previous, "return")
    session.flush()


# Rules of the plan win over its ground.
_GROUND = f"""
    WITH RECURSIVE {RULES}, ground(unit, territory_id) AS (
        SELECT unit, territory_id FROM territory_units WHERE plan_id = :plan
        UNION ALL
        SELECT b.code, ground.territory_id FROM ground JOIN boundaries b ON b.parent = ground.unit
    )
"""
_LIES = f"{queries.LIES} LEFT JOIN ground g ON g.unit = {queries.HOME}"
# A territory that was made from one that is live takes its place, and its accounts stay.
_CHANGES = f"""
    , counted AS (
        SELECT s.territory_id AS before, coalesce(w.territory_id, g.territory_id) AS after,
               count(*) AS accounts, coalesce(sum(s.revenue), 0) AS revenue
        FROM account_scope s {_LIES}
        LEFT JOIN ruled w ON w.account_id = s.account_id
        WHERE {{scope:s}}
          AND coalesce(s.territory_id, w.territory_id, g.territory_id) IS NOT NULL
        GROUP BY 1, 2
    )
    SELECT c.before, c.after, c.accounts, c.revenue,
           coalesce(c.before = c.after OR c.before = t.lineage, false)
    FROM counted c LEFT JOIN territories t ON t.id = c.after ORDER BY 1, 2
"""
_ACCOUNTS = f"""
    SELECT s.account_id, a.name, s.territory_id, n.after, s.revenue
    FROM account_scope s {_LIES}
    LEFT JOIN ruled w ON w.account_id = s.account_id
    CROSS JOIN LATERAL (SELECT coalesce(w.territory_id, g.territory_id) AS after) n
    JOIN accounts a ON a.id = s.account_id
    WHERE {{scope:s}} AND s.territory_id IS NOT DISTINCT FROM CAST(:before AS int)
      AND n.after IS NOT DISTINCT FROM CAST(:after AS int)
      AND s.territory_id IS DISTINCT FROM n.after AND s.account_id > :after_id
    ORDER BY s.account_id LIMIT :limit
"""
_HANDED = f"""
    SELECT count(*) FROM {history.CHANGES} c JOIN account_scope s ON s.account_id = c.account_id
    WHERE c.activation_id = :activation AND {{scope:s}}
"""
