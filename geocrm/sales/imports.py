"""Importing orders: through the engine of customers' imports, with the columns of orders."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers.imports import values
from geocrm.customers.imports.fields import Field, Fields, names
from geocrm.customers.imports.kind import Context, Staged, run_sql
from geocrm.customers.imports.plan import Plan
from geocrm.customers.imports.source import Cell, Row, text_of
from geocrm.customers.scope import account_of_id_sql
from geocrm.sales import service

_EARLIEST = date(1990, 1, 1)
MAX_AMOUNT = 1e13

ORDER_FIELDS: Final = (
    Field(
        "external_id",
        "Order number",
        names("external id", "order id", "order no", "order number", "no order", "nomor order",
              "nomor pesanan", "no pesanan", "invoice", "invoice no", "invoice number", "no faktur",
              "nomor faktur", "faktur", "id", "order", "no invoice", "transaction id"),
    ),
    Field(
        "ordered_on",
        "Date",
        names("date", "order date", "tanggal", "tgl", "tanggal order", "tanggal pesanan",
              "invoice date", "tanggal faktur", "tgl order", "ordered on", "ordered at",
              "transaction date", "tanggal transaksi"),
        required=True,
        words=names("date", "tanggal", "tgl"),
    ),
    Field(
        "amount",
        "Amount",
        names("amount", "total", "value", "jumlah", "nilai", "total amount", "grand total", "net",
              "nominal", "revenue", "omzet", "net amount", "harga total", "total harga", "sales"),
        required=True,
        words=names("amount", "total", "nilai", "nominal"),
    ),
    Field(
        "account",
        "Customer (ID or name)",
        names("account", "customer", "customer id", "account id", "customer code", "kode pelanggan",
              "id pelanggan", "pelanggan", "kode customer", "kode toko", "toko",
              "account external id",
              "customer no", "customer number", "nama pelanggan", "customer name", "nama toko",
              "outlet", "outlet code", "kode outlet", "outlet id", "store id", "account name"),
        required=True,
        words=names("customer", "pelanggan", "account", "outlet"),
    ),
    Field("currency", "Currency", names("currency", "mata uang", "currency code")),
)  # fmt: skip


class OrderKind:
    """Orders: found by their number; without one by account, day and amount."""

    name: Final = "orders"
    fields: Fields = ORDER_FIELDS
    number_fields: Sequence[str] = ("amount",)
    date_fields: Sequence[str] = ("ordered_on",)
    columns: Final = {
        "external_id": "text", "ordered_on": "date", "amount": "numeric", "account_ref": "text",
        "currency": "text",
    }  # fmt: skip
    worked_out: Final = {"account_id": "bigint", "matches": "integer DEFAULT 0"}

    indexes: Sequence[str] = ("(target_id)",)

    def read(self, session: Session, context: Context, rows: Sequence[Row]) -> list[Staged]:
        """The values of the rows."""
        return [_read(row, context.plan) for row in rows]

    def settle(self, session: Session, context: Context) -> None:
        """Find the account of each row and the order it may mean; decide what becomes of it."""
        params = context.params
        run_sql(session, "ANALYZE import_stage", {})
        for statement in (_BY_ID, _BY_NAME, _UNKNOWN, _KNOWN, _EQUAL, _LEADERS):
            run_sql(session, statement, params)
        if context.dry:
            session.execute(text(_SEEN_TABLE))
            run_sql(session, _BY_SEEN, params)
        run_sql(session, _OUTCOMES, params)
        run_sql(session, "ANALYZE import_stage", {})

    def remember(self, session: Session, context: Context) -> None:
        """Keep what the block would have created."""
        run_sql(session, _REMEMBER, context.params)

    def apply(self, session: Session, context: Context) -> None:
        """Write the block and bring revenue and last order of its accounts up to date."""
        params = context.params
        run_sql(session, _FOLD, params)
        sequence = session.execute(
            text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": "orders"}
        ).scalar_one()
        run_sql(session, _NEW_IDS, params | {"sequence": sequence})
        for statement in (_CREATE, _BEFORE, _UPDATE, _VERSIONS):
            run_sql(session, statement, params)
        touched = (
            "SELECT DISTINCT account_id FROM import_stage WHERE outcome IN ('created', 'updated')"
        )
        was = (
            " UNION SELECT (before ->> 'account_id')::bigint FROM import_stage"
            " WHERE before IS NOT NULL"
        )
        service.refresh(session, _today(context), touched + was)

    def finish(self, session: Session, context: Context) -> None:
        """Nothing is left to do."""

    def undo(self, session: Session, import_id: int, targets: Sequence[int]) -> tuple[int, int]:
        """Remove orders the import created and restore those it changed, unless changed since."""
        params = {"import_id": import_id, "targets": list(targets)}
        for statement in (_UNDO_STAGE, _SPARE, _UNDO_REMOVE, _UNDO_RESTORE, _CARRY_VERSIONS, _NOTE):
            run_sql(session, statement, params)
        service.refresh(
            session,
            clock.now().date(),
            "SELECT account_id FROM undo_stage WHERE account_id IS NOT NULL"
            " UNION SELECT (before ->> 'account_id')::bigint FROM undo_stage"
            " WHERE before IS NOT NULL",
        )
        gone, spared = session.execute(
            text("SELECT count(*) FILTER (WHERE NOT spared), count(*) FILTER (WHERE spared)"
                 " FROM undo_stage")
        ).one()  # fmt: skip
        session.execute(text("DROP TABLE undo_stage"))
        return int(gone), int(spared)


def _today(context: Context) -> date:
    return clock.today(context.actor.timezone)


def _read(row: Row, plan: Plan) -> Staged:
    staged = Staged(row, {}, [row.broken] if row.broken else [], [row.note] if row.note else [])
    if row.broken:
        return staged

    def cell(key: str) -> Cell:
        index = plan.mapped[key][0] if key in plan.mapped else -1
        return row.cells[index] if 0 <= index < len(row.cells) else None

    def complain(key: str, what: object) -> None:
        staged.problems.append(f"column {plan.column_names(key)!r}: {what}")

    try:
        staged.values["ordered_on"] = _day(
            values.day(cell("ordered_on"), plan.day_orders["ordered_on"])
        )
    except ValueError as error:
        complain("ordered_on", error)
    try:
        staged.values["amount"] = _amount(values.number(cell("amount"), plan.decimals["amount"]))
    except ValueError as error:
        complain("amount", error)
    reference = values.clean(cell("account"))
    if not reference or len(reference) > values.MAX_TEXT:
        complain(
            "account", "is empty: an order needs a customer" if not reference else "is too long"
        )
    currency = values.clean(cell("currency")).upper()
    if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        complain("currency", f"{currency[:20]!r} is no currency code such as IDR")
    staged.values |= {
        "account_ref": reference[: values.MAX_TEXT] or None,
        "external_id": text_of(cell("external_id"))[:100] or None,
        "currency": currency or None,
    }
    return staged


def _day(found: date | None) -> date:
    if found is None:
        raise ValueError("is empty: an order needs a date")
    if not _EARLIEST <= found <= clock.now().date().replace(year=clock.now().year + 1, day=1):
        raise ValueError(f"{found} is too long ago or too far ahead for an order")
    return found


def _amount(found: float | None) -> float:
    if found is None:
        raise ValueError("is empty: an order needs an amount")
    if abs(found) >= MAX_AMOUNT:
        raise ValueError(f"{found:g} is too large for an order")
    return round(found, 2)


_BY_ID = f"""
    UPDATE import_stage r SET account_id = w.id
    FROM (
        SELECT i.row_no, i.id
        FROM (SELECT row_no, {account_of_id_sql("x.account_ref")} AS id
              FROM import_stage x WHERE problem = '') i
        JOIN account_scope s ON s.account_id = i.id
        WHERE {{scope:s}}
    ) w WHERE w.row_no = r.row_no
