"""What the rules decide: which accounts each holds for, where rules overlap, what would move.

`DECIDED` is the one statement of it for reading; the trigger `account_scope_rule` (migration 0027)
decides the same for each row that is written. A test holds the two together.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from geocrm.customers.models import Account, AccountScope
from geocrm.customers.scope import territories_sql
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput, NotFound
from geocrm.places.models import Boundary
from geocrm.territories import queries
from geocrm.territories.made_models import UnitAccount
from geocrm.territories.models import Territory
from geocrm.territories.rule_models import Rule, RuleAccount


class Reach(NamedTuple):
    """Accounts for which a rule holds, and those among them that it decides."""

    holds: int
    decides: int


class Overlap(NamedTuple):
    """Accounts for which two rules hold: `wins` is the rule that decides them."""

    wins: int
    loses: int
    accounts: int


class Effect(NamedTuple):
    """Accounts that would go from one live territory to another; None is no territory."""

    before: int | None
    after: int | None
    accounts: int
    revenue: float


class Reason(NamedTuple):
    """Why an account has its territory: a rule, the unit it lies in, or nothing does."""

    kind: str  # "rule", "ground" or "none"
    territory: str | None
    rule: str | None
    unit: str | None


def all_rules(session: Session) -> list[Rule]:
    """The rules by priority."""
    return list(session.scalars(select(Rule).order_by(Rule.priority, Rule.id)))


def get(session: Session, rule_id: int) -> Rule:
    """The rule, or NotFound."""
    found = session.get(Rule, rule_id)
    if found is None:
        raise NotFound("There is no rule {id}", id=str(rule_id))
    return found


def area_names(session: Session, codes: Collection[str]) -> dict[str, str]:
    """What areas are called; one that is no longer loaded has no name."""
    asked = select(Boundary.code, Boundary.name).where(Boundary.code.in_(codes))
    return {row.code: row.name for row in session.execute(asked)}


def named_accounts(session: Session, rule_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """By rule, the accounts it names that the actor sees: id and name, by name."""
    rows = session.execute(
        select(RuleAccount.rule_id, Account.id, Account.name)
        .join(Account, Account.id == RuleAccount.account_id)
        .where(RuleAccount.rule_id.in_(rule_ids))
        .order_by(Account.name, Account.id)
    )
    found: dict[int, list[tuple[int, str]]] = {rule_id: [] for rule_id in rule_ids}
    for rule_id, account_id, name in rows:
        found[rule_id].append((account_id, name))
    return found


def reaches(session: Session) -> tuple[dict[int, Reach], list[Overlap]]:
    """What each rule holds for and decides, and where they overlap; of visible accounts."""
    rows = scoped_sql(session, f"{DECIDED} {_PAIRS}", {"plan": _live_id(session)}).all()
    holds: dict[int, int] = {}
    decides: dict[int, int] = {}
    for wins, rule_id, accounts in rows:
        holds[rule_id] = holds.get(rule_id, 0) + accounts
        if wins == rule_id:
            decides[rule_id] = accounts
    overlaps = [Overlap._make(row) for row in rows if row[0] != row[1]]
    return {one: Reach(n, decides.get(one, 0)) for one, n in holds.items()}, overlaps


def effects(session: Session) -> list[Effect]:
    """Visible accounts that carry another territory than rules and ground say, the most first."""
    rows = scoped_sql(session, f"{DECIDED} {_ASTRAY} {_EFFECTS}", {"plan": _live_id(session)})
    return [Effect._make(row) for row in rows]


def astray(session: Session) -> str:
    """SQL of the accounts whose territory or deciding rule is no longer right; see `live`."""
    return f"{DECIDED} {_ASTRAY} SELECT account_id FROM astray"


def live(session: Session) -> dict[str, int]:
    """The parameters of `DECIDED` for the plan that is live."""
    return {"plan": _live_id(session)}


def reason_for(session: Session, account_id: int) -> Reason:
    """Why a visible account has its territory; NotFound else. Two statements."""
    plan = queries.live_plan(session)
    row = session.execute(
        select(Territory.name, Rule.name, Boundary.name, AccountScope.territory_id)
        .select_from(AccountScope)
        .outerjoin(Territory, Territory.id == AccountScope.territory_id)
        .outerjoin(Rule, Rule.id == AccountScope.rule_id)
        .outerjoin(
            UnitAccount,
            (UnitAccount.account_id == AccountScope.account_id)
            & (UnitAccount.level == (plan.level if plan else None)),
        )
        .outerjoin(Boundary, Boundary.code == func.coalesce(UnitAccount.unit, AccountScope.unit))
        .where(AccountScope.account_id == account_id)
    ).one_or_none()
    if row is None:
        raise NotFound("No customer {id}", id=str(account_id))
    territory, rule, unit, carried = row
    kind = "none" if carried is None else "rule" if rule else "ground"
    return Reason(kind, territory, rule, unit)


def missing_territories(session: Session) -> set[int]:
    """Active rules whose territory no live plan has: they decide nothing."""
    return set(session.scalars(text(_MISSING)))


def territory_names(session: Session, ids: Collection[int | None]) -> dict[int, str]:
    """Names of territories by id."""
    found = session.scalars(select(Territory).where(Territory.id.in_(ids)))
    return {territory.id: territory.name for territory in found}


def account_line(session: Session, account_id: int) -> str:
    """A visible account as `accounts_meant` reads it, or NotFound."""
    name = session.scalar(select(Account.name).where(Account.id == account_id))
    if name is None:
        raise NotFound("No customer {id}", id=str(account_id))
    return f"{name} #{account_id}"


def accounts_meant(session: Session, lines: Collection[str]) -> list[int]:
    """The visible accounts that people wrote down, one a line.

    A line ends in a number such as #12, or is an ID of theirs, or a name that one account has.
    InvalidInput names the line that fits none or several.
    """
    return [_meant(session, line.strip()) for line in lines if line.strip()]


def _meant(session: Session, words: str) -> int:
    number = re.search(r"#(\d{1,18})$", words)
    asked = select(Account.id).limit(2)
    if number:
        found = session.scalars(asked.where(Account.id == int(number[1]))).all()
    else:
        found = session.scalars(asked.where(Account.external_id == words)).all()
        found = found or session.scalars(asked.where(Account.name == words)).all()
    if not found:
        raise InvalidInput(
            "There is no customer {customer!r}: write the ID, the whole name, or # and number",
            customer=words[:80],
        )
    if len(found) > 1:
        raise InvalidInput(
            "Several customers are called {customer!r}: write the ID of one",
            customer=words[:80],
        )
    return found[0]


def _live_id(session: Session) -> int:
    plan = queries.live_plan(session)
    return plan.id if plan else 0


# The tables `rules` (of the plan :plan), `matched` (account and rule that holds) and `ruled` (the
# rule that wins and its territory), of visible accounts. Begins a statement; :plan 0 is no plan.
RULES: Final = """
    rules AS (
        SELECT r.*, t.id AS territory_id FROM territory_rules r
        CROSS JOIN LATERAL (
            SELECT t.id FROM territories t
            WHERE t.plan_id = :plan AND lower(t.name) = lower(r.territory)
            ORDER BY t.number LIMIT 1) t
        WHERE r.active
    ), rule_ground(rule_id, unit) AS (
        SELECT id, unit FROM rules WHERE unit IS NOT NULL
        UNION ALL
        SELECT g.rule_id, b.code FROM rule_ground g JOIN boundaries b ON b.parent = g.unit
    ), matched AS MATERIALIZED (
        SELECT s.account_id, r.id AS rule_id, r.priority, r.territory_id
        FROM rules r
        CROSS JOIN account_scope s JOIN accounts a ON a.id = s.account_id
        WHERE {scope:s}
          AND (NOT r.named OR EXISTS (SELECT FROM territory_rule_accounts n
                                      WHERE n.rule_id = r.id AND n.account_id = s.account_id))
          AND rule_fits(r.segments, r.tags, r.min_revenue, s.segment, a.tags, a.annual_revenue)
          AND (r.unit IS NULL OR EXISTS (SELECT FROM rule_ground g
                                         WHERE g.rule_id = r.id AND g.unit = s.unit))
    ), ruled AS MATERIALIZED (
        SELECT DISTINCT ON (account_id) account_id, rule_id, territory_id
        FROM matched ORDER BY account_id, priority
    )
