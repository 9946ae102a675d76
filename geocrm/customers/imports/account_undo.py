"""Taking an import of accounts back, sparing what people did since."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers import scope
from geocrm.customers.answers import COLUMNS
from geocrm.customers.imports.kind import run_sql

_PARTS = ("street", "house_number", "village", "district", "city", "region", "postcode")
_STAGE: Final = """
    CREATE TEMP TABLE undo_stage ON COMMIT DROP AS
    SELECT t.target_id, bool_or(r.outcome = 'created') AS made, max(r.version) AS version,
        (array_agg(r.before ORDER BY r.row_no) FILTER (WHERE r.before IS NOT NULL))[1] AS before,
        false AS spared
    FROM unnest(CAST(:targets AS bigint[])) t(target_id)
    JOIN import_rows r ON r.import_id = :import_id AND r.target_id = t.target_id
    WHERE r.outcome IN ('created', 'updated')
    GROUP BY t.target_id
"""
_LOCK: Final = """
    SELECT a.id FROM accounts a JOIN account_scope s ON s.account_id = a.id
    WHERE {scope:s} AND a.id IN (SELECT target_id FROM undo_stage) ORDER BY a.id FOR UPDATE
"""
# Edited, worked with, or no longer there or visible to whoever undoes.
_SPARE: Final = """
    UPDATE undo_stage u SET spared = true
    FROM undo_stage i
    LEFT JOIN account_scope s ON s.account_id = i.target_id AND {scope:s}
    LEFT JOIN accounts a ON a.id = s.account_id
    WHERE u.target_id = i.target_id AND (
        a.version IS DISTINCT FROM i.version
        OR i.made AND (
            s.last_order IS NOT NULL OR s.last_visit IS NOT NULL
            OR EXISTS (SELECT FROM activities x WHERE x.account_id = i.target_id)
            OR EXISTS (SELECT FROM consents c WHERE c.account_id = i.target_id
                       AND c.source !~ '^(undo of )?import [0-9]+$')))
"""
# Tables of other rooms that speak of accounts: who is in use there stays.
_USERS_OF_ACCOUNTS: Final = """
    SELECT c.conrelid::regclass::text, quote_ident(f.attname)
    FROM pg_constraint c
    JOIN pg_attribute f ON f.attrelid = c.conrelid AND f.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = to_regclass(:name)
      AND c.conrelid::regclass::text <> ALL(CAST(:own AS text[]))
    ORDER BY 1
"""
_OWN: Final = [
    "account_scope",
    "addresses",
    "contacts",
    "phones",
    "emails",
    "consents",
    "activities",
    "address_points",
]
# Images that imports made before these were kept lack the columns that cannot be empty.
_ANSWER: Final = {name: f"b.{name}" for name in (*COLUMNS, "geocoded_at", "reviewed_by",
                                                 "reviewed_at")} | {
    "ambiguous": "coalesce(b.ambiguous, false)",
    "candidates": "coalesce(b.candidates, '[]')", "notes": "coalesce(b.notes, '[]')",
}  # fmt: skip

_REMOVE: Final = """
    DELETE FROM accounts a USING undo_stage u, account_scope s
    WHERE a.id = u.target_id AND s.account_id = a.id AND u.made AND NOT u.spared AND {scope:s}
"""
_RESTORE: Final = """
    UPDATE accounts a SET
        name = b.name, segment = b.segment, annual_revenue = b.annual_revenue,
        currency = b.currency, website = b.website, tags = b.tags,
        visits_per_year = b.visits_per_year, version = a.version + 1, updated_at = now()
    FROM undo_stage u
    JOIN account_scope s ON s.account_id = u.target_id
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS accounts), u.before -> 'account') b
    WHERE a.id = u.target_id AND NOT u.made AND NOT u.spared AND {scope:s}
"""
# As an earlier import left it, so that this one can be taken back too.
_CARRY_VERSIONS: Final = """
    UPDATE import_rows r SET version = a.version
    FROM undo_stage u
    JOIN account_scope s ON s.account_id = u.target_id
    JOIN accounts a ON a.id = u.target_id
    WHERE r.target_id = u.target_id AND r.import_id < :import_id
      AND r.import_id IN (SELECT id FROM imports WHERE kind = 'accounts')
      AND r.version = CAST(u.before -> 'account' ->> 'version' AS integer)
      AND NOT u.made AND NOT u.spared AND {scope:s}
"""
_RESTORE_ADDRESS: Final = f"""
    UPDATE addresses d SET
        typed = b.typed, {", ".join(f"{part} = b.{part}" for part in _PARTS)}, country = b.country,
        {", ".join(f"{name} = {value}" for name, value in _ANSWER.items())}
    FROM undo_stage u
    JOIN account_scope s ON s.account_id = u.target_id
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS addresses), u.before -> 'address') b
    WHERE d.account_id = u.target_id AND NOT u.made AND NOT u.spared AND {{scope:s}}
