"""Giving accounts the territory of their ground when another plan goes live, and giving it back.

Only accounts are touched whose unit goes to another territory, or who carry a territory that is
not live; there is one list of them, `moving`. Accounts that rules decide follow after that. Going
live sees every account, whoever causes it. Ids are those after `succession`.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers import assigning
from geocrm.db import elevated, scoped_sql
from geocrm.territories import history, queries, rule_queries
from geocrm.territories.models import Activation, Plan


def hand_over(
    session: Session, plan: Plan, activation: Activation, progress: Callable[[float], None]
) -> int:
    """Give accounts the territory of their ground, noted as caused by the activation; how many."""
    progress(0.05)
    with elevated(session):
        _find_moving(session, plan.id)
    progress(0.1)
    session.execute(text(_NAME), {"activation": str(activation.id)})
    moved = _move(session, plan.id)
    session.execute(text(_NAME), {"activation": ""})
    progress(0.95)
    return moved


def take_back(session: Session, previous: Plan | None, activation: Activation) -> None:
    """First everybody by their unit in the earlier plan, then exactly as noted."""
    session.execute(text(_TABLE_NOTED))
    with elevated(session):
        scoped_sql(session, _NOTED, {"activation": activation.id})
        _find_moving(session, previous.id if previous else 0)
    _move(session, previous.id if previous else 0)
    assigning.hand_over(session, "SELECT account_id, before AS territory_id, qk FROM noted")


def _find_moving(session: Session, plan_id: int) -> None:
    session.execute(text(_TABLE))
    if session.scalar(text(_ON_MADE_UNITS), {"plan": plan_id}):
        scoped_sql(session, f"{_NEW_GROUND} {_BY_HOME}", {"plan": plan_id})
    else:
        scoped_sql(session, f"{_BOTH_GROUNDS} {_BY_UNIT}", {"plan": plan_id})
        scoped_sql(session, f"{_BOTH_GROUNDS} {_STRAY}", {"plan": plan_id})
    session.execute(text("ANALYZE moving"))


def _move(session: Session, plan_id: int) -> int:
    session.execute(text(_NO_LONGER_LIVE), {"plan": plan_id})
    session.execute(text(_NOW_LIVE), {"plan": plan_id})
    moved = assigning.hand_over(session, "SELECT account_id, after AS territory_id, qk FROM moving")
    return moved + _follow_rules(session)


def _follow_rules(session: Session) -> int:
    """Let accounts that rules decide, or decided, have what the rules find in the plan."""
    with elevated(session):
        moved = sum(effect.accounts for effect in rule_queries.effects(session))
    assigning.reconsider(session, rule_queries.astray(session), rule_queries.live(session))
    return moved


_TABLE: Final = """
    DROP TABLE IF EXISTS moving;
    CREATE TEMP TABLE moving (account_id bigint, before int, after int, qk bigint) ON COMMIT DROP
"""
# What lies in a unit follows the nearest unit above that a plan names.
_DOWN: Final = """
    {name}_steps(unit, territory_id, depth) AS (
        SELECT unit, territory_id, 0 FROM {units}
        UNION ALL
        SELECT b.code, up.territory_id, up.depth + 1
        FROM {name}_steps up JOIN boundaries b ON b.parent = up.unit
    ), {name} AS MATERIALIZED (
        SELECT DISTINCT ON (unit) unit, territory_id FROM {name}_steps ORDER BY unit, depth
    )
"""
_NEW: Final = _DOWN.format(
    name="new_ground",
    units="(SELECT unit, territory_id FROM territory_units WHERE plan_id = :plan) n",
)
_NEW_GROUND: Final = f"WITH RECURSIVE {_NEW}"
_BOTH_GROUNDS: Final = f"""
    WITH RECURSIVE {_DOWN.format(name="old_ground", units="live_units")}, {_NEW}