"""
DECIDED: Final = f"WITH RECURSIVE {RULES}"
_PAIRS: Final = """
    SELECT w.rule_id, m.rule_id, count(*) FROM matched m JOIN ruled w USING (account_id)
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
_ASTRAY: Final = f"""
    , released AS MATERIALIZED (
        SELECT s.account_id, {queries.HOME} AS unit FROM account_scope s {queries.LIES}
        WHERE s.rule_id IS NOT NULL AND {{scope:s}}
          AND NOT EXISTS (SELECT FROM ruled w WHERE w.account_id = s.account_id)
    ), on_ground AS MATERIALIZED ({territories_sql("SELECT r.unit FROM released r")}),
    decided AS (
        SELECT account_id, rule_id, territory_id FROM ruled
        UNION ALL
        SELECT r.account_id, NULL, g.territory_id
        FROM released r LEFT JOIN on_ground g ON g.unit = r.unit
    ), astray AS (
        SELECT s.account_id, s.territory_id AS before, d.territory_id AS after, s.revenue
        FROM decided d JOIN account_scope s ON s.account_id = d.account_id
        WHERE {{scope:s}}
          AND (s.territory_id, s.rule_id) IS DISTINCT FROM (d.territory_id, d.rule_id)
    )
"""
_EFFECTS: Final = """
    SELECT before, after, count(*), coalesce(sum(revenue), 0) FROM astray
    WHERE before IS DISTINCT FROM after GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
_MISSING: Final = """
    SELECT r.id FROM territory_rules r
    WHERE r.active AND NOT EXISTS (SELECT FROM live_rules l WHERE l.id = r.id)
"""
