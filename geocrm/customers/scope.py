"""Keeping `account_scope` true: units, territories, reach, consent, sales. All set-based.

The functions take the accounts as SQL that yields their ids, so that one account and a block of an
import go the same way. Whoever assigns territories calls down here.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows, elevated, scoped_sql

# A point this near a coast drawn coarsely belongs to the unit it was meant for.
OFF_COAST_M = 10_000
ONE = "SELECT CAST(:account_id AS bigint)"

# The finest units there are of each country: of Indonesia and the United States those of level 2.
FINEST = """
    (b.layer IN (SELECT code FROM boundary_layers WHERE level = 2)
     OR b.layer = 'wld-adm1' AND coalesce(b.country, '') NOT IN
        (SELECT country FROM boundary_layers WHERE level = 2 AND country IS NOT NULL))
"""

# The live territory of a unit: of the unit itself or of the nearest unit it lies in.
TERRITORY_OF_UNIT = """
    (WITH RECURSIVE up(code, parent, depth) AS (
        SELECT b.code, b.parent, 0 FROM boundaries b WHERE b.code = {unit}
        UNION ALL
        SELECT b.code, b.parent, up.depth + 1 FROM up JOIN boundaries b ON b.code = up.parent)
     SELECT l.territory_id FROM up JOIN live_units l ON l.unit = up.code ORDER BY up.depth LIMIT 1)
"""


def territories_sql(units: str) -> str:
    """SQL that gives (unit, territory_id) for those of the units that lie in a live territory.

    `units` is SQL that yields unit codes. One walk up for all of them: asked for one after the
    other, as `TERRITORY_OF_UNIT` does, a few hundred take a hundred times as long.
    """
    return f"""
        SELECT DISTINCT ON (w.unit) w.unit, l.territory_id
        FROM (WITH RECURSIVE up(unit, code, parent, depth) AS (
                SELECT b.code, b.code, b.parent, 0
                FROM boundaries b WHERE b.code IN ({units})
                UNION ALL
                SELECT up.unit, b.code, b.parent, up.depth + 1
                FROM up JOIN boundaries b ON b.code = up.parent)
              SELECT unit, code, depth FROM up) w
        JOIN live_units l ON l.unit = w.code
        ORDER BY w.unit, w.depth
    """


def covering_units_sql(table: str, key: str, condition: str = "TRUE") -> str:
    """SQL that gives (key, unit) for the points `x` of `table`; polygons outside.

    The planner's own join tests every polygon for each point, which is seven times slower. A point
    on a border is in all units that share it, and gets the first code.
    """
    return f"""
        SELECT DISTINCT ON (p.{key}) p.{key}, t.code AS unit
        FROM (SELECT b.code, b.geom FROM boundaries b
              WHERE {FINEST} AND b.geom && (SELECT ST_SetSRID(ST_Extent(x.geom), 4326)
                                            FROM {table} x WHERE {condition})) t
        CROSS JOIN LATERAL (
            SELECT x.{key} FROM {table} x
            WHERE x.geom && t.geom AND ST_Covers(t.geom, x.geom) AND {condition} OFFSET 0) p
        ORDER BY p.{key}, t.code
    """


def nearest_unit_sql(point: str) -> str:
    """SQL for the code of the finest unit nearest to a point just off a coast, or NULL."""
    return f"""
        (SELECT n.code FROM (
            SELECT b.code, b.geom FROM boundaries b WHERE {FINEST}
              AND b.geom && ST_Expand({point}, 0.2)
            ORDER BY b.geom <-> {point} LIMIT 1) n
         WHERE ST_DistanceSphere(ST_ClosestPoint(n.geom, {point}), {point}) <= {OFF_COAST_M})
    """


def refresh_reach(session: Session, accounts: str, params: Mapping[str, Any]) -> None:
    """Set the channels there is an address for, from numbers, mails and postal addresses.

    A landline takes calls only; whether a foreign number is one is not known, so it takes all.
    """
    scoped_sql(
        session,
        f"""
        UPDATE account_scope s SET reach = w.reach
        FROM (
            SELECT i.id,
                (CASE WHEN EXISTS (SELECT FROM emails e WHERE e.account_id = i.id)
                      THEN 1 ELSE 0 END)
              | (CASE WHEN n.mobile THEN 2 | 4 ELSE 0 END)
              | (CASE WHEN n.number THEN 8 ELSE 0 END)
              | (CASE WHEN d.typed <> '' OR d.street IS NOT NULL THEN 16 ELSE 0 END) AS reach
            FROM ({accounts}) i(id)
            LEFT JOIN addresses d ON d.account_id = i.id
            CROSS JOIN LATERAL (
                SELECT count(*) > 0 AS number,
                    bool_or(p.e164 NOT LIKE '+62%' OR p.e164 LIKE '+628%') AS mobile
                FROM phones p WHERE p.account_id = i.id) n
        ) w
        WHERE s.account_id = w.id AND s.reach <> w.reach AND {{scope:s}}
        """,
        params,
    )


def refresh_consent(session: Session, accounts: str, params: Mapping[str, Any]) -> None:
    """Set the channels consented to, from the newest statement about each."""
    scoped_sql(
        session,
        f"""
        UPDATE account_scope s SET consent = w.consent
        FROM (
            SELECT i.id, coalesce(bit_or(CASE WHEN c.granted THEN c.bit ELSE 0 END), 0) AS consent
            FROM ({accounts}) i(id)
            LEFT JOIN LATERAL (
                SELECT DISTINCT ON (c.channel) c.granted, {CHANNEL_BIT} AS bit
                FROM consents c WHERE c.account_id = i.id
                ORDER BY c.channel, c.at DESC, c.id DESC) c ON true
            GROUP BY i.id
        ) w
        WHERE s.account_id = w.id AND s.consent <> w.consent AND {{scope:s}}
        """,
        params,
    )


CHANNEL_BIT = """
    (CASE c.channel WHEN 'email' THEN 1 WHEN 'sms' THEN 2 WHEN 'whatsapp' THEN 4
                    WHEN 'phone' THEN 8 ELSE 16 END)
