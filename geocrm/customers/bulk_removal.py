"""Deleting very many accounts with all that hangs on them, and bringing them back as they were.

The image of an account holds every row that goes with it, of whatever room (`cascades`), under the
name of its table. Brought back, each row has its old id, so that what refers to it fits again and
the log of consent stays whole. A point that its provider lets nobody keep is not in the image: the
address waits to be looked up.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers import bulk_stage
from geocrm.customers.answers import NO_POINT
from geocrm.customers.cascades import Link, Table, tables
from geocrm.customers.scope import territories_sql
from geocrm.db import scoped_sql


def forecast(session: Session, condition: str, params: Mapping[str, Any]) -> int:
    """How many accounts a condition on `account_scope s` would delete."""
    counted = scoped_sql(
        session, f"SELECT count(*) FROM account_scope s WHERE {{scope:s}} AND {condition}", params
    )
    return int(counted.scalar_one())


def remove(session: Session) -> None:
    """Delete the accounts of `bulk_stage`, keeping their images there."""
    bulk_stage.hold(session)
    found = tables(session)
    scoped_sql(session, _image_sql(found, _in_use(session, found)))
    scoped_sql(session, _WITHOUT_POINT, {"no_point": json.dumps(NO_POINT)})
    scoped_sql(session, _REMOVE)


def bring_back(session: Session) -> None:
    """Bring the accounts of `bulk_stage` back from their images."""
    session.flush()
    scoped_sql(session, _JUDGE_BACK)
    kept = set(session.scalars(text(_KEPT)))
    for table in tables(session):
        if table.name in kept:
            scoped_sql(session, _restore_sql(table))
    scoped_sql(session, _PLACE)
    scoped_sql(session, _ANSWERED)


def _in_use(session: Session, found: list[Table]) -> set[str]:
    """The tables that have rows of the staged accounts: most have none, and each asked costs."""
    answers = ", ".join(
        f"EXISTS (SELECT FROM {table.rows}"
        f" WHERE {table.account} IN (SELECT account_id FROM bulk_stage))"
        for table in found
    )
    row = scoped_sql(
        session,
        f"SELECT {answers} FROM (SELECT count(*) FROM account_scope s WHERE {{scope:s}}"
        " AND s.account_id IN (SELECT account_id FROM bulk_stage)) held",
    ).one()
    return {table.name for table, used in zip(found, row, strict=True) if used}


def _image_sql(found: list[Table], used: set[str]) -> str:
    images = ", ".join(
        f"'{table.name}', (SELECT coalesce(jsonb_agg({_row(table)}), '[]') FROM {table.rows}"
        f" WHERE {table.account} = s.account_id)"
        if table.name in used
        else f"'{table.name}', CAST('[]' AS jsonb)"
        for table in found
    )
    return f"""
        UPDATE bulk_stage g SET outcome = 'changed', reason = NULL, before = w.before
        FROM (SELECT s.account_id, jsonb_build_object({images}) AS before
              FROM account_scope s
              WHERE {{scope:s}} AND s.account_id IN (SELECT account_id FROM bulk_stage)) w
        WHERE w.account_id = g.account_id
    """


def _row(table: Table) -> str:
    """A row as JSON. Shapes go in as text at once: as JSON each would look up its projection."""
    if not table.shapes:
        return "to_jsonb(x)"
    values = ", ".join(
        f"CAST(x.{name} AS text) AS {name}" if name in table.shapes else f"x.{name}"
        for name in table.columns
    )
    return f"(SELECT to_jsonb(w) FROM (SELECT {values}) w)"


def _restore_sql(table: Table) -> str:
    """Rows of the images; what they refer to may be gone meanwhile, then they do without."""
    emptied = {link.column: link for link in table.outside if link.on_delete == "n"}
    needed = [link for link in table.outside if link.on_delete != "n"]
    values = ", ".join(
        f"CASE WHEN {_there(emptied[name])} THEN x.{name} END" if name in emptied else f"x.{name}"
        for name in table.columns
    )
    conditions = "".join(f" AND (x.{link.column} IS NULL OR {_there(link)})" for link in needed)
    return f"""
        INSERT INTO {table.name} ({", ".join(table.columns)}) OVERRIDING SYSTEM VALUE
        SELECT {values}
        FROM bulk_stage g
        {_IMAGE_SCOPE}
        CROSS JOIN LATERAL jsonb_populate_recordset(
            CAST(NULL AS {table.name}), g.before -> '{table.name}') x
        WHERE g.outcome = 'undone' AND {{scope:s}}{conditions}
        ON CONFLICT DO NOTHING
    """


def _there(link: Link) -> str:
    return f"EXISTS (SELECT FROM {link.parent} p WHERE p.{link.parent_column} = x.{link.column})"


# Who may see the account is told by the image: nobody sees it while it is not there.
_IMAGE_SCOPE: Final = """CROSS JOIN LATERAL jsonb_to_record(g.before -> 'account_scope' -> 0)
            s(owner_id integer, territory_id integer)"""
_KEPT: Final = """
    SELECT DISTINCT kept.name
    FROM bulk_stage g CROSS JOIN LATERAL jsonb_each(g.before) kept(name, records)
    WHERE g.outcome = 'undone' AND kept.records <> '[]'
