"""The next plan as those in the field see it: what of their ground and accounts comes and goes.

Plans under review, approved or scheduled are shown. Somebody's ground is that of the people they
lead, too. Accounts are listed only when they see them; what else comes is a number.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import elevated, scoped_sql
from geocrm.errors import NotFound
from geocrm.security import Actor
from geocrm.territories import figures, queries
from geocrm.territories.models import LEADING, Plan, PlanState
from geocrm.territories.rule_queries import RULES

SHOWN_STATES: Final = (PlanState.REVIEW, PlanState.APPROVED, PlanState.SCHEDULED)


class Turn(NamedTuple):
    """A unit of somebody's ground, now or by the plan; no territory is None."""

    code: str
    name: str
    before: str | None
    after: str | None
    # Whether it is theirs now, and whether it would be.
    mine: bool
    future: bool
    accounts: int


class TurningAccount(NamedTuple):
    """An account that would come to somebody's ground, or leave it."""

    id: int
    name: str
    unit: str
    coming: bool
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan from the point of view of one person; of the accounts, a page by name."""

    plan: Plan
    territories: tuple[tuple[int, str], ...]
    units: tuple[Turn, ...]
    accounts: tuple[TurningAccount, ...]
    # Whether accounts follow after these.
    more: bool = False

    def units_that(self, kind: str) -> list[Turn]:
        """The units that are `coming`, `going` or `staying`."""
        wanted = {"coming": (False, True), "going": (True, False), "staying": (True, True)}[kind]
        return [unit for unit in self.units if (unit.mine, unit.future) == wanted]


def upcoming(session: Session) -> list[Plan]:
    """Plans of the leading type that may come, the nearest first."""
    return list(
        session.scalars(
            select(Plan)
            .where(Plan.state.in_(SHOWN_STATES), Plan.type == LEADING)
            .order_by(Plan.effective_on.nulls_last(), Plan.id.desc())
        )
    )


def coming_plan(session: Session, plan_id: int) -> Plan:
    """One of them, or NotFound."""
    for plan in upcoming(session):
        if plan.id == plan_id:
            return plan
    raise NotFound("There is no territory plan {id} that is about to come", id=str(plan_id))


def outlook(
    session: Session,
    actor: Actor,
    plan: Plan,
    *,
    named: str = "",
    after: tuple[str, int] | None = None,
) -> Outlook:
    """What the plan would change for the actor.

    Of the accounts with `named` in their name a page, from beyond the name and number `after` on.
    """
    future = _future(session, actor, plan)
    values = {
        "plan": plan.id,
        "present": sorted(actor.territory_ids),
        "future": sorted(future),
    }
    turns = session.execute(text(_UNITS), values).all()
    with elevated(session):
        counted = figures.by_unit(session, [row.code for row in turns])
    units = tuple(
        Turn._make((*row, counted[row.code].accounts if row.code in counted else 0))
        for row in turns
    )
    asked = {
        "limit": MAX_ACCOUNTS + 1,
        "named": f"%{_literal(named.strip())}%",
        "after_name": after[0] if after else None,
        "after_id": after[1] if after else 0,
    }
    accounts = [TurningAccount._make(r) for r in scoped_sql(session, _ACCOUNTS, values | asked)]
    territories = queries.territories(session, plan.id)
    return Outlook(
        plan=plan,
        territories=tuple((t.number, t.name) for t in territories),
        units=units,
        accounts=tuple(accounts[:MAX_ACCOUNTS]),
        more=len(accounts) > MAX_ACCOUNTS,
    )


def _literal(words: str) -> str:
    """As LIKE takes them for nothing but themselves."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def outlines(session: Session, codes: Collection[str]) -> dict[str, Any]:
    """Coarse shapes of units as GeoJSON geometry, by code."""
    rows = session.execute(text(_OUTLINES), {"codes": list(codes)})
    return {code: shape for code, shape in rows.all() if shape is not None}


def starts_on(plan: Plan) -> date:
    """The day on which the plan begins, as far as it is known: today at the earliest."""
    today = clock.business_day()
    return max(plan.effective_on or today, today)


