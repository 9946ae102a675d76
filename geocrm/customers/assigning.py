"""Which territory an account lies in: the one column that territories decide and customers own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import driver_connection, elevated, scoped_sql


def hold_assignments(session: Session) -> None:
    """Let nobody else write `account_scope` until this transaction ends; reading goes on.

    Whoever writes accounts and then looks up their territory is either done before, or waits and
    looks it up after. To give everybody a territory anew takes as long as it takes, so what ends
    questions of pages that nobody waits for does not end this.
    """
    session.flush()
    with driver_connection(session).cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("LOCK TABLE account_scope IN SHARE ROW EXCLUSIVE MODE")


def assign_from(session: Session, source: str, params: Mapping[str, Any]) -> int:
    """Give accounts the territory a query names; how many got another one.

    `source` is SQL of ours that yields `account_id` and `territory_id`, each account once. Accounts
    the actor does not see are included: an assignment follows the ground, not the person.
    """
    with elevated(session):
        return scoped_sql(session, ASSIGN.format(source=source), params).rowcount


def hand_over(session: Session, source: str) -> int:
    """As `assign_from`, for as many accounts as there are; needs `hold_assignments` before it.

    The statement says what it does, so that history and sums are written once for all of it and not
    by each account (migration 0029), and that no rule is active, where that is so. `source` yields
    `qk`, too: written in the order of the ground, neighbours in the indexes come together, which
    takes three quarters of the time and half the log that the order of the table takes.
    """
    session.execute(text(SAY))
    handed = assign_from(session, f"{source} ORDER BY qk", {})
    session.execute(text(_SAY_NO_MORE))
    return handed


# Other joins would lose the order.
SAY = """
    SELECT set_config('geocrm.hands_over', 'on', true),
           set_config('geocrm.rules', CASE WHEN EXISTS (SELECT FROM territory_rules WHERE active)
                                           THEN '' ELSE 'none' END, true),
           set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
"""
_SAY_NO_MORE = """
    SELECT set_config('geocrm.hands_over', '', true), set_config('geocrm.rules', '', true),
           set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)
"""
ASSIGN = """
    UPDATE account_scope s SET territory_id = n.territory_id
    FROM ({source}) n
    WHERE s.account_id = n.account_id AND s.territory_id IS DISTINCT FROM n.territory_id
      AND {{scope:s}}
"""


def reconsider(session: Session, source: str, params: Mapping[str, Any]) -> int:
    """Let the rules look at accounts again; how many rows were looked at.

    `source` is SQL of ours that yields `account_id`. What a row gets is the trigger's to say, as
    whenever a territory is written.
    """
    with elevated(session):
        return scoped_sql(session, _RECONSIDER.format(source=source), params).rowcount


_RECONSIDER = """
    UPDATE account_scope s SET territory_id = s.territory_id
    WHERE s.account_id IN ({source}) AND {{scope:s}}
"""
