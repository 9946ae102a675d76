"""Contacts that both of two accounts have: of one name, with a number or e-mail address in common.

A merge makes one of the two. It keeps what either had: numbers and addresses of both, and both
titles where they differ. Images are kept as for every other row of a merge.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers import merging_rows
from geocrm.customers.record_models import AccountMergeRow
from geocrm.db import scoped_sql

_REACHED_BY: Final = {
    "phones": "account_id, contact_id, e164, typed, import_id",
    "emails": "account_id, contact_id, address, import_id",
}
# Table, its key, and the column that says whose row it is; in the order of restoring them.
_GOES_WITH_A_CONTACT: Final = (
    ("contacts", "id", "id"),
    *((table, "id", "contact_id") for table in _REACHED_BY),
    ("primary_contacts", "account_id", "contact_id"),
)


class Pair(NamedTuple):
    """A contact of the account that goes, and the same one of the account that stays."""

    goes: int
    stays: int
    name: str


def alike(session: Session, winner: int, loser: int) -> list[Pair]:
    """Who is a contact of both; the caller has found both accounts visible."""
    rows = scoped_sql(session, _ALIKE, {"winner": winner, "loser": loser})
    return [Pair._make(row) for row in rows]


def join(session: Session, merge_id: int, winner: int, loser: int) -> None:
    """Make one contact of each pair, before the rows of the loser move.

    Whoever is the primary contact of the account that stays remains it.
    """
    scoped_sql(session, _KEEP_PRIMARY, {"merge": merge_id, "winner": winner})
    for pair in alike(session, winner, loser):
        values = {"merge": merge_id, "winner": winner, **pair._asdict()}
        for table, key, column in _GOES_WITH_A_CONTACT:
            image = merging_rows.image_sql(session, table, "t")
            sql = _KEEP.format(table=table, key=key, column=column, image=image)
            scoped_sql(session, sql, values)
        for table, columns in _REACHED_BY.items():
            taken = columns.replace("account_id, contact_id", ":winner, :stays")
            scoped_sql(session, _TAKE.format(table=table, columns=columns, taken=taken), values)
        scoped_sql(session, _BOTH_TITLES, values)
        scoped_sql(session, "DELETE FROM contacts c WHERE c.id = :goes AND {scope:c}", values)


def part(session: Session, rows: Sequence[AccountMergeRow]) -> int:
    """Take from the contacts that stayed what they got by a merge; how many titles were changed.

    What somebody changed since stays.
    """
    for row in rows:
        if row.kind == "made" and row.table_name in _REACHED_BY:
            values = {"id": row.key["id"], "md5": (row.after or {})["md5"]}
            scoped_sql(session, _UNMAKE.format(table=row.table_name), values)
        elif row.kind == "made" and row.table_name == "primary_contacts":
            scoped_sql(session, _UNMAKE_PRIMARY, row.key)
    titles = [row for row in rows if row.kind == "changed" and row.table_name == "contacts"]
    return sum(not _restore_title(session, row) for row in titles)


def _restore_title(session: Session, row: AccountMergeRow) -> bool:
    before, after = (image or {} for image in (row.before, row.after))
    values = {"id": row.key["id"], "before": before["title"], "after": after["title"]}
    return scoped_sql(session, _RESTORE_TITLE, values).first() is not None


_ALIKE: Final = """
    SELECT DISTINCT ON (l.id) l.id AS goes, w.id AS stays, w.name
    FROM contacts l JOIN contacts w ON folded(w.name) = folded(l.name)
    WHERE l.account_id = :loser AND w.account_id = :winner AND {scope:w} AND (
        EXISTS (SELECT FROM phones p JOIN phones q USING (e164)
                WHERE p.contact_id = l.id AND q.contact_id = w.id)
        OR EXISTS (SELECT FROM emails p JOIN emails q USING (address)
                   WHERE p.contact_id = l.id AND q.contact_id = w.id))
    ORDER BY l.id, w.id
"""
_KEEP: Final = """
    INSERT INTO account_merge_rows (merge_id, table_name, kind, key, before)
    SELECT :merge, '{table}', 'deleted', jsonb_build_object('{key}', t.{key}), {image}
    FROM {table} t WHERE t.{column} = :goes AND {{scope:t}}
"""
# The first contact was it by itself, and might not be the first among those of both.
_KEEP_PRIMARY: Final = """
    WITH made AS (
        INSERT INTO primary_contacts (account_id, contact_id)
        SELECT c.account_id, min(c.id) FROM contacts c
        WHERE c.account_id = :winner AND {scope:c} GROUP BY 1
        ON CONFLICT (account_id) DO NOTHING RETURNING account_id, contact_id)
    INSERT INTO account_merge_rows (merge_id, table_name, kind, key)
    SELECT :merge, 'primary_contacts', 'made', to_jsonb(made) FROM made
"""
_UNMAKE_PRIMARY: Final = """
    DELETE FROM primary_contacts k
    WHERE k.account_id = :account_id AND k.contact_id = :contact_id AND {scope:k}
"""
_TAKE: Final = """
    WITH made AS (
        INSERT INTO {table} ({columns}) SELECT {taken} FROM {table} t
        WHERE t.contact_id = :goes AND {{scope:t}}
        ON CONFLICT DO NOTHING
        RETURNING id, md5(CAST({table} AS text)) AS digest)
    INSERT INTO account_merge_rows (merge_id, table_name, kind, key, after)
    SELECT :merge, '{table}', 'made', jsonb_build_object('id', made.id),
        jsonb_build_object('md5', made.digest)
    FROM made
"""
_BOTH_TITLES: Final = """
    WITH was AS (
        SELECT w.id, w.title, concat_ws(', ', nullif(w.title, ''), l.title) AS both_titles
        FROM contacts w, contacts l
        WHERE w.id = :stays AND l.id = :goes AND l.title <> '' AND {scope:w}
          AND lower(l.title) IS DISTINCT FROM lower(w.title)),
    became AS (
        UPDATE contacts c SET title = was.both_titles FROM was WHERE c.id = was.id
        RETURNING c.id, was.title AS before, c.title AS after)
    INSERT INTO account_merge_rows (merge_id, table_name, kind, key, before, after)
    SELECT :merge, 'contacts', 'changed', jsonb_build_object('id', became.id),
        jsonb_build_object('title', became.before), jsonb_build_object('title', became.after)
    FROM became
"""
_UNMAKE: Final = """
    DELETE FROM {table} t WHERE t.id = :id AND md5(CAST(t AS text)) = :md5 AND {{scope:t}}
"""
_RESTORE_TITLE: Final = """
    UPDATE contacts c SET title = :before WHERE c.id = :id AND c.title = :after AND {scope:c}
    RETURNING c.id
"""