"""


def account_of_id_sql(external_id: str) -> str:
    """SQL of the account with this ID, else of the one that a merge led the ID to."""
    return (
        f"coalesce((SELECT a.id FROM accounts a WHERE a.external_id = {external_id}),"
        f" (SELECT f.account_id FROM account_former_ids f WHERE f.external_id = {external_id}))"
    )


def is_taken(session: Session, external_id: str, account_id: int | None) -> bool:
    """Whether another account has this ID, also one the actor does not see."""
    with elevated(session):
        found = scoped_sql(
            session,
            "SELECT EXISTS (SELECT FROM accounts a JOIN account_scope s ON s.account_id = a.id"
            " WHERE a.external_id = :external_id AND a.id <> coalesce(:account_id, 0)"
            " AND {scope:s})",
            {"external_id": external_id, "account_id": account_id},
        )
    return bool(found.scalar_one())


def place(session: Session, account_id: int) -> None:
    """Set unit and territory of one account from its point."""
    scoped_sql(
        session,
        f"""
        UPDATE account_scope s SET unit = w.unit,
            territory_id = {TERRITORY_OF_UNIT.format(unit="w.unit")}
        FROM (
            SELECT i.account_id, coalesce(
                (SELECT b.code FROM boundaries b WHERE {FINEST} AND b.geom && i.geom
                   AND ST_Covers(b.geom, i.geom) ORDER BY b.code LIMIT 1),
                {nearest_unit_sql("i.geom")}) AS unit
            FROM account_scope i WHERE i.account_id = :account_id AND {{scope:i}}
        ) w WHERE s.account_id = w.account_id
        """,
        {"account_id": account_id},
    )


def record_sales(
    session: Session, sales: Iterable[tuple[int, float, date | None]], since: date
) -> int:
    """Set revenue and last order from (account, revenue since `since`, day of its last order).

    An account without orders since then keeps the annual revenue somebody entered, or none.
    Returns how many accounts changed.
    """
    session.execute(
        text(
            "CREATE TEMP TABLE IF NOT EXISTS sales_figures"
            " (account_id bigint, revenue double precision, last_day date) ON COMMIT DROP"
        )
    )
    session.execute(text("TRUNCATE sales_figures"))
    copy_rows(session, "sales_figures", ("account_id", "revenue", "last_day"), sales)
    changed = scoped_sql(
        session,
        """
        UPDATE account_scope s SET revenue = w.revenue, last_order = w.last_day
        FROM (
            SELECT f.account_id, f.last_day,
                CASE WHEN f.last_day >= :since THEN f.revenue
                     ELSE coalesce(a.annual_revenue, 0) END AS revenue
            FROM sales_figures f JOIN accounts a ON a.id = f.account_id
        ) w
        WHERE s.account_id = w.account_id AND {scope:s}
          AND (s.revenue, s.last_order) IS DISTINCT FROM (w.revenue, w.last_day)
        """,
        {"since": since},
    )
    return int(changed.rowcount)
