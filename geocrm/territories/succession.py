"""A plan made from the live one takes its place territory by territory.

Accounts, saved filters and tiles name a territory by its id. So that going live need not touch
accounts whose ground stays, the row of the new plan's territory and the row of the one it was made
from (`Territory.lineage`) change places: the new one gets the id that is known everywhere.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.territories.models import Plan, Territory, TerritoryMember, TerritoryUnit


def take_over(session: Session, plan: Plan, previous: Plan | None) -> None:
    """Give the territories of the plan the ids of those they were made from, and they theirs."""
    if previous is not None:
        _change_places(session, _HEIRS, plan, previous)
    session.execute(text(_OWN_LINEAGE), {"plan": plan.id})


def give_back(session: Session, plan: Plan, previous: Plan | None) -> None:
    """Undo `take_over`."""
    if previous is not None:
        _change_places(session, _HEIRS_BACK, plan, previous)


def _change_places(session: Session, pairs: str, plan: Plan, previous: Plan) -> None:
    session.flush()
    values = {"plan": plan.id, "previous": previous.id}
    for statement in (_DEFER, _FORGET, _PAIRS.format(pairs=pairs), *_SWAP):
        session.execute(text(statement), values)
    for known in list(session):
        if isinstance(known, (Territory, TerritoryMember, TerritoryUnit)):
            session.expire(known)


_HEIRS: Final = """
    SELECT heir.id AS a, held.id AS b, held.id AS lineage FROM territories heir
    JOIN territories held ON held.id = heir.lineage AND held.plan_id = :previous
    WHERE heir.plan_id = :plan
"""
_HEIRS_BACK: Final = """
    SELECT heir.id AS a, held.id AS b, heir.id AS lineage FROM territories heir
    JOIN territories held ON heir.id = held.lineage AND held.plan_id = :previous
    WHERE heir.plan_id = :plan
"""
_OWN_LINEAGE: Final = """
    UPDATE territories SET lineage = id WHERE plan_id = :plan AND lineage IS DISTINCT FROM id
"""
_DEFER: Final = """
    SET CONSTRAINTS territory_units_plan_id_territory_id_fkey,
        territories_plan_id_parent_id_fkey DEFERRED
"""
_FORGET: Final = "DROP TABLE IF EXISTS changing_places"
_PAIRS: Final = """
    CREATE TEMP TABLE changing_places ON COMMIT DROP AS
    SELECT a AS id, b AS other, lineage FROM ({pairs}) p
    UNION ALL SELECT b, a, lineage FROM ({pairs}) p
"""
# Numbers and lineages are unique in a plan, so they step aside first.
_SWAP: Final = (
    """
    UPDATE territories t SET number = t.number + 1000000, lineage = NULL
    FROM changing_places c WHERE c.id = t.id
    """,
    """
    UPDATE territories t SET plan_id = o.plan_id, number = o.number - 1000000, name = o.name,
        colour = o.colour, parent_id = o.parent_id, lineage = c.lineage
    FROM changing_places c JOIN territories o ON o.id = c.other WHERE t.id = c.id
    """,
    """
    UPDATE territories t SET parent_id = c.other
    FROM changing_places c WHERE t.parent_id = c.id AND t.plan_id IN (:plan, :previous)
    """,
    """
    UPDATE territory_units u SET territory_id = c.other
    FROM changing_places c WHERE u.territory_id = c.id
    """,
    """
    UPDATE territory_members m SET territory_id = c.other
    FROM changing_places c WHERE m.territory_id = c.id
    """,
    "SET CONSTRAINTS ALL IMMEDIATE",
)