"""
_BY_NAME = """
    UPDATE import_stage r SET account_id = w.id, matches = w.matches
    FROM (
        SELECT i.row_no, min(a.id) AS id, count(*) AS matches FROM import_stage i
        JOIN accounts a ON account_name_key(a.name) = account_name_key(i.account_ref)
        JOIN account_scope s ON s.account_id = a.id
        WHERE i.problem = '' AND i.account_id IS NULL AND {scope:s}
        GROUP BY i.row_no
    ) w WHERE w.row_no = r.row_no
"""
_UNKNOWN = """
    UPDATE import_stage SET account_id = NULL, problem = CASE
        WHEN matches > 1 THEN matches || ' customers are called ''' || account_ref
            || ''': give the customer''s ID instead'
        ELSE 'there is no customer with the ID or name ''' || account_ref
            || ''': import the customers first' END
    WHERE problem = '' AND (account_id IS NULL OR matches > 1)
"""
_KNOWN = """
    UPDATE import_stage r SET
        target_id = CASE WHEN w.visible THEN w.id END,
        problem = CASE WHEN w.visible THEN '' ELSE 'the order number ''' || r.external_id
            || ''' is taken by an order you may not change' END
    FROM (
        SELECT i.row_no, o.id, {scope:s} AS visible FROM import_stage i
        JOIN orders o ON o.external_id = i.external_id
        JOIN account_scope s ON s.account_id = o.account_id
        WHERE i.problem = ''
    ) w WHERE w.row_no = r.row_no
"""
# Without a number, an equal order of another import is the same; equal rows of one file are not.
_EQUAL = """
    UPDATE import_stage r SET target_id = w.id
    FROM (
        SELECT i.row_no, o.id
        FROM (SELECT x.*, row_number() OVER (PARTITION BY account_id, ordered_on, amount
                                             ORDER BY row_no) AS nth
              FROM import_stage x WHERE problem = '' AND external_id IS NULL) i
        JOIN (SELECT o.*, row_number() OVER (PARTITION BY o.account_id, o.ordered_on, o.amount
                                             ORDER BY o.id) AS nth
              FROM orders o JOIN account_scope s ON s.account_id = o.account_id
              WHERE o.external_id IS NULL AND o.import_id IS DISTINCT FROM :import_id AND {scope:s}
                AND o.account_id IN (SELECT account_id FROM import_stage)) o
          ON o.account_id = i.account_id AND o.ordered_on = i.ordered_on AND o.amount = i.amount
             AND o.nth = i.nth
    ) w WHERE w.row_no = r.row_no
"""
_LEADERS = """
    UPDATE import_stage r SET leader = w.leader
    FROM (SELECT row_no, min(row_no) OVER (PARTITION BY CASE WHEN external_id IS NULL
              THEN 'r' || row_no ELSE 'x' || external_id END) AS leader
          FROM import_stage WHERE problem = '') w
    WHERE w.row_no = r.row_no
"""
_SEEN_TABLE = """
    CREATE TEMP TABLE IF NOT EXISTS import_seen (row_no integer, external_id text) ON COMMIT DROP;
    CREATE INDEX IF NOT EXISTS import_seen_id ON import_seen (external_id)
"""
_REMEMBER = """
    INSERT INTO import_seen SELECT row_no, external_id FROM import_stage
    WHERE outcome = 'created' AND external_id IS NOT NULL
"""
_BY_SEEN = """
    UPDATE import_stage r SET target_id = -o.row_no
    FROM import_seen o WHERE o.external_id = r.external_id AND r.problem = '' AND r.target_id IS
    NULL
"""
_OUTCOMES = """
    UPDATE import_stage SET
        outcome = CASE WHEN problem <> '' THEN 'failed'
            WHEN target_id IS NULL AND leader = row_no THEN 'created'
            WHEN :update THEN 'updated' ELSE 'skipped' END,
        note = CASE WHEN problem = '' AND leader < row_no THEN concat_ws('; ', nullif(note, ''),
            'the same order as row ' || leader) ELSE note END
"""
# Of rows with one number the last one counts.
_FOLD = """
    UPDATE import_stage r SET ordered_on = w.ordered_on, amount = w.amount, account_id =
    w.account_id,
        currency = coalesce(w.currency, r.currency)
    FROM (SELECT DISTINCT ON (leader) leader, ordered_on, amount, account_id, currency
          FROM import_stage WHERE outcome IN ('created', 'updated') ORDER BY leader, row_no DESC) w
    WHERE w.leader = r.row_no
"""
_NEW_IDS = """
    UPDATE import_stage SET target_id = nextval(CAST(:sequence AS regclass))
    WHERE outcome = 'created'
"""
_CREATE = """
    INSERT INTO orders (id, account_id, external_id, ordered_on, amount, currency, import_id)
    SELECT r.target_id, r.account_id, r.external_id, r.ordered_on, r.amount,
        coalesce(r.currency, :currency), :import_id
    FROM import_stage r JOIN account_scope s ON s.account_id = r.account_id
    WHERE r.outcome = 'created' AND {scope:s}
"""
_BEFORE = """
    UPDATE import_stage r SET before = w.before
    FROM (SELECT o.id, to_jsonb(o) AS before FROM orders o
          JOIN account_scope s ON s.account_id = o.account_id
          WHERE {scope:s} AND o.id IN (SELECT target_id FROM import_stage WHERE outcome =
          'updated')) w
    WHERE w.id = r.target_id AND r.outcome = 'updated' AND r.leader = r.row_no
"""
_UPDATE = """
    UPDATE orders o SET account_id = r.account_id, ordered_on = r.ordered_on, amount = r.amount,
        currency = coalesce(r.currency, o.currency), version = o.version + 1
    FROM import_stage r JOIN account_scope s ON s.account_id = r.account_id
    WHERE o.id = r.target_id AND r.outcome = 'updated' AND r.leader = r.row_no AND {scope:s}
"""
_VERSIONS = """
    UPDATE import_stage r SET version = o.version
    FROM orders o JOIN account_scope s ON s.account_id = o.account_id
    WHERE o.id = r.target_id AND r.outcome IN ('created', 'updated') AND {scope:s}
"""

_UNDO_STAGE = """
    CREATE TEMP TABLE undo_stage ON COMMIT DROP AS
    SELECT t.target_id, bool_or(r.outcome = 'created') AS made, max(r.version) AS version,
        (array_agg(r.before ORDER BY r.row_no) FILTER (WHERE r.before IS NOT NULL))[1] AS before,
        false AS spared, CAST(NULL AS bigint) AS account_id
    FROM unnest(CAST(:targets AS bigint[])) t(target_id)
    JOIN import_rows r ON r.import_id = :import_id AND r.target_id = t.target_id
    WHERE r.outcome IN ('created', 'updated')
    GROUP BY t.target_id
"""
_SPARE = """
    UPDATE undo_stage u SET account_id = o.account_id, spared = o.version IS DISTINCT FROM i.version
    FROM undo_stage i
    LEFT JOIN (SELECT o.id, o.version, o.account_id FROM orders o
               JOIN account_scope s ON s.account_id = o.account_id AND {scope:s}) o
        ON o.id = i.target_id
    WHERE u.target_id = i.target_id
"""
_UNDO_REMOVE = """
    DELETE FROM orders o USING undo_stage u, account_scope s
    WHERE o.id = u.target_id AND s.account_id = o.account_id AND u.made AND NOT u.spared AND
    {scope:s}
"""
_UNDO_RESTORE = """
    UPDATE orders o SET account_id = b.account_id, ordered_on = b.ordered_on, amount = b.amount,
        currency = b.currency, version = o.version + 1
    FROM undo_stage u
    JOIN account_scope s ON s.account_id = u.account_id
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS orders), u.before) b
    WHERE o.id = u.target_id AND NOT u.made AND NOT u.spared AND {scope:s}
"""
# As an earlier import left it, so that this one can be taken back too.
_CARRY_VERSIONS = """
    UPDATE import_rows r SET version = o.version
    FROM undo_stage u
    JOIN orders o ON o.id = u.target_id
    JOIN account_scope s ON s.account_id = o.account_id
    WHERE r.target_id = u.target_id AND r.import_id < :import_id
      AND r.import_id IN (SELECT id FROM imports WHERE kind = 'orders')
      AND r.version = CAST(u.before ->> 'version' AS integer)
      AND NOT u.made AND NOT u.spared AND {scope:s}
"""
_NOTE = """
    UPDATE import_rows r SET outcome = CASE WHEN u.spared THEN 'spared' ELSE 'undone' END
    FROM undo_stage u WHERE r.import_id = :import_id AND r.target_id = u.target_id
      AND r.outcome IN ('created', 'updated')
"""
