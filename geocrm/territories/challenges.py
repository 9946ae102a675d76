"""Challenges of the next plan: somebody would have a unit or an account elsewhere, and says why.

Those above them answer. Accepting moves a unit in the plan while that is planned or reviewed.
"""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from geocrm import clock
from geocrm.customers.models import Account
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.places import queries as places
from geocrm.places.models import Boundary
from geocrm.security import Actor, audit
from geocrm.security.models import User
from geocrm.territories import events, next_plan, queries, service
from geocrm.territories.life_models import Challenge, ChallengeState
from geocrm.territories.models import Plan, PlanState, Territory, TerritoryUnit
from geocrm.territories.state_words import answered

_MOVABLE = (PlanState.PLANNING, PlanState.REVIEW)


class Row(NamedTuple):
    """A challenge with the names of all that it names."""

    challenge: Challenge
    by: str
    unit: str | None
    account: str | None
    wanted: str | None
    # The territory of the plan where the unit lies now, when it is one of the plan's own units.
    present: str | None
    answered_by: str | None


def open_to(session: Session, plan_id: int) -> list[Row]:
    """Challenges of a plan that the actor sees, the open ones first, then the newest."""
    return _rows(session, Challenge.plan_id == plan_id)


def own(session: Session, actor: Actor, plan_id: int) -> list[Row]:
    """What the actor challenged in a plan, and what came of it."""
    return _rows(session, Challenge.plan_id == plan_id, Challenge.user_id == actor.user_id)


def raise_one(
    session: Session,
    actor: Actor,
    plan_id: int,
    *,
    unit: str | None = None,
    account_id: int | None = None,
    wanted: int | None = None,
    reason: str = "",
) -> Challenge:
    """Say that a unit or an account of one's own ground, now or then, belongs elsewhere."""
    plan = next_plan.coming_plan(session, plan_id)
    if actor.user_id is None:
        raise Forbidden("Only people challenge a plan: use --as")
    if (unit is None) == (account_id is None):
        raise InvalidInput("Name either a unit or an account")
    words = events.words(reason)
    if not words:
        raise InvalidInput("Say why the plan is wrong there")
    if wanted is not None:
        _territory(session, plan, wanted)
    if unit is not None:
        _require_unit(session, actor, plan, unit)
        _require_elsewhere(session, plan, unit, wanted)
    elif session.scalar(select(Account.id).where(Account.id == account_id)) is None:
        raise NotFound("There is no account {id}", id=str(account_id))
    if session.scalar(
        select(Challenge.id).where(
            Challenge.plan_id == plan.id,
            Challenge.user_id == actor.user_id,
            Challenge.state == ChallengeState.OPEN,
            Challenge.unit == unit if unit is not None else Challenge.account_id == account_id,
        )
    ):
        raise Conflict("You challenged that already, and the answer is still to come")
    found = Challenge(
        plan_id=plan.id,
        unit=unit,
        account_id=account_id,
        wanted=wanted,
        reason=words,
        user_id=actor.user_id,
    )
    session.add(found)
    session.flush()
    audit.record(session, actor, "challenge", f"territory_plan:{plan.id}", challenge=found.id)
    return found


def answer(
    session: Session,
    actor: Actor,
    challenge_id: int,
    *,
    accepted: bool,
    words: str,
    splits_allowed: bool = False,
) -> bool:
    """Accept or decline with words; whether a unit was moved in the plan by it."""
    actor.require("design", "territory")
    found = session.scalar(
        select(Challenge)
        .where(Challenge.id == challenge_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no challenge {id}", id=str(challenge_id))
    if found.state != ChallengeState.OPEN:
        raise Conflict(
            "This challenge was answered already: it {state}", state=answered(found.state)
        )
    if found.user_id == actor.user_id and not service.answers_for_everyone(session, actor):
        raise Forbidden("You raised this challenge yourself, so your manager answers it")
    said = events.words(words)
    if not said:
        raise InvalidInput("Answer with words: the person who asked reads them")
    plan = queries.plan(session, actor, found.plan_id)
    moves = accepted and found.unit is not None and found.wanted is not None
    moves = moves and plan.state in _MOVABLE
    moves = moves and _present(session, plan, str(found.unit)) != found.wanted
    if moves:
        move = service.Move(str(found.unit), int(found.wanted or 0))
        service.move_units(
            *(session, actor, plan.id, None, [move]),
            splits_allowed=splits_allowed,
            states=_MOVABLE,
        )
    state = ChallengeState.ACCEPTED if accepted else ChallengeState.DECLINED
    found.state, found.answer = state.value, said
    found.answered_by, found.answered_at = actor.user_id, clock.now()
    audit.record(session, actor, "answer", f"territory_plan:{plan.id}", challenge=found.id)
    return moves


def _rows(session: Session, *conditions: object) -> list[Row]:
    answerer, present = aliased(User), aliased(Territory)
    rows = session.execute(
        select(
            *(Challenge, User.name, Boundary.name, Account.name, Territory.name),
            *(present.name, answerer.name),
        )
        .join(User, User.id == Challenge.user_id)
        .outerjoin(Boundary, Boundary.code == Challenge.unit)
        .outerjoin(Account, Account.id == Challenge.account_id)
        .outerjoin(
            Territory,
            (Territory.plan_id == Challenge.plan_id) & (Territory.number == Challenge.wanted),
        )
        .outerjoin(
            TerritoryUnit,
            (TerritoryUnit.plan_id == Challenge.plan_id) & (TerritoryUnit.unit == Challenge.unit),
        )
        .outerjoin(present, present.id == TerritoryUnit.territory_id)
        .outerjoin(answerer, answerer.id == Challenge.answered_by)
        .where(*conditions)  # type: ignore[arg-type]
        .order_by((Challenge.state == ChallengeState.OPEN).desc(), Challenge.id.desc())
    )
    return [Row._make(row) for row in rows]


def _require_unit(session: Session, actor: Actor, plan: Plan, unit: str) -> None:
    if actor.may("design", "territory"):
        known = {one.code for one in queries.placed_units(session, plan.id)}
    else:
        known = {one.code for one in next_plan.outlook(session, actor, plan).units}
    if unit not in known:
        raise NotFound(
            "{unit} is no unit of your ground, now or in {plan!r}",
            unit=unit,
            plan=plan.name,
        )


def _present(session: Session, plan: Plan, unit: str) -> int | None:
    """The number of the territory where the unit lies; None for one that is not the plan's own."""
    return session.scalar(
        select(Territory.number)
        .join(TerritoryUnit, TerritoryUnit.territory_id == Territory.id)
        .where(TerritoryUnit.plan_id == plan.id, TerritoryUnit.unit == unit)
    )


def _require_elsewhere(session: Session, plan: Plan, unit: str, wanted: int | None) -> None:
    if wanted is None or _present(session, plan, unit) != wanted:
        return
    raise InvalidInput(
        "{unit} lies in {territory!r} already in {plan!r}: choose another territory, or say it in"
        " words",
        unit=places.by_codes(session, [unit])[0].name,
        territory=service.numbered(session, plan, wanted).name,
        plan=plan.name,
    )


def _territory(session: Session, plan: Plan, number: int) -> None:
    if number not in {territory.number for territory in queries.territories(session, plan.id)}:
        raise InvalidInput(
            "{plan!r} has no territory {number}",
            plan=plan.name,
            number=str(number),
        )
