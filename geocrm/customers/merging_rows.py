"""Moving the rows that hang on an account to another one, and back; whichever tables there are.

What refers to accounts is read from the database's own catalogue, so that no table of any room can
be forgotten, also one that comes later. A row that its new account has already (both are in one
audience, both have one number) stays behind and goes with its account; its image is kept.

The caller has found both accounts visible and reads everything (`geocrm.db.elevated`): a row of an
account goes with it, whoever wrote it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.customers.record_models import AccountMergeRow
from geocrm.db import scoped_sql

# One row an account: settled field by field, or made from both.
SINGLE: Final = ("accounts", "account_scope", "addresses")


class Reference(NamedTuple):
    """A column that refers to accounts: its table's key, and what must be unique beside it."""

    table: str
    column: str
    key: list[str]
    # Of each unique index with the column: the other columns or expressions, its predicate, and
    # whether two NULLs are the same.
    uniques: list[dict[str, Any]]


def references(session: Session) -> list[Reference]:
    """Every column that refers to accounts, by table."""
    rows = session.execute(text(_REFERENCES), {"of": "accounts"})
    return [Reference._make(row) for row in rows]


def move(session: Session, merge_id: int, reference: Reference, loser: int, winner: int) -> None:
    """Give the loser's rows of a table to the winner, and note each with its key."""
    table, column = reference.table, reference.column
    values = {"merge": merge_id, "loser": loser, "winner": winner, "table": table, "column": column}
    clash = clash_sql(reference)
    _run(session, _KEEP_CLASHING.format(
        table=table, column=column, clash=clash, image=image_sql(session, table, "t"),
        key=_key_sql(reference, "t"),
    ), values)  # fmt: skip
    _run(session, _MOVE.format(
        table=table, column=column, clash=clash, key=_key_sql(reference, "t"),
    ), values)  # fmt: skip


def moved(session: Session, merge_id: int) -> list[Reference]:
    """The columns whose rows a merge has moved."""
    tables = set(
        session.scalars(
            select(AccountMergeRow.table_name)
            .where(AccountMergeRow.merge_id == merge_id, AccountMergeRow.kind == "moved")
            .distinct()
        )
    )
    return [each for each in references(session) if each.table in tables]


def move_back(session: Session, merge_id: int, reference: Reference, loser: int) -> int:
    """Give the loser its rows back where nobody changed them; how many stayed."""
    key = " AND ".join(f"t.{column} = k.{column}" for column in reference.key)
    values = {"merge": merge_id, "loser": loser, "table": reference.table}
    values |= {"column": reference.column}
    words = {"table": reference.table, "column": reference.column, "key": key}
    _run(session, _MOVE_BACK.format(**words), values)
    return int(_run(session, _STILL_THERE.format(**words), values).scalar_one())


def restore_deleted(session: Session, merge_id: int, table: str) -> None:
    """Put the images of deleted rows back into their table."""
    columns = ", ".join(_columns(session, table))
    picked = ", ".join(f"(i.r).{column}" for column in _columns(session, table))
    _run(session, f"""
        INSERT INTO {table} ({columns})
        SELECT {picked} FROM (
            SELECT jsonb_populate_record(CAST(NULL AS {table}), r.before) AS r
            FROM account_merge_rows r
            WHERE r.merge_id = :merge AND r.table_name = :table AND r.kind = 'deleted') i
    """, {"merge": merge_id, "table": table}, where=" WHERE ")  # fmt: skip


def image(session: Session, table: str, column: str, account_id: int) -> dict[str, Any] | None:
    """The row of an account in a table with one row an account, exactly."""
    found = _run(
        session,
        f"SELECT {image_sql(session, table, 't')} FROM {table} t WHERE t.{column} = :id",
        {"id": account_id},
    ).scalar_one_or_none()
    return None if found is None else dict(found)