"""
# The trigger takes a point written anew for the answer to the address as it is written.
_RESTORE_ANSWERED: Final = """
    UPDATE addresses d SET answered = b.answered, answered_address = b.answered_address
    FROM undo_stage u
    JOIN account_scope s ON s.account_id = u.target_id
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS addresses), u.before -> 'address') b
    WHERE d.account_id = u.target_id AND NOT u.made AND NOT u.spared AND {scope:s}
      AND u.before -> 'address' ? 'answered' AND d.provider IS DISTINCT FROM 'pin'
      AND (d.answered, d.answered_address) IS DISTINCT FROM (b.answered, b.answered_address)
"""
# Orders may have come since: revenue is only put back where it is still the entered one.
_RESTORE_SCOPE: Final = """
    UPDATE account_scope s SET
        owner_id = b.owner_id, unit = b.unit, grade = b.grade, radius_m = b.radius_m,
        segment = b.segment,
        revenue = CASE WHEN s.last_order IS NULL THEN b.revenue ELSE s.revenue END,
        territory_id = CASE WHEN s.unit IS DISTINCT FROM b.unit THEN b.territory_id
                            ELSE s.territory_id END,
        geom = CASE WHEN b.lon IS NOT NULL THEN ST_SetSRID(ST_MakePoint(b.lon, b.lat), 4326) END
    FROM undo_stage u
    CROSS JOIN LATERAL jsonb_to_record(u.before -> 'scope') b(
        owner_id integer, unit text, grade text, radius_m double precision, segment text,
        revenue double precision, territory_id integer, lon double precision, lat double precision)
    WHERE s.account_id = u.target_id AND NOT u.made AND NOT u.spared AND {scope:s}
"""
_REMOVE_ADDED: Final = """
    DELETE FROM {table} x USING undo_stage u, account_scope s
    WHERE x.account_id = u.target_id AND s.account_id = u.target_id AND x.import_id = :import_id
      AND NOT u.spared AND {{scope:s}}
"""
# The log is never changed: what counted before is stated again.
_RESTATE: Final = """
    INSERT INTO consents (account_id, channel, granted, source)
    SELECT c.account_id, c.channel, coalesce(p.granted, false), 'undo of import ' || :import_id
    FROM undo_stage u
    JOIN account_scope s ON s.account_id = u.target_id
    JOIN consents c ON c.account_id = u.target_id AND c.source = 'import ' || :import_id
    LEFT JOIN LATERAL (
        SELECT e.granted FROM consents e
        WHERE e.account_id = c.account_id AND e.channel = c.channel AND e.id < c.id
        ORDER BY e.at DESC, e.id DESC LIMIT 1) p ON true
    WHERE NOT u.spared AND NOT u.made AND {scope:s}
      AND NOT EXISTS (SELECT FROM consents l WHERE l.account_id = c.account_id
                      AND l.channel = c.channel AND l.id > c.id)
"""
_KEPT: Final = "SELECT target_id FROM undo_stage WHERE NOT made AND NOT spared"
_NOTE: Final = """
    UPDATE import_rows r SET outcome = CASE WHEN u.spared THEN 'spared' ELSE 'undone' END
    FROM undo_stage u WHERE r.import_id = :import_id AND r.target_id = u.target_id
      AND r.outcome IN ('created', 'updated')
"""


def undo(session: Session, import_id: int, targets: Sequence[int]) -> tuple[int, int]:
    """Take the import back from these accounts: how many, and how many were spared."""
    params = {"import_id": import_id, "targets": list(targets)}
    run_sql(session, _STAGE, params)
    run_sql(session, _LOCK, params)
    run_sql(session, _SPARE, params)
    _spare_those_in_use(session)
    run_sql(session, _REMOVE, params)
    for table in ("phones", "emails", "contacts"):
        run_sql(session, _REMOVE_ADDED.format(table=table), params)
    for statement in (
        _RESTORE, _CARRY_VERSIONS, _RESTORE_ADDRESS, _RESTORE_ANSWERED, _RESTORE_SCOPE, _RESTATE,
    ):  # fmt: skip
        run_sql(session, statement, params)
    scope.refresh_reach(session, _KEPT, params)
    scope.refresh_consent(session, _KEPT, params)
    run_sql(session, _NOTE, params)
    gone, spared = session.execute(
        text("SELECT count(*) FILTER (WHERE NOT spared), count(*) FILTER (WHERE spared)"
             " FROM undo_stage")
    ).one()  # fmt: skip
    session.execute(text("DROP TABLE undo_stage"))
    return int(gone), int(spared)


def _spare_those_in_use(session: Session) -> None:
    """Spare new accounts that orders, visits, audiences or anything above customers speak of."""
    rows = session.execute(text(_USERS_OF_ACCOUNTS), {"name": "accounts", "own": _OWN}).all()
    for table, column in rows:
        run_sql(
            session,
            f"UPDATE undo_stage u SET spared = true FROM account_scope s"
            f" WHERE s.account_id = u.target_id AND {{scope:s}} AND u.made AND NOT u.spared"
            f" AND EXISTS (SELECT FROM {table} x WHERE x.{column} = u.target_id)",
            {},
        )
