"""Types of plans: sales decides who sees an account, the others say who serves it besides."""

import re
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import scoped_sql
from geocrm.errors import Conflict, Forbidden, InvalidInput
from geocrm.security import Actor, audit
from geocrm.territories import queries, service
from geocrm.territories.models import LEADING, Plan, PlanType

MAX_NAME = 60


class Served(NamedTuple):
    """A territory an account lies in by the live plan of a type, and who works there today."""

    type: PlanType
    territory: str
    people: tuple[str, ...]


def all_types(session: Session) -> list[PlanType]:
    """The types by priority."""
    return list(session.scalars(select(PlanType).order_by(PlanType.priority)))


def add(session: Session, actor: Actor, code: str, name_en: str, name_id: str) -> PlanType:
    """Add a type, after all there are. Administrators do that."""
    actor.require("update", "setting")
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", code):
        raise InvalidInput(
            "The code {code!r} must begin with a small letter and hold small letters, digits and"
            " hyphens only, 40 at most",
            code=code[:50],
        )
    names = [" ".join(name.replace("\x00", "").split()) for name in (name_en, name_id or name_en)]
    if not all(0 < len(name) <= MAX_NAME for name in names):
        raise InvalidInput("A type needs a name of at most {most} characters", most=MAX_NAME)
    if session.get(PlanType, code):
        raise Conflict("There is a type {code!r} already", code=code)
    last = session.scalar(select(func.max(PlanType.priority))) or 0
    found = PlanType(code=code, name_en=names[0], name_id=names[1], priority=last + 1)
    session.add(found)
    session.flush()
    audit.record(session, actor, "create", f"territory_type:{code}", name=names[0])
    return found


def set_type(session: Session, actor: Actor, plan_id: int, version: int | None, code: str) -> Plan:
    """Say what a plan in planning divides the ground for."""
    plan = service.claim(session, actor, plan_id, version)
    if session.get(PlanType, code) is None:
        known = ", ".join(kind.code for kind in all_types(session))
        raise InvalidInput(
            "There is no type {code!r}; there are {known}",
            code=code,
            known=known,
        )
    if LEADING in (code, plan.type) and not service.answers_for_everyone(session, actor):
        raise Forbidden("Only an administrator or a head of sales makes a plan one of sales")
    plan.type = code
    return plan


def serving(session: Session, account_id: int) -> list[Served]:
    """Who serves a visible account besides sales: from the live plan of each other type."""
    values = {"account": account_id, "leading": LEADING}
    rows = scoped_sql(session, _SERVING, values).all()
    if not rows:
        return []
    kinds = {kind.code: kind for kind in all_types(session)}
    people = queries.members(session, {row.plan_id for row in rows}, clock.business_day())
    return [
        Served(
            kinds[row.type],
            row.name,
            tuple(person.name for person in people if person.territory_id == row.id),
        )
        for row in rows
    ]


# By priority of the type. What a made unit lies in for the most part may be another unit than the
# account's, so only units of the account lead upwards.
_SERVING = """
    WITH RECURSIVE up(code, parent, depth) AS (
        (SELECT b.code, b.parent, 0
         FROM account_scope s JOIN boundaries b ON b.code = s.unit
         WHERE s.account_id = :account AND {scope:s}
         UNION ALL
         SELECT m.unit, NULL, 0 FROM unit_accounts m JOIN account_scope s USING (account_id)
         WHERE s.account_id = :account AND {scope:s})
        UNION ALL
        SELECT b.code, b.parent, up.depth + 1 FROM up JOIN boundaries b ON b.code = up.parent
    )
    SELECT DISTINCT ON (k.priority) p.type, p.id AS plan_id, t.id, t.name
    FROM territory_plans p JOIN territory_types k ON k.code = p.type
    JOIN territory_units u ON u.plan_id = p.id JOIN up ON up.code = u.unit
    JOIN territories t ON t.id = u.territory_id
    WHERE p.state = 'live' AND p.type <> :leading ORDER BY k.priority, up.depth
"""