"""
_WITHOUT_POINT: Final = """
    UPDATE bulk_stage g SET before = g.before
        || jsonb_build_object('addresses', jsonb_build_array(
               (g.before -> 'addresses' -> 0) || CAST(:no_point AS jsonb)))
        || jsonb_build_object('account_scope', jsonb_build_array((g.before -> 'account_scope' -> 0)
               || '{"geom": null, "qk": null, "grade": "none", "radius_m": null}'))
    FROM account_scope s
    WHERE s.account_id = g.account_id AND {scope:s} AND g.outcome = 'changed'
      AND g.before -> 'addresses' -> 0 ->> 'retain_until' IS NOT NULL
"""
_REMOVE: Final = """
    DELETE FROM accounts a USING bulk_stage g, account_scope s
    WHERE a.id = g.account_id AND s.account_id = a.id AND g.outcome = 'changed' AND {scope:s}
"""
_JUDGE_BACK: Final = f"""
    UPDATE bulk_stage u SET outcome = CASE WHEN j.reason IS NULL THEN 'undone' ELSE 'spared' END,
        reason = j.reason
    FROM (SELECT g.account_id, CASE
              WHEN EXISTS (SELECT FROM accounts a WHERE a.id = g.account_id) THEN 'there_again'
              WHEN EXISTS (SELECT FROM accounts a WHERE a.external_id
                           = g.before -> 'accounts' -> 0 ->> 'external_id') THEN 'id_in_use'
              END AS reason
          FROM bulk_stage g {_IMAGE_SCOPE}
          WHERE {{scope:s}}) j
    WHERE j.account_id = u.account_id
"""
# Territories may have gone live since.
_PLACE: Final = f"""
    UPDATE account_scope s SET territory_id = w.territory_id
    FROM bulk_stage g, ({
    territories_sql(
        "SELECT before -> 'account_scope' -> 0 ->> 'unit' FROM bulk_stage WHERE outcome = 'undone'"
    )
}) w
    WHERE s.account_id = g.account_id AND g.outcome = 'undone' AND w.unit = s.unit
      AND s.territory_id IS DISTINCT FROM w.territory_id AND {{scope:s}}
"""
# The trigger takes a point written anew for the answer to the address as it is written.
_ANSWERED: Final = """
    UPDATE addresses d SET answered = b.answered, answered_address = b.answered_address
    FROM bulk_stage g
    JOIN account_scope s ON s.account_id = g.account_id
    CROSS JOIN LATERAL jsonb_populate_record(
        CAST(NULL AS addresses), g.before -> 'addresses' -> 0) b
    WHERE d.account_id = g.account_id AND g.outcome = 'undone' AND {scope:s}
      AND d.provider IS DISTINCT FROM 'pin'
      AND (d.answered, d.answered_address) IS DISTINCT FROM (b.answered, b.answered_address)
"""