def _future(session: Session, actor: Actor, plan: Plan) -> set[int]:
    """Territories of the plan in which the actor's people would work, and all below them."""
    found = {
        member.territory_id
        for member in queries.members(session, [plan.id], starts_on(plan))
        if member.user_id in actor.owner_ids
    }
    territories = queries.territories(session, plan.id)
    for _level in territories:
        below = {t.id for t in territories if t.parent_id in found} - found
        if not below:
            break
        found |= below
    return found


MAX_ACCOUNTS: Final = 200
# Of plans on two levels the finer units: each belongs to what it lies in (for the most part, a
# made unit) on the other side.
_UNITS: Final = """
    WITH RECURSIVE planned AS (
        SELECT unit, territory_id FROM territory_units WHERE plan_id = :plan
    ), up(unit, code, depth) AS (
        (SELECT unit, unit, 0 FROM planned UNION SELECT unit, unit, 0 FROM live_units)
        UNION ALL
        SELECT up.unit, b.parent, up.depth + 1
        FROM up JOIN boundaries b ON b.code = up.code WHERE b.parent IS NOT NULL
    ), held AS (
        SELECT up.unit,
            (array_agg(l.territory_id ORDER BY up.depth) FILTER (WHERE l.unit IS NOT NULL))[1]
                AS before,
            (array_agg(p.territory_id ORDER BY up.depth) FILTER (WHERE p.unit IS NOT NULL))[1]
                AS after
        FROM up LEFT JOIN live_units l ON l.unit = up.code LEFT JOIN planned p ON p.unit = up.code
        GROUP BY up.unit
    )
    SELECT b.code, b.name, before.name AS before, after.name AS after,
           coalesce(before.id = ANY(CAST(:present AS int[])), false) AS mine,
           coalesce(after.id = ANY(CAST(:future AS int[])), false) AS future
    FROM held h JOIN boundaries b ON b.code = h.unit
        AND NOT EXISTS (SELECT FROM up WHERE up.code = h.unit AND up.depth > 0)
    LEFT JOIN territories before ON before.id = h.before
    LEFT JOIN territories after ON after.id = h.after
    WHERE before.id = ANY(CAST(:present AS int[])) OR after.id = ANY(CAST(:future AS int[]))
    ORDER BY b.name, b.code
"""
_ACCOUNTS: Final = f"""
    WITH RECURSIVE {RULES}, ground(unit, top, territory_id) AS (
        SELECT unit, unit, territory_id FROM territory_units WHERE plan_id = :plan
        UNION ALL
        SELECT b.code, g.top, g.territory_id FROM ground g JOIN boundaries b ON b.parent = g.unit
    ), turning AS (
        SELECT s.account_id, coalesce(g.top, {queries.HOME}, '') AS unit, s.territory_id AS before,
               n.after,
               coalesce(s.territory_id = ANY(CAST(:present AS int[])), false) AS mine,
               coalesce(n.after = ANY(CAST(:future AS int[])), false) AS future
        FROM account_scope s {queries.LIES} LEFT JOIN ground g ON g.unit = {queries.HOME}
        LEFT JOIN ruled w ON w.account_id = s.account_id
        CROSS JOIN LATERAL (SELECT coalesce(w.territory_id, g.territory_id) AS after) n
        WHERE {{scope:s}}
    )
    SELECT t.account_id, a.name, t.unit, t.future, before.name, after.name
    FROM turning t JOIN accounts a ON a.id = t.account_id
    LEFT JOIN territories before ON before.id = t.before
    LEFT JOIN territories after ON after.id = t.after
    WHERE t.mine <> t.future AND a.name ILIKE :named
      AND (CAST(:after_name AS text) IS NULL
           OR (a.name, t.account_id) > (CAST(:after_name AS text), CAST(:after_id AS bigint)))
    ORDER BY a.name, t.account_id LIMIT :limit
"""
_OUTLINES: Final = """
    SELECT code, ST_AsGeoJSON(
        ST_Transform(ST_SimplifyPreserveTopology(outline, 400), 4326), 4)::jsonb
    FROM boundaries WHERE code = ANY(:codes)
"""