def note(
    session: Session,
    merge_id: int,
    table: str,
    kind: str,
    key: dict[str, Any],
    before: dict[str, Any] | None,
    after: dict[str, Any] | None = None,
) -> AccountMergeRow:
    """Write down what the merge does to a row."""
    row = AccountMergeRow(
        merge_id=merge_id, table_name=table, kind=kind, key=key, before=before, after=after
    )
    session.add(row)
    session.flush()
    return row


def held(session: Session, account_id: int) -> list[tuple[Reference, int]]:
    """The columns under which rows hang on an account, and how many: two statements for all."""
    known = references(session)
    counts = " UNION ALL ".join(
        f"SELECT {number} AS number, count(*) AS rows FROM {each.table} t"
        f" WHERE t.{each.column} = :id"
        for number, each in enumerate(known)
    )
    rows = _run(session, counts, {"id": account_id})
    return [(known[row.number], row.rows) for row in rows if row.rows]


def apply(
    session: Session,
    table: str,
    column: str,
    account_id: int,
    values: Mapping[str, Any],
    columns: Sequence[str],
) -> None:
    """Set columns of an account's row to what an image of a row says."""
    if not columns:
        return
    sets = ", ".join(f"{each} = (i.r).{each}" for each in columns)
    _run(
        session,
        f"UPDATE {table} t SET {sets} FROM (SELECT jsonb_populate_record(CAST(NULL AS {table}),"
        f" CAST(:image AS jsonb)) AS r) i WHERE t.{column} = :id",
        {"image": json.dumps(values), "id": account_id},
    )


def delete_account(session: Session, account_id: int) -> None:
    """Delete an account with what still hangs on it."""
    _run(session, "DELETE FROM accounts a WHERE a.id = :id", {"id": account_id})


def point_ids(session: Session, account_id: int) -> set[int]:
    """The earlier points there are of an account."""
    sql = "SELECT p.id FROM address_points p WHERE p.account_id = :id"
    return set(_run(session, sql, {"id": account_id}).scalars())


def delete_points(session: Session, ids: Collection[int]) -> None:
    """Take away earlier points that a merge, or its undo, has made."""
    sql = "DELETE FROM address_points p WHERE p.id = ANY(CAST(:ids AS bigint[]))"
    _run(session, sql, {"ids": list(ids)})


def keep_point(session: Session, of: int, account_id: int) -> None:
    """Make the point of one account an earlier point of another, as far as it may be kept."""
    _run(session, _KEEP_POINT, {"of": of, "id": account_id})


def image_sql(session: Session, table: str, alias: str) -> str:
    """SQL of a row as JSON; shapes as hexadecimal EWKB, as GeoJSON would round them."""
    shapes = session.execute(
        text(
            "SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
            " WHERE a.attrelid = CAST(:table AS regclass) AND t.typname = 'geometry'"
            " AND NOT a.attisdropped"
        ),
        {"table": table},
    ).scalars()
    exact = ", ".join(f"'{name}', CAST({alias}.{name} AS text)" for name in shapes)
    return f"to_jsonb({alias}) || jsonb_build_object({exact})"


def clash_sql(reference: Reference) -> str:
    """SQL: the winner has a row that leaves no room for the loser's row `t`."""
    parts = []
    for unique in reference.uniques:
        picked = "".join(f", {each} AS k{n}" for n, each in enumerate(unique["others"]))
        only = f"WHERE {unique['predicate']}" if unique["predicate"] else ""
        same = "IS NOT DISTINCT FROM" if unique["nulls_same"] else "="
        keyed = "".join(f" AND w.k{n} {same} l.k{n}" for n in range(len(unique["others"])))
        columns = f"{reference.column} AS of{picked}, ctid AS place"
        rows = f"(SELECT {columns} FROM {reference.table} {only})"
        parts.append(
            f"EXISTS (SELECT FROM {rows} l JOIN {rows} w ON w.of = :winner{keyed}"
            f" WHERE l.of = :loser AND l.place = t.ctid)"
        )
    return f"({' OR '.join(parts)})" if parts else "FALSE"