"""
_BY_UNIT: Final = """
    INSERT INTO moving
    SELECT s.account_id, s.territory_id, changed.after, s.qk
    FROM (SELECT unit, o.territory_id AS before, n.territory_id AS after
          FROM old_ground o FULL JOIN new_ground n USING (unit)
          WHERE o.territory_id IS DISTINCT FROM n.territory_id) changed
    JOIN account_scope s ON s.unit = changed.unit
    WHERE s.territory_id IS DISTINCT FROM changed.after AND s.rule_id IS NULL AND {scope:s}
"""
_ON_MADE_UNITS: Final = """
    SELECT EXISTS (SELECT FROM made_levels m WHERE m.code IN (
        (SELECT p.level FROM territory_plans p WHERE p.id = :plan),
        (SELECT b.layer FROM live_units l JOIN boundaries b ON b.code = l.unit LIMIT 1)))
"""
# Units of two kinds say nothing of each other, so every account is looked at, strays with them.
_BY_HOME: Final = f"""
    INSERT INTO moving
    SELECT s.account_id, s.territory_id, n.territory_id, s.qk
    FROM account_scope s {queries.LIES} LEFT JOIN new_ground n ON n.unit = {queries.HOME}
    WHERE s.territory_id IS DISTINCT FROM n.territory_id AND s.rule_id IS NULL AND {{scope:s}}
"""
# Whoever wrote them: accounts with a territory that no live unit has, or with none on live ground.
# The territories there are come from the index, one step each.
_STRAY: Final = """
    , carried(id) AS (
        SELECT min(territory_id) FROM account_scope
        UNION ALL
        SELECT (SELECT min(s.territory_id) FROM account_scope s WHERE s.territory_id > carried.id)
        FROM carried WHERE carried.id IS NOT NULL
    ), stray AS (
        SELECT s.account_id, s.territory_id, s.unit, s.qk FROM carried
        JOIN account_scope s ON s.territory_id = carried.id AND {scope:s}
        WHERE carried.id NOT IN (SELECT territory_id FROM live_units) AND s.rule_id IS NULL
        UNION ALL
        SELECT s.account_id, NULL, s.unit, s.qk FROM account_scope s
        WHERE s.territory_id IS NULL AND s.unit IS NOT NULL AND {scope:s}
    )
    INSERT INTO moving
    SELECT stray.account_id, stray.territory_id, n.territory_id, stray.qk
    FROM stray LEFT JOIN new_ground n ON n.unit = stray.unit
    WHERE stray.territory_id IS DISTINCT FROM n.territory_id
      AND NOT EXISTS (SELECT FROM moving m WHERE m.account_id = stray.account_id)
"""
_NO_LONGER_LIVE: Final = """
    DELETE FROM live_units l WHERE NOT EXISTS (
        SELECT FROM territory_units u WHERE u.plan_id = :plan AND u.unit = l.unit)
"""
_NOW_LIVE: Final = """
    INSERT INTO live_units AS l (unit, territory_id)
    SELECT unit, territory_id FROM territory_units WHERE plan_id = :plan
    ON CONFLICT (unit) DO UPDATE SET territory_id = excluded.territory_id
    WHERE l.territory_id <> excluded.territory_id
"""
# The trigger of `assignment_changes` writes it beside each change.
_NAME: Final = "SELECT set_config('geocrm.activation', :activation, true)"
_TABLE_NOTED: Final = """
    DROP TABLE IF EXISTS noted;
    CREATE TEMP TABLE noted (account_id bigint, before int, qk bigint) ON COMMIT DROP
"""
# An account that got yet another territory since, because it moved, is not given back blindly.
_NOTED: Final = f"""
    INSERT INTO noted
    SELECT c.account_id, c.territory_before, s.qk
    FROM {history.CHANGES} c JOIN account_scope s ON s.account_id = c.account_id
    WHERE c.activation_id = :activation
      AND s.territory_id IS NOT DISTINCT FROM c.territory_after AND {{scope:s}}
"""
