"""What was true on a past day: who was responsible for an account, a territory, a unit.

A day means its end, by the organisation's clock. Accounts name territories by `lineage`; the plan
that was live then says what that territory was called and who worked in it. Who asks sees the
accounts they see now.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput, NotFound
from geocrm.territories import queries
from geocrm.territories.models import LEADING, Activation, Plan, Territory, TerritoryUnit


@dataclass(frozen=True, slots=True)
class Ground:
    """A territory as it was; `id` is what accounts carried for it, None is no territory."""

    id: int | None
    name: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountThen:
    """Who was responsible for an account."""

    id: int
    name: str
    territory: Ground
    owner: str


class Held(NamedTuple):
    """Accounts that lay in a territory and were of an owner."""

    territory_id: int | None
    owner_id: int
    owner: str
    accounts: int


def plan_on(session: Session, day: date, kind: str = LEADING) -> Plan | None:
    """The plan of the type that was live at the end of the day."""
    moment = clock.end_of(asked(day))
    return session.scalar(
        select(Plan)
        .join(Activation, Activation.plan_id == Plan.id)
        .where(
            Plan.type == kind,
            Activation.activated_at < moment,
            or_(Activation.undone_at.is_(None), Activation.undone_at >= moment),
        )
        .order_by(Activation.activated_at.desc(), Activation.id.desc())
        .limit(1)
    )


def grounds_on(session: Session, day: date, kind: str = LEADING) -> dict[int | None, Ground]:
    """The territories that were live, by what accounts carried for them."""
    plan = plan_on(session, day, kind)
    if plan is None:
        return {}
    people = queries.members(session, [plan.id], day)
    return {
        territory.lineage or territory.id: Ground(
            territory.lineage or territory.id,
            territory.name,
            tuple(one.name for one in people if one.territory_id == territory.id),
        )
        for territory in queries.territories(session, plan.id)
    }


def account_on(session: Session, account_id: int, day: date) -> AccountThen:
    """Who was responsible for an account; NotFound when it is not seen, or was not there yet."""
    row = scoped_sql(
        session,
        f"{PAST} {_ACCOUNT}",
        {"moment": clock.end_of(asked(day)), "account": account_id},
    ).one_or_none()
    if row is None:
        raise NotFound("There was no account {id} on {day}", id=str(account_id), day=day)
    ground = grounds_on(session, day).get(row.territory_id)
    return AccountThen(row.id, row.name, ground or unknown(row.territory_id), row.owner)


def unit_on(session: Session, unit: str, day: date, kind: str = LEADING) -> Ground:
    """Which territory a unit belonged to."""
    plan = plan_on(session, day, kind)
    if plan is None:
        return unknown(None)
    found = session.execute(
        select(Territory.id, Territory.lineage)
        .join(TerritoryUnit, TerritoryUnit.territory_id == Territory.id)
        .where(TerritoryUnit.plan_id == plan.id, TerritoryUnit.unit == unit)
    ).one_or_none()
    if found is None:
        return unknown(None)
    return grounds_on(session, day, kind)[found.lineage or found.id]


def held_on(session: Session, day: date) -> list[Held]:
    """How many visible accounts each territory and owner had. One statement."""
    rows = scoped_sql(session, f"{PAST} {_HELD}", {"moment": clock.end_of(asked(day))})
    return [Held._make(row) for row in rows]


def names(session: Session, ids: set[int]) -> dict[int, str]:
    """What territories are called, by what accounts carry: the newest name."""
    rows = session.execute(select(Territory.id, Territory.name).where(Territory.id.in_(ids)))
    return {row.id: row.name for row in rows}


def asked(day: date) -> date:
    """The day, or InvalidInput when it is still to come."""
    today = clock.business_day()
    if day > today:
        raise InvalidInput(
            "{day} is still to come (today is {today}): ask for a day until today",
            day=day,
            today=today,
        )
    return day


def unknown(territory_id: int | None) -> Ground:
    """No territory, or one of which nothing is known any more."""
    return Ground(territory_id, "" if territory_id is None else f"#{territory_id}")


# SQL of all changes, a row an account; whoever reads joins it with what the asker sees.
CHANGES: Final = """
    (SELECT id, account_id, changed_at, territory_before, territory_after, owner_before,
            activation_id
     FROM assignment_changes WHERE written_for = account_id
     UNION ALL
     SELECT b.id, m.account_id, b.changed_at, b.territory_before, b.territory_after, b.owner_id,
            b.activation_id
     FROM assignment_batches b CROSS JOIN LATERAL unnest(b.account_ids) AS m(account_id))
"""
# The common table `past`: accounts that changed after :moment, with what they had then.
PAST: Final = f"""
    WITH past AS MATERIALIZED (
        SELECT DISTINCT ON (c.account_id) c.account_id,
               c.territory_before AS territory_id, c.owner_before AS owner_id
        FROM {CHANGES} c
        WHERE c.changed_at >= :moment
        ORDER BY c.account_id, c.changed_at, c.id
    )
"""
# Accounts that there were at :moment, with what they had then; `past` comes before it.
THEN: Final = """
    SELECT s.account_id, a.name,
           CASE WHEN past.account_id IS NULL THEN s.territory_id ELSE past.territory_id END
               AS territory_id,
           coalesce(past.owner_id, s.owner_id) AS owner_id
    FROM account_scope s JOIN accounts a ON a.id = s.account_id
    LEFT JOIN past ON past.account_id = s.account_id
    WHERE {scope:s} AND a.created_at < :moment
"""
_ACCOUNT: Final = f"""
    SELECT t.account_id AS id, t.name, t.territory_id, u.name AS owner
    FROM ({THEN} AND s.account_id = :account) t JOIN users u ON u.id = t.owner_id
"""
_HELD: Final = f"""
    SELECT t.territory_id, t.owner_id, u.name, count(*) AS accounts
    FROM ({THEN}) t JOIN users u ON u.id = t.owner_id
    GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
"""