def _key_sql(reference: Reference, alias: str) -> str:
    pairs = ", ".join(f"'{column}', {alias}.{column}" for column in reference.key)
    return f"jsonb_build_object({pairs})"


def _columns(session: Session, table: str) -> Sequence[str]:
    return session.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass)"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
        ),
        {"table": table},
    ).scalars().all()  # fmt: skip


def _run(session: Session, sql: str, values: dict[str, Any], where: str = " AND ") -> Any:
    # The caller has elevated the session, so the predicate is TRUE; without, this would refuse.
    return scoped_sql(session, f"{sql.rstrip()}{where}{{scope:s}}", values)


_REFERENCES: Final = """
    SELECT CAST(CAST(c.conrelid AS regclass) AS text) AS "table", a.attname AS "column",
        ARRAY(SELECT CAST(k.attname AS text)
              FROM pg_index i
              CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY x(attnum, n)
              JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = x.attnum
              WHERE i.indrelid = c.conrelid AND i.indisprimary ORDER BY x.n) AS key,
        coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'others', ARRAY(
                    SELECT pg_get_indexdef(i.indexrelid, CAST(x.n AS int), true)
                    FROM unnest(i.indkey) WITH ORDINALITY x(attnum, n)
                    WHERE x.n <= i.indnkeyatts AND x.attnum <> a.attnum ORDER BY x.n),
                'predicate', pg_get_expr(i.indpred, i.indrelid),
                'nulls_same', i.indnullsnotdistinct))
            FROM pg_index i
            WHERE i.indrelid = c.conrelid AND i.indisunique AND a.attnum = ANY (
                (CAST(i.indkey AS smallint[]))[0:i.indnkeyatts - 1])), '[]') AS uniques
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = CAST(:of AS regclass)
    ORDER BY 1, 2
"""
_KEEP_CLASHING: Final = """
    INSERT INTO account_merge_rows (merge_id, table_name, kind, key, before)
    SELECT :merge, :table, 'deleted', {key}, {image}
    FROM {table} t WHERE t.{column} = :loser AND {clash}
"""
_MOVE: Final = """
    WITH gone AS (
        UPDATE {table} t SET {column} = :winner WHERE t.{column} = :loser AND NOT {clash}
        RETURNING {key} AS key, md5(CAST(t AS text)) AS digest)
    INSERT INTO account_merge_rows (merge_id, table_name, kind, key, before, after)
    SELECT :merge, :table, 'moved', gone.key, jsonb_build_object('column', CAST(:column AS text)),
        jsonb_build_object('md5', gone.digest)
    FROM gone WHERE TRUE
"""
_KEEP_POINT: Final = """
    INSERT INTO address_points (account_id, lon, lat, grade, radius_m, provider, label, address,
                                placed_by, from_at)
    SELECT :id, CASE WHEN d.retain_until IS NULL THEN d.lon END,
        CASE WHEN d.retain_until IS NULL THEN d.lat END, d.grade, d.radius_m, d.provider,
        CASE WHEN d.retain_until IS NULL THEN d.label END,
        coalesce(d.answered_address, address_written(d)), d.placed_by, d.geocoded_at
    FROM addresses d JOIN addresses w ON w.account_id = :id
    WHERE d.account_id = :of AND d.lon IS NOT NULL
      AND (d.lon, d.lat) IS DISTINCT FROM (w.lon, w.lat)
"""
_MINE: Final = """
    account_merge_rows r
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS {table}), r.key) k
    WHERE r.merge_id = :merge AND r.table_name = :table AND r.kind = 'moved'
      AND r.before ->> 'column' = :column AND {key}
"""
_MOVE_BACK: Final = f"""
    UPDATE {{table}} t SET {{column}} = :loser FROM {_MINE}
      AND md5(CAST(t AS text)) = r.after ->> 'md5'
"""
_STILL_THERE: Final = f"""
    SELECT count(*) FROM {{table}} t, {_MINE} AND t.{{column}} <> :loser
"""
