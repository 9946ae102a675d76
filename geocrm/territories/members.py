"""Who works in a territory, in which role and on which days."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import InvalidInput, NotFound, Phrase
from geocrm.security import Actor, Role, audit
from geocrm.security.models import User
from geocrm.territories import service
from geocrm.territories.models import MemberRole, Plan, PlanState, Territory, TerritoryMember

_NOT_IN_THE_FIELD: Final = {
    Role.ADMINISTRATOR: Phrase("administrator"),
    Role.MARKETER: Phrase("marketer"),
}


class Term(NamedTuple):
    """What somebody does in a territory, from a day to a day; None is as long as the plan lives."""

    role: MemberRole
    from_day: date | None = None
    to_day: date | None = None


def set_members(
    session: Session,
    actor: Actor,
    plan_id: int,
    version: int | None,
    number: int,
    people: Mapping[int, MemberRole | Term],
) -> Territory:
    """Say who works in a territory from now on; in a live plan they then see its accounts.

    A live plan keeps who worked there until yesterday. A role without days leaves the days that
    somebody has, and begins today for who is new.
    """
    plan = service.claim(session, actor, plan_id, version, (PlanState.PLANNING, PlanState.LIVE))
    territory = service.numbered(session, plan, number)
    service.require_own(session, actor, plan, territory)
    today = clock.business_day() if plan.state == PlanState.LIVE else None
    present = _present(session, territory, today)
    _require_people(session, actor, _touched(present, people))
    for user_id, member in present.items():
        if user_id not in people:
            _end(session, plan, member, today)
    for user_id, wish in people.items():
        _set_term(session, territory, user_id, wish, present.get(user_id), today)
    session.flush()
    audit.record(session, actor, "members", f"territory:{territory.id}", users=sorted(people))
    return territory


def _present(
    session: Session, territory: Territory, today: date | None
) -> dict[int, TerritoryMember]:
    """Who works there from `today` on, by user; without a day everybody."""
    asked = select(TerritoryMember).where(TerritoryMember.territory_id == territory.id)
    if today is not None:
        open_ended = TerritoryMember.to_day.is_(None)
        asked = asked.where(open_ended | (TerritoryMember.to_day >= today))
    found = session.scalars(asked.order_by(TerritoryMember.id))
    return {member.user_id: member for member in found}


def _touched(
    present: Mapping[int, TerritoryMember], people: Mapping[int, MemberRole | Term]
) -> set[int]:
    """Who comes, goes, or gets other days."""
    other_days = {
        user_id
        for user_id, wish in people.items()
        if isinstance(wish, Term)
        and user_id in present
        and (present[user_id].from_day, present[user_id].to_day) != wish[1:]
    }
    return (set(present) ^ set(people)) | other_days


def _end(session: Session, plan: Plan, member: TerritoryMember, today: date | None) -> None:
    """Yesterday was the last day; nothing is kept of who never had a day."""
    began = member.from_day or (plan.live_from and clock.day_of(plan.live_from))
    if today is None or began is None or began >= today:
        session.delete(member)
    else:
        member.to_day = today - timedelta(days=1)


def _set_term(
    session: Session,
    territory: Territory,
    user_id: int,
    wish: MemberRole | Term,
    member: TerritoryMember | None,
    today: date | None,
) -> None:
    if isinstance(wish, Term):
        role, from_day, to_day = wish
    else:
        role = wish
        from_day, to_day = (member.from_day, member.to_day) if member else (None, None)
    if from_day and to_day and from_day > to_day:
        raise InvalidInput(
            "The last day {to_day} lies before the first, {from_day}",
            to_day=to_day,
            from_day=from_day,
        )
    if today is not None:
        if to_day is not None and to_day < today:
            raise InvalidInput(
                "{to_day} is over: to end a term now, remove the person",
                to_day=to_day,
            )
        if from_day is None and member is None:
            from_day = today
        if from_day and from_day < today and (member is None or member.from_day != from_day):
            raise InvalidInput(
                "{from_day} is over, and who worked there then is kept: begin today or later",
                from_day=from_day,
            )
    if member is None:
        member = TerritoryMember(territory_id=territory.id, user_id=user_id)
        session.add(member)
    member.role, member.from_day, member.to_day = role.value, from_day, to_day


def _require_people(session: Session, actor: Actor, user_ids: Collection[int]) -> None:
    """Everybody must exist, work in the field or lead those who do, and be theirs to send."""
    known = {
        user.id: user for user in session.scalars(select(User).where(User.id.in_(set(user_ids))))
    }
    everyone = service.answers_for_everyone(session, actor)
    for user_id in sorted(user_ids):
        user = known.get(user_id)
        if user is None or not (everyone or user_id in actor.owner_ids):
            raise NotFound("There is no user {id}", id=str(user_id))
        if user.role_kind not in (Role.FIELD_REP, Role.TERRITORY_MANAGER):
            raise InvalidInput(
                "{email} is a {role}: a territory takes field reps and managers",
                email=user.email,
                role=_NOT_IN_THE_FIELD[user.role_kind],
            )
